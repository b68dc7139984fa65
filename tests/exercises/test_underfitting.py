"""Underfitting: curves of every other kind are told what they show instead."""

import numpy as np
import pytest

from jaxopt_lab.exercises import check_underfitting

EPOCH = np.arange(41)


def curves(train, validation, loss, *, pace=5.0, **more):
    """Curves that move from guessing among ten classes to these values."""
    learnt = 1 - np.exp(-EPOCH / pace)
    return {
        "train_loss": 2.3 + (loss - 2.3) * learnt,
        "train_accuracy": 0.1 + (train - 0.1) * learnt,
        "val_accuracy": 0.1 + (validation - 0.1) * learnt,
    } | more


RIGHT = {
    "too small": (curves(0.45, 0.42, 1.5), "the network is too small, or held back"),
    "too short": (curves(0.9, 0.88, 0.3, pace=60.0), "it was not trained for long enough"),
    "with noise": (
        curves(0.45, 0.42, 1.5, train_loss=2.3 - 0.8 * EPOCH / 40 + 0.02 * np.sin(9 * EPOCH)),
        "low and close to one another",
    ),
    "one epoch": ({name: values[:2] for name, values in curves(0.9, 0.9, 0.3).items()}, "for long enough"),
    "validation better": (curves(0.4, 0.45, 1.5), "low and close"),
}


@pytest.mark.parametrize(("answer", "words"), RIGHT.values(), ids=RIGHT)
def test_right_answers(answer, words):
    verdict = check_underfitting(answer)
    assert verdict.is_right, verdict
    assert words in verdict.sentence


SWINGING = np.where(EPOCH == 0, 2.3, 1.2 + 0.5 * np.abs(np.sin(2.5 * EPOCH)))
WRONG = {
    "good": (curves(0.98, 0.95, 0.1), "this network fits well: it ends at a training accuracy of 0.98"),
    "overfitted": (curves(1.0, 0.7, 0.01), "this network overfits"),
    "overfitted at a low accuracy": (curves(0.6, 0.4, 1.2), "this network overfits"),
    "oscillating": (curves(0.5, 0.48, 1.5, train_loss=SWINGING), "the training loss oscillates"),
    "diverged": (curves(0.1, 0.1, 5.0), "the training loss ends above its first value, 2.3"),
    "not finite": (
        curves(0.1, 0.1, 2.0, train_loss=np.where(EPOCH < 3, 2.0, np.nan)),
        "not finite from epoch 3 on: the learning rate is far too high",
    ),
    "nothing learnt": (curves(0.11, 0.1, 2.29), "this network has learnt nothing"),
    "no epochs": ({name: values[:1] for name, values in curves(0.4, 0.4, 1.5).items()}, "there is no training"),
    "percentages": (curves(45.0, 42.0, 1.5), "these accuracies are percentages"),
    "lengths differ": (curves(0.45, 0.42, 1.5, val_accuracy=np.ones(3)), "have the shapes (41,), (41,), (3,)"),
    "a curve missing": ({"train_loss": EPOCH}, "there is no 'train_accuracy' among the curves"),
    "no mapping": (np.ones(3), "got a ndarray; pass what train returns"),
    "text": (curves(0.45, 0.42, 1.5, val_accuracy=["low"] * 41), "something that is no number"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_answers_are_told_what_is_wrong(answer, sentence):
    verdict = check_underfitting(answer)
    assert verdict.status == "wrong"
    assert sentence in verdict.sentence


@pytest.mark.parametrize("answer", [None, curves(0.4, 0.4, 1.5, train_accuracy=None)])
def test_a_hole_is_not_yet_filled_in(answer):
    assert check_underfitting(answer).status == "not yet filled in"


def test_two_classes_are_guessed_more_easily():
    halves = curves(0.55, 0.55, 2.0)
    assert check_underfitting(halves).is_right
    assert "learnt nothing" in check_underfitting(halves, num_classes=2).sentence
