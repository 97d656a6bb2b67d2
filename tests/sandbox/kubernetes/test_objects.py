"""Objects through the official client: made, read, replaced, deleted, refused."""

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.sandbox.kubernetes.clients import PROFILES, Clients, config_map, named, namespace, refusal

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def test_a_cluster_is_born_with_its_own_namespaces(admin: Clients) -> None:
    assert admin.namespaces() == {"default", "kube-node-lease", "kube-public", "kube-system"}


def test_a_new_object_gets_what_the_server_gives(admin: Clients) -> None:
    made = admin.core.create_namespace(namespace("alpha", labels={"a": "b"}))

    assert made.metadata.uid
    assert made.metadata.resource_version
    assert made.metadata.creation_timestamp.tzinfo is not None
    assert made.metadata.labels == {"a": "b", "kubernetes.io/metadata.name": "alpha"}
    assert made.spec.finalizers == ["kubernetes"]
    assert made.status.phase == "Active"


def test_every_typed_kind_reads_back_whole(admin: Clients) -> None:
    meta = client.V1ObjectMeta(name="thing")
    subject = client.RbacV1Subject(kind="User", name="u", api_group="rbac.authorization.k8s.io")
    role = client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="r")
    binding = client.V1RoleBinding(metadata=meta, role_ref=role, subjects=[subject])
    account = client.V1ServiceAccount(metadata=meta)
    secret = client.V1Secret(metadata=meta, string_data={"key": "value"})

    admin.core.create_namespaced_service_account("default", account)
    admin.core.create_namespaced_secret("default", secret)
    admin.rbac.create_namespaced_role_binding("default", binding)
    admin.rbac.create_cluster_role(client.V1ClusterRole(metadata=meta, rules=[]))

    assert named(admin.core.read_namespaced_service_account("thing", "default")) == "thing"
    assert admin.core.read_namespaced_secret("thing", "default").data == {"key": "dmFsdWU="}
    assert admin.rbac.list_namespaced_role_binding("default").items[0].role_ref.name == "r"
    assert [named(each) for each in admin.rbac.list_cluster_role().items] == ["thing"]


def test_a_custom_object_is_stored_as_v1_and_served_as_both(admin: Clients) -> None:
    admin.raw(
        "POST",
        "/apis/kubeflow.org/v1beta1/profiles",
        {"apiVersion": "kubeflow.org/v1beta1", "kind": "Profile", "metadata": {"name": "alpha"}, "spec": {}},
    )

    assert admin.profile("alpha")["apiVersion"] == "kubeflow.org/v1"
    beta = admin.custom.get_cluster_custom_object("kubeflow.org", "v1beta1", "profiles", "alpha")
    assert beta["apiVersion"] == "kubeflow.org/v1beta1"


def test_what_is_not_there_is_a_404_in_the_real_words(admin: Clients) -> None:
    with pytest.raises(ApiException) as typed:
        admin.core.read_namespaced_config_map("dex", "default")
    with pytest.raises(ApiException) as custom:
        admin.profile("alpha")

    assert refusal(typed) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'configmaps "dex" not found',
        "reason": "NotFound",
        "details": {"name": "dex", "kind": "configmaps"},
        "code": 404,
    }
    assert refusal(custom)["message"] == 'profiles.kubeflow.org "alpha" not found'
    assert refusal(custom)["details"] == {"name": "alpha", "group": "kubeflow.org", "kind": "profiles"}


def test_making_a_thing_twice_is_already_exists(admin: Clients) -> None:
    admin.create_profile("alpha")

    with pytest.raises(ApiException) as error:
        admin.create_profile("alpha")

    assert refusal(error)["reason"] == "AlreadyExists"
    assert refusal(error)["message"] == 'profiles.kubeflow.org "alpha" already exists'


