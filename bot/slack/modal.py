"""A card in a dialog or on the Home tab."""

from __future__ import annotations

from typing import Any

from bot.model.card import Card
from bot.slack.cards import VIEW_BLOCKS, blocks, plain
from bot.slack.incoming import Origin
from bot.slack.mrkdwn import GroupId
from bot.texts import Language
from provisioner.message import Message

TITLE_LONGEST = 24


def card_view(card: Card, language: Language, origin: Origin, group_id: GroupId) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "ws.shown",
        "title": plain(language.plain(Message("Workspace")), TITLE_LONGEST),
        "close": plain(language.plain(Message("Close")), TITLE_LONGEST),
        "private_metadata": origin.to_text(),
        "blocks": blocks(card, language, group_id, most=VIEW_BLOCKS),
    }


def home_view(card: Card, language: Language, group_id: GroupId) -> dict[str, Any]:
    return {"type": "home", "blocks": blocks(card, language, group_id, most=VIEW_BLOCKS)}
