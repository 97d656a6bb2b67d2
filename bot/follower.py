"""Keeps every message equal to what is stored: level-triggered, like a controller.

The journal is the outbox and the card a projection, so there is no queue of messages: each round looks at
what is stored and at what was last shown, and says the difference. A post is marked before it is made;
found marked after a crash, it is looked up by its key before it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from approvals.model import Request, RequestId, RequestStatus
from bot.ask import Ask, AskKind, AskState
from bot.card import Card
from bot.database import UnitOfWork
from bot.notify import Busy, Gone, Notifier, Posted
from bot.proposal import Proposal
from bot.service import WorkspaceService
from bot.texts import Texts
from bot.thread import Purpose, Thread, ThreadState
from bot.views.request import request_card
from bot.views.status import Finding, looked_card, refused_card
from bot.views.thread import CALLS, Moment, direct_card, thread_line
from provisioner.message import Message
from provisioner.run import Clock, Entry, EntryKind, Run, RunId
from provisioner.workspace import WorkspaceSpec

log = structlog.get_logger()

CARD_EVERY = timedelta(seconds=1)
"""A burst of changes becomes one update; the notifier's own budget guards Slack's limit."""

_GONE_AGAIN = timedelta(minutes=1)
_BROKEN_AGAIN = timedelta(seconds=30)
_LOOK_BACK = timedelta(minutes=5)
_ASKS_A_ROUND = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is stored about one request."""

    proposal: Proposal
    request: Request
    run: Run | None
    entries: Sequence[Entry]  # of the run, those its thread has not told

    @property
    def over(self) -> bool:
        """Nothing will change any more."""
        if self.request.status is RequestStatus.APPROVED:
            return self.run is not None and not self.run.active
        return not self.request.pending


