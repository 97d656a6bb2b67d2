"""`docs/architecture.md` is true: its pictures are the catalog, its layers the contracts, its files there."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from provisioner.catalog import catalog
from provisioner.engine.inspection import prerequisites
from provisioner.engine.stage import Goal, Step

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def steps() -> tuple[Step, ...]:
    """All there are, over clients that are never asked anything."""
    nobody: Any = object()
    clients = {
        name: nobody
        for name, parameter in inspect.signature(catalog).parameters.items()
        if parameter.default is parameter.empty and name != "password_hash"
    }
    return catalog(**clients, password_hash=SecretStr("$2b$10$" + "u" * 53))


@pytest.mark.parametrize(("title", "goal"), [("Create", Goal.PRESENT), ("Delete", Goal.ABSENT)])
def test_a_picture_of_the_stages_shows_what_each_waits_for(title: str, goal: Goal) -> None:
    _, _, rest = TEXT.partition(f"\n{title}:\n\n```mermaid\n")
    picture, _, _ = rest.partition("```")
    shown = re.findall(r"^  (\S+) --> (\S+)$", picture, re.MULTILINE)

    assert sorted(shown) == sorted(
        (before, step.stage.name) for step in steps() for before in prerequisites(step, goal)
    )


@pytest.mark.parametrize("package", ["bot", "provisioner", "approvals"])
def test_the_layers_are_those_of_the_contract(package: str) -> None:
    (layers,) = [each["layers"] for each in CONTRACTS if each.get("containers") == [package]]
    told = re.search(rf"^- \*\*{package}\*\*: ((?:.|\n  )+)$", TEXT, re.MULTILINE)
    assert told is not None

    assert [layer.strip().strip("`") for layer in told[1].split(">")] == layers


def test_every_file_that_is_named_exists() -> None:
    named = {name for name in re.findall(r"`([a-z]+/[\w/.]*)`", TEXT) if not re.search(r"[*<]", name)}

    assert len(named) > 30
    assert not {name for name in named if not (ROOT / name).exists()}
