# %% [markdown]
# # Optimisation paths
#
# Five optimisers start at the same point of the same bowl, a quadratic that is ten times as curved along $w_2$ as along
# $w_1$. Where do they go, how fast, and what sets their speed? Run this file cell by cell in an editor that knows
# `# %%` cells, or from top to bottom with `python`.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import optimizers, plots, problems, simulate, sweep
from jaxopt_lab.analysis import contraction_factor, theory

bowl = problems.quadratic((1.0, 10.0))
start = np.array([[4.0, 1.5]])

# %% [markdown]
# ## Fifty steps of each
#
# A mapping of optimisers becomes a dimension of the result. The momentum rule, $v \leftarrow \beta v + \alpha g$ and
# $w \leftarrow w - v$, stands in `jaxopt_lab/optimizers/momentum.py` as it is written here.

# %%
runs = {
    "SGD (0.18)": optimizers.sgd(0.18),
    "SGD (0.05)": optimizers.sgd(0.05),
    "momentum (0.05, 0.9)": optimizers.sgd_momentum(0.05, 0.9),
    "RMSProp (0.1)": optimizers.rmsprop(0.1),
    "Adam (0.2)": optimizers.adam(0.2),
}
result = sweep(bowl, runs, starts=start, num_steps=50, record="path").squeeze("start")
paths = {name: result.params.sel(optimizer=name).values for name in runs}
plots.paths(
    jax.vmap(jax.vmap(lambda w: bowl.loss(w, None))),
    paths,
    ((-5.0, 5.0), (-2.0, 2.0)),
    levels=np.logspace(-1, 3, 10),
    marks={"minimum": (0.0, 0.0)},
    title="Fifty steps in a quadratic bowl",
)
for name in runs:
    print(f"{name:<22} loss after 50 steps: {float(result.final_loss.sel(optimizer=name)):.2e}")

# %% [markdown]
# ## Why the fast one zigzags
#
# Gradient descent multiplies each coordinate by $1 - \alpha h$ at every step. Along $w_1$ that is positive; along
# $w_2$, at this rate, it is negative: the sign flips at every step, and the size still shrinks.

# %%
for name, curvature in (("w1", 1.0), ("w2", 10.0)):
    print(f"{name}: x {theory.gradient_descent_factor(0.18, curvature):+.2f} a step")

# %% [markdown]
# ## Momentum is no magic
#
# Over many steps the distance to the minimum shrinks by a constant factor a step, which is known exactly for the linear
# methods. At the rates above momentum is hardly faster than slow gradient descent. With both at the best settings for
# this bowl it is another matter.


# %%
def measured(rate: float, momentum: float, steps: int = 200) -> float:
    """The factor of a straight line through the logarithm of the distance, once the first quarter is over."""
    run = simulate(bowl, optimizers.sgd_momentum(rate, momentum), jnp.array([4.0, 1.5]), steps)
    return contraction_factor(np.linalg.norm(np.asarray(run.params, float), axis=1), skip=steps // 4)


spectrum = (1.0, 10.0)
descent, ball = theory.best_gradient_descent(spectrum), theory.best_heavy_ball(spectrum)
for label, rate, momentum in (
    ("SGD at 0.05", 0.05, 0.0),
    ("momentum at (0.05, 0.9)", 0.05, 0.9),
    ("SGD at its best rate", descent[0], 0.0),
    ("momentum at its best", ball[0], ball[1]),
):
    steps = 100 if label == "momentum at its best" else 200  # the last one would leave the range of float32
    exact = theory.contraction_rate(rate, spectrum, momentum)
    print(f"{label:<24} measured {measured(rate, momentum, steps):.4f}, exact {exact:.4f}")
