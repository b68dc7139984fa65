"""A small perturbation carried along a trajectory: through derivatives of the step, the optimiser's state included."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxopt_lab.engine.trajectory import Carry, Run


class Tangent(NamedTuple):
    """Where a perturbation lies, and how much it has grown.

    Attributes:
        direction: its part along each floating-point array of the carry, of length 1 together; None elsewhere.
        growth: the logarithm of the factor by which it has grown since it started.
        surge: the largest logarithm of its growth from any earlier step to the present one, 0 or more.
    """

    direction: Carry
    growth: jax.Array
    surge: jax.Array


def perturbed(carry: Carry) -> Tangent:
    """A perturbation of the parameters in a random direction, always the same one; the state is left alone.

    What the parameters never reach, such as the powers that Adam corrects its bias by, then stays out of the growth.
    """
    params, tree = jax.tree.flatten(carry.params)
    keys = jax.random.split(jax.random.key(0), len(params))
    drawn = [jax.random.normal(key, leaf.shape, leaf.dtype) for key, leaf in zip(keys, params, strict=True)]
    still = jax.tree.map(jnp.zeros_like, _parts(carry)[0])
    direction = still._replace(params=jax.tree.unflatten(tree, drawn))
    length = _length(direction)
    return Tangent(_divided(direction, length), jnp.zeros_like(length), jnp.zeros_like(length))


def advance_with_tangent(run: Run, carry: Carry, num_steps: int, skip: int = 0) -> tuple[Carry, Tangent]:
    """So many steps from step 0 on, with the growth since step ``skip`` of a perturbation that started at step 0."""

    def step(moving: tuple[Carry, Tangent, jax.Array], _: None) -> tuple[tuple[Carry, Tangent, jax.Array], None]:
        carry, tangent, t = moving
        tangent = tangent._replace(growth=jnp.where(t == skip, 0, tangent.growth))
        return (*step_with_tangent(run, carry, tangent, t), t + 1), None

    return jax.lax.scan(step, (carry, perturbed(carry), jnp.int32(0)), None, num_steps)[0][:2]


def step_with_tangent(run: Run, carry: Carry, tangent: Tangent, t: Any) -> tuple[Carry, Tangent]:
    """Step t -> t + 1 of a trajectory, and what its derivative makes of a perturbation."""
    numbers, rest = _parts(carry)

    def moved(numbers: Carry) -> tuple[Carry, Carry]:
        return _parts(run.step(_whole(numbers, rest), t)[0])

    numbers, direction, rest = jax.jvp(moved, (numbers,), (tangent.direction,), has_aux=True)
    length = _length(direction)
    gone = length == 0  # a step of slope 0 leaves nothing to follow: log 0 says so, and any direction does from there
    direction = jax.tree.map(lambda new, old: jnp.where(gone, old, new), direction, tangent.direction)
    grown = jnp.log(length)
    return _whole(numbers, rest), Tangent(
        _divided(direction, jnp.where(gone, 1, length)),
        tangent.growth + grown,
        jnp.maximum(tangent.surge + grown, 0),
    )


def _parts(carry: Carry) -> tuple[Carry, Carry]:
    """The floating-point arrays of a carry, and the others; each with None where the other has its own."""
    floating = jax.tree.map(lambda leaf: jnp.issubdtype(jnp.result_type(leaf), jnp.floating), carry)
    numbers = jax.tree.map(lambda leaf, is_number: leaf if is_number else None, carry, floating)
    return numbers, jax.tree.map(lambda leaf, is_number: None if is_number else leaf, carry, floating)


def _whole(numbers: Carry, rest: Carry) -> Carry:
    return jax.tree.map(lambda n, r: r if n is None else n, numbers, rest, is_leaf=lambda leaf: leaf is None)


def _length(direction: Carry) -> jax.Array:
    """Its Euclidean length, in float32 at least."""
    squares = [jnp.sum(jnp.square(leaf.astype(_wide(leaf)))) for leaf in jax.tree.leaves(direction)]
    return jnp.sqrt(sum(squares[1:], squares[0]))


def _divided(direction: Carry, length: jax.Array) -> Carry:
    return jax.tree.map(lambda leaf: (leaf / length).astype(leaf.dtype), direction)


def _wide(leaf: jax.Array) -> Any:
    return jnp.promote_types(leaf.dtype, jnp.float32)
