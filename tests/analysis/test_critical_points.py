"""Critical points of surfaces where all of them are known, and counts that topology demands."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab import problems
from jaxopt_lab.analysis import critical_points

KINDS = ("minimum", "saddle", "maximum", "degenerate")
# By hand, or in the surveys that tests/problems names; the last number is what they add up to by (-1)^index.
CENSUS: dict[str, tuple[Any, tuple[int, int, int, int], int]] = {
    "himmelblau": (problems.himmelblau(), (4, 4, 1, 0), 1),
    "six_hump_camel": (problems.six_hump_camel(), (6, 7, 2, 0), 1),
    "styblinski_tang in 3": (problems.styblinski_tang(dim=3), (8, 18, 1, 0), 1),
    "saddle": (problems.saddle(), (0, 1, 0, 0), -1),
    "styblinski_tang in 4": (problems.styblinski_tang(dim=4), (16, 64, 1, 0), 1),
    "double_well in 3": (problems.double_well(dim=3), (2, 1, 0, 0), 1),
    "goldstein_price": (problems.goldstein_price(), (4, 4, 1, 0), 1),
    "beale": (problems.beale(), (1, 2, 0, 0), -1),
    "branin": (problems.branin(), (3, 2, 0, 0), 1),
    "rosenbrock": (problems.rosenbrock(), (1, 0, 0, 0), 1),
    # 21 zeros of the derivative along each side, every other one a minimum
    "rastrigin": (problems.rastrigin(), (121, 220, 100, 0), 1),
}
QUICK = {"himmelblau"}
SAME = 1e-8  # Newton's method ends within rounding (1e-16) times the condition of the Hessian (up to 1e5)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in CENSUS]
)
def test_every_known_point_is_found_and_no_other(name):
    problem, counts, total = CENSUS[name]
    found = critical_points(problem)
    assert tuple(int((found.kind == kind).sum()) for kind in KINDS) == counts
    assert found.signed_count == found.degree == total
    for kind, known in {"minimum": problem.minima, "saddle": problem.saddles}.items():
        if known is not None and len(known) == (found.kind == kind).sum():
            places = found.params.values[found.kind.values == kind]
            distances = np.linalg.norm(places[:, None] - np.asarray(known), axis=-1)
            assert distances.min(axis=0).max(initial=0) < SAME
    assert (np.diff(found.loss) >= 0).all()
    assert (np.diff(found.eigenvalues, axis=1) >= 0).all()
    np.testing.assert_array_equal((found.eigenvalues < 0).sum("mode"), found["index"])
    assert (found.reached_by > 0).all()
    assert found.reached_by.sum() <= found.starts


def test_the_hill_of_himmelblaus_function():
    """Published: a maximum of 181.617 at (-0.270845, -0.923039); its Hessian there by hand."""
    hill = critical_points(CENSUS["himmelblau"][0]).isel(point=-1)
    x, y = hill.params.values
    assert (x, y) == (pytest.approx(-0.270845, abs=1e-6), pytest.approx(-0.923039, abs=1e-6))
    assert float(hill.loss) == pytest.approx(181.61652152, abs=1e-7)
    hessian = [[12 * x**2 + 4 * y - 42, 4 * (x + y)], [4 * (x + y), 12 * y**2 + 4 * x - 26]]
    np.testing.assert_allclose(hill.eigenvalues, np.linalg.eigvalsh(hessian), rtol=1e-12)


@pytest.fixture(scope="module")
def everywhere():
    """All nine points of Himmelblau's function."""
    return critical_points(problems.himmelblau(), [(-6, 6)] * 2, starts=512)


@settings(max_examples=15)
@given(st.tuples(*[st.floats(-4.9, 4.9)] * 2), st.tuples(*[st.floats(0.5, 6.0)] * 2))
def test_in_any_window_the_points_are_those_inside_and_add_up(everywhere, corner, size):
    """One compiled program for all windows. Poincaré and Hopf: the border alone says what the signs add up to."""
    window = [(low, low + side) for low, side in zip(corner, size, strict=True)]
    found = critical_points(problems.himmelblau(), window, starts=512)
    low, high = np.transpose(window)
    margin = np.minimum(everywhere.params - low, high - everywhere.params).min("param")
    if np.abs(margin).min() < 1e-4:
        return  # one lies on the border, where it may count or not
    np.testing.assert_allclose(found.params, everywhere.params[margin.values > 0], atol=SAME)
    assert found.signed_count == found.degree


def monkey_in_a_corner(x: jax.Array) -> jax.Array:
    a, b = x[0] - 0.3, x[1] + 0.2
    return a**3 - 3 * a * b**2


def test_a_degenerate_point_is_told_apart():
    """At the monkey saddle the Hessian is 0 and the gradient turns twice backwards around it."""
    found = critical_points(monkey_in_a_corner, [(-1, 1), (-1, 1)], starts=256)
    assert found.kind.values.tolist() == ["degenerate"]
    # Newton's method halves the distance at each step there, until it is 1e-6 of the window
    np.testing.assert_allclose(found.params[0], [0.3, -0.2], atol=1e-5)
    assert (found.signed_count, found.degree) == (0, -2)


def test_in_one_dimension_the_ends_say_it():
    well = problems.double_well(dim=1)
    assert critical_points(well, [(0.5, 1.5)], starts=16).kind.values.tolist() == ["minimum"]
    hill = critical_points(well, [(-0.5, 0.5)], starts=16)
    assert (hill.kind.item(), hill.signed_count, hill.degree) == ("maximum", -1, -1)
    slope = critical_points(well, [(0.2, 0.8)], starts=16)
    assert (slope.sizes["point"], slope.signed_count, slope.degree) == (0, 0, 0)


def test_another_saddle_compiles_nothing(count_compilations):
    first = problems.saddle((1.0, -2.0, 3.0))
    critical_points(first, starts=64)
    with count_compilations() as compiled:
        found = critical_points(problems.saddle((-1.0, 5.0, -4.0)), [(-1, 2)] * 3, starts=64)
    assert compiled.count == 0
    assert (found["index"].item(), found.eigenvalues.values.tolist()) == (2, [[-4.0, -1.0, 5.0]])


@pytest.mark.parametrize(
    ("problem", "window", "message"),
    [
        (problems.ackley(), None, r"problem: ackley is not smooth, .* such as problems\.rastrigin"),
        (problems.noisy_quadratic(), None, r"noisy_quadratic fails at parameters of shape \(2,\): key: got None"),
        (jnp.sum, None, "window: .* has no domain of its own; give"),
        (problems.himmelblau(), [(1, 0), (0, 1)], r"window: got \[\(1, 0\), .* low below high"),
        (problems.himmelblau(), [(0, 1)] * 3, r"window: got a start point of shape \(3,\), but himmelblau"),
        (problems.himmelblau(), "wide", "window: got 'wide'; give"),
    ],
)
def test_what_cannot_be_searched_is_said(problem, window, message):
    with pytest.raises(ValueError, match=message):
        critical_points(problem, window)
