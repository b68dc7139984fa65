"""Every benchmark in turn, each in a process of its own, its JSON and its table into `benchmarks/results/`.

    .venv/bin/python benchmarks/all.py [--folder benchmarks/results] [engine networks ...]

Without names, all of them. A script that fails is named at the end, and the others run all the same.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = (
    *("engine", "breakdown", "networks", "scaling", "memory", "early_finish", "startup", "device", "rounding"),
    "landscape",
    "logs",
    *("metrics", "bootstrap", "interval_coverage", "doctor", "transfer"),
)


def run(name: str, folder: Path) -> bool:
    """Run one script; whether it succeeded."""
    print(f"== {name}", flush=True)
    command = [sys.executable, HERE / f"{name}.py", "--out", folder / f"{name}.json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    print(done.stdout, flush=True)
    if done.returncode == 0:
        (folder / f"{name}.txt").write_text(done.stdout, encoding="utf-8")
    return done.returncode == 0


def main(arguments: list[str]) -> None:
    """Run the scripts that are named, or all."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", help=f"of {', '.join(SCRIPTS)}; none: all")
    options.add_argument("--folder", type=Path, default=HERE / "results")
    chosen = options.parse_args(arguments)
    if unknown := set(chosen.names) - set(SCRIPTS):
        options.error(f"there is no {min(unknown)}; choose of {', '.join(SCRIPTS)}")
    chosen.folder.mkdir(exist_ok=True)
    failed = [name for name in chosen.names or SCRIPTS if not run(name, chosen.folder)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
