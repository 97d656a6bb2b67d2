"""Keeps every message equal to what is stored: level-triggered, like a controller.

The journal is the outbox and the card a projection, so there is no queue of messages. Whoever changes what a
message shows counts up its `changed`, in the same transaction; each round asks once which messages have not
shown all, reads those in bulk, and says the difference to what was last shown. A post is marked before it is
made; found marked after a crash, it is looked up by its key before it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from approvals.model import Request, RequestStatus
from bot.messages.replies import Replies
from bot.model.card import Card
from bot.model.notifier import (
    BROKEN_AGAIN,
    LOOK_BACK,
    PAUSE_MOST,
    TRIES_MOST,
    Busy,
    Gone,
    Notifier,
    Posted,
    longer,
)
from bot.model.request_view import RequestView
from bot.model.submission import SubmissionState
from bot.model.tracked_message import MessageState, Purpose, TrackedMessage
from bot.requests.lifecycle import redraw
from bot.requests.service import WorkspaceService
from bot.storage.database import ReadUnit, UnitOfWork
from bot.texts import Texts
from bot.views.direct import DirectMessageKind, direct_card
from bot.views.render_context import NO_LINKS, Links, RenderContext
from bot.views.request import digest, request_card
from bot.views.thread import posts
from provisioner.engine.run import MOVING, Clock, Entry, EntryKind

log = structlog.get_logger()

CARD_EVERY = timedelta(seconds=1)
"""A burst of changes becomes one update; the notifier's own budget guards Slack's limit."""

_GONE_AGAIN = timedelta(minutes=1)
_READ_AT_ONCE = 50
"""Messages. Telling them may take as many seconds, so they are not all read before the first is told."""
_REPLIES_A_ROUND = 20
_FULL_AGAIN = 2.0
"""Seconds at most until a card is looked at again whose channel takes no posts."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A message with all that it has to show."""

    message: TrackedMessage
    case: RequestView
    entries: Sequence[Entry]  # of the run, those its thread has not told
    owed: frozenset[str]  # keys of all messages about the request that are owed, or were sent, already

    @property
    def urgent(self) -> bool:
        """It has something to show that people act on; else only how far a run is."""
        run, shown_at = self.case.run, self.message.shown_at
        if run is None or run.status not in MOVING or shown_at is None or shown_at < run.created_at:
            return True
        return any(entry.kind is EntryKind.REQUEUED for entry in self.entries)


