"""Moving pictures: what moves is the path, and the page needs nothing but itself."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from jaxopt_lab import plots

WINDOW = ((-1.0, 1.0), (-1.0, 1.0))
DOWN = np.linspace((0.8, 0.6), (0.0, 0.0), 9)
LOST = np.array([[0.8, 0.6], [-0.5, 0.1], [np.inf, np.nan]])


def bowl(points: np.ndarray) -> np.ndarray:
    return (points**2).sum(-1)


def draw():
    return plots.paths(bowl, {"<b>down</b>": DOWN, "lost": LOST}, WINDOW, title='A "bowl" & more')


@pytest.fixture
def drawn():
    return draw()


class Reader(HTMLParser):
    """The elements of a page with their attributes, and what it fetches."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    place = tmp_path_factory.mktemp("page") / "a.html"
    plots.write_html(draw(), place)
    return place.read_text(encoding="utf-8")


def test_a_page_fetches_nothing(page):
    assert not re.search(r"https?:|//[a-z]", page.split("base64,")[0] + page.split('"', 1)[1].split("</svg>")[-1])
    reader = Reader(page)
    assert [each["href"][:22] for each in reader.all("image")] == ["data:image/png;base64,"]
    assert [each for each in reader.all("script") if each] == [{"type": "application/json"}]
    assert not reader.all("link")
    assert len(page) < 400_000


def test_texts_are_escaped(page):
    reader = Reader(page)
    assert not reader.all("b")
    (svg,) = reader.all("svg")
    assert svg["aria-label"] == 'A "bowl" & more: the paths of <b>down</b>, lost (diverged) over contour lines.'
    assert svg["role"] == "img"


def test_a_page_holds_every_point_where_matplotlib_draws_it(page):
    reader = Reader(page)
    lines = [np.array([p.split(",") for p in each["points"].split()], float) for each in reader.all("polyline")]
    assert [len(line) for line in lines] == [9, 2]  # up to where the second leaves the finite numbers
    (svg,), (image,) = reader.all("svg"), reader.all("image")
    width, height = (float(each) for each in svg["viewbox"].split()[2:])
    assert (float(image["width"]), float(image["height"])) == (width, height)
    # The start is marked by a black ring in the background picture, and the page's line begins in its middle.
    background = Image.open(io.BytesIO(base64.b64decode(image["href"].partition(",")[2]))).convert("L")
    assert background.width / background.height == pytest.approx(width / height, rel=5e-3)
    x, y = lines[0][0] * background.width / width
    around = np.asarray(background)[round(y) - 20 : round(y) + 21, round(x) - 20 : round(x) + 21]
    rows, columns = np.nonzero(around < 60)
    assert (rows.mean(), columns.mean()) == pytest.approx((20, 20), abs=1.5)
    # Evenly spaced in the window, evenly spaced on the page, upwards being less.
    np.testing.assert_allclose(np.diff(lines[0], axis=0), np.diff(lines[0], axis=0)[:1].repeat(8, 0), atol=0.15)
    assert lines[0][0, 0] > lines[0][-1, 0]
    assert lines[0][0, 1] < lines[0][-1, 1]


def test_the_slider_stops_at_every_point(page):
    reader = Reader(page)
    (slider,), (button,) = reader.all("input"), reader.all("button")
    assert (slider["type"], slider["min"], slider["max"], slider["value"]) == ("range", "0", "8", "8")
    (label,) = reader.all("label")
    assert label["for"] == slider["id"]
    assert slider["aria-valuetext"] == "step 8 of 8"
    assert button["type"] == "button"
    assert "step 8 of 8" in page


def test_a_gif_moves_and_stands_at_its_end(drawn, tmp_path):
    plots.write_gif(drawn, tmp_path / "a.gif", seconds=0.9)
    with Image.open(tmp_path / "a.gif") as film:
        assert getattr(film, "n_frames") == 9  # noqa: B009 - of moving pictures alone
        frames, durations = [], []
        for place in range(9):
            film.seek(place)
            durations.append(film.info["duration"])
            frames.append(np.asarray(film.convert("RGB"), float))
    assert durations == [100] * 8 + [1500]
    changed = np.array([np.abs(frame - frames[-1]).max(-1) > 60 for frame in frames[:-1]])
    # From picture to picture less is left to draw, and nothing outside the axes and the clock above them moves.
    assert (np.diff(changed[:, 100:].sum(axis=(1, 2))) < 0).all()
    assert not changed[:, -60:].any()


def test_the_picture_is_left_as_it_was(drawn, tmp_path):
    before = [np.array(line.get_data()) for line in drawn.lines]
    artists = len(drawn.ax.get_children())
    plots.write_gif(drawn, tmp_path / "a.gif", seconds=0.2)
    plots.write_html(drawn, tmp_path / "a.html", unit="epoch", alt="A bowl.")
    for line, data in zip(drawn.lines, before, strict=True):
        np.testing.assert_array_equal(line.get_data(), data)
    assert len(drawn.ax.get_children()) == artists
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'aria-label="A bowl."' in page
    assert "epoch 8 of 8" in page


@pytest.mark.parametrize("write", [plots.write_gif, plots.write_html])
def test_bad_input(write, drawn, tmp_path):
    with pytest.raises(ValueError, match="seconds: got 0"):
        write(drawn, tmp_path / "a", seconds=0)
    with pytest.raises(ValueError, match="no path in it"):
        write(drawn._replace(lines=[]), tmp_path / "a")
    nowhere = plots.paths(bowl, {"nowhere": np.full((2, 2), np.nan), "down": DOWN}, WINDOW)
    with pytest.raises(ValueError, match=r"start of 'nowhere .diverged.' is not finite"):
        write(nowhere, tmp_path / "a")
    assert not list(tmp_path.iterdir())
