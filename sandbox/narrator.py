"""What happens in the sandbox, as readable lines: who typed what, what the bot said, what changed."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from sandbox.mrkdwn import plain
from sandbox.world import World

_LOOK_EVERY = 0.3
_BOT = "Workspace Bot"
_SAYS = {
    "chat.postMessage": "",
    "chat.postEphemeral": "privately to {user}: ",
    "chat.update": "card now: ",
}
Line = tuple[str, str, str]  # who, what, style


class Narrator:
    """Prints on a console, a line for each thing."""

    def __init__(self, world: World, console: Console) -> None:
        self._world = world
        self._console = console
        self._slack_seen = 0
        self._writes_seen = 0
        self._shown: dict[str, str] = {}
        people = world.slack.people() if world.slack is not None else []
        self._names = {person["id"]: person["real_name"] for person in people}

    def turn(self) -> None:
        """Wait a moment for something to happen and print what did."""
        slack = self._world.slack
        entries = slack.journal(self._slack_seen, wait=_LOOK_EVERY) if slack is not None else []
        lines = [(entry["time"], line) for entry in entries for line in self._slack(entry)]
        writes = self._world.writes(self._writes_seen, 0 if slack is not None else _LOOK_EVERY)
        changed = [("world", f"{write['call']} {write['resource']}", "yellow") for write in writes]
        lines += [(write["time"], line) for write, line in zip(writes, changed, strict=True)]
        self._slack_seen = entries[-1]["number"] if entries else self._slack_seen
        self._writes_seen = writes[-1]["number"] if writes else self._writes_seen
        for at, line in sorted(lines, key=lambda one: one[0]):
            self._print(at, line)
        self._print_told()

    def _print_told(self) -> None:
        while not self._world.told.empty():
            self._print(time.time(), ("sandbox", self._world.told.get(), "bright_black"))

    def _print(self, at: float, line: Line) -> None:
        who, what, style = line
        clock = datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
        words = " ".join(what.split()) if "\n" not in what.strip() or who != "sandbox" else what
        self._console.print(
            Text.assemble((clock, "bright_black"), " ", (f"{who:<14}", style), " ", words), soft_wrap=True
        )

    def _slack(self, entry: Mapping[str, Any]) -> Iterator[Line]:
        kind, method = entry["kind"], entry["method"]
        if kind in ("envelope", "request"):
            arguments = entry["arguments"]
            yield from self._did(method, arguments.get("payload", arguments))
        elif kind == "no ack":
            yield "Slack", f"{method} was not acknowledged: {entry.get('answer')}", "red"
        elif kind == "call":
            yield from self._said(method, entry["arguments"], entry["answer"])

    def _did(self, kind: str, payload: Mapping[str, Any]) -> Iterator[Line]:
        if kind == "slash_commands":
            typed = f"types {payload['command']} {payload['text']} in #{payload['channel_name']}"
            yield self._name(payload["user_id"]), typed, "magenta"
        elif kind == "events_api":
            event = payload["event"]
            if event["type"] in ("app_mention", "message"):
                yield self._name(event["user"]), f"says {self._plain(event['text'])}", "magenta"
        elif payload["type"] == "block_actions":
            for action in payload["actions"]:
                label = action.get("text", {}).get("text", action["action_id"])
                yield self._name(payload["user"]["id"]), f"presses {label}", "magenta"
        elif payload["type"] == "view_submission":
            title = payload["view"]["title"]["text"]
            yield self._name(payload["user"]["id"]), f"sends the form {title}", "magenta"
        elif payload["type"] in ("shortcut", "message_action"):
            yield self._name(payload["user"]["id"]), f"uses the shortcut {payload['callback_id']}", "magenta"

    def _said(self, method: str, arguments: Mapping[str, Any], answer: Any) -> Iterator[Line]:
        if isinstance(answer, Mapping) and answer.get("ok") is False:
            yield _BOT, f"is refused {method}: {answer.get('error')}", "red"
        elif method in _SAYS:
            text = self._plain(str(arguments.get("text", "")))
            key = f"{arguments.get('channel')} {arguments.get('ts')}"
            if method == "chat.update" and self._shown.get(key) == text:
                return
            self._shown[key] = text
            yield _BOT, _SAYS[method].format(user=self._name(str(arguments.get("user", "")))) + text, "cyan"
        elif method == "views.open":
            yield _BOT, "opens a form", "cyan"

    def _name(self, user_id: str) -> str:
        return str(self._names.get(user_id, user_id))

    def _plain(self, text: str) -> str:
        return plain(text, self._names)
