# %% [markdown]
# # Saddle points
#
# At a saddle the gradient is zero, and it is no minimum: along some directions the loss rises, along others it falls.
# Who comes near one gets slow. We watch two optimisers leave the simplest saddle, find the law of when they leave,
# put them exactly on it, count all critical points of whole landscapes to see why saddles are so many, and find the
# same law in the plateau of a network's loss.
#
# The saddle is $f(w) = w_1^2 - w_2^2$.

# %%
import os

import jax
import jax.numpy as jnp
import numpy as np
from IPython.display import Markdown, display

from jaxopt_lab import optimizers, plots, problems, simulate, sweep
from jaxopt_lab.analysis import (
    critical_census,
    critical_points,
    curvature,
    definite_shares,
    escape_steps,
    first_step_beyond,
    theory,
)
from jaxopt_lab.metrics import wilson
from jaxopt_lab.plots.style import PALETTE

# How much is computed: the tests, which run this notebook too, set NOTEBOOKS_QUICK and need only a little of all.
QUICK = "NOTEBOOKS_QUICK" in os.environ
STARTS = 500 if QUICK else 10_000  # around the saddle
MATRICES = 2_000 if QUICK else 400_000  # random Hessians in each dimension
DIMS, LANDSCAPES, SEARCHES = ((1,), 1, 128) if QUICK else ((1, 2, 3), 2, 2048)  # of the census

saddle = problems.saddle((2.0, -2.0))  # the curvatures along w1 and w2

# %% [markdown]
# ## The exercise: the gradient
#
# $\nabla f = (2 w_1, -2 w_2)$. JAX derives it by itself; both must agree everywhere.


# %%
def saddle_gradient(w):
    return np.array([2 * w[0], -2 * w[1]])


for w in np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32):
    np.testing.assert_allclose(jax.grad(saddle.loss)(w, None), saddle_gradient(w), rtol=1e-6)
print("the gradient by hand is that of JAX at five random points")

# %% [markdown]
# ## Two ways past a saddle
#
# Left, the exercise's start $(0.1, 1.5)$; right, one that runs into the saddle first, $(1.5, 0.001)$. Both methods have
# the learning rate 0.1, momentum is 0.7.

# %%
EDGE = 2.0  # where the picture ends: beyond |w2| = 2 the saddle has been left
RUNS = {"SGD": optimizers.sgd(0.1), "momentum": optimizers.sgd_momentum(0.1, 0.7)}
STARTING = {"(0.1, 1.5)": (0.1, 1.5), "(1.5, 0.001)": (1.5, 0.001)}
result = sweep(saddle, RUNS, starts=np.array(list(STARTING.values())), num_steps=100, record="path")
figure, axes = plots.new_figure(1, 2, width=6.3, height=6.0)
for place, (name, ax) in enumerate(zip(STARTING, axes, strict=True)):
    plots.paths(
        jax.vmap(jax.vmap(lambda w: saddle.loss(w, None))),
        {method: result.params.sel(optimizer=method).values[place] for method in RUNS},
        window=((-2.0, 2.0), (-2.0, 2.0)),
        levels=12,
        cmap="coolwarm",
        marks={"saddle point": (0.0, 0.0)},
        title=f"From {name}",
        ax=ax,
    )

# %%
left_at = {method: first_step_beyond(result.params.sel(optimizer=method).values[..., 1], EDGE) for method in RUNS}
display(
    Markdown(f"""
The first start is no real test: it lies on the slope already, and both are out of the picture at once (SGD at step
{left_at["SGD"][0]}, momentum at step {left_at["momentum"][0]}). The second one shows what a saddle does. It draws SGD
in along $w_1$, and for a long time nothing seems to happen, while the tiny $w_2$ grows in silence; SGD leaves at step
{left_at["SGD"][1]}, momentum, after an overshoot, at step {left_at["momentum"][1]}.
""")
)

# %% [markdown]
# ## The law of leaving
#
# Along $w_2$ the curvature is $-2$, so gradient descent multiplies $w_2$ by $1 + 0.1 \cdot 2 = 1.2$ at every step.
# With momentum the larger root of $z^2 - (1 + \beta + \alpha |h|) z + \beta = 0$ takes its place. From a random
# start, normal with standard deviation $s$, the share that is still inside after $t$ steps is then known exactly.

# %%
spreads = np.logspace(-6, -1, 6)
escapes = escape_steps(
    saddle,
    optimizers.sgd_momentum,
    {"learning_rate": [0.1], "momentum": [0.0, 0.7]},
    spreads=spreads,
    edge=EDGE,
    num_starts=STARTS,
    num_steps=150,
).squeeze(["learning_rate", "noise"])
METHODS = {"SGD": 0, "momentum 0.7": 1}
growth = {name: theory.escape_factor(0.1, -2.0, momentum) for name, momentum in (("SGD", 0.0), ("momentum 0.7", 0.7))}

