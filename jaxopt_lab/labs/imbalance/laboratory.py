"""The imbalance laboratory: a classifier with few positives, its metrics with their uncertainty, and remedies."""

from typing import Any, NamedTuple

import numpy as np

from jaxopt_lab.labs.findings import Findings
from jaxopt_lab.labs.imbalance import scoring, summary
from jaxopt_lab.labs.imbalance.comparison import compare_remedies
from jaxopt_lab.labs.imbalance.frequencies import loss_by_frequency
from jaxopt_lab.labs.imbalance.pictures import pictures
from jaxopt_lab.labs.imbalance.report import answers, tables
from jaxopt_lab.labs.imbalance.training import Trained, balanced_weight, log_odds, train
from jaxopt_lab.problems import Dataset, datasets

_MADE_UP = {"num_samples": 1000, "positives": 0.05, "test": 0.3, "seed": 42}


class Settings(NamedTuple):
    """What `run` takes, which says what each is."""

    seed: int
    digit: int
    C: float
    positive_weights: tuple[float, ...]
    folds: int
    draws: int
    num_steps: int
    resamples: int
    confidence: float
    data: str
    prevalences: tuple[float, ...]
    splits: int


class Model(NamedTuple):
    """One way to call rows positive."""

    params: np.ndarray
    positive_weight: float = 1.0
    threshold: float = 0.0


def run(
    *,
    seed: int = 0,
    digit: int = 8,
    C: float = 1.0,
    positive_weights: tuple[float, ...] = (2.0, 3.0, 5.0, 8.0, 13.0, 30.0, 50.0),
    folds: int = 5,
    draws: int = 20,
    num_steps: int = 100,
    resamples: int = 2000,
    confidence: float = 0.95,
    data: str = "breast_cancer",
    prevalences: tuple[float, ...] = (0.2, 0.1, 0.05),
    splits: int = 20,
) -> Findings:
    """Score a logistic regression on two sets with few positives, and measure what three kinds of remedy do.

    The first set is made up, 1,000 rows with 5% positives, and its split is fixed; the second is one handwritten digit
    against the rest. On each, scikit-learn's classifier and the engine's are compared, and the remedies (class weights,
    random over-sampling, another threshold) are chosen on training or validation rows and measured on test rows. A
    third set is thinned to several shares of positives, to compare remedies over many splits; and three optimisers
    learn classes of unequal frequency.

    Args:
        seed: of the folds, the over-samplings, the resamples and the split of the digits.
        digit: the digit to tell from the rest.
        C: the inverse strength of the penalty, as in scikit-learn.
        positive_weights: weights of the positive class to try, beside 1 and the one that balances the classes.
        folds: into how many parts the training rows are cut where there are no validation rows.
        draws: how many random over-samplings to learn from.
        num_steps: the steps of L-BFGS.
        resamples: how many bootstrap resamples of the test rows.
        confidence: of the intervals.
        data: the set on which remedies are compared, by its name.
        prevalences: the shares of positives there.
        splits: the random splits there.

    Returns:
        Figures, tables, numbers and answers.

    Example:
        >>> findings = run(resamples=200)  # doctest: +SKIP
        >>> findings.numbers["made_up"]["scikit_learn"]["recall"]  # doctest: +SKIP
        0.5333333333333333
    """
    settings = Settings(
        seed, digit, C, tuple(positive_weights), folds, draws, num_steps, resamples, confidence, data,
        tuple(prevalences), splits,
    )  # fmt: skip
    comparison = compare_remedies(
        data, prevalences=settings.prevalences, splits=splits, C=C, num_steps=num_steps, confidence=confidence,
        seed=seed,
    )  # fmt: skip
    frequencies = loss_by_frequency()
    numbers = {
        "made_up": study(datasets.imbalanced(**_MADE_UP), settings),
        "digits": study(datasets.digits(positive=digit, seed=seed), settings),
    }
    titles = {
        "made_up": f"made-up set, {_MADE_UP['positives']:.0%} positives",
        "digits": f"digits, {digit} against the rest",
    }
    return Findings(
        name="imbalance",
        title="Performance metrics for imbalanced data sets",
        task=(
            "Train a classifier where few rows are positive and compute its metrics, specificity among them; say why "
            "accuracy is not enough, which metric to optimise, what the AUC means and what helps the minority class."
        ),
        settings=settings._asdict()
        | {
            "made_up": _MADE_UP,
            "scikit_learn": "LogisticRegression(solver='liblinear')",
            "optimizer": "optax.lbfgs(1.0, linesearch=None)",
            "bootstrap": "percentile intervals, resampled within each class of the test rows",
        },
        numbers=numbers | summary.numbers(comparison, frequencies),
        pictures=[*pictures(numbers, titles, confidence), *summary.pictures(comparison, frequencies)],
        tables=[*tables(numbers, titles, confidence), summary.table(comparison)],
        answers=[*answers(numbers, confidence), summary.answer(comparison, frequencies)],
    )


