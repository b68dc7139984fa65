"""Slices through a loss show that loss; the plane of a path says how far off it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, problems, simulate
from jaxopt_lab.analysis import loss_slice, path_plane, random_direction

KEY = jax.random.key(0)


def start_of(problem):
    assert problem.init is not None
    return problem.init(KEY)


def test_filters_are_as_long_as_the_networks():
    params = problems.networks.draw_layers(KEY, (5, 4, 3))
    kernel = jnp.arange(1.0, 1 + 2 * 2 * 3 * 4).reshape(2, 2, 3, 4)
    params = {"dense": params, "convolution": kernel, "bias": jnp.ones(4)}
    direction = random_direction(params, jax.random.key(1))
    assert jax.tree.structure(direction) == jax.tree.structure(params)
    for one, other, axes in (
        (params["dense"][0]["weights"], direction["dense"][0]["weights"], 0),
        (params["convolution"], direction["convolution"], (0, 1, 2)),
    ):
        lengths = [jnp.sqrt((each**2).sum(axes)) for each in (one, other)]
        np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-5)
        assert float(jnp.abs(one - other).max()) > 0.1
    assert not np.asarray(direction["bias"]).any()


@pytest.mark.long
def test_a_rescaled_network_looks_the_same():
    """Weights times 10 below a ReLU and a tenth above make the same function; so do they along such a direction."""
    problem = problems.mlp("wine", hidden=6)
    lower, upper = start_of(problem)
    scaled = (lower | {"weights": 10 * lower["weights"]}, upper | {"weights": upper["weights"] / 10})
    losses = [
        loss_slice(problem, params, [random_direction(params, jax.random.key(3))], resolution=5).loss.values
        for params in ((lower, upper), scaled)
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert np.ptp(losses[0]) > 0.05


def test_parameters_without_matrices_are_one_filter():
    point = jnp.array([3.0, 4.0])
    assert float(jnp.linalg.norm(random_direction(point, KEY))) == pytest.approx(5, rel=1e-5)


def test_a_plane_is_the_loss_there(count_compilations):
    """L = w1^2 + 10 w2^2 over two, through (1, 2), along (1, 1) and (0, -2)."""
    bowl, directions = problems.quadratic((1.0, 10.0)), [jnp.array([1.0, 1.0]), jnp.array([0.0, -2.0])]
    windows = [(-1.0, 2.0), (0.0, 0.5)]
    plane = loss_slice(bowl, jnp.array([1.0, 2.0]), directions, windows=windows, resolution=4, batch_size=3)
    assert plane.loss.dims == ("beta", "alpha")
    a, b = plane.alpha, plane.beta
    np.testing.assert_allclose(a, [-1, 0, 1, 2])
    np.testing.assert_allclose(b, [0, 1 / 6, 1 / 3, 1 / 2])
    exact = (0.5 * ((1 + a) ** 2 + 10 * (2 + a - 2 * b) ** 2)).transpose("beta", "alpha")
    np.testing.assert_allclose(plane.loss, exact, rtol=1e-5)
    other = problems.quadratic((2.0, 3.0))
    with count_compilations() as compiled:
        loss_slice(other, jnp.array([1.0, 2.0]), directions, windows=windows, resolution=4, batch_size=3)
    assert compiled.count == 0


@pytest.fixture(scope="module")
def wandering():
    """A path of 30 points in six dimensions, and a bowl over them."""
    path = np.cumsum(np.random.default_rng(4).normal(size=(30, 6)) * [5, 3, 1, 1, 0.5, 0.1], axis=0)
    return path.astype(np.float32), problems.quadratic(tuple(float(h) for h in range(1, 7)))


def test_shares_of_variance_are_scikit_learns(wandering):
    from sklearn.decomposition import PCA

    path, bowl = wandering
    plane = path_plane(bowl, path, resolution=5)
    fitted = PCA(2).fit(path.astype(float))
    np.testing.assert_allclose(plane.variance_share, fitted.explained_variance_ratio_, rtol=1e-6)
    theirs = fitted.transform(path.astype(float))
    for place, name in enumerate(("path_alpha", "path_beta")):
        ours = theirs[:, place] - theirs[-1, place]
        np.testing.assert_allclose(plane[name], ours * np.sign(ours[0]), atol=1e-4)


def test_the_mismatch_is_measured_at_the_projected_points(wandering):
    path, bowl = wandering
    plane = path_plane(bowl, path, resolution=5)
    offset = path.astype(float) - path[-1]
    _, _, components = np.linalg.svd(path.astype(float) - path.astype(float).mean(0))
    projected = path[-1] + offset @ components[:2].T @ components[:2]
    true, drawn = (0.5 * (np.arange(1, 7) * points.astype(float) ** 2).sum(-1) for points in (path, projected))
    np.testing.assert_allclose(plane.path_loss, true, rtol=1e-4)
    np.testing.assert_allclose(plane.drawn_loss, drawn, rtol=1e-3)
    assert float(plane.mismatch) == pytest.approx(np.abs(drawn - true).max() / np.ptp(true), rel=1e-3)
    assert float(plane.mismatch) > 0.01  # else nothing was measured
    assert float(plane.drawn_loss[-1]) == pytest.approx(float(plane.path_loss[-1]), rel=1e-5)


def test_the_window_holds_the_path_and_the_contours_lie_under_it(wandering):
    path, bowl = wandering
    plane = path_plane(bowl, path, resolution=201)
    for along, coordinates in ((plane.path_alpha, plane.alpha), (plane.path_beta, plane.beta)):
        assert float(coordinates.min()) < float(along.min()) < float(along.max()) < float(coordinates.max())
    under = plane.loss.interp(alpha=plane.path_alpha, beta=plane.path_beta)
    # Linear interpolation of a quadratic between 201 points a side.
    np.testing.assert_allclose(under, plane.drawn_loss, rtol=2e-3, atol=1e-3 * float(plane.loss.max()))


def test_in_two_dimensions_the_plane_is_all_there_is():
    problem = problems.rosenbrock()
    path = simulate(problem, optimizers.adam(0.1), jnp.array([-1.0, 1.0]), 20).params
    plane = path_plane(problem, path, resolution=3)
    assert float(plane.variance_share.sum()) == pytest.approx(1, abs=1e-9)
    assert float(plane.mismatch) < 1e-4


@pytest.mark.long
def test_a_path_of_a_network_keeps_its_structure():
    """A parabola in 71 dimensions, which lies in a plane: what is drawn is true all along it."""
    problem = problems.mlp("wine", hidden=4, activation="tanh")
    start = start_of(problem)
    path = jax.tree.map(lambda leaf: np.stack([leaf * (1 - k / 20) + 0.01 * k**2 for k in range(11)]), start)
    plane = path_plane(problem, path, resolution=3)
    assert plane.sizes["point"] == 11
    assert float(plane.path_loss[0]) == pytest.approx(float(problem.loss(start, None)), rel=1e-5)
    assert float(plane.variance_share.sum()) == pytest.approx(1, abs=1e-9)
    assert float(plane.mismatch) < 1e-4
    assert np.ptp(plane.path_loss.values) > 0.1


BOWL, POINT = problems.quadratic((1.0, 10.0)), jnp.ones(2)
STILL = jnp.ones((4, 2))
BAD = {
    "no direction": (lambda: loss_slice(BOWL, POINT, []), "directions: got 0"),
    "three directions": (lambda: loss_slice(BOWL, POINT, [POINT] * 3), "directions: got 3"),
    "another shape": (lambda: loss_slice(BOWL, POINT, [jnp.ones(3)]), r"shape \(3,\), but the parameters have \(2,\)"),
    "no extent": (lambda: loss_slice(BOWL, POINT, [POINT], windows=[(1.0, 1.0)]), "windows"),
    "one point": (lambda: loss_slice(BOWL, POINT, [POINT], resolution=1), "resolution: got 1"),
    "draws": (
        lambda: loss_slice(problems.mlp("wine", batch_size=4), start_of(problems.mlp("wine")), [POINT]),
        "directions|draws from a key",
    ),
    "short path": (lambda: path_plane(BOWL, STILL[:2]), "got 2 points"),
    "still path": (lambda: path_plane(BOWL, STILL), "a path that moves"),
    "diverged path": (lambda: path_plane(BOWL, STILL.at[2, 0].set(jnp.nan)), "point 2 is not finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()
