"""Wilson's interval against published ones; DeLong's variance against every pair, one by one."""

import jax
import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab import metrics


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_wilson_intervals(successes: int, trials: int, lower: float, upper: float) -> None:
    """Newcombe, Statistics in Medicine 17, 1998, table I, method 3."""
    value, low, high = metrics.wilson(successes, trials)
    assert value == successes / trials
    assert (round(low, 4), round(high, 4)) == (lower, upper)


@given(trials=st.integers(1, 10_000), share=st.floats(0, 1), confidence=st.floats(0.5, 0.999))
def test_wilsons_ends_are_where_the_score_test_turns(trials: int, share: float, confidence: float) -> None:
    successes = round(share * trials)
    value, lower, upper = metrics.wilson(successes, trials, confidence=confidence)
    assert 0 <= lower <= value <= upper <= 1
    from scipy.stats import norm

    for end in (lower, upper):
        if 0 < end < 1:
            deviate = abs(value - end) / np.sqrt(end * (1 - end) / trials)
            assert deviate == pytest.approx(norm.isf((1 - confidence) / 2), rel=1e-6)
    mirrored = metrics.wilson(trials - successes, trials, confidence=confidence)
    assert 1 - mirrored.upper == pytest.approx(lower, abs=1e-12)


def test_wilson_of_arrays_of_nothing_and_under_jit() -> None:
    value, lower, upper = metrics.wilson(np.array([0, 0, 5]), np.array([0, 5, 5]))
    assert np.isnan(value[0])
    assert (lower[0], upper[0]) == (0, 1)
    assert (lower[1], upper[2]) == (0, 1)
    inside = jax.jit(metrics.wilson)(8, 15)
    np.testing.assert_allclose(inside, metrics.wilson(8, 15), rtol=1e-6)


def test_bad_proportions() -> None:
    with pytest.raises(ValueError, match="successes: got 6 of 5 trials"):
        metrics.wilson(6, 5)
    with pytest.raises(ValueError, match=r"confidence: got 1\.0"):
        metrics.wilson(1, 5, confidence=1.0)


def by_pairs(true: np.ndarray, *scores: np.ndarray) -> tuple[float, float]:
    """The area, or the difference of two, and its standard error: every positive compared with every negative."""
    placed = []
    for score in scores:
        above, below = score[true == 1][:, None], score[true == 0]
        wins = (above > below) + 0.5 * (above == below)
        placed.append((wins.mean(axis=1), wins.mean(axis=0)))
    of_positives, of_negatives = (
        part[0] if len(part) == 1 else part[0] - part[1] for part in zip(*placed, strict=True)
    )
    variance = of_positives.var(ddof=1) / of_positives.size + of_negatives.var(ddof=1) / of_negatives.size
    return of_positives.mean(), np.sqrt(variance)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), positives=st.integers(2, 20), negatives=st.integers(2, 20))
def test_delong_is_that_of_all_pairs(seed: int, positives: int, negatives: int) -> None:
    rng = np.random.default_rng(seed)
    true = rng.permutation(np.repeat([1, 0], [positives, negatives]))
    first, second = (np.round(rng.normal(size=true.size) + true, 1) for _ in range(2))
    for scores in ((first,), (first, second)):
        result, (value, error) = metrics.delong(true, *scores), by_pairs(true, *scores)
        assert result.value == pytest.approx(value, abs=1e-12)
        assert result.standard_error == pytest.approx(error, abs=1e-12)
        assert -1 <= result.lower <= result.value <= result.upper <= 1
    assert metrics.delong(true, first).value == pytest.approx(sk.roc_auc_score(true, first), abs=1e-12)


def test_delongs_test_and_interval_are_normal() -> None:
    rng = np.random.default_rng(3)
    true = np.repeat([0, 1], 150)
    first, second = rng.normal(size=300) + 1.2 * true, rng.normal(size=300) + 0.7 * true
    result = metrics.delong(true, first, second)
    # 1.959964 and 2.575829 standard errors hold 95% and 99%.
    assert result.upper - result.value == pytest.approx(1.959964 * result.standard_error, rel=1e-6)
    wider = metrics.delong(true, first, second, confidence=0.99)
    assert wider.upper - wider.value == pytest.approx(2.575829 * result.standard_error, rel=1e-6)
    inside = metrics.delong(true, first, second, confidence=1 - result.p_value)
    assert min(abs(inside.lower), abs(inside.upper)) == pytest.approx(0, abs=1e-9)
    assert metrics.delong(true, second, first).p_value == result.p_value
    assert metrics.delong(true, first).p_value < 1e-9


def test_the_interval_of_an_area_is_symmetric_in_log_odds() -> None:
    true, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.7, 0.3]
    value, lower, upper, error, _ = metrics.delong(true, scores)
    log_odds = np.log([lower, value, upper]) - np.log1p([-lower, -value, -upper])
    # 1.959964 standard errors, times the slope 1 / (A (1 - A)) at A = 7/9.
    np.testing.assert_allclose(np.diff(log_odds), 1.959964 * error * 81 / 14, rtol=1e-6)
    perfect = metrics.delong([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    assert perfect[:4] == (1, 1, 1, 0)


def test_the_same_scores_do_not_differ() -> None:
    true, scores = [0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8]
    result = metrics.delong(true, scores, scores)
    assert result[:4] == (0, 0, 0, 0)
    assert np.isnan(result.p_value)


def test_bad_areas() -> None:
    with pytest.raises(ValueError, match="y_true: got 1 positives and 2 negatives; a variance takes two of each"):
        metrics.delong([0, 0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="versus: contains NaN"):
        metrics.delong([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, np.nan])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: .*versus has 1"):
        metrics.delong([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0.1])
    with pytest.raises(ValueError, match="y_true: got 3 classes"):
        metrics.delong([0, 1, 2], [0.1, 0.2, 0.3])