class Follower:
    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        service: WorkspaceService,
        notifier: Notifier,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._units = units
        self._service = service
        self._notifier = notifier
        self._texts = texts
        self._clock = clock

    def follow_once(self) -> int:
        """One round over all that is owed; how many messages went out. Never raises for one that did not."""
        now = self._clock.now()
        with self._units() as unit:
            threads = unit.threads.open(now)
            asks = unit.asks.due(AskState.ANSWERED, now, _ASKS_A_ROUND)
        return sum(self._try_thread(thread) for thread in threads) + sum(self._try_ask(ask) for ask in asks)

    # ---------------------------------------------------------------------------------- one thread

    def _try_thread(self, thread: Thread) -> int:
        try:
            return self._direct(thread) if thread.purpose is Purpose.DIRECT else self._card(thread)
        except Busy as busy:
            log.info("message delayed", thread=thread.key, why=str(busy))
            self._put_off(thread.key, timedelta(seconds=busy.retry_after))
        except Gone as gone:
            log.warning("message cannot be shown", thread=thread.key, why=str(gone.why))
            self._give_up(thread)
        except Exception:
            log.exception("message broke", thread=thread.key)
            self._put_off(thread.key, _BROKEN_AGAIN)
        return 0

    def _card(self, thread: Thread) -> int:
        story = self._story(thread)
        card = request_card(story.proposal, story.request, story.run)
        if thread.state in {ThreadState.NEW, ThreadState.SENDING}:
            thread = self._post(thread, card, asked_at=story.request.asked_at)
            self._owe(thread, story)
            return 1
        said = 0
        if card.digest != thread.digest and self._may_update(thread, story):
            self._notifier.update(_at(thread), card, key=thread.key, language=thread.language)
            thread = self._save(replace(thread, digest=card.digest, shown_at=self._clock.now()))
            said += 1
        self._owe(thread, story)
        for entry in story.entries:
            thread, spoken = self._tell(thread, story, entry)
            said += spoken
        if story.over and card.digest == thread.digest:
            self._save(replace(thread, state=ThreadState.CLOSED))
        return said

    def _may_update(self, thread: Thread, story: Story) -> bool:
        """The last word at once; what comes before it, not more often than people read."""
        return story.over or thread.shown_at is None or self._clock.now() - thread.shown_at >= CARD_EVERY

    def _post(self, thread: Thread, card: Card, *, asked_at: datetime) -> Thread:
        found: Posted | None = None
        if thread.state is ThreadState.SENDING:
            since = asked_at - _LOOK_BACK
            found = self._notifier.find(thread.channel, thread.key, since=since, root_ts=thread.root_ts)
        thread = self._save(replace(thread, state=ThreadState.SENDING))
        at = found or self._notifier.post(
            thread.channel, card, key=thread.key, language=thread.language, root_ts=thread.root_ts
        )
        # A card found again may show an older state: its digest is left empty and it is drawn anew.
        return self._save(
            replace(
                thread,
                state=ThreadState.SENT,
                channel=at.channel,
                ts=at.ts,
                link=self._notifier.link(at),
                digest="" if found else card.digest,
                shown_at=self._clock.now(),
            )
        )

    def _tell(self, thread: Thread, story: Story, entry: Entry) -> tuple[Thread, int]:
        """One line of the journal, once. Returns the thread, and 1 if something was said."""
        line = thread_line(entry)
        if line is None or story.run is None:
            return self._save(replace(thread, told=entry.number)), 0
        key = f"{story.run.id}#{entry.number}"
        root = Posted(thread.channel, thread.root_ts or thread.ts)
        doubtful = thread.sending == entry.number
        if doubtful and self._notifier.find(
            thread.channel, key, since=entry.at - _LOOK_BACK, root_ts=root.ts
        ):
            return self._save(replace(thread, told=entry.number, sending=0)), 0
        thread = self._save(replace(thread, sending=entry.number))
        mention = _called(story.request) if entry.kind in CALLS else ()
        self._notifier.reply(root, line, key=key, language=thread.language, mention=mention)
        return self._save(replace(thread, told=entry.number, sending=0)), 1

    # ----------------------------------------------------------------------------- direct messages

    def _owe(self, thread: Thread, story: Story) -> None:
        """A row for each direct message that is owed by now; those that stand are left alone."""
        if not thread.link:
            return
        language = self._texts.for_locale(story.proposal.locale).language
        with self._units() as unit:
            for moment, number in _moments(story):
                unit.threads.add(
                    Thread(
                        key=f"{thread.request_id}/{moment.value}" + (f"#{number}" if number else ""),
                        request_id=thread.request_id,
                        purpose=Purpose.DIRECT,
                        channel=story.request.asked_by,
                        language=language,
                        link=thread.link,
                    )
                )
            unit.commit()

    def _direct(self, thread: Thread) -> int:
        moment = Moment(thread.key.split("/")[1].split("#")[0])
        story = self._story(thread)
        card = direct_card(moment, story.proposal, story.request, thread.link)
        found: Posted | None = None
        if thread.state is ThreadState.SENDING:
            since = story.request.asked_at - _LOOK_BACK
            found = self._notifier.find(thread.channel, thread.key, since=since)
        thread = self._save(replace(thread, state=ThreadState.SENDING))
        at = found or self._notifier.post(thread.channel, card, key=thread.key, language=thread.language)
        self._save(replace(thread, state=ThreadState.CLOSED, channel=at.channel, ts=at.ts))
        return 1

    # --------------------------------------------------------------------------------------- asks

    def _try_ask(self, ask: Ask) -> int:
        try:
            self._answer(ask)
        except Busy as busy:
            next_at = self._clock.now() + timedelta(seconds=busy.retry_after)
            self._save_ask(replace(ask, next_at=next_at, sending=ask.kind is AskKind.STATUS))
            return 0
        except Gone as gone:
            log.warning("answer cannot be given", ask=ask.key, why=str(gone.why))
        except Exception:
            log.exception("answer broke", ask=ask.key)
            self._save_ask(replace(ask, next_at=self._clock.now() + _BROKEN_AGAIN))
            return 0
        self._save_ask(replace(ask, state=AskState.CLOSED))
        return 1

    def _answer(self, ask: Ask) -> None:
        """Private answers may come twice after a crash, and never get lost; those in a thread come once."""
        language = self._texts.for_locale(ask.locale).language
        if ask.kind is not AskKind.STATUS:
            card = _private(ask)
            self._notifier.whisper(ask.channel, ask.user, card, language=language, root_ts=ask.thread_ts)
            return
        if ask.sending and self._notifier.find(
            ask.channel, ask.key, since=ask.at - _LOOK_BACK, root_ts=ask.thread_ts
        ):
            return
        card = self._service.status(str(ask.spec["project"]))
        self._save_ask(replace(ask, sending=True))
        self._notifier.post(ask.channel, card, key=ask.key, language=language, root_ts=ask.thread_ts)

    # ------------------------------------------------------------------------------------- storing

    def _story(self, thread: Thread) -> Story:
        with self._units() as unit:
            request = unit.requests.get(RequestId(thread.request_id))
            proposal = unit.proposals.get(request.id)
            run = None
            if request.status is RequestStatus.APPROVED:
                run = unit.runs.get(RunId(proposal.run_id or f"{request.id}.1"))
            # The thread of the first request tells the run's whole journal, also after a new approval.
            tells = run is not None and not proposal.run_id
            entries = unit.journal.since(run.id, thread.told) if run and tells else ()
        return Story(proposal=proposal, request=request, run=run, entries=entries)

    def _save(self, thread: Thread) -> Thread:
        thread = replace(thread, tries=0, next_at=None)
        with self._units() as unit:
            unit.threads.save(thread)
            unit.commit()
        return thread

    def _save_ask(self, ask: Ask) -> None:
        with self._units() as unit:
            unit.asks.save(ask)
            unit.commit()

    def _put_off(self, key: str, pause: timedelta) -> None:
        with self._units() as unit:
            thread = unit.threads.get(key)
            if thread is not None:
                next_at = self._clock.now() + pause
                unit.threads.save(replace(thread, tries=thread.tries + 1, next_at=next_at))
                unit.commit()

    def _give_up(self, thread: Thread) -> None:
        """A person who is gone is left alone; a channel may come back, so its cards are tried again."""
        if thread.purpose is Purpose.CARD:
            self._put_off(thread.key, _GONE_AGAIN)
        else:
            self._save(replace(thread, state=ThreadState.CLOSED))


