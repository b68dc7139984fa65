"""Every mistake that can be seen before anything runs: one sentence with the argument, what came, and what to do."""

from concurrent.futures import Executor
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxopt_lab import Record, optimizers, problems, simulate, sweep
from jaxopt_lab.problems import Problem

NAN, INF = float("nan"), float("inf")
TWO = np.array([[4.0, 1.5]])


def squares(x):
    return (x**2).sum()


def swept(**changed: Any) -> Any:
    """A sweep that is right but for what is changed."""
    arguments: dict[str, Any] = {
        "problem": problems.rosenbrock(), "optimizer": optimizers.sgd, "grid": {"learning_rate": [1e-3]},
        "starts": TWO, "num_steps": 3,
    }  # fmt: skip
    return lambda: sweep(**arguments | changed)


def run(problem: Any = squares, optimizer: Any = None, params: Any = TWO[0], num_steps: Any = 3, **changed: Any) -> Any:
    """A single trajectory that is right but for what is changed."""
    return lambda: simulate(problem, optimizer or optimizers.sgd(0.1), params, num_steps, **changed)


def rate(*values: Any) -> dict[str, Any]:
    return {"grid": {"learning_rate": list(values)}}


def observing(name: str, **changed: Any) -> Any:
    return swept(observe=lambda params, loss, grads: {name: loss}, **changed)


def needs_one(scale):
    return problems.quadratic((1.0 * scale,))