figure, (left, right) = plots.new_figure(1, 2, width=5.2, height=4.2)
near = escapes.sel(spread=1e-3, method="nearest")
plots.escape_histogram(
    {name: near.escape_step.isel(momentum=at).values for name, at in METHODS.items()},
    {name: np.diff(1 - near.law.isel(momentum=at).values, prepend=0) for name, at in METHODS.items()},
    title=f"{STARTS:,} starts within about 0.001 of the saddle",
    ax=left,
)
quartiles_of = {
    name: escapes.quartiles.isel(momentum=at).transpose("quartile", "spread").values for name, at in METHODS.items()
}
medians = {name: each[1] for name, each in quartiles_of.items()}
_ = plots.escape_medians(
    spreads,
    quartiles_of,
    {name: escapes.law_median.isel(momentum=at).values for name, at in METHODS.items()},
    title="Ten times closer costs a constant number of steps",
    ax=right,
)

# %%
assert float(escapes.gap.max()) < 1.95 / STARTS**0.5  # Kolmogorov's bound, at a level of 0.1%
a_decade = {name: float(-np.polyfit(np.log10(spreads), medians[name], 1)[0]) for name in METHODS}
by_law = {name: np.log(10) / np.log(factor) for name, factor in growth.items()}
for name in METHODS:
    assert abs(a_decade[name] - by_law[name]) < 0.5
rows = " and ".join(
    f"{a_decade[name]:.1f} more steps with {name} (exactly ln 10 / ln {growth[name]:.1f} = {by_law[name]:.1f})"
    for name in METHODS
)
display(
    Markdown(f"""
The dots and lines are the law; nowhere in all these runs are the measured shares further from it than
{float(escapes.gap.max()):.3f}. Being ten times closer to the saddle costs {rows}. So a saddle is never a prison for a
start beside it: the delay is only the *logarithm* of the distance. From around 0.001 half of the SGD runs are out
after {medians["SGD"][3]:.0f} steps, half of those with momentum after {medians["momentum 0.7"][3]:.0f}.
""")
)

# %% [markdown]
# ## Exactly on it
#
# The logarithm of zero is another matter. We start at $(0, 0)$ itself, and on the axis $w_2 = 0$; then with a little
# noise in the gradient, as minibatches bring; then with gradient descent that pushes itself where the slope vanishes.

# %%
held = sweep(saddle, RUNS, starts=np.array([(0.0, 0.0), (1.5, 0.0)]), num_steps=1000, record="path")
farthest = float(np.abs(held.params.sel(start=0)).max())
off_axis = float(np.abs(held.params.isel(param=1)).max())
NOISES = np.array([1e-12, 1e-6] if QUICK else [1e-12, 1e-10, 1e-8, 1e-6])  # variances
shaken = escape_steps(
    saddle,
    optimizers.sgd_momentum,
    {"learning_rate": [0.1], "momentum": [0.0, 0.7]},
    spreads=(0.0,),
    noises=NOISES,
    edge=EDGE,
    num_starts=STARTS,
    num_steps=150,
).squeeze(["learning_rate", "spread"])
out = {name: shaken.quartiles.sel(quartile=0.5).isel(momentum=at).values for name, at in METHODS.items()}
pushed = simulate(saddle, optimizers.perturbed_gradient_descent(0.1), jnp.zeros(2), 100)
pushed_out = int(first_step_beyond(pushed.params[:, 1], EDGE))
assert farthest == off_axis == 0.0
assert pushed_out > 0
rows = " | ".join(METHODS)
rows_1 = "\n".join(
    f"| noise of standard deviation {deviation:.0e}: median step | {out['SGD'][i]:.0f} | {out['momentum 0.7'][i]:.0f} |"
    for i, deviation in enumerate(np.sqrt(NOISES))
)
display(
    Markdown(f"""
After 1,000 steps from $(0, 0)$ the farthest that any coordinate came is {farthest:g}, with SGD and with momentum
alike; on the axis, where only $w_1$ feels a slope, the largest $|w_2|$ is {off_axis:g}. The gradient there is not
small, it is zero, and momentum adds up zeros.

| start at (0, 0) | {rows} |
|---|---:|---:|
| without noise | never | never |
{rows_1}
| perturbed gradient descent | {pushed_out} | |

Noise a millionth as large as the window is enough: it needs only to put the run beside the axis, and the exponential
growth does the rest. That is why minibatches hardly ever get stuck where full batches would.
""")
)

