"""What is kept between runs: it saves time where it is there, and nothing goes wrong where it is not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jaxopt_lab.engine.cache import cache_folder, recall, remember

SWEEP = ["sweep", "rosenbrock", "adam", "--grid", "learning_rate=0.01", "--steps", "7"]
COUNTING = """
import sys, jax
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
from jaxopt_lab.cli import main
try:
    main(sys.argv[1:])
finally:
    print("HITS", len(hits), file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The user's cache is not touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    return tmp_path / "cache" / "jaxopt_lab"


def command(cwd: Path, **environment: str) -> int:
    """Run the command in a process of its own; how many programs it found in the cache."""
    ended = subprocess.run(
        [sys.executable, "-c", COUNTING, *SWEEP], cwd=cwd, env=os.environ | environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "Warning" not in ended.stderr
    return int(ended.stderr.rpartition("HITS ")[2])


@pytest.mark.slow  # processes of their own
@pytest.mark.long
def test_a_second_process_finds_what_the_first_has_compiled(tmp_path, folder):
    assert command(tmp_path) == 0
    kept = list((folder / "xla").iterdir())
    assert kept
    assert command(tmp_path) >= 1


@pytest.mark.slow
@pytest.mark.long
def test_a_place_that_the_user_names_is_used_instead(tmp_path, folder):
    environment = {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "mine"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    assert command(tmp_path, **environment) == 0
    assert list((tmp_path / "mine").iterdir())
    assert not (folder / "xla").exists()
    assert command(tmp_path, **environment) >= 1


@pytest.mark.slow
@pytest.mark.long
def test_without_a_folder_to_write_to_nothing_is_kept_and_nothing_said(tmp_path, folder):
    folder.parent.write_text("a file where the folder should be")
    assert command(tmp_path) == 0
    assert folder.parent.read_text().startswith("a file")


def test_the_folder_is_the_systems(folder):
    assert cache_folder() == folder


def test_what_is_remembered_is_recalled(folder):
    assert recall("a") is None
    remember("a", "64:2:scalars")
    remember("b", "8:1:arrays")
    assert (recall("a"), recall("b"), recall("c")) == ("64:2:scalars", "8:1:arrays", None)
    remember("a", "32:1:arrays")
    assert recall("a") == "32:1:arrays"
    assert [path.name for path in folder.iterdir()] == ["tilings.json"]


def test_other_options_of_xla_are_remembered_apart(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--one")
    remember("a", "64:2:scalars")
    monkeypatch.setenv("XLA_FLAGS", "--two")
    assert recall("a") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"5", b"\xff\xfe", b'{"a": ', b'"text"'])
def test_a_file_that_is_broken_is_as_none_and_made_anew(folder, content):
    folder.mkdir(parents=True)
    (folder / "tilings.json").write_bytes(content)
    assert recall("a") is None
    remember("a", "64:2:scalars")
    assert recall("a") == "64:2:scalars"


@pytest.mark.parametrize("value", ["", "fast", "0:1:arrays", "64:2:scalars:more", "64:x", 64, None, [64], {"size": 64}])
def test_a_value_that_is_no_tiling_is_as_none(folder, value):
    remember("a", "64:2:scalars")
    known = json.loads((folder / "tilings.json").read_text())
    (folder / "tilings.json").write_text(json.dumps(dict.fromkeys(known, value)))
    assert recall("a") is None


def test_a_folder_that_cannot_be_made_keeps_nothing(folder):
    folder.parent.write_text("a file where the folder should be")
    remember("a", "64:2:scalars")
    assert recall("a") is None


def test_a_folder_in_place_of_the_file_keeps_nothing(folder):
    (folder / "tilings.json").mkdir(parents=True)
    remember("a", "64:2:scalars")
    assert recall("a") is None
    assert [path.name for path in folder.iterdir()] == ["tilings.json"]
