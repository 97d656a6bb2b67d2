"""Several people at once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any


class Meanwhile:
    """Acts that run while the test goes on; leaving waits for all of them."""

    def __init__(self, *acts: Callable[[], dict[str, Any]]) -> None:
        self._pool = ThreadPoolExecutor(max_workers=max(len(acts), 1))
        self._acts = acts
        self._futures: list[Future[dict[str, Any]]] = []

    def __enter__(self) -> "Meanwhile":
        self._futures = [self._pool.submit(act) for act in self._acts]
        return self

    def result(self, number: int = 0) -> dict[str, Any]:
        return self._futures[number].result(timeout=20)

    def results(self) -> list[dict[str, Any]]:
        return [future.result(timeout=20) for future in self._futures]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
