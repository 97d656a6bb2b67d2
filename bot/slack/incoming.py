"""One thing that Slack sent, whatever its shape: who did what, and where.

Field names after @slack/bolt's types; Slack leaves out what does not apply, so every one may be empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.slack.commands import Command, Help

Body: TypeAlias = Mapping[str, Any]

_MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>")


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
