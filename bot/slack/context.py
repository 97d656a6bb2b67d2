"""What every handler is given: what Slack sent, and what to answer it with, to one person alone."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from time import sleep
from typing import Any, TypeAlias

import structlog
from cachetools import FIFOCache
from slack_sdk import WebClient

from bot.model.card import Card
from bot.model.notifier import Busy, Notifier, NotifyError
from bot.model.submission import Submission, SubmissionKind
from bot.requests.service import WorkspaceService
from bot.slack.cards import TITLE_LONGEST, VIEW_BLOCKS, Block, blocks, plain, render
from bot.slack.client import TROUBLE, SlackPeople, error_code, webhook
from bot.slack.commands import Command, Help, parse
from bot.texts import Language, Texts
from provisioner.engine.run import Clock
from provisioner.message import Json, Message

log = structlog.get_logger()

Body: TypeAlias = Mapping[str, Any]

Draft: TypeAlias = Mapping[str, str]
"""What a person typed for a form, by field; only what was typed."""

Reply: TypeAlias = Mapping[str, Any]
"""What goes into an acknowledgement: an answer, or the errors of a form."""

_DRAFTS_KEPT = 500
_MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>")
_WAITED_MOST = 3.0  # seconds; later, the person has asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a form was opened from, and in which language; kept in the view's `private_metadata`."""

    channel: str = ""
    locale: str = ""
    request_id: str = ""  # what a rejection is about
    project: str = ""  # what a deletion is about

    def to_text(self) -> str:
        kept = {
            "channel": self.channel,
            "locale": self.locale,
            "request": self.request_id,
            "project": self.project,
        }
        return json.dumps(kept)

    @classmethod
    def from_text(cls, text: str) -> Origin:
        kept = json.loads(text) if text else {}
        return cls(
            channel=kept.get("channel", ""),
            locale=kept.get("locale", ""),
            request_id=kept.get("request", ""),
            project=kept.get("project", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One thing that Slack sent, whatever its shape: who did what, and where.

    Field names after @slack/bolt's types; Slack leaves out what does not apply, so every one may be empty.
    """

    user: str = ""
    team: str = ""
    channel: str = ""
    direct: bool = False  # in a direct message with the bot
    text: str = ""  # as typed, still escaped by Slack; of an event without mentions
    asked: Command = field(default_factory=Help)  # what that says
    trigger: str = ""  # opens one view, within three seconds
    event_id: str = ""  # the same in every delivery of an event
    response_url: str = ""
    ts: str = ""  # of the message it is about
    thread_ts: str = ""  # of the thread that message stands in
    value: str = ""  # of a button
    tab: str = ""  # of App Home
    subtype: str = ""
    bot: bool = False  # said by a bot, ourselves included
    view: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_modal(self) -> bool:
        return self.view.get("type") == "modal"

    @property
    def origin(self) -> Origin:
        """Of the form this came from; empty for everything else."""
        return Origin.from_text(self.view.get("private_metadata", "") if self.in_modal else "")

    @property
    def root(self) -> str:
        """The root of the thread the message stands in: itself, when it stands in none."""
        return self.thread_ts or self.ts

    @classmethod
    def from_body(cls, body: Body) -> Incoming:
        """Any payload of a command, an interaction or an event."""
        if "command" in body:
            return cls._from_command(body)
        return cls._from_event(body) if "event" in body else cls._from_interaction(body)

    @classmethod
    def _from_command(cls, body: Body) -> Incoming:
        return cls(
            user=body["user_id"],
            team=body.get("team_id", ""),
            channel=body.get("channel_id", ""),
            text=body.get("text", ""),
            trigger=body.get("trigger_id", ""),
            response_url=body.get("response_url", ""),
        )

    @classmethod
    def _from_event(cls, body: Body) -> Incoming:
        event = body["event"]
        user = event.get("user", "")
        return cls(
            user=user["id"] if isinstance(user, Mapping) else user,  # whole where it is about that person
            team=body.get("team_id", ""),
            channel=event.get("channel", ""),
            direct=event.get("channel_type") == "im" or event.get("channel", "").startswith("D"),
            text=_MENTION.sub(" ", event.get("text", "")),
            event_id=body.get("event_id", ""),
            ts=event.get("ts", ""),
            thread_ts=event.get("thread_ts", ""),
            tab=event.get("tab", ""),
            subtype=event.get("subtype", ""),
            bot="bot_id" in event,
        )

    @classmethod
    def _from_interaction(cls, body: Body) -> Incoming:
        view = body.get("view") or {}
        container = body.get("container") or {}
        message = body.get("message") or {}
        action = (body.get("actions") or [{}])[0]
        channel = (body.get("channel") or {}).get("id", "")
        if not channel and view.get("type") == "modal":
            channel = Origin.from_text(view.get("private_metadata", "")).channel
        return cls(
            user=body["user"]["id"],
            team=(body.get("team") or {}).get("id", "") or body["user"].get("team_id", ""),
            channel=channel,
            direct=channel.startswith("D"),
            trigger=body.get("trigger_id", ""),
            response_url=body.get("response_url", ""),
            ts=message.get("ts", "") or container.get("message_ts", ""),
            thread_ts=message.get("thread_ts", "") or container.get("thread_ts", ""),
            value=action.get("value", ""),
            view=view,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackContext:
    """One for the process. `client` opens views and publishes Homes; messages go through `notifier`."""

    service: WorkspaceService
    people: SlackPeople
    texts: Texts
    notifier: Notifier
    client: WebClient
    clock: Clock
    command: str = "/workspace"
    dashboards: bool = False  # whether a dashboard can be given, or is made
    refused: Callable[[str], None] = lambda _reason: None  # told of each click that is refused, and why
    _drafts: FIFOCache[str, Draft] = field(default_factory=lambda: FIFOCache(_DRAFTS_KEPT))
    _drafts_lock: Lock = field(default_factory=Lock)

    def read(self, body: Body) -> Incoming:
        """What was sent; what it says is understood here and nowhere else."""
        incoming = Incoming.from_body(body)
        asked = parse(incoming.text, self.service.platform, dashboards=self.dashboards)
        return replace(incoming, asked=asked)

    def submission(
        self, incoming: Incoming, kind: SubmissionKind, key: str, spec: Mapping[str, Json], locale: str
    ) -> Submission:
        """What this person asks for, to be stored by `key`: delivered twice, it is answered once."""
        return Submission(
            key=key,
            kind=kind,
            team=incoming.team,
            user=incoming.user,
            channel=incoming.channel,
            at=self.clock.now(),
            locale=locale,
            spec=spec,
        )

    def words(self, incoming: Incoming) -> Language:
        """The language of the person who sent this."""
        return self.texts.for_locale(incoming.origin.locale or self.people.locale(incoming.user))

    def origin(self, incoming: Incoming, *, request_id: str = "", project: str = "") -> Origin:
        """For a form that is opened: where that was, and in which language."""
        locale = self.people.locale(incoming.user)
        return Origin(channel=incoming.channel, locale=locale, request_id=request_id, project=project)

    def card_view(self, incoming: Incoming, card: Card, origin: Origin) -> dict[str, Any]:
        language = self.words(incoming)
        drawn = blocks(card, language, self.people.group_id, most=VIEW_BLOCKS)
        return modal("ws.shown", Message("Workspace"), drawn, language, origin, close=Message("Close"))

    def keep_draft(self, draft: Draft) -> str:
        """An opaque id for a button; it opens an empty form once the process has been restarted."""
        draft_id = f"draft-{secrets.token_hex(8)}"
        with self._drafts_lock:
            self._drafts[draft_id] = draft
        return draft_id

    def draft(self, draft_id: str) -> Draft:
        """What a form is to be filled with: from an answer of ours, or from a submission that was refused."""
        with self._drafts_lock:
            typed = self._drafts.get(draft_id)
        if typed is not None:
            return typed
        asked = self.service.draft(draft_id)
        return {name: str(value) for name, value in asked.to_json().items()} if asked else {}

    def tell(self, incoming: Incoming, card: Card) -> None:
        """Say it to this person alone, where they are looking. Trouble with that is logged, never raised."""
        if incoming.view and incoming.trigger:
            self.show(incoming, card)
        elif not (incoming.response_url and self._respond(incoming, card)):
            self.whisper(incoming, card)

    def whisper(self, incoming: Incoming, card: Card) -> None:
        """Without a trigger or a response_url: a message only they see, or a direct message.

        Said once more where Slack wants it a little later; better twice than never.
        """
        try:
            try:
                self._message(incoming, card)
            except Busy as busy:
                if busy.retry_after > _WAITED_MOST:
                    raise
                sleep(busy.retry_after)
                self._message(incoming, card)
        except NotifyError as error:
            log.warning("answer not delivered", user=incoming.user, why=str(error))

    def show(self, incoming: Incoming, card: Card) -> None:
        """In a dialog: over the one the person is looking at, or a new one."""
        origin = Origin(channel=incoming.channel, locale=incoming.origin.locale)
        view = self.card_view(incoming, card, origin)
        opens = self.client.views_push if incoming.in_modal else self.client.views_open
        try:
            opens(trigger_id=incoming.trigger, view=view)
        except TROUBLE as error:
            log.warning("dialog not opened", user=incoming.user, why=error_code(error))
            self.whisper(incoming, card)

    def open(self, incoming: Incoming, view: dict[str, Any]) -> Mapping[str, Any] | None:
        """Open a form: as Slack has it then, or None when it did not open, which the caller tells."""
        try:
            opened: dict[str, Any] = self.client.views_open(trigger_id=incoming.trigger, view=view)["view"]
        except TROUBLE as error:
            log.warning("form not opened", user=incoming.user, why=error_code(error))
            return None
        return opened

    def open_form(self, incoming: Incoming, view: dict[str, Any]) -> Mapping[str, Any] | None:
        """As `open`; who sees no form is told that nothing was done."""
        opened = self.open(incoming, view)
        if opened is None:
            text = Message("Slack didn't open the form in time. Nothing changed. Try again.")
            self.whisper(incoming, Card(text, text))
        return opened

    def redraw(self, incoming: Incoming, view: dict[str, Any], seen: Mapping[str, Any] | None = None) -> None:
        """Redraw a dialog: the one in which something was pressed, or which was `seen` when it opened.
        By its `hash`, so a newer drawing stays."""
        seen = seen or incoming.view
        try:
            self.client.views_update(view_id=seen["id"], hash=seen.get("hash"), view=view)
        except TROUBLE as error:
            log.info("dialog not redrawn", user=incoming.user, why=error_code(error))

    def _message(self, incoming: Incoming, card: Card) -> None:
        language, root = self.words(incoming).language, incoming.thread_ts
        if incoming.direct:
            key = f"answer/{incoming.event_id or secrets.token_hex(8)}"
            self.notifier.post(incoming.channel, card, key=key, language=language, root_ts=root)
        else:
            self.notifier.whisper(incoming.channel, incoming.user, card, language=language, root_ts=root)

    def _respond(self, incoming: Incoming, card: Card) -> bool:
        """By the response_url, which reaches channels the bot is not in. At most five times each."""
        text, blocks = render(card, self.words(incoming), self.people.group_id)
        answer = {"response_type": "ephemeral", "replace_original": False, "text": text, "blocks": blocks}
        if incoming.thread_ts:
            answer["thread_ts"] = incoming.thread_ts
        try:
            answered = webhook(incoming.response_url).send_dict(answer)
        except TROUBLE as error:
            log.warning("answer not delivered", user=incoming.user, why=error_code(error))
            return False
        if answered.status_code != 200:
            log.warning("answer refused", user=incoming.user, why=answered.body)
        return bool(answered.status_code == 200)


def modal(
    callback_id: str,
    title: Message,
    shown: Sequence[Block],
    language: Language,
    origin: Origin,
    *,
    close: Message,
    submit: Message | None = None,
) -> dict[str, Any]:
    """A dialog with these blocks; a form where there is something to `submit`."""
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(language.plain(title), TITLE_LONGEST),
        "close": plain(language.plain(close), TITLE_LONGEST),
        "private_metadata": origin.to_text(),
        "blocks": list(shown),
    }
    return view | ({"submit": plain(language.plain(submit), TITLE_LONGEST)} if submit else {})
