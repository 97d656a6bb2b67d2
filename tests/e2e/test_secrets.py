"""Secrets of a real run, looked for in everything that it left behind."""

from __future__ import annotations

import json

import pytest

from sandbox.control.client import Client
from sandbox.demo.scene import Scene
from sandbox.world import World

pytestmark = pytest.mark.long

SECRET = ("TOKEN", "SECRET", "PASSWORD", "HASH")


def test_no_secret_is_in_a_message_a_log_or_a_database(scene: Scene, world: World, client: Client) -> None:
    assert world.bot is not None
    client.fault("access-denied", call="s3.CreateBucket")
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("failed")
    client.mend("access-denied")
    scene.press("requester", "ws.run.retry")
    scene.until_says("is ready")

    secrets = {
        name: value
        for name, value in world.bot.environment.items()
        if any(word in name for word in SECRET) and value
    }
    assert {"WORKSPACE_BOT_SLACK__BOT_TOKEN", "AWS_SECRET_ACCESS_KEY"} <= set(secrets)
    left = {path.name: path.read_bytes() for path in world.options.state.glob("*.db*")}
    left["bot.log"] = (world.options.state / "bot.log").read_bytes()
    left["journal"] = json.dumps(client.journal(0), ensure_ascii=False).encode()
    assert {"bot.db", "engine.db", "bot.log", "journal"} <= set(left)
    found = [
        (name, where)
        for name, value in secrets.items()
        for where, content in left.items()
        if value.encode() in content
    ]
    assert found == []
