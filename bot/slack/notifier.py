"""`Notifier` over the Web API. One call a message; what goes wrong is `Busy` or `Gone`, nothing else.

The client has no retry handlers: slack-sdk's own would post a second time when the answer to the first was
lost. The caller looks the message up by its key instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.model.card import Card
from bot.model.notifier import Busy, Gone, Posted
from bot.slack.cards import GroupId, render, sentence
from bot.slack.client import TROUBLE, RateLimiter, error_code, http_status, retry_after
from bot.texts import Texts
from provisioner.message import Message, named

log = structlog.get_logger()

EVENT_TYPE = "workspace_bot"
UPDATES_A_MINUTE, UPDATES_AT_ONCE = 30, 20
"""`chat.update` is tier 3, about 50 a minute for the whole workspace: never more than 20 + 30 in a minute."""
KEPT = 12
"""Of those at once, for what is urgent: however many runs are under way, the end of one is shown at once."""

BUSY_SECONDS = 5.0
"""Until the next try when Slack is down or its answer was lost."""
BROKEN_SECONDS = 60.0
"""Until the next try when a person has to fix something: a token, a scope, an unexpected answer."""

_PAGE = 200
_PAGES_MOST = 50
_CLOCKS_DIFFER = timedelta(minutes=1)

_DOWN = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "ratelimited",
        "rate_limited",
        "team_added_to_org",
    }
)
_NO_CHANNEL = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "channel_type_not_supported",
        "restricted_action",
        "user_not_in_channel",
        "no_permission",
        "cannot_reply_to_message",
    }
)
_NO_MESSAGE = frozenset(
    {
        "message_not_found",
        "thread_not_found",
        "cant_update_message",
        "edit_window_closed",
        "cant_broadcast_message",
    }
)
_NO_PERSON = frozenset(
    {
        "user_not_found",
        "user_disabled",
        "user_is_bot",
        "cannot_dm_bot",
        "messages_tab_disabled",
        "user_not_visible",
    }
)
_OURS = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_many",
        "no_text",
        "invalid_arguments",
        "invalid_metadata_format",
        "metadata_too_large",
        "block_mismatch",
    }
)

_GONE = (
    (
        _NO_CHANNEL,
        Message(
            "I can't post in channel {channel} ({code}). Create or unarchive the channel, then invite the bot"
            " with {command}."
        ),
    ),
    (_NO_MESSAGE, Message("The message in channel {channel} can no longer be updated ({code}).")),
    (_NO_PERSON, Message("I can't send a direct message to {user} ({code}).")),
    (_OURS, Message("Slack rejected this message ({code}).")),
)
"""What cannot be reached any more, by Slack's word for it."""

_PERSON = re.compile(r"[UW][A-Z0-9]+\Z")


