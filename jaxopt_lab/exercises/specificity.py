"""The exercise on specificity, from the counts of a confusion matrix."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxopt_lab.exercises.verdict import Verdict, answers, first_that_fits, right, same, wrong

MATRICES = (((50, 7), (4, 13)), ((31, 11), (2, 23)), ((90, 6), (17, 29)))
"""Counts for which no two of the formulas below agree."""

Formula = Callable[[int, int, int, int], float]
"""Of TN, FP, FN and TP."""

SPECIFICITY: Formula = lambda tn, fp, fn, tp: tn / (tn + fp)

MISTAKES: dict[str, Formula] = {
    "this is recall, TP / (TP + FN), which looks at the actual positives: specificity looks at the actual negatives, "
    "the first row.": lambda tn, fp, fn, tp: tp / (tp + fn),
    "this is 1 - specificity, the false positive rate: the numerator is TN.": lambda tn, fp, fn, tp: fp / (tn + fp),
    "this is precision, TP / (TP + FP); did you take TN and TP for each other? The matrix is [[TN, FP], "
    "[FN, TP]].": lambda tn, fp, fn, tp: tp / (tp + fp),
    "FP and FN are swapped: TN / (TN + FN) is the negative predictive value. Specificity stays in the first "
    "row.": lambda tn, fp, fn, tp: tn / (tn + fn),
    "this is accuracy, in which the actual positives count too: specificity looks at the first row "
    "alone.": lambda tn, fp, fn, tp: (tn + tp) / (tn + fp + fn + tp),
    "this is balanced accuracy, the mean of specificity and recall.": lambda tn, fp, fn, tp: (
        (tn / (tn + fp) + tp / (tp + fn)) / 2
    ),
    "this is the false negative rate, FN / (FN + TP): specificity looks at the first row.": lambda tn, fp, fn, tp: (
        fn / (fn + tp)
    ),
    "this is the F1 score, which does not know of TN at all.": lambda tn, fp, fn, tp: 2 * tp / (2 * tp + fp + fn),
    "this is the share of actual negatives among all rows: its numerator is to be TN, its denominator the first "
    "row.": lambda tn, fp, fn, tp: (tn + fp) / (tn + fp + fn + tp),
    "TN is divided by all rows: divide by the actual negatives, TN + FP.": lambda tn, fp, fn, tp: (
        tn / (tn + fp + fn + tp)
    ),
    "TN is divided by FP: divide by all actual negatives, TN + FP.": lambda tn, fp, fn, tp: tn / fp,
    "brackets are missing: TN / TN + FP divides first; write TN / (TN + FP).": lambda tn, fp, fn, tp: tn / tn + fp,
    "this is the count of true negatives: divide it by the actual negatives, TN + FP.": lambda tn, fp, fn, tp: tn,
    "this is a percentage: a rate lies between 0 and 1.": lambda tn, fp, fn, tp: 100 * tn / (tn + fp),
    "this is 0, whatever the matrix: did you divide by //, which cuts off what is below 1? "
    "Write /.": lambda tn, fp, fn, tp: tn // (tn + fp),
}
"""What to say, and the formula that a student who hears it has written."""


def check_specificity(function: Any) -> Verdict:
    r"""Whether a function calculates the specificity from a confusion matrix.

    .. math:: \text{specificity} = \frac{TN}{TN + FP}

    Args:
        function: ``function(confusion)`` of a matrix of counts ``[[TN, FP], [FN, TP]]``, which returns a number.

    Returns:
        The verdict.

    Example:
        >>> def recall(confusion):
        ...     (tn, fp), (fn, tp) = confusion
        ...     return tp / (tp + fn)
        >>> print(check_specificity(recall))
        ✘ Wrong: this is recall, TP / (TP + FN), ...

    References:
        J. Yerushalmy (1947). Statistical problems in assessing methods of medical diagnosis. Public Health Reports
        62(40), 1432-1449.
    """
    empty = "your function returns nothing; it is to return TN / (TN + FP) as the matrix gives them."
    values = answers(function, [(np.array(matrix),) for matrix in MATRICES], empty)
    if isinstance(values, Verdict):
        return values
    for value in values:
        if value.size != 1:
            return wrong(f"your function returns {value.size} numbers, of shape {value.shape}; specificity is one.")
    numbers = np.concatenate([value.ravel() for value in values])
    sentence = first_that_fits(numbers, [(_of_matrices(formula), words) for words, formula in MISTAKES.items()])
    if sentence:
        return wrong(sentence)
    wanted = np.array(_of_matrices(SPECIFICITY)())
    if same(numbers, wanted):
        return right("of all actual negatives, the share that is called negative.")
    at = int(np.argmin(np.isclose(numbers, wanted, rtol=1e-4)))
    tn, fp, fn, tp = np.ravel(MATRICES[at])
    return wrong(f"for TN {tn}, FP {fp}, FN {fn} and TP {tp} you return {numbers[at]:.4g}; it is {wanted[at]:.4g}.")


def _of_matrices(formula: Formula) -> Callable[[], list[float]]:
    return lambda: [formula(*map(int, np.ravel(matrix))) for matrix in MATRICES]
