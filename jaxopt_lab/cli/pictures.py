"""What the commands that draw one result have in common: its place, and one value for each hyperparameter."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxopt_lab.cli.files import check_target, save, write_whole
from jaxopt_lab.cli.values import parse_axes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def check_picture(out: Path, *, overwrite: bool) -> None:
    """Refuse a place that neither a picture nor its numbers can go to.

    Args:
        out: the place.
        overwrite: whether to replace what lies there.

    Raises:
        ValueError: naming the place and what to do.
    """
    check_target(out, overwrite=overwrite, suffixes=(".png", ".svg", ".pdf", ".nc"))


def write_picture(found: "xr.Dataset", draw: Callable[["xr.Dataset"], "Axes"], out: Path, *, overwrite: bool) -> None:
    """Write a dataset to a file ending in ``.nc``, or else its picture, and say so.

    Args:
        found: the dataset.
        draw: draws it, and returns the axes.
        out: the file.
        overwrite: whether to replace what lies there.

    Raises:
        OSError: if it cannot be written; nothing is left then.
    """
    if out.suffix == ".nc":
        save(found, out, overwrite=overwrite)
    else:
        from jaxopt_lab.plots import figure_of

        figure = figure_of(draw(found))
        write_whole(out, lambda place: figure.savefig(place, format=out.suffix[1:]), overwrite=overwrite)
    print(f"saved: {out}")


def one_value_each(option: str, texts: list[str]) -> dict[str, Any]:
    """Hyperparameters from texts such as ``learning_rate=0.1``.

    Args:
        option: the option that they were given to, for the error.
        texts: one text for each.

    Raises:
        ValueError: for a text that is none, or several values.

    Example:
        >>> one_value_each("--grid", ["learning_rate=0.1"])
        {'learning_rate': 0.1}
    """
    axes = parse_axes(option, texts)
    for name, values in axes.items():
        if len(values) > 1:
            raise ValueError(f"{option}: {name} has {len(values)} values; give one")
    return {name: values[0] for name, values in axes.items()}
