"""Where submissions are answered: each by itself, so many side by side, none taken twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

import structlog

from bot.model.submission import Submission, SubmissionKind

log = structlog.get_logger()

Start: TypeAlias = Callable[[Callable[[], None]], None]


def in_a_thread(work: Callable[[], None]) -> None:
    """One that keeps no process from ending: what is not answered is answered by the next."""
    threading.Thread(target=work, name="answer", daemon=True).start()


class Lane:
    """For these kinds. In memory only: what a kill leaves behind is still due in the database."""

    def __init__(
        self, kinds: Collection[SubmissionKind], *, at_once: int, freed: Callable[[], None], start: Start
    ) -> None:
        """`freed` is called when there is room for another."""
        self.kinds = frozenset(kinds)
        self.at_once = at_once
        self._freed = freed
        self._start = start
        self._in_hand: set[str] = set()
        self._changed = threading.Condition()  # over that

    def in_hand(self) -> frozenset[str]:
        """The keys of those that are being answered."""
        with self._changed:
            return frozenset(self._in_hand)

    def take(self, due: Iterable[Submission], answer: Callable[[Submission], None]) -> int:
        """Begin to answer as many as there is room for; how many."""
        return sum(self._take(submission, answer) for submission in due)

    def wait(self, within: float) -> bool:
        """Until nothing is in hand, at most so many seconds; whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._in_hand, within)

    def _take(self, submission: Submission, answer: Callable[[Submission], None]) -> bool:
        with self._changed:
            if len(self._in_hand) >= self.at_once or submission.key in self._in_hand:
                return False
            self._in_hand.add(submission.key)

        def work() -> None:
            try:
                answer(submission)
            except Exception:  # the thread's end: the submission is still due
                log.exception("submission not answered", submission=submission.key)
            finally:
                with self._changed:
                    self._in_hand.discard(submission.key)
                    self._changed.notify_all()
                self._freed()

        self._start(work)
        return True
