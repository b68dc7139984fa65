# %% [markdown]
# # Reading training curves
#
# A training curve is what one sees of a network while it learns. Textbooks draw four: good convergence, overfitting,
# a learning rate that is too high, underfitting. The exercise draws them with formulas. Here every curve comes from a
# real network, and what is wrong with it is known, because we did it. Then we try out the remedies, ask a doctor for
# the diagnosis, and look at nearly two thousand networks, to see how far the textbook can be trusted.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display

from jaxopt_lab import plots
from jaxopt_lab.curves import diagnose
from jaxopt_lab.curves.vocabulary import LABELS
from jaxopt_lab.labs import curves
from jaxopt_lab.labs.curves.baselines import BASELINES
from jaxopt_lab.labs.curves.examples import make_examples
from jaxopt_lab.labs.curves.families import families, held_out, train_families
from jaxopt_lab.labs.curves.labels import label_runs
from jaxopt_lab.labs.curves.pictures import family_pictures
from jaxopt_lab.labs.curves.scores import macro_f1
from jaxopt_lab.metrics import wilson

# How much is computed: the tests, which run this notebook too, set NOTEBOOKS_QUICK and need only a little of all.
QUICK = "NOTEBOOKS_QUICK" in os.environ
EPOCHS, SEEDS = (4, 2) if QUICK else (100, 5)
LENGTH = 4 if QUICK else 40  # recorded points of each of the many networks

# %% [markdown]
# ## Four conditions, made on purpose
#
# Handwritten digits, two hidden layers of 16 ReLUs, SGD with minibatches of 128. The good network learns at a rate of
# 0.1. Each other one differs from it in what is said in its title and in nothing else, and each is trained from
# several random starts. The exercise's missing scenario, underfitting, is a network with two units in each layer: a
# bottleneck that ten classes do not fit through.

# %%
findings = curves.run(num_epochs=EPOCHS, num_seeds=SEEDS)
plt.close("all")  # we look at its pictures one by one
pictures = {picture.name: picture.figure for picture in findings.pictures}
pictures["curves_scenarios"].set_dpi(85)
display(pictures["curves_scenarios"])

# %%
seen = findings.numbers["characteristics"]
good, over, high, under = (seen[name] for name in seen)
assert list(seen) == ["Good convergence", "Overfitting", "High learning rate", "Underfitting"]


def percent(values):
    return f"{np.median(values):.0%}"


def number(values):
    return f"{np.median(values):.2f}"


def epoch(values):
    return f"{np.median(values):.0f}"


display(
    Markdown(f"""
Thin lines are single runs, the thick line their median; a dot marks where the validation loss was lowest; dotted is
what guessing would get. The numbers in circles are what the doctor finds, to whom we come below.

- **Good**: both losses fall; the validation loss stops falling a little earlier and stays there. At the end
  {percent(good["train_accuracy"])} of the training and {percent(good["validation_accuracy"])} of the validation rows
  are right.
- **Overfitting**: the training loss goes to {number(over["train_loss"])}, as the network learns even the
  wrong labels by heart, while the validation loss turns at epoch {epoch(over["best_epoch"])} and ends
  {percent(over["loss_since_best"])} above that.
- **High learning rate**: no fine saw teeth, but a curve that is thrown up and lies flat: {high["guessing"].sum()} of
  {SEEDS} runs end no better than guessing, and in {high["flat"].sum()} the second half hardly moves at all.
- **Underfitting**: both losses end high and side by side, at {number(under["train_loss"])} and
  {number(under["validation_loss"])}; the network is as bad on the rows it has seen as on others.
""")
)

# %% [markdown]
# Look at the two panels on a high rate and on underfitting again. Both end flat and high. What is shown in textbooks
# as *oscillation* is here a flat line, and a flat line is what one takes for a model that is too small. One cannot
# tell by the shape alone what would help.
#
# ## Do the remedies help?
#
# The same networks were trained with each remedy, from the same starts on the same minibatches, so that one can
# compare seed by seed. Test rows judge, which chose nothing.

# %%
display(pictures["curves_remedies"])

# %%
tried = findings.numbers["remedies"]


def verdict(effect):
    """What all seeds agree on, in test loss and test accuracy."""
    word = {SEEDS: "in every seed", 0: "in no seed"}
    better = {
        each: word.get(effect[f"{each}_better"], f"in {effect[f'{each}_better']} of {SEEDS} seeds")
        for each in ("loss", "accuracy")
    }
    before, after = (float(np.median(effect[f"test_accuracy_{when}"])) for when in ("before", "after"))
    return f"accuracy {before:.0%} → {after:.0%}, higher {better['accuracy']}; loss lower {better['loss']}"


rows = "\n".join(
    f"- **{name}**\n" + "\n".join(f"  - {label}: {verdict(effect)}" for label, effect in effects.items())
    for name, effects in tried.items()
)
display(
    Markdown(f"""
{rows}
""")
)

