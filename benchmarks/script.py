"""What the scripts in ``benchmarks/`` have in common: their options."""

import argparse
from pathlib import Path


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
