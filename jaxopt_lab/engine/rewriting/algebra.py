"""What XLA finds out about the operands of equations: which it knows, and which are the same."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr

from jaxopt_lab.engine.rewriting.equations import ELEMENTWISE, Equation, bind, is_spread, is_variable, variables

_FLIPPED = {"gt": "lt", "ge": "le"}
_COMMUTATIVE = frozenset("add mul max min and or xor eq ne".split())  # noqa: SIM905  as in `equations`
_COMPARISONS = frozenset("lt le gt ge eq ne".split())  # noqa: SIM905

_EXACT: dict[str, Any] = {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "square": np.square,
    "neg": np.negative, "max": np.maximum, "min": np.minimum, "sqrt": np.sqrt,
}  # fmt: skip
"""Arithmetic of floating-point numbers that is rounded to the nearest everywhere."""

Operand = Any
"""What an atom is known as: its value, or the first variable that is the same."""


class Algebra:
    """The simplifications that could leave an equation without one of its operands.

    Attributes:
        values: of the variables that are known.
    """

    def __init__(self, jaxpr: Jaxpr) -> None:
        """Begin with what a program has as constants."""
        self.values: dict[Any, Any] = {}
        self._known_unread = set(jaxpr.constvars)
        self._same: dict[Any, Any] = {}
        self._first: dict[Any, Any] = {}
        self._made_by: dict[Any, tuple[Any, ...]] = {}

    def others(self, atoms: Sequence[Any]) -> list[Any]:
        """The atoms that are not known."""
        return [atom for atom in variables(atoms) if atom not in self.values and atom not in self._known_unread]

    def add(self, equation: Equation) -> None:
        """Add an equation of what lanes have in common."""
        arithmetic = equation.primitive.name in ELEMENTWISE or is_spread(equation)
        if self.others(equation.invars):
            if arithmetic:
                self._note(equation)
            return
        values = [self._value(atom) for atom in equation.invars]
        if None in values or not arithmetic:
            self._known_unread.update(equation.outvars)
            return
        operands = [np.asarray(value, atom.aval.dtype) for value, atom in zip(values, equation.invars, strict=True)]
        self.values[equation.outvars[0]] = _computed(equation, operands).item()

    def may_drop_operands(self, equation: Equation) -> bool:
        """Add one of lanes; whether XLA may find that it does not depend on an operand: idle ones end XLA's process."""
        if not self._known_unread.isdisjoint(variables(equation.invars)):
            return True
        self._note(equation)
        name, kind = equation.primitive.name, np.dtype(equation.invars[-1].aval.dtype)
        operands = [self._operand(atom) for atom in equation.invars]
        twice = len(set(operands)) < len(operands)
        if name == "select_n":
            return twice or not _is_unknown(operands[0])
        if name in ("pow", "integer_pow"):
            return equation.params.get("y") == 0 or 0 in operands
        if kind.kind == "f":
            return False
        ends = {0, 1} if kind.kind == "b" else {np.iinfo(kind).min, np.iinfo(kind).max}
        ends |= set() if name in ("max", "min") or name in _COMPARISONS else {0, 1, -1}
        bounded = name in _COMPARISONS or name in ("mul", "div", "rem", "and", "or", "max", "min")
        return twice or (bounded and not ends.isdisjoint(operands))

    def _note(self, equation: Equation) -> None:
        """Find out whether a result is one of the operands, or another result."""
        out, operands = equation.outvars[0], [self._operand(atom) for atom in equation.invars]
        operand = self._identical(equation, operands)
        if operand is None:
            made_by = self._described(equation, operands)
            operand = self._first.setdefault(made_by, out)
            self._made_by[out] = made_by
        if _is_unknown(operand):
            self._same[out] = operand

    def _identical(self, equation: Equation, operands: list[Operand]) -> Operand | None:
        """The operand that a result is; None if it is none."""
        name, first, last = equation.primitive.name, operands[0], operands[-1]
        kinds = {atom.aval.dtype for atom in (equation.invars[0], equation.outvars[0])}
        if name in ("copy", "stop_gradient") or (name == "convert_element_type" and len(kinds) == 1):
            return first
        if name in ("neg", "not") and self._made_by.get(first, ("",))[0] == name:
            return self._made_by[first][-1]
        neutral = {"add": 0, "add_any": 0, "sub": 0, "mul": 1, "div": 1, "pow": 1}.get(name)
        if equation.params.get("y") == 1 or (neutral is not None and _is(last, neutral)):
            return first
        if name in ("add", "add_any", "mul") and _is(first, neutral):
            return last
        return first if name in ("max", "min") and first is last else None

    def _described(self, equation: Equation, operands: list[Operand]) -> tuple[Any, ...]:
        """A result by what it is made of: the same for those that XLA finds to be the same."""
        name, last = equation.primitive.name, operands[-1]
        known = not _is_unknown(last)
        if name == "square" or equation.params.get("y") == 2:
            return ("mul", operands[0], operands[0])
        if name == "select_n" and self._made_by.get(operands[0], ("",))[0] == "not":
            operands = [self._made_by[operands[0]][-1], *operands[:0:-1]]
        elif name == "sub" and known:
            name, operands = "add", [operands[0], -last]
        elif name == "div" and known and isinstance(last, float) and abs(math.frexp(last)[0]) == 0.5:
            name, operands = "mul", [operands[0], 1 / last]
        elif name in _FLIPPED:
            name, operands = _FLIPPED[name], operands[::-1]
        name = "add" if name == "add_any" else name
        if name in _COMMUTATIVE:
            return (name, *sorted(operands, key=id if all(map(_is_unknown, operands)) else _is_unknown))
        return (name, str(equation.params), *operands)

    def _operand(self, atom: Any) -> Operand:
        value = self._value(atom)
        return self._same.get(atom, atom) if value is None else value

    def _value(self, atom: Any) -> Any:
        if is_variable(atom):
            return self.values.get(atom)
        return None if np.shape(atom.val) else np.asarray(atom.val).item()


def _is_unknown(operand: Operand) -> bool:
    """Whether an operand is a variable, and no value."""
    return not isinstance(operand, bool | int | float)


def _is(operand: Operand, value: Any) -> bool:
    return not _is_unknown(operand) and operand == value


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
