"""The JSON API without a bot: who there is, what there is, and what wrong requests are told."""

from typing import Any

import httpx
import pytest

from sandbox.control.client import Client, Refused
from sandbox.world import World


def test_the_root_is_the_page_and_says_where_to_read_on_without_scripts(url: str) -> None:
    text = httpx.get(url, trust_env=False).text

    assert "/page/main.js" in text
    assert "docs/sandbox.md" in text


def test_everybody_is_there_with_their_groups(client: Client) -> None:
    groups = {person["key"]: person["groups"] for person in client.people()}

    assert groups == {
        "requester": ["workspace-users"],
        "admin": ["workspace-admins"],
        "second-admin": ["workspace-admins"],
        "outsider": [],
    }


def test_the_world_begins_with_dex_and_its_neighbours_and_no_workspace(client: Client) -> None:
    world = client.world()

    assert [(one["email"], one["workspace"]) for one in world["dex_users"]] == [
        ("user@example.com", None),
        ("aic-user-legacy-ws@aic.com", "legacy"),
    ]
    assert world["profiles"] == []
    assert {"name": "s3-an2-meerkat-prod-aia", "tags": {}, "workspace": None} in world["buckets"]
    assert {one["workspace"] for one in world["buckets"]} == {None}
    assert "auth" in [one["name"] for one in world["namespaces"]]


def test_the_neighbours_can_log_in_at_dex(client: Client) -> None:
    logins = client.logins()

    answer = httpx.post(
        logins["url"],
        auth=(logins["client_id"], logins["client_secret"]),
        data={
            "grant_type": "password",
            "scope": "openid",
            "username": "user@example.com",
            "password": logins["passwords"]["user@example.com"],
        },
        trust_env=False,
    )

    assert "id_token" in answer.json()


def test_a_person_speaks_the_language_they_choose(client: Client) -> None:
    client.set_locale("outsider", "ko-KR")

    locales = {person["key"]: person["locale"] for person in client.people()}
    assert (locales["outsider"], locales["admin"]) == ("ko-KR", "en-US")


def test_a_command_that_no_bot_takes_ends_as_in_slack(client: Client) -> None:
    seen = client.command("requester", "/workspace help")

    assert not seen["acknowledged"]
    assert "/workspace failed" in seen["error"]


def test_what_people_say_stands_in_the_channel_and_in_the_journal(client: Client) -> None:
    before = client.journal("end")["next"]

    client.message("requester", "good morning", "general")

    assert client.channel("general", "admin")[-1]["text"] == "good morning"
    assert client.journal(before)["next"] >= before


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/api/people/nobody/command", {"text": "/workspace"}, 404, "there is nobody called nobody"),
        ("POST", "/api/people/admin/dance", {}, 404, "nobody can dance"),
        ("POST", "/api/people/admin/command", {}, 400, "text is missing"),
        ("POST", "/api/people/admin/command", {"text": "/workspace", "colour": 1}, 400, "no field colour"),
        ("POST", "/api/people/admin/command", {"text": 7}, 400, "text is a text"),
        ("POST", "/api/people/admin/submit", {"view_id": "V0"}, 409, "has no view V0 open"),
        ("POST", "/api/people/admin/submit", {"view_id": "V0", "values": 1}, 400, "values is an object"),
        (
            "POST",
            "/api/people/admin/click",
            {"action_id": "ws.req.approve"},
            409,
            "there is no ws.req.approve",
        ),
        (
            "POST",
            "/api/people/admin/command",
            {"text": "/workspace", "channel": "x"},
            409,
            "no channel called x",
        ),
        ("PUT", "/api/people/admin", {"locale": "tlh"}, 400, "'tlh'"),
        ("GET", "/api/channels/general?as=ghost", None, 404, "nobody called ghost"),
        ("GET", "/api/journal?since=soon", None, 400, "are numbers"),
        ("PUT", "/api/channels/general/read?as=admin", {}, 400, "ts is missing"),
        ("PUT", "/api/channels/nowhere/read?as=admin", {"ts": "1.0"}, 409, "no channel called nowhere"),
        ("DELETE", "/api/channels/general/private/1.0?as=admin", None, 409, "sees no private message 1.0"),
        ("POST", "/api/people/admin/click", {"action_id": "x", "values": 1}, 400, "values is an object"),
        ("GET", "/api/nothing", None, 404, "there is no GET /api/nothing"),
        ("DELETE", "/api/world", None, 405, "there is no DELETE /api/world"),
        ("POST", "/api/bot/kill", {}, 409, "not the sandbox's child"),
        ("PUT", "/api/faults/flood", {}, 404, "there is no fault flood"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong_and_what_to_do(
    url: str, method: str, path: str, body: dict[str, object] | None, status: int, said: str
) -> None:
    answer = httpx.request(method, url + path, json=body, trust_env=False)

    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert answer.json()["what to do"]


@pytest.mark.parametrize("text", ["{", "[]", '"a"'])
def test_a_body_that_is_no_object_is_refused(url: str, text: str) -> None:
    answer = httpx.post(f"{url}/api/people/admin/command", content=text, trust_env=False)

    assert answer.status_code == 400


def test_every_call_is_listed(url: str) -> None:
    listed = httpx.get(f"{url}/api", trust_env=False).json()

    assert {"GET /api/world", "PUT /api/faults/{name}", "POST /api/bot/{deed}"} <= set(listed["calls"])
    assert {"command", "submit", "click", "mention", "message", "shortcut", "home"} <= set(listed["acts"])


def test_the_bots_environment_is_built_from_nothing(world: World) -> None:
    text = (world.options.state / "bot.env").read_text()
    names = {line.partition("=")[0] for line in text.splitlines()}

    assert {"PATH", "HOME", "LANG"} == {
        name for name in names if not name.startswith(("AWS_", "WORKSPACE_BOT_"))
    }
    assert {"AWS_ENDPOINT_URL", "WORKSPACE_BOT_SLACK__BASE_URL", "WORKSPACE_BOT_DEX_URL"} <= names
    assert world.password not in text
    assert (world.options.state / "bot.env").stat().st_mode & 0o077 == 0


def test_an_act_on_what_is_not_there_names_the_person(client: Client) -> None:
    with pytest.raises(Refused, match="Owen Reed"):
        client.submit("outsider", "V0NONE", project="alpha")


def test_a_channel_that_was_read_has_nothing_unread(url: str, client: Client) -> None:
    client.message("requester", "anybody here?", "general")
    (row,) = [one for one in side_bar(url, "admin") if one["name"] == "general"]
    assert row["unread"] > 0

    answer = httpx.put(
        f"{url}/api/channels/general/read?as=admin", json={"ts": row["latest"]}, trust_env=False
    ).json()

    (row,) = [one for one in answer["channels"] if one["name"] == "general"]
    assert row["unread"] == 0
    assert answer["channels"] == side_bar(url, "admin")


def side_bar(url: str, person: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{url}/api/channels", params={"as": person}, trust_env=False).json()
    assert answer["team"]["name"] == "Meerkat"
    rows: list[dict[str, Any]] = answer["channels"]
    return rows


def test_the_end_of_what_the_bot_changed_is_told_by_its_number(url: str, client: Client) -> None:
    answer = httpx.get(f"{url}/api/writes?since=end", trust_env=False).json()

    assert answer == {"entries": [], "next": len(client.writes())}
