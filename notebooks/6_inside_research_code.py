# %% [markdown]
# # Inside research code
#
# `sweep` is for grids. This notebook is about the other way to use the laboratory: as a function inside your own code.
# `simulate` runs one trajectory and is pure, so that `jit`, `vmap`, `grad` and `shard_map` go through it as through
# any other function of JAX. We take a small inverse problem, look at it from ten thousand starts at once, spread the
# work over devices, differentiate through whole optimisations, see when such derivatives lie, and end by letting one
# optimiser learn the learning rates of another.

# %%
import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
from IPython.display import Markdown, display
from jax.sharding import Mesh, PartitionSpec

from jaxopt_lab import plots, simulate
from jaxopt_lab.analysis import hypergradient

try:
    from jax import shard_map
except ImportError:  # before it moved there
    from jax.experimental.shard_map import shard_map

# How much is computed: the tests, which run this notebook too, set NOTEBOOKS_QUICK and need only a little of all.
QUICK = "NOTEBOOKS_QUICK" in os.environ
SIDE = 16 if QUICK else 100  # starts along each side of the map
RATES = 134 if QUICK else 400  # learning rates to differentiate by
META_STEPS, TASKS, TESTED = (5, 4, 20) if QUICK else (300, 64, 1000)  # of the story at the end
if not QUICK:
    jax.config.update("jax_num_cpu_devices", 2)  # two devices on any machine; before JAX is first used

# %% [markdown]
# ## An inverse problem
#
# A damped oscillation $e^{-ct} \cos 2 \pi f t$ was measured at sixty times, with noise. Which frequency $f$, in
# hertz, and which damping $c$ was it? The misfit is an ordinary function of an array, and that is all that `simulate`
# asks for.

# %%
times = jnp.linspace(0, 6, 60)


def oscillation(params):
    frequency, damping = params
    return jnp.exp(-damping * times) * jnp.cos(2 * jnp.pi * frequency * times)


truth = jnp.array([0.8, 0.3])
measured = oscillation(truth) + 0.05 * jax.random.normal(jax.random.key(0), times.shape)


def misfit(params):
    return jnp.mean((oscillation(params) - measured) ** 2)


fit = jax.jit(lambda start: simulate(misfit, optax.adam(0.01), start, 200))(jnp.array([0.7, 1.0]))
print(f"found frequency {fit.params[-1, 0]:.3f} and damping {fit.params[-1, 1]:.3f}, misfit {fit.loss[-1]:.5f}")

# %% [markdown]
# ## jit and vmap: ten thousand starts
#
# Was that luck? One function from a start to its last misfit, mapped over a grid of starts and compiled, answers for
# all of them at once. Two optimisers, each with two hundred steps.


# %%
def last_misfit(optimizer, start):
    return simulate(misfit, optimizer, start, 200, record="final").loss


FOUND = 0.005  # twice the variance of the noise: a misfit below it is a find
frequencies, dampings = jnp.linspace(0.1, 1.6, SIDE), jnp.linspace(0, 1.5, SIDE)
starts = jnp.stack(jnp.meshgrid(frequencies, dampings), axis=-1).reshape(-1, 2)
ways = {"gradient descent (0.03)": optax.sgd(0.03), "Adam (0.01)": optax.adam(0.01)}
ends = {name: jax.jit(jax.vmap(lambda start, how=how: last_misfit(how, start)))(starts) for name, how in ways.items()}

figure, axes = plots.new_figure(1, 2, width=6.2, height=4.2)
for ax, (name, losses) in zip(axes, ends.items(), strict=True):
    share = float((losses < FOUND).mean())
    plots.heat_map(
        losses.reshape(SIDE, SIDE), frequencies, dampings, xlabel="frequency at the start",
        ylabel="damping at the start", label="misfit after 200 steps",
        title=f"{name} finds it from {share:.0%} of the starts", ax=ax,
    )  # fmt: skip
    ax.plot(*truth, "x", color="white", ms=10, mew=2.5)

# %% [markdown]
# Gradient descent fails in two ways. Where the frequency starts far from the true one (white cross), the waves are
# out of step, and the nearest way to a smaller misfit is to damp them until there is no wave at all. And where the
# damping starts high, the frequency is soon right, and the damping crawls.

