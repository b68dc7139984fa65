# %% [markdown]
# # Imbalanced data
#
# Where few rows are positive, a classifier may be right nearly always and useless. We score one with many numbers,
# ask how far each can be trusted with fifteen positives to test on, see which numbers change when the disease gets
# rarer and which do not, choose a threshold by what errors cost, and compare five remedies, with intervals, on many
# splits of real data. At the end, rare classes meet the optimisers of the first notebook.

# %%
import os

import numpy as np
from IPython.display import Markdown, display
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from jaxopt_lab import metrics, plots, problems
from jaxopt_lab.evaluation import Resampling, score_binary
from jaxopt_lab.labs.imbalance import compare_remedies, loss_by_frequency
from jaxopt_lab.plots import scores
from jaxopt_lab.plots.style import PALETTE

# How much is computed: the tests, which run this notebook too, set NOTEBOOKS_QUICK and need only a little of all.
QUICK = "NOTEBOOKS_QUICK" in os.environ
RESAMPLES = 100 if QUICK else 2000  # of each bootstrap
SPLITS, PREVALENCES, L_BFGS = (2, (0.2,), 20) if QUICK else (50, (0.2, 0.1, 0.05), 100)
TAIL = {"groups": 3, "num_steps": 20, "learning_rates": (0.1, 1.0, 10.0)} if QUICK else {}

# %% [markdown]
# ## A classifier with few positives
#
# A made-up task of 1,000 rows, 5% of them positive, split and learnt as in the exercise.

# %%
data = problems.datasets.imbalanced()  # the exercise's make_classification and train_test_split, with its seed
model = LogisticRegression(solver="liblinear").fit(data.train.features, data.train.labels)
labels = np.asarray(data.test.labels)
probability = model.predict_proba(data.test.features)[:, 1]
called = (probability >= 0.5).astype(int)

figure, axes = plots.new_figure(1, 3, width=4.4, height=4.3)
plots.ConfusionMatrixDisplay.from_predictions(labels, called, ax=axes[0])
how = Resampling(resamples=RESAMPLES)
plots.RocCurveDisplay.from_predictions(labels, probability, how=how, ax=axes[1])
_ = plots.PrecisionRecallDisplay.from_predictions(labels, probability, how=how, ax=axes[2])

# %% [markdown]
# ## The exercise: specificity
#
# The share of negatives that are called negative, from the cells of the confusion matrix; beside it
# `jaxopt_lab.metrics`, whose functions bear scikit-learn's names and run under `jit` and `vmap`, and which has
# specificity too.

# %%
tn, fp, fn, tp = metrics.confusion_matrix(labels, called).ravel().tolist()
specificity = tn / (tn + fp)


def measure(called, score):
    return {
        "accuracy": metrics.accuracy_score(labels, called),
        "precision": metrics.precision_score(labels, called, zero_division=0),
        "recall": metrics.recall_score(labels, called),
        "F1": metrics.f1_score(labels, called, zero_division=0),
        "specificity": metrics.specificity_score(labels, called),
        "ROC AUC": metrics.roc_auc_score(labels, score),
        "average precision": metrics.average_precision_score(labels, score),
    }


silent = np.zeros_like(labels)
SCORES, NOTHING = measure(called, probability), measure(silent, silent)
assert (tn, fp, fn, tp) == (284, 1, 7, 8)  # what scikit-learn gives in the exercise
assert SCORES["specificity"] == specificity
rows = "\n".join(f"| {name} | {value:.4f} | {NOTHING[name]:.4f} |" for name, value in SCORES.items())
display(
    Markdown(f"""
| metric | the classifier | calling every row negative |
|---|---:|---:|
{rows}

The last column is a program that does nothing, and its accuracy is {NOTHING["accuracy"]:.0%}. The
classifier's differs from it by {SCORES["accuracy"] - NOTHING["accuracy"]:.4f}, and misses {fn} of
{fn + tp} positives.
""")
)

# %% [markdown]
# ## How sure are these numbers?
#
# The test set has fifteen positives. Another fifteen would have given other numbers. `score_binary` gives each metric
# an interval: Wilson's for shares of rows, DeLong's for the area, the bootstrap's for the rest.

