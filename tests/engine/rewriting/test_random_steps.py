"""Rewritten steps that nobody thought of: XLA compiles them, and they give what they gave before."""

import subprocess
import sys
from pathlib import Path

import pytest

from jaxopt_lab.engine.rewriting.kernels import are_taken

SCRIPT = Path(__file__).with_name("random_steps.py")
SEEDS = 100


@pytest.mark.long
@pytest.mark.skipif(not are_taken(), reason="this version of JAX is told nothing")
@pytest.mark.skipif(sys.platform == "win32", reason="each step runs in a fork")
@pytest.mark.parametrize("options", [[], ["--tuned"], ["--float64"]], ids=["plain", "tuned", "float64"])
def test_random_steps_are_compiled_and_give_the_same(options):
    command = [sys.executable, SCRIPT, "0", str(SEEDS), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *wrong, last = done.stdout.splitlines()
    assert wrong == []
    kernels = int(last.removeprefix("one kernel: "))
    assert kernels > SEEDS / 2
