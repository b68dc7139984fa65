"""Loops that pass over the lanes once a step: the same numbers, in one kernel, whatever a step computes."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from jaxlib import version

from jaxopt_lab import optimizers, problems, simulate, sweep
from jaxopt_lab.engine.rewriting import kernels
from jaxopt_lab.engine.rewriting.equations import ELEMENTWISE
from jaxopt_lab.engine.rewriting.one_pass import fits_one_kernel, in_one_pass
from jaxopt_lab.engine.rewriting.scalars import in_scalars
from jaxopt_lab.engine.xla import OPTIONS

pytestmark = pytest.mark.skipif(not kernels.are_taken(), reason="not made by this version of jaxlib")

LANES = 96
X = np.linspace(-1.7, 2.3, LANES, dtype=np.float32)
WHOLE = np.arange(LANES, dtype=np.int32) % 7 - 3


def loop(step, *fixed, turns=3):
    """``carry = step(carry, *fixed)``, some turns of it."""
    return lambda carry: lax.fori_loop(0, turns, lambda _, carry: step(carry, *fixed), carry)


def names_in(function, *arguments):
    return [equation.primitive.name for equation in jax.make_jaxpr(function)(*arguments).eqns]


def check(function, *arguments, lanes=LANES, one_pass=True):
    """In a kernel, or left as it was; and the same numbers to rounding."""
    function = in_scalars(function)  # which looks into what is called
    rewritten = in_one_pass(function, lanes)
    assert ("one_kernel" in names_in(rewritten, *arguments)) == one_pass
    assert fits_one_kernel(function, lanes, *arguments) == one_pass
    expected, got = jax.jit(function)(*arguments), jax.jit(rewritten)(*arguments)
    assert jax.tree.structure(expected) == jax.tree.structure(got)
    for plain, ours in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        assert (plain.shape, plain.dtype) == (ours.shape, ours.dtype)
        np.testing.assert_allclose(ours, plain, rtol=2e-5, atol=1e-6)


UNARY = {
    "abs": lax.abs, "acos": lambda x: lax.acos(x / 4), "acosh": lambda x: lax.acosh(x + 9),
    "asin": lambda x: lax.asin(x / 4), "asinh": lax.asinh, "atan": lax.atan, "atanh": lambda x: lax.atanh(x / 4),
    "cbrt": lax.cbrt, "ceil": lax.ceil,
    "convert_element_type": lambda x: lax.convert_element_type(x * 9, jnp.int32).astype(jnp.float32) / 9,
    "cos": lax.cos, "cosh": lax.cosh, "erf": lax.erf, "erf_inv": lambda x: lax.erf_inv(x / 4), "erfc": lax.erfc,
    "exp": lambda x: lax.exp(-x * x), "exp2": lambda x: lax.exp2(-x * x), "expm1": lambda x: lax.expm1(-x * x),
    "floor": lax.floor, "integer_pow": lambda x: lax.integer_pow(x / 2, 3), "is_finite": lambda x: lax.is_finite(x) * x,
    "log": lambda x: lax.log(x * x + 1), "log1p": lambda x: lax.log1p(x * x), "logistic": lax.logistic, "neg": lax.neg,
    "round": lambda x: lax.round(x * 3) / 3, "rsqrt": lambda x: lax.rsqrt(x * x + 1), "sign": lax.sign, "sin": lax.sin,
    "sinh": lambda x: lax.sinh(x / 4), "sqrt": lambda x: lax.sqrt(x * x + 1), "square": lambda x: lax.square(x / 2),
    "stop_gradient": lax.stop_gradient, "tan": lambda x: lax.tan(x / 4), "tanh": lax.tanh,
    "copy": lambda x: jnp.copy(x) / 2,
}  # fmt: skip
BINARY = {
    "add": lax.add, "sub": lax.sub, "mul": lax.mul, "div": lambda x, y: x / (y * y + 1), "max": lax.max, "min": lax.min,
    "rem": lambda x, y: lax.rem(x * 5, y * y + 1), "pow": lambda x, y: lax.pow(x * x + 1, -y * y), "atan2": lax.atan2,
    "nextafter": lax.nextafter, "clamp": lambda x, y: lax.clamp(-1.0, x + y, y * y),
    "select_n": lambda x, y: jnp.where(x > y, x / 2, y), "eq": lambda x, y: (x == y) + x,
    "ne": lambda x, y: (x != y) + x, "ge": lambda x, y: (x >= y) + y, "gt": lambda x, y: (x > y) + y,
    "le": lambda x, y: (x <= y) + y, "lt": lambda x, y: (x < y) + y,
    "and": lambda x, y: ((x > 0) & (y > 0)) + x, "or": lambda x, y: ((x > 0) | (y > 0)) + x,
    "xor": lambda x, y: ((x > 0) ^ (y > 0)) + x, "not": lambda x, y: ~(x > y) + x,
}  # fmt: skip


def test_the_tables_below_are_of_every_elementwise_operation():
    made_by_derivatives = {"add_any"}
    assert UNARY.keys() | BINARY.keys() == ELEMENTWISE - made_by_derivatives


@pytest.mark.parametrize("name", UNARY)
def test_every_operation_of_one_number(name):
    check(loop(lambda x: UNARY[name](x) + 0.1), X)


@pytest.mark.parametrize("name", BINARY)
def test_every_operation_of_two_numbers(name):
    check(loop(lambda x, y: BINARY[name](x, y) * 0.9, jnp.asarray(X[::-1])), X)


def momentum(carry, rate):
    """Two numbers of each lane, one they share, and a count."""
    x, velocity, step = carry
    velocity = 0.9 * velocity + x / (1 - 0.9 ** (step + 1))
    return x - rate * velocity, velocity, step + 1


STATE = (X, np.zeros(LANES, np.float32), np.float32(0))
RATES = np.geomspace(1e-3, 1e-1, LANES, dtype=np.float32)

STEPS = {
    "numbers of each lane, and one of all": (lambda c: loop(momentum, RATES)(c), STATE),
    "a rate that all share": (lambda c: loop(momentum, np.float32(0.1))(c), STATE),
    "constants alone to start from": (
        lambda rates: loop(momentum, rates)((jnp.ones(LANES), jnp.zeros(LANES), jnp.float32(0))), RATES,
    ),
    "what is never looked at": (lambda c: loop(lambda c, _, y: (c[0] / 2, c[1]), RATES, c[1])(c), (X, WHOLE)),
    "what stays as it is": (loop(lambda c: (c[0] * 0.5, c[1], c[2])), (X, X, WHOLE)),
    "the same twice": (loop(lambda c: (c[0] + 1, c[0] + 1)), (X, X)),
    "changed places": (loop(lambda c: (c[1] * 0.5, c[0])), (X, X[::-1])),
    "whole numbers": (loop(lambda n: n * 3 // 2 - 1), WHOLE),
    "flags": (loop(lambda c: (c[0] - 0.3, c[1] | (c[0] < 0))), (X, np.zeros(LANES, bool))),
    "a choice by a flag that stays": (
        lambda c: loop(lambda x, flag: jnp.where(flag, x / 2, x / 3), jnp.asarray(c[1] > 0))(c[0]), (X, WHOLE),
    ),
    "a choice by a flag's opposite": (
        lambda c: loop(lambda x, flag: jnp.where(~flag, 2.0, x / 3), jnp.asarray(c[1] > 0))(c[0]), (X, WHOLE),
    ),
    "a choice by a flag of the last step": (
        loop(lambda c: (jnp.where(c[1], c[0] * 0.5, 0.3), c[1] | (c[0] < 0))), (X, np.zeros(LANES, bool)),
    ),
    "divided by what all share": (loop(lambda x, d: x / d, jnp.float32(3)), X),
    "divided by the same twice": (loop(lambda c, d: (c[0] / (d + 1), c[1] / (d + 1)), jnp.float32(3)), (X, X[::-1])),
    "the same number twice": (
        loop(lambda c: (c[0] * (c[2] * 2) + c[2] * 2, c[1] * (c[2] * 2), c[2] * 0.5)), (X, X, np.float32(0.3)),
    ),
    "divided by a constant": (loop(lambda x: x / 3), X),
    "what all share divided": (loop(lambda x, d: d / (x * x + 1), jnp.float32(3)), X),
    "noise that all share": (
        loop(lambda c: (c[0] + jax.random.normal(jax.random.fold_in(jax.random.key(0), c[1]), (3,))[1], c[1] + 1)),
        (X, np.int32(0)),
    ),
    "many turns": (loop(lambda x: x * 0.99, turns=1000), X),
    "turns that only the running program knows": (
        lambda c: lax.fori_loop(0, c[1], lambda _, x: x * 0.9, c[0]), (X, np.int32(5)),
    ),
    "turns in twos, and one left over": (
        lambda x: lax.scan(lambda x, _: (x * 0.9, None), x, None, 5, unroll=2)[0], X,
    ),
    "more arrays than are compared": (loop(lambda c: tuple(x * 0.9 + c[0] for x in c)), (X,) * 17),
    "loops in a loop": (lambda x: lax.scan(lambda x, _: (loop(lambda x: x * 0.9)(x), None), x, None, 4)[0], X),
}  # fmt: skip
LEFT_ALONE = {
    "one turn": (loop(lambda x: x * 0.9, turns=1), X),
    "every turn at once": (lambda x: lax.scan(lambda x, _: (x * 0.9, None), x, None, 4, unroll=4)[0], X),
    "what each turn leaves behind": (lambda x: lax.scan(lambda x, _: (x * 0.9, x), x, None, 4), X),
    "what each turn finds": (lambda x: lax.scan(lambda x, y: (x * y, None), x, np.ones(4, np.float32))[0], X),
    "sums over the lanes": (loop(lambda x: x / jnp.sum(x * x)), X),
    "lanes that decide when to end": (lambda x: lax.while_loop(lambda x: jnp.any(x < 1), lambda x: x + 0.5, x), X),
    "noise of each lane": (loop(lambda x: x + jax.random.normal(jax.random.key(0), (LANES,))), X),
    "two numbers of each lane in one array": (loop(lambda x: x * 0.9), np.stack([X, X], axis=1)),
    "half the precision": (loop(lambda x: x * 0.9), X.astype(jnp.bfloat16)),
    "nothing times a number": (loop(lambda c: (c[0] * 0.5 + 0 * c[1], c[1])), (X, WHOLE)),
    "a number less itself": (loop(lambda c: (c[0] * 0.5 + (c[1] - c[1]), c[1])), (X, WHOLE)),
    "a choice that is made already": (loop(lambda c: (jnp.where(True, c[0] / 2, c[1]), c[1])), (X, X[::-1])),
    "a choice of the same": (loop(lambda c: (jnp.where(c[1] > 0, c[0], c[0]) * 0.5, c[1])), (X, X[::-1])),
    "a choice of a number and once the number": (
        loop(lambda c: (jnp.where(c[1] > 0, c[0] * jnp.float32(1), c[0]) / 2, c[1])),
        (X, X[::-1]),
    ),
    "a choice of a quotient and a product": (
        loop(lambda c: (jnp.where(c[1] > 0, c[0] / 4, c[0] * 0.25), c[1])),
        (X, X[::-1]),
    ),
    "a choice of what all share": (
        loop(lambda c: (c[0] + jnp.where(c[1] > 0, c[2], jnp.broadcast_to(c[2], (LANES,))), c[1], c[2] / 2)),
        (X, X[::-1], np.float32(3)),
    ),
    "a choice of what a flag and its opposite choose": (
        loop(lambda c: (jnp.where(c[0] > 1, jnp.where(c[1], c[0] / 2, 3.0), jnp.where(~c[1], 3.0, c[0] / 2)), c[1])),
        (X, X > 0),
    ),
    "no less than the least": (loop(lambda c: ((c[0] * 0.5 + (c[1] >= 0)), c[1])), (X, (X > 0).astype(np.uint32))),
    "a choice of constants": (loop(lambda c: (c[0] + jnp.where(c[1] > 0, 1.0, 1.0), c[1])), (X, X[::-1])),
    "to the power of nothing": (loop(lambda c: (c[0] * 0.5 + c[1] ** 0, c[1])), (X, X[::-1])),
    "what is true anyhow": (loop(lambda c: (c[0] * 0.5, (c[0] > 0) | np.bool_(True))), (X, WHOLE > 0)),
    "at most the largest": (loop(lambda c: (c[0] * 0.5 + jnp.maximum(c[1], 2**31 - 1), c[1])), (X, WHOLE)),
    "noise that XLA may know": (loop(lambda x: x + jax.random.normal(jax.random.key(0), (3,))[1]), X),
    "more arrays at once than are compared": (loop(lambda c: tuple((x + sum(c)) / 20 for x in c)), (X,) * 17),
    "nothing of the lanes": (loop(lambda n: n + 1), np.float32(0)),
    "no loop": (lambda x: x + 1, X),
}


@pytest.mark.parametrize("name", [name for name in STEPS if name != "loops in a loop"])
def test_steps_of_every_shape(name):
    check(*STEPS[name])


def test_more_arrays_where_llvm_is_told_to_compare_them(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", f"--xla_backend_extra_options={OPTIONS['xla_backend_extra_options']}")
    check(*LEFT_ALONE["more arrays at once than are compared"])


def test_a_loop_in_a_loop_is_a_kernel():
    """The outer loop is no arithmetic; the inner one is."""
    function, start = STEPS["loops in a loop"]
    (outer,) = jax.make_jaxpr(in_one_pass(function, LANES))(start).eqns
    assert outer.params["jaxpr"].jaxpr.eqns[-1].primitive.name == "one_kernel"
    np.testing.assert_allclose(jax.jit(in_one_pass(function, LANES))(start), X * 0.9**12, rtol=1e-5)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_does_not_fit_is_left_alone(name):
    check(*LEFT_ALONE[name], one_pass=False)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", [name for name in STEPS if name != "loops in a loop"])
def test_in_double_precision(name):
    """XLA simplifies other things then, and numbers that it knows above all."""
    function, start = STEPS[name]
    wide = lambda leaf: np.asarray(leaf, np.float64) if np.asarray(leaf).dtype == np.float32 else leaf
    check(function, jax.tree.map(wide, start))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "problem",
    [
        problems.rosenbrock,
        *[pytest.param(p, marks=pytest.mark.long) for p in (problems.quadratic, problems.ackley, problems.himmelblau)],
    ],
)
def test_sweeps_in_double_precision(problem):
    for factory in (optimizers.sgd, optimizers.adam):
        arguments = {"learning_rate": [1e-3, 1e-4]}, {"starts": 3, "num_steps": 9, "dtype": "float64"}
        scalars, arrays = (
            sweep(problem(), factory, arguments[0], **arguments[1], tiling=f"32:1:{form}")
            for form in ("scalars", "arrays")
        )
        np.testing.assert_allclose(scalars.final_params, arrays.final_params, rtol=1e-12)


def test_what_is_known_takes_no_program_of_its_own(count_compilations):
    """Constants of a step are worked out while it is put in order: by JAX, each would be compiled."""

    def step(x):
        one = lax.full_like(1.0, 1, np.float32)
        return x * (1 / (lax.sqrt(one + one * 3) + 0.5) - lax.max(-one, one / 7))

    with count_compilations() as compilations:
        assert fits_one_kernel(in_scalars(loop(step)), LANES, X)
    assert compilations.count == 0


FEW = "--xla_backend_extra_options=-vectorize-memory-check-threshold={}"
"""What LLVM is not told here: it makes steps of a few arrays several loops."""


def adam_with_all(dim):
    """The step that carries the most: parameters and two moments in so many dimensions, losses, and when it ended."""

    def last(rate, start):
        bowl = problems.rosenbrock(dim=dim)
        return simulate(bowl, optimizers.adam(rate), start, 7, record="summary", tolerance=1e-3)

    return jax.vmap(in_scalars(last)), (RATES.astype(np.float64), np.linspace(-1, 1, LANES * dim).reshape(LANES, dim))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("dim", "most", "loops"), [(4, 10_000, 1), (3, 128, 2), (4, 128, 2), (3, 60, 3)])
def test_more_arrays_than_are_compared_take_several_loops(monkeypatch, dim, most, loops):
    """As few as there may be, each in place: what is copied would count as another."""
    monkeypatch.setenv("XLA_FLAGS", FEW.format(most))
    function, arguments = adam_with_all(dim)
    program = jax.jit(in_one_pass(function, LANES)).lower(*arguments).compile()
    assert passes(program.as_text(), LANES) == [loops]
    for plain, ours in zip(*map(jax.tree.leaves, (jax.jit(function)(*arguments), program(*arguments))), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-10)


def test_loops_that_would_compute_most_of_a_step_again_are_not_made(monkeypatch):
    """Every derivative of Ackley's function takes a sum over all dimensions."""

    def last(start):
        return simulate(problems.ackley(dim=6), optimizers.adam(0.1), start, 7, record="final").params

    function, starts = jax.vmap(in_scalars(last)), np.ones((LANES, 6), np.float32)
    assert fits_one_kernel(function, LANES, starts)
    monkeypatch.setenv("XLA_FLAGS", FEW.format(30))
    assert not fits_one_kernel(function, LANES, starts)


