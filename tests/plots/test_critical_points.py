"""Critical points drawn as they were found."""

import numpy as np

from jaxopt_lab import plots

WINDOW = ((-2.0, 2.0), (-1.0, 1.0))
HEIGHTS = (plots.grid_points(WINDOW) ** 2).sum(-1)
POINTS = {
    "maximum": [[0.5, 0.5]],
    "minimum": np.array([[0.0, 0.0], [1.0, -0.5]]),
    "degenerate": [[-1.0, 0.0], [-1.0, 0.5]],
    "saddle": np.zeros((0, 2)),
}


def test_each_kind_has_a_marker_of_its_own():
    drawn = plots.critical_points(HEIGHTS, POINTS, WINDOW, title="bowl")
    assert set(drawn.markers) == {"minimum", "maximum", "degenerate"}
    for kind, line in drawn.markers.items():
        np.testing.assert_array_equal(np.column_stack(line.get_data()), POINTS[kind])
    looks = {(line.get_marker(), line.get_color()) for line in drawn.markers.values()}
    assert len(looks) == 3
    legend = drawn.ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["2 minima", "1 maximum", "2 degenerate"]
    assert drawn.ax.get_xlim() == WINDOW[0]
    assert drawn.ax.get_title(loc="left") == "bowl"


def test_the_index_stands_over_the_loss_as_a_share_of_the_dimension():
    _, ax = plots.new_figure()
    drawn = plots.index_over_loss([3.0, -1.0, 0.5, 0.7], [3, 0, 1, 2], dim=3, law=([-1.0, 3.0], [0.1, 0.9]), ax=ax)
    assert drawn.ax is ax
    got = {str(line.get_label()): np.column_stack(line.get_data()).tolist() for line in drawn.points}
    assert got == {"minima": [[-1.0, 0.0]], "saddles": [[0.5, 1 / 3], [0.7, 2 / 3]], "maxima": [[3.0, 1.0]]}
    assert drawn.law is not None
    np.testing.assert_array_equal(drawn.law.get_data(), [[-1.0, 3.0], [0.1, 0.9]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0/3", "1/3", "2/3", "3/3"]


def test_in_many_dimensions_the_shares_are_decimal():
    drawn = plots.index_over_loss([0.0], [7], dim=50)
    drawn.ax.figure.canvas.draw()
    assert [label.get_text() for label in drawn.ax.get_yticklabels()] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]


def test_theory_is_a_line_where_it_is_known():
    measured = {"in 2": [0.1, np.nan, 0.9], "in 3": [0.2, 0.5, 0.8]}
    drawn = plots.index_over_height([-1.0, 0.0, 1.0], measured, {"in 3": [0.15, 0.5, 0.85]})
    assert [line.get_label() for line in drawn.points] == ["in 2", "in 3"]
    np.testing.assert_array_equal(drawn.points[0].get_ydata(), [0.1, np.nan, 0.9])
    assert drawn.law is not None
    np.testing.assert_array_equal(drawn.law.get_ydata(), [0.15, 0.5, 0.85])
    assert drawn.law.get_color() == drawn.points[1].get_color()
