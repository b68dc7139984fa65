"""The speed table of the README, made from what the scripts wrote, so that no number in it is typed by hand.

    .venv/bin/python benchmarks/readme_table.py [--check] [--results benchmarks/results] [--page README.md]

The table is what `engine.py` found, the line about numbers of lanes what `device.py` did.

`--check` changes nothing and exits 1 if the table is not what the results say.
"""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from jaxopt_lab.bench.bowl import FINAL

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- speed table: begin -->", "<!-- speed table: end -->"


def markdown(result: dict[str, Any], device: dict[str, Any]) -> str:
    """The table, and the lines that say what was measured where, and over other numbers of lanes."""
    tuned, plain = result["modes"]["tuned"], result["modes"]["plain"]
    lines = ["| method | million steps a second | times Optax |", "|---|---:|---:|"]
    for name, row in _fastest_first(tuned["methods"]):
        lines += [f"| {name} | {_number(row['rate'])} | {_number(row['ratio_to_optax'])} |"]
    lines += [f"| {name} | missing: {reason} | |" for name, reason in tuned["missing"].items()]
    machine = tuned["machine"]
    sizes = f"{tuned['lanes']:,} lanes of {tuned['steps']:,} steps, median of {tuned['rounds']} rounds"
    where = f"{machine['processor']}, {machine['cores']} cores, JAX {machine['jax']}"
    slower = "; ".join(f"{name}: {_number(row['rate'])}" for name, row in _fastest_first(plain["methods"]))
    lines += ["", f"Adam on a bowl in two dimensions, {sizes}; {where}. Without `tune_xla`: {slower}."]
    ratios = ", ".join(
        f"{_number(row['methods'][FINAL]['ratio_to_optax'])} at {row['lanes']:,}" for row in device["rows"]
    )
    lines += ["", f"Sweeps of {device['steps']} steps are as many times as fast as Optax: {ratios} lanes."]
    return "\n".join(lines)


def _fastest_first(methods: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(methods.items(), key=lambda item: -item[1]["rate"])


def _number(value: float) -> str:
    digits = f"{value:.0f}" if value >= 100 else f"{value:.2g}"
    return f"{Decimal(digits):,f}"


def filled(page: str, table: str) -> str:
    """The page with the table between its markers.

    Raises:
        ValueError: if the markers are not there, each once and in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise ValueError(f"the page needs one line {BEGIN!r} and after it one line {END!r}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: list[str]) -> None:
    """Rewrite the table, or check it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    options.add_argument("--page", type=Path, default=ROOT / "README.md")
    options.add_argument("--check", action="store_true", help="change nothing; exit 1 if the table is out of date")
    chosen = options.parse_args(arguments)
    page = chosen.page.read_text(encoding="utf-8")
    results = (
        json.loads((chosen.results / f"{name}.json").read_text(encoding="utf-8")) for name in ("engine", "device")
    )
    new = filled(page, markdown(*results))
    if chosen.check:
        if new != page:
            sys.exit(
                f"{chosen.page}: the speed table is not what {chosen.results} says; run benchmarks/readme_table.py"
            )
    elif new != page:
        chosen.page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
