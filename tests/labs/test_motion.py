"""What the laboratories set in motion is what they measure."""

import numpy as np

from jaxopt_lab.analysis import theory
from jaxopt_lab.labs.imbalance.threshold import moving_threshold
from jaxopt_lab.labs.saddles.cloud import DOTS, SPREAD, STEPS, cloud_starts, measure_cloud, picture_of_cloud


def test_a_cloud_leaves_by_its_law():
    """w1 shrinks by 0.8 a step and w2 grows by 1.2: who is left, within Kolmogorov's 0.1% bound of the law."""
    starts = cloud_starts(np.random.default_rng(0))
    paths = starts[:, None] * np.array([0.8, 1.2]) ** np.arange(STEPS + 11)[:, None]
    rises = theory.saddle_growth(np.arange(STEPS + 11), 0.1, -2.0)
    swarm = measure_cloud(paths, rises, 2.0)
    np.testing.assert_array_equal(swarm.inside, (np.abs(paths[:, : STEPS + 1, 1]) <= 2).sum(axis=0))
    assert np.abs(swarm.inside - swarm.exact_inside).max() < 1.95 * np.sqrt(DOTS)
    assert swarm.inside[swarm.half_left] <= DOTS / 2 < swarm.inside[swarm.half_left - 1]
    # The median of |w2| passes 2 when 1.2**n is 2 over 0.6745 standard deviations.
    assert abs(swarm.half_left - np.log(2 / (0.6745 * SPREAD)) / np.log(1.2)) < 2
    picture = picture_of_cloud((2.0, -2.0), ((-2.0, 2.0), (-2.0, 2.0)), {"SGD": swarm, "again": swarm})
    assert picture.film is not None
    assert len(picture.film.frames) == STEPS + 1
    assert f"{swarm.inside[14]} of {DOTS} inside" in picture.film.parts[1]["steps"][14]


def test_the_moving_threshold_stands_still_at_one_half():
    labels, scores = np.array([0, 0, 0, 1, 1]), np.array([-2.0, 1.0, -3.0, -1.0, 3.0])
    study = {"test_labels": labels, "jax": {"scores": scores, "fpr": [0, 1], "tpr": [0, 1]}}
    picture = moving_threshold("trial", study, "five rows")
    assert picture.film is not None
    assert picture.film.frames[picture.film.still] == "threshold 0.5: recall 0.500, specificity 0.667, precision 0.500"
    assert picture.film.frames[0].endswith("recall 0.000, specificity 1.000, precision –")
    assert picture.film.frames[-1].endswith("recall 1.000, specificity 0.000, precision 0.400")
    assert "calling nobody positive has 0.600, the usual threshold 0.600" in picture.caption
