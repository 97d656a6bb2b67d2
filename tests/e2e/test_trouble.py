"""Vendors, Slack and the bot itself failing: what people are told, and that all ends well."""

import pytest

from sandbox.control.client import REQUESTS, Client, buttons
from sandbox.demo.scene import WHY, Scene
from tests.e2e.made import assert_made

pytestmark = pytest.mark.long


@pytest.mark.parametrize("call", ["s3.CreateBucket", "kubernetes.create profiles"])
def test_a_busy_vendor_is_asked_again(scene: Scene, client: Client, call: str) -> None:
    client.fault("throttling", call=call)
    scene.ask()
    scene.press("admin", "ws.req.approve")

    scene.until_says("is ready")

    assert not client.is_on("throttling")
    assert_made(scene)


@pytest.mark.parametrize("call", ["s3.CreateBucket", "kubernetes.create profiles"])
def test_a_lost_answer_makes_nothing_twice(scene: Scene, client: Client, call: str) -> None:
    client.fault("lost-answer", call=call)
    scene.ask()
    scene.press("admin", "ws.req.approve")

    scene.until_says("is ready")

    assert not client.is_on("lost-answer")
    assert_made(scene)


def test_missing_rights_are_told_and_retry_goes_on_where_it_stopped(scene: Scene, client: Client) -> None:
    client.fault("access-denied", call="s3.CreateBucket")
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("failed")
    words = scene.until(
        lambda: next((one for one in scene.told() if "s3:CreateBucket" in one), None), "vendor's words"
    )

    assert "is not authorized to perform: s3:CreateBucket" in words
    assert "What to do:" in words
    assert "ws.run.retry" in buttons(scene.the_card())
    client.mend("access-denied")
    scene.press("requester", "ws.run.retry")
    scene.until_says("is ready")
    assert_made(scene)


def test_dex_that_does_not_come_up_leaves_the_neighbours_their_logins(scene: Scene, client: Client) -> None:
    client.fault("dex-broken")
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("Dex")
    client.mend("dex-broken")

    def ends() -> bool:
        if "ws.run.retry" in buttons(scene.the_card()):
            scene.press("requester", "ws.run.retry")
        return scene.says("is ready")

    scene.until(ends, "ready card", 60)
    assert scene.can_log_in("user@example.com")
    assert_made(scene)


def test_slack_away_for_a_while_delays_words_and_not_work(scene: Scene, client: Client) -> None:
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until(scene.writes, "first change in the world")
    client.fault("slack-down")

    scene.until(lambda: scene.can_log_in(f"aic-user-{scene.project}-ws@aic.com"), "new login", 30)
    client.mend("slack-down")

    scene.until_says("is ready", within=60)
    assert_made(scene)


def test_slack_that_delivers_everything_twice_changes_nothing(scene: Scene, client: Client) -> None:
    client.fault("slack-twice")
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")
    scene.until(lambda: "All resources are ready" in scene.lines(), "last word in the thread")
    before = len(scene.told())
    client.mention("requester", "status", REQUESTS, scene.the_card()["ts"])
    scene.until(lambda: len(scene.told()) > before, "answer in the thread")
    client.mend("slack-twice")
    assert "ready" in scene.tell("requester", f"/workspace status {scene.project}")

    assert len(scene.told()) == before + 1
    assert_made(scene)


def test_a_form_that_was_taken_is_not_lost_by_a_kill(scene: Scene, client: Client) -> None:
    view = scene.open_form()
    sent = client.submit("requester", view["id"], why=WHY)
    client.kill_bot()

    assert sent["acknowledged"]
    assert client.bot() == "killed"
    assert "/workspace failed" in client.command("requester", "/workspace list")["error"]
    client.start_bot()
    scene.until(scene.card, "card")
    scene.press("admin", "ws.req.approve")
    scene.until_says("Creating")
    client.kill_bot()
    client.start_bot()

    scene.until_says("is ready", within=60)
    assert_made(scene)
