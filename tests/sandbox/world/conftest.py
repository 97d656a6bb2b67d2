from collections.abc import Iterator

import pytest

from sandbox.control.api import Api
from sandbox.control.client import Client
from sandbox.serving.loopback import Loopback
from sandbox.world import Options, Part, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All simulators and no bot: what people do is not acknowledged by anybody."""
    world = World(Options(state=tmp_path_factory.mktemp("world"), without=frozenset({Part.BOT})))
    world.start()
    yield world
    world.stop()


@pytest.fixture(scope="session")
def url(world: World) -> Iterator[str]:
    server = Loopback(Api(world).app, "api")
    yield server.start()
    server.stop()


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    client = Client(url)
    yield client
    client.close()