def test_the_second_of_two_editors_is_told_of_the_first(admin: Clients) -> None:
    admin.core.create_namespaced_config_map("default", config_map("dex", text="old"))
    mine = admin.core.read_namespaced_config_map("dex", "default")
    theirs = admin.core.read_namespaced_config_map("dex", "default")
    theirs.data = {"text": "theirs"}
    admin.core.replace_namespaced_config_map("dex", "default", theirs)
    mine.data = {"text": "mine"}

    with pytest.raises(ApiException) as error:
        admin.core.replace_namespaced_config_map("dex", "default", mine)

    assert error.value.status == 409
    assert refusal(error)["reason"] == "Conflict"
    assert refusal(error)["message"] == f'Operation cannot be fulfilled on configmaps "dex": {MODIFIED}'
    assert admin.core.read_namespaced_config_map("dex", "default").data == {"text": "theirs"}


def test_replacing_a_custom_object_needs_its_version(admin: Clients) -> None:
    profile = admin.create_profile("alpha")
    del profile["metadata"]["resourceVersion"]

    with pytest.raises(ApiException) as error:
        admin.custom.replace_cluster_custom_object(*PROFILES, "alpha", profile)

    assert error.value.status == 422
    assert "metadata.resourceVersion: Invalid value: 0x0: must be specified" in refusal(error)["message"]


def test_a_write_that_changes_nothing_makes_no_new_version(admin: Clients) -> None:
    made = admin.core.create_namespaced_config_map("default", config_map("dex", text="old"))

    again = admin.core.replace_namespaced_config_map("dex", "default", made)

    assert again.metadata.resource_version == made.metadata.resource_version


def test_the_generation_counts_changes_of_spec_only(admin: Clients) -> None:
    admin.create_profile("alpha")

    marked = admin.patch_profile("alpha", {"metadata": {"annotations": {"a": "b"}}})
    changed = admin.patch_profile("alpha", {"spec": {"owner": {"name": "other@aic.com"}}})

    assert (marked["metadata"]["generation"], changed["metadata"]["generation"]) == (1, 2)


def test_status_is_changed_through_its_own_door_only(admin: Clients) -> None:
    admin.create_profile("alpha")

    by_the_front = admin.patch_profile("alpha", {"status": {"conditions": [{"type": "Failed"}]}})
    path = "/apis/kubeflow.org/v1/profiles/alpha/status"
    change = {"status": {"conditions": [{"type": "Failed"}]}, "spec": {"owner": {"name": "ignored"}}}
    by_the_door = admin.raw("PATCH", path, change, "application/merge-patch+json")

    assert "status" not in by_the_front
    assert by_the_door["status"] == {"conditions": [{"type": "Failed"}]}
    assert by_the_door["spec"]["owner"]["name"] == "user@aic.com"


def test_a_dry_run_answers_and_changes_nothing(admin: Clients) -> None:
    answer = admin.core.create_namespace(namespace("alpha"), dry_run="All")

    assert named(answer) == "alpha"
    assert "alpha" not in admin.namespaces()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Bad_Name", "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"),
        ("a" * 64, "must be no more than 63 characters"),
        ("-a", "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc'"),
    ],
)
def test_a_bad_name_of_a_namespace_is_invalid(admin: Clients, name: str, words: str) -> None:
    with pytest.raises(ApiException) as error:
        admin.core.create_namespace(namespace(name))

    assert error.value.status == 422
    assert refusal(error)["message"].startswith(
        f'Namespace "{name}" is invalid: metadata.name: Invalid value: '
    )
    assert words in refusal(error)["message"]
    assert refusal(error)["details"]["causes"][0]["field"] == "metadata.name"


