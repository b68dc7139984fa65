"""An instance of a BBOB function as a problem."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jaxopt_lab.problems.bbob import ill_conditioned, moderate, multimodal, separable, weakly_structured
from jaxopt_lab.problems.bbob.draws import lowest_value
from jaxopt_lab.problems.checks import whole_number
from jaxopt_lab.problems.problem import Problem, surface

FUNCTIONS = (
    separable.FUNCTIONS
    | moderate.FUNCTIONS
    | ill_conditioned.FUNCTIONS
    | multimodal.FUNCTIONS
    | weakly_structured.FUNCTIONS
)
"""The definitions by their numbers in BBOB, 1 to 24."""

_SEEDS = {4: 3, 18: 17}  # each is drawn as the function that it is made from


def bbob(function: int = 1, *, dim: int = 2, instance: int = 1) -> Problem:
    r"""One of the 24 noiseless functions of BBOB, on which optimisers without gradients are compared, as COCO has it.

    .. math::
        L(x) = f(T(x - x_{opt})) + f_{opt}

    where the transformation :math:`T` turns, stretches and bends the space. The instance decides :math:`x_{opt}`,
    :math:`f_{opt}` and the rotations by COCO's own random numbers, so that all values are those of COCO:

    - separable: 1 sphere, 2 ellipsoid, 3 Rastrigin, 4 Büche-Rastrigin, 5 linear slope;
    - moderate: 6 attractive sector, 7 step ellipsoid, 8 Rosenbrock, 9 the same rotated;
    - ill-conditioned, with one minimum: 10 ellipsoid rotated, 11 discus, 12 bent cigar, 13 sharp ridge, 14 sum of
      different powers;
    - multimodal: 15 Rastrigin rotated, 16 Weierstrass, 17 Schaffers, 18 the same worse conditioned,
      19 Griewank-Rosenbrock;
    - weakly structured: 20 Schwefel, 21 Gallagher's 101 peaks, 22 his 21 peaks, 23 Katsuura, 24 Lunacek bi-Rastrigin.

    Only 1, 8, 9 and 19 have two derivatives everywhere. The gradient is finite on the domain, kinks included, and 0 at
    the minimum; that of 7, a staircase, is 0 almost everywhere. :math:`f_{opt}` lies between -1000 and 1000, so that in
    float32 no distance from it below about 1e-7 of its size is seen.

    Args:
        function: its number, 1 to 24.
        dim: the number of dimensions, at least 2.
        instance: which instance of it, from 1 on. COCO's yearly suites take 1 to 15 and more.

    Returns:
        The problem, on ``[-5, 5]`` in every direction. Only the global minimum is listed.

    Raises:
        ValueError: if ``function``, ``dim`` or ``instance`` is no whole number, or out of its range.

    Example:
        >>> sphere = bbob(1, instance=1)
        >>> sphere.name, sphere.minimum, sphere.minima
        ('bbob_f1_sphere', 79.48, array([[ 0.2528, -1.1568]]))
        >>> round(float(sphere.loss(jnp.zeros(2), None)), 3)
        80.882

    References:
        N. Hansen, S. Finck, R. Ros and A. Auger (2009). Real-parameter black-box optimization benchmarking 2009:
        noiseless functions definitions. INRIA research report RR-6829.
    """
    number = whole_number("function", function, least=1)
    if number not in FUNCTIONS:
        raise ValueError(f"function: got {function!r}; BBOB numbers its functions from 1 to {max(FUNCTIONS)}")
    dim = whole_number("dim", dim, least=2)
    seed = _SEEDS.get(number, number) + 10_000 * whole_number("instance", instance, least=1)
    name, equation, constants, smooth = FUNCTIONS[number]
    x_opt, own = constants(dim, seed)
    f_opt = lowest_value(seed)
    return surface(
        _raised,
        {"equation": Partial(equation, **own), "f_opt": f_opt},
        lower=np.full(dim, -5.0),
        upper=np.full(dim, 5.0),
        minima=x_opt[None, :],
        minimum=f_opt,
        name=f"bbob_f{number}_{name}",
        smooth=smooth,
        reference="Hansen, Finck, Ros and Auger 2009, INRIA research report RR-6829",
    )


def _raised(x: jax.Array, equation: Any, f_opt: Any) -> jax.Array:
    # The constants take the type of x, as a plain number would: float32 parameters give a float32 loss.
    x = jnp.asarray(x, jnp.result_type(x, float))
    return jax.tree.map(lambda constant: jnp.asarray(constant, x.dtype), equation)(x) + f_opt
