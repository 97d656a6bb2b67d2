"""Scripted persons who play one story through the JSON API, and say what they see."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar

import httpx
from rich.console import Console

from sandbox.client import REQUESTS, Client, TooLate, buttons, key_of
from sandbox.show import Screen

Seen = dict[str, Any]
Found = TypeVar("Found")

PEOPLE = {"requester": "Mina Kim", "admin": "Bob Lee", "second-admin": "Dana Park", "outsider": "Owen Reed"}


class NotAsExpected(Exception):
    """What was expected, and what was seen instead."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(f"expected: {expected}\nseen: {seen}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`stages` were made, `messages` the bot left in Slack, privately whispered ones not counted."""

    story: str
    ok: bool
    seconds: float
    stages: int
    messages: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Spine:
    """From `/workspace create` to ready, with the bot killed on the way."""

    name = "spine"
    project = "alpha"

    def __init__(self, client: Client, console: Console) -> None:
        self._client = client
        self._screen = Screen(console, client.names())
        self._shown: dict[str, str] = {}
        self._before: Seen = {}

    def play(self) -> Outcome:
        """Raises `NotAsExpected`, or `TooLate` when something did not come into sight."""
        began = time.monotonic()
        self._before = self._client.world()
        self._ask()
        card = self._card_is_there()
        self._others_are_refused(card)
        self._approve_and_kill(card)
        self._becomes_ready()
        self._world_is_right()
        self._people_can_log_in()
        self._status_is_told(card)
        messages = self._nothing_is_doubled()
        return Outcome(
            story=self.name,
            ok=True,
            seconds=round(time.monotonic() - began, 1),
            stages=len(_done(self._words(self._card()))),
            messages=messages,
        )

    # The steps

    def _ask(self) -> None:
        self._did("requester", f"/workspace create {self.project}")
        seen = self._client.command("requester", f"/workspace create {self.project}")
        view = seen["view"]
        self._see("a form opens", seen, holds=view is not None)
        values = {"why": "Training the demand forecast of the autumn campaign"}
        shown = {**_filled(view), **values}
        self._same("the form is filled with what was typed", shown.get("project"), self.project)
        self._screen.dialog(view, shown)
        self._did("requester", "presses Ask for approval")
        sent = self._client.submit("requester", view["id"], **values)
        self._see("the form is taken", sent, holds=sent["acknowledged"] and not sent["errors"])
        note = self._await(lambda: self._private("requester", "general", self.project), "a private note")
        self._screen.private(note, PEOPLE["requester"])

    def _card_is_there(self) -> Seen:
        card = self._await(self._find_card, f"card for {self.project} in #{REQUESTS}")
        self._screen.message(card, f"#{REQUESTS}")
        self._shown["card"] = self._words(card)
        asked = {"ws.req.approve", "ws.req.reject", "ws.req.withdraw"}
        self._see("the card can be decided", list(buttons(card)), holds=asked <= buttons(card).keys())
        return card

    def _others_are_refused(self, card: Seen) -> None:
        for person in ("requester", "outsider"):
            before = self._privates(person, REQUESTS)
            self._did(person, "presses Approve")
            self._client.click(person, "ws.req.approve", ts=card["ts"], channel=REQUESTS)
            refused = partial(self._new_private, person, REQUESTS, before)
            refusal = self._await(refused, f"private refusal for {person}")
            self._screen.private(refusal, PEOPLE[person])
        words = self._words(self._card())
        self._same("the card is as it was", words, self._shown["card"])

    def _approve_and_kill(self, card: Seen) -> None:
        self._client.fault("kill-bot", call="s3.CreateBucket", nth=1)
        self._screen.note("(the sandbox will kill the bot with -9 right after it has made the bucket)")
        self._did("admin", "presses Approve")
        self._client.click("admin", "ws.req.approve", ts=card["ts"], channel=REQUESTS)
        self._await(self._killed, "kill of the bot")
        self._screen.note("the bot was killed; the bucket stands, but nobody heard of it", "bold red")
        names = [bucket["name"] for bucket in self._ours("buckets")]
        self._see("the bucket was made before the kill", names, holds=len(names) == 1)
        self._client.start_bot()
        self._screen.note("the bot was started again", "bold green")

    def _becomes_ready(self) -> None:
        self._await(self._ready, "ready card", 40)
        self._screen.message(self._card(), f"#{REQUESTS}", "green")
        direct = self._await(
            lambda: next((one for one in self._directs() if "ready" in self._words(one)), None),
            "direct message to the requester",
        )
        self._screen.message(direct, f"direct message to {PEOPLE['requester']}", "green")

    def _world_is_right(self) -> None:
        namespace, login = f"aic-ns-{self.project}-ws", f"aic-user-{self.project}-ws@aic.com"
        profiles, namespaces = self._ours("profiles"), self._ours("namespaces")
        buckets, users = self._ours("buckets"), self._ours("dex_users")
        self._same(
            "one Profile with its owner",
            [(one["name"], one["owner"]) for one in profiles],
            [(namespace, login)],
        )
        self._same(
            "its namespace, active",
            [(one["name"], one["owner"], one["phase"]) for one in namespaces],
            [(namespace, login, "Active")],
        )
        bucket = f"s3-an2-meerkat-prod-{self.project}"
        self._same("one bucket", [one["name"] for one in buckets], [bucket])
        self._see(
            "the bucket carries the project", buckets, holds=self.project in buckets[0]["tags"].values()
        )
        self._same("one login", [one["email"] for one in users], [login])
        now = self._client.world()
        for kind in ("profiles", "namespaces", "buckets", "dex_users"):
            left = [one for one in now[kind] if one["workspace"] != self.project]
            self._same(f"all other {kind} are as before", left, self._before[kind])
        made = Counter(write["call"] for write in self._client.writes())
        for call in ("s3.CreateBucket", "kubernetes.create profiles"):
            self._same(f"{call} was done once", made[call], 1)
        self._same("no call that nobody knows", self._client.unknown(), [])
        self._screen.note(f"world: {namespace}, {bucket}, {login}: one of each, all else untouched", "green")

    def _people_can_log_in(self) -> None:
        logins = self._client.logins()
        passwords: Mapping[str, str] = logins["passwords"]
        for user in self._client.world()["dex_users"]:
            password = passwords.get(user["email"], passwords["*"])
            answer = httpx.post(
                logins["url"],
                auth=(logins["client_id"], logins["client_secret"]),
                data={
                    "grant_type": "password",
                    "scope": "openid email",
                    "username": user["email"],
                    "password": password,
                },
                trust_env=False,
                timeout=10,
            )
            self._see(f"{user['email']} can log in", answer.text, holds="id_token" in answer.text)
        count = len(self._client.world()["dex_users"])
        self._screen.note(f"dex: the new login and its {count - 1} neighbours can log in", "green")

    def _status_is_told(self, card: Seen) -> None:
        before = {message["ts"] for message in self._thread()}
        self._did("requester", "in the thread: @workspacebot status")
        self._client.mention("requester", "status", thread_ts=card["ts"])
        answer = self._await(
            lambda: next((m for m in self._thread() if m["ts"] not in before and m.get("bot")), None),
            "answer in the thread",
        )
        self._screen.message(answer, "in the thread")
        for text in (f"/workspace status {self.project}", "/workspace list"):
            earlier = self._privates("requester", "general")
            self._did("requester", text)
            self._client.command("requester", text)
            answered = partial(self._new_private, "requester", "general", earlier)
            told = self._await(answered, f"answer to {text}")
            words = self._words(told)
            self._see(f"{text} tells of {self.project}", words, holds=self.project in words)
            self._screen.private(told, PEOPLE["requester"])

    def _nothing_is_doubled(self) -> int:
        """How many messages of the bot there are."""
        lasting = [
            message
            for message in [*self._client.channel(REQUESTS, "admin"), *self._client.dm("requester")]
            if message.get("bot") and not message["ephemeral"]
        ]
        keys = Counter(key_of(message) for message in lasting)
        keys.pop("", None)
        self._same("no message twice", [key for key, count in keys.items() if count > 1], [])
        return len(lasting)

    # What is seen

    def _find_card(self) -> Seen | None:
        for message in self._client.channel(REQUESTS, "admin"):
            key = key_of(message)
            if key and "#" not in key and not message["thread_ts"] and self.project in message["text"]:
                return message
        return None

    def _card(self) -> Seen:
        card = self._find_card()
        if card is None:
            raise NotAsExpected(f"the card for {self.project}", "no card")
        return card

    def _thread(self) -> list[Seen]:
        ts = self._card()["ts"]
        return [one for one in self._client.channel(REQUESTS, "requester") if one["thread_ts"] == ts]

    def _killed(self) -> bool:
        self._progress()
        return self._client.bot() == "killed"

    def _ready(self) -> bool:
        self._progress()
        return "is ready" in self._words(self._card())

    def _progress(self) -> None:
        """Print what is new on the card and in its thread."""
        lines = self._words(self._card()).splitlines()
        known = self._shown.get("card", "").splitlines()
        for line in lines:
            if line not in known:
                self._screen.note(f"card: {line}", "cyan")
        self._shown["card"] = "\n".join(lines)
        for message in self._thread():
            if message["ts"] not in self._shown and message.get("bot"):
                self._shown[message["ts"]] = "told"
                self._screen.note(f"thread: {self._words(message)}", "blue")

    def _directs(self) -> list[Seen]:
        return [one for one in self._client.dm("requester") if one.get("bot")]

    def _privates(self, person: str, channel: str) -> list[Seen]:
        return [one for one in self._client.channel(channel, person) if one["ephemeral"]]

    def _new_private(self, person: str, channel: str, before: list[Seen]) -> Seen | None:
        known = {message["ts"] for message in before}
        return next((m for m in self._privates(person, channel) if m["ts"] not in known), None)

    def _private(self, person: str, channel: str, word: str) -> Seen | None:
        return next((m for m in self._privates(person, channel) if word in self._words(m)), None)

    def _ours(self, kind: str) -> list[Seen]:
        return [one for one in self._client.world()[kind] if one["workspace"] == self.project]

    def _words(self, message: Seen) -> str:
        return self._client.words(message)

    # Telling

    def _did(self, person: str, what: str) -> None:
        self._screen.did(person, PEOPLE[person], what)

    def _await(self, look: Callable[[], Found | None], what: str, within: float = 20) -> Found:
        try:
            return self._client.until(look, what, within=within)
        except TooLate as error:
            card = self._find_card()
            seen = self._words(card) if card else "no card"
            raise NotAsExpected(
                str(error), f"the bot is {self._client.bot()}; the card says:\n{seen}"
            ) from error

    def _see(self, what: str, seen: object, *, holds: bool) -> None:
        if not holds:
            raise NotAsExpected(what, seen)

    def _same(self, what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            raise NotAsExpected(f"{what}: {wanted}", seen)


STORIES = {Spine.name: Spine}


def _filled(view: Seen) -> dict[str, str]:
    """What stands in each input of a form, by block_id."""
    found = {}
    for block_id, entries in view["state"]["values"].items():
        for entry in entries.values():
            value = entry.get("value") or (entry.get("selected_option") or {}).get("value")
            if value:
                found[block_id] = str(value)
    return found


def _done(words: str) -> list[str]:
    return [line for line in words.splitlines() if line.startswith("✔")]
