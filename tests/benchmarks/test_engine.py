"""The benchmark of the engine runs, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "engine.py"


def test_every_method_is_timed_and_written(tmp_path):
    out = tmp_path / "engine.json"
    words = ["--lanes", "200", "--steps", "5", "--rounds", "2", "--out", str(out)]
    done = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=True)
    result = json.loads(out.read_text())
    assert len(result["methods"]) == 5
    for name, row in result["methods"].items():
        assert name in done.stdout
        assert np.isfinite([row["million_steps_a_second"], row["ratio_to_optax"], row["first_seconds"]]).all()
    assert result["methods"]["Optax, jit(vmap(scan)) over all lanes"]["ratio_to_optax"] == 1.0


def test_all_methods_compute_the_same():
    """Adam's end points, float32 over 20 steps."""
    namespace: dict = {"__name__": "engine"}
    exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), namespace)  # noqa: S102  the scripts are no package
    peer = np.asarray(namespace["optax_over_all_lanes"](200, 20)())
    plain = namespace["numpy_over_all_lanes"](200, 20)()
    ours = namespace["ours"]("final", 200, 20)().final_params.values.reshape(-1, 2)
    # 1 - 0.999 is 0.001 but for 5e-5 of it in float32, and each rounds that at another place.
    np.testing.assert_allclose(ours, peer, rtol=1e-4, atol=3e-5)
    np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=3e-5)
