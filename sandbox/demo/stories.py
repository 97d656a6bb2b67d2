"""The stories there are."""

from functools import partial

from sandbox.control.client import REQUESTS
from sandbox.demo.story import PEOPLE, Story


class Whole(Story):
    """There and back: no machine is to be had, Retry, ready, status, delete, nothing is left."""

    name = "whole"
    project = "alpha"

    def _go_through(self) -> None:
        self._client.fault("no-capacity", times=1)
        self._screen.note("(EC2 has no m5.xlarge left for the next node group)")
        self._did("admin", "presses Approve")
        self._scene.press("admin", "ws.req.approve")
        self._await(self._failed, "failed card", 40)
        self._screen.message(self._scene.the_card(), f"#{REQUESTS}", "red")
        said = self._await(partial(self._in_thread, "InsufficientInstanceCapacity", "What to do:"), "cause")
        self._screen.message(said, "in the thread", "red")
        self._same("there is no node group", self._scene.ours("nodegroups"), [])
        self._details_are_shown()
        self._did("requester", "presses Retry")
        self._scene.press("requester", "ws.run.retry")
        self._status_in_the_thread()

    def _afterwards(self) -> None:
        self._status_is_told()
        self._delete()
        self._nothing_is_left()

    def _details_are_shown(self) -> None:
        self._did("requester", "presses View details")
        before = (self._client.view("requester") or {}).get("id")
        self._scene.press("requester", "ws.run.details")
        view = self._await(partial(self._scene.new_view, "requester", before), "dialog with the details")
        self._screen.dialog(view, {})
        words = self._client.words(view)
        self._see("the vendor's own words are there", words, holds="InsufficientInstanceCapacity" in words)
        self._client.close_view("requester", view["id"])

    def _delete(self) -> None:
        self._did("requester", f"/workspace delete {self.project}")
        view = self._scene.open_delete()
        sent = self._client.submit("requester", view["id"], confirm="alpah")
        self._see("a wrong name is refused at its field", sent, holds="confirm" in sent["errors"])
        shown = self._client.view("requester") or view
        self._screen.dialog(shown, {"confirm": "alpah"})
        self._did("requester", f"types {self.project} and sends it")
        before = self._scene.the_card()["ts"]
        self._client.submit("requester", view["id"], confirm=self.project, why="the campaign is over")
        card = self._await(lambda: self._scene.newer_card(before), "card of the delete")
        self._shown |= set(self._scene.words().splitlines())
        self._screen.message(card, f"#{REQUESTS}", "yellow")
        self._see(
            "it says what will be deleted", self._scene.words(), holds=self._scene.says("permanently deleted")
        )
        self._did("second-admin", "presses Approve")
        self._scene.press("second-admin", "ws.req.approve")
        self._await(self._gone, "last word of the delete", 60)
        self._screen.message(self._scene.the_card(), f"#{REQUESTS}", "green")

    def _nothing_is_left(self) -> None:
        self._same("what is left of it", self._scene.names(), {})
        self._neighbours_are_untouched()
        email = f"aic-user-{self.project}-ws@aic.com"
        self._see(f"{email} can no longer log in", "dex lets it in", holds=not self._scene.can_log_in(email))
        for user in self._client.world()["dex_users"]:
            name = user["email"]
            self._see(f"{name} can still log in", "dex says no", holds=self._scene.can_log_in(name))
        self._same("calls that nobody knows", self._client.unknown(), [])
        self._screen.note(f"world: nothing of {self.project} is left; all else as it was", "green")

    def _gone(self) -> bool:
        self._progress()
        return self._scene.says("was deleted")


class Spine(Story):
    """The bot is killed on the way, right after it changed something and before it heard so."""

    name = "spine"
    project = "alpha"

    def _go_through(self) -> None:
        self._others_are_refused()
        self._approve_and_kill()

    def _afterwards(self) -> None:
        self._status_in_the_thread()
        self._status_is_told()

    def _others_are_refused(self) -> None:
        words = self._scene.words()
        for person in ("requester", "outsider"):
            before = self._scene.privates(person, REQUESTS)
            self._did(person, "presses Approve")
            self._scene.press(person, "ws.req.approve")
            refused = partial(self._scene.new_private, person, REQUESTS, before)
            refusal = self._await(refused, f"private refusal for {person}")
            self._screen.private(refusal, PEOPLE[person])
        self._same("the card is as it was", self._scene.words(), words)

    def _approve_and_kill(self) -> None:
        self._client.fault("kill-bot", call="s3.CreateBucket", nth=1)
        self._screen.note("(the bot will be killed with -9 right after it has made the bucket)")
        self._did("admin", "presses Approve")
        self._scene.press("admin", "ws.req.approve")
        self._await(self._killed, "kill of the bot")
        self._screen.note("the bot was killed: the bucket stands, but it never heard of it", "bold red")
        names = [bucket["name"] for bucket in self._scene.ours("buckets")]
        self._see("the bucket was made before the kill", names, holds=len(names) == 1)
        self._client.start_bot()
        self._screen.note("the bot was started again", "bold green")

    def _killed(self) -> bool:
        self._progress()
        return self._client.bot() == "killed"


class Denied(Story):
    """AWS refuses the bucket for want of a right; somebody adds it and presses Retry."""

    name = "denied"
    project = "beta"

    def _go_through(self) -> None:
        self._client.fault("access-denied", call="s3.CreateBucket")
        self._screen.note("(the bot's AWS role has no right to s3:CreateBucket)")
        self._did("admin", "presses Approve")
        self._scene.press("admin", "ws.req.approve")
        self._await(self._failed, "failed card")
        self._screen.message(self._scene.the_card(), f"#{REQUESTS}", "red")
        said = self._await(
            partial(self._in_thread, "not authorized to perform: s3:CreateBucket", "What to do:"),
            "cause and remedy in the thread",
        )
        self._screen.message(said, "in the thread", "red")
        self._same("there is no bucket", self._scene.ours("buckets"), [])
        self._client.mend("access-denied")
        self._screen.note("somebody has added the right to the role", "bold green")
        self._did("requester", "presses Retry")
        self._scene.press("requester", "ws.run.retry")


STORIES: dict[str, type[Story]] = {story.name: story for story in (Whole, Spine, Denied)}