# %%
curvatures = jnp.diag(jax.jit(jax.hessian(misfit))(truth))
display(
    Markdown(f"""
The second is a matter of units: measured in these, the misfit is {float(curvatures[0] / curvatures[1]):.0f} times as
curved along the frequency as along the damping. A learning rate that the frequency can bear, at most 2 /
{float(curvatures[0]):.0f} = {float(2 / curvatures[0]):.3f}, is far too small for the damping. Adam, which gives each
parameter steps of its own size, finds the oscillation from nearly everywhere.
""")
)

# %% [markdown]
# ## shard_map: over the devices
#
# `shard_map` gives each device its share of the starts, here the two that the first cell has asked for. The function is
# the same, and may talk across devices: `pmean` makes the share of all that were found.


# %%
def on_one_device(starts):
    losses = jax.vmap(lambda start: last_misfit(ways["Adam (0.01)"], start))(starts)
    return losses, jax.lax.pmean((losses < FOUND).mean(), "devices")


devices = Mesh(np.array(jax.devices()), ("devices",))
split, everywhere = PartitionSpec("devices"), PartitionSpec()
sharded = jax.jit(shard_map(on_one_device, mesh=devices, in_specs=split, out_specs=(split, everywhere)))
losses, share = sharded(starts)
np.testing.assert_allclose(losses, ends["Adam (0.01)"], rtol=1e-4)
shards = losses.addressable_shards
print(f"{len(shards)} devices with {len(shards[0].data):,} starts each: found from {share:.2%}")
print(f"largest difference from the run on one device: {jnp.abs(losses - ends['Adam (0.01)']).max():.1e}")

# %% [markdown]
# ## grad: through a whole optimisation
#
# Descent can be helped: let the frequency have a learning rate that is $(2 \pi)^2$ times smaller, which is what its
# unit costs. Any optimiser may be put together from Optax's parts. How would the last misfit then change with the
# learning rate? `jax.grad` goes backwards through every step, and a difference quotient agrees.


# %%
def balanced(learning_rate):
    units = jnp.array([(2 * jnp.pi) ** -2, 1.0])
    return optax.chain(optax.stateless(lambda updates, params: units * updates), optax.sgd(learning_rate))


start, num_steps = jnp.array([0.72, 1.0]), 60


def after(rate):
    return simulate(misfit, balanced(rate), start, num_steps, record="final").loss


exact = float(jax.jit(jax.grad(after))(0.2))
beyond, below = jax.jit(jax.vmap(after))(jnp.array([0.201, 0.199]))
quotient = float(beyond - below) / 0.002
print(f"derivative {exact:.4f}, difference quotient {quotient:.4f}")
np.testing.assert_allclose(exact, quotient, rtol=0.02)

# %% [markdown]
# ## When a derivative lies
#
# At larger rates gradient descent overshoots, jumps from one wrinkle of the misfit to the next, and becomes chaotic.
# The derivative is still exact, and useless: it is the slope of a wrinkle much narrower than any change of the rate
# that one would make. `hypergradient` calculates it with a warning light: `trusted` is false once a small
# perturbation has grown by more than a thousand on its way to the end (the Lyapunov exponent is the rate at which it
# grows). Those rates are shaded.

# %%
rates = jnp.linspace(0.02, 8.0, RATES)
warned = lambda rate: hypergradient(misfit, balanced, {"learning_rate": rate}, start, num_steps)
through = jax.jit(jax.vmap(warned))(rates)
slopes, trusted = np.asarray(through.gradient["learning_rate"]), np.asarray(through.trusted)
np.testing.assert_allclose(slopes[np.argmin(np.abs(rates - 0.2))], exact, rtol=1e-3)  # the same as by jax.grad
figure, (upper, lower) = plots.new_figure(2, 1, width=9.0, height=2.8)
_ = plots.trusted_curve(rates, through.loss, trusted, ylabel="misfit", title="The last misfit", ax=upper)
_ = plots.trusted_curve(rates, np.abs(slopes), trusted, ylabel="|derivative|", title="Its derivative", ax=lower)

# %%
display(
    Markdown(f"""
Below {float(rates[~trusted].min()):.1f} every rate is to be trusted, and {trusted.mean():.0%} of all; the steepest
slope there is {np.abs(slopes[trusted]).max():.2g}. Among the others it is {np.abs(slopes[~trusted]).max():.1e},
although the misfit itself never leaves {float(through.loss.min()):.3f} to {float(through.loss.max()):.2f}: no step
along such a slope is small enough. In places the light is on although the curve looks smooth: it is a warning, no
verdict.
""")
)

