# %% [markdown]
# # Sweeping your own model
#
# You have a model of your own, a loss, and the usual question: which optimiser, at which settings, and how much of the
# answer is luck? Here a small network, which the laboratory has never heard of, is trained a hundred thousand times.
# On the way the process is killed; what it had done is kept. In the end all runs lie in one labelled dataset, and
# questions are one line each.

# %%
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
from IPython.display import Markdown, display
from matplotlib.colors import LogNorm

from jaxopt_lab import open_sweep, plots
from jaxopt_lab.plots.style import PALETTE

# How much is computed: the tests, which run this notebook too, set NOTEBOOKS_QUICK and need only a little of all.
QUICK = "NOTEBOOKS_QUICK" in os.environ
RATES, DECAYS, STARTS = (8, 3, 5) if QUICK else (40, 25, 50)  # two optimisers: a hundred thousand runs

# %% [markdown]
# ## The model
#
# A long sweep lives in a script, which runs overnight, and so does this one. Twenty noisy points of a sine wave are to
# be learnt by a network with one hidden layer of sixteen units. Its parameters are a dictionary of dictionaries, since
# that is what we like; any pytree will do. `Problem` takes the loss, a way to draw start points, and, if there is
# something worth knowing beside the loss, a function that measures it.

# %%
script = '''
"""Learn a sine wave from twenty noisy points: python sine.py STORE RATES DECAYS STARTS."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxopt_lab import sweep
from jaxopt_lab.problems import Problem

noise = np.random.default_rng(0)
x = noise.uniform(0, 1, 20)
y = np.sin(2 * np.pi * x) + 0.3 * noise.normal(size=20)
NUM_STEPS = 500
grid = np.linspace(0, 1, 50)  # where the wave is known without noise, to see what was learnt


def network(params, x):
    hidden = jnp.tanh(x[:, None] * params["hidden"]["slope"] + params["hidden"]["shift"])
    return hidden @ params["out"]["weights"] + params["out"]["bias"]


def draw(key):
    slope, shift, weights = jax.random.normal(key, (3, 16))
    return {"hidden": {"slope": 5 * slope, "shift": 2 * shift}, "out": {"weights": weights / 4, "bias": jnp.zeros(())}}


def loss(params, key):
    return jnp.mean((network(params, x) - y) ** 2)


def evaluate(params):
    return {"true_error": jnp.mean((network(params, grid) - np.sin(2 * np.pi * grid)) ** 2)}


def run(store, rates, decays, starts):
    return sweep(
        Problem(loss, init=draw, evaluate=evaluate, name="wave"),
        {"adamw": optax.adamw, "lion": optax.lion},
        {"learning_rate": np.logspace(-4, 0, rates, endpoint=False), "weight_decay": np.logspace(-3, 2, decays)},
        starts=starts,
        num_steps=NUM_STEPS,
        record="final",
        chunk_size=max(1, rates * decays * starts // 25),
        store=store,
    )


if __name__ == "__main__":
    run(sys.argv[1], *map(int, sys.argv[2:]))
'''
folder = tempfile.TemporaryDirectory()
path, store = Path(folder.name) / "sine.py", Path(folder.name) / "sine.zarr"
path.write_text(script)
model = SimpleNamespace(**runpy.run_path(str(path)))  # what the script defines, for use here too

# %% [markdown]
# ## Killed on the way
#
# The script is started as a process of its own. Anyone may look at its store while it runs; we wait until three chunks
# in ten are there, and then kill it the hard way, as an out-of-memory killer, a time limit or a power cut would.

# %%
sizes = [str(size) for size in (RATES, DECAYS, STARTS)]
process = subprocess.Popen([sys.executable, path, store, *sizes])  # noqa: S603 - the script above
while process.poll() is None and not (store.exists() and open_sweep(store).fraction_done >= 0.3):
    time.sleep(0.1)
process.kill()
process.wait()

survived = open_sweep(store)
print(f"{survived.fraction_done:.0%} of the chunks were done when the process died")
print(f"{int(survived.final_loss.notnull().sum()):,} of {survived.final_loss.size:,} losses can be read already")

# %% [markdown]
# ## Taken up again
#
# The same call, now from this notebook. What is marked as done is verified and kept, the rest runs; the result has the
# same bits as one that was never interrupted. Had we changed the loss in the meantime, or one of the settings, it would
# have been refused instead of mixed.

# %%
result = model.run(store, RATES, DECAYS, STARTS)
print(f"{result.fraction_done:.0%} done")
print(result[["final_loss", "true_error"]].drop_attrs())

# %% [markdown]
# ## Reading a hundred thousand runs
#
# The dimensions bear the names of what was swept, so that a question is one line. Every setting was tried from fifty
# start points; its typical error is their median. The best setting of each optimiser:

# %%
typical = result.true_error.median("start")
best = {name: typical.sel(optimizer=name).argmin(["learning_rate", "weight_decay"]) for name in ("adamw", "lion")}
for name, where in best.items():
    chosen = typical.sel(optimizer=name).isel(where)
    print(
        f"{name:<6} learning rate {float(chosen.learning_rate):.2g}, weight decay {float(chosen.weight_decay):.2g}: "
        f"typical error {float(chosen):.4f}"
    )

# %% [markdown]
# How much of that is luck? The same fifty start points served every setting, so that optimisers can be compared start
# by start.

