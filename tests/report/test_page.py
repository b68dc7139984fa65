"""The page of a report, as it is written: every text escaped, nothing asked of outside, headings in order."""

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest

from jaxopt_lab.plots.png import png
from jaxopt_lab.report.page import page


class Reader(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text, self.scripts = [], "", []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text += data

    def handle_endtag(self, tag):
        self._inside = ""

    def all(self, *tags):
        return [attributes for name, attributes in self.found if name in tags]


@pytest.fixture(scope="module")
def written(findings, hostile):
    images = {picture.name: png(picture.figure, 60) for picture in findings.pictures}
    return {"plain": page([findings], images), "hostile": page([findings, hostile], images)}


def test_the_question_stands_with_its_answer(written):
    assert re.search(r"<h4 id=\"lab-1-answer-1\">Why\?</h4>\s*<p>Because 1 &lt; 2\.</p>", written["plain"])
    assert '<a href="#lab-1-answer-1">Why?</a>' in written["plain"]


def test_every_text_is_escaped(written, hostile):
    """The page with texts that are markup has the very elements of the page without, but for one more laboratory."""
    reader = Reader(written["hostile"])
    assert [tag for tag, _ in reader.found if tag in {"b", "img"}].count("img") == 2  # one a laboratory
    assert not [attributes for _, attributes in reader.found if set(attributes) & {"onerror", "onload"}]
    assert len(reader.all("script")) == 3  # two films, and the one that plays them
    shown = reader.text + "".join(str(value) for _, attributes in reader.found for value in attributes.values())
    texts = [hostile.title, hostile.task, hostile.tables[0].caption, hostile.tables[0].columns[0],
             hostile.tables[0].rows[1][0], hostile.answers[0].question, hostile.answers[0].answer,
             hostile.pictures[0].alt, hostile.pictures[0].caption, hostile.settings["loss"]]  # fmt: skip
    assert [text for text in texts if text not in shown] == []


def test_the_page_asks_for_nothing_outside(written):
    sources = [value for _, attributes in Reader(written["plain"]).found
               for name, value in attributes.items() if name in {"src", "href", "srcset", "action"}]  # fmt: skip
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert not re.search(r"url\((?!#)|@import|://", written["plain"])


def test_links_lead_somewhere_and_names_are_given_once(written):
    reader = Reader(written["hostile"])
    names = [attributes["id"] for _, attributes in reader.found if "id" in attributes]
    assert len(set(names)) == len(names)
    assert {attributes["href"][1:] for attributes in reader.all("a")} <= set(names)


def test_headings_go_down_one_level_at_a_time(written):
    levels = [int(tag[1]) for tag, _ in Reader(written["plain"]).found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_the_browser_is_told_to_run_this_script_and_no_other(written):
    reader = Reader(written["plain"])
    (policy,) = [attributes["content"] for attributes in reader.all("meta") if "http-equiv" in attributes]
    digest = base64.b64encode(hashlib.sha256(reader.scripts[-1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_cells_have_four_digits(written):
    assert re.findall(r'<td class="number">([^<]*)</td>', written["plain"])[:3] == ["0.1235", "−2", "1.5e−09"]


def test_settings_and_versions_are_shown(written):
    text = Reader(written["plain"]).text
    assert re.search(r"start\s+\[1\.0, 0\.666667\]", text)
    assert re.search(r"loss\s+w < 1", text)
    assert re.search(r"jax\s+\d+\.\d+", text)
