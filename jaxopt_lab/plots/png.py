"""Figures as small pictures."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

COLOURS = 256
"""The most that a GIF, or a PNG with a palette, may have."""


def png(figure: "Figure", dpi: float) -> bytes:
    """A figure as a PNG of few colours, a quarter of the size that it would have with all of them.

    Args:
        figure: the figure.
        dpi: its dots to the inch.

    Example:
        >>> from jaxopt_lab.plots import new_figure
        >>> png(new_figure()[0], 50)[1:4]
        b'PNG'
    """
    from PIL import Image

    plain, small = io.BytesIO(), io.BytesIO()
    figure.savefig(plain, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})  # read again at once
    few_colours(Image.open(plain).convert("RGB")).save(small, format="PNG")
    return small.getvalue()


def few_colours(picture: "Image") -> "Image":
    """A picture with a palette that spares the rare colours, such as those of a legend."""
    from PIL.Image import Dither, Quantize

    return picture.quantize(COLOURS, method=Quantize.MAXCOVERAGE, dither=Dither.NONE)
