"""What comes out of a sweep: dimensions, coordinates, names, attributes."""

import json
from typing import Any

import jax
import numpy as np
import pytest

import jaxopt_lab
from jaxopt_lab import optimizers, problems, sweep
from jaxopt_lab.problems import Problem

STARTS = np.array([[4.0, 1.5], [1.0, -1.0], [0.5, 0.1]])
SUMMARY = [
    "initial_loss",
    "final_loss",
    "best_loss",
    "best_step",
    "converged_at",
    "diverged_at",
    "final_params",
    "status",
]


@pytest.fixture(scope="module")
def result() -> Any:
    return sweep(
        problems.quadratic((1.0, 10.0)), optimizers.sgd_momentum,
        {"learning_rate": [0.05, 0.3], "momentum": [0.0, 0.9]},
        starts=STARTS, num_steps=300, tolerance=1e-3, seed=5, chunk_size=16,
    )  # fmt: skip


@pytest.fixture(scope="module")
def path() -> Any:
    return sweep(problems.quadratic((1.0, 10.0)), optimizers.sgd(0.05), starts=STARTS, num_steps=10, record=4, seeds=2)


def test_the_variables_of_a_summary(result):
    assert list(result.data_vars) == SUMMARY
    lanes = ("learning_rate", "momentum", "start")
    assert {
        name: variable.dims for name, variable in result.data_vars.items() if name != "final_params"
    } == dict.fromkeys([name for name in SUMMARY if name != "final_params"], lanes)
    assert result.final_params.dims == (*lanes, "param")


def test_every_dimension_has_a_coordinate(result, path):
    for dataset in (result, path):
        assert set(dataset.dims) == set(dataset.coords)
    assert result.learning_rate.values.tolist() == [0.05, 0.3]
    assert result.momentum.values.tolist() == [0.0, 0.9]
    assert result.start.values.tolist() == [0, 1, 2]
    assert result.param.values.tolist() == [0, 1]
    assert path.seed.values.tolist() == [0, 1]
    assert path.step.values.tolist() == [0, 4, 8, 10]


def test_the_variables_of_a_path(path):
    assert list(path.data_vars) == [*SUMMARY[:7], "params", "loss", "status"]
    assert path.params.dims == ("start", "seed", "step", "param")
    assert path.loss.dims == ("start", "seed", "step")
    assert path.final_params.dims == ("start", "seed", "param")


def test_the_end_alone():
    end = sweep(problems.quadratic((1.0, 10.0)), optimizers.sgd(0.05), starts=STARTS, num_steps=3, record="final")
    assert set(end.data_vars) == {"final_params", "final_loss"}


def test_types(result):
    assert {name: variable.dtype.name for name, variable in result.data_vars.items()} == {
        "initial_loss": "float32", "final_loss": "float32", "best_loss": "float32", "best_step": "int32",
        "converged_at": "int32", "diverged_at": "int32", "final_params": "float32", "status": "int8",
    }  # fmt: skip


def test_the_status_says_how_each_trajectory_ended(result):
    """0.3 is above the bowl's 2 / 10 without momentum, and below (2 + 2 * 0.9) / 10 with it."""
    meanings = dict(zip(result.status.flag_values, result.status.flag_meanings.split(), strict=True))
    assert meanings == {0: "completed", 1: "converged", 2: "diverged"}
    said = [[{meanings[int(v)] for v in starts} for starts in momenta] for momenta in result.status.values]
    assert said == [[{"converged"}, {"converged"}], [{"diverged"}, {"converged"}]]
    short = sweep(problems.quadratic((1.0, 10.0)), optimizers.sgd(1e-3), starts=STARTS, num_steps=2, tolerance=1e-6)
    assert (short.status == 0).all()


def test_a_trajectory_that_has_converged_goes_no_further():
    """From exactly within the tolerance, where a step above 2 would lead out again."""
    run = sweep(lambda x: x**2 / 2, optimizers.sgd(5.0), starts=np.array([1e-3]), num_steps=300, tolerance=1e-3)
    assert (int(run.converged_at[0]), int(run.diverged_at[0]), int(run.status[0])) == (0, -1, 1)
    assert float(run.final_params[0]) == np.float32(1e-3)


def test_labels_and_units(result):
    for name, variable in result.data_vars.items():
        assert variable.attrs["long_name"], name
    for name in ("best_step", "converged_at", "diverged_at"):
        assert result[name].attrs["units"] == "steps"
        assert result[name].attrs["never"] == -1


def test_the_attributes_hold_what_the_numbers_depend_on(result):
    specification = json.loads(result.attrs["specification"])
    assert specification["grid"] == {"learning_rate": [0.05, 0.3], "momentum": [0.0, 0.9]}
    assert (specification["seed"], specification["num_steps"], specification["tolerance"]) == (5, 300, 1e-3)
    assert result.attrs["dtype"] == "float32"
    assert result.attrs["chunk_size"] == 12  # all there are: 16 were allowed
    assert result.attrs["jax"] == jax.__version__
    assert result.attrs["numpy"] == np.__version__
    assert result.attrs["jaxopt_lab"] == jaxopt_lab.__version__
    assert result.attrs["device"].startswith(jax.local_devices()[0].platform)
    assert result.attrs["title"] == "quadratic: sgd_momentum"
    assert all(isinstance(value, str | int) for value in result.attrs.values())  # so that every file format takes them


def test_values_are_numpys_own(result):
    """Writable, contiguous, and free of the device."""
    assert type(result.final_loss.values) is np.ndarray
    assert result.final_loss.values.flags.writeable


@pytest.mark.parametrize("name", ["final_accuracy", "initial_slope", "best"])
def test_any_name_of_ones_own_lies_over_the_steps(name):
    problem = Problem(lambda x, key: (x**2).sum(), evaluate=lambda x: {name: x[0]})
    run = sweep(problem, optimizers.sgd(0.25), starts=STARTS, num_steps=2, record="path")
    assert run[name].dims == ("start", "step")
    np.testing.assert_array_equal(run[name], STARTS.astype(np.float32)[:, :1] * [1, 0.5, 0.25])


def test_what_differs_in_shape_between_optimizers_is_left_out_and_named():
    """Two networks' widths, here two starts: what fits in a common array stays."""
    run = sweep(
        lambda x, n: (x[:n] ** 2).sum(), optimizers.sgd(0.25), static_grid={"n": [1, 2]}, starts=STARTS, num_steps=1,
        observe=lambda x, loss, grads: {"same": grads}, record="final",
    )  # fmt: skip
    assert run["same"].dims == ("n", "start", "same_0")
    assert "omitted" not in run.attrs
    run = sweep(
        problems.double_well, optimizers.sgd(0.25), static_grid={"dim": [1, 2]}, starts=2, num_steps=1,
        observe=lambda x, loss, grads: {"slopes": grads, "first": grads[0]},
    )  # fmt: skip
    assert "slopes" not in run
    assert "final_params" not in run
    assert run["first"].dims == ("dim", "start")
    assert run.attrs["omitted"] == "final_params, slopes"
