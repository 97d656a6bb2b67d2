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
from bot.messages.replies import Replies
from bot.model.card import Card
from bot.model.notifier import BROKEN_AGAIN, LOOK_BACK, TRIES_MOST, Busy, Gone, Notifier, Posted, longer
from bot.model.tracked_message import MessageState, Purpose, TrackedMessage
from bot.requests.queries import case_of
from bot.requests.service import WorkspaceService
from bot.requests.transitions import redraw
from bot.storage.database import UnitOfWork
from bot.texts import Texts
from bot.views.direct import DirectMessageKind, direct_card
from bot.views.request import request_card
from bot.views.request_view import NO_LINKS, Links, RenderContext, RequestView
from bot.views.thread import CALLS, thread_line
from provisioner.engine.run import Clock, Entry, EntryKind

log = structlog.get_logger()

CARD_EVERY = timedelta(seconds=1)
"""A burst of changes becomes one update; the notifier's own budget guards Slack's limit."""

_GONE_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that is stored about one request, and how far it was told."""

    case: RequestView
    entries: Sequence[Entry]  # of the run, those its thread has not told
    owed: frozenset[str]  # keys of all messages that are owed, or were sent, already

    @property
    def request(self) -> Request:
        return self.case.request

    @property
    def over(self) -> bool:
        """Nothing will change any more."""
        run = self.case.run
        if self.request.status is RequestStatus.APPROVED:
            return run is not None and not run.active
        return not self.request.pending


class MessageSync:
    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        service: WorkspaceService,
        notifier: Notifier,
        texts: Texts,
        clock: Clock,
        command: str,
        links: Links = NO_LINKS,
    ) -> None:
        """`command` is the slash command, for what people may type next; `links` what they may open."""
        self._units = units
        self._notifier = notifier
        self._texts = texts
        self._clock = clock
        self._frame = RenderContext(command=command, platform=service.platform, links=links)
        self._replies = Replies(
            units=units, service=service, notifier=notifier, texts=texts, clock=clock, command=command
        )

    def sync_once(self) -> int:
        """One round over all that is owed; how many messages went out. Never raises for one that did not."""
        with self._units() as unit:
            threads = unit.threads.open(self._clock.now())
        return sum(self._try_thread(thread) for thread in threads) + self._replies.give()

    # ---------------------------------------------------------------------------------- one thread

    def _try_thread(self, thread: TrackedMessage) -> int:
        try:
            return self._direct(thread) if thread.purpose is Purpose.DIRECT else self._card(thread)
        except Busy as busy:
            log.info("message delayed", thread=thread.key, why=str(busy))
            pause = timedelta(seconds=busy.retry_after)
            self._save(replace(self._read(thread), next_at=self._clock.now() + pause))
        except Gone as gone:
            log.warning("message cannot be shown", thread=thread.key, why=str(gone.why))
            self._give_up(self._read(thread))
        except Exception:
            log.exception("message broke", thread=thread.key)
            thread = self._read(thread)
            self._put_off(thread, longer(BROKEN_AGAIN, thread.tries))
        return 0

    def _card(self, thread: TrackedMessage) -> int:
        snapshot = self._snapshot(thread)
        card = request_card(snapshot.case, self._frame)
        if thread.state in {MessageState.NEW, MessageState.SENDING}:
            try:
                thread = self._post(thread, card, asked_at=snapshot.request.asked_at)
            except Gone:
                self._owe(thread, snapshot, _moments(snapshot, seen=False))
                raise
            self._owe(thread, snapshot, _moments(snapshot))
            return 1
        self._owe(thread, snapshot, _moments(snapshot))
        said = spoken = 0
        for entry in snapshot.entries:
            thread, spoken = self._tell(thread, snapshot, entry)
            said += spoken
        if snapshot.entries and not spoken:  # those of which nothing is said are not stored one by one
            self._save(thread)
        # Last: a card that somebody deleted, or whose turn it is not, keeps nothing else from being told.
        if card.digest != thread.digest and self._may_update(thread, snapshot):
            self._notifier.update(_at(thread), card, key=thread.key, language=thread.language)
            thread = self._save(_well(replace(thread, digest=card.digest, shown_at=self._clock.now())))
            said += 1
        if snapshot.over and card.digest == thread.digest:
            self._close(thread)
        return said

    def _close(self, thread: TrackedMessage) -> None:
        """Unless something that the card shows has changed since it was drawn."""
        with self._units() as unit:
            case = case_of(unit, unit.requests.get(RequestId(thread.request_id)))
            if request_card(case, self._frame).digest == thread.digest:
                unit.threads.save(replace(thread, state=MessageState.CLOSED))
                unit.commit()

    def _may_update(self, thread: TrackedMessage, snapshot: Snapshot) -> bool:
        """The last word at once; what comes before it, not more often than people read."""
        return snapshot.over or thread.shown_at is None or self._clock.now() - thread.shown_at >= CARD_EVERY

    def _once(self, thread: TrackedMessage, card: Card, *, asked_at: datetime) -> tuple[Posted, bool]:
        """Post it, unless a post that was begun has arrived; where it stands, and whether it was found."""
        found: Posted | None = None
        if thread.state is MessageState.SENDING:
            since = asked_at - LOOK_BACK
            found = self._notifier.find(thread.channel, thread.key, since=since, root_ts=thread.root_ts)
        self._save(replace(thread, state=MessageState.SENDING))
        at = found or self._notifier.post(
            thread.channel, card, key=thread.key, language=thread.language, root_ts=thread.root_ts
        )
        return at, found is not None

    def _post(self, thread: TrackedMessage, card: Card, *, asked_at: datetime) -> TrackedMessage:
        at, found = self._once(thread, card, asked_at=asked_at)
        # A card found again may show an older state: its digest is left empty and it is drawn anew.
        sent = replace(
            thread,
            state=MessageState.SENT,
            channel=at.channel,
            ts=at.ts,
            link=self._notifier.link(at),
            digest="" if found else card.digest,
            shown_at=self._clock.now(),
        )
        saved = self._save(_well(sent))
        self._point_at(saved)
        return saved

    def _point_at(self, thread: TrackedMessage) -> None:
        """The card of the project's newest run names this request: now with the way to it."""
        with self._units() as unit:
            request = unit.requests.get(RequestId(thread.request_id))
            run = unit.runs.latest(request.subject.target)
            if run is not None and run.reference != request.id:
                redraw(unit, run)
                unit.commit()

    def _tell(self, thread: TrackedMessage, snapshot: Snapshot, entry: Entry) -> tuple[TrackedMessage, int]:
        """One line of the journal, once. Returns the thread, and 1 if something was said."""
        line = thread_line(entry)
        run = snapshot.case.run
        if line is None or run is None:
            return replace(thread, told=entry.number), 0
        key = f"{run.id}#{entry.number}"
        root = Posted(thread.channel, thread.root_ts or thread.ts)
        doubtful = thread.sending == entry.number
        if doubtful and self._notifier.find(thread.channel, key, since=entry.at - LOOK_BACK, root_ts=root.ts):
            return self._save(_well(replace(thread, told=entry.number, sending=0))), 0
        thread = self._save(replace(thread, sending=entry.number))
        mention = _called(snapshot.request) if entry.kind in CALLS else ()
        self._notifier.reply(root, line, key=key, language=thread.language, mention=mention)
        return self._save(_well(replace(thread, told=entry.number, sending=0))), 1

    # ----------------------------------------------------------------------------- direct messages

    def _owe(
        self, thread: TrackedMessage, snapshot: Snapshot, moments: Iterable[tuple[DirectMessageKind, int]]
    ) -> None:
        """A row for each direct message that is owed by now; those that stand are left alone.

        Before the lines of the journal are told: what is told is not looked at again.
        """
        keys = [_direct_key(thread.request_id, moment, number) for moment, number in moments]
        missing = [key for key in keys if key not in snapshot.owed]
        if not missing:
            return
        language = self._texts.for_locale(snapshot.case.proposal.locale).language
        with self._units() as unit:
            for key in missing:
                unit.threads.add(
                    TrackedMessage(
                        key=key,
                        request_id=thread.request_id,
                        purpose=Purpose.DIRECT,
                        channel=snapshot.request.asked_by,
                        language=language,
                        link=thread.link,
                    )
                )
            unit.commit()

    def _direct(self, thread: TrackedMessage) -> int:
        moment = DirectMessageKind(thread.key.split("/")[1].split("#")[0])
        snapshot = self._snapshot(thread)
        card = direct_card(moment, snapshot.case, thread.link)
        at, _ = self._once(thread, card, asked_at=snapshot.request.asked_at)
        self._save(replace(thread, state=MessageState.CLOSED, channel=at.channel, ts=at.ts))
        return 1

    # ------------------------------------------------------------------------------------- storing

    def _snapshot(self, thread: TrackedMessage) -> Snapshot:
        with self._units() as unit:
            case = case_of(unit, unit.requests.get(RequestId(thread.request_id)))
            # The thread of the first request tells the run's whole journal, also after a new approval.
            tells = not case.proposal.run_id and thread.purpose is Purpose.CARD
            entries = unit.journal.since(case.run.id, thread.told) if case.run and tells else ()
            owed = frozenset(other.key for other in unit.threads.for_request(thread.request_id))
        return Snapshot(case=case, entries=entries, owed=owed)

    def _read(self, thread: TrackedMessage) -> TrackedMessage:
        with self._units() as unit:
            return unit.threads.get(thread.key) or thread

    def _save(self, thread: TrackedMessage) -> TrackedMessage:
        with self._units() as unit:
            unit.threads.save(thread)
            unit.commit()
        return thread

    def _give_up(self, thread: TrackedMessage) -> None:
        """A person who is gone is left alone. A channel may come back, so its cards are tried again.

        What is over is tried ever less often and at last no more. What is not, every minute, because the
        person who asked is told of its end in the same round.
        """
        over = self._snapshot(thread).over
        if thread.purpose is Purpose.DIRECT or (over and thread.tries >= TRIES_MOST):
            self._save(replace(thread, state=MessageState.CLOSED))
        elif over:
            self._put_off(thread, longer(_GONE_AGAIN, thread.tries))
        else:
            self._save(replace(thread, next_at=self._clock.now() + _GONE_AGAIN))

    def _put_off(self, thread: TrackedMessage, pause: timedelta) -> None:
        next_at = self._clock.now() + pause
        self._save(replace(thread, tries=thread.tries + 1, next_at=next_at))


