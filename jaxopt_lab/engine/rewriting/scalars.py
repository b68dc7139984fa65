"""Small arrays taken apart: the same program as arithmetic on scalars, one vector of lanes for each number.

Under `vmap` an array of shape ``(2,)`` becomes one of shape ``(lanes, 2)``. Its short last axis is in the way of the
compiler: sums over it do not fuse with the step, and what a lane has one of must be spread along it. With each number
by itself, everything in a step is elementwise over the lanes, and XLA makes a few vectorised loops of it.

This is an interpreter of JAX's own intermediate language. What it has no rule for is done on whole arrays, as before.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxopt_lab.engine.rewriting.equations import ELEMENTWISE, bind, read

MOST_NUMBERS = 24
"""Arrays of more numbers than this stay whole: a step would become a program of thousands of operations."""

MOST_PRODUCTS = 128
"""The same for products of matrices."""

Value = Any
"""An array, or a NumPy array of objects whose elements are scalars: one that was taken apart."""


class Tally:
    """How often an array that was taken apart had to be put together again; each time costs a pass over memory."""

    def __init__(self) -> None:
        """Count from zero."""
        self.joined = 0


def in_scalars(function: Callable[..., Any], tally: Tally | None = None) -> Callable[..., Any]:
    """The same pure function, computed in scalars where its arrays are small.

    Args:
        function: a function of pytrees of arrays. It is run, not differentiated.
        tally: counts, while the function is traced, the arrays that had to be put together again inside it.

    Example:
        >>> norm = in_scalars(lambda x: jnp.sum(x**2))
        >>> print(jax.make_jaxpr(norm)(jnp.ones(2)).eqns[-1].primitive)  # the sum of two numbers, not of an array
        add
    """
    tally = tally or Tally()

    def split_function(*arguments: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        leaves = zip(jax.tree.leaves(arguments), closed.jaxpr.invars, strict=True)
        apart = [_unwrap(_split(leaf)) if _is_small(variable.aval) else leaf for leaf, variable in leaves]
        outputs = _evaluate(closed.jaxpr, closed.consts, apart, tally)
        return jax.tree.unflatten(jax.tree.structure(shape), [_whole(output) for output in outputs])

    return split_function


def _evaluate(jaxpr: Any, consts: Any, arguments: list[Value], tally: Tally) -> list[Value]:
    known: dict[Any, Value] = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))
    for equation in jaxpr.eqns:
        operands = [read(known, atom) for atom in equation.invars]
        outputs = _apply(equation, operands, tally)
        known |= dict(zip(equation.outvars, outputs, strict=True))
    return [read(known, atom) for atom in jaxpr.outvars]


def _apply(equation: Any, operands: list[Value], tally: Tally) -> list[Value]:
    name, parameters = equation.primitive.name, equation.params
    if name in _LOOPS:
        return _LOOPS[name](parameters, operands, tally)
    if name in _CALLS:
        called = parameters[_CALLS[name]]
        return _evaluate(called.jaxpr, called.consts, operands, tally)
    if name == "device_put" and set(parameters["devices"]) == {None}:  # to where it is; old versions of JAX say so
        return operands
    spread = name == "broadcast_in_dim" and not np.shape(operands[0])  # of one number; it has nothing split yet
    if (spread or any(map(_is_split, operands))) and all(_is_small(v.aval) for v in equation.outvars):
        if name in ELEMENTWISE:
            return [_elementwise(equation, operands)]
        rule = _RULES.get(name)
        taken_apart = rule and rule(parameters, operands)
        if taken_apart is not None:
            return taken_apart if isinstance(taken_apart, list) else [taken_apart]
    tally.joined += sum(_is_split(operand) for operand in operands)
    return bind(equation, [_whole(operand) for operand in operands])


# --- taking apart and putting together ---


def _is_split(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _is_small(aval: Any) -> bool:
    """Whether an array of this kind is taken apart; a scalar is already."""
    plain = jnp.issubdtype(aval.dtype, jnp.number) or aval.dtype == jnp.bool
    return plain and 1 <= math.prod(aval.shape) <= MOST_NUMBERS


def _split(value: Value) -> np.ndarray:
    """The scalars of an array, in its shape."""
    if _is_split(value):
        return value
    scalars = np.empty(np.shape(value), object)
    for index in np.ndindex(scalars.shape):
        scalars[index] = value[index] if index else value
    return scalars


def _unwrap(scalars: Any) -> Value:
    """A scalar stands for itself."""
    if not isinstance(scalars, np.ndarray):
        return scalars
    return scalars[()] if scalars.ndim == 0 else scalars


def _whole(value: Value) -> Value:
    if not _is_split(value):
        return value
    return jnp.stack([jnp.asarray(scalar) for scalar in value.flat]).reshape(value.shape)


# --- rules ---

_CALLS = {"pjit": "jaxpr", "jit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr"}
_CALLS |= {"custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr", "custom_vjp_call_jaxpr": "fun_jaxpr"}


def _elementwise(equation: Any, operands: list[Value]) -> Value:
    shape = equation.outvars[0].aval.shape
    split = [np.broadcast_to(_split(operand), shape) for operand in operands]
    out = np.empty(shape, object)
    for index in np.ndindex(shape):
        out[index] = equation.primitive.bind(*(each[index] for each in split), **equation.params)
    return _unwrap(out)


def _broadcast(parameters: Any, operands: list[Value]) -> Value:
    scalars, shape = _split(operands[0]), parameters["shape"]
    aligned = [1] * len(shape)
    for axis, length in zip(parameters["broadcast_dimensions"], scalars.shape, strict=True):
        aligned[axis] = length
    return _unwrap(np.broadcast_to(scalars.reshape(aligned), shape))


def _reshape(parameters: Any, operands: list[Value]) -> Value | None:
    return None if parameters["dimensions"] else _unwrap(_split(operands[0]).reshape(parameters["new_sizes"]))


def _squeeze(parameters: Any, operands: list[Value]) -> Value:
    return _unwrap(np.squeeze(_split(operands[0]), axis=parameters["dimensions"]))


def _expand_dims(parameters: Any, operands: list[Value]) -> Value:
    return np.expand_dims(_split(operands[0]), parameters["dimensions"])


def _transpose(parameters: Any, operands: list[Value]) -> Value:
    return np.transpose(_split(operands[0]), parameters["permutation"])


def _rev(parameters: Any, operands: list[Value]) -> Value:
    return np.flip(_split(operands[0]), parameters["dimensions"])


def _slice(parameters: Any, operands: list[Value]) -> Value:
    strides = parameters["strides"] or [1] * len(parameters["start_indices"])
    spans = zip(parameters["start_indices"], parameters["limit_indices"], strides, strict=True)
    return _split(operands[0])[tuple(slice(*span) for span in spans)]


def _cut(parameters: Any, operands: list[Value]) -> list[Value]:
    ends = np.cumsum(parameters["sizes"])[:-1]
    return [_unwrap(part) for part in np.split(_split(operands[0]), ends, axis=parameters["axis"])]


def _dynamic_slice(parameters: Any, operands: list[Value]) -> Value | None:
    """Where the place is known all the same: older versions of JAX read the last number of an array in this way."""
    scalars, starts, sizes = _split(operands[0]), operands[1:], parameters["slice_sizes"]
    if any(isinstance(start, Tracer) for start in starts):
        return None
    firsts = [min(max(int(start), 0), n - size) for start, n, size in zip(starts, scalars.shape, sizes, strict=True)]
    return scalars[tuple(slice(first, first + size) for first, size in zip(firsts, sizes, strict=True))]


def _concatenate(parameters: Any, operands: list[Value]) -> Value:
    return np.concatenate([_split(operand) for operand in operands], axis=parameters["dimension"])


def _stack(parameters: Any, operands: list[Value]) -> Value:
    return np.stack([_split(operand) for operand in operands], axis=parameters["axis"])


def _pad(parameters: Any, operands: list[Value]) -> Value | None:
    scalars, filling = _split(operands[0]), operands[1]
    config = parameters["padding_config"]
    if any(low < 0 or high < 0 or inner for low, high, inner in config):
        return None
    out = np.empty([low + n + high for n, (low, high, _) in zip(scalars.shape, config, strict=True)], object)
    for index in np.ndindex(out.shape):
        out[index] = filling
    out[tuple(slice(low, low + n) for n, (low, _, _) in zip(scalars.shape, config, strict=True))] = scalars
    return out


def _folding(operation: Callable[[Any, Any], Any]) -> Callable[[Any, list[Value]], Value]:
    def reduce(parameters: Any, operands: list[Value]) -> Value:
        scalars, axes = _split(operands[0]), parameters["axes"]
        kept = [axis for axis in range(scalars.ndim) if axis not in axes]
        rows = np.transpose(scalars, [*axes, *kept]).reshape(-1, *(scalars.shape[axis] for axis in kept))
        total = np.empty(rows.shape[1:], object)
        for index in np.ndindex(total.shape):
            total[index] = functools.reduce(operation, rows[(slice(None), *index)])
        return _unwrap(total)

    return reduce


def _dot(parameters: Any, operands: list[Value]) -> Value | None:
    """Sums of products, written out."""
    (left_axes, right_axes), (left_batch, right_batch) = parameters["dimension_numbers"]
    left, right = (_split(operand) for operand in operands)
    summed = math.prod(left.shape[axis] for axis in left_axes)
    products = left.size * right.size // max(1, summed)
    wide = parameters["preferred_element_type"]
    if left_batch or right_batch or products > MOST_PRODUCTS or not summed or wide not in (None, _dtype(left)):
        return None
    left = np.transpose(left, [*(a for a in range(left.ndim) if a not in left_axes), *left_axes])
    right = np.transpose(right, [*right_axes, *(a for a in range(right.ndim) if a not in right_axes)])
    free = left.shape[: left.ndim - len(left_axes)], right.shape[len(right_axes) :]
    rows, columns = left.reshape(-1, summed), right.reshape(summed, -1)
    out = np.empty((len(rows), columns.shape[1]), object)
    for i, j in np.ndindex(out.shape):
        out[i, j] = sum((a * b for a, b in zip(rows[i, 1:], columns[1:, j], strict=True)), rows[i, 0] * columns[0, j])
    return _unwrap(out.reshape(free[0] + free[1]))


def _dtype(scalars: np.ndarray) -> Any:
    return jnp.result_type(scalars.flat[0])


_RULES: dict[str, Callable[[Any, list[Value]], Value | list[Value] | None]] = {
    "broadcast_in_dim": _broadcast,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "expand_dims": _expand_dims,
    "transpose": _transpose,
    "rev": _rev,
    "slice": _slice,
    "split": _cut,
    "dynamic_slice": _dynamic_slice,
    "concatenate": _concatenate,
    "stack": _stack,
    "pad": _pad,
    "reduce_sum": _folding(jax.lax.add),
    "reduce_prod": _folding(jax.lax.mul),
    "reduce_max": _folding(jax.lax.max),
    "reduce_min": _folding(jax.lax.min),
    "reduce_and": _folding(jax.lax.bitwise_and),
    "reduce_or": _folding(jax.lax.bitwise_or),
    "dot_general": _dot,
}


# --- loops: what they carry is carried in scalars ---


def _scan(parameters: Any, operands: list[Value], tally: Tally) -> list[Value]:
    num_consts, num_carry, body = parameters["num_consts"], parameters["num_carry"], parameters["jaxpr"]
    consts, carry = _apart(operands[:num_consts]), operands[num_consts : num_consts + num_carry]
    carried = body.jaxpr.invars[num_consts : num_consts + num_carry]

    def step(scalars: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
        outputs = _evaluate(body.jaxpr, body.consts, [*consts, *_regroup(scalars, carried), *x], tally)
        return _scalars(outputs[:num_carry], carried), [_whole(output) for output in outputs[num_carry:]]

    xs = [_whole(operand) for operand in operands[num_consts + num_carry :]]
    last, ys = jax.lax.scan(
        step, _scalars(carry, carried), xs, parameters["length"], parameters["reverse"], parameters["unroll"]
    )
    return [*_regroup(last, carried), *ys]


def _while(parameters: Any, operands: list[Value], tally: Tally) -> list[Value]:
    condition, body = parameters["cond_jaxpr"], parameters["body_jaxpr"]
    num_condition, num_body = parameters["cond_nconsts"], parameters["body_nconsts"]
    consts, carry = _apart(operands[: num_condition + num_body]), operands[num_condition + num_body :]
    carried = body.jaxpr.invars[num_body:]

    def goes_on(scalars: list[Any]) -> Any:
        known = [*consts[:num_condition], *_regroup(scalars, carried)]
        return _evaluate(condition.jaxpr, condition.consts, known, tally)[0]

    def step(scalars: list[Any]) -> list[Any]:
        known = [*consts[num_condition:], *_regroup(scalars, carried)]
        return _scalars(_evaluate(body.jaxpr, body.consts, known, tally), carried)

    return _regroup(jax.lax.while_loop(goes_on, step, _scalars(carry, carried)), carried)


def _apart(values: list[Value]) -> list[Value]:
    """What stays the same from turn to turn is taken apart once, before the loop."""
    small = [not _is_split(value) and _is_small(jax.typeof(value)) for value in values]
    return [_unwrap(_split(value)) if apart else value for value, apart in zip(values, small, strict=True)]


def _scalars(values: list[Value], variables: list[Any]) -> list[Any]:
    """What a loop carries: small arrays as their scalars, others whole."""
    flat = []
    for value, variable in zip(values, variables, strict=True):
        flat += list(_split(value).flat) if _is_small(variable.aval) else [_whole(value)]
    return [jnp.asarray(each) for each in flat]


def _regroup(flat: list[Any], variables: list[Any]) -> list[Value]:
    values, rest = [], list(flat)
    for variable in variables:
        shape = variable.aval.shape
        if not _is_small(variable.aval):
            values.append(rest.pop(0))
            continue
        scalars = np.empty(shape, object)
        for index in np.ndindex(shape):
            scalars[index] = rest.pop(0)
        values.append(_unwrap(scalars))
    return values


_LOOPS = {"scan": _scan, "while": _while}
