"""Rounds take turns, first runs stand apart, and what is missing is named."""

import itertools

import jax
import jax.numpy as jnp
import pytest

from jaxopt_lab.bench import rounds
from jaxopt_lab.bench.rounds import Method, MissingPeerError, Timing, Timings, measure, need


@pytest.fixture
def calls(monkeypatch):
    """A clock that a call moves by the seconds that it is said to take, and a record of the calls."""
    made = []
    clock = [0.0]
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: clock[0])

    def method(name, seconds, work=1.0):
        duration = iter(seconds)

        def run():
            made.append(name)
            clock[0] += next(duration)

        return Method(lambda: run, work)

    return made, method


def test_methods_take_turns_and_the_first_run_stands_apart(calls):
    made, method = calls
    methods = {"slow": method("slow", [9.0, 4.0, 8.0, 2.0], work=8.0), "fast": method("fast", [5.0, 1.0, 4.0, 1.0])}
    timings = measure(methods, 3)
    assert made == ["slow", "fast", "slow", "fast", "fast", "slow", "slow", "fast"]  # each round begins with another
    assert timings.timed["slow"] == Timing(9.0, 0.0, (4.0, 8.0, 2.0), 8.0)
    assert timings.timed["slow"].rates == [2.0, 1.0, 4.0]
    assert timings.timed["slow"].rate == 2.0


def test_ratios_are_taken_within_rounds():
    """A round in which the machine is four times slower changes no ratio, though it changes the rates."""
    timings = Timings({"a": Timing(0, 0, (1.0, 4.0, 1.0), 6.0), "b": Timing(0, 0, (2.0, 8.0, 3.0), 6.0)}, {})
    assert timings.ratio("a", "b") == 2.0
    assert timings.ratio("b", "a") == 0.5
    assert timings.ratio("a", "c") is None
    row = timings.rows(unit=2.0)["a"]
    assert (row["rate"], row["spread"], row["each_round"]) == (3.0, [0.75, 3.0], [3.0, 0.75, 3.0])


def test_a_missing_peer_is_named_with_the_reason(calls):
    _, method = calls
    methods = {"here": method("here", itertools.repeat(1.0)), "away": Method(lambda: need("no_such_module"), 1)}
    timings = measure(methods, 1)
    assert timings.timed.keys() == {"here"}
    assert timings.missing == {"away": "ModuleNotFoundError: No module named 'no_such_module'"}


def test_a_mistake_of_a_method_is_not_taken_for_a_missing_peer():
    with pytest.raises(ZeroDivisionError):
        measure({"wrong": Method(lambda: lambda: 1 // 0, 1)}, 1)


def test_what_is_there_is_imported():
    assert need("math").sqrt(4) == 2
    with pytest.raises(MissingPeerError):
        need("no_such_module")


def test_the_time_of_compiling_is_told(count_compilations):
    compiled = jax.jit(lambda x: x * 3 + 1)
    x = jnp.ones(7)
    with count_compilations() as compilations:
        timing = measure({"compiled": Method(lambda: lambda: compiled(x), 1)}, 1).timed["compiled"]
    assert compilations.count == 1
    assert timing.compile_seconds > 0
    again = measure({"compiled": Method(lambda: lambda: compiled(x), 1)}, 1).timed["compiled"]
    assert again.compile_seconds == 0


@pytest.mark.parametrize(("busy", "pauses"), [(0, 1), (3, 4), (1000, rounds.MOST_PAUSES)])
def test_a_method_waits_for_what_the_last_one_left_running(monkeypatch, busy, pauses):
    """Threads that spin take the whole of each pause; a process that never comes to rest is timed all the same."""
    slept = []
    used = lambda: rounds.PAUSE * min(len(slept), busy)
    monkeypatch.setattr(rounds.time, "sleep", slept.append)
    monkeypatch.setattr(rounds.time, "process_time", used)
    rounds.wait_until_idle()
    assert slept == [rounds.PAUSE] * pauses


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match="rounds: got 0"):
        measure({}, 0)
