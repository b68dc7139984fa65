"""What the interpreters of JAX's own intermediate language share: reading values, doing one equation."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

Equation = Any
"""One of the equations that a program is in JAX's intermediate language."""

ELEMENTWISE = frozenset(
    """
    abs acos acosh add add_any and asin asinh atan atan2 atanh cbrt ceil clamp convert_element_type copy cos cosh div eq
    erf erf_inv erfc exp exp2 expm1 floor ge gt integer_pow is_finite le log log1p logistic lt max min mul ne neg
    nextafter not or pow rem round rsqrt select_n sign sin sinh sqrt square stop_gradient sub tan tanh xor
    """.split()  # noqa: SIM905  a list of words reads better without quotes
)
"""The primitives that compute each number of their result from the numbers at its place."""


def read(known: dict[Any, Any], atom: Any) -> Any:
    """The value of a variable, or of a literal."""
    return atom.val if isinstance(atom, Literal) else known[atom]


def bind(equation: Any, operands: list[Any]) -> list[Any]:
    """Do an equation as it stands, with these operands."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, parameters = bound if isinstance(bound, tuple) else ([], bound)  # before JAX 0.9 they came apart
    outputs = equation.primitive.bind(*functions, *operands, **parameters)
    return list(outputs) if equation.primitive.multiple_results else [outputs]


def variables(atoms: Iterable[Any]) -> list[Any]:
    """Each variable once, in order."""
    return list(dict.fromkeys(filter(is_variable, atoms)))


def is_variable(atom: Any) -> bool:
    """Whether an atom is no literal."""
    return not isinstance(atom, Literal)


def typed(value: Any, atom: Any) -> jax.Array:
    """A value in the type of the atom that has it."""
    return jnp.asarray(value, atom.aval.dtype)


def is_spread(equation: Equation) -> bool:
    """Whether an equation gives a number to all lanes."""
    named = equation.primitive.name == "broadcast_in_dim" and len(equation.invars) == 1
    return named and not equation.invars[0].aval.shape
