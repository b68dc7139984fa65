"""What is written about the package: licence, versions, the wheel, and nothing of the machine it was written on."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "jaxopt_lab"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def package_version() -> str:
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.+)"$', source, flags=re.MULTILINE)
    return version


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in text
    assert sha256(text).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert PROJECT["license"] == "Apache-2.0"


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert versions[0] == package_version()


def test_the_installed_version_is_the_packages():
    import jaxopt_lab

    assert jaxopt_lab.__version__ == package_version()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_oldest_jax_is_stated(page):
    (oldest,) = [
        next(iter(each.specifier)).version for each in map(Requirement, PROJECT["dependencies"]) if each.name == "jax"
    ]
    assert f"JAX {oldest}" in (ROOT / page).read_text(encoding="utf-8")


def repository_files() -> list[Path]:
    """The files that are, or would be, in the repository: what git tracks, and what it neither tracks nor ignores."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    tops = [path for path in ROOT.iterdir() if not path.name.startswith((".", "build", "dist", "demo"))]
    tops += [ROOT / ".ci", ROOT / ".github"]
    return [path for top in tops for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file()]


# put together here, so that this file does not hold what it looks for
REGISTRIES = ["py" + "pi.org", "pythonhost" + "ed.org", "npm" + "js.org"]
FOLDERS = ["ro" + "ot", "wo" + "rk", "ho" + "me"]
OF_ONE_MACHINE = re.compile(r"(?<![\w.~$})-])/(" + "|".join(FOLDERS) + ")/|" + "|".join(map(re.escape, REGISTRIES)))


def of_one_machine(text: str) -> list[str]:
    return [line.strip()[:200] for line in text.splitlines() if OF_ONE_MACHINE.search(line)]


def test_no_file_names_a_machines_folder_or_a_registry():
    found = {}
    for path in repository_files():
        content = path.read_bytes()
        if b"\0" not in content and (lines := of_one_machine(content.decode("utf-8", errors="replace"))):
            found[path.relative_to(ROOT).as_posix()] = lines
    assert found == {}


def test_a_machines_folder_is_found():
    assert of_one_machine("fine: src/" + "work/x\nsee /" + "home/ann/x\nfrom py" + "pi.org") == [
        "see /" + "home/ann/x",
        "from py" + "pi.org",
    ]


def test_the_wheel_holds_the_whole_package_and_nothing_else(tmp_path):
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "jaxopt_lab", ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    assert wheel.name == f"jaxopt_lab-{package_version()}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    info = f"jaxopt_lab-{package_version()}.dist-info"
    modules = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {name for name in names if not name.startswith(info)} == {
        path.relative_to(ROOT).as_posix() for path in modules
    }
    assert "jaxopt_lab/py.typed" in names
    assert f"{info}/licenses/LICENSE" in names
    entry_points = zipfile.ZipFile(wheel).read(f"{info}/entry_points.txt").decode()
    assert "jaxopt-lab = jaxopt_lab.cli:main" in entry_points