# %% [markdown]
# Some textbook remedies help always, some do nothing here, and some help the loss but not the accuracy. That is the
# second lesson: a remedy is a guess until it was tried, against the same start.
#
# ## The doctor
#
# `curves.diagnose` takes the curves of any run, or a log file by `curves.read`, and says what is wrong, by which
# evidence, and what to try. It has never seen these networks. The first run of the overfitting scenario:

# %%
first = {
    name: findings.numbers["curves"]["Overfitting"][name]
    for name in ("epoch", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
}
log = {name.replace("validation", "val"): values if name == "epoch" else values[0] for name, values in first.items()}
diagnosis = diagnose(log, num_classes=10)
_ = plots.diagnosis(log, diagnosis)

# %%
rows = "\n".join(
    f"1. {remedy.words} (helped in {remedy.success:.0%} of {remedy.tried:,} runs)" for remedy in diagnosis.remedies[:3]
)
display(
    Markdown(f"""
Label: **{diagnosis.label.replace("_", " ")}**, with probability {diagnosis.probabilities[diagnosis.label]:.0%}. What
to try, most promising first, with the share of runs of this kind in which it lowered the true risk:

{rows}
""")
)

# %% [markdown]
# ## How good is a diagnosis?
#
# To know that, one needs runs whose illness is known. So we train networks in families: each member has neighbours
# that differ from it in one thing alone, the learning rate, the width, the regularisation, the number of rows. What a
# neighbour does better is what was wrong. The label comes from that and never from the shape of the curve: *learning
# rate too high* means that a lower one, all else equal, ends lower.
#
# The tasks, depths and optimisers below are those that the doctor was not made from.

# %%
chosen = [family for family in families() if held_out(family)]
if QUICK:
    chosen = [next(each for each in families() if (each.task, each.optimizer, each.depth) == ("teacher_4", "sgd", 1))]
runs = train_families(chosen, epochs=2 * LENGTH)
examples = make_examples(runs, lengths=(LENGTH,))
label = np.array([example.label for example in examples])
print(f"{len(examples):,} networks in {len(chosen)} families")

# %% [markdown]
# One family at a glance: the same wide network, on the same rows, at seven learning rates. The titles are the labels.
# Of all families we take the one in which these seven show the most different ones.

# %%
plain = label_runs(runs, LENGTH).label.isel(data=-1, width=-1, regularisation=0, seed=0)
seven = plain.transpose("family", "rate").values
shown = int(np.argmax([len(set(labels)) for labels in seven.tolist()]))
family = chosen[shown]
figures = [picture.figure for picture in family_pictures(runs, shown, LENGTH)]
plt.close("all")
display(figures[0])

# %%
names = ", ".join(LABELS[place].replace("_", " ") for place in seven[shown])
display(
    Markdown(f"""
The task is {family.task}, the optimiser {family.optimizer}, with {family.depth} hidden layers. From one panel to the
next the rate grows by √10: {names}. A label changes between two curves that hardly differ. With all of the family's
widths, rows and regularisations against their rate:
""")
)
display(figures[1])

# %% [markdown]
# ## What illnesses look like
#
# For each label, how many of its runs show each symptom?

# %%
diagnoses = [diagnose(example.log()) for example in examples]
symptoms = [{finding.symptom for finding in each.findings} for each in diagnoses]
SYMPTOMS = {
    "oscillates": "oscillates", "training_rises": "training loss rises", "does_not_learn": "does not learn",
    "validation_rises": "validation loss rises", "still_falling": "still falling",
}  # fmt: skip
share = {
    (name, symptom): (np.mean([symptom in each for each in np.array(symptoms, object)[label == place]]))
    for place, name in enumerate(LABELS)
    if (label == place).any()
    for symptom in SYMPTOMS
}
there = [name for name, symptom in share if symptom == "oscillates"]
rows = [
    f"| {name.replace('_', ' ')} | {np.sum(label == LABELS.index(name)):,} | "
    + " | ".join(f"{share[name, symptom]:.0%}" for symptom in SYMPTOMS)
    + " |"
    for name in there
]
table = (
    f"| label | runs | {' | '.join(SYMPTOMS.values())} |\n|---|---:|" + "---:|" * len(SYMPTOMS) + "\n" + "\n".join(rows)
)
display(Markdown(table))

# %%
swinging = np.array(["oscillates" in each for each in symptoms])
too_high = label == LABELS.index("learning_rate_too_high")
of_high = float(np.mean(swinging[too_high]))
interval = wilson(int(np.sum(swinging & too_high)), int(too_high.sum()))
faithful = max((pair for pair in share if pair[0] != "inconclusive"), key=share.__getitem__)
high_of_swinging = float(np.mean(too_high[swinging])) if swinging.any() else float("nan")
display(
    Markdown(f"""
*A high learning rate makes the loss oscillate* is half of the truth: {of_high:.0%} of the runs whose rate is too high
do (95% interval of such a share: {interval.lower:.0%} to {interval.upper:.0%}), the others do not. Of the runs that
oscillate {high_of_swinging:.0%} have too high a rate. The picture that is kept to best is another: of the runs labelled
*{faithful[0].replace("_", " ")}*, {share[faithful]:.0%} show *{SYMPTOMS[faithful[1]]}*.
""")
)

# %% [markdown]
# ## The doctor at work
#
# And what does the doctor make of all these curves? Rows are what was wrong, columns what it says.

# %%
said = np.array([LABELS.index(each.label) for each in diagnoses])
counts = np.array(
    [[np.sum((label == true) & (said == told)) for told in range(len(LABELS))] for true in range(len(LABELS))]
)
_, ax = plots.new_figure(width=6.6, height=5.6)
_ = plots.ConfusionMatrixDisplay(counts, [name.replace("_", " ").replace("learning ", "") for name in LABELS]).plot(ax)
ax.set_title(
    f"{len(examples):,} networks that the doctor has not seen", loc="left", fontsize="medium", fontweight="bold"
)
plt.setp(ax.get_xticklabels(), rotation=30, ha="right")
_ = ax.set(xlabel="said", ylabel="was wrong")

# %%
definite = label != LABELS.index("inconclusive")
scores = {"the doctor": macro_f1(label[definite], said[definite])}
for name, rule in BASELINES.items():
    told = np.array([LABELS.index(rule(example.log())) for example in examples])
    scores[name] = macro_f1(label[definite], told[definite])
right = float(np.mean(said[definite] == label[definite]))
recalls = {
    name.replace("_", " "): counts[place, place] / counts[place].sum()
    for place, name in enumerate(LABELS)
    if name != "inconclusive" and counts[place].any()
}
best, worst = max(recalls, key=recalls.__getitem__), min(recalls, key=recalls.__getitem__)
sure = np.array([max(each.probabilities.values()) for each in diagnoses])[definite]
surest = float(np.mean((said == label)[definite][sure >= np.median(sure)]))
if not QUICK:
    assert scores["the doctor"] == max(scores.values())
rows = "\n".join(f"| {name} | {value:.2f} |" for name, value in scores.items())
display(
    Markdown(f"""
It names the right label of six in {right:.0%} of the runs where there is a definite one. By macro-F1, which counts
rare labels as much as common ones:

| rule | macro-F1 |
|---|---:|
{rows}

The others are published rules, as far as a log of curves is enough for them. The doctor finds {recalls[best]:.0%} of
the runs that are *{best}* and {recalls[worst]:.0%} of those that are *{worst}*. It says how sure it is, and that is
what to look at first: of the half of which it is surest, {surest:.0%} are right.
""")
)

# %% [markdown]
# ## Answers to Task 3
#
# The exercise's table, with what was measured on our four scenarios. *Every seed* means that all seeds agree, on test
# rows.

# %%
agreed = {
    name: [
        label
        for label, effect in effects.items()
        if effect["loss_better"] == SEEDS and effect["accuracy_better"] == SEEDS
    ]
    for name, effects in tried.items()
}
half = {
    name: [label for label, effect in effects.items() if effect["loss_better"] == SEEDS and label not in agreed[name]]
    for name, effects in tried.items()
}


def solutions(name):
    said_of = [f"Better in every seed, in loss and accuracy: {'; '.join(agreed[name])}"] if agreed[name] else []
    said_of += [f"Lower loss only: {'; '.join(half[name])}"] if half[name] else []
    return ". ".join(said_of) or "Nothing that was tried helped in every seed"


CHARACTERISTICS = {
    "Good convergence": "Both losses fall and stay close; accuracy "
    f"{percent(good['train_accuracy'])} in training, {percent(good['validation_accuracy'])} in validation",
    "Overfitting": f"Training accuracy {percent(over['train_accuracy'])}, validation "
    f"{percent(over['validation_accuracy'])}; the validation loss ends "
    f"{percent(over['loss_since_best'])} above its lowest, of epoch {epoch(over['best_epoch'])}",
    "High learning rate": f"The loss rises in {percent(high['late_rises'])} of the late epochs; "
    f"{high['guessing'].sum()} of {SEEDS} runs no better than guessing, {high['flat'].sum()} flat",
    "Underfitting": f"Both losses end high and together, {number(under['train_loss'])} and "
    f"{number(under['validation_loss'])}; accuracy {percent(under['train_accuracy'])} and "
    f"{percent(under['validation_accuracy'])}",
}
rows = "\n".join(f"| {name} | {words} | {solutions(name)} |" for name, words in CHARACTERISTICS.items())
display(
    Markdown(f"""
| Scenario | Key characteristics | Potential solutions |
|---|---|---|
{rows}
""")
)

# %%
ill = [effect for name, effects in tried.items() if name != "Good convergence" for effect in effects.values()]
display(
    Markdown(f"""
**Final summary, debugging.** Curves name the illness less surely than textbooks say: only {of_high:.0%} of the runs
with too high a rate oscillate, and the doctor is right in {right:.0%} of the cases. Of {len(ill)} textbook
remedies for our three illnesses {sum(effect["loss_better"] == SEEDS for effect in ill)} lowered the test loss in
every seed. In a project: always log training *and* validation, keep the point before the first step, and confirm a
suspicion by changing one thing from the same start; the learning rate first, since it is the cheapest to be wrong
about.
""")
)
