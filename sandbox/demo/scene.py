"""One workspace as the people around it see it, through the JSON API: its card, thread, private answers."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpx

from sandbox.control.client import REQUESTS, Client, Seen, TooLate, key_of

Found = TypeVar("Found")
GENERAL = "general"
WHY = "Training the demand forecast of the autumn campaign"


class Scene:
    """Everything here is about `project`; looking changes nothing."""

    def __init__(self, client: Client, project: str, patience: float = 20) -> None:
        """`patience`: seconds until what should come into sight is given up."""
        self.client = client
        self.project = project
        self.patience = patience

    # Acting

    def open_form(self, person: str = "requester") -> Seen:
        """`/workspace create PROJECT`; the form that opens."""
        return self._opened(person, f"/workspace create {self.project}")

    def ask(self, person: str = "requester", **values: Any) -> Seen:
        """Ask for it with the form; the new card that appears."""
        before = (self.card() or {}).get("ts")
        view = self.open_form(person)
        self.client.submit(person, view["id"], **{"why": WHY, **values})
        return self.until(lambda: self.newer_card(before), f"card for {self.project} in #{REQUESTS}")

    def open_delete(self, person: str = "requester") -> Seen:
        """`/workspace delete PROJECT`; the dialog that opens."""
        return self._opened(person, f"/workspace delete {self.project}")

    def ask_delete(self, person: str = "requester") -> Seen:
        """Ask for it to be deleted, the name typed out; the new card that appears."""
        before = (self.card() or {}).get("ts")
        view = self.open_delete(person)
        self.client.submit(person, view["id"], confirm=self.project)
        return self.until(lambda: self.newer_card(before), f"card of the delete in #{REQUESTS}")

    def newer_card(self, before: str | None) -> Seen | None:
        """The newest card, when it is another than the one at `before`."""
        card = self.card()
        return card if card is not None and card["ts"] != before else None

    def press(self, person: str, action_id: str) -> Seen:
        """A button of the card."""
        return self.client.click(person, action_id, ts=self.the_card()["ts"], channel=REQUESTS)

    def refusal(self, person: str, action_id: str) -> str:
        """Press a button of the card and read what only that person is told."""
        before = self.privates(person, REQUESTS)
        self.press(person, action_id)
        told = self.until(partial(self.new_private, person, REQUESTS, before), f"private answer to {person}")
        return self.client.words(told)

    def tell(self, person: str, text: str, channel: str = GENERAL) -> str:
        """Type a command and read what only that person is told."""
        before = self.privates(person, channel)
        self.client.command(person, text, channel)
        told = self.until(partial(self.new_private, person, channel, before), f"answer to {text}")
        return self.client.words(told)

    # Looking

    def card(self) -> Seen | None:
        """The newest card of the project."""
        name = re.compile(rf"(?<![\w-]){re.escape(self.project)}(?![\w-])", re.ASCII)
        cards = [one for one in self.cards() if name.search(one["text"])]
        return cards[-1] if cards else None

    def cards(self) -> list[Seen]:
        """Every project's, oldest first."""
        return [
            message
            for message in self.client.channel(REQUESTS, "admin")
            if key_of(message) and "#" not in key_of(message) and not message["thread_ts"]
        ]

    def the_card(self) -> Seen:
        card = self.card()
        if card is None:
            raise TooLate(f"there is no card for {self.project}")
        return card

    def words(self) -> str:
        """What the card says."""
        return self.client.words(self.the_card())

    def says(self, *words: str) -> bool:
        """Whether the card says all that."""
        said = self.words()
        return all(word in said for word in words)

    def thread(self) -> list[Seen]:
        ts = self.the_card()["ts"]
        return [one for one in self.client.channel(REQUESTS, "requester") if one["thread_ts"] == ts]

    def told(self) -> list[str]:
        """What the bot said in the thread."""
        return [self.client.words(message) for message in self.thread() if message.get("bot")]

    def lines(self) -> list[str]:
        """The same line by line: what came together is in one post."""
        return [line for said in self.told() for line in said.splitlines()]

    def directs(self, person: str = "requester") -> list[Seen]:
        """The bot's direct messages about it."""
        said = [message for message in self.client.dm(person) if message.get("bot")]
        key = key_of(self.the_card())
        return [message for message in said if key_of(message).partition("/")[0] == key]

    def privates(self, person: str, channel: str) -> list[Seen]:
        return [one for one in self.client.channel(channel, person) if one["ephemeral"]]

    def new_private(self, person: str, channel: str, before: list[Seen]) -> Seen | None:
        known = {message["ts"] for message in before}
        return next((m for m in self.privates(person, channel) if m["ts"] not in known), None)

    def private(self, person: str, channel: str, word: str) -> Seen | None:
        return next((m for m in self.privates(person, channel) if word in self.client.words(m)), None)

    def ours(self, kind: str) -> list[Seen]:
        """What the world holds of it."""
        return [one for one in self.client.things()[kind] if one["workspace"] == self.project]

    def names(self) -> dict[str, list[str]]:
        """The names of all that the world holds of it, by kind; kinds of which there is nothing left out."""
        named = {
            kind: [_name(kind, one) for one in things if one["workspace"] == self.project]
            for kind, things in self.client.things().items()
        }
        return {kind: names for kind, names in named.items() if names}

    def doubled(self) -> list[str]:
        """Keys of messages of the bot that stand more than once, anywhere."""
        lasting = [*self.client.channel(REQUESTS, "admin"), *self.client.dm("requester")]
        keys = Counter(key_of(one) for one in lasting if one.get("bot") and not one["ephemeral"])
        return [key for key, count in keys.items() if key and count > 1]

    def writes(self, since: int = 0) -> Counter[str]:
        """How often the bot carried out each call on things of this project, after write number `since`."""
        return Counter(
            write["call"] for write in self.client.writes(since) if write["workspace"] == self.project
        )

    def can_log_in(self, email: str) -> bool:
        """Whether dex lets that login in, with its password as the sandbox knows it."""
        logins = self.client.logins()
        passwords: dict[str, str] = logins["passwords"]
        answer = httpx.post(
            logins["url"],
            auth=(logins["client_id"], logins["client_secret"]),
            data={
                "grant_type": "password",
                "scope": "openid email",
                "username": email,
                "password": passwords.get(email, passwords["*"]),
            },
            trust_env=False,
            timeout=10,
        )
        return answer.is_success and "id_token" in answer.json()

    def new_view(self, person: str, before: str | None) -> Seen | None:
        """The dialog on top, when it is another than the one with the id `before`."""
        view = self.client.view(person)
        return view if view is not None and view["id"] != before else None

    def _opened(self, person: str, text: str) -> Seen:
        before = (self.client.view(person) or {}).get("id")
        self.client.command(person, text)
        return self.until(lambda: self.new_view(person, before), f"dialog after {text}")

    def until(self, look: Callable[[], Found | None], what: str, within: float | None = None) -> Found:
        """Raises `TooLate` with how the bot is and what the card says."""
        try:
            return self.client.until(look, what, within=self.patience if within is None else within)
        except TooLate as error:
            card = self.card()
            says = self.client.words(card) if card else "(there is none)"
            raise TooLate(f"{error}; the bot is {self.client.bot()}, the card says:\n{says}") from error

    def until_says(self, *words: str, within: float = 30) -> None:
        self.until(lambda: self.says(*words), f"card that says {', '.join(words)}", within)


def _name(kind: str, one: Seen) -> str:
    """One line that says what it is."""
    match kind:
        case "dex_users":
            return str(one["email"])
        case "policies":
            return f"{one['resource']} in {one['policy']}"
        case "dashboards":
            return str(one["uid"])
        case "conductor":
            whose = f"{one['login']} in " if one["kind"] == "member" else ""
            return f"{one['kind']} {whose}{one['name']}"
        case _:
            return str(one["name"])
