"""The house: imports point downwards only, and importing the package is cheap."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "jaxopt_lab"


ISLANDS = {"optimizers", "problems", "metrics"}
READERS = {"analysis", "curves", "evaluation"}
MAY_IMPORT = {
    "optimizers": set(),
    "metrics": set(),
    "problems": {"metrics"},
    "engine": ISLANDS,
    "analysis": ISLANDS | {"engine"},
    "curves": ISLANDS | {"engine"},
    "evaluation": {"metrics"},
    "exercises": set(),
    "plots": ISLANDS | {"engine"} | READERS,
    "labs": ISLANDS | {"engine", "plots"} | READERS,
    "report": ISLANDS | {"engine", "plots", "labs"} | READERS,
    "bench": ISLANDS | {"engine", "plots", "labs"} | READERS,
    "cli": ISLANDS | {"engine", "plots", "labs", "report", "bench"} | READERS,
    "__main__": {"cli"},
}


def imported_names(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Every dotted name that a module imports, at its top or inside a function: `from a import b` gives `a.b`."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def upward_imports(modules: dict[str, str]) -> list[str]:
    """Imports that the house forbids, of modules given as {path in the package: source}."""
    found = []
    for path, source in modules.items():
        is_package = path.endswith("__init__.py")
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        if parts == ["__init__"]:
            continue  # the front of the house shows what is on every floor
        room = parts[0]
        if room not in MAY_IMPORT:
            found.append(f"{path}: on which floor is {room}? MAY_IMPORT says nothing about it")
            continue
        for name in imported_names(source, ".".join(["jaxopt_lab", *parts]), is_package):
            head, *rest = name.split(".")
            if head != "jaxopt_lab":
                continue
            target = rest[0] if rest else ""
            if target not in MAY_IMPORT[room] | {room, "__version__"}:
                found.append(f"{path}: imports {name}")
    return found


def package_sources() -> dict[str, str]:
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))
    }


def test_imports_point_downwards_only():
    assert upward_imports(package_sources()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("engine/run.py", "from jaxopt_lab import labs"),
        ("engine/run.py", "from jaxopt_lab.plots import paths"),
        ("engine/run.py", "def f():\n    import jaxopt_lab.analysis.theory"),
        ("engine/run.py", "from .. import analysis"),
        ("engine/run.py", "from jaxopt_lab import simulate"),
        ("engine/__init__.py", "from ..plots import paths"),
        ("optimizers/adaptive.py", "from jaxopt_lab import problems"),
        ("metrics/ranking.py", "from ..problems import quadratic"),
        ("analysis/theory.py", "from jaxopt_lab.curves import doctor"),
        ("report.py", "import jaxopt_lab.cli"),
        ("attic/old.py", ""),
    ],
)
def test_an_upward_import_is_found(path, source):
    assert len(upward_imports({path: source})) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("problems/networks.py", "from jaxopt_lab.metrics import accuracy\nfrom .problem import Problem"),
        ("problems/__init__.py", "from . import surfaces\nfrom .surfaces import rosenbrock"),
        ("labs/paths.py", "from jaxopt_lab import analysis, engine, optimizers, plots, problems"),
        ("cli/__init__.py", "from jaxopt_lab import __version__, report"),
        ("report.py", "from .labs import paths\nimport json"),
    ],
)
def test_a_downward_import_is_let_pass(path, source):
    assert upward_imports({path: source}) == []


class _RunTimeOnly(ast.NodeTransformer):
    """Leave out `if TYPE_CHECKING:`: to name a type is not to use the library."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            return [self.visit(each) for each in node.orelse]
        return self.generic_visit(node)


def drawing_imports(modules: dict[str, str]) -> list[str]:
    """Modules outside plots/ that import matplotlib when they run."""
    return [
        path
        for path, source in modules.items()
        if not path.startswith("plots/")
        for name in imported_names(ast.unparse(_RunTimeOnly().visit(ast.parse(source))), path, False)
        if name.split(".")[0] in {"matplotlib", "mpl_toolkits"}
    ]


def test_only_plots_imports_matplotlib():
    assert drawing_imports(package_sources()) == []


def test_a_drawing_import_is_found():
    modules = {
        "labs/paths.py": "def draw():\n    import matplotlib.pyplot as plt",
        "report.py": "from matplotlib.figure import Figure",
        "plots/paths.py": "import matplotlib.pyplot as plt",
        "labs/saddles.py": "if TYPE_CHECKING:\n    from matplotlib.figure import Figure\nelse:\n    Figure = None",
    }
    assert drawing_imports(modules) == ["labs/paths.py", "report.py"]


def test_importing_the_package_loads_jax_numpy_and_optax_and_nothing_else():
    script = """
import json, sys
import jax, jax.numpy, numpy, optax
before = set(sys.modules)
import jaxopt_lab
names = {name.split(".")[0] for name in sys.modules}
print(json.dumps([sorted(names), sorted({name.split(".")[0] for name in set(sys.modules) - before})]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded, added = json.loads(done.stdout)
    heavy = {"xarray", "zarr", "pandas", "matplotlib", "sklearn", "cyclopts", "tqdm", "jinja2", "distributed"}
    assert heavy & set(loaded) == set()
    assert set(added) - set(sys.stdlib_module_names) - {"jax", "jaxlib"} == {"jaxopt_lab"}  # more parts of JAX at most