def study(data: Dataset, settings: Settings) -> dict[str, Any]:
    """One data set: both classifiers, their metrics, and the remedies.

    Args:
        data: two classes. With validation rows, choices are made on these; else on training rows, each scored by a
            classifier that was learnt without it.
        settings: as `run` takes them.

    Returns:
        Every number, by name.

    Example:
        >>> settings = Settings(0, 8, 1.0, (2.0, 30.0), 5, 2, 100, 200, 0.95, "breast_cancer", (0.1,), 2)
        >>> numbers = study(datasets.imbalanced(200, 0.2), settings)
        >>> numbers["test_counts"].tolist()
        [48, 12]
    """
    trained = train(
        data,
        C=settings.C,
        positive_weights=settings.positive_weights,
        folds=settings.folds,
        draws=settings.draws,
        num_steps=settings.num_steps,
        seed=settings.seed,
    )
    labels = np.asarray(data.test.labels)
    params = trained.by_weight[0, 0]
    scores = log_odds(params, data.test.features)
    theirs = _scikit_learn(data, settings.C)
    their_scores = log_odds(theirs, data.test.features)
    measured, theirs_measured = scoring.measure(labels, scores), scoring.measure(labels, their_scores)
    gaps = {name: abs(measured[name] - theirs_measured[name]) for name in measured if name != "confusion"}
    return {
        "class_names": list(data.class_names),
        "train_counts": np.bincount(data.train.labels),
        "test_counts": np.bincount(labels),
        "test_labels": labels,
        "prevalence": float(np.mean(labels)),
        "scikit_learn": theirs_measured
        | {"coefficients": theirs, "scores": their_scores}
        | scoring.curves(labels, their_scores),
        "jax": measured | {"coefficients": params, "scores": scores} | scoring.curves(labels, scores),
        "largest_difference": {"coefficients": float(np.max(np.abs(params - theirs))), "metrics": max(gaps.values())},
        "largest_gradient": trained.largest_gradient,
        "always_negative": scoring.measure(labels, np.full(len(labels), -1.0)),
        "pairs": scoring.counted_pairs(labels, their_scores),
        **_remedies(data, trained, settings),
    }


