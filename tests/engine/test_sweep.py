"""Sweeps: every lane is the trajectory that `simulate` gives, whatever the grid, starts, chunks and seeds."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems, simulate, sweep
from jaxopt_lab.problems import Problem, quadratic

STARTS = np.array([[-1.2, 1.0], [0.5, 0.5], [2.0, -1.0]])
RATES = [1e-4, 1e-3, 3e-3]
# Lanes are vectorised, single trajectories are not: float32 roundings over 25 steps on walls of curvature 1000.
LANES: Any = {"rtol": 1e-4, "atol": 1e-5}


def valley(**changed: Any) -> Any:
    """The sweep that most tests here vary: one compiled program serves many."""
    arguments = {"starts": STARTS, "num_steps": 25, "chunk_size": 8} | changed
    grid = arguments.pop("grid", {"learning_rate": RATES, "momentum": [0.0, 0.8]})
    return sweep(problems.rosenbrock(), arguments.pop("optimizer", optimizers.sgd_momentum), grid, **arguments)


def same_bits(left: Any, right: Any) -> bool:
    """Equal in every bit, signs of zero and NaN included."""
    return all(left[name].values.tobytes() == right[name].values.tobytes() for name in left.data_vars) and set(
        left.data_vars
    ) == set(right.data_vars)


def test_every_lane_is_a_trajectory():
    result = valley(tolerance=4.0)
    run = jax.jit(
        lambda rate, momentum, start: simulate(
            problems.rosenbrock(), optimizers.sgd_momentum(rate, momentum), start, 25, record="summary", tolerance=4.0
        )
    )
    for rate in RATES:
        for momentum in (0.0, 0.8):
            for index, start in enumerate(STARTS):
                lane = result.sel(learning_rate=rate, momentum=momentum, start=index)
                alone = run(np.float32(rate), np.float32(momentum), start.astype(np.float32))
                np.testing.assert_allclose(lane.final_params, alone.params, **LANES)
                np.testing.assert_allclose(lane.final_loss, alone.loss, rtol=1e-3, atol=1e-5)
                for name in ("converged_at", "diverged_at", "best_step"):
                    assert int(lane[name]) == int(getattr(alone.summary, name)), (name, rate, momentum, index)
    assert set(np.unique(result.status)) == {0, 1, 2}  # all three endings are among these lanes


def test_a_path_is_recorded_over_its_steps():
    result = valley(record=10)
    assert result.params.dims == ("learning_rate", "momentum", "start", "step", "param")
    np.testing.assert_array_equal(result.step, [0, 10, 20, 25])
    whole = simulate(problems.rosenbrock(), optimizers.sgd_momentum(1e-3, 0.8), jnp.array([0.5, 0.5]), 25)
    lane = result.sel(learning_rate=1e-3, momentum=0.8, start=1)
    np.testing.assert_allclose(lane.params, whole.params[np.array([0, 10, 20, 25])], **LANES)
    np.testing.assert_allclose(lane.loss, whole.loss[np.array([0, 10, 20, 25])], rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(result.final_params, result.params.isel(step=-1))
    np.testing.assert_array_equal(result.final_loss, result.loss.isel(step=-1))
    np.testing.assert_array_equal(result.initial_loss, result.loss.isel(step=0))
    starts = STARTS.astype(np.float32)
    np.testing.assert_array_equal(result.params.isel(step=0), np.broadcast_to(starts, (3, 2, 3, 2)))


def test_the_same_call_gives_the_same_bits():
    assert same_bits(valley(), valley())


def test_a_diverging_lane_changes_no_other():
    """The sweep with the rates that diverge taken out holds the same bits for the rest."""
    wild = valley(grid={"learning_rate": [1e-4, 0.5, 1e-3, 3.0, 3e-3], "momentum": [0.0, 0.8]}, record=5)
    tame = valley(record=5)
    assert (wild.diverged_at.sel(learning_rate=[0.5, 3.0]) >= 0).all()
    assert same_bits(wild.sel(learning_rate=RATES), tame)


def test_a_start_that_is_not_finite_changes_no_other():
    wild = valley(starts=np.concatenate([STARTS, [[np.nan, 0.0], [np.inf, 1.0]]]))
    assert (wild.diverged_at.isel(start=[3, 4]) == 0).all()
    assert same_bits(wild.isel(start=[0, 1, 2]), valley())


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_size_of_the_chunks_changes_no_bit_on_rosenbrock(size):
    """18 lanes: whole chunks of 1, a last one of 4 in 7 (padded), and all in one chunk, which 64 is more than."""
    small, usual = valley(chunk_size=size), valley()
    assert small.attrs["chunk_size"] == min(size, 18)
    assert same_bits(small, usual)


@pytest.mark.parametrize("tiles", [1, 2, 3])
def test_the_size_of_the_chunks_changes_no_bit_of_arrays_either(tiles):
    """As long as a tile fits in: 40 lanes in tiles of 16, of a problem of more numbers than scalars are made of."""
    run = lambda size: sweep(
        problems.rosenbrock(dim=40), optimizers.adam, {"learning_rate": np.logspace(-3, -1, 10)}, starts=4,
        num_steps=50, tiling="16:1:arrays", chunk_size=size,
    )  # fmt: skip
    assert same_bits(run(16 * tiles), run(40))


def test_lanes_beyond_the_first_chunk_are_their_own():
    """Numbers that float32 holds exactly: each lane ends at its own start times its own factor."""
    rates, starts = np.arange(5) / 8, np.arange(1.0, 8.0)
    result = sweep(
        lambda x: x**2 / 2, optimizers.sgd, {"learning_rate": rates}, starts=starts, num_steps=2, chunk_size=4
    )
    np.testing.assert_array_equal(result.final_params, (1 - rates[:, None]) ** 2 * starts)


def test_several_optimizers_side_by_side():
    several = {"ball": optimizers.sgd_momentum, "optax": functools.partial(optax.sgd, nesterov=True)}
    result = valley(optimizer=several)
    assert result.final_loss.dims == ("optimizer", "learning_rate", "momentum", "start")
    assert list(result.optimizer.values) == ["ball", "optax"]
    assert same_bits(result.sel(optimizer="ball", drop=True), valley())
    alone = valley(optimizer=functools.partial(optax.sgd, nesterov=True))
    assert same_bits(result.sel(optimizer="optax", drop=True), alone)
    assert not same_bits(alone, valley())


def test_an_optimizer_that_is_built_already():
    result = valley(optimizer=optimizers.sgd_momentum(1e-3, 0.8), grid=None)
    assert result.final_loss.dims == ("start",)
    np.testing.assert_allclose(
        result.final_params, valley().final_params.sel(learning_rate=1e-3, momentum=0.8), **LANES
    )


def test_a_partial_of_a_factory_leaves_the_rest_to_the_grid():
    result = valley(optimizer=functools.partial(optimizers.sgd_momentum, momentum=0.8), grid={"learning_rate": RATES})
    np.testing.assert_allclose(result.final_params, valley().final_params.sel(momentum=0.8), **LANES)


def test_problem_and_optimizer_swept_together():
    """Of h/2 x^2 one step at rate a leaves (1 - a h) x; here both are exact in float32."""
    result = sweep(
        lambda x, h: h * x**2 / 2, optimizers.sgd, {"h": [1.0, 2.0, 4.0], "learning_rate": [0.25, 0.5]},
        starts=np.array([1.0, 3.0]), num_steps=1,
    )  # fmt: skip
    expected = (1 - np.array([1.0, 2.0, 4.0])[:, None, None] * np.array([0.25, 0.5])[:, None]) * np.array([1.0, 3.0])
    assert result.final_params.dims == ("h", "learning_rate", "start")
    np.testing.assert_array_equal(result.final_params, expected)


def test_a_factory_of_problems():
    result = sweep(
        problems.rosenbrock, optimizers.sgd, {"b": [1.0, 10.0], "a": [1.0, 2.0], "learning_rate": [1e-3]},
        starts=STARTS, num_steps=5,
    )  # fmt: skip
    assert result.final_loss.dims == ("b", "a", "learning_rate", "start")
    for b in (1.0, 10.0):
        for a in (1.0, 2.0):
            x, y = STARTS.T
            expected = (a - x) ** 2 + b * (y - x**2) ** 2
            np.testing.assert_allclose(result.initial_loss.sel(a=a, b=b).squeeze(), expected, rtol=1e-6)


def test_a_factory_whose_argument_is_required():
    def bowl(height: Any) -> Problem:
        return quadratic((1.0 * height, 2.0 * height))

    result = sweep(bowl, optimizers.sgd(0.25), {"height": [1.0, 2.0]}, starts=np.array([[1.0, 1.0]]), num_steps=1)
    np.testing.assert_array_equal(result.initial_loss, [[1.5], [3.0]])
    np.testing.assert_array_equal(result.final_params, [[[0.75, 0.5]], [[0.5, 0.0]]])


def test_a_partial_of_a_problem_factory():
    factory = functools.partial(problems.rosenbrock, dim=3)
    result = sweep(factory, optimizers.sgd(1e-3), {"b": [0.0, 1.0]}, starts=np.zeros((1, 3)), num_steps=1)
    np.testing.assert_array_equal(result.initial_loss, [[2.0], [2.0]])
    np.testing.assert_array_equal(result.final_params.sizes["param"], 3)


def test_a_name_that_both_take_is_told_apart_by_its_owner():
    def bowl(momentum: Any) -> Problem:
        return quadratic((1.0 * momentum,))

    result = sweep(
        bowl, optimizers.sgd_momentum, {"problem.momentum": [1.0, 2.0], "optimizer.momentum": [0.0, 0.5],
                                        "learning_rate": [0.25]},
        starts=np.array([[1.0]]), num_steps=2,
    )  # fmt: skip
    assert result.final_loss.dims == ("problem.momentum", "optimizer.momentum", "learning_rate", "start")
    # x1 = 1 - h/4, v1 = h/4; x2 = x1 - (b v1 + h x1 / 4)
    expected = [[(1 - h / 4) ** 2 - b * h / 4 for b in (0.0, 0.5)] for h in (1.0, 2.0)]
    np.testing.assert_array_equal(result.final_params.squeeze(), expected)


def test_a_static_grid_compiles_one_program_a_value():
    result = sweep(
        problems.double_well(), functools.partial(optax.sgd, momentum=0.5),
        {"learning_rate": [0.1]}, static_grid={"nesterov": [False, True]}, starts=STARTS, num_steps=5,
    )  # fmt: skip
    assert result.final_loss.dims == ("nesterov", "learning_rate", "start")
    assert result.nesterov.dtype == bool
    for nesterov in (False, True):
        alone = sweep(
            problems.double_well(), functools.partial(optax.sgd, momentum=0.5, nesterov=nesterov),
            {"learning_rate": [0.1]}, starts=STARTS, num_steps=5,
        )  # fmt: skip
        assert same_bits(result.sel(nesterov=nesterov, drop=True), alone)
    assert not np.array_equal(result.final_params[0], result.final_params[1])


@pytest.mark.parametrize("dims", [[2, 3], np.array([2, 3])], ids=["list", "array"])
@pytest.mark.long
def test_a_static_grid_that_changes_the_shape(dims):
    """What fits in no common array is left out and named."""
    result = sweep(
        problems.rosenbrock, optimizers.sgd, {"learning_rate": [1e-3]}, static_grid={"dim": dims}, starts=2, num_steps=3
    )
    assert result.final_loss.dims == ("dim", "learning_rate", "start")
    np.testing.assert_array_equal(result.dim, [2, 3])
    assert "final_params" not in result
    assert result.attrs["omitted"] == "final_params"
    alone = sweep(functools.partial(problems.rosenbrock, dim=3), optimizers.sgd(1e-3), starts=2, num_steps=3)
    np.testing.assert_allclose(result.final_loss.sel(dim=3).squeeze("learning_rate"), alone.final_loss, rtol=1e-5)


@pytest.mark.parametrize("value", [[1, 2], np.array([1, 2])], ids=["list", "array"])
def test_static_values_may_be_lists_as_widths_are(value):
    result = sweep(
        lambda x, widths: len(widths) * x.sum(), optimizers.sgd(0.1), static_grid={"widths": [[1], value]},
        starts=np.ones((1, 2)), num_steps=1,
    )  # fmt: skip
    np.testing.assert_array_equal(result.initial_loss.squeeze(), [2.0, 4.0])


def test_starts_may_be_any_pytree():
    def loss(params: dict[str, Any]) -> jax.Array:
        return ((params["w"] @ jnp.ones(2) + params["b"]) ** 2).sum()

    starts = {"w": np.ones((4, 3, 2)), "b": np.arange(4.0)}
    result = sweep(loss, optimizers.sgd, {"learning_rate": [0.125, 0.25]}, starts=starts, num_steps=1, record="path")
    assert result["final_params.w"].shape == (2, 4, 3, 2)
    assert result["params.w"].dims[:4] == ("learning_rate", "start", "step", "params.w_0")
    assert result["final_params.b"].dims == ("learning_rate", "start")
    b = np.arange(4.0)
    residual = 2 + b
    np.testing.assert_array_equal(result.initial_loss, [3 * residual**2] * 2)
    np.testing.assert_array_equal(result["final_params.b"], [b - 0.125 * 6 * residual, b - 0.25 * 6 * residual])


def test_starts_drawn_are_the_same_at_every_point_of_the_grid_and_in_every_chunk():
    some = valley(starts=5, record="path")
    drawn = some.params.isel(step=0)
    assert drawn.sizes["start"] == 5
    assert (drawn == drawn.isel(learning_rate=0, momentum=0)).all()
    assert len(np.unique(drawn.isel(learning_rate=0, momentum=0, param=0))) == 5
    assert float(np.abs(drawn).max()) <= 2.048  # the domain's corners
    for other in (valley(starts=5, record="path", chunk_size=3), valley(starts=9, record="path").isel(start=range(5))):
        np.testing.assert_array_equal(other.params.isel(step=0), drawn)


def test_another_seed_draws_other_starts():
    first, again, other = (valley(starts=5, seed=seed, record="path") for seed in (0, 0, 1))
    assert same_bits(first, again)
    assert not (first.params.isel(step=0) == other.params.isel(step=0)).any()


def noisy(**changed: Any) -> Any:
    arguments = {"starts": np.ones((3, 2)), "num_steps": 5} | changed
    return sweep(problems.noisy_quadratic, optimizers.sgd, {"learning_rate": [0.05, 0.1], "noise": [1.0]}, **arguments)


def test_seeds_are_a_dimension_of_independent_noise():
    result = noisy(seeds=4)
    assert result.final_loss.dims == ("learning_rate", "noise", "start", "seed")
    np.testing.assert_array_equal(result.seed, [0, 1, 2, 3])
    ends = result.final_params.sel(learning_rate=0.1, noise=1.0)
    assert len(np.unique(ends)) == 3 * 4 * 2  # no two lanes have the same noise, though all start alike


def test_the_noise_is_the_same_at_every_point_of_the_grid():
    """With the curvature's part taken off, one step of two rates shows the same draw."""
    result = noisy(num_steps=1)
    draw = (1 - result.final_params) / result.learning_rate - np.array([1.0, 10.0])
    np.testing.assert_allclose(draw.isel(learning_rate=0), draw.isel(learning_rate=1), atol=1e-4)
    assert np.abs(draw).max() > 0.1


