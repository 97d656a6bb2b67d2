"""Puts the stand-in on somebody's PATH."""

import shlex
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from sandbox.eksctl.__main__ import start; start()"


def make_program(folder: Path) -> Path:
    """Write an executable `eksctl` into `folder`.

    It needs nothing of the caller's environment but what the real one needs, and keeps its working folder:
    paths of config files stay good.
    """
    path = folder / "eksctl"
    words = [sys.executable, "-I", "-c", _START, str(_ROOT)]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o755)
    return path
