# %% [markdown]
# # Optimisation paths
#
# Five optimisers start at the same point of the same bowl. Where do they go, how fast, and what sets their speed? We
# begin with fifty steps of each, find the law behind their pace, look at every setting at once, at the edge where
# order breaks, at surfaces with several minima, and end with a hundred thousand runs that say which learning rate
# suits whom.
#
# The bowl is $L(w) = \tfrac12 (w_1^2 + 10\, w_2^2)$: ten times as curved along $w_2$ as along $w_1$.

# %%
import os

import jax
import jax.numpy as jnp
import numpy as np
from IPython.display import Markdown, display

from jaxopt_lab import optimizers, plots, problems, simulate, sweep
from jaxopt_lab.analysis import basins, bifurcation, contraction_factor, period_onsets, quartiles, stability_map, theory
from jaxopt_lab.plots.style import PALETTE

# How much is computed: the tests, which run this notebook too, set NOTEBOOKS_QUICK and need only a little of all.
QUICK = "NOTEBOOKS_QUICK" in os.environ
RESOLUTION = 60 if QUICK else 240  # cells along each side of the maps
RATES, STARTS, STEPS = (13, 8, 200) if QUICK else (200, 128, 1000)  # of the sweep at the end

bowl = problems.quadratic((1.0, 10.0))
start = np.array([4.0, 1.5])

# %% [markdown]
# ## The exercise: momentum
#
# Momentum keeps a velocity, $v \leftarrow \beta v + \alpha g$, and steps by it, $w \leftarrow w - v$. As a loop over
# NumPy arrays that is four lines. The laboratory has the same rule in `jaxopt_lab/optimizers/momentum.py`, compiled
# and for parameters of any shape; both must give the same path.


# %%
def gradient(w):
    return np.array([w[0], 10 * w[1]])


def sgd_momentum(w, num_steps, learning_rate, momentum=0.9):
    path, velocity = [w], np.zeros_like(w)
    for _ in range(num_steps):
        velocity = momentum * velocity + learning_rate * gradient(w)
        w = w - velocity
        path.append(w)
    return np.array(path)


by_hand = sgd_momentum(start, 50, learning_rate=0.05)
compiled = simulate(bowl, optimizers.sgd_momentum(0.05, 0.9), jnp.array(start), 50).params
np.testing.assert_allclose(compiled, by_hand, atol=1e-5)
print(f"largest difference over 50 steps: {np.abs(compiled - by_hand).max():.0e}")

# %% [markdown]
# ## Fifty steps of each
#
# A mapping of optimisers becomes a dimension of the result. `record="path"` keeps every point.

# %%
RUNS = {
    "SGD (0.18)": optimizers.sgd(0.18),
    "SGD (0.05)": optimizers.sgd(0.05),
    "momentum (0.05, 0.9)": optimizers.sgd_momentum(0.05, 0.9),
    "RMSProp (0.1)": optimizers.rmsprop(0.1),
    "Adam (0.2)": optimizers.adam(0.2),
}
result = sweep(bowl, RUNS, starts=start[None], num_steps=50, record="path").squeeze("start")
paths = {name: result.params.sel(optimizer=name).values for name in RUNS}
final_loss = {name: float(result.final_loss.sel(optimizer=name)) for name in RUNS}
_ = plots.paths(
    jax.vmap(jax.vmap(lambda w: bowl.loss(w, None))),
    paths,
    window=((-5.0, 5.0), (-2.0, 2.0)),
    levels=np.logspace(-1, 3, 10),
    marks={"minimum": (0.0, 0.0)},
    title="Fifty steps in a quadratic bowl",
)

# %%
closest = min(final_loss, key=final_loss.__getitem__)
rows = "\n".join(f"| {name} | {loss:.1e} |" for name, loss in final_loss.items())
display(
    Markdown(f"""
| method | loss after 50 steps |
|---|---:|
{rows}

SGD at 0.18 leaps from one wall of the valley to the other; at 0.05 it falls to the valley's floor and then creeps
along it. Momentum swings past the minimum and comes back, RMSProp takes nearly the same step along both axes, Adam
does so with a swing. The lowest loss here is that of **{closest}**, the one with the ugliest path.
""")
)

