"""New numbers compile nothing, and a program is compiled once however many threads run it."""

import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from jaxopt_lab import optimizers, problems, simulate, sweep
from jaxopt_lab.engine.programs import MOST_PROGRAMS
from jaxopt_lab.problems import Problem

STARTS = np.array([[4.0, 1.5], [-1.0, 1.0]])
DESCENT = optimizers.sgd(0.1)  # built once: a transformation built anew is a new function, and so a new program
GRID = {"learning_rate": [0.01, 0.1], "b1": [0.5, 0.9]}


def adam_on_the_bowl(problem=None, grid=None, **changed):
    arguments = {"starts": STARTS, "num_steps": 5, "tolerance": 0.1, "chunk_size": 4} | changed
    return sweep(problem or problems.quadratic((1.0, 10.0)), optimizers.adam, grid or GRID, **arguments)


NEW_NUMBERS = {
    "the same again": {},
    "other values": {"grid": {"learning_rate": [0.02, 0.3], "b1": [0.1, 0.2]}},
    "another number of values": {"grid": {"learning_rate": np.logspace(-3, 0, 11), "b1": [0.3]}},
    "a tuple": {"grid": {"learning_rate": (0.02, 0.3), "b1": (0.1,)}},
    "float32 values": {"grid": {"learning_rate": np.array([0.1, 0.2], "float32"), "b1": [0.5]}},
    "another tolerance": {"tolerance": 0.5},
    "a whole tolerance": {"tolerance": 1},
    "other starts": {"starts": STARTS + 1},
    "more starts": {"starts": np.ones((7, 2))},
    "float32 starts": {"starts": STARTS.astype("float32")},
    "whole starts": {"starts": np.array([[4, 1]])},
    "another seed": {"seed": 12},
    "another problem of the same factory": {"problem": problems.quadratic((3.0, 7.0))},
    "the same problem, made again": {"problem": problems.quadratic((1.0, 10.0))},
    "one with whole numbers": {"problem": problems.quadratic((1, 10))},
    "progress": {"progress": True},
}


@pytest.fixture(scope="module")
def compiled_once():
    adam_on_the_bowl()


@pytest.mark.usefixtures("compiled_once")
@pytest.mark.parametrize("case", NEW_NUMBERS)
def test_new_numbers_compile_nothing(case, count_compilations):
    with count_compilations() as compilations:
        adam_on_the_bowl(**NEW_NUMBERS[case])
    assert compilations.count == 0


@pytest.mark.usefixtures("compiled_once")
def test_a_grid_of_jax_compiles_nothing(count_compilations):
    """Such as `jnp.logspace` gives; taking its values apart must not be a program of its own."""
    grid = {"learning_rate": jnp.asarray(np.linspace(0.1, 0.7, 13)), "b1": [0.5]}
    with count_compilations() as compilations:
        adam_on_the_bowl(grid=grid)
    assert compilations.count == 0


def test_more_values_compile_nothing_while_the_tile_is_the_same(count_compilations):
    """Left to itself a sweep that fills no tile is one of the next power of two: here 64, 64 and 128 lanes."""
    counts = []
    for number in (20, 31, 33):
        with count_compilations() as compilations:
            adam_on_the_bowl(grid={"learning_rate": np.linspace(0.1, 0.7, number), "b1": [0.5]}, chunk_size=None)
        counts.append(compilations.count)
    assert counts[0] > 0
    assert counts[1] == 0
    assert counts[2] > 0


def test_a_sweep_compiles_one_program(count_compilations):
    """Twelve lanes in six chunks, on as many threads as there are cores; nothing small beside it."""
    with count_compilations() as compilations:
        sweep(
            problems.quadratic((1.0, 10.0)), optimizers.nesterov,
            {"learning_rate": [0.01, 0.1], "momentum": [0.1, 0.2, 0.3]},
            starts=STARTS, num_steps=6, chunk_size=2,
        )  # fmt: skip
    assert compilations.count == 1


def test_drawn_starts_and_seeds_compile_one_program(count_compilations):
    def run(starts, seeds, seed):
        return sweep(
            problems.noisy_quadratic(),
            DESCENT,
            starts=starts,
            seeds=seeds,
            seed=seed,
            num_steps=4,
            chunk_size=4,
        )

    with count_compilations() as compilations:
        run(3, 2, 0)
    assert compilations.count == 1
    with count_compilations() as compilations:
        run(8, 3, 1)
    assert compilations.count == 0


