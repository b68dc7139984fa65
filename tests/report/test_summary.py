"""The numbers of a report: honest, and read by any JSON reader."""

import json

import pytest

from jaxopt_lab.report import summary_json


def test_summary_is_strict_json_that_keeps_what_is_not_finite(findings):
    read = json.loads(summary_json([findings]), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    trial = read["laboratories"]["trial"]
    assert trial["numbers"] == {"array": [1.5, None, "Infinity"], "count": 3}
    assert trial["answers"] == [{"question": "Why?", "answer": "Because 1 < 2."}]
    assert read["environment"]["device"].startswith("cpu")
