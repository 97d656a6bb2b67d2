"""The four kinds of patch."""

from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes.patch import json_patch, merge, strategic_merge
from sandbox.kubernetes.refusal import Refused
from tests.sandbox.kubernetes.clients import Clients, config_map, deployment, refusal

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
DEX = "/api/v1/namespaces/default/configmaps/dex"


def test_a_merge_patch_sets_and_takes_away() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None}, "d": [2]}) == {"a": {"c": 2}, "d": [2]}


def test_a_json_patch_that_tests_for_what_is_not_so_is_refused() -> None:
    with pytest.raises(Refused) as error:
        json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 2}])

    assert (error.value.code, error.value.reason) == (422, "Invalid")


def test_a_strategic_merge_knows_the_entries_of_a_list_by_name() -> None:
    old = {"containers": [{"name": "dex", "image": "dex:1"}, {"name": "side", "image": "side:1"}]}

    new = strategic_merge(old, {"containers": [{"name": "dex", "image": "dex:2"}]})

    assert new["containers"] == [{"name": "dex", "image": "dex:2"}, {"name": "side", "image": "side:1"}]


@pytest.mark.parametrize(
    ("old", "change", "new"),
    [
        ({"env": [{"name": "a"}]}, {"env": [{"name": "a", "$patch": "delete"}]}, {"env": []}),
        ({"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}, {"a": {"c": 2}}),
        ({"finalizers": ["a", "b"]}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, {"finalizers": ["b"]}),
        ({"finalizers": ["a"]}, {"finalizers": ["b"]}, {"finalizers": ["a", "b"]}),
        ({"s": {"type": "x", "x": {}}}, {"s": {"$retainKeys": ["type"], "type": "y"}}, {"s": {"type": "y"}}),
        ({"args": [1, 2]}, {"args": [3]}, {"args": [3]}),
    ],
)  # fmt: skip
def test_a_strategic_merge_obeys_its_directives(old: Any, change: Any, new: Any) -> None:
    assert strategic_merge(old, change) == new


def test_each_kind_of_patch_arrives(admin: Clients) -> None:
    admin.core.create_namespaced_config_map("default", config_map("dex", a="1"))

    admin.raw("PATCH", DEX, {"data": {"b": "2"}}, MERGE)
    admin.raw("PATCH", DEX, [{"op": "add", "path": "/data/c", "value": "3"}], JSON_PATCH)
    last = admin.raw("PATCH", DEX, {"data": {"a": None}}, STRATEGIC)

    assert last["data"] == {"b": "2", "c": "3"}


def test_a_patch_with_a_stale_version_is_a_conflict(admin: Clients) -> None:
    made = admin.core.create_namespaced_config_map("default", config_map("dex", a="1"))
    admin.raw("PATCH", DEX, {"data": {"a": "2"}}, MERGE)
    stale = {"metadata": {"resourceVersion": made.metadata.resource_version}, "data": {"a": "3"}}

    with pytest.raises(ApiException) as error:
        admin.raw("PATCH", DEX, stale, MERGE)

    assert refusal(error)["reason"] == "Conflict"


def test_a_custom_object_takes_no_strategic_merge(admin: Clients) -> None:
    admin.create_profile("alpha")

    with pytest.raises(ApiException) as error:
        admin.raw("PATCH", "/apis/kubeflow.org/v1/profiles/alpha", {}, STRATEGIC)

    assert error.value.status == 415
    assert refusal(error)["message"] == (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )


def test_the_clients_own_patch_changes_the_pod_template_only(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))
    change = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}

    patched = admin.apps.patch_namespaced_deployment("dex", "default", change)

    assert patched.spec.template.metadata.annotations == {"restarted": "now"}
    assert patched.spec.template.spec.containers[0].image == "dex:1"
    assert patched.metadata.generation == 2


def test_apply_makes_then_changes_then_removes_what_is_no_longer_said(admin: Clients) -> None:
    def apply(data: dict[str, str], manager: str = "me", **query: str) -> Any:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dex"}, "data": data}
        return admin.raw("PATCH", DEX, body, APPLY, fieldManager=manager, **query)

    first = apply({"a": "1", "b": "2"})
    second = apply({"a": "1", "c": "3"})

    assert first["data"] == {"a": "1", "b": "2"}
    assert second["data"] == {"a": "1", "c": "3"}
    entry = second["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("me", "Apply")
    assert entry["fieldsV1"] == {"f:data": {"f:a": {}, "f:c": {}}}


def test_apply_does_not_take_a_field_from_another_unless_forced(admin: Clients) -> None:
    def apply(manager: str, value: str, **query: str) -> Any:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dex"}, "data": {"a": value}}
        return admin.raw("PATCH", DEX, body, APPLY, fieldManager=manager, **query)

    apply("me", "1")
    with pytest.raises(ApiException) as error:
        apply("you", "2")
    forced = apply("you", "2", force="true")

    assert refusal(error)["message"] == 'Apply failed with 1 conflict: conflict with "me": .data.a'
    assert refusal(error)["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    assert forced["data"] == {"a": "2"}
    assert [each["manager"] for each in forced["metadata"]["managedFields"]] == ["you"]


def test_apply_needs_to_know_who_applies(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.raw("PATCH", DEX, {"metadata": {"name": "dex"}}, APPLY)

    assert "fieldManager: Required value: is required for apply patch" in refusal(error)["message"]
