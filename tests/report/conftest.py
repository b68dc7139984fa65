"""Small findings with everything that a page can hold, and texts that want to be markup."""

import numpy as np
import pytest

from jaxopt_lab import plots
from jaxopt_lab.labs import Answer, Findings, Picture, Table

HOSTILE = """</script><script>window.hacked = 1</script>"'><img src=x onerror="window.hacked = 1">"""


def moving() -> Picture:
    points = np.linspace((0.8, 0.6), (0.0, 0.0), 9)
    drawn = plots.paths(lambda w: (w**2).sum(-1), {"down": points}, ((-1.0, 1.0), (-1.0, 1.0)), title="Down a bowl")
    moved = plots.film_paths(drawn, seconds=0.4)
    return Picture("down", plots.figure_of(drawn.ax), "A path.", "A path down a bowl.", moved)


def still() -> Picture:
    figure, ax = plots.new_figure(width=12.0)
    ax.plot([1, 2])
    return Picture("line", figure, "A line.", 'A line from 1 to "2".')


def trial(text: str = "") -> Findings:
    """Findings whose every text ends in ``text``."""
    wide = [(f"row {row}", *np.linspace(row, row + 1, 11), "words " * 12) for row in range(3)]
    return Findings(
        name=f"trial{text}",
        title=f"A <b>trial</b>{text}",
        task=f"Try & see.{text}",
        settings={"start": (1.0, 2 / 3), "loss": f"w < 1{text}", f"of{text}": {"deep": [text]}},
        numbers={"array": np.array([1.5, np.nan, np.inf]), "count": np.int64(3)},
        pictures=[
            still()._replace(caption=f"A line.{text}", alt=f'A line from 1 to "2".{text}'),
            moving()._replace(caption=f"A path.{text}", alt=f"A path down a bowl.{text}"),
        ],
        tables=[
            Table(f"Some numbers{text}", (f"name{text}", "value"), [("a", 0.123456), (f"b{text}", -2), ("c", 1.5e-9)]),
            Table("A wide one", tuple(f"column {place}" for place in range(13)), wide),
        ],
        answers=[Answer(f"Why?{text}", f"Because 1 < 2.{text}")],
    )


@pytest.fixture(scope="package")
def findings() -> Findings:
    return trial()


@pytest.fixture(scope="package")
def hostile() -> Findings:
    return trial(HOSTILE)
