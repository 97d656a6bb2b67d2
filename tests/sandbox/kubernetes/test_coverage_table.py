"""The table in the documents says what is served."""

from pathlib import Path

from sandbox.kubernetes.resource import RESOURCES
from tests.sandbox.kubernetes.clients import Clients

DOCUMENT = Path(__file__).parents[3] / "docs" / "kubernetes-emulator.md"


def rows() -> list[list[str]]:
    text = DOCUMENT.read_text().partition("## What it serves")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_documented_table_is_what_is_registered() -> None:
    registered = [
        [
            each.qualified,
            ", ".join(each.versions),
            "namespace" if each.namespaced else "cluster",
            ", ".join(sorted(each.parts)),
            ", ".join(each.verbs),
        ]
        for each in RESOURCES
    ]

    assert rows() == registered


def test_discovery_tells_the_same_as_the_table(admin: Clients) -> None:
    told = set()
    for path in ("/api/v1", *(f"/apis/{each.group}/{each.versions[0]}" for each in RESOURCES if each.group)):
        listed = admin.raw("GET", path)
        group = listed["groupVersion"].rpartition("/")[0]
        told |= {
            f"{each['name']}.{group}".rstrip(".") for each in listed["resources"] if "/" not in each["name"]
        }

    assert told == {row[0] for row in rows()}