# %% [markdown]
# ## All critical points of a landscape
#
# Real surfaces have many critical points. Newton's method from many starts finds them, minima, saddles and maxima
# alike, and topology says whether one was missed: where the gradient points outwards all along the border, minima
# less saddles plus maxima make one.

# %%
KINDS = ("minimum", "saddle", "maximum")
surface = problems.himmelblau()
points = critical_points(surface, starts=256 if QUICK else 1024)
kinds = {kind: int((points.kind == kind).sum()) for kind in KINDS}
(a, b), (c, d) = points.window.values.tolist()
window = ((a, b), (c, d))
heights = jax.jit(jax.vmap(jax.vmap(lambda w: surface.loss(w, None))))(plots.grid_points(window))
_ = plots.critical_points(
    np.asarray(heights),
    {kind: points.params.values[points.kind.values == kind] for kind in KINDS},
    window,
    levels=14,
    title="Himmelblau's surface",
)

# %%
assert int(points.signed_count) == int(points.degree) == 1
assert list(kinds.values()) == [4, 4, 1]
display(
    Markdown(f"""
{kinds["minimum"]} minima, {kinds["saddle"]} saddles and {kinds["maximum"]} maximum: {kinds["minimum"]} −
{kinds["saddle"]} + {kinds["maximum"]} = {int(points.signed_count)}, so none is missing. Between any two neighbouring
valleys lies a pass. In two dimensions there are as many saddles as minima. And in more?
""")
)

# %% [markdown]
# ## Why saddles outnumber minima
#
# At a critical point only the curvatures are left, the eigenvalues of the Hessian. A minimum needs *all* of them
# positive. If the Hessian is a random symmetric matrix, how likely is that?

# %%
LARGEST = 6
shares = np.asarray(definite_shares(jax.random.key(0), LARGEST, MATRICES))
sizes = np.arange(1, LARGEST + 1)
exact = np.array([theory.definite_probability(int(size)) for size in sizes])
interval = wilson(np.round(shares * MATRICES).astype(int), np.full(LARGEST, MATRICES))
assert np.all((interval.lower <= exact * 1.1 + 1e-9) & (exact * 0.9 - 1e-9 <= interval.upper))

figure, ax = plots.new_figure(width=6.4, height=4.0)
seen = shares > 0
ax.semilogy(sizes, exact, "k-", lw=1.2, label="exact")
around = [shares[seen] - interval.lower[seen], interval.upper[seen] - shares[seen]]
ax.errorbar(sizes[seen], shares[seen], around, fmt="o", color=PALETTE[0], capsize=3, label="measured")
ax.set(xlabel="dimension", ylabel="share of matrices with no way down")
ax.set_title("A random critical point is hardly ever a minimum", loc="left", fontsize="medium", fontweight="bold")
_ = ax.legend(frameon=False)

# %%
display(
    Markdown(f"""
Of {MATRICES:,} random Hessians {shares[0]:.1%} have no way down in one dimension, {shares[1]:.1%} in two,
{shares[2]:.1%} in three, {shares[3]:.2%} in four, and {exact[5]:.4%} in six (by the exact
law; here the draws are too few). It falls much faster than the half to
the power of $n$ that a coin for each direction would give, since eigenvalues push each other apart: like
$3^{{-n^2/4}}$. A network has millions of dimensions.
""")
)

# %% [markdown]
# A real landscape is no random matrix: low critical points are more often minima. The census of smooth random
# landscapes counts both, the height of every critical point and how many of its directions lead down, beside the
# theory of Kac and Rice.

# %%
census = critical_census(DIMS, landscapes=LANDSCAPES, starts=SEARCHES)
labels = {dim: f"{dim} dimension{'s' if dim > 1 else ''}" for dim in DIMS}
_ = plots.index_over_height(
    census.height.values,
    {label: census.index_share.sel(dim=dim).values for dim, label in labels.items()},
    {label: census.expected_index_share.sel(dim=dim).values for dim, label in labels.items()},
    title="The lower a critical point, the more of its directions lead up",
)

# %%
total = int(census["count"].sum())
minima_share = {dim: float(census.minima_share.sel(dim=dim)) for dim in DIMS}
expected_share = {dim: float(census.expected_minima_share.sel(dim=dim)) for dim in DIMS}
rows = ", ".join(
    f"{minima_share[dim]:.1%} of them in {label} (expected {expected_share[dim]:.1%})" for dim, label in labels.items()
)
display(
    Markdown(f"""
{total:,} critical points were found. Minima are {rows}. And the picture holds the good news: who has come down far
enough meets almost only minima, high plateaus are almost only saddles and maxima. A network that is stuck at a high
loss is most likely near a saddle, or merely slow.
""")
)

