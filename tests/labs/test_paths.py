"""The laboratory of paths reproduces the exact numbers of the exercise's bowl."""

import json

import numpy as np
import pytest

from jaxopt_lab.labs import paths
from jaxopt_lab.report import summary_json


@pytest.fixture(scope="module")
def findings():
    return paths.run(num_rates=13, num_starts=8, sweep_steps=200, resolution=60)


def test_the_exercises_settings(findings):
    """Start (4, 1.5), 50 steps, the five runs and the ten contour levels of the exercise."""
    assert findings.settings["start"] == (4.0, 1.5)
    assert findings.settings["num_steps"] == 50
    np.testing.assert_allclose(findings.settings["contour_levels"], np.logspace(-1, 3, 10))
    assert len(findings.numbers["paths"]) == 5
    assert all(path.shape == (51, 2) for path in findings.numbers["paths"].values())


def test_first_and_last_points_of_gradient_descent_are_exact(findings):
    """w_t = (1 - a h)^t w_0."""
    path = findings.numbers["paths"]["SGD (0.18)"]
    steps = np.arange(51)[:, None]
    np.testing.assert_allclose(path, np.array([0.82, -0.8]) ** steps * [4.0, 1.5], rtol=1e-4)  # 50 float32 steps


def test_rates_are_measured_at_their_exact_values(findings):
    expected = {"SGD (0.18)": 0.82, "SGD (0.05)": 0.95, "momentum (0.05, 0.9)": np.sqrt(0.9)}
    for name, rate in expected.items():
        assert findings.numbers["rates"][name]["exact"] == pytest.approx(rate, abs=1e-12)
        assert findings.numbers["rates"][name]["measured"] == pytest.approx(rate, abs=2e-4)


def test_w2_changes_its_sign_at_every_step_and_w1_never(findings):
    assert findings.numbers["sign_changes_of_sgd_0.18"] == {"w1": 0, "w2": 50}


def test_best_rate_is_the_lowest_median_of_the_sweep(findings):
    tuning = findings.numbers["tuning"]
    for name, best in tuning["best"].items():
        median = tuning["quartiles"][name][1]
        assert best["median_final_loss"] == median.min()
        assert best["learning_rate"] == tuning["learning_rates"][median.argmin()]


def test_answers_cite_what_was_measured(findings):
    momentum, oscillation, choice, _, laws, basins, derivative, edge = (answer.answer for answer in findings.answers)
    assert f"{findings.numbers['rates']['momentum (0.05, 0.9)']['measured']:.4f}" in momentum
    assert "changed its sign 50 times" in oscillation
    assert f"{findings.numbers['tuning']['trajectories']:,} runs" in choice
    assert laws.startswith(f"{len(findings.numbers['laws'])} exact numbers")
    assert "With momentum (0.01, 0.9) the border" in basins
    assert f"at {findings.numbers['sensitivity']['hits']['trusted']:.1%} of the rates tried" in derivative
    assert "in 12 runs at 3 learning rates" in edge


def test_momentum_folds_the_basins(findings):
    """Each of Himmelblau's four minima has about a quarter; only momentum's border is more than a line."""
    for basin in findings.numbers["basins"].values():
        np.testing.assert_allclose(basin["shares"][:4], 0.25, atol=0.04)
    dimensions = {name: basin["dimension"] for name, basin in findings.numbers["basins"].items()}
    assert dimensions["momentum (0.01, 0.9)"] > max(dimensions["SGD (0.01)"], dimensions["Adam (0.3)"]) + 0.2


