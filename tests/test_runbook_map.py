"""`docs/runbook-map.md` is true: what it names exists, no cell is empty, and each trap has its answer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.config.settings import PREFIX, all_settings
from bot.slack.commands import SUBCOMMANDS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "runbook-map.md").read_text(encoding="utf-8")
LINES = tuple(line for line in TEXT.splitlines() if line.startswith("|"))
TRAPS = {f"T{number}" for number in range(1, 65)}
NAMED = sorted(set(re.findall(r"`(\w+/[\w/]+\.py)::([\w.]+)`", TEXT)))
PROGRAMS = {"subprocess", "multiprocessing", "pty"}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def rows() -> Iterator[list[str]]:
    """Without the heads, and the lines below them."""
    for line, following in zip(LINES, (*LINES[1:], ""), strict=True):
        if not re.match(r"\| ---", line) and not re.match(r"\| ---", following):
            yield cells(line)


def traps() -> dict[str, str]:
    return {row[0]: row[2] for row in rows() if row[0] in TRAPS}


@cache
def names(path: str) -> dict[str, ast.AST]:
    """Everything a file defines, members as "Class.member"; nothing when there is no such file."""
    if not (ROOT / path).exists():
        return {}
    found: dict[str, ast.AST] = {}

    def note(body: list[ast.stmt], before: str) -> None:
        for node in body:
            targets: list[ast.expr] = []
            match node:
                case ast.FunctionDef() | ast.ClassDef():
                    found[f"{before}{node.name}"] = node
                    if isinstance(node, ast.ClassDef):
                        note(node.body, f"{before}{node.name}.")
                case ast.Assign():
                    targets = node.targets
                case ast.AnnAssign():
                    targets = [node.target]
            found.update({f"{before}{each.id}": node for each in targets if isinstance(each, ast.Name)})

    note(ast.parse((ROOT / path).read_text(encoding="utf-8")).body, "")
    return found


def said_of(path: str, name: str) -> str:
    """By which a test can name a trap: its own name, and what is said above it."""
    parts = name.split(".")
    above = [names(path).get(".".join(parts[: number + 1])) for number in range(len(parts))]
    told = [
        ast.get_docstring(node) or "" for node in above if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    return " ".join([name.replace("_", " "), *told])


def test_the_map_has_tables() -> None:
    assert len(list(rows())) > 150
    assert len(NAMED) > 150


def test_no_cell_is_empty() -> None:
    short = [line for line in LINES if len(cells(line)) < 2 or not all(cells(line))]
    uneven = [line for line in LINES if len(cells(line)) != (3 if cells(line)[0] in TRAPS | {"#"} else 2)]

    assert not short
    assert not [line for line in uneven if not re.match(r"\| ---", line)]


def test_what_it_names_exists() -> None:
    assert not [f"{path}::{name}" for path, name in NAMED if name not in names(path)]


def test_nothing_in_code_quotes_is_a_path_that_is_not_followed_up() -> None:
    """A typing error in a path would else leave it unread."""
    quoted = set(re.findall(r"`([^`]+)`", TEXT))
    read = {f"{path}::{name}" for path, name in NAMED}
    explained = {"file.py::Class.method", "file.py::test", "tests/test_runbook_map.py"}

    assert not {each for each in quoted if ".py" in each} - read - explained


def test_each_trap_is_there_once() -> None:
    told = [row[0] for row in rows() if re.fullmatch(r"T\d+", row[0])]

    assert sorted(told, key=lambda trap: int(trap[1:])) == [f"T{number}" for number in range(1, 65)]


def test_each_trap_has_a_test_that_names_it_or_cannot_occur_or_remains() -> None:
    unanswered = []
    for trap, answer in traps().items():
        kind, _, why = answer.partition(":")
        tests = re.findall(r"`(tests/[\w/]+\.py)::([\w.]+)`", answer)
        named = any(re.search(rf"\b{trap}\b", said_of(path, name)) for path, name in tests)
        if not (named if kind == "Test" else kind in {"Cannot occur", "Remains"} and len(why.split()) > 4):
            unanswered.append(trap)

    assert not unanswered


def test_what_remains_is_told_to_people() -> None:
    untold = []
    for trap, answer in traps().items():
        if answer.startswith("Remains"):
            pages = [ROOT / "docs" / page for page in re.findall(r"\]\(([\w/.-]+\.md)\)", answer)]
            told = ("on the last card" in answer) or pages
            if not told or not all(page.exists() for page in pages):
                untold.append(trap)

    assert not untold


def test_its_settings_are_settings() -> None:
    known = {setting.name.removeprefix(PREFIX) for setting in all_settings()}
    named = set(re.findall(r"`([A-Z]+(?:__[A-Z_<>]+)+)`|`(KUBEFLOW_PASSWORD_HASH)`", TEXT))
    found = {one or other for one, other in named}

    assert found
    assert found <= known


def test_T9_T10_T23_no_program_is_run_but_eksctl_and_no_shell() -> None:
    """The runbook's edits went through `yq`, `kubectl` and a shell, each with traps of its own."""
    running, shells = set(), []
    for package in ("approvals", "bot", "provisioner"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    modules = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                    if modules & PROGRAMS:
                        running.add(path.relative_to(ROOT).as_posix())
                if isinstance(node, ast.keyword) and node.arg == "shell":
                    shells.append(path)
                if isinstance(node, ast.Attribute) and node.attr in {"system", "popen", "execv", "spawnv"}:
                    shells.append(path)

    assert running == {"provisioner/stages/nodegroup/eksctl.py"}
    assert shells == []


def test_T13_nothing_modifies_a_workspace() -> None:
    assert not {"modify", "update", "change", "edit", "resize"} & set(SUBCOMMANDS)
