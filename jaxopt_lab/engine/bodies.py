"""What the body of a loop does for lanes: whether it is arithmetic, and what XLA would find out about it.

XLA takes the words of `kernels` on trust, and does not look whether what it makes of them can still be compiled: a loop
over lanes must look at all that it is given, and give nothing back as it came, and XLA's own simplifications may bring
the contrary about. So what might be simplified in such a way is found out here, first.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr

from jaxopt_lab.engine.equations import ELEMENTWISE, bind
from jaxopt_lab.engine.passes import Equation, Pass, is_variable, passes_of, variables

IN_COMMON = ELEMENTWISE | frozenset(
    """
    bitcast_convert_type broadcast_in_dim concatenate iota random_bits random_fold_in random_seed random_unwrap
    random_wrap reshape shift_left shift_right_logical slice split squeeze threefry2x32
    """.split()  # noqa: SIM905  a list of words reads better without quotes
)
"""What lanes may have in common: arithmetic, and what random numbers are made of."""

KINDS = frozenset(["float32", "float64", "int32", "int64", "uint32", "uint64", "bool", "key<fry>"])
"""Of what. Half the precision is left to XLA, which computes in whole."""


class Step(NamedTuple):
    """The equations of a step in order.

    Attributes:
        in_common: what lanes have in common.
        passes: all others, in one or more loops over the lanes.
        numbers: vectors that are the same for all lanes; numbers stand for them.
        constants: the values of numbers that are known.
    """

    in_common: list[Equation]
    passes: list[Pass]
    numbers: set[Any]
    constants: dict[Any, Any]


def step_of(jaxpr: Jaxpr, lanes: int) -> Step | None:
    """The step that the body of a loop is; None if it is more than arithmetic, or has nothing of lanes."""
    constants = _Constants(jaxpr)
    step, of_lanes = Step([], [], set(), constants.values), []
    for equation in _needed(jaxpr):
        out, atoms = equation.outvars[0], equation.invars
        of_numbers = all(not atom.aval.shape or atom in step.numbers for atom in variables(atoms))
        if is_in_common(equation, lanes):
            step.in_common.append(equation)
            constants.add(equation)
        elif is_spread(equation) or (of_numbers and _is_of_lanes(equation, lanes)):
            step.in_common.append(equation)
            step.numbers.add(out)
            constants.add(equation)
        elif _is_of_lanes(equation, lanes) and not constants.may_drop_operands(equation):
            of_lanes.append(equation)
        else:
            return None
    replaced = list(zip(jaxpr.outvars, jaxpr.invars[len(jaxpr.invars) - len(jaxpr.outvars) :], strict=True))
    step.passes.extend(passes_of(of_lanes, replaced, constants.others) or [])
    return step if step.passes else None


class _Constants:
    """What XLA finds out about the operands of equations: which it knows, and which are the same."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        """Begin with what a program has as constants."""
        self.values: dict[Any, Any] = {}
        self._known_unread = set(jaxpr.constvars)
        self._same: dict[Any, Any] = {}
        self._seen: dict[Any, Any] = {}

    def others(self, atoms: Sequence[Any]) -> list[Any]:
        """The atoms that are not known."""
        return [atom for atom in variables(atoms) if atom not in self.values and atom not in self._known_unread]

    def add(self, equation: Equation) -> None:
        """Add an equation of what lanes have in common."""
        if self.others(equation.invars):
            return
        values = [self._value(atom) for atom in equation.invars]
        if None in values or not (equation.primitive.name in ELEMENTWISE or is_spread(equation)):
            self._known_unread.update(equation.outvars)
            return
        operands = [np.asarray(value, atom.aval.dtype) for value, atom in zip(values, equation.invars, strict=True)]
        self.values[equation.outvars[0]] = _computed(equation, operands).item()

    def may_drop_operands(self, equation: Equation) -> bool:
        """Whether XLA may find that a result does not depend on an operand; a fusion with an idle one is none to it."""
        if not self._known_unread.isdisjoint(variables(equation.invars)):
            return True
        name, kind, out = equation.primitive.name, np.dtype(equation.invars[-1].aval.dtype), equation.outvars[0]
        operands = [self._same.get(atom, atom) if is_variable(atom) else atom for atom in equation.invars]
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
        if is_variable(atom):
            return self.values.get(atom)
        return None if np.shape(atom.val) else np.asarray(atom.val).item()


def _computed(equation: Equation, operands: list[np.ndarray]) -> Any:
    """What an equation gives whose operands are known, by NumPy where that has the same bits: JAX compiles programs."""
    name, kind = equation.primitive.name, np.dtype(equation.outvars[0].aval.dtype)
    if is_spread(equation) or (name == "convert_element_type" and kind.kind == "f"):
        return operands[0].astype(kind)
    if name in _EXACT and kind.kind == "f":
        with np.errstate(all="ignore"):
            return _EXACT[name](*operands)
    with jax.ensure_compile_time_eval():
        return np.asarray(bind(equation, [jnp.asarray(each) for each in operands])[0])


_EXACT: dict[str, Any] = {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "square": np.square,
    "neg": np.negative, "max": np.maximum, "min": np.minimum, "sqrt": np.sqrt,
}  # fmt: skip
"""Arithmetic of floating-point numbers that is rounded to the nearest everywhere."""


def _needed(jaxpr: Jaxpr) -> list[Equation]:
    """The equations that the outputs depend on."""
    wanted, equations = set(variables(jaxpr.outvars)), []
    for equation in reversed(jaxpr.eqns):
        if wanted.intersection(equation.outvars):
            wanted.update(variables(equation.invars))
            equations.append(equation)
    return equations[::-1]


def typed(value: Any, atom: Any) -> jax.Array:
    """A value in the type of the atom that has it."""
    return jnp.asarray(value, atom.aval.dtype)


def _is_of_lanes(equation: Equation, lanes: int) -> bool:
    """Whether an equation is arithmetic on a number of each lane."""
    if equation.primitive.name not in ELEMENTWISE or equation.outvars[0].aval.shape != (lanes,):
        return False
    return all(_is_plain(atom) and atom.aval.shape in ((), (lanes,)) for atom in [*equation.invars, *equation.outvars])


def is_in_common(equation: Equation, lanes: int) -> bool:
    """Whether an equation is arithmetic on what all lanes share."""
    atoms = [*equation.invars, *equation.outvars]
    return equation.primitive.name in IN_COMMON and all(_is_plain(a) and lanes not in a.aval.shape for a in atoms)


def is_spread(equation: Equation) -> bool:
    """Whether an equation gives a number to all lanes."""
    if equation.primitive.name != "broadcast_in_dim" or len(equation.invars) > 1:
        return False
    (source,) = equation.invars
    return _is_plain(source) and not source.aval.shape


def _is_plain(atom: Any) -> bool:
    return str(atom.aval.dtype) in KINDS
