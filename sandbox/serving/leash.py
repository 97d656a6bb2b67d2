"""Becomes another program that dies with its parent, even when the parent is killed with -9.

Run as a script: `python -S leash.py PARENT_PID PROGRAM ARGUMENT...`. The process keeps its id, so killing
it kills the program. Where the system has no parent-death signal (it is Linux's), the program simply runs.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)  # the parent died before the leash was on
    os.execv(program[0], program)  # noqa: S606  the sandbox's own programs


if __name__ == "__main__":
    main()
