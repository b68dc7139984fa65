"""The laboratory of saddles reproduces the exact numbers of the exercise's saddle."""

import json

import numpy as np
import pytest

from jaxopt_lab.labs import saddles
from jaxopt_lab.report import summary_json


@pytest.fixture(scope="module")
def findings():
    return saddles.run(num_starts=2000, num_matrices=20_000)


@pytest.mark.parametrize(("name", "factor"), [("SGD", 1.2), ("momentum", 1.4)])
def test_growth_and_escape_steps(findings, name, factor):
    """w2 grows by 1.2 a step, or by exactly 1.4 with momentum 0.7; from 1.5 both pass 2 in the second step."""
    escape = findings.numbers["escapes"][name]
    assert escape["exact_factor"] == pytest.approx(factor, abs=1e-12)
    assert escape["factor"] == pytest.approx(factor, abs=1e-6)
    assert escape["escape_step"] == escape["exact_escape_step"] == 2


@pytest.mark.parametrize("name", ["SGD", "momentum"])
def test_escape_times_follow_their_law(findings, name):
    """The largest gap between both distributions stays within Kolmogorov's 0.1% bound, 1.95 / sqrt(n)."""
    escape = findings.numbers["escapes"][name]
    gap = np.abs(escape["staying"] - escape["exact_staying"]).max()
    assert gap < 1.95 / np.sqrt(len(escape["steps"]))
    assert escape["exact_staying"].min() < 0.01 < 0.99 < escape["exact_staying"].max()


def test_nothing_leaves_the_saddle_itself_or_its_axis(findings):
    assert findings.numbers["at_saddle"] == {"SGD": 0.0, "momentum": 0.0}
    assert findings.numbers["on_axis"] == {"SGD": 0.0, "momentum": 0.0}


def test_noise_frees_both_and_momentum_sooner(findings):
    steps = findings.numbers["noisy_steps"]
    assert 0 < steps["momentum"] < steps["SGD"] < 100


def test_minima_are_rare(findings):
    """Published shares in one to three dimensions, within four standard errors of the draws."""
    for dim, exact in {"1": 0.5, "2": 0.14645, "3": 0.02492}.items():
        share = findings.numbers["minima_share"][dim]
        assert share["exact"] == pytest.approx(exact, abs=1e-5)
        assert share["measured"] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


def test_critical_points_are_all_found_and_counted_as_kac_and_rice_expect(findings):
    """Himmelblau's nine points; minima are a half in one dimension and a quarter in two, here of some 200 points."""
    critical = findings.numbers["critical"]
    assert critical["himmelblau"] == {"minimum": 4, "saddle": 4, "maximum": 1}
    np.testing.assert_allclose(critical["expected_minima_share"], [0.5, 0.25], atol=0.01)
    np.testing.assert_allclose(critical["minima_share"], [0.5, 0.25], atol=0.12)


def test_answers_cite_what_was_measured(findings):
    answers = [answer.answer for answer in findings.answers]
    assert f"{findings.numbers['escapes']['momentum']['factor']:.3f}" in answers[1]
    assert f"after {findings.numbers['noisy_steps']['SGD']:.0f} steps" in answers[2]
    assert "4 minima, 4 saddles and 1 maximum" in answers[-1]


def test_the_page_on_landscapes_shows_these_laws(findings, laws):
    """Ten times as many matrices were drawn for the page as here: four standard errors of 20,000."""
    page = laws.shown(laws.PAGE.read_text(encoding="utf-8"))
    rows = laws.rows_of_saddles(findings)
    assert [name for name, _, _ in rows] == list(page)[-len(rows) :]
    for name, exact, measured in rows:
        assert page[name][0] == pytest.approx(exact, rel=1e-4), name
        assert page[name][1] == pytest.approx(measured, abs=4 * np.sqrt(0.25 / 20_000)), name


def test_numbers_are_json(findings):
    read = json.loads(summary_json([findings]))["laboratories"]["saddles"]
    assert read["numbers"]["escapes"]["SGD"]["path"][0] == pytest.approx([0.1, 1.5])