def test_laws_hold(findings):
    """What theory says, derived in the tests of `theory`; here the literal numbers, and what was simulated for them."""
    expected = {
        "SGD: largest stable learning rate × curvature": (2.0, 1e-3),
        "heavy ball 0.9: the same": (3.8, 1e-3),
        "Nesterov 0.9: the same": (3.8 / 2.8, 1e-3),
        "noisy SGD: variance that it settles at": (0.15 * 0.25 / (10 * 0.5), 1.5e-4),  # 100,000 lanes: 3 in 700
        "SGD: derivative of the final loss by the learning rate": (-4 * 40 * 0.9**79 * 2.25, 1e-5),
        "heavy ball on Lessard's kinked bowl: distance from its cycle of three": (0.0, 2e-6),  # some roundings of 2
        "double well: learning rate where 2 points take turns": (1.0, 0.005),  # one cell of the axis
        "double well: learning rate where 4 points take turns": (5**0.5 - 1, 0.005),
        "double well: learning rate where the wells merge": (1.5 * 3**0.5 - 1, 0.01),
        "double well: Lyapunov exponent at learning rate 2 (ln 3)": (np.log(3), 0.01),  # a mean over 1,000 steps
    }
    assert findings.numbers["laws"].keys() == expected.keys()
    for name, (exact, tolerance) in expected.items():
        law = findings.numbers["laws"][name]
        assert law["exact"] == pytest.approx(exact, abs=1e-9), name
        assert law["measured"] == pytest.approx(exact, abs=tolerance), name


def test_derivatives_are_right_where_the_light_is_green_and_wrong_where_it_is_red(findings):
    """Up to a learning rate of 1.24 there are rest and cycles; from 1.35 to 1.44 chaos, but for windows of cycles."""
    found = findings.numbers["sensitivity"]
    rates, trusted = found["learning_rates"], found["trusted"]
    assert trusted[rates < 1.24].all()
    assert trusted[(rates > 1.35) & (rates < 1.44)].mean() < 0.1
    assert found["hits"]["trusted"] > 0.97
    assert found["hits"]["others"] < 0.03
    assert (found["exponent"][(rates > 1.35) & (rates < 1.44)] > 0).mean() > 0.9


def test_networks_are_held_at_the_edge_of_stability(findings):
    """Sharpness times learning rate comes to 2 from below and stays, while the loss falls (Cohen et al. 2021)."""
    found = findings.numbers["edge"]
    for rate, times in found["held"].items():
        np.testing.assert_allclose(times, 2, atol=0.06, err_msg=rate)
    slowest = found["sharpness"][0] * 0.05
    assert slowest[:, 0].max() < 1
    assert (found["final_loss"] < 0.1 * found["first_loss"]).all()


def test_the_plane_of_a_path_says_how_far_off_it_is(findings):
    found = findings.numbers["edge"]
    true, drawn = found["path_loss"], found["drawn_loss"]
    assert 0.9 < found["variance_share"].sum() < 1
    assert found["mismatch"] == pytest.approx(np.abs(drawn - true).max() / np.ptp(true))
    assert drawn[-1] == pytest.approx(true[-1], rel=1e-4)  # the plane lies through the end


def test_the_page_on_landscapes_shows_these_laws(findings, laws):
    """At another resolution of the maps: the thresholds of the double well then differ by a cell, 0.01."""
    page = laws.shown(laws.PAGE.read_text(encoding="utf-8"))
    rows = laws.rows_of_paths(findings)
    assert [name for name, _, _ in rows] == list(page)[: len(rows)]
    for name, exact, measured in rows:
        assert page[name][0] == pytest.approx(exact, rel=1e-4), name
        assert page[name][1] == pytest.approx(measured, abs=0.011 if "well" in name else 1e-4), name


def test_numbers_are_json(findings):
    read = json.loads(summary_json([findings]))["laboratories"]["paths"]
    assert read["numbers"]["paths"]["SGD (0.18)"][0] == [4.0, 1.5]


def test_default_sweep_has_a_hundred_thousand_trajectories():
    import inspect

    defaults = {name: p.default for name, p in inspect.signature(paths.run).parameters.items()}
    assert defaults["num_rates"] * defaults["num_starts"] * 5 >= 100_000


def test_pictures_have_captions_and_alternative_texts(findings):
    assert [picture.name for picture in findings.pictures] == [
        "paths",
        "rates",
        "tuning",
        "stability",
        "bifurcation",
        "basins",
        "sensitivity",
        "edge-of-stability",
        "path-plane",
    ]
    assert all(picture.caption and picture.alt for picture in findings.pictures)