# %%
report = score_binary(labels, probability, how=how)
SHOWN = ("accuracy", "specificity", "ROC AUC", "average precision", "precision", "F1", "recall")
found = {name: report.measured[name] for name in SHOWN}
_ = scores.intervals(
    {name: each.value for name, each in found.items()},
    {name: (each.lower, each.upper) for name, each in found.items()},
    xlabel="value, with its 95% interval",
    title=f"{fn + tp} positives among {len(labels)} test rows",
)

# %%
recall = report.measured["recall"]
assert recall.lower < SCORES["recall"] < recall.upper
display(
    Markdown(f"""
Accuracy and specificity are known well, since nearly all rows are negative. What matters is known badly: the recall
is {recall.value:.2f}, somewhere between {recall.lower:.2f} and {recall.upper:.2f}. One single patient moves it by
{1 / (fn + tp):.3f}. Two classifiers that differ by a patient or two cannot be told apart on this test set.
""")
)

# %% [markdown]
# ## What changes when the disease gets rarer
#
# Take a classifier whose scores are normal in both classes, two standard deviations apart, and the threshold halfway.
# Now let positives become rarer and rarer and leave all else as it is.

# %%
DISTANCE, PEOPLE = 2.0, 1_000 if QUICK else 20_000
draws = np.random.default_rng(0)
truth = np.repeat([0, 1], PEOPLE)
score = draws.normal(size=2 * PEOPLE) + DISTANCE * truth
alarm = (score >= DISTANCE / 2).astype(int)
rarities = np.logspace(np.log10(0.5), -3, 8 if QUICK else 24)
MEASURES = {
    "ROC AUC": lambda weight: metrics.roc_auc_score(truth, score, sample_weight=weight),
    "recall": lambda weight: metrics.recall_score(truth, alarm, sample_weight=weight),
    "accuracy": lambda weight: metrics.accuracy_score(truth, alarm, sample_weight=weight),
    "average precision": lambda weight: metrics.average_precision_score(truth, score, sample_weight=weight),
    "F1": lambda weight: metrics.f1_score(truth, alarm, sample_weight=weight),
    "precision": lambda weight: metrics.precision_score(truth, alarm, sample_weight=weight),
}
weightings = [np.where(truth == 1, share, 1 - share) for share in rarities]
against = {name: np.array([measure(weight) for weight in weightings]) for name, measure in MEASURES.items()}

figure, ax = plots.new_figure()
for (name, values), color in zip(against.items(), PALETTE, strict=False):
    still = np.ptp(values) < 0.01
    ax.semilogx(rarities, values, "-" if still else "--", color=color, lw=4 if name == "recall" else 1.8, label=name)
ax.set(xlabel="share of positives", ylabel="metric", ylim=(0, 1.02))
ax.set_title("The same classifier, on rarer and rarer positives", loc="left", fontsize="medium", fontweight="bold")
ax.invert_xaxis()
_ = ax.legend(frameon=False)

# %%
area = float(norm.cdf(DISTANCE / np.sqrt(2)))
assert abs(against["ROC AUC"][0] - area) < 0.02
assert np.ptp(against["ROC AUC"]) < 1e-6
display(
    Markdown(f"""
Solid lines stand still: the area under the ROC curve is {against["ROC AUC"][0]:.3f} throughout (exactly
Φ({DISTANCE:g}/√2) = {area:.3f}), and so are recall and accuracy here, whose threshold treats both classes alike. They
describe the classifier. What an *alarm* is worth is another question: with half of the people ill
{against["precision"][0]:.0%} of the alarms are right, with one in a thousand {against["precision"][-1]:.1%}. The AUC
will not tell you that; the average precision does.
""")
)

# %% [markdown]
# ## The area counts pairs
#
# The area has a meaning one can count: take a positive and a negative at random, how often has the positive the
# higher score?

# %%
ahead = probability[labels == 1][:, None] - probability[labels == 0][None, :]
share = float(np.mean(ahead > 0) + np.mean(ahead == 0) / 2)
assert abs(share - SCORES["ROC AUC"]) < 1e-12
display(
    Markdown(f"""
Of {ahead.size:,} pairs in the test set {int(np.sum(ahead > 0)):,} are ranked rightly, a share of {share:.4f}. The
area is {SCORES["ROC AUC"]:.4f}. They are the same number.
""")
)

