"""Replies to people: each answered submission once, to the person who sent it, where they sent it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.model.card import Card
from bot.model.notifier import BROKEN_AGAIN, LOOK_BACK, TRIES_MOST, Busy, Gone, Notifier, longer
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.requests.service import WorkspaceService
from bot.storage.database import UnitOfWork
from bot.texts import Texts
from bot.views.status import Finding, looked_card, refused_card, unseen_card
from provisioner.engine.run import Clock
from provisioner.engine.stage import Goal
from provisioner.message import Message

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    units: Callable[[], UnitOfWork]
    service: WorkspaceService
    notifier: Notifier
    texts: Texts
    clock: Clock
    command: str  # the slash command, for what people may type next

    def give(self, submission: Submission) -> int:
        """Tell what was answered; 1, or 0 when it has to be tried again. Raises what the database does."""
        try:
            self._tell(submission)
        except Busy as busy:
            next_at = self.clock.now() + timedelta(seconds=busy.retry_after)
            self._save(replace(submission, next_at=next_at, sending=submission.kind is SubmissionKind.STATUS))
            return 0
        except Gone as gone:
            log.warning("answer cannot be given", submission=submission.key, why=str(gone.why))
        except Exception:
            log.exception("answer broke", submission=submission.key)
            if submission.tries < TRIES_MOST:
                pause = longer(BROKEN_AGAIN, submission.tries)
                sending = submission.kind is SubmissionKind.STATUS  # it may have got out before it broke
                again = replace(
                    submission, tries=submission.tries + 1, next_at=self.clock.now() + pause, sending=sending
                )
                self._save(again)
                return 0
        self._save(replace(submission, state=SubmissionState.CLOSED))
        return 1

    def _tell(self, submission: Submission) -> None:
        """Private answers may come twice after a crash, and never get lost; those in a thread come once."""
        language = self.texts.for_locale(submission.locale).language
        if submission.kind is not SubmissionKind.STATUS:
            card = self._private(submission)
            self.notifier.whisper(
                submission.channel, submission.user, card, language=language, root_ts=submission.thread_ts
            )
            return
        if submission.sending and self.notifier.find(
            submission.channel, submission.key, since=submission.at - LOOK_BACK, root_ts=submission.thread_ts
        ):
            return
        card = self.service.status(str(submission.spec["project"]))
        self._save(replace(submission, sending=True))
        self.notifier.post(
            submission.channel, card, key=submission.key, language=language, root_ts=submission.thread_ts
        )

    def _private(self, submission: Submission) -> Card:
        project = str(submission.spec["project"])
        if "findings" in submission.outcome:
            findings = [Finding.from_json(found) for found in _list(submission.outcome["findings"])]
            goal = Goal(str(submission.outcome.get("goal", Goal.PRESENT.value)))  # older ones do not say it
            return looked_card(project, findings, goal)
        reasons = [Message.from_json(reason) for reason in _list(submission.outcome["reasons"])]
        if submission.kind is SubmissionKind.LOOK:
            return unseen_card(project, reasons)
        return refused_card(submission, reasons, self.command)

    def _save(self, submission: Submission) -> None:
        with self.units() as unit:
            unit.submissions.save(submission)
            unit.commit()


def _list(data: object) -> list[dict[str, object]]:
    if not isinstance(data, list):
        raise TypeError(f"an outcome is not as it was stored: {data!r}")
    return data
