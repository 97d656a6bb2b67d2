"""From `/workspace create` to ready, on both ways in."""

from __future__ import annotations

import pytest

from sandbox.control.client import REQUESTS, Client, buttons, key_of
from sandbox.demo.scene import GENERAL, WHY, Scene
from sandbox.world import World
from tests.e2e.hands import s3_of
from tests.e2e.made import assert_made


@pytest.mark.long  # by socket the journey of a delete begins the same way
@pytest.mark.parametrize("way", ["by_socket", "by_http"])
def test_what_is_asked_for_and_approved_gets_ready(
    request: pytest.FixtureRequest, way: str, project: str
) -> None:
    _, client = request.getfixturevalue(way)
    scene = Scene(client, project)
    neighbours = [one for one in client.world()["dex_users"] if one["workspace"] != project]

    card = scene.ask()
    assert {"ws.req.approve", "ws.req.reject", "ws.req.withdraw"} == set(buttons(card))
    assert WHY in client.words(card)
    assert scene.names() == {}
    scene.press("admin", "ws.req.approve")
    scene.until_says(f"{project} is ready")

    assert_made(scene)
    assert scene.can_log_in(f"aic-user-{project}-ws@aic.com")
    assert all(scene.can_log_in(one["email"]) for one in neighbours if not one["workspace"])
    assert [one for one in client.world()["dex_users"] if one["workspace"] != project] == neighbours
    assert "approved by @Bob Lee" in scene.words()
    scene.until(lambda: any("ready" in client.words(one) for one in scene.directs()), "message to the asker")
    scene.until(lambda: "All resources are ready" in scene.lines(), "last word in the thread")
    for milestone in ("Kubeflow profile is ready", "S3 bucket is ready", "EKS node group is ready"):
        assert scene.lines().count(milestone) == 1
    assert client.unknown() == []


@pytest.mark.long
def test_the_form_shows_what_is_wrong_at_each_field_at_once(scene: Scene, client: Client) -> None:
    view = scene.open_form()

    sent = client.submit("requester", view["id"], project="Bad_Name", desired="5", max="2", why="   x")

    assert set(sent["errors"]) >= {"project", "desired"}
    assert client.view("requester") is not None


@pytest.mark.long
def test_a_form_delivered_twice_asks_once(scene: Scene, client: Client) -> None:
    view = scene.open_form()
    client.fault("slack-twice", times=1)
    client.submit("requester", view["id"], why=WHY)
    scene.until(scene.card, "card")
    other = Scene(client, f"{scene.project}b")
    other.ask()

    assert len([card for card in scene.cards() if f"{scene.project}-ws" in client.words(card)]) == 1


@pytest.mark.long
def test_a_second_asker_is_shown_the_first_request(scene: Scene, client: Client) -> None:
    first = scene.ask()

    view = Scene(client, scene.project).open_form("admin")
    sent = client.submit("admin", view["id"], why=WHY)

    assert key_of(first) in sent["errors"]["project"]


@pytest.mark.long
def test_a_bucket_of_somebody_else_is_found_before_anybody_is_asked(
    scene: Scene, client: Client, world: World
) -> None:
    assert world.aws is not None
    world.aws.add_foreign_bucket(f"s3-an2-meerkat-prod-{scene.project}")
    before = scene.privates("requester", GENERAL)

    view = scene.open_form()
    client.submit("requester", view["id"], why=WHY)

    def told() -> str | None:
        fresh = [one for one in scene.privates("requester", GENERAL) if one not in before]
        return next((words for words in map(client.words, fresh) if "s3-an2-meerkat" in words), None)

    assert "s3-an2-meerkat-prod-" + scene.project in scene.until(told, "private refusal")
    assert scene.card() is None
    assert scene.names() == {}


@pytest.mark.long
def test_an_outsider_may_not_ask(scene: Scene, client: Client) -> None:
    before = scene.privates("outsider", GENERAL)
    view = scene.open_form("outsider")
    client.submit("outsider", view["id"], why=WHY)

    def told() -> str | None:
        fresh = [one for one in scene.privates("outsider", GENERAL) if one not in before]
        return next((words for words in map(client.words, fresh) if "can request this" in words), None)

    assert "@workspace-users" in scene.until(told, "private refusal")
    assert scene.card() is None


@pytest.mark.long
def test_status_and_list_tell_what_there_is_and_what_is_missing(
    scene: Scene, client: Client, world: World
) -> None:
    scene.ask()
    assert "pending approval" in scene.tell("requester", f"/workspace status {scene.project}")
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")

    assert f"{scene.project}: ready" in scene.tell("outsider", f"/workspace status {scene.project}")
    assert scene.project in scene.tell("requester", "/workspace list")
    before = len(scene.told())
    client.mention("second-admin", "status", REQUESTS, scene.the_card()["ts"])
    scene.until(lambda: len(scene.told()) > before, "answer in the thread")
    assert f"{scene.project}: ready" in scene.told()[-1]

    def looked(word: str) -> bool:
        return any(word in client.words(one) for one in scene.privates("requester", GENERAL))

    client.command("requester", f"/workspace status {scene.project} live")
    scene.until(lambda: looked(f"{scene.project} matches its plan (checked just now)"), "live look")
    s3_of(world).delete_public_access_block(Bucket=f"s3-an2-meerkat-prod-{scene.project}")
    client.command("requester", f"/workspace status {scene.project} live")
    scene.until(lambda: looked(f"1 stage of {scene.project} differs from the plan"), "second look")
