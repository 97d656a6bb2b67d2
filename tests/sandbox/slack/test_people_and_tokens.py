import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import SlackSimulator
from tests.sandbox.slack.bot import client


def error_of(call: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        call(*arguments, **named)
    data = caught.value.response.data
    assert isinstance(data, dict)
    return data


def test_the_token_says_who_the_bot_is_and_what_it_may(web: WebClient, slack: SlackSimulator) -> None:
    answer = web.auth_test()

    assert (answer["team_id"], answer["user"]) == (slack.team_id, "workspacebot")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_wrong_tokens_are_refused_each_in_its_way(slack: SlackSimulator) -> None:
    assert error_of(client(slack, slack.url, "xoxb-wrong").auth_test)["error"] == "invalid_auth"
    assert error_of(client(slack, slack.url, slack.app_token).auth_test)["error"] == "not_allowed_token_type"
    bot = client(slack, slack.url)
    opening = error_of(bot.apps_connections_open, app_token=slack.bot_token)
    assert opening["error"] == "not_allowed_token_type"
    with urlopen(Request(f"{slack.url}/api/auth.test", method="POST")) as answer:  # noqa: S310 - our own server
        assert json.load(answer)["error"] == "not_authed"


def test_a_call_beyond_the_granted_scopes_is_refused(web: WebClient) -> None:
    refused = error_of(web.reactions_add, channel="C0GENERAL1", timestamp="1.0", name="eyes")

    assert refused["error"] == "missing_scope"
    assert refused["needed"] == "reactions:write"
    assert "chat:write" in refused["provided"]


def test_a_method_that_is_not_known_is_refused_and_recorded(slack: SlackSimulator, web: WebClient) -> None:
    refused = error_of(web.api_call, "admin.users.invite")

    assert refused["error"] == "unknown_method"
    assert slack.unknown_calls == ["admin.users.invite"]
    slack.core.unknown_calls.clear()


def test_a_persons_language_is_told_on_demand(slack: SlackSimulator, web: WebClient) -> None:
    slack.set_locale("requester", "ko-KR")

    asked = web.users_info(user="U0MINA001", include_locale=True)["user"]
    plain = web.users_info(user="U0MINA001")["user"]

    assert (asked["locale"], asked["real_name"], asked["tz"]) == ("ko-KR", "Mina Kim", "Asia/Seoul")
    assert "locale" not in plain
    assert "email" not in plain["profile"]
    assert web.users_info(user="U0WORKSPC1")["user"]["is_bot"]
    assert error_of(web.users_info, user="U0NOBODY1")["error"] == "user_not_found"
    assert len(web.users_list()["members"]) == 4


def test_groups_tell_who_may_approve(web: WebClient) -> None:
    groups = {group["handle"]: group["id"] for group in web.usergroups_list()["usergroups"]}

    assert web.usergroups_users_list(usergroup=groups["workspace-admins"])["users"] == [
        "U0BOB0001",
        "U0DANA001",
    ]
    assert web.usergroups_users_list(usergroup=groups["workspace-users"])["users"] == ["U0MINA001"]
    assert error_of(web.usergroups_users_list, usergroup="S0NOTHING")["error"] == "no_such_subteam"


def test_a_missing_argument_is_named(web: WebClient) -> None:
    refused = error_of(web.api_call, "chat.update", json={"channel": "C0GENERAL1", "text": "x"})

    assert refused["error"] == "invalid_arguments"
    assert refused["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]


def test_the_error_that_is_asked_for_comes_back(web: WebClient) -> None:
    assert web.api_test(foo="bar")["args"]["foo"] == "bar"
    assert error_of(web.api_test, error="my_error")["error"] == "my_error"
