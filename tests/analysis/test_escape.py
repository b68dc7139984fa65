"""Steps of escape from saddles: exact laws met by simulation, and what never leaves."""

import functools
from math import erf, log, sqrt

import numpy as np
import optax
import pytest

from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import escape_steps, exit_of

RATE, EDGE, STEPS, STARTS = 0.1, 2.0, 80, 4000
KOLMOGOROV = 1.95 / sqrt(STARTS)  # a larger gap comes by chance once in a thousand; the seed is fixed
MOMENTUM = functools.partial(optimizers.sgd_momentum, momentum=0.7)


def leave(optimizer, problem=None, **options):
    options = {"edge": EDGE, "num_steps": STEPS, "num_starts": STARTS, "grid": {"learning_rate": [RATE]}} | options
    return escape_steps(problem or problems.saddle(), optimizer, **options).squeeze()


@pytest.fixture(scope="module")
def spread():
    """Starts at four distances, by two methods."""
    return leave({"sgd": optimizers.sgd, "momentum": MOMENTUM}, spreads=[1e-5, 1e-4, 1e-3, 1e-2])


def test_the_steps_follow_the_error_function(spread):
    """w2 = 1.2^t w2(0) with w2(0) ~ N(0, s^2), so P(|w2| <= d after t) = erf(d / (1.2^t s sqrt 2)): it never shrinks.

    With momentum 0.7 the growth is A 1.4^t + (1 - A) 0.5^t, with the roots of z^2 - 1.9 z + 0.7, and 1.2 in the first
    step: A = 0.7 / 0.9.
    """
    growth = {
        "sgd": 1.2 ** np.arange(STEPS + 1.0),
        "momentum": (7 * 1.4 ** np.arange(STEPS + 1.0) + 2 * 0.5 ** np.arange(STEPS + 1.0)) / 9,
    }
    for name, factors in growth.items():
        for s in spread.spread.values:
            law = np.array([erf(EDGE / (factor * s * sqrt(2))) for factor in factors])
            here = spread.sel(optimizer=name, spread=s)
            never = np.where(here.escape_step < 0, STEPS + 1, here.escape_step)
            staying = (never[:, None] > np.arange(STEPS + 1)).mean(axis=0)
            assert np.abs(staying - law).max() < KOLMOGOROV
            np.testing.assert_allclose(here.law, law, atol=1e-12)
            np.testing.assert_allclose(here.staying, staying, atol=1e-12)
            assert float(here.gap) == pytest.approx(np.abs(staying - law).max())


def test_each_decade_nearer_costs_the_same_number_of_steps(spread):
    """The median of |N(0, s^2)| is 0.67 s: log(10) / log(1.2) = 12.6 steps a decade, by momentum log(10) / log(1.4)."""
    medians = spread.quartiles.sel(quartile=0.5)
    for name, factor in {"sgd": 1.2, "momentum": 1.4}.items():
        slope = np.polyfit(np.log10(spread.spread), medians.sel(optimizer=name), 1)[0]
        assert slope == pytest.approx(-log(10) / log(factor), abs=0.25)  # steps are whole: medians err by 1/2
    assert (abs(medians - spread.law_median) <= 1).all()


def test_a_step_is_the_first_one_beyond_the_edge(spread):
    """From w2(0), 1.2^t w2(0) is beyond d from the step log(d / |w2(0)|) / log(1.2) on, rounded up."""
    starts = 1e-2 * np.random.default_rng(0).normal(size=(STARTS, 2))
    exact = np.log(EDGE / np.abs(starts[:, 1])) / log(1.2)
    clear = np.abs(exact - exact.round()) > 1e-4  # of the rounding of float32, over up to 80 steps
    assert clear.sum() > 0.99 * STARTS
    steps = spread.escape_step.sel(optimizer="sgd", spread=1e-2).values
    np.testing.assert_array_equal(steps[clear], np.where(exact <= STEPS, np.ceil(exact), -1)[clear])


def test_from_the_saddle_itself_only_noise_leaves():
    """Noise of variance c makes w2 normal with variance a^2 c (1.2^(2t) - 1) / (1.2^2 - 1)."""
    result = leave(optimizers.sgd, spreads=[0.0, 1e-8, 1e-7, 1e-6], noises=[0.0, 1e-6]).sel(spread=0.0)
    still, shaken = result.sel(noise=0.0), result.sel(noise=1e-6)
    assert (still.escape_step == -1).all()
    assert (still.law == 1).all()
    assert np.isinf(still.quartiles).all()
    assert np.isinf(still.law_median)
    deviation = RATE * 1e-3 * np.sqrt((1.44 ** np.arange(STEPS + 1.0) - 1) / 0.44)
    with np.errstate(divide="ignore"):
        law = [erf(x) for x in EDGE / (deviation * sqrt(2))]
    np.testing.assert_allclose(shaken.law, law, atol=1e-12)
    # who has left, at a distance of 20,000 steps of noise, does not come back: the law is that of T within rounding
    assert np.abs(shaken.staying - law).max() < KOLMOGOROV


