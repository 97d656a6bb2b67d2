"""Watches over the Kubernetes emulator, and all that may become of a connection that lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from provisioner.clients.kube import DEPLOYMENTS, NAMESPACES, KubeCluster, Object, dig
from provisioner.clients.watches import Watches
from provisioner.message import Message
from sandbox.kubernetes.emulator import KubernetesEmulator
from tests.integration.stages.conftest import Kubeflow, cluster, until
from tests.laws.watch_laws import Bell, Cluster, WatchLaws

ANY = Message("cannot do it")
LASTS = timedelta(seconds=1)


class TestLaws(WatchLaws):
    @pytest.fixture
    def cluster(self, kubeflow: Kubeflow) -> Cluster:
        digests = count()

        def restarts() -> None:
            kubeflow.dex.restart(digest=f"{next(digests)}", at=datetime.now(UTC))

        return Cluster(kubeflow.profiles, kubeflow.dex, passes=lambda: None, restarts=restarts)


@pytest.fixture
def emulator() -> Iterator[KubernetesEmulator]:
    emulator = KubernetesEmulator()
    emulator.start()
    yield emulator
    emulator.stop()
    assert emulator.unknown_calls == ()


@pytest.fixture
def admin(emulator: KubernetesEmulator, tmp_path: Path) -> KubeCluster:
    return cluster(tmp_path, emulator, "admin")


@pytest.fixture
def watches(emulator: KubernetesEmulator, tmp_path: Path) -> Watches:
    """With the bot's own rights."""
    return Watches(cluster(tmp_path, emulator, "workspace-bot"), lasts=LASTS)


def make(admin: KubeCluster, name: str) -> None:
    admin.create(ANY, NAMESPACES, {"metadata": {"name": name}})


def exists(found: Object | None) -> bool:
    return found is not None


def gone(found: Object | None) -> bool:
    return found is None


def said(when: Callable[[], bool]) -> None:
    """At each look, until it is watched."""
    until(when)


def test_what_is_there_already_is_told(admin: KubeCluster, watches: Watches) -> None:
    bell = Bell()
    make(admin, "early")

    watches.when(NAMESPACES, "early", exists, bell)

    assert bell.within(5)


def test_each_is_told_of_what_it_waits_for_and_of_nothing_else(admin: KubeCluster, watches: Watches) -> None:
    one, other, labelled = Bell(), Bell(), Bell()

    def has_label(found: Object | None) -> bool:
        return found is not None and dig(found, "metadata.labels.tier") == "gold"

    watches.when(NAMESPACES, "one", exists, one)
    watches.when(NAMESPACES, "other", exists, other)
    said(lambda: watches.when(NAMESPACES, "one", has_label, labelled))

    make(admin, "one")
    assert one.within(5)
    assert (other.rung, labelled.rung) == ([], [])
    admin.patch(ANY, NAMESPACES, "one", {"metadata": {"labels": {"tier": "gold"}}})

    assert labelled.within(5)
    assert (one.rung, other.rung) == ([True], [])


def test_the_one_deployment_is_watched_with_a_right_for_it_alone(
    admin: KubeCluster, watches: Watches
) -> None:
    make(admin, "auth")
    labels, template = {"app": "dex"}, {"containers": [{"name": "dex", "image": "dex"}]}
    body: dict[str, Any] = {
        "metadata": {"name": "dex"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    }
    bell, other = Bell(), Bell()
    said(lambda: watches.when(DEPLOYMENTS, "dex", exists, bell, namespace="auth"))

    admin.create(ANY, DEPLOYMENTS, body, namespace="auth")

    assert bell.within(5)
    for _ in range(3):
        assert not watches.when(DEPLOYMENTS, "another", exists, other, namespace="auth")


@pytest.mark.parametrize("forgotten", [False, True], ids=["goes on", "begins anew"])
def test_nothing_is_lost_where_the_server_ends_the_watch(
    emulator: KubernetesEmulator, admin: KubeCluster, watches: Watches, *, forgotten: bool
) -> None:
    bell = Bell()
    make(admin, "first")
    said(lambda: watches.when(NAMESPACES, "second", exists, bell))
    emulator.end_watches()
    make(admin, "second")
    if forgotten:
        emulator.compact()

    assert bell.within(5)


def test_a_deletion_while_no_watch_was_open_is_told_by_the_next(
    emulator: KubernetesEmulator, admin: KubeCluster, watches: Watches
) -> None:
    make(admin, "early")
    seen, bell = Bell(), Bell()
    said(lambda: watches.when(NAMESPACES, "early", exists, seen))
    watches.when(NAMESPACES, "early", gone, bell)
    down = emulator.faults.refuse("watch", "namespaces", code=503, reason="Down", message="no", times=2)

    emulator.end_watches()
    until(lambda: down.fired >= 1)
    admin.delete(ANY, NAMESPACES, "early")

    until(lambda: watches.when(NAMESPACES, "early", gone, bell) or bool(bell.rung))
    assert bell.within(5)


def test_where_the_right_lacks_nobody_is_told_and_it_is_not_asked_again(
    emulator: KubernetesEmulator, tmp_path: Path
) -> None:
    nobody, before = Watches(cluster(tmp_path, emulator, "nobody")), set(threading.enumerate())
    asked = emulator.faults.delay("watch", "namespaces", timedelta(0), times=100)

    nobody.when(NAMESPACES, "any", exists, Bell())
    until(lambda: asked.fired == 1 and watching_since(before) == set())

    assert not nobody.when(NAMESPACES, "any", exists, Bell())
    assert watching_since(before) == set()


def test_while_the_api_server_is_down_it_is_said_that_nothing_is_watched(
    emulator: KubernetesEmulator, admin: KubeCluster, watches: Watches
) -> None:
    bell = Bell()
    said(lambda: watches.when(NAMESPACES, "late", exists, bell))
    down = emulator.faults.refuse(
        "watch", "namespaces", code=503, reason="ServiceUnavailable", message="not now", times=10_000
    )

    emulator.end_watches()
    until(lambda: not watches.when(NAMESPACES, "late", exists, bell))
    emulator.faults.lift(down)
    make(admin, "late")

    until(lambda: watches.when(NAMESPACES, "late", exists, bell) or bool(bell.rung))
    assert bell.within(5)


def test_a_watch_ends_when_nobody_waits_and_begins_again_when_somebody_does(
    admin: KubeCluster, watches: Watches
) -> None:
    before, bell = set(threading.enumerate()), Bell()
    said(lambda: watches.when(NAMESPACES, "never", exists, Bell()))
    assert watching_since(before)
    until(lambda: watching_since(before) == set())

    said(lambda: watches.when(NAMESPACES, "late", exists, bell))
    make(admin, "late")

    assert bell.within(5)


def watching_since(before: set[threading.Thread]) -> set[threading.Thread]:
    """The watches that have begun since."""
    return {thread for thread in set(threading.enumerate()) - before if thread.name == "watch"}
