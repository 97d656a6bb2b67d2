"""Tells people what was found out for them: each answered ask once, to whoever asked, where they asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.ask import Ask, AskKind, AskState
from bot.card import Card
from bot.database import UnitOfWork
from bot.notify import BROKEN_AGAIN, LOOK_BACK, TRIES_MOST, Busy, Gone, Notifier, longer
from bot.service import WorkspaceService
from bot.texts import Texts
from bot.views.status import Finding, looked_card, refused_card, unseen_card
from provisioner.message import Message
from provisioner.run import Clock
from provisioner.stage import Goal

log = structlog.get_logger()

_ASKS_A_ROUND = 20


class Answers:
    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        service: WorkspaceService,
        notifier: Notifier,
        texts: Texts,
        clock: Clock,
        command: str,
    ) -> None:
        """`command` is the slash command, for what people may type next."""
        self._units = units
        self._service = service
        self._notifier = notifier
        self._texts = texts
        self._clock = clock
        self._command = command

    def give(self) -> int:
        """One round over the asks that are answered and not told; how many were. Never raises for one."""
        with self._units() as unit:
            asks = unit.asks.due(AskState.ANSWERED, self._clock.now(), _ASKS_A_ROUND)
        return sum(self._try(ask) for ask in asks)

    def _try(self, ask: Ask) -> int:
        try:
            self._tell(ask)
        except Busy as busy:
            next_at = self._clock.now() + timedelta(seconds=busy.retry_after)
            self._save(replace(ask, next_at=next_at, sending=ask.kind is AskKind.STATUS))
            return 0
        except Gone as gone:
            log.warning("answer cannot be given", ask=ask.key, why=str(gone.why))
        except Exception:
            log.exception("answer broke", ask=ask.key)
            if ask.tries < TRIES_MOST:
                pause = longer(BROKEN_AGAIN, ask.tries)
                sending = ask.kind is AskKind.STATUS  # it may have got out before it broke
                again = replace(ask, tries=ask.tries + 1, next_at=self._clock.now() + pause, sending=sending)
                self._save(again)
                return 0
        self._save(replace(ask, state=AskState.CLOSED))
        return 1

    def _tell(self, ask: Ask) -> None:
        """Private answers may come twice after a crash, and never get lost; those in a thread come once."""
        language = self._texts.for_locale(ask.locale).language
        if ask.kind is not AskKind.STATUS:
            card = self._private(ask)
            self._notifier.whisper(ask.channel, ask.user, card, language=language, root_ts=ask.thread_ts)
            return
        if ask.sending and self._notifier.find(
            ask.channel, ask.key, since=ask.at - LOOK_BACK, root_ts=ask.thread_ts
        ):
            return
        card = self._service.status(str(ask.spec["project"]))
        self._save(replace(ask, sending=True))
        self._notifier.post(ask.channel, card, key=ask.key, language=language, root_ts=ask.thread_ts)

    def _private(self, ask: Ask) -> Card:
        project = str(ask.spec["project"])
        if "findings" in ask.outcome:
            findings = [Finding.from_json(found) for found in _list(ask.outcome["findings"])]
            goal = Goal(str(ask.outcome.get("goal", Goal.PRESENT.value)))  # older ones do not say it
            return looked_card(project, findings, goal)
        reasons = [Message.from_json(reason) for reason in _list(ask.outcome["reasons"])]
        if ask.kind is AskKind.LOOK:
            return unseen_card(project, reasons)
        return refused_card(ask, reasons, self._command)

    def _save(self, ask: Ask) -> None:
        with self._units() as unit:
            unit.asks.save(ask)
            unit.commit()


def _list(data: object) -> list[dict[str, object]]:
    if not isinstance(data, list):
        raise TypeError(f"an outcome is not as it was stored: {data!r}")
    return data