def _scikit_learn(data: Dataset, C: float) -> np.ndarray:
    """The coefficients of scikit-learn's own classifier, the intercept last."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(solver="liblinear", C=C).fit(data.train.features, data.train.labels)
    return np.append(model.coef_[0], model.intercept_)


def _remedies(data: Dataset, trained: Trained, settings: Settings) -> dict[str, Any]:
    """Choose each remedy without the test rows, then measure all of them on these."""
    chosen_on, labels, scores_by_weight = _rows_to_choose_by(data, trained)
    by_weight = [scoring.measure(labels, scores) for scores in scores_by_weight]
    by_threshold = scoring.at_thresholds(labels, scores_by_weight[0])
    plain, weights = trained.by_weight[0, 0], trained.positive_weights
    balanced = int(np.searchsorted(weights, balanced_weight(np.asarray(data.train.labels))))
    best = {name: int(np.argmax([one[key] for one in by_weight])) for name, key in scoring.CRITERIA.items()}
    thresholds = {name: scoring.choose_threshold(labels, scores_by_weight[0], name) for name in scoring.CRITERIA}
    models = {
        "no remedy": Model(plain),
        "balanced class weights": Model(trained.by_weight[balanced, 0], weights[balanced]),
        "random over-sampling": Model(trained.over_sampled[0]),
        **{f"class weight for {name}": Model(trained.by_weight[i, 0], weights[i]) for name, i in best.items()},
        **{f"threshold for {name}": Model(plain, threshold=threshold) for name, threshold in thresholds.items()},
    }
    return {
        "chosen_on": chosen_on,
        "chosen": {
            "positive_weight": {name: float(weights[i]) for name, i in best.items()},
            "probability": {name: _probability(threshold) for name, threshold in thresholds.items()},
        },
        "remedies": _measured(data, models, settings),
        "over_sampling_draws": _spread(data, trained.over_sampled),
        "by_weight": {"positive_weight": weights}
        | {name: np.array([one[name] for one in by_weight]) for name in ("recall", "precision", "f1")},
        "by_threshold": by_threshold | {"probability": _probability(by_threshold["threshold"])},
    }


def _rows_to_choose_by(data: Dataset, trained: Trained) -> tuple[str, np.ndarray, np.ndarray]:
    """Which rows these are, their labels, and their scores by the classifier of each weight."""
    if not trained.fold_of_row.size:
        scores = [log_odds(params[0], data.validation.features) for params in trained.by_weight]
        return "the validation rows", np.asarray(data.validation.labels), np.stack(scores)
    folds = trained.by_weight.shape[1] - 1
    scores = np.empty((len(trained.by_weight), len(trained.fold_of_row)))
    for fold in range(folds):
        held_out = trained.fold_of_row == fold
        for index, params in enumerate(trained.by_weight):
            scores[index, held_out] = log_odds(params[1 + fold], data.train.features[held_out])
    return f"the training rows by {folds}-fold cross-validation", np.asarray(data.train.labels), scores


def _measured(data: Dataset, models: dict[str, Model], settings: Settings) -> dict[str, Any]:
    """Each remedy's metrics on the test rows, with intervals, and its paired differences to no remedy."""
    labels = np.asarray(data.test.labels)
    scores = np.stack([log_odds(model.params, data.test.features) for model in models.values()])
    resampling = scoring.Resampling(settings.resamples, settings.confidence, settings.seed)
    plain = scoring.measure(labels, scores[0])
    remedies = {}
    for (name, model), row in zip(models.items(), scores, strict=True):
        measured = scoring.measure(labels, row, model.threshold)
        remedies[name] = {
            "positive_weight": float(model.positive_weight),
            "threshold": float(model.threshold),
            "threshold_probability": _probability(model.threshold),
            "scores": row,
            "mean_probability": float(np.mean(_probability(row))),
            **measured,
            **scoring.curves(labels, row),
            "intervals": scoring.intervals(labels, (row, model.threshold), resampling),
            "differences": {metric: measured[metric] - plain[metric] for metric in scoring.METRICS},
            "difference_intervals": scoring.intervals(labels, (row, model.threshold), resampling, (scores[0], 0.0)),
        }
    return remedies


def _spread(data: Dataset, over_sampled: np.ndarray) -> dict[str, list[float]]:
    """The lowest and the highest of each metric over the random over-samplings."""
    labels = np.asarray(data.test.labels)
    each = [scoring.measure(labels, log_odds(params, data.test.features)) for params in over_sampled]
    return {name: [min(one[name] for one in each), max(one[name] for one in each)] for name in scoring.METRICS}


def _probability(log_odds: Any) -> Any:
    probability = 1 / (1 + np.exp(-np.asarray(log_odds, float)))
    return probability if probability.ndim else float(probability)
