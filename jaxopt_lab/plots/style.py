"""How every figure looks: sizes, colours that colour-blind readers tell apart, a light grid."""

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib import rc_context, rcParams

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's colours, the ones easiest to tell apart first."""

MARKERS = ("o", "s", "^", "d", "*", "v", "P")

DIVERGED = "#9e9e9e"
"""The grey of what left the finite numbers, on every map."""

_STYLE: Any = {
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e5e5e5",
    "figure.dpi": 110,
    "figure.max_open_warning": 0,  # a report holds more figures than the 20 that matplotlib warns of
    "savefig.dpi": 150,
}


def new_figure(rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 4.5) -> "tuple[Figure, Any]":
    """A figure in the laboratory's style, and its axes: one, or an array of shape ``(rows, columns)``.

    Args:
        rows: rows of axes.
        columns: columns of axes.
        width: width of one pair of axes, in inches.
        height: height of one pair of axes, in inches.

    Returns:
        The figure, and its axes.

    Example:
        >>> figure, axes = new_figure(1, 2, width=3.0, height=2.0)
        >>> axes.shape, figure.get_size_inches().tolist()
        ((2,), [6.0, 2.0])
    """
    with rc_context(_STYLE):
        made = plt.subplots(rows, columns, figsize=(columns * width, rows * height), layout="constrained")
        interactive = plt.isinteractive()
    # A notebook's backend is loaded with the first figure, and turns this on, so that figures are shown; the end of the
    # context has turned it off again.
    rcParams["interactive"] = interactive
    return made


def axes_or_new(ax: "Axes | None", *, width: float = 7.0, height: float = 4.5) -> "Axes":
    """The axes that were given, or new ones in a figure of their own.

    Args:
        ax: the axes that were given; None for new ones.
        width: of new ones, in inches.
        height: of new ones, in inches.

    Returns:
        The axes.

    Example:
        >>> _, ax = new_figure()
        >>> axes_or_new(ax) is ax
        True
    """
    return new_figure(width=width, height=height)[1] if ax is None else ax


def describe(ax: "Axes", *, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """Write the title and the labels of axes, as they stand in every figure.

    Args:
        ax: the axes.
        title: the title, at the left.
        xlabel: what the abscissa is, with its unit.
        ylabel: what the ordinate is, with its unit.
    """
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title, loc="left", fontsize="medium", fontweight="bold")


def figure_of(ax: "Axes") -> "Figure":
    """The figure that axes stand in, to be saved.

    Args:
        ax: the axes.

    Returns:
        The figure, also where the axes stand in a part of it.

    Example:
        >>> figure, ax = new_figure()
        >>> figure_of(ax) is figure
        True
    """
    figure = ax.get_figure(root=True)
    assert figure is not None  # axes of ours always stand in one
    return figure
