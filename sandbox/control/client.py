"""The JSON API as Python calls, for the demo, the journeys in tests, and scripts."""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from sandbox.demo.mrkdwn import plain

REQUESTS = "workspace-requests"
Seen = dict[str, Any]
Found = TypeVar("Found")


class Refused(Exception):
    """The sandbox could not carry it out; says what to do."""

    def __init__(self, status: int, error: str, what_to_do: str) -> None:
        super().__init__(f"{error} ({what_to_do})")
        self.status = status


class TooLate(Exception):
    """Something did not come into sight; says what and what was there instead."""


class Client:
    """One sandbox by its URL. Each act returns what that person then sees."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=90)
        self._names: dict[str, str] = {}

    def close(self) -> None:
        self._http.close()

    # People

    def people(self) -> list[Seen]:
        found: list[Seen] = self._get("/api/people")["people"]
        return found

    def names(self) -> dict[str, str]:
        """Real names of people and handles of groups, by id."""
        if not self._names:
            found = self._get("/api/people")
            self._names = {person["id"]: person["real_name"] for person in found["people"]}
            self._names |= {group["id"]: group["handle"] for group in found["groups"]}
        return self._names

    def command(self, person: str, text: str, channel: str = "general") -> Seen:
        return self._act(person, "command", channel=channel, text=text)

    def submit(self, person: str, view_id: str, **values: Any) -> Seen:
        return self._act(person, "submit", view_id=view_id, values=values)

    def click(self, person: str, action_id: str, **where: Any) -> Seen:
        """`where`: ts or view_id, channel, value."""
        return self._act(person, "click", action_id=action_id, **where)

    def mention(self, person: str, text: str, channel: str = REQUESTS, thread_ts: str | None = None) -> Seen:
        return self._act(person, "mention", channel=channel, thread_ts=thread_ts, text=text)

    def message(self, person: str, text: str, channel: str = "dm") -> Seen:
        return self._act(person, "message", channel=channel, text=text)

    def shortcut(self, person: str, callback_id: str, **where: Any) -> Seen:
        return self._act(person, "shortcut", callback_id=callback_id, **where)

    def open_home(self, person: str) -> Seen:
        return self._act(person, "home")

    def close_view(self, person: str, view_id: str) -> Seen:
        return self._act(person, "close", view_id=view_id)

    def set_locale(self, person: str, locale: str) -> None:
        self._call("PUT", f"/api/people/{person}", {"locale": locale})

    # Looking

    def channel(self, name: str, as_: str) -> list[Seen]:
        """Messages oldest first, replies among them; private ones only for their reader."""
        found: list[Seen] = self._get(f"/api/channels/{name}", **{"as": as_})["messages"]
        return found

    def dm(self, as_: str) -> list[Seen]:
        found: list[Seen] = self._get("/api/dm", **{"as": as_})["messages"]
        return found

    def view(self, as_: str) -> Seen | None:
        found: Seen | None = self._get("/api/view", **{"as": as_})["view"]
        return found

    def home(self, as_: str) -> Seen | None:
        found: Seen | None = self._get("/api/home", **{"as": as_})["view"]
        return found

    def world(self) -> Seen:
        return self._get("/api/world")

    def things(self) -> dict[str, list[Seen]]:
        """What workspaces are made of, by kind: the part of the world that is lists."""
        return {kind: found for kind, found in self.world().items() if isinstance(found, list)}

    def logins(self) -> Seen:
        return self._get("/api/logins")

    def journal(self, since: int | str = 0, wait: float = 0) -> Seen:
        """ "entries" after number `since` ("end": none), and "next" for the following call."""
        return self._get("/api/journal", since=since, wait=wait)

    def writes(self, since: int = 0) -> list[Seen]:
        """What the bot changed at vendors."""
        found: list[Seen] = self._get("/api/writes", since=since)["entries"]
        return found

    def unknown(self) -> list[str]:
        found: list[str] = self._get("/api/unknown")["calls"]
        return found

    # Trouble

    def fault(self, name: str, **setting: Any) -> Seen:
        return self._call("PUT", f"/api/faults/{name}", setting)

    def mend(self, name: str) -> Seen:
        return self._call("DELETE", f"/api/faults/{name}")

    def is_on(self, name: str) -> bool:
        return bool(self._get(f"/api/faults/{name}")["on"])

    def bot(self) -> str:
        """running, killed, stopped or failed."""
        return str(self._get("/api/bot")["state"])

    def kill_bot(self) -> None:
        self._call("POST", "/api/bot/kill")

    def start_bot(self) -> None:
        self._call("POST", "/api/bot/start")

    # Reading

    def words(self, message: Seen) -> str:
        """All that a person reads in a message or view but its buttons, as plain lines."""
        said = [text for block in message.get("blocks") or [] for text in _texts(block)]
        return plain("\n".join(said or [message.get("text", "")]), self.names())

    def until(self, look: Callable[[], Found | None], what: str, *, within: float = 30.0) -> Found:
        """Look again whenever something happened in Slack, and every half second. Raises `TooLate`."""
        end = time.monotonic() + within
        while True:
            number = self.journal("end")["next"]
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise TooLate(f"within {within:.0f} s there was no {what}")
            self.journal(number, wait=0.5)

    def _act(self, person: str, act: str, **body: Any) -> Seen:
        return self._call("POST", f"/api/people/{person}/{act}", body)

    def _get(self, path: str, **query: Any) -> Seen:
        return self._call("GET", path, query=query)

    def _call(self, method: str, path: str, body: Seen | None = None, query: Seen | None = None) -> Seen:
        answer = self._http.request(method, path, json=body, params=query)
        found: Seen = answer.json()
        if not answer.is_success:
            raise Refused(answer.status_code, found["error"], found["what to do"])
        return found


def key_of(message: Seen) -> str:
    """The bot's own key of a message, "" for others' messages."""
    metadata = message.get("metadata") or {}
    return str((metadata.get("event_payload") or {}).get("key", ""))


def buttons(message: Seen) -> dict[str, Seen]:
    """The buttons of a message or view by action_id."""
    return {
        element["action_id"]: element
        for block in message.get("blocks") or []
        if block["type"] == "actions"
        for element in block["elements"]
    }


def _texts(block: Seen) -> Iterator[str]:
    if block["type"] == "actions":
        return
    for name in ("text", "label"):
        if name in block:
            yield block[name]["text"]
    for name in ("fields", "elements"):
        for inner in block.get(name, []):
            text = inner.get("text")
            if text is not None:
                yield text if isinstance(text, str) else text["text"]
