"""XLA's options reach a process that asks for them in time, and no other."""

import os
import subprocess
import sys

import pytest

from jaxopt_lab import tune_xla
from jaxopt_lab.engine.xla import OPTIONS, most_comparisons


def run(code: str, flags: str | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    environment |= {} if flags is None else {"XLA_FLAGS": flags}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


CALL = "import os, jax, jaxopt_lab; jaxopt_lab.tune_xla(); jax.numpy.ones(3).sum(); print(os.environ['XLA_FLAGS'])"


def test_import_sets_nothing():
    assert run("import os, jaxopt_lab; print(os.environ.get('XLA_FLAGS'))") == "None"


def test_a_call_sets_every_option_and_xla_takes_them():
    """XLA ends the process at a flag that it does not know."""
    flags = run(CALL)
    assert [f"--{name}={value}" in flags.split() for name, value in OPTIONS.items()] == [True] * len(OPTIONS)


def test_what_is_set_already_stays():
    flags = run(CALL, "--xla_cpu_prefer_vector_width=256").split()
    assert flags[0] == "--xla_cpu_prefer_vector_width=256"
    assert sum("vector_width" in flag for flag in flags) == 1


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", 128),
        (" ".join(f"--{name}={value}" for name, value in OPTIONS.items()), 10_000),
        ("--xla_backend_extra_options=-vectorize-memory-check-threshold=50,xla_cpu_use_multi_output_fusion", 50),
    ],
)
def test_how_many_arrays_llvm_compares(monkeypatch, flags, expected):
    monkeypatch.setenv("XLA_FLAGS", flags)
    assert most_comparisons() == expected


def test_too_late_is_said():
    import jax

    jax.devices()
    with pytest.raises(RuntimeError, match="before anything is computed"):
        tune_xla()


@pytest.mark.long
def test_sweeps_give_the_same_numbers_under_the_options():
    """To the last bits of float32: fusing may round a product and a sum as one."""
    sweep = (
        "from jaxopt_lab import optimizers, problems, sweep; import numpy as np;"
        "r = sweep(problems.quadratic(), optimizers.adam, {'learning_rate': [0.01, 0.1]}, starts=3, num_steps=50);"
        "print(*r.final_loss.values.ravel())"
    )
    plain, tuned = (run(start + sweep).split() for start in ("", "import jaxopt_lab; jaxopt_lab.tune_xla();"))
    assert [float(x) for x in tuned] == pytest.approx([float(x) for x in plain], rel=1e-4)
