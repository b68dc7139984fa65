"""What the scripts in ``benchmarks/`` have in common: their options, and what they do with a result."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jaxopt_lab.bench.output import write_json
from jaxopt_lab.engine import tune_xla


def parser(doc: str | None, **sizes: int) -> argparse.ArgumentParser:
    """Options for the sizes of a measurement, and one for where its JSON goes.

    Args:
        doc: the script's docstring.
        sizes: the default of each size, by name.
    """
    options = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in sizes.items():
        options.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=f"default {default:,}")
    options.add_argument("--out", type=Path, help="where to write the JSON")
    return options


def script(
    doc: str | None,
    run: Callable[..., dict[str, Any]],
    report: Callable[[dict[str, Any]], str],
    *,
    tuned: bool = False,
    **sizes: int,
) -> Callable[[list[str]], None]:
    """The ``main`` of a script that measures, prints a table and writes JSON.

    Args:
        doc: the script's docstring.
        run: ``(**sizes) -> result``.
        report: the result for people.
        tuned: whether it measures under the options of `tune_xla`, unless ``--plain`` says otherwise.
        sizes: the default of each size, by name.
    """

    def main(arguments: list[str]) -> None:
        options = parser(doc, **sizes)
        if tuned:
            options.add_argument("--plain", action="store_true", help="without the options of tune_xla")
        chosen = options.parse_args(arguments)
        if tuned and not chosen.plain:
            tune_xla()
        result = run(**{name: getattr(chosen, name) for name in sizes})
        print(report(result))
        if chosen.out:
            write_json(chosen.out, result)

    return main
