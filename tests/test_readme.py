"""The README's examples run, and print what it says they print."""

import doctest
import re
import shlex
import tomllib
from pathlib import Path

import jax
import pytest

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch) -> None:
    """The user's cache is not touched; and once JAX has started, the command leaves its options as they are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    jax.devices()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_python_examples_print_what_they_say():
    results = doctest.testfile(str(README), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.attempted >= 8
    assert results.failed == 0


def test_every_command_is_understood(tmp_path, monkeypatch):
    """Each line of the block on sweeps is run, at its own size, in an empty folder."""
    from jaxopt_lab.cli import main

    monkeypatch.chdir(tmp_path)
    lines = [line for line in blocks("sh")[2].splitlines() if line.startswith("jaxopt-lab ")]
    assert len(lines) == 6
    for line in lines:
        with pytest.raises(SystemExit) as left:
            main(shlex.split(line, comments=True)[1:])
        assert left.value.code == 0, line
    assert {path.name for path in tmp_path.iterdir()} == {"run.zarr", "run.png", "paths.zarr", "paths.png"}


@pytest.mark.slow
@pytest.mark.long  # the tests of each command are its shorter siblings
def test_every_picture_of_a_landscape_is_made(tmp_path, monkeypatch):
    from jaxopt_lab.cli import main

    monkeypatch.chdir(tmp_path)
    lines = blocks("sh")[3].splitlines()
    assert len(lines) == 6
    for line in lines:
        with pytest.raises(SystemExit) as left:
            main(shlex.split(line, comments=True)[1:])
        assert left.value.code == 0, line
    names = ("map", "basins", "fractal", "bifurcation", "critical-points", "escape")
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.png" for name in names}


def test_toml_example_is_a_sweep(tmp_path):
    from jaxopt_lab.cli import main

    (toml,) = blocks("toml")
    (tmp_path / "sweep.toml").write_text(toml)
    with pytest.raises(SystemExit) as left:
        main(["sweep", "--config", str(tmp_path / "sweep.toml"), "--dry-run"])
    assert left.value.code == 0
    assert tomllib.loads(toml)["grid"]["b1"] == [0.5, 0.9, 0.99]