def test_a_bad_name_of_a_custom_object_names_its_group(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.create_profile("Alpha")

    assert refusal(error)["message"].startswith('Profile.kubeflow.org "Alpha" is invalid: metadata.name:')
    assert "a lowercase RFC 1123 subdomain must consist of" in refusal(error)["message"]


def test_a_config_map_holds_text_only(admin: Clients) -> None:
    body = {"metadata": {"name": "dex"}, "data": {"port": 5556}}

    with pytest.raises(ApiException) as error:
        admin.raw("POST", "/api/v1/namespaces/default/configmaps", body)

    assert refusal(error)["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into '
        "Go struct field ConfigMap.data of type string"
    )


LOST_INDENTATION = {
    "apiVersion": "kubeflow.org/v1",
    "kind": "Profile",
    "metadata": {"name": "alpha"},
    "owner": {"kind": "User"},
    "spec": {"ownr": {}},
}


def test_fields_that_a_profile_does_not_have_are_dropped(admin: Clients) -> None:
    made = admin.raw("POST", "/apis/kubeflow.org/v1/profiles", LOST_INDENTATION)

    assert "owner" not in made
    assert made["spec"] == {}


def test_asked_to_be_strict_the_server_names_them(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.raw("POST", "/apis/kubeflow.org/v1/profiles", LOST_INDENTATION, fieldValidation="Strict")

    assert refusal(error)["message"] == (
        'Profile in version "v1" cannot be handled as a Profile: strict decoding error: '
        'unknown field "owner", unknown field "spec.ownr"'
    )


def test_a_custom_object_has_to_say_what_it_is(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.raw("POST", "/apis/kubeflow.org/v1/profiles", {"metadata": {"name": "alpha"}})

    assert refusal(error)["message"].startswith("Object 'Kind' is missing in ")


def test_a_profile_needs_the_name_of_its_owner(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.create_profile("alpha", owner="")

    message = 'Profile.kubeflow.org "alpha" is invalid: spec.owner.name: Required value'
    assert refusal(error)["message"] == message


def test_a_binding_cannot_be_turned_to_another_role(admin: Clients) -> None:
    group = "rbac.authorization.k8s.io"
    role = {"apiGroup": group, "kind": "ClusterRole", "name": "a"}
    path = f"/apis/{group}/v1/namespaces/default/rolebindings"
    admin.raw("POST", path, {"metadata": {"name": "b"}, "roleRef": role})

    with pytest.raises(ApiException) as error:
        admin.raw("PUT", f"{path}/b", {"metadata": {"name": "b"}, "roleRef": role | {"name": "c"}})

    assert refusal(error)["message"].endswith(": cannot change roleRef")


def test_nothing_can_be_made_in_a_namespace_that_is_not_there(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.core.create_namespaced_config_map("nowhere", config_map("dex"))

    assert refusal(error)["message"] == 'namespaces "nowhere" not found'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"apiVersion": "v2", "metadata": {"name": "dex"}}, "does not match the expected API version (v1)"),
        (
            {"metadata": {"name": "dex", "namespace": "other"}},
            "does not match the namespace sent on the request",
        ),
        ({"metadata": {"name": "dex", "resourceVersion": "1"}}, "resourceVersion should not be set"),
        ({"metadata": {}}, "metadata.name: Required value: name or generateName is required"),
    ],
)
def test_a_body_that_does_not_fit_its_path_is_refused(admin: Clients, body: object, words: str) -> None:
    with pytest.raises(ApiException) as error:
        admin.raw("POST", "/api/v1/namespaces/default/configmaps", body)

    assert words in refusal(error)["message"]


def test_a_name_can_be_left_to_the_server(admin: Clients) -> None:
    body = {"metadata": {"generateName": "job-"}}

    made = admin.raw("POST", "/api/v1/namespaces/default/configmaps", body)

    assert made["metadata"]["name"].startswith("job-")
    assert len(made["metadata"]["name"]) == len("job-") + 5


def test_deleting_says_what_went_and_only_what_was_meant(admin: Clients) -> None:
    admin.core.create_namespaced_config_map("default", config_map("dex"))
    other = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))

    with pytest.raises(ApiException) as error:
        admin.core.delete_namespaced_config_map("dex", "default", body=other)
    gone = admin.core.delete_namespaced_config_map("dex", "default")

    assert "the UID in the precondition (another) does not match" in refusal(error)["message"]
    assert (gone["status"], gone["details"]["name"]) == ("Success", "dex")