def test_outside_the_range_of_the_law_there_is_none_but_steps_are_measured():
    """Without a step nobody moves; with a momentum of 1, w2 grows by the larger root of z^2 - 2.2 z + 1."""
    found = leave(optimizers.sgd_momentum, grid={"learning_rate": [0.0, RATE], "momentum": [0.7, 1.0]}, num_starts=100)
    assert np.isfinite(found.gap.values).tolist() == [[False, False], [True, False]]
    assert (found.escape_step.values[0] == -1).all()
    assert (found.escape_step.values[1] > 0).all()


@pytest.mark.parametrize("name", [pytest.param("nesterov", marks=pytest.mark.long), "saddle_free_newton"])
def test_other_laws(name):
    """Nesterov's roots; saddle-free Newton multiplies by 1 + a |h| / (|h| + damping), whatever the curvature."""
    result = leave(getattr(optimizers, name), spreads=[1e-2], num_starts=STARTS)
    assert float(result.gap) < KOLMOGOROV
    if name == "saddle_free_newton":
        rate = 1 + 0.1 * 2 / 2.001
        expected = [erf(EDGE / (rate**t * 1e-2 * sqrt(2))) for t in range(STEPS + 1)]
        np.testing.assert_allclose(result.law, expected, atol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize(
    ("problem", "rate"),
    [(problems.double_well(), 0.1), (problems.himmelblau(), 0.003), (problems.six_hump_camel(), 0.03)],
    ids=lambda thing: getattr(thing, "name", None),
)
def test_surfaces_are_linear_close_to_their_saddles(problem, rate):
    for saddle in range(len(problem.saddles)):
        way = exit_of(problem, saddle)
        result = leave(
            {"sgd": optimizers.sgd, "momentum": MOMENTUM}, problem, saddle=saddle, grid={"learning_rate": [rate]},
            edge=way.edge / 10, spreads=[way.edge / 1000], num_steps=300,
        )  # fmt: skip
        assert (result.gap < KOLMOGOROV).all(), saddle


@pytest.mark.long
def test_no_law_is_made_up():
    """A schedule does not repeat its step, and what is built cannot be looked into."""
    scheduled = functools.partial(optimizers.sgd, learning_rate=optax.constant_schedule(RATE))
    result = leave({"built": optimizers.sgd(RATE), "scheduled": scheduled}, grid=None, spreads=[1e-2], num_starts=50)
    assert np.isnan(result.law).all()
    assert np.isnan(result.gap).all()
    assert np.isnan(result.law_median).all()
    np.testing.assert_array_equal(*result.escape_step)


def test_the_way_out_of_himmelblaus_first_saddle():
    """The published point, with the Hessian by hand."""
    problem = problems.himmelblau()
    way = exit_of(problem)
    x, y = way.saddle
    hessian = np.array([[12 * x**2 + 4 * y - 42, 4 * (x + y)], [4 * (x + y), 12 * y**2 + 4 * x - 26]])
    np.testing.assert_allclose(hessian @ way.direction, way.eigenvalue * way.direction, atol=1e-10)
    assert way.eigenvalue < 0
    assert way.edge == 0.5  # a twentieth of 10


@pytest.mark.parametrize(
    ("problem", "options", "message"),
    [
        (problems.rosenbrock(), {}, r"problem: rosenbrock lists no saddle; take problems\.saddle"),
        (lambda x: x @ x, {}, "lists no saddle"),
        (problems.monkey_saddle(), {}, r"no direction of negative curvature, .* problems\.saddle"),
        (problems.saddle(), {"saddle": 1}, "saddle: got 1; saddle lists 1, counted from 0"),
        (problems.saddle(), {"edge": 0.0}, r"edge: got 0\.0; give a positive distance"),
        (problems.saddle(), {"spreads": [-1.0]}, "spreads: got .* at least 0"),
        (problems.saddle(), {"noises": [1.0, 1.0]}, "noises: got .* each number once"),
        (problems.saddle(), {"noises": [0.0, 1.0], "store": "x.zarr"}, "store: each noise is a sweep of its own"),
        (problems.saddle(), {"num_starts": 0}, "num_starts: got 0"),
    ],
)
def test_what_cannot_be_left_is_said(problem, options, message):
    with pytest.raises(ValueError, match=message):
        escape_steps(problem, optimizers.sgd, {"learning_rate": [RATE]}, **options)
