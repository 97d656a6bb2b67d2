"""What the app says, put there without one."""

from typing import Any

import httpx

from sandbox.slack import SlackSimulator

REQUESTER = "U0MINA001"


def post(slack: SlackSimulator, channel: str, **said: Any) -> str:
    """A message of the app's; its ts."""
    answer = httpx.post(
        f"{slack.url}/api/chat.postMessage",
        json={"channel": channel, **said},
        headers={"Authorization": f"Bearer {slack.bot_token}"},
        trust_env=False,
    ).json()
    assert answer["ok"], answer
    return str(answer["ts"])