# %% [markdown]
# ## The saddle in every network
#
# Set all weights of a network to zero: the hidden units are silent, so the output weights feel no slope, and the
# output weights are zero, so the hidden ones feel none. It is a saddle. Small initial weights start beside it, and
# the law from above should say how long the plateau is.

# %%
data = problems.datasets.breast_cancer().train
inputs, targets = np.asarray(data.features, np.float32), np.where(data.labels == 1, 1.0, -1.0).astype(np.float32)
RATE, HIDDEN = 0.02, 8


def network_loss(params):
    outputs = jnp.tanh(inputs @ params["hidden"]) @ params["output"]
    return 0.5 * jnp.mean((outputs - targets) ** 2)


first, second = jax.random.split(jax.random.key(0))
draw = {
    "hidden": jax.random.normal(first, (inputs.shape[1], HIDDEN)) / inputs.shape[1] ** 0.5,
    "output": jax.random.normal(second, (HIDDEN,)),
}
at_zero = jax.tree.map(jnp.zeros_like, draw)
steepest = float(curvature.extreme_eigenvalues(network_loss, at_zero, jax.random.key(0)).smallest[0])
factor = 1 - RATE * steepest

scales = np.logspace(-6, -1, 6)
started = jax.vmap(lambda scale: jax.tree.map(lambda leaf: scale * leaf, draw))(jnp.asarray(scales))
run = jax.jit(jax.vmap(lambda params: simulate(network_loss, optimizers.sgd(RATE), params, 500).loss))
curves = np.asarray(run(started))
leaves = (curves < curves.max() / 2).argmax(axis=1)

drawn = plots.decay(
    {f"{scale:.0e}": loss for scale, loss in zip(scales, curves, strict=True)},
    ylabel="training loss",
    title="Plateaus of a network, by the size of its first weights",
)
_ = drawn.ax.set(yscale="linear", ylim=(0, None))

# %%
delay = float(-np.polyfit(np.log10(scales), leaves, 1)[0])
expected = np.log(10) / np.log(factor)
assert (leaves > 0).all()
assert abs(delay / expected - 1) < 0.1
display(
    Markdown(f"""
Real data, a real network, and the same law. At zero weights the most negative curvature, found by Lanczos' method, is
{steepest:.2f}, so that a step multiplies small weights by {factor:.3f}, and weights ten times smaller should wait ln
10 / ln {factor:.3f} = {expected:.1f} steps longer. Measured: {delay:.1f}. All curves fall alike; only the wait
differs. A flat loss at the beginning is no proof of a bad model or of a wrong rate.
""")
)

# %% [markdown]
# ## Answers to Task 2

# %%
biggest = max(DIMS)
display(
    Markdown(f"""
**1. Why are saddle points more common than local minima in high-dimensional spaces?** A minimum needs every
eigenvalue of the Hessian to be positive. Of random symmetric matrices that is true of {shares[1]:.1%} in two
dimensions, {shares[3]:.2%} in four and {exact[5]:.4%} in six; of the critical points of smooth random landscapes
{minima_share[biggest]:.1%} are minima in {labels[biggest]}. Those that exist lie low.

**2. How does momentum help with escaping saddle points?** The velocity adds up along the direction that leads out: w₂
grows by {growth["momentum 0.7"]:.1f} a step instead of {growth["SGD"]:.1f}, so that each factor of ten costs
{a_decade["momentum 0.7"]:.1f} steps instead of {a_decade["SGD"]:.1f}. From around 0.001 half of all runs are out
after {medians["momentum 0.7"][3]:.0f} steps instead of {medians["SGD"][3]:.0f}.

**3. What would happen if we initialized both optimizers exactly at the saddle point (0, 0)?** Nothing: after 1,000
steps the farthest coordinate is at {farthest:g}, with momentum too, since it adds up zeros. Noise of standard
deviation {NOISES[0] ** 0.5:.0e} in the gradient suffices to be out after {out["SGD"][0]:.0f} steps (momentum:
{out["momentum 0.7"][0]:.0f}), and perturbed gradient descent leaves at step {pushed_out}.

**Final summary, error landscapes.** A saddle delays, and the delay is a logarithm: of how near one is, divided by the
logarithm of the growth a step. It explains the plateau of a real network to {abs(delay / expected - 1):.1%}. In a
project: do not start with weights too near to zero, keep some momentum and some noise, and before giving up on a flat
loss, wait or look at the curvature.
""")
)
