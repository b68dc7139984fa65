"""Every factory in the catalogue, by one table: gradients, tracing, types, domains."""

import dataclasses
import inspect
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from jaxopt_lab import problems
from jaxopt_lab.problems.problem import Problem

KEY = jax.random.key(7)


@dataclasses.dataclass(frozen=True)
class Case:
    """A factory, the numbers that may be traced, other values of the same, and what shapes the program."""

    name: str
    numbers: dict[str, Any] = dataclasses.field(default_factory=dict)
    others: dict[str, Any] = dataclasses.field(default_factory=dict)
    static: dict[str, Any] = dataclasses.field(default_factory=dict)

    def make(self, **numbers: Any) -> Problem:
        return getattr(problems, self.name)(**(numbers or self.numbers), **self.static)

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.static.items())])


LEARNING = {"label_noise": 0.2, "weight_decay": 0.1, "train_fraction": 0.5}
OTHER_LEARNING = {"label_noise": 0.3, "weight_decay": 0.01, "train_fraction": 1.0}
CASES = [
    Case("quadratic", {"eigenvalues": np.array([1.0, 10.0])}, {"eigenvalues": np.array([3.0, 0.5])}),
    Case("quadratic", {"eigenvalues": np.arange(5.0)}, {"eigenvalues": np.ones(5)}),
    Case("ill_conditioned", {"condition": 10.0}, {"condition": 1e3}, {"dim": 2}),
    Case("ill_conditioned", {"condition": 10.0}, {"condition": 1e3}, {"dim": 6}),
    Case(
        "noisy_quadratic",
        {"eigenvalues": np.array([1.0, 10.0]), "noise": 0.5},
        {"eigenvalues": np.array([3.0, 0.5]), "noise": 2.0},
    ),
    Case("saddle", {"eigenvalues": np.array([2.0, -2.0])}, {"eigenvalues": np.array([1.0, -9.0])}),
    Case("saddle", {"eigenvalues": np.array([2.0, -2.0, -1.0])}, {"eigenvalues": np.array([1.0, 3.0, -1.0])}),
    Case("monkey_saddle"),
    Case("double_well", static={"dim": 1}),
    Case("double_well", static={"dim": 4}),
    Case("rosenbrock", {"a": 1.0, "b": 100.0}, {"a": 1.2, "b": 10.0}, {"dim": 2}),
    Case("rosenbrock", {"a": 1.0, "b": 100.0}, {"a": 0.9, "b": 10.0}, {"dim": 6}),
    Case("beale"),
    Case("goldstein_price"),
    Case("branin"),
    Case("himmelblau"),
    Case("bbob", static={"function": 1}),
    Case("bbob", static={"function": 17, "dim": 3, "instance": 2}),
    Case("rastrigin", {"amplitude": 10.0}, {"amplitude": 3.0}, {"dim": 2}),
    Case("rastrigin", {"amplitude": 10.0}, {"amplitude": 3.0}, {"dim": 5}),
    Case("ackley", {"a": 20.0, "b": 0.2, "c": 2 * np.pi}, {"a": 10.0, "b": 0.1, "c": 3.0}, {"dim": 2}),
    Case("ackley", {"a": 20.0, "b": 0.2, "c": 2 * np.pi}, {"a": 10.0, "b": 0.1, "c": 3.0}, {"dim": 5}),
    Case("gaussian_landscape", static={"dim": 3, "seed": 1, "waves": 32}),
    Case("styblinski_tang", static={"dim": 2}),
    Case("styblinski_tang", static={"dim": 7}),
    Case("six_hump_camel"),
    Case("logistic_regression", LEARNING, OTHER_LEARNING, {"data": "wine"}),
    Case(
        "logistic_regression",
        LEARNING | {"positive_weight": 4.0, "focal_gamma": 2.0},
        OTHER_LEARNING | {"positive_weight": 1.5, "focal_gamma": 0.5},
        {"data": "breast_cancer", "batch_size": 16, "decay_biases": True},
    ),
    Case("mlp", LEARNING, OTHER_LEARNING, {"data": "moons", "hidden": (5, 4), "activation": "tanh"}),
    Case(
        "mlp",
        LEARNING | {"active_units": 3.0, "class_weight": np.array([1.0, 2.0, 3.0]), "sample_weight": np.arange(106.0)},
        OTHER_LEARNING
        | {"active_units": 6.0, "class_weight": np.array([3.0, 1.0, 1.0]), "sample_weight": np.ones(106)},
        {"data": "wine", "hidden": 6, "activation": "tanh", "batch_size": 16},
    ),
]
SURFACES = [case for case in CASES if case.name not in ("logistic_regression", "mlp")]
TUNABLE = [case for case in CASES if case.numbers]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_surface = pytest.mark.parametrize("case", SURFACES, ids=str)
every_tunable = pytest.mark.parametrize("case", TUNABLE, ids=str)


def catalogue() -> list[str]:
    """The names in the catalogue that make a problem out of nothing but defaults."""
    public = {name: getattr(problems, name) for name in problems.__all__}
    functions = {name: thing for name, thing in public.items() if inspect.isfunction(thing)}
    return [name for name, function in functions.items() if inspect.signature(function).return_annotation is Problem]


def start(problem: Problem, seed: int = 0, dtype: str = "float64") -> Any:
    """A point of the kind that ``init`` gives, drawn without compiling it."""
    assert problem.init is not None
    shapes = jax.eval_shape(problem.init, KEY)
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), dtype), shapes)


