# %% [markdown]
# # Exercises
#
# Five holes to fill and four sections of questions, about half an hour. Write your code where it says
# `# your code`, run the cell, then the check below it: it says whether you are right, and if not, what is wrong with
# your answer. The sheet runs from top to bottom while holes are still open, and its pictures show what is there.
#
# | section | to write | to answer |
# |---|---|---|
# | 1 Adaptive learning rates | momentum, Adam | three questions |
# | 2 Saddle points | a gradient | three questions |
# | 3 Training curves | a network that underfits | a table |
# | 4 Imbalanced data | specificity | four questions |
#
# Plain NumPy is all you need, and `jax.numpy` is as welcome.

# %%
import functools

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from jaxopt_lab import exercises, metrics, optimizers, plots, problems, simulate

# %% [markdown]
# ## 1 Adaptive learning rates
#
# The loss is a bowl that is ten times as curved along $w_2$ as along $w_1$:
# $L(w) = \tfrac12 (w_1^2 + 10 w_2^2)$. An optimiser gets its gradient and a start, and returns its whole path, which
# begins with the start. Gradient descent and RMSProp are written out as patterns.


# %%
def bowl(w):
    return 0.5 * (w[0] ** 2 + 10 * w[1] ** 2)


def bowl_gradient(w):
    return np.array([w[0], 10 * w[1]])


def gradient_descent(gradient, start, num_steps, learning_rate):
    w = start
    path = [w]
    for _ in range(num_steps):
        w = w - learning_rate * gradient(w)
        path.append(w)
    return np.array(path)


def rmsprop(gradient, start, num_steps, learning_rate, decay=0.9, eps=1e-8):
    w = start
    path = [w]
    r = np.zeros(2)  # a running mean of the squared gradient
    for _ in range(num_steps):
        g = gradient(w)
        r = decay * r + (1 - decay) * g**2
        w = w - learning_rate * g / (np.sqrt(r) + eps)
        path.append(w)
    return np.array(path)


# %% [markdown]
# ### Exercise 1: momentum
#
# A velocity $v$, zero at first, remembers past gradients: $v \leftarrow \beta v + \alpha \nabla L(w)$, then
# $w \leftarrow w - v$. Here $\alpha$ is `learning_rate` and $\beta$ is `momentum`.


# %%
def sgd_momentum(gradient, start, num_steps, learning_rate, momentum):
    w = start
    path = [w]
    v = np.zeros(2)
    for _ in range(num_steps):
        v = v  # your code: the new velocity,
        w = w  # and the new point
        path.append(w)
    return np.array(path)


# %%
print(exercises.check_momentum(sgd_momentum))

# %% [markdown]
# ### Exercise 2: Adam
#
# Adam keeps running means of the gradient and of its square, and corrects both for having started at zero. At step
# $t = 1, 2, \dots$, with the gradient $g$:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
# \hat m = \frac{m}{1 - \beta_1^t}, \quad \hat v = \frac{v}{1 - \beta_2^t}, \quad
# w \leftarrow w - \alpha \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$


# %%
def adam(gradient, start, num_steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8):
    w = start
    path = [w]
    m, v, t = np.zeros(2), np.zeros(2), 0
    for _ in range(num_steps):
        m, v, t, w = m, v, t, w  # your code: the new moments, the count, the new point
        path.append(w)
    return np.array(path)


# %%
print(exercises.check_adam(adam))

# %% [markdown]
# ### Five paths

# %%
start, num_steps = np.array([4.0, 1.5]), 50
paths = {
    "SGD (0.18)": gradient_descent(bowl_gradient, start, num_steps, 0.18),
    "SGD (0.05)": gradient_descent(bowl_gradient, start, num_steps, 0.05),
    "momentum (0.05, 0.9)": sgd_momentum(bowl_gradient, start, num_steps, 0.05, 0.9),
    "RMSProp (0.1)": rmsprop(bowl_gradient, start, num_steps, 0.1),
    "Adam (0.2)": adam(bowl_gradient, start, num_steps, 0.2),
}
plots.paths(
    lambda w: bowl(np.moveaxis(w, -1, 0)),
    paths,
    ((-5.0, 5.0), (-2.0, 2.0)),
    levels=np.logspace(-1, 3, 10),
    marks={"minimum": (0.0, 0.0)},
    title=f"{num_steps} steps in a bowl",
)
plt.show()
for name, path in paths.items():
    print(f"{name:<22} {len(path) - 1:>3} steps, loss at the end {bowl(path[-1]):.2e}")

