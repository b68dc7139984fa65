"""One formula, two homes: NumPy in float64 outside a trace, jax.numpy inside one.

Outside `jax.jit` and `jax.vmap` a metric is called once per data set, each of another length, and has to look at the
values anyway (label sets, warnings). Compiling a program per length would cost more than the answer, and would round it
to float32 unless ``jax_enable_x64`` is on. So each formula is written once, over a namespace ``xp`` that is ``numpy``
for concrete arrays and ``jax.numpy`` for traced ones.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

Array = Any
"""An array of NumPy or of JAX, traced or not, or a list of numbers or labels."""

Scalar = Any
"""A Python float outside a trace, a traced array of shape ``()`` inside one."""


def is_traced(*arrays: Array) -> bool:
    """Whether any of the arrays is known to the compiled program only."""
    return any(isinstance(array, Tracer) for array in arrays)


def namespace(*arrays: Array) -> Any:
    """``jax.numpy`` if any of the arrays is traced, else ``numpy``."""
    return jnp if is_traced(*arrays) else np


def given_back(value: Array) -> Any:
    """What the caller gets: traced values as they are, concrete ones as a Python float or a NumPy array."""
    if is_traced(value):
        return value
    value = np.asarray(value)
    return float(value) if value.ndim == 0 else value


def is_floating(array: Array) -> bool:
    """Whether the array holds real floating-point numbers, bfloat16 and its kin included."""
    return jnp.issubdtype(array.dtype, jnp.floating)


def accumulator(xp: Any, weight: Array | None) -> Any:
    """The dtype in which weights are summed: the widest integer for counts, the widest float for real weights."""
    return xp.result_type(float if weight is not None and is_floating(weight) else int)


def real(xp: Any, array: Array) -> Array:
    """The array in the widest float that the namespace has."""
    return xp.asarray(array, xp.result_type(float))


def divide(xp: Any, numerator: Array, denominator: Array, otherwise: Any = np.nan) -> Array:
    """The quotient, and ``otherwise`` where the denominator is zero, without a warning or a NaN in its gradient."""
    zero = denominator == 0
    quotient = real(xp, numerator) / real(xp, xp.where(zero, 1, denominator))
    return xp.where(zero, otherwise, quotient)


def weighted_sum(xp: Any, values: Array, weight: Array | None) -> Array:
    """Sum over the first axis, each row times its weight; integers are summed as integers."""
    if weight is None:
        return xp.sum(values, axis=0)
    return xp.sum(values * xp.asarray(weight).reshape(-1, *(1,) * (values.ndim - 1)), axis=0)


def weighted_mean(xp: Any, values: Array, weight: Array | None) -> Array:
    """Mean over the first axis; NaN where the weights sum to zero."""
    total = values.shape[0] if weight is None else xp.sum(weight)
    return divide(xp, weighted_sum(xp, values, weight), xp.asarray(total))


def diagonal(xp: Any, matrix: Array) -> Array:
    """The entries ``[i, i]``, shape ``(k,)``, as sums over columns.

    To take them out by their places is a gather, whose derivative is a scatter; XLA ends the process where it puts two
    such scatters into one kernel, as it may under `tune_xla`.
    """
    own = np.eye(matrix.shape[0], dtype=bool)
    return np.diagonal(matrix) if xp is np else jnp.sum(jnp.where(own, matrix, 0), axis=0)


def sum_by_bin(xp: Any, bins: Array, weight: Array | None, length: int) -> Array:
    """Sum of the weights in each bin, shape ``(length,)``; the number of entries where there are no weights."""
    dtype = accumulator(xp, weight)
    if xp is np:
        if weight is not None and not is_floating(weight) and weight.size * float(abs(weight).max(initial=0)) > 2**53:
            sums = np.zeros(length, dtype)
            np.add.at(sums, bins, weight)
            return sums
        # NumPy sums in float64, in which integers are exact to 2^53, and in a tenth of the time.
        return np.bincount(bins, weight, length).astype(dtype)
    amounts = jnp.ones(bins.shape, dtype) if weight is None else weight
    return jnp.zeros(length, dtype).at[bins].add(amounts)


def running_minimum_from_the_end(xp: Any, values: Array) -> Array:
    """``out[i] = min(values[i:])``."""
    if xp is np:
        return np.minimum.accumulate(values[::-1])[::-1]
    return jax.lax.cummin(values, reverse=True)


def running_maximum(xp: Any, values: Array) -> Array:
    """``out[i] = max(values[:i + 1])``."""
    return np.maximum.accumulate(values) if xp is np else jax.lax.cummax(values)
