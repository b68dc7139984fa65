"""The scripts, imported as the modules that they are when they run; and no tests where only the package is."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"

collect_ignore_glob = [] if SCRIPTS.is_dir() else ["test_*.py"]  # where a built wheel is tested


@pytest.fixture
def script(monkeypatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a script by name; scripts find each other, and afterwards nobody finds them."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield importlib.import_module
    for name, module in list(sys.modules.items()):
        if str(SCRIPTS) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
