"""Slices through a loss of many parameters: along a line, in a plane, and in the plane that a path keeps closest to."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.analysis.windows import as_numbers, check_count, check_fits
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem

if TYPE_CHECKING:
    import xarray as xr

AXES = ("alpha", "beta")
"""What the coordinates along the directions are called."""

BYTES_PER_POINT = 48
"""What a point of a slice takes while its loss is computed: its coordinates and the loss, twice each."""

COPIES = 3
"""What a loss computed beside others takes at least, in copies of the parameters: the point, and what is made of it."""

MARGIN = 0.25
"""What a plane shows beyond a path on each side, as a share of the path's extent."""


def random_direction(params: Params, key: jax.Array) -> Params:
    r"""A random direction whose every filter is as long as the network's own: filter normalisation.

    .. math:: d_{l, j} \leftarrow \frac{d_{l, j}}{\lVert d_{l, j} \rVert} \lVert \theta_{l, j} \rVert

    A filter is what feeds one unit: all axes of a weight but the last. Biases are left where they are, as the paper has
    it; parameters without any matrix, such as a point on a surface, are one filter a leaf. A network whose weights are
    scaled, and scaled back in the next layer, looks the same along such a direction.

    Args:
        params: :math:`\theta`, any pytree of floating-point arrays.
        key: the source of the direction.

    Returns:
        The direction, of the structure and shapes of ``params``.

    Example:
        >>> layer = {"weights": 3.0 * jnp.ones((4, 2)), "biases": jnp.ones(2)}
        >>> direction = random_direction(layer, jax.random.key(0))
        >>> jnp.linalg.norm(direction["weights"], axis=0).round(4).tolist(), direction["biases"].tolist()
        ([6.0, 6.0], [0.0, 0.0])

    References:
        H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein (2018). Visualizing the loss landscape of neural nets.
        NeurIPS 31.
    """
    params = jax.tree.map(jnp.asarray, params)
    has_matrices = any(leaf.ndim > 1 for leaf in jax.tree.leaves(params))

    def normalised(leaf: jax.Array, drawn: jax.Array) -> jax.Array:
        if has_matrices and leaf.ndim < 2:
            return jnp.zeros_like(leaf)
        axes = tuple(range(leaf.ndim - 1)) if has_matrices else None
        return drawn * _length(leaf, axes) / _length(drawn, axes)

    flat, unravel = ravel_pytree(params)
    return jax.tree.map(normalised, params, unravel(jax.random.normal(key, flat.shape, flat.dtype)))


def _length(leaf: jax.Array, axes: tuple[int, ...] | None) -> jax.Array:
    return jnp.sqrt(jnp.sum(leaf**2, axis=axes, keepdims=True))


def loss_slice(
    problem: Problem | Callable[..., jax.Array],
    params: Params,
    directions: Sequence[Params],
    *,
    windows: Sequence[tuple[float, float]] = ((-1.0, 1.0), (-1.0, 1.0)),
    resolution: int = 101,
    batch_size: int = 64,
) -> "xr.Dataset":
    r"""The loss along one direction from a point, or in the plane of two.

    .. math:: f(a) = L(\theta + a \, d_1), \qquad f(a, b) = L(\theta + a \, d_1 + b \, d_2)

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)``.
        params: :math:`\theta`, any pytree of floating-point arrays.
        directions: one or two, of the structure and shapes of ``params``: such as those of `random_direction`, the
            difference of two solutions, or eigenvectors of the Hessian.
        windows: for each direction the first and the last coordinate.
        resolution: points along each direction.
        batch_size: losses computed at once; memory is taken for so many copies of the parameters.

    Returns:
        ``loss`` over ``alpha``, or over ``beta`` and ``alpha``.

    Raises:
        ValueError: for another number of directions, one that does not fit the parameters, a window without extent, a
            resolution or a batch size that memory can't hold, and a loss that draws from a key or is no single number.

    Example:
        >>> from jaxopt_lab import problems
        >>> bowl = problems.quadratic((1.0, 10.0))
        >>> along = loss_slice(bowl, jnp.zeros(2), [jnp.array([0.0, 1.0])], resolution=3)
        >>> along.loss.values.tolist()
        [5.0, 0.0, 5.0]

    References:
        I. J. Goodfellow, O. Vinyals and A. M. Saxe (2015). Qualitatively characterizing neural network optimization
        problems. ICLR.
    """
    import xarray as xr

    if len(directions) not in (1, 2):
        raise ValueError(f"directions: got {len(directions)}; a slice has one direction or two, in a list")
    params = jax.tree.map(jnp.asarray, params)
    for direction in directions:
        _check_shapes(params, direction)
    resolution = whole_number("resolution", resolution, least=2)
    check_fits((resolution,) * len(directions), BYTES_PER_POINT)
    batch_size = whole_number("batch_size", batch_size, least=1)
    check_count("batch_size", batch_size, "copies of the parameters", COPIES * _size_of(params))
    axes = [np.linspace(low, high, resolution) for low, high in _windows(windows, len(directions))]
    points = np.stack([mesh.ravel() for mesh in np.meshgrid(*axes)], axis=-1)
    losses = _losses_at(loss_of(problem, params), params, tuple(directions), points, batch_size)
    dims = AXES[: len(directions)]
    shape = (resolution,) * len(directions)
    return xr.Dataset({"loss": (dims[::-1], losses.reshape(shape))}, dict(zip(dims, axes, strict=True)))