# %% [markdown]
# ## Why the fast one zigzags
#
# On a quadratic, gradient descent treats each coordinate alone, and multiplies it by $1 - \alpha h$ at every step,
# where $h$ is the curvature along it. So the path above can be written down without running anything.

# %%
factors = {f"$w_{i + 1}$": theory.gradient_descent_factor(0.18, h) for i, h in enumerate((1.0, 10.0))}
steps = np.arange(51)[:, None]
np.testing.assert_allclose(paths["SGD (0.18)"], start * np.array(list(factors.values())) ** steps, atol=1e-5)
sign_changes = (np.diff(np.sign(paths["SGD (0.18)"]), axis=0) != 0).sum(axis=0)
rows = "\n".join(
    f"- {name}: × {factor:+.2f} a step, {changes} changes of sign in 50 steps"
    for (name, factor), changes in zip(factors.items(), sign_changes, strict=True)
)
display(
    Markdown(f"""
{rows}
""")
)

# %% [markdown]
# The factor along $w_2$ is negative, so the sign flips at every single step while the size still shrinks.
#
# ## Each linear method has one number
#
# In the long run the distance to the minimum shrinks by the same factor at every step. For gradient descent that is
# the largest $|1 - \alpha h|$; for momentum it comes from the roots of a quadratic equation. We measure it as the
# slope of the logarithm of the distance.

# %%
EIGENVALUES = (1.0, 10.0)
SETTINGS = {"SGD (0.18)": (0.18, 0.0), "SGD (0.05)": (0.05, 0.0), "momentum (0.05, 0.9)": (0.05, 0.9)}


def distances(learning_rate, momentum, num_steps=200):
    run = simulate(bowl, optimizers.sgd_momentum(learning_rate, momentum), jnp.array(start), num_steps)
    return np.linalg.norm(np.asarray(run.params, float), axis=1)