class SlackNotifier:
    def __init__(
        self, *, client: WebClient, texts: Texts, group_id: GroupId, timer: Callable[[], float] = monotonic
    ) -> None:
        """`client` is one made by `web_client`: without retry handlers."""
        self._client = client
        self._texts = texts
        self._group_id = group_id
        self._updates = RateLimiter(a_minute=UPDATES_A_MINUTE, burst=UPDATES_AT_ONCE, timer=timer)

    def post(self, channel: str, card: Card, *, key: str, language: str, root_ts: str = "") -> Posted:
        return self._posted(self._message(card, language, key), channel, root_ts)

    def update(self, at: Posted, card: Card, *, key: str, language: str, urgent: bool = True) -> None:
        wait = self._updates.take(leave=0 if urgent else KEPT)
        if wait:  # soon: by then it may be urgent
            raise Busy(min(wait, 60 / UPDATES_A_MINUTE), "our own limit on chat.update")
        place = {"channel": at.channel, "ts": at.ts}
        self._call("chat.update", self._message(card, language, key) | place, at.channel)

    def reply(
        self, at: Posted, text: Message, *, key: str, language: str, mention: Sequence[str] = ()
    ) -> Posted:
        words = self._texts.for_locale(language)
        called = " ".join(f"<@{user}>" for user in mention if _PERSON.match(user))
        said = f"{called} {sentence(text, words, self._group_id)}".strip()
        message = {"text": said, "metadata": _metadata(key), "unfurl_links": False, "unfurl_media": False}
        return self._posted(message, at.channel, at.ts)

    def whisper(self, channel: str, user: str, card: Card, *, language: str, root_ts: str = "") -> None:
        text, blocks = render(card, self._texts.for_locale(language), self._group_id)
        message: dict[str, Any] = {"text": text, "blocks": blocks}
        if channel and not _PERSON.match(channel):
            try:
                place = {"channel": channel, "user": user}
                if root_ts:
                    place["thread_ts"] = root_ts
                self._call("chat.postEphemeral", message | place, channel)
            except Gone as error:
                log.info("whispered by direct message", channel=channel, why=str(error))
            else:
                return
        self._call("chat.postMessage", message | {"channel": user}, user)

    def find(self, channel: str, key: str, *, since: datetime, root_ts: str = "") -> Posted | None:
        if _PERSON.match(channel):
            opened = self._call("conversations.open", {"users": channel}, channel)
            channel = opened["channel"]["id"]
        oldest = f"{(since - _CLOCKS_DIFFER).timestamp():.6f}"
        for message in self._messages(channel, root_ts, oldest):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == EVENT_TYPE and payload.get("key") == key:
                return Posted(channel, message["ts"])
        return None

    def link(self, at: Posted) -> str:
        where = {"channel": at.channel, "message_ts": at.ts}
        return str(self._call("chat.getPermalink", where, at.channel)["permalink"])

    def _message(self, card: Card, language: str, key: str) -> dict[str, Any]:
        text, blocks = render(card, self._texts.for_locale(language), self._group_id)
        return {
            "text": text,
            "blocks": blocks,
            "metadata": _metadata(key),
            "unfurl_links": False,
            "unfurl_media": False,
        }

    def _posted(self, message: dict[str, Any], channel: str, root_ts: str) -> Posted:
        place = {"channel": channel} | ({"thread_ts": root_ts} if root_ts else {})
        answer = self._call("chat.postMessage", message | place, channel)
        return Posted(answer["channel"], answer["ts"])

    def _messages(self, channel: str, root_ts: str, oldest: str) -> Iterator[dict[str, Any]]:
        """All since then, with their metadata; of one thread if a root is given."""
        method = "conversations.replies" if root_ts else "conversations.history"
        asked: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "limit": _PAGE,
            "include_all_metadata": True,
        }
        if root_ts:
            asked["ts"] = root_ts
        for _ in range(_PAGES_MOST):
            page = self._call(method, asked, channel, form=True)
            yield from page["messages"]
            asked["cursor"] = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not asked["cursor"]:
                return
        raise Busy(BROKEN_SECONDS, f"more than {_PAGES_MOST} pages in {method}")

    def _call(
        self, method: str, arguments: dict[str, Any], channel: str, *, form: bool = False
    ) -> dict[str, Any]:
        """Reading methods take form arguments only, writing ones JSON."""
        try:
            answer = (
                self._client.api_call(method, params=arguments)
                if form or method == "chat.getPermalink"
                else self._client.api_call(method, json=arguments)
            )
        except TROUBLE as error:
            raise _refused(method, channel, error) from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _refused(method: str, channel: str, error: Exception) -> Busy | Gone:
    code, status, wait = error_code(error), http_status(error), retry_after(error)
    if wait is not None or status == 429:
        return Busy(wait or BUSY_SECONDS, f"{method}: {code}")
    if status == 0 or status >= 500 or code in _DOWN:
        return Busy(BUSY_SECONDS, f"{method}: {code}")
    said = next((said for codes, said in _GONE if code in codes), None)
    if said is None:
        log.error("Slack refuses us", method=method, error=code)
        return Busy(BROKEN_SECONDS, f"{method}: {code}")
    if code in _OURS:
        log.error("message refused by Slack", method=method, error=code, detail=_detail(error))
    where = named(channel)
    return Gone(
        said.given({"channel": where, "user": where, "code": named(code), "command": named("/invite")})
    )


def _detail(error: Exception) -> Any:
    """What Slack says about blocks it does not take: pointers, no content."""
    response = getattr(error, "response", {})
    return (response.get("response_metadata") or {}).get("messages", [])