def test_the_first_seed_is_the_one_without_the_dimension():
    assert same_bits(noisy(seeds=3).isel(seed=0), noisy())


def test_the_seed_decides_the_noise():
    first, again, other = noisy(seed=1), noisy(seed=1), noisy(seed=2)
    assert same_bits(first, again)
    assert not (first.final_params == other.final_params).any()


def test_evaluate_and_observe_land_under_their_names():
    problem = Problem(lambda x, key: (x**2).sum(), evaluate=lambda x: {"first": x[0]})
    observe = lambda x, loss, grads: {"slope": grads}
    arguments: Any = {"starts": np.array([[1.0, 2.0]]), "num_steps": 4, "observe": observe}
    path = sweep(problem, optimizers.sgd, {"learning_rate": [0.25]}, record=2, **arguments)
    assert path.first.dims == ("learning_rate", "start", "step")
    assert path.slope.dims == ("learning_rate", "start", "step", "slope_0")
    np.testing.assert_array_equal(path.first.squeeze(), [1.0, 0.25, 0.0625])
    np.testing.assert_array_equal(path.slope.squeeze(), [[2, 4], [0.5, 1], [0.125, 0.25]])
    end = sweep(problem, optimizers.sgd, {"learning_rate": [0.25]}, record="final", **arguments)
    assert set(end.data_vars) == {"final_params", "final_loss", "first", "slope"}
    assert end.first.dims == ("learning_rate", "start")
    np.testing.assert_array_equal(end.slope.squeeze(), [0.125, 0.25])


