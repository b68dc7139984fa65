"""What every test shares: the device, the float width, the examples drawn, the count of compilations."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

if "PYTEST_XDIST_WORKER" not in os.environ:  # workers have it from the process that started them
    # What a user's commands keep must not decide about a test, nor the reverse. The tests of one run share what they
    # compile, workers and the processes that tests start included: a third of their time would go into compiling again.
    cache = tempfile.mkdtemp(prefix="jaxopt-lab-tests-")
    os.environ["XDG_CACHE_HOME"] = os.environ["JAX_COMPILATION_CACHE_DIR"] = cache
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    atexit.register(shutil.rmtree, cache, ignore_errors=True)
os.environ.setdefault("JAX_PLATFORMS", "cpu")  # before JAX is imported; a developer's own choice stands
os.environ.setdefault("MPLBACKEND", "agg")  # no test opens a window

import jax
import pytest
from hypothesis import settings

# The same examples on every run and every machine: a test that fails here fails there.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")

_COMPILE_EVENT = "/jax/core/compile/backend_compile_duration"


@dataclass
class Compilations:
    """The number of programs XLA compiled inside one `with` block; grows while the block runs."""

    count: int = 0


_counting: list[Compilations] = []


def _note_compilation(event: str, duration_secs: float, **_: object) -> None:
    del duration_secs
    if event == _COMPILE_EVENT:
        for compilations in _counting:
            compilations.count += 1


# Once per process: older versions of JAX have no public way to take a listener off again.
jax.monitoring.register_event_duration_secs_listener(_note_compilation)


@contextmanager
def _count_compilations() -> Iterator[Compilations]:
    compilations = Compilations()
    _counting.append(compilations)
    try:
        yield compilations
    finally:
        _counting[:] = [other for other in _counting if other is not compilations]


@pytest.fixture
def count_compilations() -> Callable[[], AbstractContextManager[Compilations]]:
    """Count XLA's compilations: ``with count_compilations() as compiled: ...; assert compiled.count == 0``.

    Every program counts, those of single operations such as ``jnp.zeros(3)`` too.
    """
    return _count_compilations


@pytest.fixture
def x64() -> Iterator[None]:
    """Turn float64 on for one test (or, by ``pytestmark = pytest.mark.usefixtures("x64")``, for a file)."""
    before = bool(jax.config.read("jax_enable_x64"))
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(autouse=True)
def _leave_no_switch_behind() -> Iterator[None]:
    """A test that flips JAX's float64 switch and forgets it would change the tests after it: that is a failure."""
    before = bool(jax.config.read("jax_enable_x64"))
    yield
    after = bool(jax.config.read("jax_enable_x64"))
    jax.config.update("jax_enable_x64", before)
    assert after == before, "this test left jax_enable_x64 changed: use the fixture x64"


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Close the figures a test drew, so that none leaks into the next."""
    yield
    import sys

    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