# %% [markdown]
# ## An optimiser that learns its learning rates
#
# Where they can be trusted, these derivatives are good for something. We have balanced the two parameters by hand,
# knowing their units. Suppose that we did not, that such oscillations came in every day, with a rough guess of each,
# and that there was time for fifteen steps of descent. Which learning rate for the frequency, which for the damping,
# and how much momentum?
#
# We let gradient descent find out. The misfit after fifteen steps, averaged over random oscillations, is a function of
# three numbers, and drawing other oscillations at every step makes it a stochastic loss, with a key. So it is itself a
# problem for `simulate`: an optimisation whose every step holds sixty-four optimisations.


# %%
def descent(meta):
    """Heavy-ball descent with a learning rate for each parameter; all three numbers are free of bounds."""
    rates, momentum = jnp.exp(meta[:2]), jax.nn.sigmoid(meta[2])
    scaled = optax.stateless(lambda updates, params: -rates * updates)
    return optax.chain(optax.trace(momentum), scaled)


def fifteen_steps(meta, key):
    """The misfits along the way of one random oscillation, from a rough guess."""
    key_truth, key_guess, key_noise = jax.random.split(key, 3)
    low, high = jnp.array([0.5, 0.1]), jnp.array([1.1, 0.6])
    params = jax.random.uniform(key_truth, (2,), minval=low, maxval=high)
    guess = params + jnp.array([0.1, 0.3]) * jax.random.uniform(key_guess, (2,), minval=-1)
    seen = oscillation(params) + 0.05 * jax.random.normal(key_noise, times.shape)
    return simulate(lambda w: jnp.mean((oscillation(w) - seen) ** 2), descent(meta), guess, 15).loss


def meta_loss(meta, key):
    ends = jax.vmap(lambda key: fifteen_steps(meta, key)[-1])(jax.random.split(key, TASKS))
    return jnp.log(ends).mean()


by_hand = jnp.array([jnp.log(0.01), jnp.log(0.01), 0.0])  # both rates 0.01, momentum 0.5
learn = jax.jit(lambda meta, key: simulate(meta_loss, optax.adam(0.05), meta, META_STEPS, key=key))
learning = learn(by_hand, jax.random.key(1))
learnt = learning.params[-1]
print(f"learnt: rates {jnp.exp(learnt[0]):.3f} for the frequency, {jnp.exp(learnt[1]):.2f} for the damping,", end=" ")
print(f"momentum {jax.nn.sigmoid(learnt[2]):.2f}")

# %% [markdown]
# Does it help with oscillations that were not among those it learnt from? Beside it stands what most of us would have
# done: one rate for both parameters, the best of a grid of twenty on these very oscillations.

# %%
fresh = jax.random.split(jax.random.key(2), TESTED)
quartiles = jnp.array([0.25, 0.5, 0.75])
typical = jax.jit(lambda meta: jnp.quantile(jax.vmap(lambda key: fifteen_steps(meta, key))(fresh), quartiles, axis=0))
grid = [jnp.array([rate, rate, 0.0]) for rate in jnp.linspace(jnp.log(0.003), jnp.log(0.3), 20)]
one_rate = min(grid, key=lambda meta: float(typical(meta)[1, -1]))
rows = {
    "by hand (0.01)": typical(by_hand),
    f"best single rate ({float(jnp.exp(one_rate[0])):.2g})": typical(one_rate),
    "learnt": typical(learnt),
}
figure, (left, right) = plots.new_figure(1, 2, width=5.8, height=4.0)
left.plot(jnp.exp(learning.params[:, 0]), label="rate of the frequency")
left.plot(jnp.exp(learning.params[:, 1]), label="rate of the damping")
left.plot(jax.nn.sigmoid(learning.params[:, 2]), label="momentum")
left.set(xlabel="step of the outer optimiser", yscale="log")
left.set_title("What is learnt", loc="left", fontweight="bold")
left.legend(frameon=False, loc="center right")
_ = plots.quantile_bands(
    np.arange(16), rows, xlabel="step", ylabel="misfit", ax=right,
    title=f"{TESTED:,} new oscillations: median and quartiles",
)  # fmt: skip

# %%
first, single, last = (float(row[1, -1]) for row in rows.values())
assert QUICK or last < single < first
display(
    Markdown(f"""
After fifteen steps on new oscillations the median misfit is {last:.4f} with what was learnt, {single:.4f} with the
best single rate, and {first:.4f} as set by hand; the noise alone makes {0.05**2:.4f}. The rate of the damping has
become {float(jnp.exp(learnt[1] - learnt[0])):.0f} times that of the frequency: the derivatives have found the units
out.
""")
)
