"""eksctl's lines: on standard output, each with its time and sign."""

import sys
from datetime import datetime
from typing import TextIO


class Lines:
    """`level` as `--verbose` takes it: 0 successes only, 1 and errors, 2 and warnings, 3 and information."""

    def __init__(self, level: int = 3, out: TextIO | None = None) -> None:
        self._level = level
        self._out = out or sys.stdout

    def info(self, text: str) -> None:
        self._say(3, "ℹ", text)

    def warning(self, text: str) -> None:
        self._say(2, "!", text)

    def critical(self, text: str) -> None:
        self._say(1, "✖", text + "\n")

    def success(self, text: str) -> None:
        self._say(0, "✔", text)

    def _say(self, level: int, sign: str, text: str) -> None:
        """A text that has a line break gets none at its end: so does eksctl, and its task trees run into the
        line that follows."""
        if self._level < level:
            return
        end = "" if "\n" in text else "\n"
        now = datetime.now().astimezone()
        self._out.write(f"{now:%Y-%m-%d %H:%M:%S} [{sign}]  {text}{end}")
        self._out.flush()