def test_a_swept_problem_compiles_once_for_all_its_numbers(count_compilations):
    def run(grid):
        return sweep(problems.rosenbrock, DESCENT, grid, starts=STARTS, num_steps=4, chunk_size=4)

    run({"a": [1.0, 1.5], "b": [1.0, 100.0]})
    with count_compilations() as compilations:
        run({"a": [0.5], "b": [2.0, 3.0, 4.0]})
    assert compilations.count == 0


MANY_SWEEPS = f"""
from jaxopt_lab import optimizers, problems, sweep
for num_steps in range(1, {MOST_PROGRAMS + 12}):
    sweep(problems.quadratic((1.0, 10.0)), optimizers.sgd, {{"learning_rate": [0.1]}}, num_steps=num_steps)
    print(len(open("/proc/self/maps").readlines()))
"""


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="nothing says which memory is mapped")
def test_programs_of_long_ago_are_let_go():
    """Or else a process that sweeps a thousand different things would have no mapping left for the next program."""
    done = subprocess.run([sys.executable, "-c", MANY_SWEEPS], capture_output=True, text=True, check=True)
    counts = [int(line) for line in done.stdout.split()]
    growing, after = counts[20] - counts[10], counts[-1] - counts[-11]
    assert growing > 100
    assert after < growing / 5


def test_a_plain_function_is_compiled_once(count_compilations):
    def loss(x, scale):
        return scale * (x**2).sum()

    run = lambda scales: sweep(loss, DESCENT, {"scale": scales}, starts=STARTS, num_steps=4, chunk_size=4)
    run([1.0, 2.0])
    with count_compilations() as compilations:
        run([3.0, 4.0, 5.0])
    assert compilations.count == 0


def test_each_static_value_and_each_optimizer_is_one_program(count_compilations):
    with count_compilations() as compilations:
        sweep(
            problems.double_well, {"a": optimizers.sgd, "b": optimizers.rmsprop}, {"learning_rate": [0.1]},
            static_grid={"dim": [2, 3]}, starts=1, num_steps=3, chunk_size=1,
        )  # fmt: skip
    assert compilations.count == 4


def test_what_shapes_the_program_compiles_another():
    """The other side: the counter is not stuck at zero, and another number of steps is not taken from a cache."""
    short, long = adam_on_the_bowl(), adam_on_the_bowl(num_steps=7)
    assert not np.array_equal(short.final_params, long.final_params)


def test_another_function_of_the_same_name_is_another_problem():
    """A redefined loss, as in a notebook's cell run again, must not meet the program of the old one."""

    def make(factor):
        def loss(x):
            return factor * (x**2).sum()

        return loss

    run = lambda loss: sweep(loss, optimizers.sgd(0.25), starts=STARTS, num_steps=1, chunk_size=2)
    np.testing.assert_array_equal(run(make(1.0)).final_params, STARTS / 2)
    np.testing.assert_array_equal(run(make(2.0)).final_params, STARTS * 0)


def test_a_problem_with_other_data_is_not_taken_from_a_cache():
    """Numbers that a loss closes over belong to its program."""

    def run(shift):
        shifted = Problem(lambda x, key: ((x - shift) ** 2).sum(), name="shifted")
        return sweep(shifted, optimizers.sgd(0.5), starts=STARTS, num_steps=1, chunk_size=2)

    np.testing.assert_array_equal(run(np.array([1.0, 2.0])).final_params, [[1.0, 2.0], [1.0, 2.0]])
    np.testing.assert_array_equal(run(np.array([3.0, 4.0])).final_params, [[3.0, 4.0], [3.0, 4.0]])


def test_simulate_inside_the_users_own_jit_compiles_once(count_compilations):
    import jax

    run = jax.jit(
        lambda h, rate: simulate(problems.quadratic(h), optimizers.adam(rate), jnp.ones(2), 5, record="final").loss
    )
    first, second = ((jnp.array(h), jnp.float32(rate)) for h, rate in (([1.0, 2.0], 0.1), ([3.0, 4.0], 0.2)))
    run(*first)
    with count_compilations() as compilations:
        run(*second)
    assert compilations.count == 0
