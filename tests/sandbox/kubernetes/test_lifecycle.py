"""What goes when, and what stays: finalizers, owners, namespaces."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import (
    Clients,
    Object,
    config_map,
    connect,
    named,
    namespace,
    refusal,
)


@pytest.fixture
def slow() -> Iterator[Clients]:
    """A cluster whose namespaces do not go before the test is over."""
    emulator = KubernetesEmulator(namespace_delay=timedelta(minutes=5))
    emulator.start()
    yield connect(emulator)
    emulator.stop()


def owned_by(owner: Object, **more: bool) -> client.V1OwnerReference:
    return client.V1OwnerReference(
        api_version=owner["apiVersion"],
        kind=owner["kind"],
        name=owner["metadata"]["name"],
        uid=owner["metadata"]["uid"],
        **more,
    )


def test_a_finalizer_holds_an_object_until_it_is_taken_away(admin: Clients) -> None:
    admin.create_profile("alpha", finalizers=["profile-finalizer"])

    held = admin.delete_profile("alpha")
    assert held["metadata"]["deletionTimestamp"]
    assert admin.profile("alpha")["metadata"]["finalizers"] == ["profile-finalizer"]

    admin.patch_profile("alpha", {"metadata": {"finalizers": []}})
    with pytest.raises(ApiException) as error:
        admin.profile("alpha")
    assert error.value.status == 404


def test_no_finalizer_comes_to_what_is_going(admin: Clients) -> None:
    admin.create_profile("alpha", finalizers=["profile-finalizer"])
    admin.delete_profile("alpha")

    with pytest.raises(ApiException) as error:
        admin.patch_profile("alpha", {"metadata": {"finalizers": ["profile-finalizer", "late"]}})

    assert 'found new finalizers []string{"late"}' in refusal(error)["message"]


def test_an_owned_namespace_goes_with_its_owner(admin: Clients) -> None:
    profile = admin.create_profile("alpha")
    owner = owned_by(profile, controller=True, block_owner_deletion=True)
    admin.core.create_namespace(namespace("alpha", owner_references=[owner]))
    admin.core.create_namespaced_config_map("alpha", config_map("inside"))

    admin.delete_profile("alpha")

    assert eventually(lambda: "alpha" not in admin.namespaces())


def test_what_has_another_owner_left_stays(admin: Clients) -> None:
    owners = [owned_by(admin.create_profile(name)) for name in ("alpha", "beta")]
    admin.core.create_namespace(namespace("shared", owner_references=owners))

    admin.delete_profile("alpha")
    admin.core.create_namespace(namespace("later", owner_references=[owners[0]]))

    assert eventually(lambda: "later" not in admin.namespaces())  # so the collector has been round
    assert "shared" in admin.namespaces()


def test_orphans_stay(admin: Clients) -> None:
    profile = admin.create_profile("alpha")
    admin.core.create_namespace(namespace("alpha", owner_references=[owned_by(profile)]))

    admin.raw("DELETE", "/apis/kubeflow.org/v1/profiles/alpha", propagationPolicy="Orphan")

    assert admin.core.read_namespace("alpha").metadata.owner_references is None


def test_in_the_foreground_the_owner_goes_last(admin: Clients) -> None:
    profile = admin.create_profile("alpha")
    owner = owned_by(profile, block_owner_deletion=True)
    admin.core.create_namespace(namespace("alpha", owner_references=[owner], finalizers=["test/hold"]))

    held = admin.raw("DELETE", "/apis/kubeflow.org/v1/profiles/alpha", propagationPolicy="Foreground")
    assert held["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert eventually(lambda: admin.core.read_namespace("alpha").metadata.deletion_timestamp)
    assert admin.profile("alpha")

    admin.core.patch_namespace("alpha", {"metadata": {"finalizers": None}})
    path = "/apis/kubeflow.org/v1/profiles"
    assert eventually(lambda: not admin.raw("GET", path)["items"])


def test_a_namespace_is_terminating_before_it_is_gone(slow: Clients) -> None:
    slow.core.create_namespace(namespace("alpha"))

    slow.core.delete_namespace("alpha")

    found = slow.core.read_namespace("alpha")
    assert found.status.phase == "Terminating"
    assert found.metadata.deletion_timestamp


def test_nothing_new_comes_into_a_terminating_namespace(slow: Clients) -> None:
    slow.core.create_namespace(namespace("alpha"))
    slow.core.delete_namespace("alpha")

    with pytest.raises(ApiException) as error:
        slow.core.create_namespaced_config_map("alpha", config_map("late"))

    assert refusal(error) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": (
            'configmaps "late" is forbidden: unable to create new content in namespace alpha '
            "because it is being terminated"
        ),
        "reason": "Forbidden",
        "details": {
            "name": "late",
            "kind": "configmaps",
            "causes": [
                {
                    "reason": "NamespaceTerminating",
                    "message": "namespace alpha is being terminated",
                    "field": "metadata.namespace",
                }
            ],
        },
        "code": 403,
    }


def test_a_namespace_takes_its_content_along(admin: Clients) -> None:
    admin.core.create_namespace(namespace("alpha"))
    admin.core.create_namespaced_config_map("alpha", config_map("inside"))

    admin.core.delete_namespace("alpha")

    assert eventually(lambda: "alpha" not in admin.namespaces())
    admin.core.create_namespace(namespace("alpha"))
    assert admin.core.list_namespaced_config_map("alpha").items == []


def test_a_namespace_says_what_holds_it_up(admin: Clients) -> None:
    admin.core.create_namespace(namespace("alpha"))
    meta = client.V1ObjectMeta(name="stuck", finalizers=["test/hold"])
    admin.core.create_namespaced_config_map("alpha", client.V1ConfigMap(metadata=meta))

    admin.core.delete_namespace("alpha")

    said = eventually(lambda: admin.core.read_namespace("alpha").status.conditions)
    words = {each.type: each.message for each in said if each.status == "True"}
    assert words == {
        "NamespaceContentRemaining": "Some resources are remaining: configmaps. has 1 resource instances",
        "NamespaceFinalizersRemaining": (
            "Some content in the namespace has finalizers remaining: test/hold in 1 resource instances"
        ),
    }
    admin.core.patch_namespaced_config_map("stuck", "alpha", {"metadata": {"finalizers": None}})
    assert eventually(lambda: "alpha" not in admin.namespaces())


def test_the_clusters_own_namespaces_cannot_be_deleted(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.core.delete_namespace("kube-system")

    message = 'namespaces "kube-system" is forbidden: this namespace may not be deleted'
    assert refusal(error)["message"] == message


def test_many_writers_lose_nothing(emulator: KubernetesEmulator, admin: Clients) -> None:
    admin.core.create_namespaced_config_map("default", config_map("count", n="0"))

    others: list[int | None] = []

    def add() -> None:
        mine = connect(emulator)
        done = 0
        while done < 10:
            found = mine.core.read_namespaced_config_map("count", "default")
            found.data = {"n": str(int(found.data["n"]) + 1)}
            try:
                mine.core.replace_namespaced_config_map("count", "default", found)
                done += 1
            except ApiException as error:
                others.append(error.status)

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert admin.core.read_namespaced_config_map("count", "default").data == {"n": "30"}
    assert set(others) <= {409}


def test_names_of_different_kinds_do_not_meet(admin: Clients) -> None:
    admin.core.create_namespaced_config_map("default", config_map("dex"))
    admin.core.create_namespaced_secret("default", client.V1Secret(metadata=client.V1ObjectMeta(name="dex")))

    assert [named(each) for each in admin.core.list_namespaced_secret("default").items] == ["dex"]
