"""Loops whose steps pass over the lanes once.

XLA makes five loops over the lanes of a step of Adam: whatever two results are computed from goes through memory. Here
the body of a loop is put in order, where all it does for the lanes is arithmetic on one number of each: first what they
have in common, and then all that is of lanes in a single loop.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr, Literal

from jaxopt_lab.engine.equations import ELEMENTWISE, bind, read
from jaxopt_lab.engine.kernels import as_one_kernel, as_one_loop

IN_COMMON = ELEMENTWISE | frozenset(
    """
    bitcast_convert_type broadcast_in_dim concatenate iota random_bits random_fold_in random_seed random_unwrap
    random_wrap reshape shift_left shift_right_logical slice split squeeze threefry2x32
    """.split()  # noqa: SIM905  a list of words reads better without quotes
)
"""What lanes may have in common: arithmetic, and what random numbers are made of."""

KINDS = frozenset(["float32", "float64", "int32", "int64", "uint32", "uint64", "bool", "key<fry>"])
"""Of what. Half the precision is left to XLA, which computes in whole."""

Equation = Any


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


def fits_one_pass(function: Callable[..., Any], lanes: int, *arguments: Any) -> bool:
    """Whether a function as `in_one_pass` takes it has loops, and all of them can pass over the lanes once a step."""
    equations = jax.make_jaxpr(function)(*arguments).eqns
    loops = [_LOOPS[each.primitive.name](each, lanes) for each in equations if each.primitive.name in _LOOPS]
    return bool(loops) and all(fits for _, fits in loops)


def _evaluate(jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], lanes: int, _: Any = None) -> list[Any]:
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
    counted = all(_is_in_common(each, lanes) for each in condition.jaxpr.eqns)
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
    step = _step(body, lanes) if may else None
    return (_evaluate, False) if step is None else (functools.partial(_one_pass, step), True)


# --- the body of a loop ---


class Step(NamedTuple):
    """The equations of a step in order.

    Attributes:
        in_common: what lanes have in common.
        of_lanes: all others.
        numbers: vectors that are the same for all lanes; numbers stand for them.
        guarded: outputs that XLA might find to be one of the inputs.
    """

    in_common: list[Equation]
    of_lanes: list[Equation]
    numbers: set[Any]
    guarded: set[Any]


def _step(jaxpr: Jaxpr, lanes: int) -> Step | None:
    """The step that the body of a loop is; None if it is more than arithmetic, or has nothing of lanes."""
    step = Step([], [], set(), set())
    constants = Constants(jaxpr)
    sources: dict[Any, set[Any]] = {}
    for equation in _needed(jaxpr):
        out, atoms = equation.outvars[0], equation.invars
        of_numbers = all(not atom.aval.shape or atom in step.numbers for atom in _variables(atoms))
        if _is_in_common(equation, lanes):
            step.in_common.append(equation)
            constants.add(equation)
        elif _is_spread(equation) or (of_numbers and _is_of_lanes(equation, lanes)):
            step.in_common.append(equation)
            step.numbers.add(out)
            constants.add(equation)
        elif _is_of_lanes(equation, lanes) and not constants.may_drop_operands(equation):
            step.of_lanes.append(equation)
            sources[out] = set().union(*(sources.get(atom, {atom}) for atom in constants.others(atoms)))
        else:
            return None
    step.guarded.update(out for out in _variables(jaxpr.outvars) if len(sources.get(out, "no less than two")) < 2)
    return step if step.of_lanes else None


def _one_pass(
    step: Step, jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], lanes: int, least: jax.Array
) -> list[Any]:
    """What the lanes have in common as it stands, and all that is of lanes in one loop."""
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))
    for equation in step.in_common:
        operands = [read(known, atom) for atom in equation.invars]
        known.update(zip(equation.outvars, operands if _is_spread(equation) else bind(equation, operands), strict=True))

    made = {equation.outvars[0] for equation in step.of_lanes}
    # XLA, too, divides by what is the same for all in this way, where it finds that in no fusion yet.
    divided = [each for each in step.of_lanes if _divides_by_number(each, step.numbers)]
    inverses = [1 / _typed(read(known, each.invars[1]), each.invars[1]) for each in divided]
    looked_at = [each.invars[:1] if each in divided else each.invars for each in step.of_lanes]
    inputs = [atom for atom in _variables(atom for atoms in looked_at for atom in atoms) if atom not in made]
    outputs = [atom for atom in _variables(jaxpr.outvars) if atom in made]
    guards = [_least(least, atom) for atom in outputs if atom in step.guarded]

    def pass_over(*values: Any) -> list[Any]:
        rest = iter(values[len(inputs) :])
        inside = dict(zip(inputs, values, strict=False))
        spread = lambda value: jnp.broadcast_to(value, (lanes,))
        for equation, atoms in zip(step.of_lanes, looked_at, strict=True):
            given = [spread(_typed(read(inside, atom), atom)) for atom in atoms]
            result = given[0] * spread(next(rest)) if equation in divided else bind(equation, given)[0]
            inside[equation.outvars[0]] = result
        # What a fusion gives must not be what it was given.
        return [jnp.maximum(inside[a], spread(next(rest))) if a in step.guarded else inside[a] for a in outputs]

    passed = as_one_loop(pass_over, *(known[atom] for atom in inputs), *inverses, *guards)
    known.update(zip(outputs, passed, strict=True))
    same = lambda atom: jnp.broadcast_to(_typed(known[atom], atom), (lanes,))
    return [same(atom) if _is_variable(atom) and atom in step.numbers else read(known, atom) for atom in jaxpr.outvars]


def _divides_by_number(equation: Equation, numbers: set[Any]) -> bool:
    divides = equation.primitive.name == "div" and jnp.issubdtype(equation.outvars[0].aval.dtype, jnp.floating)
    divisor = equation.invars[-1]
    return divides and (not divisor.aval.shape or (_is_variable(divisor) and divisor in numbers))


def _typed(value: Any, atom: Any) -> jax.Array:
    return jnp.asarray(value, atom.aval.dtype)


def _least(least: jax.Array, atom: Any) -> jax.Array:
    """The least number of a kind, made of minus infinity so that XLA does not know it."""
    kind = np.dtype(atom.aval.dtype)
    if kind.kind == "f":
        return least.astype(kind)
    return jnp.where(least < 0, np.asarray(False if kind.kind == "b" else np.iinfo(kind).min, kind), np.ones((), kind))


class Constants:
    """What XLA finds out about the operands of equations: which it knows, and which are the same."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        """Begin with what a program has as constants; their values are not looked at."""
        self._unread = set(jaxpr.constvars)
        self._values: dict[Any, Any] = {}
        self._same: dict[Any, Any] = {}
        self._seen: dict[Any, Any] = {}

    def others(self, atoms: Sequence[Any]) -> list[Any]:
        """The atoms that are not known."""
        return [atom for atom in _variables(atoms) if atom not in self._values and atom not in self._unread]

    def add(self, equation: Equation) -> None:
        """Add an equation of numbers."""
        if equation.primitive.name not in ELEMENTWISE and not _is_spread(equation):
            return
        values = [self._value(atom) for atom in equation.invars]
        if not self.others(equation.invars) and None not in values:
            with jax.ensure_compile_time_eval():
                operands = [_typed(value, atom) for value, atom in zip(values, equation.invars, strict=True)]
                (value,) = operands if _is_spread(equation) else bind(equation, operands)
                self._values[equation.outvars[0]] = np.asarray(value).item()

    def may_drop_operands(self, equation: Equation) -> bool:
        """Whether XLA may find that a result does not depend on an operand; a fusion with an idle one is none to it."""
        name, kind, out = equation.primitive.name, np.dtype(equation.invars[-1].aval.dtype), equation.outvars[0]
        operands = [self._same.get(atom, atom) if _is_variable(atom) else atom for atom in equation.invars]
        values = [self._value(atom) for atom in operands]
        described = tuple(atom if value is None else value for atom, value in zip(operands, values, strict=True))
        self._same[out] = self._seen.setdefault((name, str(equation.params), described), out)
        twice = len(set(described)) < len(described)
        if name == "select_n":
            return values[0] is not None or twice
        if name in ("pow", "integer_pow"):
            return equation.params.get("y") == 0 or 0 in values
        if kind.kind == "f":
            return False
        ends = {0, 1} if kind.kind == "b" else {np.iinfo(kind).min, np.iinfo(kind).max}
        ends = ends if name in ("max", "min") else ends | {0, 1, -1}
        return twice or (name in ("mul", "div", "rem", "and", "or", "max", "min") and not ends.isdisjoint(values))

    def _value(self, atom: Any) -> Any:
        return self._values.get(atom) if _is_variable(atom) else np.asarray(atom.val).item()


def _needed(jaxpr: Jaxpr) -> list[Equation]:
    """The equations that the outputs depend on."""
    wanted, equations = set(_variables(jaxpr.outvars)), []
    for equation in reversed(jaxpr.eqns):
        if wanted.intersection(equation.outvars):
            wanted.update(_variables(equation.invars))
            equations.append(equation)
    return equations[::-1]


def _variables(atoms: Iterable[Any]) -> list[Any]:
    """Each variable once, in order."""
    return list(dict.fromkeys(filter(_is_variable, atoms)))


def _is_variable(atom: Any) -> bool:
    return not isinstance(atom, Literal)


def _is_of_lanes(equation: Equation, lanes: int) -> bool:
    """Whether an equation is arithmetic on a number of each lane."""
    if equation.primitive.name not in ELEMENTWISE or equation.outvars[0].aval.shape != (lanes,):
        return False
    return all(_is_plain(atom) and atom.aval.shape in ((), (lanes,)) for atom in [*equation.invars, *equation.outvars])


def _is_in_common(equation: Equation, lanes: int) -> bool:
    """Whether an equation is arithmetic on what all lanes share."""
    atoms = [*equation.invars, *equation.outvars]
    return equation.primitive.name in IN_COMMON and all(_is_plain(a) and lanes not in a.aval.shape for a in atoms)


def _is_spread(equation: Equation) -> bool:
    """Whether an equation gives a number to all lanes."""
    if equation.primitive.name != "broadcast_in_dim" or len(equation.invars) > 1:
        return False
    (source,) = equation.invars
    return _is_plain(source) and not source.aval.shape


def _is_plain(atom: Any) -> bool:
    return str(atom.aval.dtype) in KINDS
