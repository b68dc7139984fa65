"""Loops whose steps pass over the lanes once.

XLA makes five loops over the lanes of a step of Adam: whatever two results are computed from goes through memory. Here
the body of a loop is put in order, where all it does for the lanes is arithmetic on one number of each: first what they
have in common, and then all that is of lanes in a single loop.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

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


def _evaluate(jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], lanes: int) -> list[Any]:
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))
    for equation in jaxpr.eqns:
        operands = [read(known, atom) for atom in equation.invars]
        if equation.primitive.name in _LOOPS:
            loop, fits = _LOOPS[equation.primitive.name](equation, lanes)
            outputs = as_one_kernel(loop, *operands) if fits else loop(*operands)
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

    def loop(*operands: Any) -> list[Any]:
        def step(carry: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
            outputs = turn(body.jaxpr, body.consts, [*operands[:num_consts], *carry, *x], lanes)
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

    def loop(*operands: Any) -> list[Any]:
        return jax.lax.while_loop(
            lambda carry: _evaluate(condition.jaxpr, condition.consts, [*operands[:first], *carry], lanes)[0],
            lambda carry: turn(body.jaxpr, body.consts, [*operands[first:second], *carry], lanes),
            list(operands[second:]),
        )

    return loop, fits


_LOOPS: dict[str, Callable[[Equation, int], Loop]] = {"scan": _scan, "while": _while}


def _turn(body: Jaxpr, lanes: int, may: bool) -> tuple[Callable[..., list[Any]], bool]:
    """How a turn of a loop is computed, and whether in one pass."""
    equations = _needed(body)
    common = _in_common_behind(equations)
    of_lanes = [each for each in equations if _is_of_lanes(each, lanes)]
    others = (each for each in equations if each not in of_lanes)
    fits = bool(of_lanes) and all(_is_in_common(each, lanes) or _is_spread(each) for each in others)
    fits = fits and not any(_may_drop_operands(each, _behind(each, common)) for each in of_lanes)
    return (_one_pass, True) if may and fits else (_evaluate, False)


# --- the body of a loop ---


def _one_pass(jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any], lanes: int) -> list[Any]:
    """What the lanes have in common as it stands, and all that is of lanes in one loop."""
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))
    equations = _needed(jaxpr)
    of_lanes = [each for each in equations if _is_of_lanes(each, lanes)]
    for equation in equations:
        if not _is_of_lanes(equation, lanes):
            outputs = bind(equation, [read(known, atom) for atom in equation.invars])
            known.update(zip(equation.outvars, outputs, strict=True))

    made, common = {each.outvars[0] for each in of_lanes}, _in_common_behind(equations)
    operands = [_behind(each, common) for each in of_lanes]
    # XLA, too, divides by what is the same for all in this way, where it finds that in no fusion yet.
    divisors = [_common_divisor(each, atoms) for each, atoms in zip(of_lanes, operands, strict=True)]
    inverses = [1 / jnp.asarray(read(known, atom), atom.aval.dtype) for atom in divisors if atom is not None]
    looked_at = [atoms[: 1 if divisor else None] for atoms, divisor in zip(operands, divisors, strict=True)]
    inputs = [atom for atom in _variables(atom for atoms in looked_at for atom in atoms) if atom not in made]
    outputs = [atom for atom in _variables(jaxpr.outvars) if atom in made]

    def pass_over(*values: Any) -> list[Any]:
        inside, inverse = dict(zip(inputs, values, strict=False)), iter(values[len(inputs) :])
        for equation, atoms, divisor in zip(of_lanes, looked_at, divisors, strict=True):
            given = [_spread(read(inside, atom), atom.aval.dtype, lanes) for atom in atoms]
            divided = divisor and given[0] * _spread(next(inverse), given[0].dtype, lanes)
            inside[equation.outvars[0]] = bind(equation, given)[0] if divided is None else divided
        return [inside[atom] for atom in outputs]

    passed = as_one_loop(pass_over, *(known[atom] for atom in inputs), *inverses)
    known.update(zip(outputs, passed, strict=True))
    return [read(known, atom) for atom in jaxpr.outvars]


def _in_common_behind(equations: list[Equation]) -> dict[Any, Any]:
    """For each vector that gives a number to all lanes, that number."""
    return {each.outvars[0]: each.invars[0] for each in equations if _is_spread(each)}


def _behind(equation: Equation, common: dict[Any, Any]) -> list[Any]:
    """The operands of an equation, with numbers in place of such vectors."""
    return [common.get(atom, atom) if _is_variable(atom) else atom for atom in equation.invars]


def _may_drop_operands(equation: Equation, atoms: list[Any]) -> bool:
    """Whether XLA may find out that a result does not depend on an operand; it does not take a fusion with one idle."""
    name, kind = equation.primitive.name, np.dtype(equation.invars[-1].aval.dtype)
    literals = [np.asarray(atom.val).item() for atom in atoms if isinstance(atom, Literal)]
    twice = len({atom for atom in atoms if _is_variable(atom)}) + len(literals) < len(atoms)
    if name == "select_n":
        return isinstance(atoms[0], Literal) or twice or len(literals) > 1
    if name in ("pow", "integer_pow"):
        return equation.params.get("y") == 0 or 0 in literals
    if jnp.issubdtype(kind, jnp.inexact):
        return False
    ends = {0, 1} if kind.kind == "b" else {np.iinfo(kind).min, np.iinfo(kind).max}
    ends = ends if name in ("max", "min") else ends | {0, 1, -1}
    return twice or (name in ("mul", "div", "rem", "and", "or", "max", "min") and not ends.isdisjoint(literals))


def _common_divisor(equation: Equation, atoms: list[Any]) -> Any:
    """The number by which an equation divides all lanes, or None."""
    divides = equation.primitive.name == "div" and jnp.issubdtype(equation.outvars[0].aval.dtype, jnp.floating)
    return atoms[1] if divides and not atoms[1].aval.shape else None


def _spread(value: Any, dtype: Any, lanes: int) -> jax.Array:
    return jnp.broadcast_to(jnp.asarray(value, dtype), (lanes,))


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
    (source, *more) = equation.invars
    return equation.primitive.name == "broadcast_in_dim" and not more and _is_plain(source) and not source.aval.shape


def _is_plain(atom: Any) -> bool:
    return str(atom.aval.dtype) in KINDS