# %% [markdown]
# ### Questions
#
# 1. How does momentum help, compared with plain gradient descent?
# 2. Why does gradient descent at the high rate swing along $w_2$, and not along $w_1$?
# 3. Which algorithm would you choose for a real network, and why?

# %% [markdown]
# *Your answers:*
#
# 1.
#
# 2.
#
# 3.

# %% [markdown]
# ## 2 Saddle points
#
# At a saddle the gradient is zero, as at a minimum, and yet the function falls to two sides. The simplest one is
# $f(w_1, w_2) = w_1^2 - w_2^2$, with its saddle at $(0, 0)$.
#
# ### Exercise 3: its gradient


# %%
def saddle(w1, w2):
    return w1**2 - w2**2


def saddle_gradient(w1, w2):
    return np.array([0.0, 0.0])  # your code: the derivatives by w1 and by w2


# %%
print(exercises.check_saddle_gradient(saddle_gradient))

# %% [markdown]
# ### Two ways out
#
# Both optimisers are those of section 1. While the gradient is not right, or momentum not there, paths are missing or
# go astray.


# %%
def saddle_gradient_at(w):
    return saddle_gradient(w[0], w[1])


rate, momentum, num_saddle_steps = 0.1, 0.7, 100


def leave(start):
    """The paths of both optimisers from one start."""
    return {
        "SGD": gradient_descent(saddle_gradient_at, start, num_saddle_steps, rate),
        "momentum": sgd_momentum(saddle_gradient_at, start, num_saddle_steps, rate, momentum),
    }


ways_out = leave(np.array([1.5, 0.001]))
figure, (left, right) = plots.new_figure(1, 2, width=6.6, height=5.6)
plots.paths(
    lambda w: saddle(w[..., 0], w[..., 1]),
    ways_out,
    ((-2.0, 2.0), (-2.0, 2.0)),
    cmap="coolwarm",
    marks={"saddle point": (0.0, 0.0)},
    title="From (1.5, 0.001) into the saddle, and out of it",
    ax=left,
)
distances = {name: np.abs(path[:45, 1]) for name, path in ways_out.items()}
plots.decay(
    distances, ylabel="distance from the axis, $|w_2|$", title="How fast they leave: the line is $|w_2| = 2$", ax=right
)
right.axhline(2.0, color="black", lw=0.8)
plt.show()

# %% [markdown]
# ### Questions
#
# 1. Why are saddle points more common than local minima in many dimensions?
# 2. How does momentum help to escape from a saddle?
# 3. What happens if both optimisers start exactly at $(0, 0)$?

# %% [markdown]
# *Your answers:*
#
# 1.
#
# 2.
#
# 3.

# %% [markdown]
# ## 3 Training curves
#
# A small network, two hidden layers of up to 16 units, learns to read handwritten digits. What is done to it decides
# what its curves look like; these are real runs, and nothing is drawn by hand.

# %%
digits_network = {"hidden": (16, 16), "batch_size": 128}
epoch_steps = round(len(problems.datasets.load("digits").train.labels) / digits_network["batch_size"])


@functools.partial(jax.jit, static_argnames="epochs")
def run(learning_rate, units, epochs, rows, wrong_labels):
    changes = {"active_units": units, "train_fraction": rows, "label_noise": wrong_labels}
    network = problems.mlp("digits", **digits_network, **changes)
    start, steps = network.init(jax.random.key(0)), epochs * epoch_steps
    descent = optimizers.sgd(learning_rate)
    return simulate(network, descent, start, steps, key=jax.random.key(1), record=epoch_steps).metrics


def train(learning_rate, units, epochs, rows=1.0, wrong_labels=0.0):
    """Train one network, and return its curves by name, a number for each epoch; None if a setting is None.

    `units` are those in use in each hidden layer, 1 to 16; `rows` and `wrong_labels` are shares of the training rows.
    """
    if None in (learning_rate, units, epochs):
        return None
    seen = run(learning_rate, units, epochs, rows, wrong_labels)
    names = {"train_loss": "train_loss", "train_accuracy": "train_accuracy", "val_accuracy": "validation_accuracy"}
    return {ours: np.asarray(seen[name]) for ours, name in names.items()}


