"""The command line called as a process would call it, in an empty folder."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from jaxopt_lab.cli import main


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


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
