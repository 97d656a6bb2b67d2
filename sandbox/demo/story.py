"""Scripted persons who play one story through the JSON API, and show what they see."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from rich.console import Console

from sandbox.control.client import REQUESTS, Client, Seen, TooLate, buttons
from sandbox.demo.scene import GENERAL, WHY, Scene
from sandbox.demo.show import Screen

Found = TypeVar("Found")

PEOPLE = {"requester": "Mina Kim", "admin": "Bob Lee", "second-admin": "Dana Park", "outsider": "Owen Reed"}


class NotAsExpected(Exception):
    """What was expected, and what was seen instead."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(f"expected: {expected}\nseen: {seen}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`stages` were made; `messages` the bot left in Slack, private ones not counted."""

    story: str
    ok: bool
    seconds: float
    stages: int
    messages: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Story(ABC):
    """One workspace from `/workspace create` to ready; what happens in between is each story's own."""

    name: ClassVar[str]
    project: ClassVar[str]

    def __init__(self, client: Client, console: Console, patience: float = 20) -> None:
        """`patience`: seconds until what should come into sight is given up."""
        self._client = client
        self._scene = Scene(client, self.project, patience)
        self._screen = Screen(console, client.names())
        self._shown: set[str] = set()
        self._before: dict[str, list[Seen]] = {}

    def play(self) -> Outcome:
        """Raises `NotAsExpected`."""
        began = time.monotonic()
        self._before = self._client.things()
        try:
            self._ask()
            self._card_is_there()
            self._go_through()
            self._becomes_ready()
            stages = self._scene.words().count("✔")
            self._world_is_right()
            self._people_can_log_in()
            self._afterwards()
            messages = self._nothing_is_doubled()
        except TooLate as error:
            raise NotAsExpected("the story to go on", error) from error
        seconds = round(time.monotonic() - began, 1)
        return Outcome(story=self.name, ok=True, seconds=seconds, stages=stages, messages=messages)

    @abstractmethod
    def _go_through(self) -> None:
        """From the card to the point from which it gets ready by itself."""

    def _afterwards(self) -> None:  # noqa: B027  a story may ask nothing more
        """What is asked once it is ready."""

    # The steps

    def _ask(self) -> None:
        self._did("requester", f"/workspace create {self.project}")
        view = self._scene.open_form()
        values = {**_filled(view), "why": WHY}
        self._same("the form is filled with what was typed", values.get("project"), self.project)
        self._screen.dialog(view, values)
        self._did("requester", "presses Request approval")
        sent = self._client.submit("requester", view["id"], why=WHY)
        self._see("the form is taken", sent, holds=sent["acknowledged"] and not sent["errors"])
        note = self._await(lambda: self._scene.private("requester", GENERAL, self.project), "private note")
        self._screen.private(note, PEOPLE["requester"])

    def _card_is_there(self) -> None:
        card = self._await(self._scene.card, f"card for {self.project} in #{REQUESTS}")
        self._screen.message(card, f"#{REQUESTS}")
        self._shown |= set(self._scene.words().splitlines())
        asked = {"ws.req.approve", "ws.req.reject", "ws.req.withdraw"}
        self._see("the card can be decided", list(buttons(card)), holds=asked <= buttons(card).keys())

    def _becomes_ready(self) -> None:
        self._await(self._ready, "ready card", 40)
        self._screen.message(self._scene.the_card(), f"#{REQUESTS}", "green")
        direct = self._await(
            lambda: next((m for m in self._scene.directs() if "ready" in self._client.words(m)), None),
            "direct message to the requester",
        )
        self._screen.message(direct, f"direct message to {PEOPLE['requester']}", "green")

    def _world_is_right(self) -> None:
        names, login = self._scene.names(), f"aic-user-{self.project}-ws@aic.com"
        boards = names.pop("dashboards", [])
        self._same("one of each", {kind: sorted(found) for kind, found in names.items()}, self._made_names())
        self._see("one dashboard", boards, holds=[len(uid) for uid in boards] == [13])
        owners = [one["owner"] for kind in ("profiles", "namespaces") for one in self._scene.ours(kind)]
        self._same("Profile and namespace have their owner", owners, [login, login])
        tags = self._scene.ours("buckets")[0]["tags"]
        self._see("the bucket carries the project", tags, holds=self.project in tags.values())
        self._neighbours_are_untouched()
        made = self._scene.writes()
        for call in ("s3.CreateBucket", "kubernetes.create profiles", "conductor.create account"):
            self._same(f"{call} was done once", made[call], 1)
        self._same("calls that nobody knows", self._client.unknown(), [])
        count = sum(map(len, names.values())) + len(boards)
        self._screen.note(f"world: {count} things of {self.project}, all else untouched", "green")

    def _made_names(self) -> dict[str, list[str]]:
        """All that a workspace consists of but its dashboard, whose uid tells nothing."""
        namespace, nodegroup = f"aic-ns-{self.project}-ws", f"ng-an2-aicond-{self.project}-ws-standard"
        bucket, workspace = f"s3-an2-meerkat-prod-{self.project}", f"{self.project}-ws"
        account = f"{self.project}-edge"
        policies = ("policy-s3-aia-an2-meerkat-prod", "policy-s3-kubeflow-an2-meerkat-prod")
        return {
            "namespaces": [namespace],
            "profiles": [namespace],
            "dex_users": [f"aic-user-{workspace}@aic.com"],
            "buckets": [bucket],
            "policies": sorted(
                f"arn:aws:s3:::{bucket}{form} in {policy}" for form in ("", "/*") for policy in policies
            ),
            "stacks": [f"eksctl-eks-an2-meerkat-prod-nodegroup-{nodegroup}"],
            "nodegroups": [nodegroup],
            "conductor": [
                f"account {account}",
                f"member {account} in {workspace}",
                f"workspace {workspace}",
            ],
        }

    def _neighbours_are_untouched(self) -> None:
        for kind, things in self._client.things().items():
            left = [_lasting(one) for one in things if one["workspace"] != self.project]
            before = [_lasting(one) for one in self._before[kind]]
            self._same(f"all other {kind} are as before", left, before)

    def _people_can_log_in(self) -> None:
        emails = [user["email"] for user in self._client.world()["dex_users"]]
        for email in emails:
            self._see(f"{email} can log in", "dex says no", holds=self._scene.can_log_in(email))
        self._screen.note(f"dex: the new login and its {len(emails) - 1} neighbours can log in", "green")

    def _status_in_the_thread(self) -> None:
        known = {message["ts"] for message in self._scene.thread()}
        self._did("requester", "in the thread: @workspacebot status")
        self._client.mention("requester", "status", thread_ts=self._scene.the_card()["ts"])
        answer = self._await(
            lambda: next(
                (
                    message
                    for message in self._scene.thread()
                    if message["ts"] not in known and message.get("bot") and message.get("blocks")
                ),
                None,
            ),
            "answer in the thread",
        )
        self._screen.message(answer, "in the thread")

    def _status_is_told(self) -> None:
        for text in (f"/workspace status {self.project}", "/workspace list"):
            earlier = self._scene.privates("requester", GENERAL)
            self._did("requester", text)
            self._client.command("requester", text)
            answered = partial(self._scene.new_private, "requester", GENERAL, earlier)
            told = self._await(answered, f"answer to {text}")
            words = self._client.words(told)
            self._see(f"{text} tells of {self.project}", words, holds=self.project in words)
            self._screen.private(told, PEOPLE["requester"])

    def _nothing_is_doubled(self) -> int:
        """How many messages of the bot there are."""
        self._same("messages that stand twice", self._scene.doubled(), [])
        lasting = [*self._client.channel(REQUESTS, "admin"), *self._client.dm("requester")]
        return sum(bool(message.get("bot")) and not message["ephemeral"] for message in lasting)

    # What is seen

    def _ready(self) -> bool:
        self._progress()
        return self._scene.says("is ready")

    def _failed(self) -> bool:
        self._progress()
        return "ws.run.retry" in buttons(self._scene.the_card())

    def _in_thread(self, *words: str) -> Seen | None:
        """The message there that says all that."""
        said = ((message, self._client.words(message)) for message in self._scene.thread())
        return next((message for message, text in said if all(word in text for word in words)), None)

    def _progress(self) -> None:
        """Print what is new on the card and in its thread."""
        for line in self._scene.words().splitlines():
            if line not in self._shown:
                self._shown.add(line)
                self._screen.step("card", line)
        for message in self._scene.thread():
            if message["ts"] not in self._shown and message.get("bot"):
                self._shown.add(message["ts"])
                self._screen.step("thread", self._client.words(message))

    # Telling

    def _did(self, person: str, what: str) -> None:
        self._screen.did(person, PEOPLE[person], what)

    def _await(self, look: Callable[[], Found | None], what: str, within: float | None = None) -> Found:
        return self._scene.until(look, what, within)

    def _see(self, what: str, seen: object, *, holds: bool) -> None:
        if not holds:
            raise NotAsExpected(what, seen)

    def _same(self, what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            raise NotAsExpected(f"{what}: {wanted}", seen)


def _filled(view: Seen) -> dict[str, str]:
    """What stands in each input of a form, by block_id."""
    found = {}
    for block_id, entries in view["state"]["values"].items():
        for entry in entries.values():
            value = entry.get("value") or (entry.get("selected_option") or {}).get("value")
            if value:
                found[block_id] = str(value)
    return found


def _lasting(one: Seen) -> Seen:
    """Without what changes with every edit of a shared policy."""
    return {name: value for name, value in one.items() if name != "version"}