def rate(distance):
    """The slope over what float32 can tell from 0, without the beginning, where faster modes still live."""
    held = distance[distance > 1e-30]
    return contraction_factor(held, skip=len(held) // 4)


decays = {name: distances(*setting) for name, setting in SETTINGS.items()}
measured = {name: rate(distance) for name, distance in decays.items()}
exact = {name: theory.contraction_rate(lr, EIGENVALUES, momentum) for name, (lr, momentum) in SETTINGS.items()}
for name in SETTINGS:
    assert abs(measured[name] - exact[name]) < 1e-3, name
_ = plots.decay(
    decays, factors=exact, ylabel="distance to the minimum", title="The linear methods keep to their exact rates"
)

# %% [markdown]
# The dotted lines are theory, drawn without a look at the curves. Momentum wiggles about its line, since its roots
# are complex: it is a damped oscillation.
#
# One thing surprises: momentum at the usual 0.9 falls hardly faster than *slow* gradient descent. Its factor is
# $\sqrt{0.9}$, over a wide range of learning rates. Is momentum of no use, then?
#
# ## What momentum buys
#
# Give both methods their best settings for the bowl, which are known in closed form, and make the bowl narrower and
# narrower. How many steps does each need to come a million times closer?

# %%
conditions = np.logspace(0.5, 3, 6 if QUICK else 16)  # how much steeper w2 is than w1


def best_settings(condition):
    spectrum = (1.0, condition)
    return {
        "SGD at its best": (theory.best_gradient_descent(spectrum)[0], 0.0),
        "momentum at its best": theory.best_heavy_ball(spectrum)[:2],
    }


@jax.jit
@jax.vmap
def steps_to_arrive(condition, learning_rate, momentum):
    optimizer = optimizers.sgd_momentum(learning_rate, momentum)
    run = simulate(problems.ill_conditioned(condition), optimizer, jnp.ones(2), 8000)
    distance = jnp.linalg.norm(run.params, axis=1)
    return (distance < 1e-6 * distance[0]).argmax()


settings = [best_settings(condition) for condition in conditions]
needed = {
    name: np.asarray(steps_to_arrive(jnp.asarray(conditions), *jnp.asarray([each[name] for each in settings]).T))
    for name in settings[0]
}
powers = {name: float(np.polyfit(np.log(conditions), np.log(steps), 1)[0]) for name, steps in needed.items()}

figure, ax = plots.new_figure()
for (name, steps), color in zip(needed.items(), PALETTE, strict=False):
    ax.loglog(conditions, steps, "o-", color=color, label=f"{name}: steps grow as $\\kappa^{{{powers[name]:.2f}}}$")
ax.set(xlabel=r"condition number $\kappa$", ylabel="steps to come a million times closer")
ax.set_title("Momentum takes the square root of the condition number", loc="left", fontsize="medium", fontweight="bold")
_ = ax.legend(frameon=False)

# %%
assert abs(powers["SGD at its best"] - 1) < 0.1
assert abs(powers["momentum at its best"] - 0.5) < 0.1
few, many = (steps[-1] for steps in (needed["momentum at its best"], needed["SGD at its best"]))
display(
    Markdown(f"""
At a condition number of {conditions[-1]:,.0f} gradient descent takes {many:,} steps and momentum {few:,}:
{many / few:.0f} times fewer. That is what momentum buys: the square root of the condition number takes the place of
the condition number. It has to be paid for with two settings that fit; at the pair of the first picture almost
nothing was gained.
""")
)

# %% [markdown]
# ## Every setting at once
#
# So let us look at all settings. Each cell of this map is a run of 500 steps with its own learning rate and momentum,
# and its colour is the factor by which that run contracts. The black line is theory: $\alpha h_{max} = 2 + 2 \beta$.

# %%
found = stability_map(
    bowl,
    optimizers.sgd_momentum,
    {"learning_rate": np.linspace(0.004, 0.42, RESOLUTION), "momentum": np.linspace(0.0, 0.99, RESOLUTION)},
)
drawn = plots.stability_map(found, title=f"{found.rate.size:,} settings of momentum on the bowl")
for name, (learning_rate, momentum) in SETTINGS.items():
    drawn.ax.plot(learning_rate, momentum, "wo", mec="black", clip_on=False, zorder=5)
    drawn.ax.annotate(
        name, (learning_rate, momentum), xytext=(7, 6), textcoords="offset points", fontsize="small",
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip

# %%
fastest = found.rate.where(found.rate == found.rate.min(), drop=True).squeeze()
best_rate, best_momentum, _ = theory.best_heavy_ball(EIGENVALUES)
assert float(found.disagreement) < 0.01
display(
    Markdown(f"""
Grey is where nothing converges; {round(float(found.disagreement) * found.rate.size)} of the {found.rate.size:,} cells
were measured on the other side of the exact line. The darkest spot lies at a learning rate of
{float(fastest.learning_rate):.2f} and a momentum of {float(fastest.momentum):.2f}, where the distance shrinks by
{float(fastest):.3f} a step; theory puts it at {best_rate:.2f} and {best_momentum:.2f}. More momentum widens the stable
range and, above the dark spot, slows everything down: there the colour does not change along a row, since the factor
is √β whatever the rate.
""")
)

# %% [markdown]
# ## What happens beyond the edge
#
# On a bowl a learning rate that is too high means growth without end. On most losses the walls get steeper outside,
# or there is another valley, and then something more interesting happens. The double well $\tfrac14 (w^2 - 1)^2$ has
# two minima, at $\pm 1$, both of curvature 2. For each learning rate, gradient descent makes
# 2,000 steps from six starts, and the picture shows where the last 64 points lie:

# %%
learning_rates = np.linspace(0.8, 2.0, 4 * RESOLUTION + 1)
wells = np.linspace(-0.9, 1.1, 6)[:, None]
orbits = bifurcation(problems.double_well(dim=1), optimizers.sgd, learning_rates, starts=wells, num_steps=2000, keep=64)
_ = plots.bifurcation_diagram(
    learning_rates,
    orbits.points.isel(param=0).where(orbits.period >= 0).values,
    thresholds=theory.double_well_thresholds(),
    ylabel="w, the last 64 points",
    ax=plots.new_figure(width=7.5, height=4.2)[1],
)

# %%
onsets = period_onsets(learning_rates, orbits.period.values)
exponent = float(orbits.exponent.isel(learning_rate=-1).median())
thresholds = theory.double_well_thresholds()
assert abs(onsets[2] - thresholds["period 2"]) < 0.02
assert abs(exponent - np.log(3)) < 0.05
display(
    Markdown(f"""
Up to a rate of 1 the run comes to rest in one of the wells. Then the minimum lets go, but nothing explodes: the run
jumps between two points for ever (from {onsets[2]:.3f} on, exactly {thresholds["period 2"]:.0f}), then between four
(from {onsets[4]:.3f} on, exactly √5 − 1 = {thresholds["period 4"]:.3f}), and so on into chaos. From
{thresholds["wells merge"]:.3f} on the wells are one: a run visits both. At 2, two runs that start a hair apart
separate by a factor of e^{exponent:.2f} = {np.exp(exponent):.1f} at every step (exactly 3). Between *converges* and
*diverges* there is a whole country, and a loss curve that never settles may live there.
""")
)

# %% [markdown]
# ## Does the optimiser choose the minimum?
#
# Himmelblau's surface has four minima, all equally deep. Each cell below is one start; its colour says in which
# minimum it ends, and darker is later.

# %%
METHODS = {
    "SGD (0.01)": (optimizers.sgd, {"learning_rate": 0.01}),
    "momentum (0.01, 0.9)": (optimizers.sgd_momentum, {"learning_rate": 0.01, "momentum": 0.9}),
    "Adam (0.3)": (optimizers.adam, {"learning_rate": 0.3}),
}
divided = {
    name: basins(problems.himmelblau(), method, settings, resolution=RESOLUTION, num_steps=500)
    for name, (method, settings) in METHODS.items()
}
figure, axes = plots.new_figure(1, 3, width=3.9, height=5.0)
for ax, (name, basin) in zip(axes, divided.items(), strict=True):
    plots.basin_map(basin, title=name, ax=ax)
    ax.get_legend().remove()

# %%
dimensions = {name: float(basin.dimension) for name, basin in divided.items()}
roughest = max(dimensions, key=dimensions.__getitem__)
both = [divided["SGD (0.01)"].basin.values, divided["Adam (0.3)"].basin.values]
rows = ", ".join(f"{value:.2f} with {name}" for name, value in dimensions.items())
display(
    Markdown(f"""
SGD follows the slope, and its four quarters have smooth borders. Momentum overshoots: it carries starts over ridges
and back, until a start near a border is anybody's guess. The border has a dimension that can be measured by counting
boxes: {rows}. With {roughest} it is more than a line. And the method does decide: SGD and Adam send
{np.mean(both[0] != both[1]):.0%} of the starts to different minima.
""")
)

# %% [markdown]
# ## Which learning rate suits whom?
#
# In the bowl everything is known, and one can look the best setting up. On a real problem one has to search.
# Rosenbrock's curved valley is a fair test: narrow, with a floor that hardly falls. Every method gets every learning
# rate from the same random starts, all in one sweep.

# %%
methods = {
    "SGD": optimizers.sgd,
    "momentum": optimizers.sgd_momentum,
    "Nesterov": optimizers.nesterov,
    "RMSProp": optimizers.rmsprop,
    "Adam": optimizers.adam,
}
rates = np.logspace(-5, 1, RATES)
tuned = sweep(problems.rosenbrock(), methods, {"learning_rate": rates}, starts=STARTS, num_steps=STEPS)
losses = tuned.final_loss.transpose("optimizer", "learning_rate", "start")
spread = {name: quartiles(losses.sel(optimizer=name).values) for name in methods}
_ = plots.quantile_bands(
    rates,
    spread,
    xlabel="learning rate",
    ylabel=f"loss after {STEPS:,} steps",
    title=f"{losses.size:,} runs in Rosenbrock's valley: median and quartiles",
)

# %%
GOOD = 0.1  # of a median loss
decades = np.log10(rates[1] / rates[0])
lowest = {name: (float(each[1].min()), float(rates[each[1].argmin()])) for name, each in spread.items()}
width = {name: float(decades * (each[1] < GOOD).sum()) for name, each in spread.items()}
winner, calmest = min(lowest, key=lowest.__getitem__), max(width, key=width.__getitem__)
at_first = float(tuned.initial_loss.median())
lost = {name: float((tuned.diverged_at >= 0).sel(optimizer=name).mean()) for name in methods}
assert lost["RMSProp"] == lost["Adam"] == 0 < lost["SGD"]
rows = "\n".join(f"| {name} | {lowest[name][0]:.1e} | {lowest[name][1]:.2g} | {width[name]:.1f} |" for name in methods)
display(
    Markdown(f"""
The median loss of the starts is {at_first:.0f}. Each line falls, up to a rate of its own, and where it stops, most of
its runs have left the finite numbers: over all rates {lost["SGD"]:.0%} of SGD's did and {lost["momentum"]:.0%} of
momentum's. RMSProp and Adam, which divide by the size of the gradient, lost none: too high a rate makes them worse
little by little.

| method | lowest median loss | at the rate | decades of rates below {GOOD} |
|---|---:|---:|---:|
{rows}
""")
)

# %% [markdown]
# ## Answers to Task 1

# %%
display(
    Markdown(f"""
**1. How does momentum help with optimization compared to standard SGD?** It remembers past gradients: along the flat
direction, where they agree, steps add up; across the valley, where they alternate, they cancel. On the bowl with both
at their best, and a condition number of {conditions[-1]:,.0f}, that saves {1 - few / many:.1%} of the steps. It is no
gift, though: at the settings of the first picture the distance shrinks by {measured["momentum (0.05, 0.9)"]:.4f} a
step (exactly √0.9 = {exact["momentum (0.05, 0.9)"]:.4f}), and by {measured["SGD (0.05)"]:.4f} without momentum.

**2. Why does SGD with a high learning rate oscillate more in the w₂ direction than in the w₁ direction?** A step
multiplies w₁ by {factors["$w_1$"]:.2f} and w₂, where the curvature is ten times as large, by {factors["$w_2$"]:.2f}.
A negative factor is an oscillation: w₂ changed its sign {sign_changes[1]} times in 50 steps, w₁ {sign_changes[0]}
times. From a rate of 2/10 on |1 − 10α| is above 1 and w₂ grows.

**3. Which algorithm would you choose for a real-world deep learning problem and why?** To begin with, one that
forgives a wrong learning rate. Of {losses.size:,} runs in Rosenbrock's valley {winner} reached the lowest median
loss, {lowest[winner][0]:.1e}, and {calmest} was the least particular: its median is below {GOOD} over
{width[calmest]:.1f} decades of rates, plain SGD's over {width["SGD"]:.1f}. So start with Adam at a rate from a short
sweep; then give SGD with momentum and a decaying rate the same care, for on many networks it is the one to beat.

**Final summary, adaptive learning rates.** The setting decides more than the name of the method: the same SGD
contracts by {measured["SGD (0.18)"]:.2f} or by {measured["SGD (0.05)"]:.2f} a step. In a project: sweep the learning
rate over several decades before comparing methods, give each its own best rate, and look at how wide its valley is,
since the best rate of today is not that of tomorrow's data.
""")
)
