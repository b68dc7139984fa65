"""Maps show what they are given: colours, fates, marks and the law on top."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

from jaxopt_lab import plots
from jaxopt_lab.plots.style import DIVERGED, PALETTE


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def stability(**more):
    axes = {"momentum": np.linspace(0.1, 0.9, 5), "learning_rate": np.linspace(0.1, 0.4, 4)}
    rate = axes["learning_rate"] * 4 + 0 * axes["momentum"][:, None]
    return xr.Dataset({"rate": (tuple(axes), rate, {"long_name": "pace"})}, axes, {"title": "a map"}).assign(**more)


def test_the_boundary_is_the_laws_and_what_diverges_is_grey():
    law = (("momentum", "learning_rate"), stability().rate.values - 0.1)
    drawn = plots.stability_map(stability(exact_rate=law, disagreement=0.25))
    assert np.ma.getmaskarray(np.ma.asarray(drawn.mesh.get_array())).tolist() == [[False, False, True, True]] * 5
    assert to_rgb(drawn.ax.get_facecolor()) == to_rgb(DIVERGED)
    assert drawn.boundary is not None
    (line,) = drawn.boundary.get_paths()
    np.testing.assert_allclose(np.asarray(line.vertices)[:, 0], 1.1 / 4)  # where 4 * rate - 0.1 is 1
    assert legend_of(drawn.ax) == ["no contraction, measured", "exact boundary (25.000% beyond it)"]
    assert (drawn.ax.get_xlabel(), drawn.ax.get_ylabel()) == ("learning rate", "momentum")
    assert drawn.ax.get_title(loc="left") == "a map"


def test_without_a_law_there_is_no_boundary():
    drawn = plots.stability_map(stability(), title="mine")
    assert drawn.boundary is None
    assert drawn.ax.get_title(loc="left") == "mine"


def test_a_logarithmic_axis_is_seen():
    found = stability().assign_coords(learning_rate=[0.001, 0.01, 0.1, 1.0])
    drawn = plots.stability_map(found)
    assert (drawn.ax.get_xscale(), drawn.ax.get_yscale()) == ("log", "linear")


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
    np.testing.assert_allclose(colours[0, 1], 0.35 * first)
    assert 0.35 < colours[0, 2].max() / second.max() < 1
    np.testing.assert_allclose(colours[1, 2], to_rgb(DIVERGED))
    assert colours[1, 1].min() > 0.9
    assert np.asarray(drawn.minima.get_offsets()).tolist() == [[0.5, 0.5], [2.5, 0.0]]
    assert drawn.image.get_extent() == [0, 3, 0, 3]
    words = ["(0.5, 0.5): 33.3%", "(2.5, 0): 44.4%", "not settled: 11.1%", "diverged: 11.1%"]
    assert legend_of(drawn.ax) == words


def test_many_basins_have_as_many_hues():
    labels = np.arange(16).reshape(4, 4)
    found = basin(labels, np.zeros((4, 4), int), np.arange(32.0).reshape(16, 2), [1 / 16] * 16 + [0, 0])
    drawn = plots.basin_map(found)
    assert legend_of(drawn.ax) == ["16 minima, a hue each"]
    colours = np.asarray(drawn.image.get_array()).reshape(16, 3)
    assert min(np.abs(a - b).max() for i, a in enumerate(colours) for b in colours[:i]) > 0.1


def fates(**attributes):
    axes = {"momentum": [0.1, 0.3], "learning_rate": [0.01, 0.1, 1.0]}
    converged = np.array([[True, True, False], [True, False, False]])
    measure = np.array([[1.0, 9.0, 2.0], [5.0, 1.0, 7.0]])
    numbers = {"converged_share": 0.5, "dimension": 1.234, "dimension_error": 0.056}
    variables = {"converged": (tuple(axes), converged), "measure": (tuple(axes), measure), **numbers}
    return xr.Dataset(variables, axes, {"title": "a border", "log": 0} | attributes)


def test_sign_is_the_fate_and_shade_the_rank():
    drawn = plots.fractal_map(fates())
    third = 1 / 3
    np.testing.assert_allclose(np.asarray(drawn.image.get_array()), [[1, third, -2 * third], [2 * third, -1, -third]])
    assert legend_of(drawn.ax) == ["converges: 50.0%", "diverges: 50.0%"]
    legend = drawn.ax.get_legend()
    assert legend is not None
    assert "1.23 ± 0.06" in legend.get_title().get_text()


def test_logarithms_are_drawn_as_such():
    drawn = plots.fractal_map(fates(log=1).assign_coords(momentum=[0.1, 1.0]))
    assert drawn.image.get_extent() == pytest.approx([-2.5, 0.5, -1.5, 0.5])
    assert drawn.ax.get_xlabel() == r"$\log_{10}$ learning rate"


@pytest.mark.parametrize(
    ("draw", "found"),
    [
        (plots.stability_map, stability()),
        (plots.basin_map, basin([[0, 0], [0, 0]], [[1, 1], [1, 1]], [[1.0, 1.0]], [1.0, 0.0, 0.0])),
        (plots.fractal_map, fates()),
    ],
)
def test_ax_is_used_when_given(draw, found):
    _, axes = plots.new_figure(1, 2)
    assert draw(found, ax=axes[1]).ax is axes[1]
    assert not axes[0].has_data()
