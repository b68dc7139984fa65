"""The memory of a sweep that streams to disk is asked of a process of its own."""

import json


def test_the_peak_of_a_child_is_told(script, capsys, tmp_path):
    out, scratch = tmp_path / "memory.json", tmp_path / "scratch"
    scratch.mkdir()
    words = ["--lanes", "20000", "--steps", "2", "--scratch", str(scratch), "--out", str(out)]
    script("memory").main(words)
    result, printed = json.loads(out.read_text()), capsys.readouterr().out
    assert result["lanes"] == 20_000
    assert result["peak_bytes"] >= result["peak_bytes_before"] > 10 << 20  # no Python with JAX is smaller
    assert result["result_bytes"] >= 20_000 * 4 * 7  # five numbers and two parameters a lane, and steps besides
    assert result["store_bytes"] > 0
    assert not list(scratch.iterdir())  # what was written is thrown away
    assert "summary streamed to disk" in printed