@pytest.mark.long
def test_a_network_of_minibatches_is_swept_like_any_surface():
    """Random batches by the key, any pytree, hyperparameters of both: the loss of the whole set falls."""
    x, y = np.eye(4, 3), np.array([0.0, 1.0, 1.0, 0.0])

    def network(decay: Any = 0.0) -> Problem:
        def loss(params: Any, key: jax.Array) -> jax.Array:
            batch = jax.random.choice(key, 4, (2,))
            logits = jnp.asarray(x, jnp.float32)[batch] @ params["w"] + params["b"]
            labels = jnp.asarray(y, jnp.float32)[batch]
            return optax.losses.sigmoid_binary_cross_entropy(logits, labels).mean() + decay * (params["w"] ** 2).sum()

        evaluate = lambda p: {
            "all": optax.losses.sigmoid_binary_cross_entropy(x @ p["w"] + p["b"], jnp.asarray(y)).mean()
        }
        init = lambda key: {"w": 0.1 * jax.random.normal(key, (3,)), "b": jnp.zeros(())}
        return Problem(loss, init, evaluate, name="network")

    result = sweep(
        network,
        optimizers.adam,
        {"decay": [0.0, 0.5], "learning_rate": [0.1]},
        starts=2,
        seeds=2,
        num_steps=60,
        record=60,
    )
    assert result["all"].dims == ("decay", "learning_rate", "start", "seed", "step")
    assert (result["all"].sel(decay=0.0, step=60) < 0.6 * result["all"].sel(decay=0.0, step=0)).all()
    assert np.abs(result["final_params.w"].sel(decay=0.5)).max() < np.abs(result["final_params.w"].sel(decay=0.0)).max()


def test_progress_is_shown_on_demand_only(capsys):
    valley()
    assert capsys.readouterr().err == ""
    valley(progress=True)
    assert "18.0/18.0" in capsys.readouterr().err


def test_whole_numbers_stay_whole():
    """So that they may index, as a fold or a layer does."""
    heights = jnp.array([3.0, 5.0, 7.0])
    result = sweep(
        lambda x, place: heights[place] * x.sum(), optimizers.sgd(0.1), {"place": [2, 0]},
        starts=np.ones((1, 1)), num_steps=1,
    )  # fmt: skip
    np.testing.assert_array_equal(result.initial_loss.squeeze(), [7.0, 3.0])
