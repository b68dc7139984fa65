# %% [markdown]
# # Exercises, with solutions
#
# The same sheet as `7_exercises.ipynb`, with its holes filled and model answers, whose numbers were calculated here.
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
        v = momentum * v + learning_rate * gradient(w)
        w = w - v
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
        t = t + 1
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        w = w - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
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

# %%
from IPython.display import Markdown, display

from jaxopt_lab.analysis import contraction_factor, definite_shares, first_step_beyond, theory

curvatures = (1.0, 10.0)
best_descent, best_ball = theory.best_gradient_descent(curvatures), theory.best_heavy_ball(curvatures)


def factor(path):
    """By how much the distance to the minimum shrinks a step, once the beginning is over."""
    return contraction_factor(np.linalg.norm(path, axis=1), skip=len(path) // 4)


slow = factor(gradient_descent(bowl_gradient, start, 200, 0.05))
ball = factor(sgd_momentum(bowl_gradient, start, 200, 0.05, 0.9))
tuned_descent = factor(gradient_descent(bowl_gradient, start, 200, best_descent[0]))
tuned_ball = factor(sgd_momentum(bowl_gradient, start, 200, *best_ball[:2]))
crossings = (np.diff(np.sign(paths["SGD (0.18)"]), axis=0) != 0).sum(axis=0)
display(
    Markdown(f"""
1. The velocity adds up steps that agree, those along the flat direction, and averages out those that do not. How much
   that gains depends on the settings: at (0.05, 0.9) the distance to the minimum shrinks by {ball:.4f} a step, hardly
   better than SGD at the same rate with {slow:.4f}. With both at their best settings for this bowl it is
   {tuned_ball:.3f} a step against {tuned_descent:.3f}.
2. A step multiplies each coordinate by one minus rate times curvature. At rate 0.18 that is
   {1 - 0.18 * curvatures[0]:.2f} along $w_1$ and {1 - 0.18 * curvatures[1]:.2f} along $w_2$: a negative number flips
   the sign at every step, and $w_2$ changed its sign {crossings[1]} times in {num_steps} steps, $w_1$
   {crossings[0]} times. Above rate {2 / curvatures[1]:g} $w_2$ would grow.
3. Adam is a sensible first choice where nothing is known: it gives each parameter a step of its own size. It does not
   win everywhere. Here it ends at a loss of {bowl(paths["Adam (0.2)"][-1]):.1e}, and SGD at 0.18 at
   {bowl(paths["SGD (0.18)"][-1]):.1e}. SGD with momentum and a tuned, decaying rate is the one to beat: measure both.
""")
)

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
    return np.array([2 * w1, -2 * w2])


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

# %%
shares = definite_shares(jax.random.key(0), 4, 100_000)
growth = {name: float(path[-1, 1] / path[-2, 1]) for name, path in ways_out.items()}
steps = {name: int(first_step_beyond(path[:, 1], 2.0)) for name, path in ways_out.items()}
at_saddle = max(float(np.abs(path).max()) for path in leave(np.zeros(2)).values())
noise = np.random.default_rng(0)
noisy = gradient_descent(lambda w: saddle_gradient_at(w) + 1e-3 * noise.normal(size=2), np.zeros(2), 100, rate)
display(
    Markdown(f"""
1. At a minimum every eigenvalue of the Hessian is positive, at a saddle there are some of each sign. If the Hessian
   is a random symmetric matrix, all are positive in {shares[0]:.1%} of draws in one dimension, {shares[1]:.1%} in two,
   {shares[2]:.1%} in three and {shares[3]:.2%} in four. Among the critical points of millions of weights, then,
   minima should be rare exceptions.
2. The velocity adds up along the direction that leads out: there $w_2$ grows by {growth["momentum"]:.2f} a step with
   momentum, and by {growth["SGD"]:.2f} without. From (1.5, 0.001) that is {steps["momentum"]} steps to $|w_2| = 2$
   instead of {steps["SGD"]}.
3. Nothing: the gradient there is exactly zero, with and without momentum. After {num_saddle_steps} steps the farthest
   coordinate is at {at_saddle:g}. A little noise is enough to leave: with a thousandth of it in each gradient SGD has
   passed $|w_2| = 2$ after {first_step_beyond(noisy[:, 1], 2.0)} steps.
""")
)

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
    "learning_rate": 0.1,
    "units": 2,
    "epochs": 60,
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

# %%
last = {scenario: {name: float(value[-1]) for name, value in each.items()} for scenario, each in curves.items()}
rises = {scenario: float((np.diff(each["train_loss"]) > 0).mean()) for scenario, each in curves.items()}
mended = {
    "Overfitting": train(0.1, units=16, epochs=60, wrong_labels=0.2),
    "High learning rate": train(0.5, units=16, epochs=60),
    "Underfitting": train(0.1, units=16, epochs=60),
}
after = {scenario: float(each["val_accuracy"][-1]) for scenario, each in mended.items()}


def ends(scenario):
    """The accuracies at the end, in words."""
    return f"training {last[scenario]['train_accuracy']:.0%}, validation {last[scenario]['val_accuracy']:.0%}"


good, over, high, under = curves
seen = {
    good: f"The loss falls and levels off at {last[good]['train_loss']:.2f}, both accuracies rise together",
    over: f"A wide gap, with the training loss at {last[over]['train_loss']:.2f}",
    high: f"The loss rose in {rises[high]:.0%} of the epochs, against {rises[good]:.0%} of the good run, and ends at "
    f"{last[high]['train_loss']:.2f}; other such runs are stuck, and flat",
    under: f"Both accuracies are low and close to one another, the training loss is {last[under]['train_loss']:.2f}",
}
to_do = {
    good: "Nothing; fewer epochs would have done",
    over: f"More data (all rows instead of a tenth: validation {after[over]:.0%}), correct labels, weight decay, early "
    "stopping, a smaller network",
    high: f"A lower rate (0.5 instead of 2.5: validation {after[high]:.0%}), warm-up, a decaying rate, clipping",
    under: f"A larger network (16 units instead of {underfitting['units']}: validation {after[under]:.0%}), "
    "longer training, less regularisation",
}
rows = "\n".join(f"| {scenario} | {seen[scenario]} ({ends(scenario)}). | {to_do[scenario]}. |" for scenario in curves)
display(Markdown(f"| Scenario | Key characteristics | Potential solutions |\n|---|---|---|\n{rows}"))

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
    (tn, fp), _ = confusion
    return tn / (tn + fp)


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

# %%
(tn, fp), (fn, tp) = confusion.tolist()
area = metrics.roc_auc_score(truth, probability)
balanced = LogisticRegression(solver="liblinear", class_weight="balanced", random_state=42)
balanced_called = balanced.fit(data.train.features, data.train.labels).predict(data.test.features)
lowered = probability >= 0.1
display(
    Markdown(f"""
1. The majority decides it. To call every row negative would be right in {np.mean(truth == 0):.1%} of the rows; the
   model is right in {metrics.accuracy_score(truth, called):.1%} and looks hardly better, although it misses {fn} of
   {fn + tp} positives (recall {tp / (fn + tp):.2f}). Its specificity of {specificity(confusion):.4f} hides that too.
2. Recall first: a missed patient is not treated, a false alarm costs a second test. It is not enough by itself, since
   to call everyone ill has a recall of 1: fix a recall, and look at precision or specificity there.
3. The probability that a positive row, drawn at random, gets a higher score than a negative one: here {area:.3f}. It
   needs no threshold and does not change with the share of positives. That is its limit too: it says nothing of
   precision, which does change, so look at the precision-recall curve as well.
4. Weights for the classes: with `class_weight="balanced"` recall is {metrics.recall_score(truth, balanced_called):.2f}
   and precision {metrics.precision_score(truth, balanced_called):.2f}, where they were {tp / (fn + tp):.2f} and
   {tp / (tp + fp):.2f}. Another threshold: calling positive from a probability of 0.1 on they are
   {metrics.recall_score(truth, lowered):.2f} and {metrics.precision_score(truth, lowered):.2f}. Over-sampling is a
   third. With {fn + tp} positives all of these numbers are uncertain: look at their intervals before you choose.
""")
)

# %% [markdown]
# ## 5 What to take away
#
# From each section the one insight that you would use in a project of your own.

# %%
display(
    Markdown(f"""
1. **Adaptive learning rates.** The rate decides more than the method: the same SGD in the same bowl shrinks the
   distance by {slow:.3f} a step at its slow setting and by {tuned_descent:.3f} at its best. Try several rates before
   you compare methods.
2. **Saddle points.** A saddle holds nobody who is off its axis; it delays. The delay is
   {steps["SGD"]} steps or {steps["momentum"]}, according to the growth a step: momentum and a little noise are cheap
   insurance.
3. **Training curves.** Look at training and validation together: low and close is underfitting
   ({ends("Underfitting")}), a gap is overfitting ({ends("Overfitting")}), and they want opposite remedies.
4. **Imbalanced data.** Choose the metric by what an error costs, before looking at the results:
   {metrics.accuracy_score(truth, called):.1%} of accuracy and a recall of {tp / (fn + tp):.2f} are the same model.
""")
)
