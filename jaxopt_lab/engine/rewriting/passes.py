"""How many loops over the lanes a step is: one, or as few as the compiler still makes vectors of."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from jaxopt_lab.engine.rewriting.equations import Equation, variables
from jaxopt_lab.engine.xla import most_comparisons

CERTAIN = 7 / 8
"""Of several loops, each keeps to this part of what LLVM compares: an array that is not written in place takes more."""

MOST_AGAIN = 2
"""Each loop computes anew what it needs; where that is more than so many times a step, XLA's own loops are faster."""


class Pass(NamedTuple):
    """One loop over the lanes.

    Attributes:
        equations: what it computes, in order.
        inputs: what it reads.
        outputs: what it writes.
        guarded: those of them that XLA might find to be one of the inputs.
        after: what the loop before this one writes, where this one reads nothing of it; None else.
    """

    equations: list[Equation]
    inputs: list[Any]
    outputs: list[Any]
    guarded: set[Any]
    after: Any


def passes_of(
    equations: Sequence[Equation], replaced: Sequence[tuple[Any, Any]], others: Callable[[Sequence[Any]], list[Any]]
) -> list[Pass] | None:
    """Share what a step computes for its lanes among loops; None if no loop would be small enough.

    Before a loop, LLVM compares each array that it writes with all that it reads or writes, and makes no vectors where
    these are too many. So results are computed in several loops then: those that come early write what no later one
    reads, so that all of them work in place, and later ones read what the early ones wrote. Each has to come after the
    one before it: XLA copies what is still to be read when it does not know the order.

    Args:
        equations: elementwise ones, in order.
        replaced: the outputs of the step, each with the input whose place it takes in the next one.
        others: those of the operands of an equation that are not known.
    """
    step = _Results(equations, replaced, others)
    done: set[Any] = set()
    passes: list[Pass] = []
    while len(done) < len(step.outputs):
        group = step.next_group(done)
        if not group:
            return None
        passes.append(step.one_pass(group, done, passes[-1].outputs if passes else []))
        done |= group
    again = sum(len(each.equations) for each in passes)
    return passes if again <= MOST_AGAIN * len(equations) else None


class _Results:
    """What the results of a step are computed from: sets of variables as the bits of whole numbers."""

    def __init__(
        self, equations: Sequence[Equation], replaced: Sequence[tuple[Any, Any]], others: Callable[..., list[Any]]
    ) -> None:
        self._made = {equation.outvars[0]: (equation, others(equation.invars)) for equation in equations}
        self.outputs = [atom for atom in variables(output for output, _ in replaced) if atom in self._made]
        named = variables(atom for out, (_, atoms) in self._made.items() for atom in (*atoms, out))
        names = variables([*named, *(old for _, old in replaced)])
        self._bits = {atom: 1 << place for place, atom in enumerate(names)}
        self._replaced = {
            output: self._union(self._bits[old] for place, old in replaced if place is output)
            for output in self.outputs
        }
        self._most = most_comparisons()

    def next_group(self, done: set[Any]) -> set[Any]:
        """As many results as a loop may write at once."""
        if not done and self._comparisons(set(self.outputs), done) <= self._most:
            return set(self.outputs)
        group: set[Any] = set()
        for output in reversed(self.outputs):  # the parameters, which all else is computed from, come first among them
            if output not in done and output not in group:
                together = group | self._with_readers(output, done | group)
                if self._is_small(together, done):
                    group = together
        return group

    def _with_readers(self, output: Any, known: set[Any]) -> set[Any]:
        """A result and those that can't be computed any more once it has taken its place; and so on."""
        group = {output}
        while True:
            needs = self._needs(known | group)
            gone = self._union(self._replaced[each] for each in group)
            more = {each for each in self.outputs if each not in known and each not in group and needs[each] & gone}
            if not more or not self._is_small(group, known):
                return group | more
            group |= more

    def _is_small(self, group: set[Any], done: set[Any]) -> bool:
        return self._comparisons(group, done) <= CERTAIN * self._most

    def _comparisons(self, group: set[Any], done: set[Any]) -> int:
        """How many pairs there are of an array that a loop writes and another that it reads or writes."""
        needs, written = self._needs(done), len(group)
        read = self._union(needs[each] for each in group) & ~self._union(self._replaced[each] for each in group)
        guarded = sum(needs[each].bit_count() < 2 for each in group)
        return written * (written - 1) // 2 + written * (read.bit_count() + guarded)

    def _needs(self, known: set[Any]) -> dict[Any, int]:
        """What each variable is computed from, if some are known already."""
        needs: dict[Any, int] = {}
        seen: dict[Any, int] = {}
        for out, (_, atoms) in self._made.items():
            needs[out] = self._union(seen.get(atom, self._bits[atom]) for atom in atoms)
            seen[out] = self._bits[out] if out in known else needs[out]
        return needs

    def one_pass(self, group: set[Any], done: set[Any], last: list[Any]) -> Pass:
        """The loop that writes these results."""
        wanted, equations = set(group), []
        for out, (equation, atoms) in reversed(self._made.items()):
            if out in wanted and out not in done:
                wanted.update(atoms)
                equations.append(equation)
        inputs = [atom for atom in self._bits if atom in wanted and (atom not in self._made or atom in done)]
        needs = self._needs(done)
        outputs = [each for each in self.outputs if each in group]
        guarded = {each for each in group if needs[each].bit_count() < 2}
        after = None if wanted.intersection(last) or not last else last[0]
        return Pass(equations[::-1], inputs, outputs, guarded, after)

    @staticmethod
    def _union(sets: Iterable[int]) -> int:
        union = 0
        for each in sets:
            union |= each
        return union
