"""What happens in the sandbox, as readable lines: who typed what, what the bot said, what changed."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from sandbox.demo.mrkdwn import plain
from sandbox.world import World

_LOOK_EVERY = 0.3
_BOT = "Workspace Bot"
Line = tuple[str, str, str]  # who, what, style


class Narrator:
    """Prints on a console, a line for each thing."""

    def __init__(self, world: World, console: Console) -> None:
        self._world = world
        self._console = console
        self._slack_seen = 0
        self._writes_seen = 0
        self._shown: dict[str, str] = {}
        self._names: dict[str, str] = {}
        if world.slack is not None:
            people, there = world.slack.people(), world.slack.core.world
            self._names = {name: one["real_name"] for one in people for name in (one["id"], one["key"])}
            self._names |= {group.id: group.handle for group in there.groups.values()}
            self._names |= {channel.id: f"#{channel.name}" for channel in there.channels.values()}

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
        if kind == "act":
            yield from self._acted(method, entry["person"], entry["arguments"])
        elif kind in ("envelope", "request"):
            arguments = entry["arguments"]
            yield from self._pressed(arguments.get("payload", arguments))
        elif kind == "no ack":
            yield "Slack", f"{method} was not acknowledged: {entry.get('answer')}", "red"
        elif kind == "response_url":
            yield _BOT, f"answers privately: {self._plain(entry['arguments'].get('text', ''))}", "cyan"
        elif kind == "call":
            yield from self._said(method, entry["arguments"], entry["answer"])

    def _acted(self, act: str, person: str, facts: Mapping[str, Any]) -> Iterator[Line]:
        where = "in the thread" if facts.get("thread_ts") else f"in #{facts.get('channel')}"
        if facts.get("channel") == "directmessage":
            where = "to the bot"
        said = {
            "command": f"types {facts.get('text')} {where}",
            "message": f"says {facts.get('text')} {where}",
            "submit": "sends the form",
            "shortcut": f"uses the shortcut {facts.get('callback_id')}",
            "home": "opens App Home",
        }
        if act in said:
            yield self._names.get(person, person), said[act], "magenta"

    def _pressed(self, payload: Mapping[str, Any]) -> Iterator[Line]:
        """What was pressed has its label only in the payload."""
        if payload.get("type") == "block_actions":
            for action in payload["actions"]:
                label = action.get("text", {}).get("text", action["action_id"])
                yield self._name(payload["user"]["id"]), f"presses {label}", "magenta"

    def _said(self, method: str, arguments: Mapping[str, Any], answer: Any) -> Iterator[Line]:
        if isinstance(answer, Mapping) and answer.get("ok") is False:
            yield _BOT, f"is refused {method}: {answer.get('error')}", "red"
            return
        text = self._plain(str(arguments.get("text", "")))
        match method:
            case "chat.postMessage":
                yield _BOT, f"{self._where(arguments, answer)}: {text}", "cyan"
            case "chat.postEphemeral":
                yield _BOT, f"privately to {self._name(str(arguments.get('user', '')))}: {text}", "cyan"
            case "chat.update" if self._shown.get(str(arguments.get("ts"))) != text:
                self._shown[str(arguments.get("ts"))] = text
                yield _BOT, f"the card now: {text}", "cyan"
            case "views.open":
                yield _BOT, "opens a form", "cyan"
            case _:
                return

    def _where(self, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
        if arguments.get("thread_ts"):
            return "in the thread"
        channel = str(answer.get("channel", ""))
        if channel.startswith("D"):
            return f"directly to {self._name('U' + channel[1:])}"
        return f"in {self._name(channel)}"

    def _name(self, some_id: str) -> str:
        return str(self._names.get(some_id, some_id))

    def _plain(self, text: str) -> str:
        return plain(text, self._names)