# %% [markdown]
# ## A threshold has a price
#
# Half is a threshold like any other. Say that to miss a patient costs as much as thirty false alarms. Which threshold
# is the cheapest? It has to be chosen on rows that are not reported on, and that the classifier has not learnt from:
# here on the training rows, each scored by a classifier that was trained without it.

# %%
MISS, FALSE_ALARM = 30.0, 1.0
held_back = cross_val_predict(
    LogisticRegression(solver="liblinear"), data.train.features, data.train.labels, cv=5, method="predict_proba"
)[:, 1]
choice = metrics.choose_threshold(data.train.labels, held_back, [[0.0, FALSE_ALARM], [MISS, 0.0]], resamples=RESAMPLES)
threshold = float(choice.threshold.value)
cuts, rates = score_binary(data.train.labels, held_back, how=how).trade_off
_ = (
    scores.trade_off(
        cuts,
        rates,
        xlabel="threshold on the probability",
        chosen={"the cheapest": threshold, "one half": 0.5},
        scale="log",
        title="Rows to choose by: all rates over the threshold",
    )
    .pop()
    .axes.legend(frameon=False, loc="center left")
)

# %%
moved = (probability >= threshold).astype(int)
_, more_alarms, still_missed, hits = metrics.confusion_matrix(labels, moved).ravel().tolist()
cost = {
    name: MISS * (np.sum((labels == 1) & (calls == 0))) + FALSE_ALARM * np.sum((labels == 0) & (calls == 1))
    for name, calls in (("one half", called), ("the cheapest", moved), ("silent", silent))
}
display(
    Markdown(f"""
The cheapest threshold is {threshold:.3f} (on other samples it would fall between {choice.threshold.lower:.3f} and
{choice.threshold.upper:.3f}). On the test rows it finds {hits} of {hits + still_missed} positives instead of {tp},
for {more_alarms} false alarms instead of {fp}. In the unit of a false alarm that costs {cost["the cheapest"]:.0f}; a
threshold of one half costs {cost["one half"]:.0f}, and to call nobody ill {cost["silent"]:.0f}. No model was trained
anew for that.
""")
)

# %% [markdown]
# ## Five remedies, and what they really do
#
# Class weights, over-sampling, under-sampling, a moved threshold, the focal loss: which one helps? We ask real data,
# tumours of the breast, thinned to several shares of malignant ones, each remedy on the same random splits. There are
# three things to look at: the **ranking** (AUC), the **decision** (balanced accuracy, the mean of recall and
# specificity), and the **risk** (is the mean predicted probability the share of positives?).

# %%
comparison = compare_remedies("breast_cancer", prevalences=PREVALENCES, splits=SPLITS, num_steps=L_BFGS)
_ = plots.remedies(comparison, title="What remedies change: ranking, decision, risk")

# %%
rarest = comparison.sel(prevalence=min(PREVALENCES))
others = [name for name in comparison.remedy.values.tolist() if name != "none"]


def difference(metric, name):
    one = rarest.sel(metric=metric, remedy=name)
    # Adding 0.0 after rounding keeps a minus sign off a zero.
    mean, lower, upper = (round(float(one[f"difference_{end}"]), 3) + 0.0 for end in ("mean", "lower", "upper"))
    return f"{mean:+.3f} ({lower:+.3f} to {upper:+.3f})"


def beyond_chance(metric):
    helped = [name for name in others if float(rarest.difference_lower.sel(metric=metric, remedy=name)) > 0]
    return ", ".join(helped) or "none"


risk = {name: float(rarest["mean"].sel(metric="risk_ratio", remedy=name)) for name in ["none", *others]}
worst = max(risk, key=risk.__getitem__)
rows = "\n".join(
    f"| {name} | {difference('auc', name)} | {difference('balanced_accuracy', name)} | {risk[name]:.2f} |"
    for name in others
)
display(
    Markdown(f"""
At {min(PREVALENCES):.0%} positives, each remedy minus none on the same {SPLITS} splits, with 95% intervals:

| remedy | AUC | balanced accuracy | mean risk / share of positives |
|---|---|---|---:|
{rows}

The ranking is improved beyond chance by: **{beyond_chance("auc")}**. The decision by:
**{beyond_chance("balanced_accuracy")}**. The price is paid in the last column: without a remedy the mean risk is
{risk["none"]:.2f} times what it should be, with {worst} {risk[worst]:.1f} times. Who tells patients their risk must
not use such a model as it is. A moved threshold changes the decision and nothing else.
""")
)

