"""Methods timed in rounds: each once a round, in turn, so that a machine that slows down slows all of them."""

import functools
import importlib
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax

_COMPILED = "/jax/core/compile/backend_compile_duration"


PAUSE, MOST_PAUSES = 0.01, 100
"""A method is timed once the process has been idle for so many seconds, or after so many times as long."""


class MissingPeerError(Exception):
    """What a method needs is not on this machine; the message says what."""


@dataclass(frozen=True)
class Method:
    """One way to do the work.

    Args:
        make: prepares it, and returns the function that is timed, which returns when its work is done. Raises
            `MissingPeerError` where what it needs is not there.
        work: how much one call does, in the units that the rates are in.
    """

    make: Callable[[], Callable[[], Any]]
    work: float


@dataclass(frozen=True)
class Timing:
    """What the clock said of one method.

    Args:
        first_seconds: the first call, with whatever it compiles.
        compile_seconds: how much of that XLA compiled, over all its threads; 0 for what XLA does not compile.
        seconds: each later call, one a round.
        work: how much one call does.
    """

    first_seconds: float
    compile_seconds: float
    seconds: tuple[float, ...]
    work: float

    @property
    def rates(self) -> list[float]:
        """Work a second in each round."""
        return [self.work / seconds for seconds in self.seconds]

    @property
    def rate(self) -> float:
        """The median of them."""
        return statistics.median(self.rates)


class Timings(NamedTuple):
    """Each method's timing by name, and why those that are missing are."""

    timed: dict[str, Timing]
    missing: dict[str, str]

    def ratio(self, name: str, peer: str) -> float | None:
        """How many times as fast as the peer: the median of the ratios within the rounds; None where one is missing."""
        if not {name, peer} <= self.timed.keys():
            return None
        pairs = zip(self.timed[name].rates, self.timed[peer].rates, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def rows(self, unit: float = 1.0) -> dict[str, dict[str, Any]]:
        """Each method as JSON takes it.

        Args:
            unit: what one unit of the rates is: 1e6 for millions of steps a second.
        """
        return {
            name: {
                "rate": timing.rate / unit,
                "spread": [min(timing.rates) / unit, max(timing.rates) / unit],
                "each_round": [rate / unit for rate in timing.rates],
                "first_seconds": timing.first_seconds,
                "compile_seconds": timing.compile_seconds,
                "steady_seconds": statistics.median(timing.seconds),
                "work": timing.work,
            }
            for name, timing in self.timed.items()
        }


def need(module: str) -> Any:
    """Import what a peer is made of.

    Raises:
        MissingPeerError: if it can't be imported, with Python's reason.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPeerError(f"{type(error).__name__}: {error}") from error


def measure(methods: Mapping[str, Method], rounds: int) -> Timings:
    """Call every method once, compilation included, and then once a round.

    Each round begins with another method, so that none always finds the caches as the same one left them.

    Args:
        methods: by name, in the order in which they take turns.
        rounds: how many.

    Returns:
        The timings, and the methods that are missing with the reason.
    """
    if rounds < 1:
        raise ValueError(f"rounds: got {rounds}; measure at least once")
    ready, missing = {}, {}
    for name, method in methods.items():
        try:
            ready[name] = method.make()
        except MissingPeerError as reason:
            missing[name] = str(reason)
    first = {name: _first(run) for name, run in ready.items()}
    steady = [{name: seconds_of(ready[name]) for name in _rotated(list(ready), number)} for number in range(rounds)]
    timed = {name: Timing(*first[name], tuple(one[name] for one in steady), methods[name].work) for name in ready}
    return Timings(timed, missing)


def _rotated(names: list[str], by: int) -> list[str]:
    first = by % max(1, len(names))
    return names[first:] + names[:first]


def seconds_of(run: Callable[[], Any]) -> float:
    """How long one call takes, until its arrays are there."""
    wait_until_idle()
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start


def wait_until_idle() -> None:
    """Wait until no thread of this process runs.

    Those of a parallel loop go on spinning for a while after it, at the cost of what comes next.
    """
    for _ in range(MOST_PAUSES):
        before = time.process_time()
        time.sleep(PAUSE)
        if time.process_time() - before < PAUSE / 10:
            return


def _first(run: Callable[[], Any]) -> tuple[float, float]:
    """The seconds of a first call, and XLA's share of them."""
    compiled = _compile_durations()
    before = len(compiled)
    seconds = seconds_of(run)
    return seconds, sum(compiled[before:])


@functools.cache
def _compile_durations() -> list[float]:
    """Every compilation since this was first asked for; JAX tells listeners, and keeps them for good."""
    durations: list[float] = []

    def note(event: str, duration_secs: float, **_: object) -> None:
        if event == _COMPILED:
            durations.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(note)
    return durations
