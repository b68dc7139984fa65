"""Classes of unequal frequency: what each optimiser does to one row is known exactly."""

import numpy as np
import pytest

from jaxopt_lab.labs.imbalance import loss_by_frequency

pytestmark = pytest.mark.long

GROUPS = 5
CLASSES = 31  # 1 + 2 + 4 + 8 + 16


@pytest.fixture(scope="module")
def tail():
    return loss_by_frequency(groups=GROUPS, num_steps=60, learning_rates=tuple(10.0 ** np.arange(-2, 2.1, 0.5)))


def test_every_group_has_the_same_part_of_the_whole(tail):
    np.testing.assert_allclose(tail.frequency * 2 ** np.arange(GROUPS), 1 / GROUPS)


def test_all_classes_are_the_same_task_at_the_start(tail):
    target = np.full(CLASSES, 0.1 / CLASSES)
    target[0] += 0.9
    expected = np.sum(target * np.log(target * CLASSES))
    np.testing.assert_allclose(tail.loss.sel(step=0), expected, rtol=1e-5)


def test_sign_descent_does_not_see_the_frequency(tail):
    loss = tail.loss.sel(optimizer="sign descent").values
    np.testing.assert_allclose(loss, np.broadcast_to(loss[0], loss.shape), atol=1e-6)


def test_gradient_descent_moves_each_class_by_its_frequency(tail):
    """A simulation of one row in float64, whose gradient is softmax(w) - q."""
    target = np.full(CLASSES, 0.1 / CLASSES)
    target[0] += 0.9
    rate = float(tail.learning_rate.sel(optimizer="gradient descent"))
    for group, frequency in enumerate(tail.frequency.values):
        row = np.zeros(CLASSES)
        for step in range(10):
            share = np.exp(row) / np.exp(row).sum()
            loss = np.sum(target * np.log(target / share))
            measured = tail.loss.sel(optimizer="gradient descent", step=step).values[group]
            assert measured == pytest.approx(loss, abs=2e-5), (group, step)
            row -= rate * frequency * (share - target)


def test_rare_classes_wait_under_gradient_descent_alone(tail):
    at = {name: tail.learnt_at.sel(optimizer=name).values for name in tail.optimizer.values}
    assert at["gradient descent"][-1] >= 2 * at["sign descent"][-1]
    assert (np.diff(at["gradient descent"][1:]) >= 0).all()
    assert np.ptp(at["sign descent"]) == 0
    assert np.ptp(at["Adam, no momentum"]) <= 1


def test_learnt_is_told_from_the_losses(tail):
    loss = tail.loss.sel(optimizer="gradient descent").values[-1]
    step = int(tail.learnt_at.sel(optimizer="gradient descent").values[-1])
    assert (loss[step:] < 0.1 * loss[0]).all()
    assert loss[step - 1] >= 0.1 * loss[0]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"groups": 1}, "groups: got 1; a tail needs at least 2"),
        ({"doubt": 0.0}, "doubt: got 0; it is a part"),
        ({"learnt": 1.5}, "learnt: got 1.5; it is a part"),
    ],
)
def test_bad_input_is_told_in_one_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        loss_by_frequency(**wrong)