def _well(thread: TrackedMessage) -> TrackedMessage:
    """Something got out, so the pauses begin anew."""
    return replace(thread, tries=0, next_at=None)


def _direct_key(request_id: str, moment: DirectMessageKind, number: int) -> str:
    return f"{request_id}/{moment.value}#{number}" if number else f"{request_id}/{moment.value}"


def _at(thread: TrackedMessage) -> Posted:
    return Posted(thread.channel, thread.ts)


def _called(request: Request) -> tuple[str, ...]:
    return tuple(dict.fromkeys((request.asked_by, *(decision.actor for decision in request.decisions))))


_ENTRY_MOMENTS = {
    EntryKind.FAILED: DirectMessageKind.FAILED,
    EntryKind.PARKED: DirectMessageKind.PARKED,
    EntryKind.CANCELLED: DirectMessageKind.CANCELLED,
    EntryKind.SUCCEEDED: DirectMessageKind.READY,
}


def _moments(snapshot: Snapshot, *, seen: bool = True) -> Iterable[tuple[DirectMessageKind, int]]:
    """When the person who asked is to be told, with the journal number where it may happen again.

    `seen`: whether the card stands, so that somebody can decide.
    """
    match snapshot.request.status:
        case RequestStatus.PENDING if not seen:
            yield DirectMessageKind.UNSEEN, 0
        case RequestStatus.APPROVED:
            yield DirectMessageKind.APPROVED, 0
        case RequestStatus.REJECTED:
            yield DirectMessageKind.REJECTED, 0
        case RequestStatus.EXPIRED:
            yield DirectMessageKind.EXPIRED, 0
    for entry in snapshot.entries:
        if entry.kind in _ENTRY_MOMENTS:
            yield _ENTRY_MOMENTS[entry.kind], entry.number