# What to call, and what the message must hold, in this order.
CASES: dict[str, tuple[Any, list[str]]] = {
    # names
    "a hyperparameter mistyped": (
        swept(grid={"learning_rat": [0.1]}),
        ["grid", "learning_rat", "mean 'learning_rate'"],
    ),
    "a hyperparameter of nobody": (
        swept(grid={"learning_rate": [0.1], "zzz": [1.0]}),
        ["grid", "zzz", "learning_rate"],
    ),
    "a problem's argument mistyped": (
        swept(problem=problems.ill_conditioned, grid={"learning_rate": [0.1], "conditio": [1.0]}),
        ["grid", "conditio", "mean 'condition'"],
    ),
    "a static one mistyped": (swept(problem=problems.rosenbrock, static_grid={"dims": [2]}), ["dims", "mean 'dim'"]),
    "a name that both take": (
        swept(problem=lambda learning_rate=1.0: problems.beale()),
        ["grid", "both", "'learning_rate'", "'problem.learning_rate'", "'optimizer.learning_rate'"],
    ),
    "of a built optimizer": (
        swept(optimizer=optimizers.sgd(0.1)),
        ["grid", "learning_rate", "built already", "factory"],
    ),
    "of a built problem": (
        swept(grid={"learning_rate": [0.1], "b": [1.0]}),
        ["grid", "'b'", "built already", "factory"],
    ),
    "the same argument twice": (
        swept(grid={"learning_rate": [0.1], "optimizer.learning_rate": [0.2]}),
        ["grid", "learning_rate"],
    ),
    "traced and static": (swept(static_grid={"learning_rate": [0.1]}), ["grid", "learning_rate", "two dimensions"]),
    "traced and static, by its owner": (swept(static_grid={"optimizer.learning_rate": [0.1]}), ["learning_rate"]),
    "an argument called start": (
        swept(problem=lambda x, start: start * squares(x), grid={"learning_rate": [0.1], "start": [1.0, 2.0]}),
        ["grid", "'start'", "two dimensions"],
    ),
    "an argument called seed beside seeds": (
        swept(problem=lambda x, seed: seed * squares(x), grid={"learning_rate": [0.1], "seed": [1.0, 2.0]}, seeds=2),
        ["grid", "'seed'", "two dimensions"],
    ),
    "an argument called param": (
        swept(problem=lambda x, param: param * squares(x), grid={"learning_rate": [0.1], "param": [1.0, 2.0, 3.0]}),
        ["grid", "'param'"],
    ),
    "an argument called as a variable": (
        swept(
            problem=lambda x, final_loss: final_loss * squares(x), grid={"learning_rate": [0.1], "final_loss": [1.0]}
        ),
        ["grid", "'final_loss'"],
    ),
    # values
    "an empty grid": (swept(**rate()), ["grid['learning_rate']", "no values", "at least one"]),
    "a NaN": (swept(**rate(0.1, NAN)), ["grid['learning_rate']", "nan", "finite"]),
    "an infinity": (swept(**rate(INF)), ["grid['learning_rate']", "inf", "finite"]),
    "a value twice": (swept(**rate(0.1, 0.2, 0.1)), ["grid['learning_rate']", "twice"]),
    "values that float32 cannot tell apart": (swept(**rate(0.1, 0.1 + 1e-12)), ["learning_rate", "float32", "float64"]),
    "a value beyond float32": (swept(**rate(1e40)), ["grid['learning_rate']", "float32"]),
    "a value that float32 makes 0": (swept(**rate(1e-60)), ["grid['learning_rate']", "float32"]),
    "a whole number beyond 32 bits": (swept(**rate(10**10)), ["grid['learning_rate']", "10000000000"]),
    "what decides": (
        swept(optimizer=optax.sgd, grid={"learning_rate": [0.1], "momentum": [0.9], "nesterov": [0, 1]}),
        ["grid", "optimizer", "nesterov", "static_grid"],
    ),
    "what counts": (
        swept(problem=lambda n: problems.quadratic(np.ones(n)), grid={"learning_rate": [0.1], "n": [2, 3]}),
        ["grid", "problem <lambda>", "n", "static_grid"],
    ),
    "values below what float32 computes with": (swept(**rate(0.1, 1e-40)), ["learning_rate", "1e-40", "float32"]),
    "a flag among numbers": (swept(**rate(True, 0.5)), ["grid['learning_rate']", "True", "static_grid"]),
    "a mapping of values": (swept(grid={"learning_rate": {0.1: 2}}), ["grid['learning_rate']", "0.1", "a list"]),
    "masked values": (
        swept(grid={"learning_rate": np.ma.masked_array([0.1, 0.2], [False, True])}),
        ["grid['learning_rate']", "masked", "a list"],
    ),
    "a number for a name": (swept(grid={1: [0.1]}), ["grid", "1", "by name"]),
    "numbers for names of optimizers": (
        swept(optimizer={1: optimizers.sgd, 2: optimizers.sgd}),
        ["optimizer", "[1, 2]", "a name"],
    ),
    "another's argument, by its owner": (
        swept(grid={"problem.learning_rate": [0.1]}, problem=problems.quadratic),
        ["grid, of the problem", "'learning_rate'", "known are", "eigenvalues"],
    ),
    "an argument called as a dimension of the parameters": (
        swept(
            problem=lambda x, params_0=1.0: params_0 * squares(x),
            grid={"learning_rate": [0.1], "params_0": [1.0, 2.0]},
            starts=np.ones((1, 2, 2)),
        ),
        ["grid", "'params_0'", "dimension", "'problem.params_0'"],
    ),
    "words": (swept(**rate("fast", "slow")), ["grid['learning_rate']", "'fast'", "static_grid"]),
    "a word": (swept(grid={"learning_rate": "fast"}), ["grid['learning_rate']", "'fast'", "static_grid"]),
    "flags": (swept(**rate(True, False)), ["grid['learning_rate']", "True", "static_grid"]),
    "nothing": (swept(**rate(None)), ["grid['learning_rate']", "None", "static_grid"]),
    "complex numbers": (swept(**rate(1j)), ["grid['learning_rate']", "1j"]),
    "values in two dimensions": (swept(**rate([0.1], [0.2])), ["grid['learning_rate']", "(2, 1)", "flat"]),
    "ragged values": (swept(**rate([0.1], [0.2, 0.3])), ["grid['learning_rate']", "0.3"]),
    "a grid that is no mapping": (swept(grid=[0.1, 0.2]), ["grid", "0.1"]),
    "a static grid that is no mapping": (swept(static_grid=["dim"]), ["static_grid", "dim"]),
    "an empty static grid": (
        swept(problem=problems.rosenbrock, static_grid={"dim": []}),
        ["static_grid['dim']", "no values", "at least one"],
    ),
    "a static value twice": (
        swept(problem=problems.rosenbrock, static_grid={"dim": [2, 2]}),
        ["static_grid['dim']", "twice"],
    ),
    # optimizers
    "no learning rate": (swept(grid=None), ["optimizer", "sgd", "learning_rate", "grid"]),
    "no learning rate in a mapping": (
        swept(optimizer={"a": optimizers.sgd, "b": optimizers.adam}, grid=None),
        ["optimizer", "learning_rate", "grid"],
    ),
    "an optimizer by name": (swept(optimizer="adam"), ["optimizer", "'adam'", "GradientTransformation"]),
    "an optimizer by name without a grid": (swept(optimizer="adam", grid=None), ["optimizer", "'adam'"]),
    "no optimizer": (swept(optimizer=None, grid=None), ["optimizer", "None"]),
    "an empty mapping": (swept(optimizer={}), ["optimizer", "empty"]),
    "one that one of several lacks": (
        swept(optimizer={"a": optimizers.sgd, "b": optimizers.adam}, grid={"learning_rate": [0.1], "b1": [0.5]}),
        ["grid", "'b1'", "no argument of a"],
    ),
    "a factory that makes no optimizer": (swept(optimizer=lambda learning_rate: 3), ["optimizer", "int"]),
    # problems
    "no problem": (swept(problem=3), ["problem", "3", "function"]),
    "a problem by name": (swept(problem="beale"), ["problem", "'beale'", "function"]),
    "a loss that is no scalar": (swept(problem=lambda x: x), ["problem", "(2,)", "mean or sum"]),
    "a loss with something beside it": (swept(problem=lambda x: (squares(x), x)), ["problem", "loss", "tuple"]),
    "a loss that is a whole number": (swept(problem=lambda x: (x > 0).sum()), ["problem", "loss", "int32"]),
    "a factory that makes no problem": (
        swept(problem=lambda scale=1.0: 3.0, grid={"learning_rate": [0.1], "scale": [1.0]}),
        ["problem", "float", "Problem"],
    ),
    "a factory whose argument is missing": (
        swept(problem=needs_one, starts=np.ones((1, 1))),
        ["problem", "needs_one", "(1,)"],
    ),
    # starts
    "no starts": (swept(starts=0), ["starts", "0", "at least 1"]),
    "fewer than none": (swept(starts=-3), ["starts", "-3", "at least 1"]),
    "half a start": (swept(starts=2.5), ["starts", "2.5"]),
    "starts without a count": (swept(starts=np.float64(3.0)), ["starts"]),
    "an empty array": (swept(starts=np.zeros((0, 2))), ["starts", "(0, 2)"]),
    "a yes": (swept(starts=True), ["starts", "True"]),
    "a word as starts": (swept(starts="three"), ["starts", "three"]),
    "None as starts": (swept(starts=None), ["starts", "None"]),
    "counts that differ": (
        swept(problem=lambda p: p["a"], starts={"a": np.ones(2), "b": np.ones(3)}),
        ["starts", "(3,)"],
    ),
    "nothing to draw from": (swept(problem=squares, starts=3), ["starts", "squares", "init", "array"]),
    "starts of five in a bowl of two": (
        swept(problem=problems.quadratic(), starts=np.ones((2, 5))),
        ["starts", "(5,)", "(2,)"],
    ),
    "starts of three in a valley of two": (swept(starts=np.ones((2, 3))), ["starts", "(3,)", "(2,)"]),
    "starts of one in a bowl of two": (swept(problem=problems.quadratic(), starts=np.ones((2, 1))), ["starts", "(2,)"]),
    "starts without their last axis": (swept(problem=problems.quadratic(), starts=np.ones(2)), ["starts", "(2,)"]),
    "starts of three for x and y": (
        swept(problem=problems.beale(), starts=np.ones((2, 3))),
        ["starts", "(3,)", "(2,)"],
    ),
    # numbers
    **{
        f"{name}={value!r}": (swept(**{name: value}), [name, repr(value), "at least 1"])
        for name in ("num_steps", "seeds", "chunk_size")
        for value in (0, -1, 2.5, True, "3")
    },
    **{
        f"record={value!r}": (swept(record=value), ["record", repr(value), "path"])
        for value in (0, -2, 1.5, True, "all")
    },
    "record=None": (swept(record=None), ["record", "None"]),
    "record=Record(every=0)": (lambda: swept(record=Record(every=0))(), ["every", "0"]),
    **{
        f"tolerance={value!r}": (swept(tolerance=value), ["tolerance", str(value), "positive"])
        for value in (0, -1e-3, NAN, "small")
    },
    **{f"seed={value!r}": (swept(seed=value), ["seed", str(value)]) for value in (-1, 2**32, 1.5, "x", None)},
    # names of what is recorded
    "observe names a variable": (observing("final_loss"), ["observe", "'final_loss'", "another name"]),
    "observe names one that is made later": (observing("status"), ["observe", "'status'", "another name"]),
    "observe names the path": (observing("loss", record="path"), ["observe", "'loss'", "another name"]),
    "observe names a swept argument": (observing("learning_rate"), ["observe", "'learning_rate'", "another name"]),
    "observe names the starts": (observing("start"), ["observe", "'start'", "another name"]),
    "observe names the steps": (observing("step", record="path"), ["observe", "'step'", "another name"]),
    "observe names what evaluate gives": (
        observing("expected_loss", problem=problems.noisy_quadratic()),
        ["observe", "'expected_loss'", "another name"],
    ),
    "evaluate names a variable": (
        swept(problem=Problem(lambda x, key: squares(x), evaluate=lambda x: {"best_loss": x[0]})),
        ["evaluate", "'best_loss'", "another name"],
    ),
    "observe as a dimension of another variable": (
        swept(observe=lambda params, loss, grads: {"a_0": loss, "a": params}),
        ["observe", "'a_0'", "another name"],
    ),
    "observe as two variables of one name": (
        swept(observe=lambda params, loss, grads: {"a.b": loss, "a": {"b": 2 * loss}}),
        ["observe", "one name", "dots", "another name"],
    ),
    "a tolerance beyond all numbers": (swept(tolerance=10**400), ["tolerance", "positive distance"]),
    "a dtype of one byte": (swept(dtype="float8_e4m3fn"), ["dtype", "float8_e4m3fn", "float32"]),
    "a dtype of sixteen bytes": (swept(dtype="longdouble"), ["dtype", str(np.dtype("longdouble"))]),
    "observe without names": (swept(observe=lambda params, loss, grads: loss), ["observe"]),
    "observe that cannot be called": (swept(observe=3), ["observe", "3"]),
    # memory
    "more than there is memory for": (swept(starts=10**9, num_steps=10**5, record="path"), ["GiB", "record", "fewer"]),
    "more than can be counted": (swept(starts=10**30), ["starts"]),
    "more seeds than there are random numbers for": (swept(seeds=2**34), ["seeds", str(2**34), "at most"]),
    # how it is run
    **{
        f"shard={value!r}": (swept(shard=value, store="never.zarr"), ["shard", repr(value), "(i, n)"])
        for value in ((False, True), (2, 2), (-1, 2), (0.0, 2), [0, 2], 3)
    },
    "a shard without a store": (swept(shard=(0, 2)), ["shard", "store="]),
    **{
        f"timeout={value!r}": (swept(timeout=value, executor=Executor), ["timeout", repr(value), "seconds"])
        for value in (0, -1.0, "5", True, INF)
    },
    "a timeout of threads": (swept(timeout=5), ["timeout", "executor"]),
    # simulate
    **{
        f"simulate num_steps={value!r}": (run(num_steps=value), ["num_steps", repr(value), "at least 1"])
        for value in (0, -1, 2.5, True, "3")
    },
    "simulate whole parameters": (run(params=np.array([1, 2])), ["params", "int", "floating-point"]),
    "simulate a loss that is no scalar": (run(problem=lambda x: x), ["problem", "(2,)", "mean or sum"]),
    "simulate no problem": (run(problem=3), ["problem", "3", "function"]),
    "simulate a factory of problems": (run(problem=problems.rosenbrock), ["problem", "Problem", "rosenbrock()"]),
    "simulate a factory of optimizers": (run(optimizer=optax.adam), ["optimizer", "adam"]),
    "simulate a name": (run(optimizer="adam"), ["optimizer", "'adam'"]),
    "simulate a start of five": (run(problem=problems.quadratic(), params=jnp.ones(5)), ["params", "(5,)", "(2,)"]),
    "simulate a number for a start": (run(problem=problems.quadratic(), params=1.0), ["params", "()", "(2,)"]),
    "simulate noise without a key": (run(problem=problems.noisy_quadratic()), ["key", "None", "jax.random.key"]),
    "simulate a record of nothing": (run(record="nothing"), ["record", "'nothing'", "path"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_with_the_argument_what_came_and_what_to_do(case):
    call, fragments = CASES[case]
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    message = str(caught.value)
    position = 0
    for fragment in fragments:
        assert fragment in message[position:], message
        position = message.index(fragment, position)
    assert "\n" not in message
    assert 20 < len(message) < 400, message


def test_what_is_right_passes():
    """Or else the table above could be right for the wrong reason."""
    assert swept()().sizes == {"learning_rate": 1, "start": 1, "param": 2}
    assert run()().params.shape == (4, 2)
