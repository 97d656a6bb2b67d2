"""What our own stages and clients say when they fail: nobody is left with words that help nobody.

A failure helps when it quotes a vendor (`cause`), says what to do (`hint`), or when the catalogue knows it.
Read from the sources, so that a new error cannot be forgotten.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.diagnosis import catalogue

ROOT = Path(__file__).parent.parent.parent.parent
ERRORS = {"Temporary", "Permanent", "NotOurs"}
HELP = {"cause", "hint"}
SOURCES = sorted((ROOT / "provisioner").rglob("*.py"))

WITHOUT_HELP: dict[str, str] = {}
"""Templates that stand for themselves, each with the reason."""


@dataclass(frozen=True, slots=True)
class Raised:
    where: str
    template: str  # empty: it comes from elsewhere, as an argument


def unhelpful(source: str, file: str) -> Iterator[Raised]:
    """Every error made in a source that has neither cause nor hint, with its templates."""
    return (one for call, one in errors(source, file) if not _helps(call))


def errors(source: str, file: str) -> Iterator[tuple[ast.Call, Raised]]:
    """Every error made in a source, once for each of its templates."""
    functions = [node for node in ast.walk(ast.parse(source, file)) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and _name(call.func) in ERRORS:
                told = list(_templates(call.args[0], function, functions)) if call.args else []
                yield from ((call, Raised(f"{file}:{call.lineno}", template)) for template in told or [""])


def _helps(call: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    return any(not _is_none(given[name]) for name in HELP & given.keys())


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _templates(
    what: ast.expr, function: ast.FunctionDef, functions: Sequence[ast.FunctionDef]
) -> Iterator[str]:
    """Of a `Message(...)` that stands there, or of all that a name may be: assigned, or told by a loop."""
    match what:
        case ast.Call(func=ast.Name(id="Message"), args=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.Name(id=name):
            for node in ast.walk(function):
                match node:
                    case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                        yield from _templates(value, function, functions)
                    case ast.For(target=ast.Name(id=target), iter=ast.Call(func=told)) if target == name:
                        yield from _yielded(_name(told), functions)


def _yielded(name: str, functions: Sequence[ast.FunctionDef]) -> Iterator[str]:
    for function in functions:
        if function.name == name:
            for node in ast.walk(function):
                if isinstance(node, ast.Yield) and node.value is not None:
                    yield from _templates(node.value, function, functions)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def strangers() -> list[Raised]:
    """What a stage says that is not ours."""
    found = {
        one
        for path in SOURCES
        for call, one in errors(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
        if _name(call.func) == "NotOurs" and "clients" not in one.where
    }
    return sorted(found, key=lambda one: (one.where, one.template))


def raised() -> list[Raised]:
    found = {
        one
        for path in SOURCES
        for one in unhelpful(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    }
    return sorted(found, key=lambda one: (one.where, one.template))


@pytest.mark.parametrize("one", raised(), ids=lambda one: one.where)
def test_whoever_meets_an_error_of_ours_is_told_what_to_do(one: Raised) -> None:
    known = {entry.what for entry in catalogue() if entry.words is None}

    assert one.template in known | WITHOUT_HELP.keys()


ONE_GOAL = {
    "namespace {name} already exists without a Kubeflow profile": "a deletion removes it",
    "Kubeflow profile {name} was created manually, not by this bot": "a create takes it over",
}


@pytest.mark.parametrize("one", strangers(), ids=lambda one: one.where)
def test_whoever_asks_for_a_deletion_is_not_told_to_choose_another_name(one: Raised) -> None:
    [entry] = [entry for entry in catalogue() if entry.what == one.template and entry.words is None]

    assert "another project name" not in entry.deletion
    assert bool(entry.deletion) is (one.template not in ONE_GOAL)


def test_what_the_catalogue_knows_has_no_hint_that_nobody_would_see() -> None:
    """It speaks first."""
    known = {entry.what for entry in catalogue() if entry.words is None}
    hinted = [
        one
        for path in SOURCES
        for call, one in errors(path.read_text(encoding="utf-8"), path.name)
        if any(given.arg == "hint" for given in call.keywords)
    ]

    assert [one for one in hinted if one.template in known] == []
    assert hinted


def test_each_exception_is_still_needed() -> None:
    assert {one.template for one in strangers()} >= ONE_GOAL.keys()
    assert {one.template for one in raised()} >= WITHOUT_HELP.keys()


def test_an_error_without_help_is_found() -> None:
    source = (
        "def ensure(self):\n"
        "    what = Message('one {name}', name=1)\n"
        "    if hard:\n"
        "        raise Permanent(what)\n"
        "    if told:\n"
        "        raise Permanent(Message('two'), hint=Message('do it'))\n"
        "    for wrong in differences(self):\n"
        "        raise Permanent(wrong)\n"
        "    raise NotOurs(Message('three'), cause=None)\n"
        "def differences(self):\n"
        "    yield Message('four')\n"
    )

    assert {found.template for found in unhelpful(source, "stage.py")} == {"one {name}", "three", "four"}


def hints() -> list[Raised]:
    """Every `hint=` of an error, where it is a sentence that stands there or in a name."""
    found: set[Raised] = set()
    for path in SOURCES:
        tree, file = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(ROOT).as_posix()
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for node in ast.walk(function):
                if isinstance(node, ast.keyword) and node.arg == "hint":
                    texts = _templates(node.value, function, functions)
                    found.update(Raised(f"{file}:{node.value.lineno}", text) for text in texts)
    return sorted(found, key=lambda one: (one.where, one.template))


@pytest.mark.parametrize("one", hints(), ids=lambda one: one.where)
def test_a_hint_is_a_whole_sentence(one: Raised) -> None:
    """It stands alone behind "What to do:", and after a full stop."""
    assert one.template[0].isupper() or one.template[0] == "{"
    assert one.template[-1] in ".:}"
