"""The pages of docs/: Python prints what they say it prints, commands and scripts are understood."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def scripts() -> list[tuple[str, str, str]]:
    """The Python blocks that begin with the name of a file, and the output that the page shows after them."""
    pattern = r"^```python\n# (\w+\.py)\n(.*?)^```\n\n```text\n(.*?)^```"
    found = [
        each
        for page in PAGES
        for each in re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    ]
    assert len(found) == sum(not block.startswith(">>>") for page in PAGES for block in blocks(page.name, "python"))
    return found


def run(*words: str) -> None:
    from jaxopt_lab.cli import main

    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0, words


LONG = {
    "exact.md", "guide.md", "landscape.md", "network.md", "optimizer.md", "problem.md", "records.md", "results.md",
    "sweeps.md",
}  # fmt: skip
"""Pages whose examples compile a dozen programs; what they show is tested elsewhere too, and they run in test-long."""


def with_examples() -> list[Any]:
    names = [page.name for page in PAGES if ">>> " in page.read_text(encoding="utf-8")]
    assert set(names) > LONG
    return [pytest.param(name, marks=[pytest.mark.slow, pytest.mark.long] if name in LONG else []) for name in names]


@pytest.mark.parametrize("page", with_examples())
def test_python_examples_print_what_they_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    results = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=options)
    assert results.attempted == sum(block.count(">>> ") for block in blocks(page, "python")) > 0
    assert results.failed == 0


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("name", "code", "expected"), scripts(), ids=[name for name, _, _ in scripts()])
def test_scripts_print_what_they_say(name, code, expected, tmp_path):
    (tmp_path / name).write_text(code)
    done = subprocess.run([sys.executable, name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, expected), done.stderr


COMMANDS = sorted(
    {
        line.partition("#")[0].strip()
        for page in PAGES
        for block in blocks(page.name, "sh")
        for line in block.splitlines()
        if line.startswith("jaxopt-lab ") and "$" not in line
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    """Parsed, and not run: a command that does not exist, a misspelt option, a value of the wrong kind raise."""
    from jaxopt_lab.cli.app import app

    app.parse_args(shlex.split(command)[1:], print_error=False, exit_on_error=False)


def test_the_file_of_a_sweep_is_understood(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (toml,) = blocks("sweeps.md", "toml")
    (tmp_path / "sweep.toml").write_text(toml)
    (dry,) = [line for line in COMMANDS if "--config" in line and "--dry-run" in line]
    run(*shlex.split(dry)[1:])
    assert "optimizer 2 × learning_rate 5 × b1 2 × start 20" in capsys.readouterr().out


def commands_of(script: str, environment: dict[str, str]) -> list[str]:
    """The words of the one call of ours, as the shell would pass them in this environment."""
    (call,) = [line for line in script.splitlines() if line.strip().startswith("jaxopt-lab ")]
    done = subprocess.run(
        ["bash", "-euc", call.replace("jaxopt-lab ", r"printf '%s\n' ", 1)],
        env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.fixture
def config(tmp_path) -> Path:
    (toml,) = blocks("slurm.md", "toml")
    (tmp_path / "sweep.toml").write_text(toml)
    return tmp_path / "sweep.toml"


def test_the_slurm_script_is_bash_and_covers_all_shares(tmp_path, monkeypatch, config, capsys):
    (script,) = blocks("slurm.md", "sh")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", script, re.MULTILINE))
    first, last = map(int, options["array"].split("-"))
    count = last - first + 1
    monkeypatch.chdir(tmp_path)
    for task in (first, last):
        environment = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(count)}
        words = commands_of(script, environment)
        assert words[-2:] == ["--shard", f"{task}/16"]
        run(*words, "--dry-run")
    said = capsys.readouterr().out
    assert tomllib.loads(config.read_text())["tiling"] in said
    assert not (tmp_path / "run.zarr").exists()


def test_the_kubernetes_job_is_yaml_and_covers_all_shares(tmp_path, monkeypatch, config):
    yaml = pytest.importorskip("yaml")
    (text,) = blocks("slurm.md", "yaml")
    job = yaml.safe_load(text)
    assert (job["apiVersion"], job["kind"], job["spec"]["completionMode"]) == ("batch/v1", "Job", "Indexed")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    (folder,) = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert container["command"] == ["/bin/sh", "-c"]
    (line,) = container["args"]
    monkeypatch.chdir(tmp_path)
    for index in (0, job["spec"]["completions"] - 1):
        words = commands_of(line, {"JOB_COMPLETION_INDEX": str(index)})
        assert words[-2:] == ["--shard", f"{index}/{job['spec']['completions']}"]
        run(*(word.replace(folder, str(tmp_path)) for word in words), "--dry-run")
    assert [path.name for path in tmp_path.iterdir()] == [config.name]


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (DOCS / target).is_file(), (page.name, target)


def test_every_notebook_is_on_the_list():
    listed = set(re.findall(r"\.\./notebooks/(\w+\.ipynb)", (DOCS / "notebooks.md").read_text(encoding="utf-8")))
    assert listed == {path.name for path in (DOCS.parent / "notebooks").glob("*.ipynb")}


def test_the_page_on_gpus_says_how_lanes_are_packed_there():
    from jaxopt_lab.engine.tiling import rule

    tiling = rule(10**9, 24, with_loss=True, stops=False, scalars=True, platform="gpu")
    page = " ".join((DOCS / "gpu.md").read_text(encoding="utf-8").split())
    assert f"tiles of up to {tiling.size:,} lanes, with {tiling.unroll} steps to a turn of the loop" in page
