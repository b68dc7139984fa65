"""What a laboratory reports: figures, tables, numbers and answers, all from one run."""

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jaxopt_lab.plots.film import Film


class Picture(NamedTuple):
    """A figure that was drawn, and how it moves where it does.

    Attributes:
        name: its file name without an ending.
        figure: the matplotlib figure.
        caption: what it shows, for a reader who sees it.
        alt: what it shows, for a reader who does not.
        film: the same figure in motion, for a page; None if it stands still.
    """

    name: str
    figure: "Figure"
    caption: str
    alt: str
    film: "Film | None" = None


class Table(NamedTuple):
    """Rows under named columns; cells are text or numbers, which the reader of the table formats.

    Attributes:
        caption: what the table shows.
        columns: the names of the columns.
        rows: of each row the cells.
    """

    caption: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Answer(NamedTuple):
    """A question of the exercise, and the answer with the numbers that this run measured for it.

    Attributes:
        question: as the seed asks it.
        answer: in a few sentences.
    """

    question: str
    answer: str


@dataclasses.dataclass(frozen=True)
class Findings:
    """The report of one laboratory.

    Args:
        name: the laboratory's name, as on the command line.
        title: its heading.
        task: what was asked, in one or two sentences.
        settings: what was run: every hyperparameter, start, data set and seed, JSON-able.
        numbers: every number that is printed or drawn, by name, JSON-able (NumPy arrays and numbers are fine).
        pictures: the figures, in reading order.
        tables: the tables, in reading order.
        answers: the questions of the exercise with their answers.
    """

    name: str
    title: str
    task: str
    settings: dict[str, Any]
    numbers: dict[str, Any]
    pictures: list[Picture]
    tables: list[Table]
    answers: list[Answer]