def _at(thread: Thread) -> Posted:
    return Posted(thread.channel, thread.ts)


def _called(request: Request) -> tuple[str, ...]:
    return tuple(dict.fromkeys((request.asked_by, *(decision.actor for decision in request.decisions))))


_ENTRY_MOMENTS = {
    EntryKind.FAILED: Moment.FAILED,
    EntryKind.PARKED: Moment.PARKED,
    EntryKind.CANCELLED: Moment.CANCELLED,
    EntryKind.SUCCEEDED: Moment.READY,
}


def _moments(story: Story) -> Iterable[tuple[Moment, int]]:
    """When the person who asked is to be told, with the journal number where it may happen again."""
    match story.request.status:
        case RequestStatus.APPROVED:
            yield Moment.APPROVED, 0
        case RequestStatus.REJECTED:
            yield Moment.REJECTED, 0
        case RequestStatus.EXPIRED:
            yield Moment.EXPIRED, 0
    for entry in story.entries:
        if entry.kind in _ENTRY_MOMENTS:
            yield _ENTRY_MOMENTS[entry.kind], entry.number


def _private(ask: Ask) -> Card:
    if ask.kind is AskKind.LOOK:
        findings = [Finding.from_json(found) for found in _list(ask.outcome["findings"])]
        return looked_card(str(ask.spec["project"]), findings)
    reasons = [Message.from_json(reason) for reason in _list(ask.outcome["reasons"])]
    return refused_card(WorkspaceSpec.from_json(ask.spec), reasons, ask.key)


def _list(data: object) -> list[dict[str, object]]:
    if not isinstance(data, list):
        raise TypeError(f"an outcome is not as it was stored: {data!r}")
    return data
