"""What the profile controller makes, keeps, refuses and lets go."""

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubeflow.profiles import LABELS
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import PROFILES, Clients, named, namespace

NAME = "aic-ns-alpha-ws"
OWNER = "aic-user-alpha-ws@aic.com"


def settled(cluster: Clients, name: str = NAME) -> Any:
    """The Profile, once the controller is through with it."""

    def look() -> Any:
        found = cluster.profile(name)
        return found if found["metadata"].get("finalizers") else None

    return eventually(look)


def policies(cluster: Clients) -> list[Any]:
    listed = cluster.custom.list_namespaced_custom_object(
        "security.istio.io", "v1beta1", NAME, "authorizationpolicies"
    )
    return list(listed["items"])


def test_a_profile_gets_its_namespace(profiles: Clients) -> None:
    profile = profiles.create_profile(NAME, OWNER)

    settled(profiles)
    made = profiles.core.read_namespace(NAME)
    assert made.metadata.annotations == {"owner": OWNER}
    assert made.metadata.labels == {**LABELS, "kubernetes.io/metadata.name": NAME}
    assert made.status.phase == "Active"
    (owner,) = made.metadata.owner_references
    assert (owner.kind, owner.name, owner.uid) == ("Profile", NAME, profile["metadata"]["uid"])
    assert owner.controller is owner.block_owner_deletion is True


def test_inside_it_are_accounts_bindings_and_a_policy(profiles: Clients) -> None:
    profiles.create_profile(NAME, OWNER)

    settled(profiles)
    accounts = profiles.core.list_namespaced_service_account(NAME).items
    bindings = profiles.rbac.list_namespaced_role_binding(NAME).items
    (policy,) = policies(profiles)

    assert [named(each) for each in accounts] == ["default-editor", "default-viewer"]
    assert {named(each): each.role_ref.name for each in bindings} == {
        "default-editor": "kubeflow-edit",
        "default-viewer": "kubeflow-view",
        "namespaceAdmin": "kubeflow-admin",
    }
    admin = next(each for each in bindings if named(each) == "namespaceAdmin")
    assert admin.metadata.annotations == {"role": "admin", "user": OWNER}
    assert admin.subjects[0].name == OWNER
    assert policy["metadata"]["name"] == "ns-owner-access-istio"
    assert policy["spec"]["rules"][0]["when"] == [
        {"key": "request.headers[kubeflow-userid]", "values": [OWNER]}
    ]


def test_the_profile_reads_back_with_finalizer_and_empty_quota(profiles: Clients) -> None:
    profiles.create_profile(NAME, OWNER)

    profile = settled(profiles)
    assert profile["metadata"]["finalizers"] == ["profile-finalizer"]
    assert profile["spec"]["resourceQuotaSpec"] == {}


def test_a_quota_becomes_a_quota_of_the_namespace(profiles: Clients) -> None:
    body = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": NAME},
        "spec": {"owner": {"kind": "User", "name": OWNER}, "resourceQuotaSpec": {"hard": {"cpu": "4"}}},
    }
    profiles.custom.create_cluster_custom_object(*PROFILES, body)

    settled(profiles)
    quota = profiles.core.read_namespaced_resource_quota("kf-resource-quota", NAME)
    assert quota.spec.hard == {"cpu": "4"}


def test_deleting_the_namespace_alone_brings_it_back_empty(profiles: Clients) -> None:
    profiles.create_profile(NAME, OWNER)
    settled(profiles)
    first = profiles.core.read_namespace(NAME).metadata.uid
    data = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="data"))
    profiles.core.create_namespaced_config_map(NAME, data)

    profiles.core.delete_namespace(NAME)

    def again() -> bool:
        try:
            found = profiles.core.read_namespace(NAME)
        except ApiException:
            return False
        return found.metadata.uid != first and bool(policies(profiles))

    assert eventually(again)
    assert profiles.core.list_namespaced_config_map(NAME).items == []


def test_deleting_the_profile_takes_the_namespace_along(profiles: Clients) -> None:
    profiles.create_profile(NAME, OWNER)
    settled(profiles)

    profiles.delete_profile(NAME)

    assert eventually(lambda: NAME not in profiles.namespaces())
    with pytest.raises(ApiException) as error:
        profiles.profile(NAME)
    assert error.value.status == 404


@pytest.mark.parametrize("annotations", [None, {"owner": "somebody@else.com"}])
def test_a_namespace_of_somebody_else_is_refused(
    profiles: Clients, annotations: dict[str, str] | None
) -> None:
    profiles.core.create_namespace(namespace(NAME, annotations=annotations))

    profiles.create_profile(NAME, OWNER)

    status: Any = eventually(lambda: profiles.profile(NAME).get("status"))
    (condition,) = status["conditions"]
    assert condition["type"] == "Failed"
    assert condition["message"] == f"namespace already exist, but not owned by profile creator {OWNER}"
    assert profiles.core.list_namespaced_service_account(NAME).items == []
    assert profiles.core.read_namespace(NAME).metadata.annotations == annotations


def test_a_namespace_of_the_same_owner_is_adopted_and_stays_when_the_profile_goes(profiles: Clients) -> None:
    own = {"istio-injection": "disabled"}
    profiles.core.create_namespace(namespace(NAME, annotations={"owner": OWNER}, labels=own))
    profiles.create_profile(NAME, OWNER)
    settled(profiles)

    adopted = profiles.core.read_namespace(NAME)
    assert adopted.metadata.owner_references is None
    assert adopted.metadata.labels["istio-injection"] == "disabled"
    assert adopted.metadata.labels["app.kubernetes.io/part-of"] == "kubeflow-profile"

    profiles.delete_profile(NAME)
    assert eventually(lambda: not profiles.raw("GET", "/apis/kubeflow.org/v1/profiles")["items"])
    assert NAME in profiles.namespaces()


def test_what_is_taken_out_of_the_namespace_is_put_back(profiles: Clients) -> None:
    profiles.create_profile(NAME, OWNER)
    settled(profiles)

    profiles.core.delete_namespaced_service_account("default-editor", NAME)

    accounts = profiles.core.list_namespaced_service_account
    assert eventually(lambda: "default-editor" in [named(each) for each in accounts(NAME).items])


def test_other_finalizers_are_left_alone(profiles: Clients) -> None:
    profiles.create_profile(NAME, OWNER, finalizers=["test/hold"])
    eventually(lambda: "profile-finalizer" in profiles.profile(NAME)["metadata"]["finalizers"])

    profiles.delete_profile(NAME)

    assert eventually(lambda: profiles.profile(NAME)["metadata"]["finalizers"] == ["test/hold"])
