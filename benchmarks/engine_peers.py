"""The peers of the engine that do not come with it: PyTorch, numba, and C compiled on the spot."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from jaxopt_lab.bench.bowl import CURVATURES, all_lanes, seed_adam
from jaxopt_lab.bench.rounds import Method, MissingPeerError, need
from jaxopt_lab.engine.threads import cores

C_SOURCE = Path(__file__).with_name("adam.c")
C_FLAGS = ("-O3", "-march=native", "-fno-math-errno")

ONE_AT_A_TIME = "NumPy, one trajectory at a time"
TORCH = "PyTorch over all lanes, eager"
TORCH_FIRST = "PyTorch over all lanes, eager, coordinates first"
TORCH_OPTIM = "torch.optim.Adam, one trajectory at a time"
NUMBA = "numba, prange over lanes"
NUMBA_BLOCKS = "numba, prange over blocks of lanes"
C = f"C, cc {' '.join(C_FLAGS)}, a thread a core"

ONE_START, ONE_RATE = (4.0, 1.5), 0.2

B1, B2, EPS, ONE = (np.float32(value) for value in (0.9, 0.999, 1e-8, 1.0))
NUMBA_OPTIONS = {"parallel": True, "fastmath": False, "error_model": "numpy"}

BLOCK = 64
"""How many lanes of a block run together: as in `adam.c`, vectors of them stay in the nearest cache."""


def peers(lanes: int, steps: int) -> dict[str, Method]:
    """Every peer that XLA's options say nothing to. The slow ones run fewer steps: their time is proportional."""
    some, few = max(1, steps // 20), max(1, steps // 10)
    return {
        TORCH: Method(lambda: torch_over_all_lanes(lanes, some), lanes * some),
        TORCH_FIRST: Method(lambda: torch_over_all_lanes(lanes, some, coordinates_first=True), lanes * some),
        NUMBA: Method(lambda: numba_over_all_lanes(lanes, steps, _numba_kernel), lanes * steps),
        NUMBA_BLOCKS: Method(lambda: numba_over_all_lanes(lanes, steps, _numba_blocks), lanes * steps),
        C: Method(lambda: c_over_all_lanes(lanes, steps), lanes * steps),
        ONE_AT_A_TIME: Method(lambda: one_trajectory_at_a_time(steps), steps),
        TORCH_OPTIM: Method(lambda: torch_optim_one_at_a_time(few), few),
    }


def one_trajectory_at_a_time(steps: int) -> Callable[[], np.ndarray]:
    """The exercise's loop as it is: one start, one rate."""
    return lambda: seed_adam(np.array(ONE_START), ONE_RATE, np.array(CURVATURES), steps)


def torch_over_all_lanes(lanes: int, steps: int, *, coordinates_first: bool = False) -> Callable[[], Any]:
    """The same loop in tensors, in place where it can be; the axis of lanes before or after that of the coordinates."""
    torch = need("torch")
    rates, points = (torch.from_numpy(each) for each in all_lanes(lanes))
    rates, curvatures = rates[:, None], torch.tensor(CURVATURES)
    if not coordinates_first:
        return lambda: _torch_adam(torch, points, rates, curvatures, steps)
    rates, points = rates.T.contiguous(), points.T.contiguous()
    return lambda: _torch_adam(torch, points, rates, curvatures[:, None], steps).T


def _torch_adam(torch: Any, points: Any, rates: Any, curvatures: Any, steps: int) -> Any:
    w, s, r = points.clone(), torch.zeros_like(points), torch.zeros_like(points)
    with torch.no_grad():
        for t in range(1, steps + 1):
            g = curvatures * w
            s.mul_(0.9).add_(g, alpha=0.1)
            r.mul_(0.999).addcmul_(g, g, value=0.001)
            denominator = (r / (1 - 0.999**t)).sqrt_().add_(1e-8)
            w.sub_((s / (1 - 0.9**t)).mul_(rates).div_(denominator))
    return w


def torch_optim_one_at_a_time(steps: int) -> Callable[[], Any]:
    """What PyTorch's users write for one trajectory."""
    torch = need("torch")
    h = torch.tensor(CURVATURES)

    def final() -> Any:
        w = torch.tensor(ONE_START, requires_grad=True)
        optimizer = torch.optim.Adam([w], lr=ONE_RATE)
        for _ in range(steps):
            optimizer.zero_grad()
            (0.5 * (h * w * w).sum()).backward()
            optimizer.step()
        return w.detach()

    return final


def numba_over_all_lanes(lanes: int, steps: int, make: Callable[[Any], Any]) -> Callable[[], np.ndarray]:
    """A loop that numba compiles, on all cores."""
    kernel = make(need("numba"))
    rates, points = all_lanes(lanes)
    arguments = (rates, np.array(CURVATURES, np.float32), *_corrections(steps))
    return lambda: kernel(points, *arguments)


def _numba_kernel(numba: Any) -> Any:
    """A loop over lanes, and in each the loop over steps, all numbers of a lane in registers."""

    @numba.njit(**NUMBA_OPTIONS)
    def kernel(points: Any, rates: Any, h: Any, s_correction: Any, r_correction: Any) -> Any:
        end = np.empty_like(points)
        for lane in numba.prange(points.shape[0]):
            x, y, rate = points[lane, 0], points[lane, 1], rates[lane]
            sx = sy = rx = ry = np.float32(0)
            for t in range(s_correction.shape[0]):
                gx, gy = h[0] * x, h[1] * y
                sx, sy = B1 * sx + (ONE - B1) * gx, B1 * sy + (ONE - B1) * gy
                rx, ry = B2 * rx + (ONE - B2) * gx * gx, B2 * ry + (ONE - B2) * gy * gy
                x -= rate * (sx * s_correction[t]) / (np.sqrt(rx * r_correction[t]) + EPS)
                y -= rate * (sy * s_correction[t]) / (np.sqrt(ry * r_correction[t]) + EPS)
            end[lane, 0], end[lane, 1] = x, y
        return end

    return kernel


def _numba_blocks(numba: Any) -> Any:
    """A loop over blocks of lanes, in each the loop over steps, and in that ONE over lanes, which become vectors."""

    @numba.njit(**NUMBA_OPTIONS)
    def kernel(points: Any, rates: Any, h: Any, s_correction: Any, r_correction: Any) -> Any:
        end = np.empty_like(points)
        for block in numba.prange((len(points) + BLOCK - 1) // BLOCK):
            first, here = block * BLOCK, min(BLOCK, len(points) - block * BLOCK)
            rate = np.zeros(BLOCK, np.float32)
            w, s, r = (
                np.zeros((2, BLOCK), np.float32),
                np.zeros((2, BLOCK), np.float32),
                np.zeros((2, BLOCK), np.float32),
            )
            rate[:here], w[:, :here] = rates[first : first + here], points[first : first + here].T
            for t in range(len(s_correction)):
                for d in range(2):
                    for lane in range(BLOCK):
                        g = h[d] * w[d, lane]
                        s[d, lane] = B1 * s[d, lane] + (ONE - B1) * g
                        r[d, lane] = B2 * r[d, lane] + (ONE - B2) * g * g
                        w[d, lane] -= (
                            rate[lane] * (s[d, lane] * s_correction[t]) / (np.sqrt(r[d, lane] * r_correction[t]) + EPS)
                        )
            end[first : first + here] = w[:, :here].T
        return end

    return kernel


def _corrections(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """What Adam's two moments are multiplied by at each step, since both start at 0."""
    t = np.arange(1, steps + 1)
    return (1 / (1 - 0.9**t)).astype(np.float32), (1 / (1 - 0.999**t)).astype(np.float32)


def c_over_all_lanes(
    lanes: int, steps: int, threads: int | None = None, flags: tuple[str, ...] = ()
) -> Callable[[], np.ndarray]:
    """`adam.c` on so many threads, by default one a core, each with its part of the lanes."""
    threads = threads or cores()
    adam = _compiled_c(C_FLAGS + flags)
    rates, points = all_lanes(lanes)
    shared = [np.array(CURVATURES, np.float32), *_corrections(steps)]
    parts = list(zip(np.array_split(rates, threads), np.array_split(points, threads), strict=True))
    pool = ThreadPoolExecutor(threads)

    def run(part: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        part_rates, part_points = part
        moved = np.ascontiguousarray(part_points.T)
        arrays = [part_rates, *shared, moved]
        adam(len(part_rates), steps, *(each.ctypes.data_as(ctypes.POINTER(ctypes.c_float)) for each in arrays))
        return moved.T

    return lambda: np.concatenate(list(pool.map(run, parts)))


def _compiled_c(flags: tuple[str, ...]) -> Any:
    """The function in `adam.c`; calling it releases Python's lock."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise MissingPeerError("no C compiler: there is no 'cc' on the path")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "adam.so"
        command = [compiler, *flags, "-shared", "-fPIC", "-o", library, C_SOURCE, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise MissingPeerError(f"cc could not compile {C_SOURCE.name}: {done.stderr.strip()[:200]}")
        adam = ctypes.CDLL(str(library)).adam  # stays loaded when the file is gone
    pointer = ctypes.POINTER(ctypes.c_float)
    adam.argtypes, adam.restype = [ctypes.c_long, ctypes.c_long, *[pointer] * 5], None
    return adam