def test_every_factory_has_a_case() -> None:
    assert {case.name for case in CASES} == set(catalogue()) - {"as_problem"}


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_every_factory_works_by_its_defaults_and_says_what_it_is(name: str) -> None:
    problem = getattr(problems, name)()
    assert problem.name == {"bbob": "bbob_f1_sphere"}.get(name, name)
    assert problem.reference
    assert jax.tree.leaves(jax.eval_shape(problem.init, KEY))


@every_case
@pytest.mark.usefixtures("x64")
def test_the_gradient_is_that_of_finite_differences(case: Case) -> None:
    problem = case.make()
    flat, unravel = ravel_pytree(start(problem))
    points = np.random.default_rng(0).normal(size=(3, flat.size))
    directions = np.random.default_rng(1).normal(size=(8, flat.size))
    steps = 1e-5 * directions / np.linalg.norm(directions, axis=1, keepdims=True)

    def slopes(point: jax.Array) -> Any:
        def loss(x: jax.Array) -> jax.Array:
            return problem.loss(unravel(x), KEY)

        def difference(step: jax.Array) -> jax.Array:
            return (loss(point + step) - loss(point - step)) / 2

        value, gradient = jax.value_and_grad(loss)(point)
        return steps @ gradient, jax.lax.map(difference, steps), abs(value) + jnp.linalg.norm(gradient)

    for predicted, measured, size in zip(*jax.jit(jax.vmap(slopes))(points), strict=True):
        # Central differences err by the step squared (1e-10) times the third derivative, and by the rounding of the
        # loss (1e-16) over the step (1e-5).
        np.testing.assert_allclose(predicted, measured, rtol=1e-6, atol=1e-9 * size * 1e-5)


@every_case
def test_two_problems_made_alike_are_the_same_tree(case: Case) -> None:
    assert jax.tree.structure(case.make()) == jax.tree.structure(case.make())


@every_tunable
@pytest.mark.usefixtures("x64")
def test_one_compiled_program_serves_every_value_and_traced_numbers_give_what_plain_ones_give(case: Case) -> None:
    params = start(case.make())
    traces = []

    def measure(problem: Problem) -> Any:
        traces.append(None)
        metrics = problem.evaluate(params) if problem.evaluate else {}
        return problem.loss(params, KEY), metrics, problem.minima, problem.minimum, problem.domain

    measured = jax.jit(measure)
    plain = [measured(case.make()), measured(case.make(**case.others))]
    assert len(traces) == 1
    assert plain[0][0] != plain[1][0]
    lanes = jax.tree.map(lambda one, other: np.stack([one, other]), case.numbers, case.others)
    traced = jax.jit(jax.vmap(lambda numbers: measure(case.make(**numbers))))(lanes)
    for lane in range(2):
        for one, other in zip(jax.tree.leaves(traced), jax.tree.leaves(plain[lane]), strict=True):
            np.testing.assert_allclose(one[lane], other, rtol=1e-12, atol=1e-12)


@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.usefixtures("x64")
def test_the_loss_and_its_gradient_have_the_type_of_the_parameters(case: Case, dtype: str) -> None:
    problem = case.make()
    loss, gradient = jax.eval_shape(jax.value_and_grad(problem.loss), start(problem, dtype=dtype), KEY)
    assert loss.shape == ()
    assert {leaf.dtype.name for leaf in jax.tree.leaves([loss, gradient])} == {dtype}


@every_surface
def test_starts_lie_in_the_domain_and_differ(case: Case) -> None:
    problem = case.make()
    assert problem.init is not None
    assert problem.domain is not None
    lower, upper = problem.domain
    points = np.stack([problem.init(key) for key in jax.random.split(KEY, 40)])
    assert points.shape == (40, *np.shape(lower))
    assert points.dtype == jnp.float32
    assert (points >= lower).all()
    assert (points <= upper).all()
    # 40 uniform draws leave an outer quarter of a side empty with probability 0.75^40 = 1e-5.
    assert (points.min(axis=0) < lower + 0.25 * (upper - lower)).all()
    assert (points.max(axis=0) > upper - 0.25 * (upper - lower)).all()


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, None])
@pytest.mark.parametrize(
    "name", ["bbob", "ill_conditioned", "double_well", "rosenbrock", "rastrigin", "ackley", "styblinski_tang"]
)
def test_a_dimension_is_a_whole_number(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"dim: got .*; pass a whole number of at least [12]"):
        getattr(problems, name)(dim=value)


@pytest.mark.parametrize("name", ["ill_conditioned", "rosenbrock"])
def test_what_needs_two_dimensions_says_so(name: str) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        getattr(problems, name)(dim=1)


def test_a_plain_function_becomes_a_problem() -> None:
    def bowl(x: jax.Array) -> jax.Array:
        return (x**2).sum()

    def noisy(x: jax.Array, key: jax.Array) -> jax.Array:
        return (x * jax.random.normal(key, x.shape)).sum()

    assert problems.as_problem(bowl).name == "bowl"
    assert problems.as_problem(bowl).loss(jnp.ones(3), KEY) == 3
    assert problems.as_problem(noisy).loss(jnp.ones(3), KEY) == noisy(jnp.ones(3), KEY)
    built = problems.beale()
    assert problems.as_problem(built) is built
    with pytest.raises(TypeError, match="pass a Problem or a function"):
        problems.as_problem(3.0)  # pyright: ignore[reportArgumentType]


def test_the_import_stays_light() -> None:
    program = """
import sys
import jaxopt_lab.problems
heavy = {"sklearn", "matplotlib", "xarray", "zarr", "pandas"} & set(sys.modules)
from jax._src import xla_bridge
assert not heavy, heavy
assert not xla_bridge.backends_are_initialized(), "the import ran a computation"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
