"""What the body of a loop does for lanes: whether it is arithmetic, and nothing that XLA would simplify too far.

XLA takes the words of `kernels` on trust, and does not look whether what it makes of them can still be compiled: a loop
over lanes must look at all that it is given, and give nothing back as it came, and XLA's own simplifications may bring
the contrary about. So what might be simplified in such a way is found out first, see `algebra`.
"""

from typing import Any, NamedTuple

from jax.extend.core import Jaxpr

from jaxopt_lab.engine.rewriting.algebra import Algebra
from jaxopt_lab.engine.rewriting.equations import ELEMENTWISE, Equation, is_spread, variables
from jaxopt_lab.engine.rewriting.passes import Pass, passes_of

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
    algebra = Algebra(jaxpr)
    step, of_lanes = Step([], [], set(), algebra.values), []
    for equation in _needed(jaxpr):
        out, atoms = equation.outvars[0], equation.invars
        of_numbers = all(not atom.aval.shape or atom in step.numbers for atom in variables(atoms))
        if is_in_common(equation, lanes):
            step.in_common.append(equation)
            algebra.add(equation)
        elif of_numbers and (_is_of_lanes(equation, lanes) or (is_spread(equation) and _is_plain(atoms[0]))):
            step.in_common.append(equation)
            step.numbers.add(out)
            algebra.add(equation)
        elif _is_of_lanes(equation, lanes) and not algebra.may_drop_operands(equation):
            of_lanes.append(equation)
        else:
            return None
    replaced = list(zip(jaxpr.outvars, jaxpr.invars[len(jaxpr.invars) - len(jaxpr.outvars) :], strict=True))
    step.passes.extend(passes_of(of_lanes, replaced, algebra.others) or [])
    return step if step.passes else None


def _needed(jaxpr: Jaxpr) -> list[Equation]:
    """The equations that the outputs depend on."""
    wanted, equations = set(variables(jaxpr.outvars)), []
    for equation in reversed(jaxpr.eqns):
        if wanted.intersection(equation.outvars):
            wanted.update(variables(equation.invars))
            equations.append(equation)
    return equations[::-1]


def _is_of_lanes(equation: Equation, lanes: int) -> bool:
    """Whether an equation is arithmetic on a number of each lane."""
    if equation.primitive.name not in ELEMENTWISE or equation.outvars[0].aval.shape != (lanes,):
        return False
    return all(_is_plain(atom) and atom.aval.shape in ((), (lanes,)) for atom in [*equation.invars, *equation.outvars])


def is_in_common(equation: Equation, lanes: int) -> bool:
    """Whether an equation is arithmetic on what all lanes share."""
    atoms = [*equation.invars, *equation.outvars]
    return equation.primitive.name in IN_COMMON and all(_is_plain(a) and lanes not in a.aval.shape for a in atoms)


def _is_plain(atom: Any) -> bool:
    return str(atom.aval.dtype) in KINDS
