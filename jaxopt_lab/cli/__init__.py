"""The command line: parse, one public call, write. Mistakes are one sentence and exit status 2."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``jaxopt-lab`` and leave the process: 0 when it did what was asked, 2 when that was not possible.

    Args:
        arguments: the words after the command's name; by default those of the process.
    """
    os.environ.setdefault("MPLBACKEND", "agg")  # figures go to files: no window, no display needed
    try:
        _run(arguments)
    except (ValueError, TypeError) as error:
        _leave(str(error))
    except MemoryError as error:
        _leave(f"there is not enough memory: {error}; ask for less at a time; nothing was left half-written")
    except BrokenPipeError:  # whoever read the output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        _leave(f"{error.filename or 'the output'}: {error.strerror or error}; nothing was left half-written")
    except KeyboardInterrupt as error:
        left = str(error) or "nothing was left half-written"
        print(f"jaxopt-lab: interrupted; {left}", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def _run(arguments: Sequence[str] | None) -> None:
    from cyclopts import CycloptsError

    from jaxopt_lab.cli.app import app
    from jaxopt_lab.engine.cache import keep_compiled
    from jaxopt_lab.engine.xla import started, tune_xla

    if not started():  # where a program calls this function, XLA's options and its cache are that program's
        tune_xla()
        keep_compiled()
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_none")
    except CycloptsError as error:
        _leave(f"{error} (see jaxopt-lab --help)")


def _leave(sentence: str) -> NoReturn:
    print(f"jaxopt-lab: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(2)
