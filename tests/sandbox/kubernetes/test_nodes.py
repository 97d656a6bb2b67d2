"""Nodes, what runs on every one of them, and what becomes of it all."""

from typing import Any

import pytest
from kubernetes import client

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import Clients, connect, node, pod


def agent(**selector: str) -> client.V1DaemonSet:
    labels = {"app": "agent"}
    return client.V1DaemonSet(
        metadata=client.V1ObjectMeta(name="agent"),
        spec=client.V1DaemonSetSpec(
            selector=client.V1LabelSelector(match_labels=labels),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=labels),
                spec=client.V1PodSpec(
                    containers=[client.V1Container(name="agent", image="agent:1")],
                    node_selector=selector or None,
                ),
            ),
        ),
    )


def places(clients: Clients) -> list[str]:
    """The nodes of all ready pods of the agent."""
    pods = clients.core.list_namespaced_pod("default", label_selector="app=agent").items
    return sorted(each.spec.node_name for each in pods if each.status.phase == "Running")


def test_a_node_has_labels_and_a_status_of_its_own(admin: Clients) -> None:
    admin.core.create_node(node("n0", group="alpha"))
    admin.core.patch_node_status(
        "n0", {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}}
    )

    (found,) = admin.core.list_node(label_selector="group=alpha").items

    assert [(each.type, each.status) for each in found.status.conditions] == [("Ready", "True")]
    assert admin.core.list_node(label_selector="group=beta").items == []


def test_a_cordon_is_a_patch_and_is_undone_by_another(admin: Clients) -> None:
    admin.core.create_node(node("n0"))

    admin.core.patch_node("n0", {"spec": {"unschedulable": True}})
    cordoned = admin.core.read_node("n0").spec.unschedulable
    admin.core.patch_node("n0", {"spec": {"unschedulable": None}})

    assert cordoned is True
    assert admin.core.read_node("n0").spec.unschedulable is None


def test_a_daemon_set_has_a_pod_on_every_node_that_comes(admin: Clients) -> None:
    admin.core.create_node(node("n0"))
    admin.apps.create_namespaced_daemon_set("default", agent())
    eventually(lambda: places(admin) == ["n0"])

    admin.core.create_node(node("n1"))

    eventually(lambda: places(admin) == ["n0", "n1"])
    found = eventually(lambda: _complete(admin))
    assert found.desired_number_scheduled == found.current_number_scheduled == 2


def _complete(clients: Clients) -> Any:
    status: Any = clients.apps.read_namespaced_daemon_set("agent", "default").status
    return status if status.number_ready == 2 else None


def test_its_selector_keeps_it_off_other_nodes(admin: Clients) -> None:
    admin.core.create_node(node("n0", gpu="yes"))
    admin.core.create_node(node("n1", gpu="no"))

    admin.apps.create_namespaced_daemon_set("default", agent(gpu="yes"))

    eventually(lambda: places(admin) == ["n0"])
    admin.core.patch_node("n1", {"metadata": {"labels": {"gpu": "yes"}}})
    eventually(lambda: places(admin) == ["n0", "n1"])


def test_its_pods_name_it_as_their_controller_and_come_back(admin: Clients) -> None:
    admin.core.create_node(node("n0"))
    admin.apps.create_namespaced_daemon_set("default", agent())
    eventually(lambda: places(admin) == ["n0"])
    (first,) = admin.core.list_namespaced_pod("default").items

    admin.core.delete_namespaced_pod(first.metadata.name, "default")

    eventually(lambda: places(admin) == ["n0"])
    (second,) = admin.core.list_namespaced_pod("default").items
    (owner,) = second.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller) == ("DaemonSet", "agent", True)
    assert second.metadata.name != first.metadata.name


def test_a_new_template_replaces_the_pods(admin: Clients) -> None:
    admin.core.create_node(node("n0"))
    admin.apps.create_namespaced_daemon_set("default", agent())
    eventually(lambda: places(admin) == ["n0"])

    containers = [{"name": "agent", "image": "agent:2"}]
    admin.apps.patch_namespaced_daemon_set(
        "agent", "default", {"spec": {"template": {"spec": {"containers": containers}}}}
    )

    def images() -> list[str]:
        pods = admin.core.list_namespaced_pod("default", label_selector="app=agent").items
        return [each.spec.containers[0].image for each in pods]

    eventually(lambda: images() == ["agent:2"])


def test_what_ran_on_a_node_goes_with_it(admin: Clients) -> None:
    for name in ("n0", "n1"):
        admin.core.create_node(node(name))
        admin.core.create_namespaced_pod("default", pod(f"on-{name}", node=name))
    admin.apps.create_namespaced_daemon_set("default", agent())
    eventually(lambda: places(admin) == ["n0", "n1"])

    admin.core.delete_node("n0")

    def left() -> set[str]:
        return {each.spec.node_name for each in admin.core.list_namespaced_pod("default").items}

    eventually(lambda: left() == {"n1"})


def test_the_pods_of_one_node_can_be_asked_for(admin: Clients, bot: Clients) -> None:
    for name in ("n0", "n1"):
        admin.core.create_namespaced_pod("default", pod(f"on-{name}", node=name))

    found = bot.core.list_pod_for_all_namespaces(field_selector="spec.nodeName=n1").items

    assert [each.metadata.name for each in found] == ["on-n1"]


@pytest.mark.parametrize("user", ["workspace-bot", "eksctl"])
def test_both_programs_may_look_at_what_they_drain(emulator: KubernetesEmulator, user: str) -> None:
    clients = connect(emulator, user)

    clients.core.list_node()
    clients.core.list_pod_for_all_namespaces()
