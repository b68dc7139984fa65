"""Steps of arithmetic drawn at random, each rewritten and run in a process of its own, which a bad one may end.

    python random_steps.py FIRST LAST [--tuned] [--float64]

prints what went wrong with the seeds from FIRST up to LAST, and at the end how many steps became one kernel.
"""

import os
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxopt_lab import tune_xla
from jaxopt_lab.engine.rewriting.one_pass import in_one_pass
from jaxopt_lab.engine.rewriting.scalars import in_scalars

LANES, STEPS = 96, 3
DTYPE: Any = np.float64 if "--float64" in sys.argv else np.float32

# What a letter stands for: a number, a whole number, one without a sign, a flag; and constants of the first two.
KINDS = "niuf"
CONSTANTS = {"N": (0.0, 1.0, -1.0, 0.5, 2.0, 0.1, np.inf), "I": (0, 1, -1, 2, 3, 7)}

FINE, ONE_KERNEL, DIFFERENT, FAILED = 0, 7, 4, 3
"""What the process of a step exits with; any other status is XLA's end."""

OPERATIONS: tuple[tuple[str, str, Callable[..., Any]], ...] = (  # (kind of the result, of the operands, operation)
    ("n", "nn", lambda a, b: a + b),
    ("n", "nn", lambda a, b: a - b),
    ("n", "nn", lambda a, b: a * b),
    ("n", "nn", lambda a, b: a / b),
    ("n", "nN", lambda a, b: a * b),
    ("n", "nN", lambda a, b: a + b),
    ("n", "nn", jnp.maximum),
    ("n", "nN", lambda a, b: jnp.clip(a, -b, b)),
    ("n", "n", lambda a: -a),
    ("n", "n", lambda a: jnp.sqrt(jnp.abs(a))),
    ("n", "n", jnp.tanh),
    ("n", "n", jnp.sign),
    ("n", "n", lambda a: jnp.exp(-a * a)),
    ("n", "nn", lambda a, b: jnp.log1p(jnp.abs(a)) - jnp.cos(b)),
    ("n", "n", lambda a: a**3),
    ("n", "i", lambda a: a),
    ("n", "u", lambda a: a),
    ("n", "f", lambda a: a),
    ("n", "fnn", jnp.where),
    ("n", "fnN", jnp.where),
    ("n", "fnn", lambda f, a, b: jnp.where(f, a, a + 0 * b)),
    ("n", "nNn", lambda a, b, c: jnp.where(a > b, c, c * b)),
    ("i", "ii", lambda a, b: a + b),
    ("i", "ii", lambda a, b: jnp.abs(a) - b),
    ("i", "ii", jnp.minimum),
    ("i", "iI", lambda a, b: a * b),
    ("i", "iI", lambda a, b: a // (b or 5)),
    ("i", "iI", lambda a, b: a % (b or 5)),
    ("i", "fiI", jnp.where),
    ("i", "f", lambda a: a),
    ("i", "n", lambda a: jnp.clip(a, -9, 9)),
    ("u", "uu", lambda a, b: a + b),
    ("u", "uI", lambda a, b: a & np.uint32(b & 7)),
    ("f", "nn", lambda a, b: a < b),
    ("f", "nn", lambda a, b: a == b),
    ("f", "n", jnp.isfinite),
    ("f", "n", jnp.isnan),
    ("f", "ii", lambda a, b: a == b),
    ("f", "i", lambda a: a != 0),
    ("f", "f", lambda a: ~a),
    ("f", "ff", lambda a, b: a | b),
    ("f", "ff", lambda a, b: a & b),
    ("f", "ff", lambda a, b: a ^ b),
    ("f", "fff", jnp.where),
)

DTYPES = {"n": DTYPE, "i": np.int32, "u": np.uint32, "f": np.bool_}


def drawn(seed: int) -> tuple[Callable[[Any], Any], Any]:
    """A loop of a few steps over many lanes, and what it starts from."""
    draw = random.Random(seed)
    kinds = [draw.choice("nnnniiuf") for _ in range(draw.randint(2, 12))]
    operations = [
        (kind, work, [draw.choice(CONSTANTS[o]) if o in CONSTANTS else (o, draw.randrange(90)) for o in operands])
        for kind, operands, work in draw.choices(OPERATIONS, k=draw.randint(2, 40))
    ]
    kept = [draw.randrange(90) if draw.random() < 0.85 else None for _ in kinds]

    def step(carry: tuple[list[Any], Any, Any]) -> tuple[list[Any], Any, Any]:
        own, shared, count = carry
        known: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        for kind, value in zip(kinds, own, strict=True):
            known[kind].append(value)
        known["n"] += [shared, shared * DTYPE(0.5)]
        known["i"] += [count, jnp.int32(1)]
        known["u"] += [count.astype(np.uint32)]
        known["f"] += [count > 1]
        for kind, work, operands in operations:
            result = work(*(_of(known, each) if isinstance(each, tuple) else each for each in operands))
            known[kind].append(jnp.asarray(result).astype(DTYPES[kind]))
        new = [v if at is None else _of(known, (k, at)) for v, k, at in zip(own, kinds, kept, strict=True)]
        new = [jnp.tanh(v) if k == "n" else v for v, k in zip(new, kinds, strict=True)]
        return [jnp.broadcast_to(v, (LANES,)) for v in new], shared * DTYPE(0.9) + DTYPE(0.01), count + 1

    start = [_start(kind, place, len(kinds)) for place, kind in enumerate(kinds)]
    return lambda carry: jax.lax.fori_loop(0, STEPS, lambda _, c: step(c), carry), (start, DTYPE(0.3), np.int32(0))


def _of(known: dict[str, list[Any]], which: tuple[str, int]) -> Any:
    return known[which[0]][which[1] % len(known[which[0]])]


def _start(kind: str, place: int, count: int) -> np.ndarray:
    numbers = np.linspace(-1.7, 2.3, LANES)
    whole = np.arange(LANES) % (place + 3)
    values = {"n": numbers * (place + 1) / count, "i": whole - 2, "u": whole, "f": numbers > place / 10}
    return values[kind].astype(DTYPES[kind])


def outcome(seed: int) -> int:
    """Run a step as it is and rewritten; where both are numbers, nine lanes in ten agree to what rounding leaves."""
    loop, start = drawn(seed)
    plain = in_scalars(loop)
    rewritten = in_one_pass(plain, LANES)
    if "one_kernel" not in str(jax.make_jaxpr(rewritten)(start)):
        return FINE
    for expected, got in zip(_leaves(plain, start), _leaves(rewritten, start), strict=True):
        comparable = np.isfinite(expected) & np.isfinite(got) & (np.abs(expected) < 1e6)
        if np.mean(np.isclose(expected, got, rtol=1e-3, atol=1e-4) | ~comparable) < 0.9:
            return DIFFERENT
    return ONE_KERNEL


def _leaves(function: Callable[[Any], Any], start: Any) -> list[np.ndarray]:
    return [np.asarray(leaf, float) for leaf in jax.tree.leaves(jax.jit(function)(start))]


def in_a_process(seed: int) -> int:
    """The outcome, from a copy of this process, in which no program has run."""
    process = os.fork()
    if process == 0:
        try:
            os._exit(outcome(seed))
        except Exception as error:
            print(f"seed {seed}: {type(error).__name__}: {str(error)[:200]!r}", flush=True)
            os._exit(FAILED)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(arguments: Sequence[str]) -> None:
    """Run the seeds; say which went wrong."""
    jax.config.update("jax_enable_x64", "--float64" in arguments)
    if "--tuned" in arguments:
        tune_xla()
    outcomes = {seed: in_a_process(seed) for seed in range(*map(int, arguments[:2]))}
    for seed, code in outcomes.items():
        if code == DIFFERENT:
            print(f"seed {seed}: another result")
        elif code not in (FINE, ONE_KERNEL, FAILED):
            print(f"seed {seed}: the process ended with {code}")
    print(f"one kernel: {sum(code == ONE_KERNEL for code in outcomes.values())}")


if __name__ == "__main__":
    main(sys.argv[1:])
