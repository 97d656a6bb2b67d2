"""The manifest says what the bot listens to and calls, and nothing more."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import bot.slack
from bot.slack.app import TABLE, Kind

FOLDER = Path(bot.slack.__file__).parent
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))

# What each method of the Web API takes, from the page of the method.
SCOPES = {
    "chat.getPermalink": set[str](),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set[str](),
    "views.publish": set[str](),
    "views.push": set[str](),
    "views.update": set[str](),
}
EVENT_SCOPES = {
    "app_mention": {"app_mentions:read"},
    "message": {"im:history"},
    "app_home_opened": set[str](),
    "user_change": {"users:read"},
}


def listened(kind: Kind) -> set[str]:
    return {listener.id for listener in TABLE if listener.kind is kind}


def called() -> set[str]:
    """The Web API methods that stand in the sources, by name or as methods of the client."""
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("views_"):
                found.add(node.attr.replace("_", ".", 1))
            if isinstance(node, ast.Constant) and _like_a_method(node.value):
                found.add(str(node.value))
    return found


def _like_a_method(value: object) -> bool:
    families = ("chat.", "conversations.", "users.", "usergroups.", "views.", "reactions.", "files.")
    return isinstance(value, str) and value.startswith(families) and " " not in value


def test_every_method_that_is_called_is_known_here() -> None:
    assert called() == set(SCOPES)


def test_the_scopes_are_those_that_calls_and_events_need() -> None:
    needed = {"commands"}
    for scopes in (*SCOPES.values(), *EVENT_SCOPES.values()):
        needed |= scopes

    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def test_the_events_are_those_that_are_listened_to() -> None:
    subscribed = {event.split(".")[0] for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]}

    assert subscribed == listened(Kind.EVENT) == set(EVENT_SCOPES)


def test_the_shortcuts_are_those_that_are_listened_to() -> None:
    shortcuts = MANIFEST["features"]["shortcuts"]

    for of, kind in (("global", Kind.SHORTCUT), ("message", Kind.MESSAGE_SHORTCUT)):
        assert {one["callback_id"] for one in shortcuts if one["type"] == of} == listened(kind)


def test_there_is_one_command_and_its_text_comes_escaped() -> None:
    (command,) = MANIFEST["features"]["slash_commands"]

    assert command["command"] == "/workspace"
    assert command["should_escape"] is True
    assert len(listened(Kind.COMMAND)) == 1


def test_no_id_is_listened_to_twice() -> None:
    listeners = [(listener.kind, listener.id) for listener in TABLE]

    assert len(listeners) == len(set(listeners))


def test_every_form_asks_slack_nothing_before_it_is_acknowledged() -> None:
    """What may stand before an acknowledgement: the three forms, and the answer to a command."""
    assert {listener.id for listener in TABLE if listener.first} == {
        "",
        "ws.create.submit",
        "ws.delete.submit",
        "ws.req.reject.submit",
    }
