"""An exercise sheet and its solution, made from one source."""

from typing import NamedTuple

BEGIN_SOLUTION, BEGIN_HOLE, END = "# <solution>", "# <hole>", "# <end>"
_MARKS = (BEGIN_SOLUTION, BEGIN_HOLE, END)


class Sheet(NamedTuple):
    """What `split_sheet` makes of a source.

    Attributes:
        exercises: the sheet for students, with holes.
        solution: the same with the holes filled.
    """

    exercises: str
    solution: str


def split_sheet(source: str) -> Sheet:
    r"""The sheet and the solution that a source holds both.

    The source is a script that runs as the solution. What students are to find stands between ``# <solution>`` and
    ``# <end>``; what they see instead, if anything, follows ``# <hole>`` in comments:

    .. code-block:: python

        # <solution>
        w = w - v
        # <hole>
        # pass  # update w
        # <end>

    A region may hold whole cells, those of text included, which begin with ``# %%`` as all others do.

    Args:
        source: the text of the script.

    Returns:
        Both texts, without the marks.

    Raises:
        ValueError: naming the line, for a mark out of its order, a region without an end, and a line of a hole that is
            no comment.

    Example:
        >>> sheet = split_sheet("# <solution>\nx = 4\n# <hole>\n# x = None  # how much?\n# <end>\nprint(x)\n")
        >>> print(sheet.exercises, end="")
        x = None  # how much?
        print(x)
        >>> print(sheet.solution, end="")
        x = 4
        print(x)
    """
    exercises, solution = [], []
    inside = END  # the mark that came last
    for number, line in enumerate(source.splitlines(), 1):
        word = line.strip()
        if word in _MARKS:
            _check_order(inside, word, number)
            inside = word
        elif inside == BEGIN_SOLUTION:
            solution.append(line)
        elif inside == BEGIN_HOLE:
            exercises.append(_uncommented(line, number))
        else:
            exercises.append(line)
            solution.append(line)
    if inside != END:
        raise ValueError(f"source: {inside} has no {END}; close it where the region ends")
    return Sheet("\n".join(exercises) + "\n", "\n".join(solution) + "\n")


def _check_order(before: str, mark: str, number: int) -> None:
    may_follow = {END: (BEGIN_SOLUTION,), BEGIN_SOLUTION: (BEGIN_HOLE, END), BEGIN_HOLE: (END,)}[before]
    if mark not in may_follow:
        raise ValueError(f"source: line {number} has {mark} after {before}; expected {' or '.join(may_follow)}")


def _uncommented(line: str, number: int) -> str:
    text = line.lstrip()
    if not text:
        return ""
    if not text.startswith("#"):
        raise ValueError(f"source: line {number} of a hole is {text!r}; put it behind '# '")
    return line[: len(line) - len(text)] + text[1:].removeprefix(" ")