def path_plane(
    problem: Problem | Callable[..., jax.Array], path: Params, *, resolution: int = 61, batch_size: int = 64
) -> "xr.Dataset":
    r"""The loss in the plane that a path keeps closest to, and how far to trust it.

    .. math:: \theta_t - \bar\theta = \sum_i a_{t,i} \, d_i, \qquad
              \text{share}_i = \frac{\sum_t a_{t,i}^2}{\sum_j \sum_t a_{t,j}^2}

    The directions are the first two principal components of the path's points, of length 1. The plane lies through the
    last point, so that what is drawn there is true; elsewhere the path is off the plane by what the two leave out, and
    the loss drawn under it is another than the one it had. That is measured: ``drawn_loss`` against ``path_loss``.

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)``.
        path: the recorded points, a pytree whose arrays have a leading axis over three points or more, as
            ``simulate(...).params``.
        resolution: points along each direction.
        batch_size: losses computed at once; memory is taken for so many copies of the parameters.

    Returns:
        ``loss`` over ``beta`` and ``alpha``, the window around the path; ``path_alpha``, ``path_beta``, ``path_loss``
        (true) and ``drawn_loss`` (at the projected point) over ``point``; ``variance_share`` over ``axis``; and
        ``mismatch``, the largest ``|drawn_loss - path_loss|`` as a share of the range of the path's true losses.

    Raises:
        ValueError: for a path of fewer than three points, one that is not finite or does not move, parameters of one
            number, and a loss that draws from a key or is no single number.

    Example:
        >>> from jaxopt_lab import optimizers, problems, simulate
        >>> bowl = problems.quadratic((1.0, 10.0))
        >>> path = simulate(bowl, optimizers.sgd(0.05), jnp.array([4.0, 1.5]), 20).params
        >>> plane = path_plane(bowl, path, resolution=5)
        >>> round(float(plane.variance_share.sum()), 4), bool(plane.mismatch < 1e-5)
        (1.0, True)

    References:
        H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein (2018). Visualizing the loss landscape of neural nets.
        NeurIPS 31, section 7.2.
    """
    path = jax.tree.map(jnp.asarray, path)
    end = jax.tree.map(lambda points: points[-1], path)
    points = np.asarray(jax.vmap(lambda params: ravel_pytree(params)[0])(path), float)
    unravel = ravel_pytree(end)[1]
    components, share = _principal(points)
    coordinates = (points - points[-1]) @ components.T
    directions = [unravel(jnp.asarray(component, jnp.result_type(*jax.tree.leaves(end)))) for component in components]
    plane = loss_slice(
        problem, end, directions, windows=_around(coordinates), resolution=resolution, batch_size=batch_size
    )
    loss = loss_of(problem, end)
    true = _in_batches(lambda batch: _batch_of(loss, batch), jax.tree.map(np.asarray, path), batch_size).astype(float)
    drawn = _losses_at(loss, end, tuple(directions), coordinates, batch_size).astype(float)
    return plane.assign(
        path_alpha=("point", coordinates[:, 0]),
        path_beta=("point", coordinates[:, 1]),
        path_loss=("point", true),
        drawn_loss=("point", drawn),
        variance_share=("axis", share),
        mismatch=np.abs(drawn - true).max() / np.ptp(true),
    )


