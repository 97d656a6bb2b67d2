from collections.abc import Iterator

import pytest

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.kubernetes.clients import Clients, connect


@pytest.fixture
def strange() -> Iterator[KubernetesEmulator]:
    """An emulator that may be asked what it does not know."""
    emulator = KubernetesEmulator()
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(strange: KubernetesEmulator) -> Iterator[KubernetesEmulator]:
    """An emulator that a test may ask only what it knows."""
    yield strange
    assert strange.unknown_calls == ()


@pytest.fixture
def admin(emulator: KubernetesEmulator) -> Clients:
    return connect(emulator)


@pytest.fixture
def bot(emulator: KubernetesEmulator) -> Clients:
    return connect(emulator, "workspace-bot")
