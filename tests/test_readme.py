"""The README's and the guide's examples run and print what they say; their pictures are what the commands make."""

import doctest
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
PAGES = {"README.md": ROOT / "README.md", "guide.md": ROOT / "docs" / "guide.md"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch) -> None:
    """The user's cache is not touched; and once JAX has started, the command leaves its options as they are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    jax.devices()


@pytest.fixture(scope="module")
def script():
    """docs/pictures.py as a module."""
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page].read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run(line: str) -> None:
    from jaxopt_lab.cli import main

    with pytest.raises(SystemExit) as left:
        main(shlex.split(line, comments=True)[1:])
    assert left.value.code == 0, line


def write_files(page: str) -> None:
    """Write the blocks that begin with the name of a file into it."""
    for block in blocks(page, "py"):
        Path(block.splitlines()[0].removeprefix("# ")).write_text(block)


def test_the_ten_lines_print_what_they_say():
    results = doctest.testfile(str(PAGES["README.md"]), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.attempted == sum(block.count(">>> ") for block in blocks("README.md", "python")) >= 8
    assert results.failed == 0


def test_every_block_is_one_that_is_run():
    """What is neither Python nor a shell's nor a file is text to read; nothing that could be run escapes the tests."""
    languages = {
        page: re.findall(r"^```(\w*)$", path.read_text(encoding="utf-8"), re.M) for page, path in PAGES.items()
    }
    assert {name: set(found) - {""} for name, found in languages.items()} == {
        "README.md": {"sh", "python", "py"},
        "guide.md": {"sh", "python", "py", "toml", "text"},
    }
    made, by_hand, own = (block.splitlines() for block in blocks("README.md", "sh"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{line.split()[1]}: " in makefile for line in made)
    assert {line.split()[0] for line in by_hand} == {"python3", ".venv/bin/python", ".venv/bin/jaxopt-lab"}
    assert {line.split()[0] for line in own} == {"jaxopt-lab"}


def test_a_picture_of_ones_own_function(tmp_path, monkeypatch):
    """The README's file and commands, at sizes that suit a test; all of them at their own in the long one."""
    monkeypatch.chdir(tmp_path)
    write_files("README.md")
    lines = blocks("README.md", "sh")[2].replace("--steps 300", "--steps 60").replace("--steps 100", "--steps 9")
    basins, _, sweep, plot = lines.splitlines()
    for line in (f"{basins} --resolution 32", sweep, plot):
        run(line)
    assert all((tmp_path / name).exists() for name in ("basins.png", "paths.gif"))


def test_the_guides_sweeps_are_understood(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files("guide.md")
    lines = [line for block in blocks("guide.md", "sh") for line in block.splitlines()]
    sweeps = [line for line in lines if line.split()[1] == "sweep" and "--dry-run" not in line]
    assert sweeps
    for line in sweeps:
        run(f"{line} --dry-run")


@pytest.mark.slow
@pytest.mark.long  # shorter: test_a_picture_of_ones_own_function, test_the_guides_sweeps_are_understood
@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs_at_its_own_size(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(page)
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            if line.startswith("jaxopt-lab "):
                run(line)
    pictures = {
        "README.md": {"basins.png", "critical-points.png", "paths.gif"},
        "guide.md": {"valley.png", "run.png", "paths.gif"},
    }
    assert {path.name for path in tmp_path.iterdir() if path.suffix in (".png", ".gif")} == pictures[page]


def test_the_guides_toml_is_a_sweep(tmp_path):
    (toml,) = blocks("guide.md", "toml")
    (tmp_path / "sweep.toml").write_text(toml)
    run(f"jaxopt-lab sweep --config {tmp_path / 'sweep.toml'} --dry-run")
    assert tomllib.loads(toml)["grid"]["b1"] == [0.5, 0.9, 0.99]


def test_the_guides_house_has_every_room():
    (house,) = blocks("guide.md", "text")
    rooms = {path.parent.name for path in (ROOT / "jaxopt_lab").glob("*/__init__.py")}
    assert set(re.findall(r"(\w+)/  ", house)) == rooms


def images() -> list[tuple[str, str, Path]]:
    """Every picture that a page shows: the page, what it says instead of the picture, and the file."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    return [
        (page.name, alt, (page.parent / target).resolve())
        for page in pages
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    ]


def test_every_picture_is_there_small_and_told_in_words(script):
    for page, alt, place in images():
        assert place.is_file(), (page, place)
        assert len(alt) > 30, (page, alt)
        assert place.stat().st_size <= (1_500_000 if place.suffix == ".gif" else script.MOST_BYTES), place.name
    assert {place for _, _, place in images()} == {path.resolve() for path in PICTURES.iterdir()}


def test_the_race_goes_on_for_ever_and_its_first_picture_stands(script):
    with Image.open(PICTURES / "race.gif") as film:
        assert (film.info["loop"], film.info["duration"]) == (0, script.REST)
        assert getattr(film, "n_frames") == len(script.MOMENTS)  # noqa: B009 - of moving pictures alone


def test_a_picture_without_its_command_is_found(script):
    row = "| ![a](docs/pictures/a.png) | ![b](docs/pictures/b.png) |\n"
    both = row + "| `jaxopt-lab map`<br>a | `jaxopt-lab fractal`<br>b |"
    assert script.commands(both) == {"a": ["jaxopt-lab map"], "b": ["jaxopt-lab fractal"]}
    with pytest.raises(ValueError, match=r"a\.png: there is no command below it"):
        script.commands(row + "| a | `jaxopt-lab fractal` |")


@pytest.mark.slow
@pytest.mark.long  # the tests of each command are its shorter siblings
def test_every_picture_is_what_its_command_makes(script, tmp_path):
    names = script.commands(PAGES["README.md"].read_text(encoding="utf-8"))
    assert len(names) == 6
    script.main(["--folder", str(tmp_path)])
    for name in [*(f"{each}.png" for each in names), "race.gif"]:
        with Image.open(tmp_path / name) as made, Image.open(PICTURES / name) as shown:
            assert made.size == shown.size, name
            difference = np.abs(np.asarray(made.convert("RGB"), float) - np.asarray(shown.convert("RGB"), float))
        # On another machine the last bits differ, and with them the grains where trajectories are chaotic.
        assert difference.mean() < 4, name
