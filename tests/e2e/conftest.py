"""Sandboxes for the journeys: one for each way in, started when first needed, fresh for each test run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from sandbox.control.api import Api
from sandbox.control.client import Client
from sandbox.demo.scene import Scene
from sandbox.faults import Name
from sandbox.serving.loopback import Loopback
from sandbox.slack import Rates
from sandbox.world import Options, Transport, World

Start = Callable[..., tuple[World, Client]]

POLICY = """
[actions."workspace.create"]
ask = ["workspace-users", "workspace-admins"]
approve = ["workspace-admins"]
needed = 1
open_for = "{open_for}"
"""


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a sandbox that stops with the session."""
    with ExitStack() as exits:

        def started(
            transport: Transport = Transport.SOCKET, settings: Mapping[str, str] | None = None
        ) -> tuple[World, Client]:
            state = tmp_path_factory.mktemp("sandbox")
            world = World(
                Options(
                    state=state,
                    transport=transport,
                    settings=settings or {},
                    rates=Rates.FAST,
                    boot=timedelta(milliseconds=500),
                )
            )
            exits.callback(world.stop)
            world.start()
            server = Loopback(Api(world).app, "api")
            exits.callback(server.stop)
            client = Client(server.start())
            exits.callback(client.close)
            exits.callback(client.kill_bot)  # nothing is asked of it any more; an orderly stop takes seconds
            return world, client

        yield started


@pytest.fixture(scope="session")
def by_socket(start: Start) -> tuple[World, Client]:
    return start(Transport.SOCKET)


@pytest.fixture(scope="session")
def by_http(start: Start, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Client]:
    """Also where a request is open for ten seconds only."""
    policy: Path = tmp_path_factory.mktemp("policy") / "policy.toml"
    policy.write_text(POLICY.format(open_for="10s"))
    return start(Transport.HTTP, {"POLICY": str(policy)})


@pytest.fixture
def world(by_socket: tuple[World, Client]) -> World:
    return by_socket[0]


@pytest.fixture
def client(by_socket: tuple[World, Client]) -> Iterator[Client]:
    """The sandbox by Socket Mode, calm again after each test, and with no call that it did not know."""
    world, client = by_socket
    yield client
    for name in Name:
        client.mend(name.value)
    client.start_bot()
    client.until(lambda: world.slack is not None and world.slack.connected(), "socket of the bot")
    assert client.unknown() == []


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(101)


@pytest.fixture
def project(numbers: Iterator[int]) -> str:
    """A name of this test's own."""
    return f"team{next(numbers)}"


@pytest.fixture
def scene(client: Client, project: str) -> Scene:
    return Scene(client, project)
