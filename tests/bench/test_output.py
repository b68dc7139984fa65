"""JSON is whole or not there; a machine is described without saying whose it is."""

import json
import platform

import pytest

from jaxopt_lab.bench.limits import measure_limits
from jaxopt_lab.bench.machine import describe_machine, largest_cache_bytes, one_line
from jaxopt_lab.bench.output import table, write_json


def test_json_replaces_what_was_there(tmp_path):
    for value in (1, 2):
        write_json(tmp_path / "a.json", {"value": value})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_result_that_json_cannot_hold_leaves_the_old_one(tmp_path):
    write_json(tmp_path / "a.json", {"value": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"value": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_json(tmp_path / "nowhere" / "a.json", {})


def test_numbers_in_a_table():
    assert table(["x", "y"], [["a", 0.12345], ["b", 12_345], ["c", True]]).splitlines() == [
        "x       y",
        "a   0.123",
        "b  12,345",
        "c    True",
    ]


def test_the_machine_is_described_and_not_named():
    machine = describe_machine()
    assert machine["device"] == "cpu"
    assert machine["cores"] >= 1
    assert machine["python"] == platform.python_version()
    assert {"jax", "jaxlib", "optax", "numpy", "xla_flags", "load_average", "processor"} <= machine.keys()
    assert platform.node() not in machine.values()
    assert "device cpu" in one_line(machine)
    assert largest_cache_bytes() >= 32 << 20


def test_the_limits_are_rates():
    limits = measure_limits(copy_bytes=1 << 16, side=16)
    assert limits.copy > 0
    assert limits.multiply_adds > 0
    assert limits.as_json() == {
        "copy_gb_a_second": limits.copy / 1e9,
        "giga_multiply_adds_a_second": limits.multiply_adds / 1e9,
    }
