"""The locks: hashes for all, hosts for none, and the versions that pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LOCKS = sorted(REQUIREMENTS.glob("*.lock"))


REQUIREMENT_LINE = re.compile(r"(?P<requirement>[a-z0-9-]+==[0-9][0-9a-z.]*( ; [a-zP_' .0-9<>=!()*]+)?) \\")
HASH_LINE = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?P<more> \\)?")
A_HOST_OR_A_SETTING = re.compile(
    r"://|www\.|@|index|find-links|trusted"  # an address, or a setting of pip's
    r"|\b[a-z0-9-]+\.(?!toml\b|lock\b)[a-z]{2,}\b"  # a dotted name that is no file of ours
    r"|/\w+/"  # a folder of one machine
)


def read_lock(text: str) -> list[Requirement]:
    """The requirements of a lock; ValueError at the first line that is neither comment, requirement nor hash."""
    requirements: list[Requirement] = []
    hashes_may_follow = False
    hash_is_due = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") and not hash_is_due and not A_HOST_OR_A_SETTING.search(line):
            continue
        if hashes_may_follow and (found := HASH_LINE.fullmatch(line)):
            hash_is_due = hashes_may_follow = found["more"] is not None
        elif not hash_is_due and (found := REQUIREMENT_LINE.fullmatch(line)):
            requirements.append(Requirement(found["requirement"]))
            hash_is_due = hashes_may_follow = True
        else:
            raise ValueError(f"line {number}: {line}")
    if hash_is_due:
        raise ValueError("the last requirement has no hash")
    return requirements


def locked_versions(lock: str, python: str = "3.11", system: str = "linux") -> dict[str, Version]:
    """What a lock installs for one Python on one system."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    environment["sys_platform"] = system
    requirements = read_lock((REQUIREMENTS / lock).read_text(encoding="utf-8"))
    chosen = [each for each in requirements if each.marker is None or each.marker.evaluate(environment)]
    versions: dict[str, Version] = {
        canonicalize_name(each.name): Version(str(each.specifier).removeprefix("==")) for each in chosen
    }
    assert len(versions) == len(chosen), f"{lock} has two versions of one package for Python {python}"
    return versions


def direct_requirements(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with the extras that an extra names in turn."""
    found = [Requirement(line) for line in PROJECT["dependencies"]]
    for extra in extras:
        for line in PROJECT["optional-dependencies"][extra]:
            requirement = Requirement(line)
            found += direct_requirements(*requirement.extras) if requirement.name == PROJECT["name"] else [requirement]
    return found


def build_requirements() -> list[Requirement]:
    lines = (REQUIREMENTS / "build.in").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_the_locks_are_there():
    assert [lock.name for lock in LOCKS] == ["oldest.lock", "run.lock", "test.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_hashes_and_names_no_host(lock):
    assert len(read_lock(lock.read_text(encoding="utf-8"))) > 40


GOOD_HASH = f"    --hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://packages.example.org/simple\n",
        "--find-links wheels\n",
        "# from https://packages.example.org/simple\n",
        "# mirror: packages.example.org\n",
        "# written in /somewhere/else\n",
        "numpy==2.0.0\n",
        "numpy==2.0.0 \\\n",
        f"numpy==2.0.0 \\\nscipy==1.0 \\\n{GOOD_HASH}\n",
        f"numpy>=2.0.0 \\\n{GOOD_HASH}\n",
        f"numpy @ https://packages.example.org/numpy.whl \\\n{GOOD_HASH}\n",
        f"numpy==2.0.0 \\\n{GOOD_HASH[:-1]}\n",
        f"{GOOD_HASH}\n",
    ],
)
def test_a_bad_lock_is_refused(text):
    with pytest.raises(ValueError, match=r"line \d+|no hash"):
        read_lock(text)


def test_a_good_lock_is_read():
    head = "# written by `make lock` from pyproject.toml\nnumpy==2.0.0 ; sys_platform == 'win32' \\\n"
    text = f"{head}{GOOD_HASH} \\\n{GOOD_HASH}\n"
    assert [str(each) for each in read_lock(text)] == ['numpy==2.0.0; sys_platform == "win32"']


@pytest.mark.parametrize(("lock", "extras"), [("run.lock", []), ("test.lock", ["dev"]), ("oldest.lock", ["test"])])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_a_lock_holds_what_pyproject_asks_for(lock, extras, python):
    versions = locked_versions(lock, python)
    unmet = [
        str(each)
        for each in [*direct_requirements(*extras), *build_requirements()]
        if versions.get(canonicalize_name(each.name), Version("0.dev0")) not in each.specifier
    ]
    assert unmet == []


def test_the_test_lock_only_adds_to_the_run_lock():
    run, test = locked_versions("run.lock"), locked_versions("test.lock")
    assert {name: test.get(name) for name in run} == run


def test_the_oldest_lock_is_the_lower_bounds_of_pyproject():
    versions = locked_versions("oldest.lock")
    for each in direct_requirements("test"):
        (bound,) = each.specifier
        assert bound.operator == ">="
        assert versions[canonicalize_name(each.name)] == Version(bound.version), each


def test_the_build_backend_is_locked_as_pyproject_asks():
    built_with = {canonicalize_name(each.name): each for each in build_requirements()}
    for line in PYPROJECT["build-system"]["requires"]:
        assert built_with[canonicalize_name(Requirement(line).name)].specifier == Requirement(line).specifier
