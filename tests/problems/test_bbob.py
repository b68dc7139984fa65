"""The 24 functions of BBOB against COCO's own values, against finite differences, and under the engine.

`bbob_reference.csv` holds what the reference said: the losses at `grid_points` are those of COCO (coco-experiment
2.8.2), with which IOHexperimenter (ioh 0.4.2) agreed to 1e-12; lowest values and minima (of 40 coordinates the first
five) are IOHexperimenter's, since COCO does not show them.
"""

import csv
import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jaxopt_lab import problems, sweep
from jaxopt_lab.problems.bbob.draws import rotation
from jaxopt_lab.problems.problem import Problem

pytestmark = pytest.mark.usefixtures("x64")

NUMBERS = range(1, 25)
every_function = pytest.mark.parametrize("function", NUMBERS)

# The points of every call: as many as one look at a function needs, so that it is compiled once for a dimension.
LOOK = 16

# Where waves and teeth are finer than the usual step of a difference.
STEPS = {16: 1e-9, 19: 1e-8, 23: 2.0**-39}


class Reference(NamedTuple):
    function: int
    instance: int
    dim: int
    f_opt: float
    x_opt: np.ndarray
    values: np.ndarray


def references() -> list[Reference]:
    def numbers(text: str) -> np.ndarray:
        return np.array(text.split(), float)

    with (Path(__file__).parent / "bbob_reference.csv").open(encoding="utf-8", newline="") as file:
        return [
            Reference(
                int(row["function"]), int(row["instance"]), int(row["dim"]),
                float(row["f_opt"]), numbers(row["x_opt"]), numbers(row["values"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def grid_points(dim: int) -> np.ndarray:
    """Three points of ``[-5.5, 5.5]``, exact in binary; the first lies outside the domain."""
    k, i = np.arange(3)[:, None], np.arange(dim)
    return (31 * k + 17 * i + 7 * k * i) % 89 / 8 - 5.5


# Quick to compile rather than to run: each program sees a handful of points.
quick_jit = functools.partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
)


@quick_jit
def losses(problem: Problem, points: jax.Array) -> jax.Array:
    return jax.vmap(lambda x: problem.loss(x, None))(points)


@quick_jit
def losses_and_slopes(problem: Problem, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jax.vmap(lambda x: jax.value_and_grad(problem.loss)(x, None))(points)


def filled(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points, np.zeros((LOOK - len(points), points.shape[1]))])


def losses_at(problem: Problem, points: np.ndarray) -> np.ndarray:
    return np.asarray(losses(problem, filled(points)))[: len(points)]


def losses_and_slopes_at(problem: Problem, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found, slopes = losses_and_slopes(problem, filled(points))
    return np.asarray(found)[: len(points)], np.asarray(slopes)[: len(points)]


def check(problem: Problem, reference: Reference, found: np.ndarray) -> None:
    """What was found at the grid points and at the minimum is what COCO says."""
    assert problem.minimum == reference.f_opt
    # COCO finds the minima of f9 and f19 by its own rotations, which differ in their last bits.
    np.testing.assert_allclose(problem.minima[0, : len(reference.x_opt)], reference.x_opt, rtol=0, atol=1e-12)
    # Cosines of up to 1e6 (f16, f19) and teeth as fine as 2^-32 (f23) magnify the last bit of a product to 1e-10.
    np.testing.assert_allclose(found[:3], reference.values, rtol=1e-9, atol=0)
    # Schwefel's constants are written to ten digits in the report: they leave 3e-15.
    np.testing.assert_allclose(found[3], problem.minimum, rtol=0, atol=1e-12)


REFERENCES = references()
IN_CI = [(12, 10), (9, 40), (22, 40)]


def test_the_table_holds_all_functions() -> None:
    assert {(r.function, r.instance, r.dim) for r in REFERENCES} == {
        (function, instance, dim)
        for function in NUMBERS
        for instance, dim in [(1, 2), (2, 2), (5, 2), (1, 3), (1, 5), (2, 5), (5, 5), (15, 10), (3, 40)]
    }


@every_function
def test_values_are_those_of_coco_in_two_dimensions(function: int) -> None:
    for reference in REFERENCES:
        if (reference.function, reference.dim) == (function, 2):
            problem = problems.bbob(function, instance=reference.instance)
            check(problem, reference, losses_at(problem, np.concatenate([grid_points(2), problem.minima])))


@every_function
def test_values_are_those_of_coco_and_slopes_those_of_differences_in_five(function: int) -> None:
    step = STEPS.get(function, 1e-6)
    point = np.array([2.0, -1.4, 1.4, 5.4, -2.5])  # no step from it crosses a kink, or the edge of a stair
    beside = point + step * np.concatenate([np.eye(5), -np.eye(5)])
    for reference in REFERENCES:
        if (reference.function, reference.dim) == (function, 5):
            problem = problems.bbob(function, dim=5, instance=reference.instance)
            points = np.concatenate([grid_points(5), problem.minima, [point], beside])
            found, slopes = losses_and_slopes_at(problem, points)
            check(problem, reference, found)
            differences = (found[5:10] - found[10:]) / (2 * step)
            np.testing.assert_allclose(slopes[4], differences, rtol=0, atol=rounding(found[4], step, slopes[4]))
            assert np.isfinite(slopes).all()


@pytest.mark.parametrize(
    ("function", "dim"),
    [
        (function, dim) if (function, dim) in IN_CI else pytest.param(function, dim, marks=pytest.mark.long)
        for dim in (3, 10, 40)
        for function in NUMBERS
    ],
)
def test_values_are_those_of_coco_in_other_dimensions(function: int, dim: int) -> None:
    (reference,) = [r for r in REFERENCES if (r.function, r.dim) == (function, dim)]
    problem = problems.bbob(function, dim=dim, instance=reference.instance)
    check(problem, reference, losses_at(problem, np.concatenate([grid_points(dim), problem.minima])))


def rounding(loss: float, step: float, slope: np.ndarray) -> float:
    """What a central difference may err by: rounding of the loss and of the coordinates, 1e-5 of it by curvature."""
    return 8 * np.spacing(abs(loss)) / step + (1e-5 + 1e-15 / step) * np.abs(slope).max()


@every_function
def test_nothing_breaks_at_kinks_and_minima_are_flat(function: int) -> None:
    problem = problems.bbob(function, dim=5)
    (x_opt,) = problem.minima
    kinks = np.concatenate([np.eye(5) + x_opt, [np.zeros(5), np.full(5, 5.0)], np.diag([5.0] * 5)])
    found, slopes = losses_and_slopes_at(problem, np.concatenate([problem.minima, kinks]))
    assert np.isfinite(found).all()
    assert np.isfinite(slopes).all()
    # The curvatures, up to 1e8, times the rounding of the minimum.
    assert np.abs(slopes[0]).max() < 1e-5


@examples(max_examples=12)
@given(points=arrays(float, (LOOK, 2), elements=st.floats(-1e3, 1e3)))
def test_nothing_is_below_the_lowest_value(points: np.ndarray) -> None:
    for function in NUMBERS:
        problem = problems.bbob(function)
        found = losses_at(problem, points)
        # NaN would fail, too. Rounding of values up to 1000.
        assert (found >= problem.minimum - 1e-12).all(), problem.name


def test_one_program_serves_every_instance(count_compilations: Any) -> None:
    losses_at(problems.bbob(21, instance=1), grid_points(2))
    with count_compilations() as compiled:
        found = [losses_at(problems.bbob(21, instance=instance), grid_points(2)) for instance in (2, 3, 99)]
    assert compiled.count == 0
    assert len(np.unique(found)) == 9


def test_which_functions_are_smooth() -> None:
    assert [function for function in NUMBERS if problems.bbob(function).smooth] == [1, 8, 9, 19]


@pytest.mark.parametrize("dim", [2, 7, 64])
def test_rotations_keep_lengths(dim: int) -> None:
    turn = rotation(dim, 15)
    np.testing.assert_allclose(turn @ turn.T, np.eye(dim), atol=1e-13)


def test_gradient_descent_on_the_sphere_keeps_its_rate() -> None:
    result = sweep(
        problems.bbob, optax.sgd, {"learning_rate": [0.1, 0.25]}, starts=3, num_steps=5, dtype="float64",
        static_grid={"instance": [2]},
    ).isel(instance=0)  # fmt: skip
    shrunk = (result.final_loss - 394.48) / (result.initial_loss - 394.48)
    # The distance is multiplied by 1 - 2 a at each step.
    np.testing.assert_allclose(shrunk, [[0.8**10] * 3, [0.5**10] * 3], rtol=1e-9)


@pytest.mark.parametrize("numbers", [[8], pytest.param([1, 15, 21], marks=pytest.mark.long)])
def test_adam_goes_down_under_the_engine_in_float32(numbers: list[int]) -> None:
    result = sweep(
        problems.bbob, optax.adam, {"learning_rate": [0.03, 0.1]}, starts=4, num_steps=60,
        static_grid={"function": numbers},
    )  # fmt: skip
    assert result.final_loss.shape == (len(numbers), 2, 4)
    for place, function in enumerate(numbers):
        at = result.isel(function=place)
        assert (at.best_loss <= at.initial_loss).all()
        assert at.best_loss.median() < at.initial_loss.median()
        lowest = problems.bbob(function).minimum
        # In float32 the lowest value is known to half a unit in its last place.
        assert (at.best_loss >= lowest - np.spacing(np.float32(abs(lowest)))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"function": 0}, "function: got 0; pass a whole number of at least 1"),
        ({"function": 25}, "function: got 25; BBOB numbers its functions from 1 to 24"),
        ({"function": 1.5}, "function: got 1.5; pass a whole number"),
        ({"function": "sphere"}, "function: got 'sphere'; pass a whole number"),
        ({"dim": 1}, "dim: got 1; pass a whole number of at least 2"),
        ({"instance": 0}, "instance: got 0; pass a whole number of at least 1"),
        ({"instance": None}, "instance: got None; pass a whole number"),
    ],
)
def test_what_bbob_has_not_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        problems.bbob(**arguments)


def test_a_function_that_is_traced_is_told_where_to_go() -> None:
    with pytest.raises(ValueError, match=r"function: got a traced number.*static_grid"):
        jax.jit(lambda function: problems.bbob(function).minimum)(1)
