"""What a benchmark leaves: a table for people, and JSON that is whole or not there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Aligned columns: the first to the left, numbers to three digits on the right; None is a dash.

    Example:
        >>> print(table(["method", "rate"], [["ours", 1234.5], ["theirs", None]]))
        method    rate
        ours     1,234
        theirs       -
    """
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def missing_lines(missing: Mapping[str, str]) -> str:
    """One sentence for each method that could not take part.

    Example:
        >>> print(missing_lines({"numba": "ImportError: No module named 'numba'"}))
        missing: numba (ImportError: No module named 'numba')
    """
    return "\n".join(f"missing: {name} ({reason})" for name, reason in missing.items())


def write_json(target: Path, result: Mapping[str, Any]) -> None:
    """Write a result whole, or leave what lies there as it is.

    Raises:
        OSError: if it can't be written.
        ValueError: if a number in it is not finite, which JSON has no word for.
    """
    text = json.dumps(result, indent=1, allow_nan=False) + "\n"
    unfinished = target.with_name(f".unfinished-{target.name}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