class MessageSync:
    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        reads: Callable[[], ReadUnit],
        service: WorkspaceService,
        notifier: Notifier,
        texts: Texts,
        clock: Clock,
        command: str,
        links: Links = NO_LINKS,
    ) -> None:
        """`command` is the slash command, for what people may type next; `links` what they may open."""
        self._units = units
        self._reads = reads
        self._notifier = notifier
        self._texts = texts
        self._clock = clock
        self._urgent: set[str] = set()  # keys of the cards that have yet to show it
        self._full: dict[str, datetime] = {}  # channels that take no post until then
        self._frame = RenderContext(command=command, platform=service.platform, links=links)
        self._replies = Replies(
            units=units, service=service, notifier=notifier, texts=texts, clock=clock, command=command
        )

    def sync_once(self) -> int:
        """One round over all that is owed; how many messages went out. Never raises for one that did not."""
        now = self._clock.now()
        with self._reads() as unit:
            owed = unit.messages.to_tell(now)
            answered = unit.submissions.due(SubmissionState.ANSWERED, now, _REPLIES_A_ROUND)
        said = sum(map(self._replies.give, answered))
        for start in range(0, len(owed), _READ_AT_ONCE):
            batch = owed[start : start + _READ_AT_ONCE]
            snapshots = self._read_together(batch)
            batch = sorted(batch, key=lambda message: _rank(snapshots.get(message.key)))
            said += sum(self._try(message, snapshots.get(message.key)) for message in batch)
        return said

    # ------------------------------------------------------------------------------- one message

    def _try(self, message: TrackedMessage, snapshot: Snapshot | None) -> int:
        try:
            snapshot = self._as_it_is(message, snapshot)
            return self._direct(snapshot) if message.purpose is Purpose.DIRECT else self._card(snapshot)
        except Busy as busy:
            log.info("message delayed", message=message.key, why=str(busy))
            pause = timedelta(seconds=busy.retry_after)
            self._save(replace(self._stored(message), next_at=self._clock.now() + pause))
        except Gone as gone:
            log.warning("message cannot be shown", message=message.key, why=str(gone.why))
            self._give_up(self._stored(message), over=snapshot is not None and snapshot.case.over)
        except Exception:
            log.exception("message broke", message=message.key)
            message = self._stored(message)
            self._put_off(message, longer(BROKEN_AGAIN, message.tries))
        return 0

    def _card(self, snapshot: Snapshot) -> int:
        message, card, said = snapshot.message, request_card(snapshot.case, self._frame), 0
        drawn = digest(card)
        if message.state in {MessageState.NEW, MessageState.SENDING}:
            try:
                message, said = self._post(snapshot, card), 1
            except Gone:
                self._owe(message, snapshot, _moments(snapshot, seen=False))
                raise
        self._owe(message, snapshot, _moments(snapshot))
        if snapshot.urgent:
            self._urgent.add(message.key)
        busy = self._no_posts(message.channel)
        try:
            if busy is None:
                message, spoken = self._tell(message, snapshot)
                said += spoken
        except Busy as error:  # a channel that takes no more posts now may well take the card
            self._full[message.channel] = self._clock.now() + timedelta(seconds=error.retry_after)
            message, busy = self._stored(message), self._no_posts(message.channel) or error
        # Last: a card that somebody deleted, or whose turn it is not, keeps nothing else from being told.
        if drawn != message.digest and self._may_update(message, over=snapshot.case.over):
            urgent = message.key in self._urgent
            self._notifier.update(
                _at(message), card, key=message.key, language=message.language, urgent=urgent
            )
            message = self._save(replace(message, digest=drawn, shown_at=self._clock.now()))
            said += 1
        if drawn == message.digest:
            self._urgent.discard(message.key)
        if busy is not None:
            raise busy
        if drawn == message.digest:
            self._shown(_well(message), over=snapshot.case.over)
        return said

    def _shown(self, message: TrackedMessage, *, over: bool) -> None:
        """It shows all that there was when it was read; what has changed since is told in the next round."""
        with self._units() as unit:
            if over:
                unit.messages.close(message)
            else:
                unit.messages.save(replace(message, shown=message.changed))
            unit.commit()

    def _no_posts(self, channel: str) -> Busy | None:
        """Why nothing can be posted there now. Soon again: what is posted nowhere else has to be shown."""
        until, now = self._full.get(channel), self._clock.now()
        if until is None or not now < until <= now + PAUSE_MOST:
            return None
        return Busy(min((until - now).total_seconds(), _FULL_AGAIN), f"{channel} takes no posts now")

    def _may_update(self, message: TrackedMessage, *, over: bool) -> bool:
        """The last word at once; what comes before it, not more often than people read."""
        return over or message.shown_at is None or self._clock.now() - message.shown_at >= CARD_EVERY

    def _once(self, message: TrackedMessage, card: Card, *, asked_at: datetime) -> tuple[Posted, bool]:
        """Post it, unless a post that was begun has arrived; where it stands, and whether it was found."""
        found: Posted | None = None
        if message.state is MessageState.SENDING:
            since = asked_at - LOOK_BACK
            found = self._notifier.find(message.channel, message.key, since=since, root_ts=message.root_ts)
        self._save(replace(message, state=MessageState.SENDING))
        at = found or self._notifier.post(
            message.channel, card, key=message.key, language=message.language, root_ts=message.root_ts
        )
        return at, found is not None

    def _post(self, snapshot: Snapshot, card: Card) -> TrackedMessage:
        """Other cards of the project name this request: from now on with the way to it."""
        message = snapshot.message
        at, found = self._once(message, card, asked_at=snapshot.case.request.asked_at)
        # A card found again may show an older state: its digest is left empty and it is drawn anew.
        sent = replace(
            _well(message),
            state=MessageState.SENT,
            channel=at.channel,
            ts=at.ts,
            link=self._notifier.link(at),
            digest="" if found else digest(card),
            shown_at=self._clock.now(),
        )
        with self._units() as unit:
            unit.messages.save(sent)
            run = unit.runs.latest(snapshot.case.project)
            if run is not None and run.reference != message.request_id:
                redraw(unit, run)
            unit.messages.mark([snapshot.case.project], but=message.key)
            unit.commit()
        return sent

    def _tell(self, message: TrackedMessage, snapshot: Snapshot) -> tuple[TrackedMessage, int]:
        """What the thread has not told of the journal, once; what came together in one post.

        Returns the message, and how many were posted. The key of a post is its last entry's.
        """
        run, said = snapshot.case.run, 0
        if run is None or not snapshot.entries:
            return message, said
        root = Posted(message.channel, message.root_ts or message.ts)
        if message.sending > message.told:
            key = f"{run.id}#{message.sending}"
            since = snapshot.entries[0].at - LOOK_BACK
            found = self._notifier.find(message.channel, key, since=since, root_ts=root.ts)
            told = message.sending if found else message.told
            message = self._save(_well(replace(message, told=told, sending=0)))
        for number, text, calls in posts(entry for entry in snapshot.entries if entry.number > message.told):
            message = self._save(replace(message, sending=number))
            mention = _called(snapshot.case.request) if calls else ()
            self._notifier.reply(
                root, text, key=f"{run.id}#{number}", language=message.language, mention=mention
            )
            message = self._save(_well(replace(message, told=number, sending=0)))
            said += 1
        return replace(message, told=snapshot.entries[-1].number), said

    # ----------------------------------------------------------------------------- direct messages

    def _owe(
        self, message: TrackedMessage, snapshot: Snapshot, moments: Iterable[tuple[DirectMessageKind, int]]
    ) -> None:
        """A row for each direct message that is owed by now; those that stand are left alone.

        Before the lines of the journal are told: what is told is not looked at again.
        """
        keys = [_direct_key(message.request_id, moment, number) for moment, number in moments]
        missing = [key for key in keys if key not in snapshot.owed]
        if not missing:
            return
        language = self._texts.for_locale(snapshot.case.proposal.locale).language
        with self._units() as unit:
            for key in missing:
                unit.messages.add(
                    TrackedMessage(
                        key=key,
                        request_id=message.request_id,
                        purpose=Purpose.DIRECT,
                        channel=snapshot.case.request.asked_by,
                        language=language,
                        link=message.link,
                    )
                )
            unit.commit()

    def _direct(self, snapshot: Snapshot) -> int:
        message = snapshot.message
        moment = DirectMessageKind(message.key.split("/")[1].split("#")[0])
        card = direct_card(moment, snapshot.case, message.link)
        at, _ = self._once(message, card, asked_at=snapshot.case.request.asked_at)
        self._save(replace(message, state=MessageState.CLOSED, channel=at.channel, ts=at.ts))
        return 1

    # ------------------------------------------------------------------------- reading and storing

    def _snapshots(self, messages: Sequence[TrackedMessage]) -> Mapping[str, Snapshot]:
        """What each has to show, by key: as many queries for all as for one."""
        ids = {message.request_id for message in messages}
        owed: dict[str, set[str]] = {request_id: set() for request_id in ids}
        with self._reads() as unit:
            cases = unit.queries.views(ids)
            entries = unit.queries.untold([one for one in messages if one.purpose is Purpose.CARD])
            for other in unit.messages.for_requests(ids):
                owed[other.request_id].add(other.key)
        return {
            message.key: Snapshot(
                message=message,
                case=cases[message.request_id],
                entries=entries.get(message.key, ()),
                owed=frozenset(owed[message.request_id]),
            )
            for message in messages
        }

    def _read_together(self, messages: Sequence[TrackedMessage]) -> Mapping[str, Snapshot]:
        """Nothing where one of them cannot be read: then each is read alone, and only that one is put off."""
        try:
            return self._snapshots(messages)
        except Exception:
            log.exception("messages cannot be read together")
            return {}

    def _as_it_is(self, message: TrackedMessage, snapshot: Snapshot | None) -> Snapshot:
        """Telling those before it took a while: what has changed since is read anew."""
        message = self._stored(message)
        if snapshot is not None and snapshot.message == message:
            return snapshot
        return self._snapshots([message])[message.key]

    def _stored(self, message: TrackedMessage) -> TrackedMessage:
        with self._reads() as unit:
            return unit.messages.get(message.key) or message

    def _save(self, message: TrackedMessage) -> TrackedMessage:
        with self._units() as unit:
            unit.messages.save(message)
            unit.commit()
        return message

    def _give_up(self, message: TrackedMessage, *, over: bool) -> None:
        """A person who is gone is left alone. A channel may come back, so its cards are tried again.

        What is over is tried ever less often and at last no more. What is not, every minute, because the
        person who asked is told of its end in the same round.
        """
        if message.purpose is Purpose.DIRECT or (over and message.tries >= TRIES_MOST):
            self._save(replace(message, state=MessageState.CLOSED))
        elif over:
            self._put_off(message, longer(_GONE_AGAIN, message.tries))
        else:
            self._save(replace(message, next_at=self._clock.now() + _GONE_AGAIN))

    def _put_off(self, message: TrackedMessage, pause: timedelta) -> None:
        next_at = self._clock.now() + pause
        self._save(replace(message, tries=message.tries + 1, next_at=next_at))


def _rank(snapshot: Snapshot | None) -> datetime:
    """First what people act on, as it came; then what has shown nothing new for longest."""
    if snapshot is None or snapshot.urgent:
        return _NEVER
    return snapshot.message.shown_at or _NEVER


def _well(message: TrackedMessage) -> TrackedMessage:
    """Something got out, so the pauses begin anew."""
    return replace(message, tries=0, next_at=None)


def _direct_key(request_id: str, moment: DirectMessageKind, number: int) -> str:
    return f"{request_id}/{moment.value}#{number}" if number else f"{request_id}/{moment.value}"


def _at(message: TrackedMessage) -> Posted:
    return Posted(message.channel, message.ts)


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
    match snapshot.case.request.status:
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
