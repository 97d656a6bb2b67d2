"""Lists, selectors, watches."""

from collections.abc import Iterable
from typing import Any

import pytest
from kubernetes import watch
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.emulator import utc_now
from sandbox.kubernetes.refusal import Refused
from sandbox.kubernetes.resource import resource
from sandbox.kubernetes.store import Store
from tests.sandbox.kubernetes.clients import PROFILES, Clients, config_map, connect, named, namespace, refusal

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def labelled(admin: Clients) -> Clients:
    for name, labels in (("one", {"tier": "a"}), ("two", {"tier": "b", "new": ""}), ("three", {})):
        admin.raw("POST", MAPS, {"metadata": {"name": name, "labels": labels}})
    return admin


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=a", ["one"]),
        ("tier==b", ["two"]),
        ("tier!=a", ["three", "two"]),
        ("tier in (a, b)", ["one", "two"]),
        ("tier notin (a)", ["three", "two"]),
        ("new", ["two"]),
        ("!tier", ["three"]),
        ("tier in (a,b),new", ["two"]),
    ],
)
def test_labels_choose(labelled: Clients, selector: str, found: list[str]) -> None:
    listed = labelled.core.list_namespaced_config_map("default", label_selector=selector)

    assert [named(each) for each in listed.items] == found


def test_a_field_chooses_by_name(labelled: Clients) -> None:
    listed = labelled.core.list_namespaced_config_map("default", field_selector="metadata.name=two")

    assert [named(each) for each in listed.items] == ["two"]


def test_a_field_that_cannot_be_chosen_by_is_refused(labelled: Clients) -> None:
    with pytest.raises(ApiException) as error:
        labelled.core.list_namespaced_config_map("default", field_selector="data.a=b")

    assert refusal(error)["message"] == "field label not supported: data.a"


def test_a_long_list_comes_in_pages(labelled: Clients) -> None:
    first = labelled.core.list_namespaced_config_map("default", limit=2)
    rest = labelled.core.list_namespaced_config_map("default", limit=2, _continue=first.metadata._continue)

    assert [named(each) for each in (*first.items, *rest.items)] == ["one", "three", "two"]
    assert first.metadata.remaining_item_count == 1


def test_all_of_a_kind_can_be_deleted_by_label(labelled: Clients) -> None:
    labelled.core.delete_collection_namespaced_config_map("default", label_selector="tier")

    assert [named(each) for each in labelled.core.list_namespaced_config_map("default").items] == ["three"]


def events(stream: Iterable[Any], count: int) -> list[tuple[str, str]]:
    """The next so many; nothing is taken from the stream beyond them."""
    return [(event["type"], named(event["object"])) for _, event in zip(range(count), stream, strict=False)]


def test_a_watch_tells_what_is_there_and_then_what_happens(
    emulator: KubernetesEmulator, admin: Clients
) -> None:
    admin.core.create_namespaced_config_map("default", config_map("dex", a="1"))
    other = connect(emulator)
    stream = watch.Watch().stream(admin.core.list_namespaced_config_map, "default", timeout_seconds=5)

    seen = events(stream, 1)
    other.raw("PATCH", f"{MAPS}/dex", {"data": {"a": "2"}}, "application/merge-patch+json")
    other.core.delete_namespaced_config_map("dex", "default")
    seen += events(stream, 2)

    assert seen == [("ADDED", "dex"), ("MODIFIED", "dex"), ("DELETED", "dex")]


def test_a_watch_goes_on_from_the_version_of_a_list(admin: Clients) -> None:
    admin.core.create_namespace(namespace("early"))
    version = admin.core.list_namespace().metadata.resource_version
    admin.core.create_namespace(namespace("late"))

    stream = watch.Watch().stream(admin.core.list_namespace, resource_version=version, timeout_seconds=1)

    assert events(stream, 1) == [("ADDED", "late")]


def test_a_watch_from_before_the_history_has_to_begin_anew() -> None:
    store = Store(seed=0, clock=utc_now, history=2)
    for name in ("one", "two", "three", "four"):
        store.create(resource("namespaces"), "", {"metadata": {"name": name}})

    with pytest.raises(Refused) as error:
        store.listen(lambda _: None, since=1)

    assert (error.value.code, error.value.reason) == (410, "Expired")
    assert error.value.message.startswith("too old resource version: 1 (")


def test_a_number_that_is_none_is_refused(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.raw("GET", "/api/v1/namespaces", watch="1", resourceVersion="soon")

    assert error.value.status == 400


def test_a_watch_ends_when_its_time_is_over(admin: Clients) -> None:
    stream = watch.Watch().stream(admin.core.list_namespace, timeout_seconds=1)

    assert len(list(stream)) == 4


def test_an_object_that_loses_its_label_leaves_the_watch(
    emulator: KubernetesEmulator, labelled: Clients
) -> None:
    stream = watch.Watch().stream(
        labelled.core.list_namespaced_config_map, "default", label_selector="tier=a", timeout_seconds=5
    )

    seen = events(stream, 1)
    change = {"metadata": {"labels": {"tier": None}}}
    connect(emulator).raw("PATCH", f"{MAPS}/one", change, "application/merge-patch+json")
    seen += events(stream, 1)

    assert seen == [("ADDED", "one"), ("DELETED", "one")]


def test_custom_objects_are_watched_too(admin: Clients) -> None:
    admin.create_profile("alpha")
    stream: Any = watch.Watch().stream(admin.custom.list_cluster_custom_object, *PROFILES, timeout_seconds=1)

    assert [(each["type"], each["object"]["metadata"]["name"]) for each in stream] == [("ADDED", "alpha")]
