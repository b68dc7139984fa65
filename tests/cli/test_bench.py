"""``jaxopt-lab bench`` measures, prints and writes."""

import json

from jaxopt_lab.bench.bowl import FINAL, NUMPY, OPTAX, SUMMARY

TINY = ("bench", "--lanes", "200", "--steps", "3", "--rounds", "1")


def test_bench_prints_a_table_and_writes_it(call, tmp_path):
    outcome = call(*TINY, "--out", "bench.json")
    assert outcome.status == 0, outcome.err
    result = json.loads((tmp_path / "bench.json").read_text())
    for name in (FINAL, SUMMARY, OPTAX, NUMPY):
        assert name in outcome.out
        assert result["methods"][name]["rate"] > 0
    assert result["machine"]["device"] == "cpu"
    for name, value in result["portions"].items():  # in what portions the sweep ran
        assert f"{name} {value}" in outcome.out
    assert result["portions"]
    assert "limits: copy" in outcome.out
    assert "saved: bench.json" in outcome.out
    again = call(*TINY, "--out", "bench.json")
    assert again.status == 2
    assert "--overwrite" in again.err


def test_bench_refuses_what_it_cannot_do(call):
    assert "multiple of 100" in call("bench", "--lanes", "150").err
    assert ".json" in call(*TINY, "--out", "bench.txt").err
    assert "--require: gpu" in call(*TINY, "--require", "gpu").err
