"""docs/sandbox.md says what there is: faults, calls, kinds of things and their fields, buttons, dialogs."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bot.model.card import Action
from bot.slack.app import TABLE, Kind
from bot.slack.context import Origin
from bot.slack.forms import create_form, delete_form, reject_form
from bot.texts import Texts
from sandbox.aws.estate import NodegroupView, StackView
from sandbox.conductor import ConductorSimulator
from sandbox.control.client import Client, Refused
from sandbox.demo.stories import STORIES
from sandbox.faults import Name
from sandbox.grafana.simulator import GrafanaSimulator
from sandbox.inventory import Inventory
from sandbox.kubeflow.cluster import PROFILES
from sandbox.options import Part
from sandbox.place import Place
from sandbox.world import World
from tests.builders import a_platform
from tests.sandbox.eventually import eventually

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "sandbox.md").read_text()
WORDS = (ROOT / "sandbox" / "page" / "english.js").read_text()
CODE = re.compile(r"`([^`]+)`")


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins like this."""
    _, _, rest = TEXT.partition(f"| {head} |")
    assert rest, f"there is no table of {head}"
    lines = rest.splitlines()[2:]
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def codes(cell: str) -> list[str]:
    return CODE.findall(cell)


def first_codes(head: str) -> list[str]:
    return [code for row in table(head) for code in codes(row[0])]


def documented_fields() -> dict[str, set[str]]:
    """By kind; of AI Conductor's by "conductor workspace" and so on."""
    return {
        " ".join(code for code in codes(row[0]) if code != "kind"): set(codes(row[2]))
        for row in table("kind")
    }


def seen_fields(items: list[dict[str, Any]]) -> set[str]:
    assert items
    (found,) = {frozenset(item) for item in items}
    return set(found) - {"workspace"}


def test_all_faults_are_told() -> None:
    assert first_codes("fault") == [name.value for name in Name]


@pytest.mark.parametrize("name", list(Name))
def test_a_fault_takes_what_is_told(client: Client, name: Name) -> None:
    (told,) = [codes(row[1]) for row in table("fault") if row[0] == f"`{name}`"]

    with pytest.raises(Refused) as refused:
        client.fault(name.value, bogus=1)

    takes = re.search(r"takes (.*), not bogus", str(refused.value))
    assert takes is not None
    assert sorted(told) == [one for one in takes[1].split(", ") if one != "nothing"]


def test_every_call_that_is_told_can_be_named_and_every_vendor_has_one(client: Client) -> None:
    known = client._get("/api/faults")["calls"]
    told = first_codes("a `call`")

    assert not set(told) - set(known)
    assert {call.partition(".")[0] for call in told} == {call.partition(".")[0] for call in known}


def test_all_kinds_of_things_are_told(client: Client) -> None:
    titled = set(re.findall(r"^  k_(\w+):", WORDS, re.MULTILINE))

    assert set(client.things()) == titled == {kind.partition(" ")[0] for kind in documented_fields()}


@pytest.fixture
def profile(world: World) -> Iterator[None]:
    """One Profile for a while."""
    cluster = world.outside._cluster
    assert cluster is not None
    body = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": "aic-ns-documented-ws"},
        "spec": {"owner": {"kind": "User", "name": "somebody"}},
    }
    cluster.create(PROFILES, body)
    yield
    cluster.delete(f"{PROFILES}/aic-ns-documented-ws")
    eventually(lambda: not [one for one in world.look()["namespaces"] if "documented" in one["name"]])


@pytest.mark.parametrize("kind", ["namespaces", "profiles", "dex_users", "buckets", "policies", "stacks"])
@pytest.mark.usefixtures("profile")
def test_the_fields_of_a_thing_are_told(client: Client, kind: str) -> None:
    assert seen_fields(client.world()[kind]) == documented_fields()[kind]


def test_the_fields_of_stacks_and_node_groups_are_told() -> None:
    assert {field.name for field in fields(StackView)} == documented_fields()["stacks"]
    assert {field.name for field in fields(NodegroupView)} == documented_fields()["nodegroups"]


def test_the_fields_of_dashboards_and_of_what_ai_conductor_has_are_told() -> None:
    grafana, conductor = GrafanaSimulator(), ConductorSimulator(password="made up")
    grafana.bring_back([{"id": 1, "board": {"uid": "abc", "title": "A title", "tags": []}}])
    conductor.add_workspace("alpha-ws", bucket="s3-an2-meerkat-prod-alpha", specs=(("standard", 4, 16, 0),))
    conductor.add_account("alpha-edge", password="made up")
    conductor.set_role("alpha-edge", "alpha-ws", "MANAGER")

    found = Inventory(Place(), aws=None, cluster=None, grafana=grafana, conductor=conductor).all()

    told = documented_fields()
    assert seen_fields(found["dashboards"]) == told["dashboards"]
    for kind in ("workspace", "account", "member"):
        assert (
            seen_fields([one for one in found["conductor"] if one["kind"] == kind])
            == (told[f"conductor {kind}"])
        )


def test_every_call_of_the_api_is_told(client: Client) -> None:
    calls = client._get("/api")
    paths = {call.split()[1] for call in calls["calls"]} - {"/"}

    assert not {
        path
        for path in paths
        if re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), path.replace("{deed}", "kill")) not in TEXT
    }
    assert first_codes("act") == calls["acts"]


def test_all_buttons_and_shortcuts_of_the_bot_are_told() -> None:
    listened = {each.id for each in TABLE if each.kind in (Kind.SHORTCUT, Kind.MESSAGE_SHORTCUT)}

    assert set(first_codes("action id")) == {action.value for action in Action}
    assert not {name for name in listened if f"`{name}`" not in TEXT}


def test_the_fields_of_all_dialogs_are_told() -> None:
    words, origin = Texts("en").for_locale("en-US"), Origin(project="alpha", request_id="WSR-0001")
    views = {
        "create": create_form(a_platform(), words, origin, {}, dashboards=True),
        "delete": delete_form(words, origin),
        "reject": reject_form(words, origin),
    }

    assert {row[0]: codes(row[2]) for row in table("dialog")} == {
        name: [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
        for name, view in views.items()
    }


def test_all_stories_and_parts_are_told() -> None:
    (without,) = [row[1] for row in table("option") if row[0] == "`--without`"]

    assert first_codes("story") == list(STORIES)
    assert codes(without) == [part.value for part in Part]
