"""Films: what moves is where matplotlib would draw it, and the figure keeps the still frame."""

import io

import numpy as np
import pytest
from PIL import Image

from jaxopt_lab.plots.film import FINENESS, Cloud, Segment, Trail, Words, film, page_size
from jaxopt_lab.plots.style import new_figure
from jaxopt_lab.plots.thresholds import film_thresholds

STEPS = 4
FRAMES = [f"step {step}" for step in range(STEPS)]


@pytest.fixture
def axes():
    figure, ax = new_figure(width=3.0, height=2.0)
    ax.plot([0, 10], [0, 10], alpha=0)
    return figure, ax


def numbers(step: str) -> np.ndarray:
    for letter in "MLh,":
        step = step.replace(letter, " ")
    return np.array(step.split(), float)


def test_places_on_the_page_are_those_of_matplotlib(axes):
    """One dot is drawn into the background too: there, twice as fine, it is where the film puts its own."""
    figure, ax = axes
    ax.axis("off")
    ax.plot([3], [7], "o", color="black", ms=5)
    still = np.full((STEPS, 1, 2), [3.0, 7.0])
    ends = np.stack([still[:, 0], still[:, 0] + 1], axis=1)
    made = film(figure, [Cloud(ax, still, "red"), Segment(ax, ends, "red"), Trail(ax, still[:, 0], "red")], FRAMES)
    picture = np.asarray(Image.open(io.BytesIO(made.background)).convert("L"))
    assert picture.shape[::-1] == tuple(FINENESS * side for side in page_size(figure))
    rows, columns = np.nonzero(picture < 128)
    drawn = (np.array([columns.mean(), rows.mean()]) + 0.5) / FINENESS
    cloud, segment, trail = (numbers(part["steps"][0]) for part in made.parts)
    np.testing.assert_allclose(cloud[:2], drawn, atol=0.6)
    np.testing.assert_allclose(segment[:2], cloud[:2], atol=1e-9)
    np.testing.assert_allclose(trail, cloud[:2], atol=1e-9)
    assert segment[2] > segment[0]  # right and up: to the right, and less far down
    assert segment[3] < segment[1]


def test_words_stand_where_they_are_put(axes):
    figure, ax = axes
    made = film(figure, [Words(ax, (0.0, 0.0), FRAMES), Words(ax, (1.0, 1.0), FRAMES, "right", 7.2)], FRAMES)
    low, high = made.parts
    assert (low["steps"], low["align"], high["align"]) == (FRAMES, "left", "right")
    assert float(high["size"]) == pytest.approx(7.2 / 72 * figure.dpi)
    assert float(low["x"]) < float(high["x"])
    assert float(low["y"]) > float(high["y"])


def test_the_figure_is_given_the_still_frame(axes):
    figure, ax = axes
    window = ax.axis()
    points = 4 * np.arange(2.0 * STEPS).reshape(STEPS, 2)
    parts = [Trail(ax, points, "red"), Cloud(ax, points[:, None], "red"), Words(ax, (0, 0), FRAMES)]
    made = film(figure, parts, FRAMES, still=2)
    assert made.still == 2
    assert ax.axis() == window  # the last points lie outside
    trail, head, cloud = (np.transpose(line.get_data()) for line in ax.lines[1:])
    np.testing.assert_array_equal(trail, points[:3])
    np.testing.assert_array_equal(head, points[2:3])
    np.testing.assert_array_equal(cloud, points[2:3])
    assert [text.get_text() for text in ax.texts] == ["step 2"]


def test_what_is_not_finite_or_far_away_is_drawn_out_of_sight(axes):
    figure, ax = axes
    points = np.array([[1.0, 1.0], [1e30, -1e30], [np.nan, 1.0], [np.inf, 1.0]])[:, None]
    made = film(figure, [Cloud(ax, points, "red")], FRAMES)
    for step in made.parts[0]["steps"][1:]:
        assert np.isfinite(numbers(step)).all()
        assert np.abs(numbers(step)).max() > 1e4


def test_bad_input(axes):
    figure, ax = axes
    with pytest.raises(ValueError, match="Cloud has 3 places for 4 frames"):
        film(figure, [Cloud(ax, np.zeros((3, 1, 2)), "red")], FRAMES)
    with pytest.raises(ValueError, match="Trail has 5 places for 4 frames"):
        film(figure, [Trail(ax, np.zeros((5, 2)), "red")], FRAMES)
    with pytest.raises(ValueError, match="seconds: got 0"):
        film(figure, [], FRAMES, seconds=0)


def test_a_threshold_goes_through_its_confusion_matrices():
    labels, scores = np.array([0, 0, 0, 1, 1]), np.array([-2.0, 1.0, -3.0, -1.0, 3.0])
    confusion = [[[3, 0], [2, 0]], [[2, 1], [1, 1]], [[0, 3], [0, 2]]]
    figure, made = film_thresholds(labels, scores, [4.0, 0.0, -4.0], confusion, ([0, 1], [0, 1]), still=1)
    assert made.frames == [
        "threshold 0.982: recall 0.000, specificity 1.000, precision –",
        "threshold 0.5: recall 0.500, specificity 0.667, precision 0.500",
        "threshold 0.018: recall 1.000, specificity 0.000, precision 0.400",
    ]
    words = [part["steps"] for part in made.parts if part["kind"] == "words"]
    assert words[:4] == [["3", "2", "0"], ["0", "1", "3"], ["2", "1", "0"], ["0", "1", "2"]]
    place = figure.axes[2].lines[-1].get_data()
    np.testing.assert_allclose(np.ravel(np.asarray(place)), [1 / 3, 1 / 2])
