from collections.abc import Iterator
from datetime import timedelta

import pytest

from sandbox.kubeflow import Dex, ProfileController, seed_platform
from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubeflow.dex_world import DexWorld
from tests.sandbox.kubernetes.clients import Clients, connect

QUICK = timedelta(milliseconds=20)


@pytest.fixture
def emulator() -> Iterator[KubernetesEmulator]:
    emulator = KubernetesEmulator(pod_delay=QUICK, namespace_delay=QUICK)
    emulator.start()
    yield emulator
    emulator.stop()
    assert emulator.unknown_calls == ()


@pytest.fixture
def admin(emulator: KubernetesEmulator) -> Clients:
    return connect(emulator)


@pytest.fixture
def profiles(emulator: KubernetesEmulator, admin: Clients) -> Iterator[Clients]:
    """A cluster whose profile controller is at work."""
    controller = ProfileController(emulator.kubeconfig("controller"), every=QUICK, resync=QUICK * 5)
    controller.start()
    yield admin
    controller.stop()


@pytest.fixture
def dex(emulator: KubernetesEmulator, admin: Clients) -> Iterator[DexWorld]:
    """The platform as seeded, dex up."""
    seed_platform(emulator.kubeconfig("controller"))
    program = Dex(emulator.kubeconfig("controller"), every=QUICK, backoff=timedelta(milliseconds=200))
    world = DexWorld(url=program.start(), dex=program, admin=admin)
    eventually(lambda: program.up)
    yield world
    program.stop()
