"""Basins whose borders are known, and settling steps by hand."""

import functools
import inspect
import math
from typing import Any

import numpy as np
import optax
import pytest
import scipy.optimize

from jaxopt_lab import optimizers, problems
from jaxopt_lab.analysis import basins
from jaxopt_lab.cli.catalogue import optimizer_factories

RATE = {"learning_rate": 0.1}


@pytest.fixture(scope="module")
def wells():
    return basins(problems.double_well(), optimizers.sgd, RATE, resolution=64, num_steps=200)


def four_wells(w):
    """Minima at (+-1, +-2), and borders on both axes: the coordinates do not know of each other."""
    return (w[0] ** 2 - 1) ** 2 + (w[1] ** 2 - 4) ** 2 / 4


def test_the_ridge_parts_the_wells(wells):
    """A small step never crosses x = 0: the basins are half planes, and their border is a straight line."""
    expected = np.where(wells.x > 0, 0, 1)
    assert (wells.basin.values == expected).all()
    assert wells.share.sel(outcome=[0, 1, -1, -2]).values.tolist() == [0.5, 0.5, 0, 0]
    assert float(wells.dimension) == pytest.approx(1, abs=1e-9)
    assert wells.listed.values.tolist() == [True, True]


def test_intervals_hold_the_true_shares(wells):
    low, high = wells.interval.sel(outcome=0).values
    # Wilson's for 2,048 of 4,096: half a width of 1.96 * sqrt(0.25 / 4096) = 0.0153
    assert (low, high) == (pytest.approx(0.4847, abs=1e-4), pytest.approx(0.5153, abs=1e-4))


def test_unlisted_minima_are_found():
    problem = problems.Problem(lambda w, key: four_wells(w), minima=np.array([[1.0, -2.0]]))
    window = ((-2.0, 2.0), (-3.0, 3.0))
    found = basins(problem, optimizers.sgd, {"learning_rate": 0.01}, window=window, resolution=40, num_steps=300)
    assert {tuple(minimum) for minimum in found.minima.values.round(4)} == {(-1, -2), (-1, 2), (1, -2), (1, 2)}
    assert found.listed.values.tolist() == [True, False, False, False]
    assert found.minima.values[0].tolist() == [1, -2]
    reached = found.minima.values[found.basin.values]
    across, up = np.meshgrid(np.sign(found.x), np.sign(found.y))
    np.testing.assert_allclose(reached, np.stack([across, 2 * up], axis=-1), atol=1e-4)


def on_a_bowl(momentum):
    rates = {"learning_rate": 0.1, "momentum": momentum}
    bowl = problems.quadratic((1.0, 1.0))
    return basins(bowl, optimizers.sgd_momentum, rates, resolution=32, num_steps=250, starts="grid")


def test_the_step_from_which_it_stays():
    """On a bowl of curvature 1 the distance is d 0.9^t: within r from the step log(d / r) / log(1 / 0.9) on."""
    found = on_a_bowl(momentum=0.0)
    assert found.attrs["radius"] == 0.1
    across, up = np.meshgrid(found.x, found.y)
    expected = np.ceil(np.log(np.hypot(across, up) / 0.1) / math.log(1 / 0.9)).clip(0)
    assert np.abs(found.settled_at.values - expected).max() <= 1  # float32 where a distance is all but the radius
    assert (found.settled_at.values == expected).mean() > 0.99
    assert "interval" not in found


def test_flying_through_is_not_settling():
    """Heavy momentum crosses the minimum many times; the step counts from the last time outside."""
    found = on_a_bowl(momentum=0.9)
    position = np.array([found.x[3], found.y[20]])
    velocity, outside = np.zeros(2), []
    for step in range(250):
        if np.hypot(*position) > 0.1:
            outside.append(step)
        velocity = 0.9 * velocity + 0.1 * position
        position = position - velocity
    assert (np.diff(outside) > 1).any()  # it was inside in between
    assert found.settled_at.values[20, 3] == outside[-1] + 1


def quartic(w):
    return w[0] ** 4 / 4 + w[1] ** 2 / 2


def test_what_diverges_and_what_has_not_settled():
    """By x - x^3 / 2, all within 2 of the origin go there, slowly as 1 / sqrt(t), and all others diverge."""
    problem = problems.Problem(lambda w, key: quartic(w), minima=np.zeros((1, 2)), name="quartic")
    window = ((-4.0, 4.0), (-4.0, 4.0))
    run = functools.partial(
        basins, problem, optimizers.sgd, {"learning_rate": 0.5},
        window=window, resolution=32, num_steps=200, starts="grid",
    )  # fmt: skip
    slow, settled = run(radius=0.05), run(radius=0.1)
    within = np.abs(slow.x.values) < 2
    for found, label in ((slow, -1), (settled, 0)):
        assert (found.basin.values[:, ~within] == -2).all()
        assert (found.settled_at.values[:, ~within] == -1).all()
        assert (found.basin.values[:, within] >= label).all()
        assert float(found.share.sel(outcome=-2)) == 0.5
    assert float(slow.share.sel(outcome=-1)) > 0.2
    assert float(settled.share.sel(outcome=0)) == 0.5


def test_starts_lie_in_their_cells_and_follow_the_seed():
    run = functools.partial(basins, problems.double_well(), optimizers.sgd, RATE, resolution=64, num_steps=200)
    same, other = run(), run(seed=1)
    assert (run(seed=0).settled_at.values == same.settled_at.values).all()
    assert (other.settled_at.values != same.settled_at.values).any()


