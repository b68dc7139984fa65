"""Loops whose steps pass over the lanes once.

XLA makes five loops over the lanes of a step of Adam: whatever two results are computed from goes through memory. Here
the body of a loop is put in order, where all it does for the lanes is arithmetic on one number of each: first what they
have in common, and then all that is of lanes in a single loop.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr

from jaxopt_lab.engine.rewriting.bodies import Step, is_in_common, step_of
from jaxopt_lab.engine.rewriting.equations import Equation, bind, is_spread, is_variable, read, typed
from jaxopt_lab.engine.rewriting.kernels import as_one_kernel, as_one_loop
from jaxopt_lab.engine.rewriting.passes import Pass


def in_one_pass(function: Callable[..., Any], lanes: int) -> Callable[..., Any]:
    """The same pure function, with loops that pass over the lanes once a step where they can.

    Args:
        function: a function of pytrees of arrays, mapped over lanes after `in_scalars` took it apart. It is run, not
            differentiated.
        lanes: over how many.

    Example:
        >>> def halved(x):
        ...     return jax.lax.fori_loop(0, 3, lambda _, x: x / 2 + 1, x)
        >>> program = jax.make_jaxpr(in_one_pass(halved, 4))(jnp.ones(4))
        >>> print(program.eqns[-1].primitive, in_one_pass(halved, 4)(jnp.ones(4)))
        one_kernel [1.875 1.875 1.875 1.875]
    """

    def rewritten(*arguments: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        outputs = _evaluate(closed.jaxpr, closed.consts, jax.tree.leaves(arguments), lanes)
        return jax.tree.unflatten(jax.tree.structure(shape), outputs)

    return rewritten


def fits_one_kernel(function: Callable[..., Any], lanes: int, *arguments: Any) -> bool:
    """Whether a function as `in_one_pass` takes it has loops, each of which can become a kernel."""
    equations = jax.make_jaxpr(function)(*arguments).eqns
    loops = [_LOOPS[each.primitive.name](each, lanes) for each in equations if each.primitive.name in _LOOPS]
    return bool(loops) and all(fits for _, fits in loops)


def _evaluate(jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], lanes: int) -> list[Any]:
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))
    for equation in jaxpr.eqns:
        operands = [read(known, atom) for atom in equation.invars]
        if equation.primitive.name in _LOOPS:
            loop, fits = _LOOPS[equation.primitive.name](equation, lanes)
            outputs = as_one_kernel(loop, *operands) if fits else loop(None, *operands)
        else:
            outputs = bind(equation, operands)
        known.update(zip(equation.outvars, outputs, strict=True))
    return [read(known, atom) for atom in jaxpr.outvars]


# --- loops ---

Loop = tuple[Callable[..., list[Any]], bool]
"""The loop that an equation is, as a function of its operands; and whether its steps pass over the lanes once."""


def _scan(equation: Equation, lanes: int) -> Loop:
    parameters, body = equation.params, equation.params["jaxpr"]
    num_consts, num_fixed = parameters["num_consts"], parameters["num_consts"] + parameters["num_carry"]
    # XLA makes no loop of a single turn, and a kernel without a loop is none.
    alone = parameters["num_carry"] == len(body.jaxpr.outvars) and num_fixed == len(equation.invars)
    alone = alone and parameters["length"] >= 2 * parameters["unroll"]
    turn, fits = _turn(body.jaxpr, lanes, alone)

    def loop(least: Any, *operands: Any) -> list[Any]:
        def step(carry: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
            outputs = turn(body.jaxpr, body.consts, [*operands[:num_consts], *carry, *x], lanes, least)
            return outputs[: parameters["num_carry"]], outputs[parameters["num_carry"] :]

        start, xs = list(operands[num_consts:num_fixed]), list(operands[num_fixed:])
        last, ys = jax.lax.scan(step, start, xs, parameters["length"], parameters["reverse"], parameters["unroll"])
        return [*last, *ys]

    return loop, fits


def _while(equation: Equation, lanes: int) -> Loop:
    condition, body = equation.params["cond_jaxpr"], equation.params["body_jaxpr"]
    first = equation.params["cond_nconsts"]
    second = first + equation.params["body_nconsts"]
    counted = all(is_in_common(each, lanes) for each in condition.jaxpr.eqns)
    turn, fits = _turn(body.jaxpr, lanes, counted)

    def loop(least: Any, *operands: Any) -> list[Any]:
        return jax.lax.while_loop(
            lambda carry: _evaluate(condition.jaxpr, condition.consts, [*operands[:first], *carry], lanes)[0],
            lambda carry: turn(body.jaxpr, body.consts, [*operands[first:second], *carry], lanes, least),
            list(operands[second:]),
        )

    return loop, fits


_LOOPS: dict[str, Callable[[Equation, int], Loop]] = {"scan": _scan, "while": _while}


def _turn(body: Jaxpr, lanes: int, may: bool) -> tuple[Callable[..., list[Any]], bool]:
    """How a turn of a loop is computed, and whether in one pass."""
    step = step_of(body, lanes) if may else None
    if step is None:
        return lambda *turn: _evaluate(*turn[:-1]), False
    return functools.partial(_one_pass, step), True


# --- a step ---


def _one_pass(
    step: Step, jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], lanes: int, least: jax.Array
) -> list[Any]:
    """What the lanes have in common as it stands, and all that is of lanes in one loop."""
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))
    seen: dict[Any, list[Any]] = {}
    for equation in step.in_common:
        operands = [read(known, atom) for atom in equation.invars]
        # What XLA would find to be the same must be the same here.
        described = (equation.primitive.name, str(equation.params), *map(_described, operands))
        if described not in seen:
            seen[described] = operands if is_spread(equation) else bind(equation, operands)
        known.update(zip(equation.outvars, seen[described], strict=True))

    for each in step.passes:
        known.update(zip(each.outputs, _pass_over(step, each, known, lanes, least), strict=True))
    same = lambda atom: jnp.broadcast_to(typed(known[atom], atom), (lanes,))
    return [same(atom) if is_variable(atom) and atom in step.numbers else read(known, atom) for atom in jaxpr.outvars]


def _pass_over(step: Step, each: Pass, known: dict[Any, Any], lanes: int, least: jax.Array) -> list[Any]:
    """What one loop over the lanes writes."""
    # A choice by what a fusion was given ends XLA; what is computed from that may be chosen by.
    flags = [atom for atom in each.inputs if atom.aval.dtype == bool and atom.aval.shape]
    guarded = [atom for atom in each.outputs if atom in each.guarded]
    ordered = [] if each.after is None else [each.after, each.outputs[0]]
    inputs = [*each.inputs, *ordered[:1]]

    def loop(*values: Any) -> list[Any]:
        rest = iter(values)
        inside = step.constants | {atom: next(rest) for atom in inputs}
        spread = lambda value: jnp.broadcast_to(value, (lanes,))
        inside |= {atom: jnp.maximum(inside[atom], spread(next(rest))) for atom in flags}
        for equation in each.equations:
            operands = [spread(typed(read(inside, atom), atom)) for atom in equation.invars]
            inside[equation.outvars[0]] = bind(equation, operands)[0]
        # What a fusion gives must not be what it was given.
        inside |= {atom: jnp.maximum(inside[atom], spread(next(rest))) for atom in guarded}
        if ordered:  # nothing is less than the least
            after, first = ordered
            inside[first] = jnp.where(inside[after] < spread(next(rest)), spread(next(rest)), inside[first])
        return [inside[atom] for atom in each.outputs]

    least_ones = (_least(least, atom) for atom in [*flags, *guarded, *ordered])
    return as_one_loop(loop, *(known[atom] for atom in inputs), *least_ones)


def _described(value: Any) -> Any:
    return id(value) if isinstance(value, jax.Array) else (str(np.asarray(value).dtype), np.asarray(value).tobytes())


def _least(least: jax.Array, atom: Any) -> jax.Array:
    """The least number of a kind, made of minus infinity so that XLA does not know it."""
    kind = np.dtype(atom.aval.dtype)
    if kind.kind == "f":
        return least.astype(kind)
    return jnp.where(least < 0, np.asarray(False if kind.kind == "b" else np.iinfo(kind).min, kind), np.ones((), kind))
