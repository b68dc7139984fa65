"""The first two commands, where something is missing: one clear line, and nothing half-made left behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


REAL_PYTHON = f'exec "{sys.executable}"'


@pytest.fixture
def checkout(tmp_path):
    """What `make` reads to make an environment, in a folder whose name has a space."""
    folder = tmp_path / "a checkout"
    (folder / "requirements").mkdir(parents=True)
    locks = ["requirements/run.lock", "requirements/test.lock"]
    for name in ["Makefile", "pyproject.toml", "requirements/install.sh", *locks]:
        shutil.copy(ROOT / name, folder / name)
    return folder


def stub(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def run_make(checkout: Path, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    """Run make and return its status and what it said, without make's own closing line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    path = f"{checkout / 'bin'}{os.pathsep}{kept['PATH']}"
    done = subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={**kept, "LC_ALL": "C", "PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith("make: ***")]


def test_make_says_that_python_is_too_old(checkout):
    old = f"""{REAL_PYTHON} -c 'import sys; sys.version_info = (3, 9, 2); exec(sys.argv[2])' "$@" """
    stub(checkout / "bin", "python3", old)
    status, said = run_make(checkout, "test")
    assert status != 0
    assert said == [
        "error: 'python3' is Python 3.9.2, but 3.11 or later is needed; name a newer one: make PYTHON=python3.12 ..."
    ]
    assert not (checkout / ".venv").exists()


def test_make_says_that_python_is_absent(checkout):
    for tool in ["sh", "make", "basename", "mkdir", "rm", "grep", "touch", "dirname"]:
        stub(checkout / "bin", tool, f'exec "{shutil.which(tool)}" "$@"')
    status, said = run_make(checkout, "demo", PATH=str(checkout / "bin"))
    assert status != 0
    (line,) = said
    assert line.startswith("error: there is no 'python3' here; install Python 3.11 or later or name it: make PYTHON=")


def test_make_says_that_a_python_does_not_run(checkout):
    stub(checkout / "bin", "broken-python", "echo 'a wall of text' >&2; exit 127")
    status, said = run_make(checkout, "demo", "PYTHON=broken-python")
    assert status != 0
    assert len(said) == 1
    assert said[0].startswith("error: 'broken-python' does not run; install Python 3.11 or later")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_make_says_that_there_is_no_venv_module(checkout, module):
    without = f"""{REAL_PYTHON} -c 'import sys; sys.modules["{module}"] = None; exec(sys.argv[2])' "$@" """
    stub(checkout / "bin", "python3", without)
    status, said = run_make(checkout, "demo")
    assert status != 0
    (line,) = said
    assert re.fullmatch(
        r"error: 'python3' \(Python [\d.]+\) has no venv module; on Debian or Ubuntu: apt install python3-venv", line
    )
    assert not (checkout / ".venv").exists()


def test_make_says_that_the_packages_cannot_be_downloaded(checkout):
    # A real pip, whose index is a port of this machine at which nobody listens. Its environment is this one, to save
    # the making of another; what it is asked for is a package that is nowhere.
    stub(checkout / "bin", "venv-python", f'{REAL_PYTHON} "$@"')
    make_venv = (
        'case "$*" in "-m venv "*) mkdir -p "$3/bin"; cp "$(dirname "$0")/venv-python" "$3/bin/python"; exit ;; esac'
    )
    stub(checkout / "bin", "python3", f'{make_venv}\n{REAL_PYTHON} "$@"')
    lock = checkout / "requirements" / "run.lock"
    lock.write_text(f"jaxopt-lab-test-of-a-missing-package==1.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    status, said = run_make(checkout, "demo", **nowhere)
    assert status != 0
    assert said == [
        "installing the packages of requirements/run.lock into .venv (a few hundred MB the first time, about a minute)",
        "error: the packages could not be downloaded; check the network, or pip's settings (see build/install.log)",
    ]
    assert "127.0.0.1" in (checkout / "build" / "install.log").read_text()
    assert not (checkout / ".venv").exists()


PIP_FAILS = """
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *" install "*) echo "ERROR: {words}" >&2; exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
        ("Could not find a version that satisfies the requirement jax==0.10.2", "is not on offer for this Python"),
        ("WARNING: Retrying after connection broken by 'ConnectTimeoutError'", "could not be downloaded"),
        ("Could not fetch URL x: There was a problem confirming the ssl certificate", "could not be downloaded"),
        ("something nobody has thought of", "could not be installed; pip's words are in build/install.log"),
    ],
)
def test_make_puts_pips_failure_into_one_line(checkout, words, sentence):
    stub(checkout / "bin", "python3", PIP_FAILS.format(words=words))
    status, said = run_make(checkout, "demo")
    assert status != 0
    announced, line = said
    assert announced.startswith("installing the packages of requirements/run.lock")
    assert line.startswith("error: ")
    assert sentence in line
    assert not (checkout / ".venv").exists()


PIP_SUCCEEDS = """
echo "$@" >>calls
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/jaxopt-lab" ;;
esac
"""


def test_make_installs_once_and_again_when_a_lock_changes(checkout):
    stub(checkout / "bin", "python3", PIP_SUCCEEDS)

    def calls() -> str:
        return (checkout / "calls").read_text()

    assert run_make(checkout, "demo")[0] == 0
    assert calls().count("-m venv") == 1
    assert calls().count("--require-hashes --only-binary :all: -r requirements/run.lock") == 1
    assert calls().count("install --no-deps --no-index --no-build-isolation -e .") == 1
    assert run_make(checkout, "demo") == (0, [])
    assert calls().count("demo --out demo --overwrite") == 2
    assert run_make(checkout, "test")[0] == 0
    assert calls().count("-r requirements/test.lock") == 1
    before = calls().count(" install ")
    assert run_make(checkout, "test") == run_make(checkout, "demo") == (0, [])  # test.lock holds run.lock
    assert calls().count(" install ") == before
    later = (checkout / ".venv" / ".installed-test").stat().st_mtime + 10
    os.utime(checkout / "requirements" / "test.lock", (later, later))
    run_make(checkout, "test")
    assert calls().count("-r requirements/test.lock") == 2
    assert calls().count("-m venv") == 1


def test_an_environment_whose_update_failed_is_not_used(checkout):
    stub(checkout / "bin", "python3", PIP_SUCCEEDS)
    assert run_make(checkout, "demo")[0] == 0
    stub(checkout / ".venv" / "bin", "python", 'case "$*" in *" install "*) exit 1 ;; esac')
    later = (checkout / ".venv" / ".installed-run").stat().st_mtime + 10
    os.utime(checkout / "requirements" / "run.lock", (later, later))
    for _ in range(2):
        status, said = run_make(checkout, "demo")
        assert status != 0
        assert said[-1].startswith("error: the packages of requirements/run.lock could not be installed")


def test_an_environment_left_by_a_power_cut_is_made_afresh(checkout):
    leftover = checkout / ".venv" / "bin" / "python"
    leftover.parent.mkdir(parents=True)
    (checkout / ".venv" / ".unfinished").touch()
    stub(leftover.parent, "python", "exit 1")
    stub(checkout / "bin", "python3", PIP_SUCCEEDS)
    assert run_make(checkout, "demo")[0] == 0
    assert (checkout / "calls").read_text().count("-m venv") == 1


def test_an_interrupt_leaves_no_environment(checkout):
    slowly = 'case "$*" in *" install "*) touch started; exec sleep 60 ;; esac'
    stub(checkout / "bin", "python3", f"{PIP_SUCCEEDS}\n{slowly}")
    environment = {**os.environ, "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["requirements/install.sh", "python3", ".venv", "requirements/run.lock"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        patience = time.monotonic() + 30
        while not (checkout / "started").exists() and process.poll() is None and time.monotonic() < patience:
            time.sleep(0.05)
        # To the script and its pip, as Ctrl-C would; SIGINT itself is ignored where tests run in the background.
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) != 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert (checkout / "started").exists()
    assert not (checkout / ".venv").exists()


def test_make_refuses_an_environment_of_an_old_python(checkout):
    stub(checkout / "bin", "python3", PIP_SUCCEEDS)
    (checkout / ".venv").mkdir()
    stub(checkout / ".venv" / "bin", "python", "exit 1")
    status, said = run_make(checkout, "demo")
    assert status != 0
    (line,) = said
    assert line.startswith("error: the environment '.venv' is of a Python that is gone or older than 3.11; remove it")


def test_make_help_names_every_target(checkout):
    targets = re.search(r"^\.PHONY: (.*)$", (checkout / "Makefile").read_text(), flags=re.MULTILINE)
    assert targets
    status, said = run_make(checkout)
    assert status == 0
    assert sorted(line.split()[1] for line in said) == sorted(targets[1].split())
