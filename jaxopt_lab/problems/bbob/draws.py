"""The random numbers of BBOB, and what is drawn by them: minima, lowest values, rotations.

COCO keeps the generator of 2009, so that results of different years can be compared: Park and Miller's with Bays and
Durham's shuffle, seeded by the function and the instance.
"""

import numpy as np

_MODULUS = 2**31 - 1
_PLACES = 32


def uniform(count: int, seed: int) -> np.ndarray:
    """COCO's numbers between 0 and 1.

    Args:
        count: how many.
        seed: where they begin.

    Example:
        >>> uniform(2, 1).round(4)
        array([0.416, 0.092])
    """
    state, states = seed, []
    for _ in range(8 + _PLACES + count):  # the first 8 are thrown away, as they tell the seed
        state = 16_807 * state % _MODULUS
        states.append(state)
    table, drawn = states[8 : 8 + _PLACES][::-1], []
    number = table[0]
    for state in states[8 + _PLACES :]:
        place = number // (2**26 + 1)
        number, table[place] = table[place], state
        drawn.append(number)
    return np.array(drawn) / _MODULUS


def gaussian(count: int, seed: int) -> np.ndarray:
    """Normal numbers, made of uniform ones by Box and Muller's transformation."""
    radii, angles = uniform(2 * count, seed).reshape(2, count)
    return np.sqrt(-2 * np.log(radii)) * np.cos(2 * np.pi * angles)


def optimum(dim: int, seed: int) -> np.ndarray:
    """A minimum in ``[-4, 4]``, of whole multiples of 0.0008, none of them 0."""
    place = 8 * np.floor(1e4 * uniform(dim, seed)) / 1e4 - 4
    return np.where(place == 0, -1e-5, place)


def lowest_value(seed: int) -> float:
    """A Cauchy number times 100, to two decimals, within ``[-1000, 1000]``."""
    (above,), (below,) = gaussian(1, seed), gaussian(1, seed + 1)
    return float(np.clip(np.floor(1e4 * above / below + 0.5) / 100, -1000, 1000))


def rotation(dim: int, seed: int) -> np.ndarray:
    """A rotation, perhaps with a reflection: normal columns made orthonormal one after the other."""
    columns = gaussian(dim * dim, seed).reshape(dim, dim).T
    orthonormal, triangle = np.linalg.qr(columns)
    return orthonormal * np.sign(np.diag(triangle))  # as Gram and Schmidt's process would have their signs