def test_a_plane_through_more_dimensions():
    """The wells of three dimensions along (1, 0, 1) / sqrt 2 and the third axis lifted: the ridge is at x = 0 again."""
    plane = ((0.0, 0.3, 0.0), (1.0, 0.0, 1.0), (0.0, 0.0, 1.0))
    found = basins(
        problems.double_well(dim=3), optimizers.sgd, RATE,
        plane=plane, window=((-1.5, 1.5), (-1.0, 1.0)), resolution=(36, 32), num_steps=200,
    )  # fmt: skip
    assert found.basin.shape == (32, 36)
    assert (found.basin.values == np.where(found.x > 0, 0, 1)).all()
    assert found.minima.shape == (2, 3)


@pytest.mark.long
def test_rastrigins_wells():
    """Each is where x + 10 pi sin(2 pi x) is 0, near a whole number."""
    slope = lambda x: x + 10 * np.pi * np.sin(2 * np.pi * x)
    root: Any = scipy.optimize.brentq(slope, 0.8, 1.2)
    found = basins(
        problems.rastrigin(), optimizers.sgd, {"learning_rate": 0.001},
        window=((-1.4, 1.4), (-1.4, 1.4)), resolution=32, num_steps=200,
    )  # fmt: skip
    expected = {(x, y) for x in (-root, 0.0, root) for y in (-root, 0.0, root)}
    assert found.sizes["minimum"] == 9
    assert found.listed.values.tolist() == [True] + 8 * [False]
    for minimum in found.minima.values:
        assert min(math.dist(minimum, other) for other in expected) < 1e-5


TREE = problems.Problem(lambda w, key: w[0], lambda key: (0.0, 1.0))
HIMMELBLAU = problems.himmelblau()
BAD = {
    "three dimensions": ((problems.double_well(dim=3), optimizers.sgd, RATE), {}, "give plane=(origin, across, up)"),
    "no window": ((four_wells, optimizers.sgd, RATE), {}, "window: four_wells has no domain"),
    "no area": ((HIMMELBLAU, optimizers.sgd, RATE), {"window": ((0.0, 0.0), (0.0, 1.0))}, "each pair ascending"),
    "too coarse": ((HIMMELBLAU, optimizers.sgd, RATE), {"resolution": 31}, "resolution: got 31"),
    "no rate": ((HIMMELBLAU, optimizers.sgd), {}, "sgd needs learning_rate"),
    "unknown name": ((HIMMELBLAU, optimizers.sgd, {"rate": 0.1}), {}, "there is no 'rate'"),
    "radius": ((HIMMELBLAU, optimizers.sgd, RATE), {"radius": 0.0}, "radius: got 0.0"),
    "starts": ((HIMMELBLAU, optimizers.sgd, RATE), {"starts": "sobol"}, "starts: got 'sobol'"),
    "plane": ((HIMMELBLAU, optimizers.sgd, RATE), {"plane": ((0, 0), (1, 1), (2, 2))}, "not parallel"),
    "a tree": ((TREE, optimizers.sgd, RATE), {}, "parameters that are no vector"),
    "random": ((problems.noisy_quadratic(), optimizers.sgd, RATE), {}, "draws from a key"),
    "nothing to reach": (
        (problems.monkey_saddle(), optimizers.sgd, RATE), {"resolution": 32, "num_steps": 50},
        "monkey_saddle lists no minimum, and none was found",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_told_in_a_sentence(case):
    arguments, options, fragment = BAD[case]
    with pytest.raises(ValueError, match=r"^[a-z_]+: ") as caught:
        basins(*arguments, **options)
    assert fragment in str(caught.value)


def test_a_map_that_does_not_fit_is_refused_with_one_that_does(monkeypatch):
    from jaxopt_lab.analysis import windows

    monkeypatch.setattr(windows, "available_memory", lambda: 2**30)
    with pytest.raises(ValueError, match=r"resolution: 9,000 x 9,000 cells.*at most [1-9],\d{3} x [1-9],\d{3} fit"):
        basins(HIMMELBLAU, optimizers.sgd, RATE, resolution=9000)


def test_an_optimiser_that_looks_at_the_loss_has_basins_too():
    check_optimizer("polyak_sgd")


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key will be required:UserWarning")
@pytest.mark.parametrize("name", sorted(optimizer_factories()))
def test_every_optimiser_has_basins(name):
    check_optimizer(name)


def check_optimizer(name):
    factory = optimizer_factories()[name]
    given = {"learning_rate": 0.01} if "learning_rate" in inspect.signature(factory).parameters else {}
    found = basins(HIMMELBLAU, factory(**given), resolution=32, num_steps=30, starts="grid")
    assert float(found.share.sum()) == pytest.approx(1)
    assert ((found.settled_at.values >= 0) == (found.basin.values >= 0)).all()
    assert (found.settled_at.values <= 30).all()


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["ackley", "beale", "branin", "goldstein_price", "himmelblau", "rastrigin", "six_hump_camel", "styblinski_tang"],
)
def test_every_multimodal_surface_has_basins(name):
    problem = getattr(problems, name)()
    found = basins(problem, optax.adam, {"learning_rate": 0.05}, resolution=48, num_steps=600)
    assert found.sizes["minimum"] >= len(np.atleast_2d(problem.minima))
    assert float(found.share.sel(outcome=found.outcome >= 0).sum()) > 0.1
