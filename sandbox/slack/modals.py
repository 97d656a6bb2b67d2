"""Dialogs and App Homes: their stacks, states and hashes."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.blocks import Surface, complaints
from sandbox.slack.clock import Clock
from sandbox.slack.errors import SlackError, invalid
from sandbox.slack.forms import State, as_values, fresh_state
from sandbox.slack.messages import Ledger
from sandbox.slack.seed import Seed
from sandbox.slack.shape import PLAIN, Shape

DEEPEST = 3
BYTES = 250_000
_FIELDS = (
    "type",
    "title",
    "submit",
    "close",
    "blocks",
    "private_metadata",
    "callback_id",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
)


@dataclass(slots=True)
class View:
    id: str
    user: str
    body: dict[str, Any]
    hash: str
    state: State
    root_id: str
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)


def check(view: Any) -> dict[str, Any]:
    """The view of a call, or of a `response_action`, when Slack would take it."""
    if not isinstance(view, dict):
        raise invalid("invalid_arguments", ["missing required field: view"])
    found: list[str] = []
    shape = Shape(view, "/view", found)
    kind = shape.type
    if kind not in (Surface.MODAL, Surface.HOME):
        raise invalid("invalid_arguments", [f"unsupported type: {kind} [json-pointer:/view/type]"])
    if len(json.dumps(view).encode()) > BYTES:
        raise SlackError("view_too_large")
    shape.only(*_FIELDS)
    shape.string("private_metadata", 3000, least=0)
    shape.ids("callback_id", "external_id")
    blocks = view.get("blocks")
    found += complaints(blocks, Surface(kind), "/view/blocks")
    if kind == Surface.MODAL:
        shape.text("title", 24, kinds=PLAIN, required=True)
        shape.text("submit", 24, kinds=PLAIN)
        shape.text("close", 24, kinds=PLAIN)
        shape.flag("clear_on_close", "notify_on_close", "submit_disabled")
        has_input = isinstance(blocks, list) and any(
            isinstance(block, dict) and block.get("type") == "input" for block in blocks
        )
        shape.missing("submit", required=has_input)
    if found:
        raise invalid("invalid_arguments", found)
    return view


class Modals:
    """A stack of dialogs and one Home for each person."""

    def __init__(self, seed: Seed, clock: Clock, ledger: Ledger) -> None:
        self._seed = seed
        self._clock = clock
        self._ledger = ledger
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def top(self, user_id: str) -> View | None:
        stack = self._stacks.get(user_id)
        return stack[-1] if stack else None

    def home(self, user_id: str) -> View | None:
        return self._homes.get(user_id)

    def stack(self, user_id: str) -> list[View]:
        return self._stacks.setdefault(user_id, [])

    def find(self, view_id: str) -> View | None:
        views = [view for stack in self._stacks.values() for view in stack]
        return next((view for view in [*views, *self._homes.values()] if view.id == view_id), None)

    def find_external(self, external_id: str) -> View | None:
        views = [view for stack in self._stacks.values() for view in stack]
        return next((view for view in views if view.body.get("external_id") == external_id), None)

    def open(self, user_id: str, body: dict[str, Any]) -> View:
        """A new stack; one that is open already gives way to it."""
        self._fits(body, Surface.MODAL)
        self._stacks[user_id] = []
        return self.push(user_id, body)

    def push(self, user_id: str, body: dict[str, Any]) -> View:
        self._fits(body, Surface.MODAL)
        stack = self.stack(user_id)
        if len(stack) >= DEEPEST:
            raise SlackError("push_limit_reached")
        view = self._new(user_id, body)
        if stack:
            view.root_id, view.previous_id = stack[0].id, stack[-1].id
        stack.append(view)
        return view

    def publish(self, user_id: str, body: dict[str, Any], expected: str | None) -> View:
        self._fits(body, Surface.HOME)
        old = self._homes.get(user_id)
        if old is not None:
            self._same(old, expected)
            self._replace(old, body)
            return old
        view = self._homes[user_id] = self._new(user_id, body)
        return view

    def update(self, view: View, body: dict[str, Any], expected: str | None = None) -> View:
        self._fits(body, Surface(view.body["type"]), own=view)
        self._same(view, expected)
        self._replace(view, body)
        return view

    def close(self, view: View) -> None:
        stack = self.stack(view.user)
        if view in stack:
            stack.remove(view)

    def clear(self, user_id: str) -> list[View]:
        """Close the whole stack; the views it had, topmost first."""
        return list(reversed(self._stacks.pop(user_id, [])))

    def _fits(self, body: dict[str, Any], surface: Surface, own: View | None = None) -> None:
        if body["type"] != surface:
            raise invalid(
                "invalid_arguments", [f"unsupported type: {body['type']} [json-pointer:/view/type]"]
            )
        external_id = body.get("external_id")
        other = self.find_external(external_id) if external_id else None
        if other is not None and other is not own:
            raise SlackError("duplicate_external_id")

    def _same(self, view: View, expected: str | None) -> None:
        if expected is not None and expected != view.hash:
            raise SlackError("hash_conflict")

    def _hash(self) -> str:
        return f"{int(self._clock.now())}.{secrets.token_hex(4)}"

    def _new(self, user_id: str, body: dict[str, Any]) -> View:
        view_id = f"V0{secrets.token_hex(5).upper()}"
        stored = {**body, "blocks": self._ledger.with_ids(body["blocks"])}
        return View(view_id, user_id, stored, self._hash(), fresh_state(stored["blocks"]), root_id=view_id)

    def _replace(self, view: View, body: dict[str, Any]) -> None:
        view.body = {**body, "blocks": self._ledger.with_ids(body["blocks"])}
        view.state = fresh_state(view.body["blocks"], view.state)
        view.errors = {}
        view.hash = self._hash()

    def as_api(self, view: View) -> dict[str, Any]:
        """The view object of answers and payloads."""
        seed, body = self._seed, view.body
        shown: dict[str, Any] = {
            "id": view.id,
            "team_id": seed.team_id,
            "type": body["type"],
            "blocks": body["blocks"],
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "state": {"values": as_values(view.state)},
            "hash": view.hash,
            "title": body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": body.get("clear_on_close", False),
            "notify_on_close": body.get("notify_on_close", False),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": seed.app_id,
            "external_id": body.get("external_id", ""),
            "app_installed_team_id": seed.team_id,
            "bot_id": seed.bot_id,
        }
        return shown

    def as_seen(self, view: View) -> dict[str, Any]:
        """The view as its person sees it, with the errors beside the inputs."""
        return {**self.as_api(view), "errors": dict(view.errors)}
