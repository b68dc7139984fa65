"""Remedies for the rare class compared: which changes the ranking, which moves the threshold, which spoils the risk."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxopt_lab.labs.imbalance.designs import TEST, VALIDATION, design
from jaxopt_lab.labs.imbalance.measures import log_odds_of_all, measured
from jaxopt_lab.labs.imbalance.remedied import train_remedied
from jaxopt_lab.problems import Dataset
from jaxopt_lab.problems.datasets import load

if TYPE_CHECKING:
    import xarray as xr

REMEDIES = ("none", "class weights", "over-sampling", "under-sampling", "threshold", "focal loss")
"""The remedies that need no further package; there is ``"SMOTE"`` beside them."""

_MOST_NUMBERS = 3 * 10**8  # of a row in a classifier, a split and a prevalence: about 4 GB
_MOST = {"log_loss": math.inf, "risk_ratio": math.inf}  # the others reach 1 at most


def compare_remedies(
    data: Dataset | str,
    *,
    remedies: tuple[str, ...] = REMEDIES,
    prevalences: tuple[float, ...] | None = None,
    splits: int = 50,
    gamma: float = 2.0,
    C: float = 1.0,
    num_steps: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
) -> "xr.Dataset":
    r"""Train a logistic regression with each remedy, at each prevalence, on each of many random splits, and score it.

    .. math::
        L(w, b) = \frac{\lVert w \rVert^2}{2 C}
                  - \sum_i c_i \, (1 - p_i)^\gamma \log p_i, \qquad p_i = P(y_i \mid x_i; w, b)

    The remedies for the rare class are numbers in this loss: the weights :math:`c_i` of the rows, and :math:`\gamma`,
    which is 0 but for the focal loss. So one program trains all classifiers. ``"threshold"`` leaves the classifier
    alone and moves the threshold, from a probability of one half to the best balanced accuracy on validation rows.
    Resampling sees rows that are learnt from, and no others. All remedies have the same splits: they are compared
    in pairs.

    The intervals are of the mean over the splits, by the t distribution, with the variance

    .. math:: \left(\frac{1}{J} + \frac{n_\text{test}}{n_\text{train}}\right) s^2

    of Nadeau and Bengio: splits of the same rows overlap, and more of them don't make more data. They end where the
    metric's range does.

    Args:
        data: two classes, the second the rare one, or the name of a data set. Its three parts are put together and
            split anew.
        remedies: some of `REMEDIES`, and ``"SMOTE"``, which needs imbalanced-learn; ``"none"`` is always there.
        prevalences: shares of positives, up to one half; None for the share that the data has.
        splits: how many random splits.
        gamma: :math:`\gamma` of the focal loss.
        C: the inverse strength of the penalty, as in scikit-learn, with features scaled to variance 1.
        num_steps: the steps of L-BFGS.
        confidence: of the intervals.
        seed: of the splits and of the resampling.

    Returns:
        ``value`` over ``metric``, ``remedy``, ``prevalence`` and ``split``; its ``mean``, ``lower`` and ``upper``; the
        same of the ``difference`` to no remedy; ``threshold``, a probability; ``coefficients``, the intercept last;
        and ``largest_gradient``, which shows that training arrived. ``risk_ratio`` is the mean probability over the
        share of positives: 1 if the risk is right on the whole.

    Raises:
        ValueError: for more than two classes, an unknown remedy, prevalences outside ``(0, 0.5]`` or too few rows.
        ImportError: for ``"SMOTE"`` without imbalanced-learn.

    Example:
        >>> two = ("none", "class weights")
        >>> result = compare_remedies("breast_cancer", remedies=two, prevalences=(0.1,))  # doctest: +SKIP
        >>> ratio = result["mean"].sel(metric="risk_ratio", prevalence=0.1)  # doctest: +SKIP
        >>> bool(ratio.sel(remedy="class weights") > ratio.sel(remedy="none"))  # doctest: +SKIP
        True

    References:
        R. van den Goorbergh, M. van Smeden, D. Timmerman and B. Van Calster (2022). The harm of class imbalance
        corrections for risk prediction models. Journal of the American Medical Informatics Association 29, 1525-1534.
        T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar (2017). Focal loss for dense object detection. ICCV.
        C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning 52, 239-281.
    """
    data = load(data)
    features, labels = _pooled(data)
    shares = (float(labels.mean()),) if prevalences is None else tuple(float(each) for each in prevalences)
    names = _checked(data, remedies, shares, splits, len(labels))
    plan = design(features, labels, shares, splits, seed)
    params, gradient = train_remedied(features, labels, plan, names, gamma=gamma, C=C, num_steps=num_steps, seed=seed)
    scores = log_odds_of_all(features, plan, params)
    values, thresholds = measured(labels, scores, plan, names, np.array(shares))
    return _dataset(values, thresholds, params, gradient, names, shares, confidence, data.name)


def _pooled(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    parts = [part for part in (data.train, data.validation, data.test) if len(part.labels)]
    return (
        np.concatenate([np.asarray(part.features, float) for part in parts]),
        np.concatenate([np.asarray(part.labels) for part in parts]),
    )


def _checked(data: Dataset, remedies: tuple[str, ...], shares: tuple[float, ...], splits: int, rows: int) -> list[str]:
    if len(data.class_names) != 2:
        raise ValueError(f"data: got {len(data.class_names)} classes; remedies for the rare class are for two")
    known = (*REMEDIES, "SMOTE")
    for name in remedies:
        if name not in known:
            raise ValueError(f"remedies: got {name!r}; the remedies are {', '.join(known)}")
    for share in shares:
        if not 0 < share <= 0.5:
            raise ValueError(f"prevalences: got {share:g}; the second class is the rare one, so above 0 up to 0.5")
    if splits < 2:
        raise ValueError(f"splits: got {splits}; an interval needs at least 2")
    names = ["none", *(name for name in dict.fromkeys(remedies) if name != "none")]
    if splits * len(shares) * len(names) * rows > _MOST_NUMBERS:
        most = _MOST_NUMBERS // (splits * len(shares) * len(names))
        raise ValueError(f"data: got {rows:,} rows; at {splits} splits up to {most:,} fit: draw some, or fewer splits")
    return names


def _dataset(
    values: dict[str, np.ndarray],
    thresholds: np.ndarray,
    params: np.ndarray,
    gradient: np.ndarray,
    names: list[str],
    shares: tuple[float, ...],
    confidence: float,
    data_name: str,
) -> "xr.Dataset":
    import xarray as xr

    dims = ("split", "prevalence", "remedy")
    value = xr.DataArray(
        np.stack(list(values.values())).astype(float),
        dims=("metric", *dims),
        coords={"metric": list(values), "remedy": names, "prevalence": list(shares)},
    ).transpose("metric", "remedy", "prevalence", "split")
    difference = value - value.sel(remedy="none", drop=True)
    most = xr.DataArray([_MOST.get(name, 1.0) for name in values], dims="metric", coords={"metric": list(values)})
    variables: dict[str, Any] = {"value": value, "difference": difference}
    for prefix, each in (("", value), ("difference_", difference)):
        reach = _reach(each.sizes["split"], confidence) * each.std("split", ddof=1)
        mean, least = each.mean("split"), -most if prefix else 0.0
        variables[f"{prefix}mean"] = mean
        variables[f"{prefix}lower"] = (mean - reach).clip(least, most)
        variables[f"{prefix}upper"] = (mean + reach).clip(least, most)
    variables["threshold"] = (dims, thresholds)
    variables["coefficients"] = ((*dims, "coefficient"), params)
    variables["largest_gradient"] = gradient.max()
    return xr.Dataset(variables, attrs={"data": data_name, "confidence": confidence, "test": TEST})


def _reach(splits: int, confidence: float) -> float:
    """How many standard deviations over the splits an interval reaches."""
    from scipy.stats import t

    learnt = 1 - TEST - VALIDATION
    return float(t.ppf((1 + confidence) / 2, splits - 1)) * math.sqrt(1 / splits + TEST / learnt)
