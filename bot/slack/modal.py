"""A card in a dialog or on the Home tab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.model.card import Card
from bot.slack.cards import VIEW_BLOCKS, Block, blocks, plain
from bot.slack.incoming import Origin
from bot.slack.mrkdwn import GroupId
from bot.texts import Language
from provisioner.message import Message

TITLE_LONGEST = 24


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


def card_view(card: Card, language: Language, origin: Origin, group_id: GroupId) -> dict[str, Any]:
    drawn = blocks(card, language, group_id, most=VIEW_BLOCKS)
    return modal("ws.shown", Message("Workspace"), drawn, language, origin, close=Message("Close"))


def home_view(card: Card, language: Language, group_id: GroupId) -> dict[str, Any]:
    return {"type": "home", "blocks": blocks(card, language, group_id, most=VIEW_BLOCKS)}
