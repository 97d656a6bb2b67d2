"""A Slack that hangs: each call ends."""

from __future__ import annotations

from time import monotonic

import pytest
from pydantic import SecretStr

from bot.slack.client import TROUBLE, web_client, webhook
from tests.fakes.hanging import Hang, hanging

WITHIN = 0.4  # seconds
AT_MOST = 20.0  # seconds: the limit, and a machine with much to do; who hangs here hangs for good


@pytest.mark.parametrize("hang", Hang, ids=str)
def test_a_call_to_a_slack_that_hangs_ends(hang: Hang) -> None:
    with hanging(hang) as server:
        client, began = web_client(SecretStr("token"), server.url, within=WITHIN), monotonic()

        with pytest.raises(TROUBLE):
            client.chat_postMessage(channel="C0GENERAL", text="any")

        assert monotonic() - began < AT_MOST


@pytest.mark.parametrize("hang", Hang, ids=str)
def test_an_answer_to_a_slack_that_hangs_ends(hang: Hang) -> None:
    with hanging(hang) as server:
        client, began = webhook(server.url, within=WITHIN), monotonic()

        with pytest.raises(TROUBLE):
            client.send_dict({"text": "any"})

        assert monotonic() - began < AT_MOST
