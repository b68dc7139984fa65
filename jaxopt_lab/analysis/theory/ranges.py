"""Where the closed forms hold: what lies outside is refused in one sentence."""

from typing import Any

import numpy as np


def in_range(name: str, values: Any, least: float = -np.inf, *, below: float = np.inf, above: float = -np.inf) -> Any:
    """The values as floats, if each is finite, at least ``least``, above ``above`` and below ``below``.

    Args:
        name: the argument they came as, for the message.
        values: a number or an array.
        least: the lowest value that is let pass.
        below: what they have to stay below.
        above: what they have to lie above.

    Raises:
        ValueError: naming the first value outside.

    Example:
        >>> in_range("momentum", [0.0, 0.9], 0, below=1).tolist()
        [0.0, 0.9]
    """
    array = np.asarray(values, float)
    outside = ~((array >= least) & (array > above) & (array < below))
    if outside.any():
        bounds = {"at least": least, "above": above, "below": below}
        asked = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if np.isfinite(bound))
        raise ValueError(f"{name}: got {array[outside].flat[0]:g}; give finite numbers{asked and ' ' + asked}")
    return array


def plain(array: Any) -> Any:
    """An array as it is, and one of no dimensions as the number that it holds.

    Example:
        >>> plain(np.array(0.5)), plain(np.array([0.5]))
        (0.5, array([0.5]))
    """
    return array.item() if np.ndim(array) == 0 else array


def momentum_in_range(momentum: Any) -> Any:
    """A momentum, if it lies in [0, 1).

    Raises:
        ValueError: naming the first value outside.
    """
    return in_range("momentum", momentum, 0, below=1)


def extremes(eigenvalues: Any, **bounds: float) -> tuple[float, float]:
    """The lowest and the highest eigenvalue of a spectrum whose values lie `in_range`.

    Args:
        eigenvalues: the curvatures, shape ``(dim,)``.
        bounds: as `in_range` takes them.

    Raises:
        ValueError: if there is none, or one is outside.
    """
    spectrum = in_range("eigenvalues", eigenvalues, **bounds)
    if spectrum.size == 0:
        raise ValueError("eigenvalues: got none; give one number for each dimension")
    return float(spectrum.min()), float(spectrum.max())


def whole_steps(steps: Any) -> Any:
    """Numbers of steps as integers.

    Raises:
        ValueError: if one is negative or not whole.
    """
    array = in_range("steps", steps, 0)
    if (array != np.floor(array)).any():
        raise ValueError(f"steps: got {array[array != np.floor(array)].flat[0]:g}; steps are counted in whole numbers")
    return array.astype(int)
