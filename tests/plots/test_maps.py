"""Maps show what they are given: colours, fates, marks and the law on top."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

from jaxopt_lab import plots
from jaxopt_lab.plots.style import DIVERGED


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
        (plots.fractal_map, fates()),
    ],
)
def test_ax_is_used_when_given(draw, found):
    _, axes = plots.new_figure(1, 2)
    assert draw(found, ax=axes[1]).ax is axes[1]
    assert not axes[0].has_data()
