"""Eight devices give the bits of one, and all of them work: each case is a process of its own."""

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.long

CHUNKS = 16

SCRIPT = """
import hashlib, json, sys, threading
import jax, numpy as np
from jaxopt_lab import optimizers, sweep
from jaxopt_lab.engine import chunks

count, tolerance = int(sys.argv[1]), json.loads(sys.argv[2])
assert jax.local_device_count() == count
together, ran = threading.Barrier(count), set()  # no device goes on before all have a chunk

def watched(make):
    def made(*arguments):
        run = make(*arguments)
        def call(*arguments):
            if int(arguments[-1]):  # a call with no tile to run only compiles
                together.wait(120)
            results = run(*arguments)
            ran.update(device.id for leaf in jax.tree.leaves(results) for device in leaf.devices())
            return results
        return call
    return made

if tolerance is None:
    chunks.whole = watched(chunks.whole)
else:
    spans = chunks.spans
    chunks.spans = lambda *arguments: (made := spans(*arguments))._replace(start=watched(lambda: made.start)())
result = sweep(
    lambda x: jax.numpy.exp(jax.numpy.sin(x)), optimizers.sgd, {"learning_rate": np.logspace(-3, 0, 64)},
    starts=np.array([1.0, 2.0]), num_steps=30, chunk_size=8, tiling="8", record="final", tolerance=tolerance,
)
digest = hashlib.sha256()
for name, variable in sorted(result.data_vars.items()):
    digest.update(name.encode() + variable.values.tobytes())
print(json.dumps({"sha256": digest.hexdigest(), "ran": sorted(ran)}))
"""


def on_devices(count: int, tolerance: float | None) -> dict[str, Any]:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(count), json.dumps(tolerance)],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [None, pytest.param(0.5, marks=pytest.mark.long)], ids=["to the end", "stopping"])
def test_eight_devices_give_the_bits_of_one(tolerance):
    """Exponentials round differently where lanes are vectorised differently: its bits show a wrong size."""
    one, eight = on_devices(1, tolerance), on_devices(8, tolerance)
    assert one["ran"] == [0]
    assert eight["ran"] == list(range(8))
    assert eight["sha256"] == one["sha256"] != hashlib.sha256().hexdigest()
