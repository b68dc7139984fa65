"""The script that writes the table of exact numbers into the documentation."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def laws():
    """docs/laws.py as a module."""
    place = Path(__file__).parents[2] / "docs" / "laws.py"
    spec = importlib.util.spec_from_file_location("laws", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