OPERATIONS = [jnp.add, jnp.subtract, jnp.multiply, jnp.maximum, jnp.minimum, lambda a, b: a / (1 + b * b), jnp.arctan2]


@st.composite
def programs(draw):
    """A step of three vectors, one number and their results, each computed from any that came before."""
    lines = draw(st.lists(st.tuples(st.sampled_from(range(len(OPERATIONS))), *[st.integers(0, 20)] * 2), max_size=12))
    return lines, draw(st.tuples(*[st.integers(0, 20)] * 3))


@settings(max_examples=40)
@given(program=programs(), most=st.sampled_from([8, 12, 128]))
def test_any_program_of_a_step(program, most):
    """In one loop or in several."""
    lines, kept = program

    def step(carry):
        known = [*carry, jnp.float32(0.5), jnp.tanh(carry[0][0] * 0 + 0.3)]
        for operation, left, right in lines:
            known.append(jnp.tanh(OPERATIONS[operation](known[left % len(known)], known[right % len(known)])))
        return tuple(jnp.broadcast_to(known[each % len(known)], (LANES,)) for each in kept)

    function, start = in_scalars(loop(step)), (X, X[::-1] * 0.5, RATES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", FEW.format(most))
        expected, got = jax.jit(function)(start), jax.jit(in_one_pass(function, LANES))(start)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def passes(program, lanes):
    """How often the innermost loop of a compiled program goes over the lanes."""
    bodies = re.findall(r"body=%?([\w.-]+)", program)
    computations = dict(re.findall(r"^%?([\w.-]+) \(.*?\{\n(.*?)^\}", program, re.MULTILINE | re.DOTALL))
    over_lanes = re.compile(rf"= .*\[{lanes}\].* (fusion|copy)\(")
    return [len(over_lanes.findall(computations[name])) for name in bodies]


@pytest.mark.parametrize("optimizer", [optimizers.sgd, optimizers.adam], ids=["sgd", "adam"])
def test_xla_makes_one_loop_of_a_step(optimizer):
    def last(rate, start):
        return simulate(problems.rosenbrock(), optimizer(rate), start, 7, record="summary")

    program = jax.jit(in_one_pass(jax.vmap(in_scalars(last)), LANES))
    compiled = program.lower(RATES, np.ones((LANES, 2), np.float32)).compile().as_text()
    assert passes(compiled, LANES) == [1]
    assert "xla_cpu_small_call" in str(compiled)


def test_versions_that_were_not_tried_are_told_nothing(monkeypatch):
    def run():
        nothing = lambda params, loss, grads: {}  # made anew each time, so that nothing is remembered of the last one
        arguments = {"starts": 3, "num_steps": 7, "record": "final", "observe": nothing}
        return sweep(problems.himmelblau(), optimizers.adam, {"learning_rate": [0.1, 0.2]}, **arguments)

    monkeypatch.setattr(version, "__version_info__", (99, 0, 1))
    assert not kernels.are_taken()
    plain = run()
    assert plain.attrs["tiling"] == "32:2:scalars"
    monkeypatch.undo()
    assert kernels.are_taken()
    told = run()
    assert told.attrs["tiling"] == "32:1:scalars"
    np.testing.assert_allclose(told.final_params, plain.final_params, rtol=1e-5)


@pytest.mark.parametrize(
    ("number", "taken"), [((0, 7, 2), False), ((0, 8, 0), True), ((0, 10, 2), True), ((0, 11, 0), False)]
)
def test_which_versions_those_are(monkeypatch, number, taken):
    monkeypatch.setattr(version, "__version_info__", number)
    assert kernels.are_taken() == taken
