"""Specificity: wrong answers that students give, each with its sentence."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import metrics
from jaxopt_lab.exercises import check_specificity
from jaxopt_lab.exercises.specificity import MATRICES, MISTAKES, SPECIFICITY

RIGHT = {
    "by place": lambda cm: cm[0, 0] / (cm[0, 0] + cm[0, 1]),
    "by the row": lambda cm: cm[0, 0] / cm[0].sum(),
    "one minus": lambda cm: 1 - cm[0, 1] / cm[0].sum(),
    "jax.numpy": lambda cm: jnp.asarray(cm)[0, 0] / jnp.sum(cm[0]),
    "an array of one": lambda cm: np.array([cm[0, 0] / cm[0].sum()]),
}


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_right_answers(answer):
    verdict = check_specificity(answer)
    assert verdict.is_right, verdict


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_right_number_is_the_librarys(matrix):
    (tn, fp), (fn, tp) = matrix
    true, called = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp]), np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    assert SPECIFICITY(tn, fp, fn, tp) == pytest.approx(metrics.specificity_score(true, called))


def named(formula):
    """A student's function that takes the matrix apart by names."""

    def function(cm):
        (tn, fp), (fn, tp) = cm
        return formula(tn, fp, fn, tp)

    return function


def unpacked_wrong(cm):
    _, fp, _, tn = cm.ravel()
    return tn / (tn + fp)


def columns_for_rows(cm):
    tn, _, fp, _ = cm.ravel()
    return tn / (tn + fp)


WRONG = {
    "recall": (named(lambda tn, fp, fn, tp: tp / (tp + fn)), "this is recall"),
    "false positive rate": (named(lambda tn, fp, fn, tp: fp / (fp + tn)), "this is 1 - specificity"),
    "precision": (named(lambda tn, fp, fn, tp: tp / (tp + fp)), "this is precision"),
    "TP and TN taken for each other": (unpacked_wrong, "this is precision"),
    "FP and FN taken for each other": (columns_for_rows, "FP and FN are swapped"),
    "negative predictive value": (named(lambda tn, fp, fn, tp: tn / (tn + fn)), "FP and FN are swapped"),
    "accuracy": (lambda cm: np.trace(cm) / cm.sum(), "this is accuracy"),
    "balanced accuracy": (lambda cm: np.mean(np.diag(cm) / cm.sum(axis=1)), "this is balanced accuracy"),
    "miss rate": (named(lambda tn, fp, fn, tp: fn / (fn + tp)), "this is the false negative rate"),
    "F1": (named(lambda tn, fp, fn, tp: tp / (tp + (fp + fn) / 2)), "this is the F1 score"),
    "share of negatives": (lambda cm: cm[0].sum() / cm.sum(), "this is the share of actual negatives"),
    "all rows": (lambda cm: cm[0, 0] / cm.sum(), "TN is divided by all rows"),
    "odds": (lambda cm: cm[0, 0] / cm[0, 1], "TN is divided by FP"),
    "no brackets": (lambda cm: cm[0, 0] / cm[0, 0] + cm[0, 1], "brackets are missing"),
    "count": (lambda cm: cm[0, 0], "this is the count of true negatives"),
    "percentage": (lambda cm: 100 * cm[0, 0] / cm[0].sum(), "this is a percentage"),
    "whole division": (lambda cm: cm[0, 0] // cm[0].sum(), "this is 0, whatever the matrix"),
    "something else": (lambda cm: cm[0, 0] / (cm[0].sum() + 1), "for TN 50, FP 7, FN 4 and TP 13 you return 0.8621"),
    "two numbers": (lambda cm: cm[0] / cm[0].sum(), "your function returns 2 numbers, of shape (2,)"),
    "the number itself": (0.9965, "got 0.9965; pass its name, without calling it"),
    "text": (lambda cm: "99.65%", "where numbers are wanted"),
    "a number in text": (lambda cm: f"{cm[0, 0] / cm[0].sum():.4f}", "returned '0.8772', where numbers are wanted"),
    "a comparison": (lambda cm: cm[0, 0] / cm[0].sum() == 1, "returned np.False_, where numbers are wanted"),
    "wrong place": (lambda cm: cm[0, 2], "your function stopped with IndexError"),
}


@pytest.mark.parametrize(("answer", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_answers_are_told_what_is_wrong(answer, sentence):
    verdict = check_specificity(answer)
    assert verdict.status == "wrong"
    assert sentence in verdict.sentence


@pytest.mark.parametrize("answer", [None, lambda cm: None])
def test_a_hole_is_not_yet_filled_in(answer):
    assert check_specificity(answer).status == "not yet filled in"


def test_no_two_formulas_agree():
    counts = [np.ravel(matrix).tolist() for matrix in MATRICES]
    values = [np.array([formula(*each) for each in counts], float) for formula in [SPECIFICITY, *MISTAKES.values()]]
    assert min(np.abs(one - other).max() for one, other in itertools.combinations(values, 2)) > 1e-3


def test_every_mistake_is_among_the_wrong_answers():
    heard = {check_specificity(answer).sentence for answer, _ in WRONG.values()}
    assert set(MISTAKES) <= heard