def _size_of(params: Params) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(params))


def _principal(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first two principal components of points, signed so that the first of them has positive coordinates there."""
    count, dim = points.shape
    if count < 3 or dim < 2:
        raise ValueError(f"path: got {count} points of {dim} numbers; a plane needs three or more of two or more")
    finite = np.isfinite(points).all(-1)
    if not finite.all():
        raise ValueError(f"path: point {finite.argmin()} is not finite; pass the points before it")
    centred = points - points.mean(0)
    _, lengths, components = np.linalg.svd(centred, full_matrices=False)
    if not lengths[0] > 0:
        raise ValueError("path: all its points are the same; a plane needs a path that moves")
    components = components[:2]
    forward = (points[0] - points[-1]) @ components.T
    return components * np.where(forward < 0, -1, 1)[:, None], (lengths**2 / (lengths**2).sum())[:2]


def _around(coordinates: np.ndarray) -> list[tuple[float, float]]:
    """A window around a path in its plane. One that is all but straight still gets a width, a tenth of its length."""
    low, high = coordinates.min(0), coordinates.max(0)
    middle, extent = (low + high) / 2, np.maximum(high - low, 0.1 * (high - low).max())
    reach = (0.5 + MARGIN) * extent
    return [(float(m - r), float(m + r)) for m, r in zip(middle, reach, strict=True)]


def _windows(windows: Sequence[tuple[float, float]], count: int) -> np.ndarray:
    ends = as_numbers(windows)
    if ends.ndim != 2 or ends.shape[1] != 2 or len(ends) < count or not np.isfinite(ends).all():
        raise ValueError(f"windows: got {windows}; give (first, last) for each of the {count} directions, in a list")
    for low, high in ends[:count]:
        if not low < high:
            raise ValueError(f"windows: got ({low:g}, {high:g}); give the first coordinate and a larger last one")
    return ends[:count]


def _check_shapes(params: Params, direction: Params) -> None:
    kinds = [
        (jax.tree.structure(tree), [np.shape(leaf) for leaf in jax.tree.leaves(tree)]) for tree in (params, direction)
    ]
    if kinds[0] != kinds[1]:
        shapes = [jax.tree.map(np.shape, tree) for tree in (direction, params)]
        raise ValueError(f"directions: got one of shape {shapes[0]}, but the parameters have {shapes[1]}; give it that")


def _losses_at(
    loss: Callable[[Params], jax.Array], params: Params, directions: tuple[Params, ...], points: np.ndarray, size: int
) -> np.ndarray:
    """The loss at each of these coordinates along the directions."""
    return _in_batches(lambda batch: _batch_at(loss, params, directions, batch), points, size)


def _in_batches(losses: Callable[[Any], jax.Array], points: Any, size: int) -> np.ndarray:
    """The losses of all points, in batches of one size: one program serves every number of them."""
    count = len(jax.tree.leaves(points)[0])
    places = [np.arange(first, first + size).clip(max=count - 1) for first in range(0, count, size)]
    batches = [np.asarray(losses(jax.tree.map(lambda leaf, place=place: leaf[place], points))) for place in places]
    return np.concatenate(batches)[:count]


@jax.jit
def _batch_at(
    loss: Callable[[Params], jax.Array], params: Params, directions: tuple[Params, ...], points: Any
) -> jax.Array:
    def at(point: jax.Array) -> jax.Array:
        def moved(leaf: jax.Array, *along: jax.Array) -> jax.Array:
            steps = [coordinate.astype(leaf.dtype) * d for coordinate, d in zip(point, along, strict=True)]
            return leaf + sum(steps)

        return loss(jax.tree.map(moved, params, *directions))

    return jax.vmap(at)(jnp.asarray(points))


@jax.jit
def _batch_of(loss: Callable[[Params], jax.Array], points: Params) -> jax.Array:
    return jax.vmap(loss)(points)
