"""Approve, reject, withdraw, expire, cancel: who may, and that one decision is one decision."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.control.client import REQUESTS, Client, buttons
from sandbox.demo.scene import Scene
from sandbox.world import World
from tests.e2e.made import assert_made

pytestmark = pytest.mark.long


def test_nobody_approves_for_themselves_nor_without_the_group(scene: Scene) -> None:
    scene.ask()

    assert "your own request" in scene.refusal("requester", "ws.req.approve")
    assert "Only members of @workspace-admins can approve or reject this" in scene.refusal(
        "outsider", "ws.req.approve"
    )
    assert scene.says("Workspace request")
    assert scene.names() == {}


def test_an_admin_who_asks_needs_another_admin(scene: Scene) -> None:
    scene.ask("admin")

    assert "your own request" in scene.refusal("admin", "ws.req.approve")
    scene.press("second-admin", "ws.req.approve")

    scene.until_says("approved by @Dana Park")


def test_a_rejection_has_a_reason_that_the_asker_reads(scene: Scene, client: Client) -> None:
    scene.ask()
    scene.press("admin", "ws.req.reject")
    view = scene.until(lambda: client.view("admin"), "form for the reason")

    blank = client.submit("admin", view["id"], why="   ")
    client.submit("admin", view["id"], why="Use the workspace of the beta team")

    assert "why" in blank["errors"]
    scene.until_says("Rejected", "Use the workspace of the beta team")
    assert "ws.req.approve" not in buttons(scene.the_card())
    scene.until(lambda: any("rejected" in client.words(one) for one in scene.directs()), "message")
    assert scene.names() == {}


def test_the_asker_alone_may_withdraw(scene: Scene) -> None:
    scene.ask()

    assert "Only the requester" in scene.refusal("admin", "ws.req.withdraw")
    scene.press("requester", "ws.req.withdraw")

    scene.until_says("Withdrawn")
    assert scene.names() == {}


def test_two_admins_at_once_decide_once(scene: Scene, client: Client) -> None:
    ts = scene.ask()["ts"]
    before = {who: scene.privates(who, REQUESTS) for who in ("admin", "second-admin")}

    def approve(who: str) -> None:
        client.click(who, "ws.req.approve", ts=ts, channel=REQUESTS)

    with ThreadPoolExecutor(2) as both:
        list(both.map(approve, before))
    scene.until_says("is ready")

    refused = [who for who in before if scene.new_private(who, REQUESTS, before[who]) is not None]
    assert len(refused) == 1
    assert_made(scene)


def test_a_double_click_is_one_click(scene: Scene, client: Client) -> None:
    scene.ask()
    client.fault("slack-twice", times=1)

    told = scene.refusal("admin", "ws.req.approve")

    assert "was already approved by @Bob Lee" in told
    scene.until_says("Creating", "approved by @Bob Lee")


def test_a_request_nobody_decides_expires(by_http: tuple[World, Client], project: str) -> None:
    scene = Scene(by_http[1], project)

    scene.ask()
    scene.until_says("Expired")

    assert buttons(scene.the_card()) == {}
    assert scene.names() == {}
    scene.until(lambda: any("in time" in scene.client.words(one) for one in scene.directs()), "message")


def test_cancel_stops_before_the_next_change(scene: Scene, client: Client) -> None:
    client.fault("throttling", call="kubernetes.create profiles", times=0)
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("retrying")

    assert "Only the requester and" in scene.refusal("outsider", "ws.run.cancel")
    scene.press("requester", "ws.run.cancel")
    scene.until_says("was canceled")
    client.mend("throttling")

    assert not scene.names().keys() & {"profiles", "dex_users"}
    scene.ask(why="and now in earnest")
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")
    assert_made(scene)


def test_cancel_of_a_delete_ends_the_drain_that_was_begun(scene: Scene, client: Client) -> None:
    """Else the node group would go after it was said to stay."""
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")
    (nodegroup,) = scene.names()["nodegroups"]
    client.fault("throttling", call="cloudformation.DeleteStack", times=0)
    scene.ask_delete()
    scene.press("admin", "ws.req.approve")
    scene.until_says(f"eksctl is draining EKS node group {nodegroup}")
    assert at_work_on(nodegroup)

    scene.press("requester", "ws.run.cancel")
    scene.until_says("was canceled")

    client.mend("throttling")
    assert not at_work_on(nodegroup)
    assert scene.names()["nodegroups"] == [nodegroup]


def at_work_on(nodegroup: str) -> bool:
    """Whether there is a process that was told to do something to it."""
    told = subprocess.run(("ps", "-A", "-ww", "-o", "args="), capture_output=True, text=True, check=True)
    return f"--name={nodegroup}" in told.stdout
