"""The command line called as a process would call it, in an empty folder."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import pytest

from jaxopt_lab.cli import main


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch) -> None:
    """No test finds the tilings that another one remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    jax.devices()  # once JAX has started, the command leaves its options as they are: they are those of all tests


@pytest.fixture
def call(tmp_path, monkeypatch, capsys) -> Callable[..., Outcome]:
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Outcome:
        with pytest.raises(SystemExit) as left:
            main(words)
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, out, err)

    return call
