"""The reference: every public name has its place in it, every equation can be set, and the whole is built."""

import importlib
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import jaxopt_lab

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

pytest.importorskip("sphinx", reason="the extra docs is not installed")
sys.path.insert(0, str(DOCS / "_ext"))
catalogue, mathml, references, signatures = map(
    importlib.import_module, ("catalogue", "mathml", "references", "signatures")
)


def shown() -> dict[int, str]:
    """What the catalogues of the pages show, by identity."""
    directives = [
        found
        for page in sorted((DOCS / "api").glob("*.rst"))
        for found in re.findall(r"^\.\. catalogue:: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(set(directives)) == len(directives)
    modules = [importlib.import_module(name) for name in directives]
    objects = {id(module): module.__name__ for module in modules}
    for module in modules:
        for names in catalogue.families(module).values():
            objects |= {id(getattr(module, name)): f"{module.__name__}.{name}" for name in names}
    return objects


def public_modules() -> list[str]:
    """Every package and subpackage of ours that says what is public in it."""
    package = Path(jaxopt_lab.__file__).parent
    names = [".".join(path.relative_to(package.parent).parts[:-1]) for path in package.rglob("__init__.py")]
    return sorted(name for name in names if hasattr(importlib.import_module(name), "__all__"))


def test_every_public_name_is_on_a_page():
    objects = shown()
    missing = [
        f"{module}.{name}"
        for module in public_modules()
        for name in importlib.import_module(module).__all__
        if id(getattr(importlib.import_module(module), name)) not in objects and not name.startswith("__")
    ]
    assert missing == []


def equations() -> list[tuple[str, str]]:
    """Every equation of the docstrings and of the pages."""
    found = []
    for path in sorted((ROOT / "jaxopt_lab").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found += [(path.name, latex) for latex in re.findall(r":math:`([^`]+)`", text)]
        blocks = re.findall(r"^( *)\.\. math::(.*(?:\n+\1 +\S.*)*)", text, re.MULTILINE)
        found += [(path.name, latex) for _, latex in blocks]
    for path in sorted(DOCS.glob("*.md")):
        text = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        found += [(path.name, latex) for latex in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)]
    return found


def test_every_equation_can_be_set():
    found = equations()
    assert len(found) > 300
    wrong = []
    for name, latex in found:
        try:
            mathml.mathml(latex, display="block")
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []


@pytest.mark.parametrize("latex", [r"\nosuchthing x", r"\frac{1}{", r"x_{", r"\left( x", r"a & b"])
def test_an_equation_that_cannot_be_set_is_refused(latex):
    with pytest.raises(ValueError, match="equation"):
        mathml.mathml(latex)


def test_what_is_set_is_the_equation():
    assert re.sub(r"<[^>]+>", "", mathml.mathml(r"\frac{\alpha}{2} + x_t")) == "&#x003B1;2&#x0002B;xt"
    assert mathml.mathml(r"\bigl\{ \text{a\_b}").count("\\") == 0
    assert mathml.mathml(r"a &= b \\ c &= d", display="block").count("<mtr>") == 2


def test_signatures_are_those_of_the_source():
    from jaxopt_lab import Record, optimizers, plots

    assert signatures.signature_of(optimizers.sgd) == (
        "(learning_rate: optax.ScalarOrSchedule)",
        "optax.GradientTransformation",
    )
    assert signatures.signature_of(Record) == ("(summary: bool = True, every: int | None = None)", None)
    assert signatures.signature_of(plots.stability_map) == (
        "(found: xr.Dataset, *, title: str | None=None, ax: Axes | None=None)",
        "DrawnStability",
    )


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("xr.Dataset", "jaxopt_lab.engine", "xarray"),
        ("jax.lax.scan", "jaxopt_lab.engine", "jax"),
        ("TimeoutError", "jaxopt_lab.engine", "builtins"),
        ("Axes", "jaxopt_lab.plots", "matplotlib"),
    ],
)
def test_names_of_other_libraries_are_looked_up(name, module, expected):
    assert references.look_up(name, module).__module__.split(".")[0] == expected


def test_a_misspelt_name_is_not_found():
    assert references.look_up("jax.lax.scann", "jaxopt_lab.engine") is None
    assert references.look_up("sweeep", "jaxopt_lab.engine") is None


def inventory(path: Path) -> dict[str, str]:
    """The entries of ours in Sphinx's inventory of a site: {name: kind}."""
    content = path.read_bytes()
    header = b"".join(line + b"\n" for line in content.split(b"\n", 4)[:4])
    lines = zlib.decompress(content[len(header) :]).decode("utf-8").splitlines()
    return {line.split(" ")[0]: line.split(" ")[1] for line in lines}


def entries(inventory: Path) -> set[str]:
    """The names in Sphinx's inventory of a site: four lines of text, then compressed ones."""
    compressed = inventory.read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(compressed).decode("utf-8").splitlines()}


OUTSIDE = re.compile(r"""<(?:script|img|iframe)[^>]*src=["']?(?:https?:)?//|<link[^>]*href=["']?(?:https?:)?//""")


@pytest.mark.slow
@pytest.mark.long
def test_the_site_is_built_without_a_warning_and_asks_for_nothing_outside(tmp_path):
    build = [Path(sys.executable).with_name("sphinx-build"), "-E", "-W", "--keep-going", "-q", "-d", "read"]
    done = subprocess.run([*build, DOCS, "html"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(shown().values()) <= entries(tmp_path / "html" / "objects.inv")
    pages = list((tmp_path / "html").rglob("*.html"))
    assert len(pages) > 30
    assert [page.name for page in pages if OUTSIDE.search(page.read_text(encoding="utf-8"))] == []
    assert not re.search(r"url\(['\"]?(?:https?:)?//", "".join(css.read_text() for css in tmp_path.rglob("*.css")))
