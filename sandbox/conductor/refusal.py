"""An answer that is not a good one."""

from typing import Any


class Refused(Exception):
    """`detail` is what stands under that key: a string, a list of faults, or an object."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(str(status))
        self.status = status
        self.detail = detail


def bad(module: str, words: str) -> Refused:
    """A conflict, or something that is not there: always 400, with "module : message"."""
    return Refused(400, f"app.handlers.{module}_v1_0 : {words}")
