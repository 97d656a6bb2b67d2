"""What ends a run: the text after `Error:`."""

from collections.abc import Iterator
from contextlib import contextmanager


class Failure(Exception):
    """`code` is the vendor's, where a vendor refused."""

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.code = code


@contextmanager
def during(what: str) -> Iterator[None]:
    """Say what was being done, as Go's programs do: the outermost first."""
    try:
        yield
    except Failure as failure:
        raise Failure(f"{what}: {failure}", code=failure.code) from failure


def not_simulated(what: str) -> Failure:
    return Failure(f"{what} is not simulated by the sandbox's eksctl")
