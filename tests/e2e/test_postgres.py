"""The same bot on PostgreSQL, alone and as two replicas that share the work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.bot import Bot
from sandbox.control.client import Client
from sandbox.demo.scene import Scene
from sandbox.serving.child import Nursery
from sandbox.serving.loopback import free_port
from sandbox.world import World
from tests.conftest import Postgres
from tests.e2e.conftest import Start
from tests.e2e.made import assert_made

pytestmark = pytest.mark.long

HEALTH_PORT = "WORKSPACE_BOT_HEALTH_PORT"


@pytest.fixture(scope="session")
def on_postgres(start: Start, postgres: Postgres) -> tuple[World, Client]:
    url = postgres.new_database().set(drivername="postgresql")
    return start(settings={"DATABASE_URL": url.render_as_string(hide_password=False)})


@pytest.fixture
def scene(on_postgres: tuple[World, Client], project: str) -> Scene:
    return Scene(on_postgres[1], project)


@pytest.fixture
def replica(on_postgres: tuple[World, Client], tmp_path: Path) -> Iterator[Bot]:
    """A second process with the same settings but for its port."""
    first = on_postgres[0].bot
    assert first is not None
    port = free_port()
    second = Bot(
        Nursery(),
        environment={**first.environment, HEALTH_PORT: str(port)},
        log=tmp_path / "replica.log",
        health_port=port,
        changed=print,
    )
    second.start()
    yield second
    second.stop()
    first.start()


def test_a_create_on_postgresql_goes_through(scene: Scene) -> None:
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")

    assert_made(scene)


@pytest.mark.usefixtures("replica")
def test_two_replicas_serve_slack_and_make_a_workspace_once(scene: Scene) -> None:
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")

    assert_made(scene)


@pytest.mark.usefixtures("replica")
def test_when_the_leader_is_killed_the_other_replica_goes_on(
    scene: Scene, on_postgres: tuple[World, Client]
) -> None:
    client = on_postgres[1]
    scene.ask()
    client.fault("kill-bot", call="s3.CreateBucket")
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready", within=60)

    assert client.bot() == "killed"
    assert_made(scene)