# %%
luck = {name: result.true_error.sel(optimizer=name).isel(where) for name, where in best.items()}
wins = float((luck["adamw"] < luck["lion"]).mean())
ranges = ", and ".join(f"from {float(e.min()):.3f} to {float(e.max()):.3f} with {name}" for name, e in luck.items())
display(
    Markdown(f"""
At the best settings the error runs {ranges}, depending on the start alone. AdamW has the lower one from {wins:.0%} of
the starts. Who compared them by a single start would name the wrong one in {1 - wins:.0%} of the cases.
""")
)

# %% [markdown]
# ## The whole map
#
# The typical error over both hyperparameters. Grey is where the runs left the finite numbers.

# %%
figure, axes = plots.new_figure(1, 2, width=6.4, height=4.4)
for ax, name in zip(axes, best, strict=True):
    median = typical.sel(optimizer=name).transpose("weight_decay", "learning_rate")
    mesh = plots.heat_map(
        median.values, median.learning_rate.values, median.weight_decay.values, xlabel="learning rate",
        ylabel="weight decay", label="median error", title=f"{name}: the dashed line is rate × decay = 2", ax=ax,
    )  # fmt: skip
    mesh.set_norm(LogNorm(0.01, 10))
    ax.autoscale(False)  # the line is not to widen the picture
    ax.axline((0.1, 20), (1.0, 2), color="white", ls="--", lw=1.5)

# %% [markdown]
# The border of the grey is a straight line, and known exactly. Both optimisers decay the weights apart from the
# gradient: each step multiplies them by $1 - \alpha \lambda$, the learning rate times the decay, and beyond
# $\alpha \lambda = 2$ that is a factor below $-1$. Whatever the data say, the weights then grow without end. Does the
# sweep agree?

# %%
strength = result.learning_rate * result.weight_decay
lost = result.final_loss.isnull() | np.isinf(result.final_loss)
beyond, below = lost.where(strength > 2.2).mean(), lost.where(strength <= 2).mean()
assert (beyond, below) == (1, 0)
display(
    Markdown(f"""
Of the runs well beyond the line (above 2.2, where {model.NUM_STEPS} steps are enough to leave float32)
{float(beyond):.1%} are lost; of those below it {float(below):.1%}.
""")
)

# %% [markdown]
# ## Groups
#
# Which learning rates forgive a bad choice of everything else? For each decade of them, the share of all runs, whatever
# their decay and start, that came below an error of 0.05:

# %%
decade = np.floor(np.log10(result.learning_rate) + 1e-6).astype(int).rename("rates from 10^")
share = (result.true_error < 0.05).groupby(decade).mean(["learning_rate", "weight_decay", "start"])
share.to_pandas().map("{:.1%}".format)

# %% [markdown]
# ## What was learnt
#
# The parameters are in the dataset too, one variable for each leaf of the dictionary, and go back into the network.
# Fifty networks at the best setting of AdamW, and the same fifty starts with hardly any decay:


# %%
def networks_of(runs):
    """The curves of all networks of a selection, shape (starts, points)."""
    hidden = {name: runs[f"final_params.hidden.{name}"].values for name in ("slope", "shift")}
    out = {name: runs[f"final_params.out.{name}"].values for name in ("weights", "bias")}
    return jax.vmap(model.network, in_axes=(0, None))({"hidden": hidden, "out": out}, model.grid)


adamw = result.sel(optimizer="adamw").isel(learning_rate=best["adamw"]["learning_rate"])
shown = {
    f"weight decay {float(adamw.weight_decay[at]):.2g}": adamw.isel(weight_decay=at)
    for at in (int(best["adamw"]["weight_decay"]), 0)
}
figure, axes = plots.new_figure(1, 2, width=5.6, height=3.8)
for ax, (title, runs) in zip(axes, shown.items(), strict=True):
    curves = ax.plot(model.grid, networks_of(runs).T, color=PALETTE[0], alpha=0.25, lw=1)
    (wave,) = ax.plot(model.grid, np.sin(2 * np.pi * model.grid), color="black", lw=2)
    (dots,) = ax.plot(model.x, model.y, "o", color=PALETTE[1], ms=5, mec="white")
    ax.set(xlabel="x", ylabel="y", ylim=(-2, 2))
    ax.set_title(f"{title}: error {float(runs.true_error.median()):.3f}", loc="left", fontweight="bold")
axes[1].legend([curves[0], wave, dots], ["networks", "truth", "what they saw"], frameon=False)
fits = {title: (float(runs.final_loss.median()), float(runs.true_error.median())) for title, runs in shown.items()}
(decayed, tame), (free, wild) = fits.items()
display(
    Markdown(f"""
With hardly any decay the networks follow the noise: their loss on what they saw is {wild[0]:.3f} instead of
{tame[0]:.3f}, and their distance from the truth {wild[1]:.3f} instead of {tame[1]:.3f}. The sweep has found the amount
of decay that keeps them from it.
""")
)

# %%
folder.cleanup()

# %% [markdown]
# ## And larger
#
# The same call fits larger machines: `executor=` takes a process pool or a Dask client's executor, `shard=(i, n)` makes
# one of n jobs on a cluster that write into the same store, and a GPU is used if JAX sees one. How, is in `docs/`: see
# [resume](../docs/resume.md) and [clusters](../docs/clusters.md).
