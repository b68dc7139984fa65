"""The reference: every public name has its place in it, every equation can be set, and the whole is built."""

import importlib
import inspect
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


def docstrings() -> dict[str, str]:
    """Whatever is written in triple quotation marks, by its file."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "jaxopt_lab").rglob("*.py"))
    }


def equations() -> list[tuple[str, str]]:
    """Every equation of the docstrings and of the pages."""
    found = []
    for name, text in docstrings().items():
        found += [(name, latex) for latex in re.findall(r":math:`([^`]+)`", text)]
        for block in re.findall(r"^( *)\.\. math::(.*(?:\n+\1 +\S.*)*)", text, re.MULTILINE):
            found.append((name, block[1]))
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


@pytest.mark.parametrize("latex", [r"\nosuchthing x", r"\frac{1}{", r"x_{", r"\left( x"])
def test_an_equation_that_cannot_be_set_is_refused(latex):
    with pytest.raises(ValueError, match="equation"):
        mathml.mathml(latex)


def test_what_is_set_is_the_equation():
    assert re.sub(r"<[^>]+>", "", mathml.mathml(r"\frac{\alpha}{2} + x_t")) == "&#x003B1;2&#x0002B;xt"
    assert mathml.mathml(r"a &= b \\ c &= d", display="block").count("<mtr>") == 2


def test_signatures_are_those_of_the_source():
    from jaxopt_lab import Record, optimizers, plots

    assert signatures.signature_of(optimizers.sgd) == ("(learning_rate: optax.ScalarOrSchedule)", None) or (
        signatures.signature_of(optimizers.sgd)[1] == "optax.GradientTransformation"
    )
    assert signatures.signature_of(Record) == ("(summary: bool = True, every: int | None = None)", None)
    text, returns = signatures.signature_of(plots.stability_map)
    assert (text, returns) == (
        "(found: xr.Dataset, *, title: str | None=None, ax: Axes | None=None)",
        "DrawnStability",
    )


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("xr.Dataset", "jaxopt_lab.engine", "xarray.core.dataset"),
        ("jax.lax.scan", "jaxopt_lab.engine", "jax"),
        ("TimeoutError", "jaxopt_lab.engine", "builtins"),
        ("Axes", "jaxopt_lab.plots", "matplotlib.axes"),
    ],
)
def test_names_of_other_libraries_are_looked_up(name, module, expected):
    assert inspect.getmodule(references.look_up(name, module)).__name__.startswith(expected)


def test_a_misspelt_name_is_not_found():
    assert references.look_up("jax.lax.scann", "jaxopt_lab.engine") is None
    assert references.look_up("sweeep", "jaxopt_lab.engine") is None


def inventory(path: Path) -> dict[str, str]:
    """The entries of ours in Sphinx's inventory of a site: {name: kind}."""
    content = path.read_bytes()
    header = b"".join(line + b"\n" for line in content.split(b"\n", 4)[:4])
    lines = zlib.decompress(content[len(header) :]).decode("utf-8").splitlines()
    return {line.split(" ")[0]: line.split(" ")[1] for line in lines}


@pytest.mark.long
def test_the_site_is_built_without_a_warning_and_asks_for_nothing_outside(tmp_path):
    build = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-d", "doctrees", str(DOCS), "html"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    entries = inventory(tmp_path / "html" / "objects.inv")
    names = {f"{m}.{n}" for m in public_modules() for n in importlib.import_module(m).__all__ if not n.startswith("__")}
    objects = shown()
    known = {f"{m}.{n}" for m, n in (name.rsplit(".", 1) for name in names)}
    assert {name for name in known if name.startswith("jaxopt_lab.metrics.")} <= set(entries)
    assert {objects[id(_named(name))] for name in names} <= set(entries)
    for page in (tmp_path / "html").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|<link[^>]*href)=["']?(?:https?:)?//[^"'>]+""", text), page.name


def _named(name: str) -> object:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)
