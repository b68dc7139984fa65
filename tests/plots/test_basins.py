"""Maps of basins: a colour for each minimum, brightness for the step, and what there is to read where they are many."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import to_rgb

from jaxopt_lab import plots
from jaxopt_lab.plots.style import DIVERGED, PALETTE


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def basin(labels, steps, minima, shares):
    n = len(labels)
    return xr.Dataset(
        {
            "basin": (("y", "x"), np.array(labels)),
            "settled_at": (("y", "x"), np.array(steps)),
            "minima": (("minimum", "param"), np.array(minima)),
            "share": ("outcome", np.array(shares)),
        },
        {"x": np.arange(n) + 0.5, "y": np.arange(n) + 0.5, "outcome": [*range(len(minima)), -1, -2]},
        {"title": "basins"},
    )


def test_hue_is_the_minimum_and_brightness_the_step():
    labels, steps = [[0, 0, 1], [1, -1, -2], [0, 1, 1]], [[0, 40, 20], [0, -1, -1], [0, 40, 40]]
    found = basin(labels, steps, [[0.5, 0.5], [2.5, 0.0]], [3 / 9, 4 / 9, 1 / 9, 1 / 9])
    drawn = plots.basin_map(found)
    colours = np.asarray(drawn.image.get_array())
    first, second = np.array(to_rgb(PALETTE[0])), np.array(to_rgb(PALETTE[1]))
    np.testing.assert_allclose(colours[0, 0], first)
    np.testing.assert_allclose(colours[1, 0], second)
    np.testing.assert_allclose(colours[0, 1], 0.45 * first)
    assert 0.45 < colours[0, 2].max() / second.max() < 1
    np.testing.assert_allclose(colours[1, 2], to_rgb(DIVERGED))
    assert colours[1, 1].min() > 0.9
    assert np.asarray(drawn.minima.get_offsets()).tolist() == [[0.5, 0.5], [2.5, 0.0]]
    assert drawn.image.get_extent() == [0, 3, 0, 3]
    words = ["(0.5, 0.5): 33.3%", "(2.5, 0): 44.4%", "not settled: 11.1%", "diverged: 11.1%"]
    assert legend_of(drawn.ax) == words


def board(side):
    """Many basins, each a square of 3 x 3 cells, with a minimum in the middle."""
    labels = np.kron(np.arange(side**2).reshape(side, side), np.ones((3, 3), int))
    middles = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * 3 + 1.5
    return basin(labels, np.zeros_like(labels), middles, [1 / side**2] * side**2 + [0, 0])


def test_of_many_basins_those_that_touch_differ_in_colour_and_bear_numbers():
    drawn = plots.basin_map(board(5))
    assert legend_of(drawn.ax) == ["25 minima by number; basins that touch differ in colour"]
    colours = np.asarray(drawn.image.get_array())[1::3, 1::3]
    safe = np.array([to_rgb(color) for color in PALETTE[:6]])
    used = [min(range(6), key=lambda k: np.abs(safe[k] - colour).max()) for colour in colours.reshape(-1, 3)]
    np.testing.assert_allclose(colours.reshape(-1, 3), [safe[k] for k in used], atol=1e-12)
    places = np.array(used).reshape(5, 5)
    assert (places[1:] != places[:-1]).all()
    assert (places[:, 1:] != places[:, :-1]).all()
    assert min(np.bincount(used, minlength=6)) >= 3  # all six serve, about equally often
    assert [text.get_text() for text in drawn.ax.texts] == [str(place) for place in range(25)]
    eighth: Any = drawn.ax.texts[7]
    assert eighth.xy == (7.5, 4.5)


def test_where_all_basins_touch_all_colours_serve():
    """Basins mixed cell by cell, as where they are fractal: six colours cannot part them, and they are all used."""
    labels = np.random.default_rng(0).integers(0, 9, (40, 40))
    drawn = plots.basin_map(basin(labels, np.zeros_like(labels), np.zeros((9, 2)), [1 / 9] * 9 + [0, 0]))
    colours = np.asarray(drawn.image.get_array())
    assert len(np.unique(colours.reshape(-1, 3), axis=0)) == 6


def test_a_basin_that_nobody_reaches_takes_no_part():
    labels = np.repeat(np.arange(8), 8).reshape(8, 8) // 4 * 3  # 0 and 3
    drawn = plots.basin_map(basin(labels, np.zeros_like(labels), np.zeros((9, 2)), [0.5, 0, 0, 0.5] + [0] * 7))
    colours = np.asarray(drawn.image.get_array())
    assert np.abs(colours[0, 0] - colours[-1, 0]).max() > 0.1


def test_ax_is_used_when_given():
    _, axes = plots.new_figure(1, 2)
    found = basin([[0, 0], [0, 0]], [[1, 1], [1, 1]], [[1.0, 1.0]], [1.0, 0.0, 0.0])
    assert plots.basin_map(found, ax=axes[1]).ax is axes[1]
    assert not axes[0].has_data()
