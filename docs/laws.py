"""Measure what is known exactly, for the page on landscapes: the table between its markers, and pictures beside it.

    .venv/bin/python docs/laws.py

All of it is from one run of the laboratories of paths and saddles.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from jaxopt_lab.labs import Findings, Table

FOLDER = Path(__file__).parent
PAGE = FOLDER / "landscape.md"
BEGIN, END = "<!-- exact numbers: begin -->", "<!-- exact numbers: end -->"

PICTURES = {"paths": ("sensitivity", "edge-of-stability", "path-plane"), "saddles": ("escape",)}
"""Which of the laboratories' pictures the page shows."""

Row = tuple[str, float, float]
"""What it is, its exact value, and what simulation gave."""


def rows_of_paths(findings: "Findings") -> list[Row]:
    """Rates of contraction, and the laws."""
    rates, laws = (_table(findings, start) for start in ("Contraction of the distance", "Exact numbers"))
    told = [
        (f"{name}: contraction a step on the bowl (1, 10)", exact, measured) for name, measured, exact, _ in rates.rows
    ]
    return told + [(name, exact, measured) for name, measured, exact, _ in laws.rows]


def rows_of_saddles(findings: "Findings") -> list[Row]:
    """Growth at a saddle, and how rare minima are."""
    escapes, minima = (_table(findings, start) for start in ("Growth of w₂", "Share of random symmetric"))
    told = [
        (f"{name}: growth a step away from the saddle", exact, measured) for name, measured, exact, *_ in escapes.rows
    ]
    return told + [
        (f"share of random symmetric matrices of {dim} x {dim} that are positive definite", exact, measured)
        for dim, measured, exact in minima.rows[:4]
    ]


def _table(findings: "Findings", start: str) -> "Table":
    (found,) = [table for table in findings.tables if table.caption.startswith(start)]
    return found


def markdown(rows: list[Row]) -> str:
    """The table as the page has it."""
    lines = [f"| {name} | {exact:.5g} | {measured:.5g} |" for name, exact, measured in rows]
    return "\n".join(["| what | exactly | measured |", "|---|---:|---:|", *lines])


def shown(page: str) -> dict[str, tuple[float, float]]:
    """The rows of the page's table: for each name the exact number and the measured one.

    Raises:
        ValueError: if the markers are not there.
    """
    _, begin, rest = page.partition(BEGIN)
    table, end, _ = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs one line {BEGIN!r} and after it one line {END!r}")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    return {name: (float(exact), float(measured)) for name, exact, measured in cells}


def main() -> None:
    """Run the laboratories, write the table into the page, and the pictures into their folder."""
    import matplotlib as mpl

    mpl.use("agg")
    from pictures import smaller  # the script beside this one

    from jaxopt_lab.labs import paths, saddles

    found = {"paths": paths.run(), "saddles": saddles.run()}
    page = PAGE.read_text(encoding="utf-8")
    shown(page)
    before, _, rest = page.partition(BEGIN)
    table = markdown(rows_of_paths(found["paths"]) + rows_of_saddles(found["saddles"]))
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    for name, pictures in PICTURES.items():
        for picture in found[name].pictures:
            if picture.name in pictures:
                place = FOLDER / "pictures" / f"{picture.name}.png"
                picture.figure.savefig(place)
                with Image.open(place) as drawn:
                    smaller(drawn.convert("RGB")).save(place, optimize=True)


if __name__ == "__main__":
    main()
