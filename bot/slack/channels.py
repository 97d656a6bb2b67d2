"""A channel's id by its name. People configure names, and most of the Web API takes ids only."""

from __future__ import annotations

import re
from typing import Any

from slack_sdk import WebClient

from bot.slack.recent import Recent

_ID = re.compile(r"[CDGUW][A-Z0-9]{2,}\Z")
_PAGE = 1_000
_PAGES_MOST = 50
_KEPT = 100


class Channels:
    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._ids: Recent[str] = Recent(_KEPT)

    def id_of(self, channel: str) -> str | None:
        """An id is its own; a name is looked up once. None when the bot sees no such channel.

        Raises what the client raises.
        """
        if _ID.match(channel):
            return channel
        return self._ids.get(channel) or self._look_up(channel)

    def _look_up(self, name: str) -> str | None:
        asked: dict[str, Any] = {
            "types": "public_channel,private_channel",
            "exclude_archived": True,
            "limit": _PAGE,
        }
        for _ in range(_PAGES_MOST):
            page = self._client.api_call("conversations.list", params=asked)
            for channel in page["channels"]:
                if channel.get("name") == name:
                    self._ids.put(name, channel["id"])
                    return str(channel["id"])
            asked["cursor"] = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not asked["cursor"]:
                break
        return None
