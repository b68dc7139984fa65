"""Lanes that have ended are left behind, and nothing in the results shows where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, problems, simulate, sweep
from jaxopt_lab.engine import chunks, packing

RATES = np.concatenate([np.linspace(0.05, 0.19, 20), [0.25, 1e-4, 2e-4, 3e-4]])  # converging, diverging, too slow
STARTS = np.random.default_rng(0).uniform(-4, 4, (9, 2)).astype(np.float32)
TOLERANCE, NUM_STEPS = 1e-3, 400


def bowl(**changed):
    arguments = {"starts": STARTS, "num_steps": NUM_STEPS, "tolerance": TOLERANCE} | changed
    return sweep(problems.quadratic((1.0, 10.0)), optimizers.sgd, {"learning_rate": RATES}, **arguments)


def same_bits(one, other):
    return all(one[name].values.tobytes() == other[name].values.tobytes() for name in one.data_vars)


def test_all_three_ends_are_met():
    status = bowl().status.values
    assert {0, 1, 2} == set(status.ravel())


def test_the_steps_of_converging_and_diverging_are_those_of_the_full_run():
    """The path of each lane, recorded in full without a tolerance, is the oracle."""
    result = bowl()
    full = sweep(
        problems.quadratic((1.0, 10.0)), optimizers.sgd, {"learning_rate": RATES},
        starts=STARTS, num_steps=NUM_STEPS, record="path",
    )  # fmt: skip
    loss = full.loss.values
    first = lambda event: np.where(event.any(-1), event.argmax(-1), -1)
    converged, diverged = first(np.abs(loss) <= np.float32(TOLERANCE)), first(~np.isfinite(loss))
    np.testing.assert_array_equal(result.converged_at, converged)
    np.testing.assert_array_equal(result.diverged_at, diverged)
    end = np.where(converged >= 0, converged, np.where(diverged >= 0, diverged, NUM_STEPS))
    at_end = np.take_along_axis(full.params.values, end[..., None, None], axis=2)[:, :, 0]
    # The two are different programs, which may round products and sums differently.
    np.testing.assert_allclose(result.final_params, at_end, rtol=1e-4, atol=1e-5)
    on_the_way = np.isfinite(loss) & (np.arange(NUM_STEPS + 1) <= end[..., None])
    best = np.where(on_the_way, loss, np.inf).min(-1)
    np.testing.assert_allclose(result.best_loss, best, rtol=1e-4)


@pytest.mark.parametrize("size", [10, pytest.param(216, marks=pytest.mark.long)])
def test_the_size_of_the_chunks_changes_no_bit(size):
    assert same_bits(bowl(chunk_size=size), bowl())


@pytest.mark.parametrize(("part", "longer", "many"), [(400, 1, 0.0), (7, 2, 0.5)])
def test_where_the_spans_end_changes_no_bit(part, longer, many, monkeypatch):
    usual = bowl()
    monkeypatch.setattr(packing, "FIRST_SPAN", part)
    monkeypatch.setattr(packing, "LONGER", longer)
    monkeypatch.setattr(packing, "MANY", many)
    assert same_bits(bowl(), usual)


@pytest.mark.parametrize("num_steps", [pytest.param(300, marks=pytest.mark.long), 301])
def test_spans_part_no_steps_of_one_turn(num_steps, monkeypatch):
    """Two steps of one turn round differently from two turns; a span of 15 steps must not cut a turn in two."""

    def run(longer, chunk_size):
        monkeypatch.setattr(packing, "LONGER", longer)
        return sweep(
            problems.rosenbrock(), optimizers.adam, {"learning_rate": [0.003, 0.01, 0.03, 0.1, 0.3]}, starts=STARTS,
            num_steps=num_steps, tolerance=1e-2, tiling="32:2:scalars", chunk_size=chunk_size,
        )  # fmt: skip

    usual = run(4, 45)
    assert {0, 1} <= set(usual.status.values.ravel())
    assert same_bits(run(1, 45), usual)
    assert same_bits(run(4, 10), usual)


def test_how_many_tiles_a_call_runs_changes_no_bit(monkeypatch):
    usual = bowl(tiling="32:2:scalars", chunk_size=216)
    monkeypatch.setattr(chunks, "tiles_at_once", lambda *_: 3)
    assert same_bits(bowl(tiling="32:2:scalars", chunk_size=216), usual)


def test_lanes_that_ended_are_not_run_on(monkeypatch):
    """Of 640 lanes one in ten goes on: 5% of the steps with all, 95% of them with the rest in one small tile."""
    run = []
    run_packed = packing.run_packed

    def counting(programs, *arguments, **options):
        def advance(for_all, tiles, count):
            *_, first, last = for_all
            run.append(64 * count * (last - first))
            return programs.advance(for_all, tiles, count)

        return run_packed(programs._replace(advance=advance), *arguments, **options)

    monkeypatch.setattr(chunks, "run_packed", counting)
    rates = np.linspace(0.78, 0.82, 20)
    rates[9::10] = [1e-6, 2e-6]
    result = sweep(
        problems.quadratic((1.0, 1.5)), optimizers.sgd, {"learning_rate": rates},
        starts=np.random.default_rng(0).uniform(1, 4, (32, 2)), num_steps=2000, tolerance=1e-6,
        tiling="64:1:scalars", chunk_size=640,
    )  # fmt: skip
    assert float((result.status == 1).mean()) == pytest.approx(0.9)
    assert sum(run) == 64 * 1900


def test_without_a_tolerance_all_run_to_the_end():
    full = bowl(tolerance=None)
    assert (full.converged_at == -1).all()
    assert float(full.final_loss.min()) < TOLERANCE / 100


def test_a_random_loss_is_held_at_the_end():
    """Noise would show another loss at the same point at each step; the one that was within the tolerance counts."""
    problem, key = problems.noisy_quadratic((1.0, 2.0), noise=0.5), jax.random.key(0)

    def run(start, record):
        return simulate(problem, optimizers.sgd(0.1), start, 60, key=key, record=record, tolerance=0.05)

    for start in STARTS:
        path, summary = jax.jit(run, static_argnums=1)(start, "path"), jax.jit(run, static_argnums=1)(start, "summary")
        end = int(summary.summary.converged_at)
        assert end == int(path.summary.converged_at) >= 0
        assert abs(float(summary.loss)) <= 0.05
        np.testing.assert_array_equal(np.unique(path.loss[end:]), path.loss[end])
        np.testing.assert_array_equal(path.params[end:], jnp.broadcast_to(path.params[end], path.params[end:].shape))
        assert float(path.summary.best_loss) == float(path.loss[: end + 1].min())


@pytest.mark.parametrize("optimizer", ["adam"])
def test_every_lane_is_a_trajectory_of_its_own(optimizer):
    """Against `simulate` with the same tolerance, lane by lane; the programs differ, so to float32's rounding."""
    factory = getattr(optimizers, optimizer)
    rates = [0.01, 0.1, 0.3]
    result = sweep(
        problems.himmelblau(), factory, {"learning_rate": rates}, starts=STARTS, num_steps=150, tolerance=0.5
    )

    @jax.jit
    def alone(rate, start):
        return simulate(problems.himmelblau(), factory(rate), start, 150, tolerance=0.5, record="summary")

    for i, rate in enumerate(rates):
        for j, start in enumerate(STARTS):
            run = alone(jnp.float32(rate), start)
            assert int(run.summary.converged_at) == int(result.converged_at[i, j])
            np.testing.assert_allclose(result.final_params[i, j], run.params, rtol=1e-3, atol=1e-3)


def test_final_stops_too_and_keeps_no_summary():
    result = bowl(record="final")
    assert set(result.data_vars) == {"final_loss", "final_params"}
    np.testing.assert_array_equal(result.final_params, bowl().final_params)
