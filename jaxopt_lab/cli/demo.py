"""``jaxopt-lab demo``: the four laboratories, and one page of what they found."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jaxopt_lab.cli.device import announce_device
from jaxopt_lab.cli.values import Whole


def demo(
    *,
    out: Path = Path("demo"),
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    seed: Whole = 0,
    require: str | None = None,
) -> None:
    """Run the four laboratories and leave a folder with figures, summary.json and index.html.

    Args:
        out: the folder to write.
        overwrite: replace a report that lies there already.
        seed: the root of all random numbers.
        require: refuse to run on another device than this one: cpu, gpu or tpu.
    """
    from jaxopt_lab.labs import curves, imbalance, paths, saddles
    from jaxopt_lab.report import check_folder, write_report

    check_folder(out, overwrite=overwrite)
    announce_device(require)
    laboratories = {
        "paths": lambda: paths.run(seed=seed, progress=True),
        "saddles": lambda: saddles.run(seed=seed),
        "curves": lambda: curves.run(seed=seed),
        "imbalance": lambda: imbalance.run(seed=seed),
    }
    findings = []
    for place, (name, laboratory) in enumerate(laboratories.items(), 1):
        print(f"[{place}/{len(laboratories)}] {name} ...", flush=True)
        start = time.perf_counter()
        findings.append(laboratory())
        print(f"      {findings[-1].title}: {time.perf_counter() - start:.1f} s", flush=True)
    page = write_report(findings, out, overwrite=overwrite)
    print(f"figures, summary.json and the page to look at: {page}")
