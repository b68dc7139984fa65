"""Applying a rule for one array to every leaf of a pytree."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.typing
import optax

Tree = Any


def leafwise(rule: Callable[..., tuple[jax.Array, ...]], grads: Tree, *trees: Tree, **scalars: Any) -> tuple[Tree, ...]:
    """Apply ``rule(g, *leaves, **scalars) -> (out, ...)`` to each leaf; one tree comes back for each output.

    The arithmetic is done in at least float32 and in the dtype of the leaf otherwise, whatever the scalars' dtype: a
    float32 learning rate neither widens a bfloat16 state nor is it rounded to one (1 - 0.999 is 0 in bfloat16).
    """

    def at_leaf(g: jax.Array, *leaves: jax.Array) -> tuple[jax.Array, ...]:
        wide = jnp.promote_types(g.dtype, jnp.float32)
        cast = {name: jnp.asarray(value, wide) for name, value in scalars.items()}
        outputs = rule(g.astype(wide), *(leaf.astype(wide) for leaf in leaves), **cast)
        return tuple(out.astype(g.dtype) for out in outputs)

    leaves, structure = jax.tree.flatten(grads)
    others = [structure.flatten_up_to(tree) for tree in trees]
    columns = zip(*(at_leaf(*row) for row in zip(leaves, *others, strict=True)), strict=True)
    return tuple(jax.tree.unflatten(structure, column) for column in columns)


def at_step(learning_rate: optax.ScalarOrSchedule, step: jax.typing.ArrayLike) -> Any:
    """The learning rate of one step, counted from 0: a schedule is asked, a number stays what it is."""
    return learning_rate(step) if callable(learning_rate) else learning_rate
