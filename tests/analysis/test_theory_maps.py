"""Cascades of one-dimensional maps, against published thresholds and the maps themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import problems
from jaxopt_lab.analysis import theory

pytestmark = pytest.mark.usefixtures("x64")

WELL = problems.double_well(dim=1)


def logistic(w, r):
    return r * w * (1 - w)


def descent(x, a):
    """The step of gradient descent on the double well."""
    return x - a * (x**3 - x)


@pytest.mark.parametrize(
    ("function", "guess", "period", "exact"),
    [
        (logistic, (0.44, 3.4), 2, 3.449489742783178),  # 1 + sqrt 6
        (logistic, (0.3745, 3.53), 4, 3.544090359551923),  # OEIS A086181
        (descent, (0.95, 0.95), 1, 1.0),
        (descent, (0.74, 1.2), 2, 1.2360679774997898),  # sqrt 5 - 1
    ],
)
def test_periods_double_where_published(function, guess, period, exact):
    x, at = theory.period_doubling(function, guess[0], guess[1], period)
    assert at == pytest.approx(exact, abs=1e-9)
    points = [jnp.float64(x)]
    for _ in range(period - 1):
        points.append(function(points[-1], at))
    assert float(function(points[-1], at)) == pytest.approx(x, abs=1e-9)
    multiplier = theory.cycle_multiplier(lambda x: function(x, at), jnp.stack(points))
    assert float(multiplier) == pytest.approx(-1, abs=1e-7)


@pytest.mark.parametrize(
    ("guess", "message"),
    [((0.66, 3.0, 3), "settles on a cycle of 1"), ((1e9, 1e9, 1), "does not settle"), ((0.6, 3.0, 0), "period: got 0")],
)
def test_doublings_that_are_none_are_refused(guess, message):
    with pytest.raises(ValueError, match=message):
        theory.period_doubling(logistic, *guess)


def test_the_double_wells_cycle_is_one():
    """x y = 1/a, x^2 + y^2 = 1 + 1/a; its multiplier 9 - 2 (1 + a)^2 is 1 at step 1 and -1 at sqrt 5 - 1."""
    point = jnp.array([0.7])
    np.testing.assert_allclose(point - 1.3 * jax.grad(WELL.loss)(point, None), descent(point, 1.3), rtol=1e-14)
    for a in (1.05, 1.1, 1.2):
        x, y = theory.double_well_cycle(a)
        np.testing.assert_allclose([descent(x, a), descent(y, a)], [y, x], rtol=1e-14)
        multiplier = theory.cycle_multiplier(lambda x, a=a: descent(x, a), jnp.array([x, y]))
        assert float(multiplier) == pytest.approx(9 - 2 * (1 + a) ** 2, abs=1e-12)
    assert theory.double_well_cycle(0.7).tolist() == [1.0]
    for outside in (0.0, 1.3):
        with pytest.raises(ValueError, match=f"learning_rate: got {outside:g}"):
            theory.double_well_cycle(outside)


def test_the_wells_merge_where_the_farthest_point_is_thrown_to_the_ridge():
    """The map turns back at sqrt((1 + a)/(3a)); the second image of that point is 0 at a = 3 sqrt 3/2 - 1."""
    a = theory.double_well_thresholds()["wells merge"]
    turning = jnp.sqrt((1 + a) / (3 * a))
    assert float(jax.grad(descent)(turning, a)) == pytest.approx(0, abs=1e-14)
    assert float(descent(descent(turning, a), a)) == pytest.approx(0, abs=1e-14)


def test_the_cubic_is_the_logistic_map_one_less():
    """The doublings' distances to where chaos begins shrink by Feigenbaum's constant 4.6692, roughly already here."""
    cubic, logistic = theory.cubic_thresholds(), theory.logistic_thresholds()
    assert cubic == pytest.approx({name: r - 1 for name, r in logistic.items()})
    left = [logistic["chaos begins"] - r for r in (3.449489742783178, 3.544090359551923, 3.564407266095)]
    assert left[0] / left[1] == pytest.approx(4.669, abs=0.02)
    assert left[1] / left[2] == pytest.approx(4.669, abs=0.01)
