"""The ends of a Hessian's spectrum: the sharpest directions, and the most negative ones."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax

from jaxopt_lab.analysis.curvature.hessian import flat_hessian, parameters_of
from jaxopt_lab.analysis.curvature.lanczos import lanczos
from jaxopt_lab.analysis.loss import loss_of
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Params, Problem


class Extremes(NamedTuple):
    """Eigenvalues at both ends of a spectrum.

    Attributes:
        largest: descending, shape ``(count,)``.
        largest_vectors: their eigenvectors, of the structure of the parameters with a leading axis over ``count``; as
            one flat vector each has length 1.
        largest_errors: an eigenvalue lies so near to each, or nearer, shape ``(count,)``.
        smallest: ascending, shape ``(count,)``.
        smallest_vectors: as above.
        smallest_errors: as above.
    """

    largest: jax.Array
    largest_vectors: Params
    largest_errors: jax.Array
    smallest: jax.Array
    smallest_vectors: Params
    smallest_errors: jax.Array


def extreme_eigenvalues(
    problem: Problem | Callable[..., jax.Array], params: Params, key: jax.Array, *, count: int = 1, steps: int = 60
) -> Extremes:
    r"""The largest and the smallest eigenvalues of a loss's Hessian, with their eigenvectors, by `lanczos`.

    .. math:: \nabla^2 L(\theta) \, v_i = \lambda_i v_i, \qquad \lambda_1 \ge \lambda_2 \ge \dots

    With as many steps as parameters it is the whole spectrum, up to rounding. It may be jitted and vmapped.

    Args:
        problem: a `Problem` whose loss draws nothing, or a plain function ``f(params)`` with two derivatives.
        params: :math:`\theta`, any pytree of floating-point arrays.
        key: the source of the random start.
        count: how many at each end.
        steps: Hessian-vector products, each at most two gradients; never more than there are parameters. Memory for so
            many vectors is taken.

    Returns:
        Both ends, with how far each may be off.

    Raises:
        ValueError: for a loss that draws from a key or is no single number, and for more eigenvalues than steps or
            parameters.

    Example:
        >>> from jaxopt_lab import problems
        >>> ends = extreme_eigenvalues(problems.quadratic((1.0, 4.0, 10.0)), jax.numpy.zeros(3), jax.random.key(0))
        >>> round(float(ends.largest[0]), 4), round(float(ends.smallest[0]), 4)
        (10.0, 1.0)

    References:
        C. Lanczos (1950). An iteration method for the solution of the eigenvalue problem of linear differential and
        integral operators. Journal of Research of the National Bureau of Standards 45, 255-282.
    """
    params = parameters_of(params)
    dim = sum(leaf.size for leaf in jax.tree.leaves(params))
    count, steps = whole_number("count", count, least=1), min(whole_number("steps", steps, least=1), dim)
    if count > steps:
        raise ValueError(f"count: got {count}, but {steps} steps in {dim} dimensions find no more than {steps}")
    return _extremes(loss_of(problem, params), params, key, count, steps)


@partial(jax.jit, static_argnames=("count", "steps"))
def _extremes(loss: Callable[[Params], jax.Array], params: Params, key: jax.Array, count: int, steps: int) -> Extremes:
    hessian = flat_hessian(loss, params)
    start = jax.random.normal(key, (hessian.dim,), hessian.dtype)
    ritz = lanczos(hessian.times, start, steps)
    unravel = jax.vmap(hessian.unravel)
    top, bottom = slice(None, -count - 1, -1), slice(count)
    return Extremes(
        ritz.values[top], unravel(ritz.vectors[top]), ritz.residuals[top],
        ritz.values[bottom], unravel(ritz.vectors[bottom]), ritz.residuals[bottom],
    )  # fmt: skip