# %% [markdown]
# ## Why imbalance is slow as well
#
# Imbalance does not only mislead metrics, it slows learning down. Here classes differ in nothing but their frequency;
# each optimiser has the best learning rate for it.

# %%
tail = loss_by_frequency(**TAIL)
names = tail.optimizer.values.tolist()
_ = plots.loss_by_frequency(
    {name: tail.loss.sel(optimizer=name).values for name in names},
    tail.step.values,
    tail.frequency.values,
    title="The loss of frequent and of rare classes",
)

# %%
learnt = {name: tail.learnt_at.sel(optimizer=name).values for name in names}
told = {name: "never in these steps" if steps[-1] < 0 else f"after {steps[-1]} steps" for name, steps in learnt.items()}
display(
    Markdown(f"""
Under gradient descent the step for a class is proportional to its frequency, and one learning rate has to serve all
of them. The best compromise is too high for the most frequent class, which swings, and too low for the rarest,
{tail.frequency.values[0] / tail.frequency.values[-1]:.0f} times as rare, which is learnt {told["gradient descent"]}.
Sign descent does not see the frequency: all lines are one, and the rarest class is learnt {told["sign descent"]}. Adam,
which divides by the size of the gradient, hardly sees it: {told["Adam, no momentum"]}. It is one reason why language
models, whose words are the most imbalanced classes there are, are trained with Adam.
""")
)

# %% [markdown]
# ## Answers to Task 4

# %%
display(
    Markdown(f"""
**1. Why is accuracy alone insufficient for evaluating models on imbalanced datasets?** The majority decides it.
Calling every row negative has an accuracy of {NOTHING["accuracy"]:.4f} here; the classifier's
{SCORES["accuracy"]:.4f} hides that {fn} of {fn + tp} positives are missed (recall {SCORES["recall"]:.4f}) while its
specificity is {SCORES["specificity"]:.4f}.

**2. In a medical diagnosis scenario where the positive class represents a rare disease, which metric would be most
important to optimize and why?** Recall, at a number of false alarms that one can afford, for a missed patient goes
untreated and a false alarm costs a second test. If a miss costs {MISS:g} false alarms, the cheapest threshold is
{threshold:.3f} instead of 0.5, finds {hits} instead of {tp} of {fn + tp}, and costs {cost["the cheapest"]:.0f}
instead of {cost["one half"]:.0f}. Recall alone would be 1 if everybody were called ill.

**3. What does the area under the ROC curve (AUC) represent, and why is it useful for imbalanced datasets?** The
probability that a random positive scores higher than a random negative: counted over {ahead.size:,} pairs,
{share:.4f}. It needs no threshold and does not change with the share of positives: {against["ROC AUC"][0]:.3f} at
{rarities[0]:.0%} and at {rarities[-1]:.1%}. But it is silent about what an alarm is worth, where precision falls from
{against["precision"][0]:.2f} to {against["precision"][-1]:.3f}; so give the average precision beside it.

**4. Suggest two techniques that could improve the model's performance on the minority class.** A threshold chosen by
cost on held-out rows: above it brought the cost from {cost["one half"]:.0f} down to {cost["the cheapest"]:.0f} without
any training, and leaves ranking and risk as they are. Or class weights: on the tumours with {min(PREVALENCES):.0%}
positives they changed the balanced accuracy by {difference("balanced_accuracy", "class weights")}, the threshold by
{difference("balanced_accuracy", "threshold")}, chosen as it was on a handful of positives; but not the ranking, AUC
{difference("auc", "class weights")}, and probabilities came out {risk["class weights"]:.2f} times as high as they
should.

**Final summary, performance metrics.** Ranking, decision and risk are three things, and one number can only speak of
one. With few positives all of them are uncertain: the recall of {SCORES["recall"]:.2f} could as well be
{recall.lower:.2f} or {recall.upper:.2f}. In a project: say what each error costs, choose the threshold for that on
validation rows, report recall, precision and specificity with their intervals, and compare remedies in pairs on the
same splits.
""")
)