# %% [markdown]
# ### Exercise 4: make it underfit
#
# Three scenarios are there. Choose settings for the fourth, so that the network learns something, but too little, even
# of the rows that it is trained on. What could you take away from it?

# %%
underfitting = {
    "learning_rate": None,  # your numbers
    "units": None,
    "epochs": None,
}

curves = {
    "Good convergence": train(0.1, units=16, epochs=60),
    "Overfitting": train(0.1, units=16, epochs=60, rows=0.1, wrong_labels=0.2),
    "High learning rate": train(2.5, units=16, epochs=60),
    "Underfitting": train(**underfitting),
}
print(exercises.check_underfitting(curves["Underfitting"]))

# %%
lines = {"train_loss": "training loss", "train_accuracy": "training accuracy", "val_accuracy": "validation accuracy"}
figure, axes = plots.new_figure(2, 2, width=5.2, height=3.2)
for ax, (scenario, values) in zip(axes.flat, curves.items(), strict=True):
    if values is None:
        ax.text(0.5, 0.5, "not yet filled in", ha="center", transform=ax.transAxes)
    else:
        for (curve, label), style in zip(lines.items(), ("-", "-", "--"), strict=True):
            ax.plot(values[curve], style, label=label)
    ax.set(xlabel="epoch", ylabel="loss, accuracy", ylim=(0, 3))
    ax.set_title(scenario, loc="left", fontweight="bold")
axes[0, 0].legend(frameon=False)
plt.show()

# %% [markdown]
# ### Fill in the table
#
# For each scenario, what characterises its curves, and at least one thing to do about it.

# %% [markdown]
# | Scenario | Key characteristics | Potential solutions |
# |---|---|---|
# | Good convergence | | |
# | Overfitting | | |
# | High learning rate | | |
# | Underfitting | | |

# %% [markdown]
# ## 4 Imbalanced data
#
# A thousand rows, of which one in twenty is positive, and a logistic regression. The confusion matrix of the test rows
# is `[[TN, FP], [FN, TP]]`.

# %%
data = problems.datasets.imbalanced(num_samples=1000, positives=0.05, test=0.3, seed=42)
model = LogisticRegression(solver="liblinear", random_state=42).fit(data.train.features, data.train.labels)
truth = np.asarray(data.test.labels)
called, probability = model.predict(data.test.features), model.predict_proba(data.test.features)[:, 1]
confusion = metrics.confusion_matrix(truth, called)
print(f"test rows: {(truth == 0).sum()} negative, {(truth == 1).sum()} positive")
for score in (metrics.accuracy_score, metrics.precision_score, metrics.recall_score, metrics.f1_score):
    print(f"{score.__name__.removesuffix('_score'):<10} {score(truth, called):.4f}")

# %% [markdown]
# ### Exercise 5: specificity
#
# The true negative rate: of all rows that are negative, the share that is called so.


# %%
def specificity(confusion):
    return None  # your code


# %%
print(exercises.check_specificity(specificity))

# %%
figure, (left, right) = plots.new_figure(1, 2, width=5.4, height=4.4)
plots.ConfusionMatrixDisplay(confusion, ("negative", "positive")).plot(left)
plots.RocCurveDisplay.from_predictions(truth, probability, name="logistic regression", ax=right)
plt.show()

# %% [markdown]
# ### Questions
#
# 1. Why is accuracy alone not enough on imbalanced data?
# 2. The positive class is a rare disease: which metric would you optimise first, and why?
# 3. What does the area under the ROC curve (AUC) stand for, and why is it useful here?
# 4. Name two techniques that could improve the model on the minority class.

# %% [markdown]
# *Your answers:*
#
# 1.
#
# 2.
#
# 3.
#
# 4.

# %% [markdown]
# ## 5 What to take away
#
# From each section the one insight that you would use in a project of your own.

# %% [markdown]
# *Your summary:*
#
# 1. Adaptive learning rates:
#
# 2. Saddle points:
#
# 3. Training curves:
#
# 4. Imbalanced data:
