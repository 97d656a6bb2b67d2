"""The Python that a text shows fits its classes: what is called exists and takes what it is given."""

import ast
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.aws import AwsSimulator
from sandbox.eksctl import make_program
from sandbox.kubeflow import Dex, ProfileController, seed_platform
from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.nodes import Nodes
from sandbox.slack import MovableClock, Rates, SlackSimulator
from tests.test_commands import TEXTS, shown

KNOWN: dict[str, Any] = {
    one.__name__: one
    for one in (
        AwsSimulator,
        Dex,
        KubernetesEmulator,
        MovableClock,
        Nodes,
        ProfileController,
        Rates,
        SlackSimulator,
        make_program,
        seed_platform,
    )
}
BLOCKS = {
    f"{text.name}-{number}": ast.parse(content)
    for text in TEXTS
    for number, (language, content) in enumerate(shown(text.read_text()))
    if language == "python"
}


def made(block: ast.Module) -> dict[str, Any]:
    """Names of the block and the class that each is one of."""
    return {
        node.targets[0].id: KNOWN[node.value.func.id]
        for node in ast.walk(block)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and inspect.isclass(KNOWN.get(node.value.func.id))
    }


def misfits(block: ast.Module) -> Iterator[str]:
    names = made(block)
    for node in ast.walk(block):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if name in names:
                yield from misfit(node, getattr(names[name], method, None), bound=True)
            case ast.Call(func=ast.Name(id=name)) if name in KNOWN:
                yield from misfit(node, KNOWN[name], bound=False)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in names:
                if not has(names[name], attribute):
                    yield f"there is no {name}.{attribute}"


def misfit(call: ast.Call, called: Any, *, bound: bool) -> Iterator[str]:
    if called is None:
        return  # told as an attribute that is not there
    keywords = {one.arg: one for one in call.keywords if one.arg}
    try:
        inspect.signature(called).bind(*[None] * bound, *call.args, **keywords)
    except TypeError as wrong:
        yield f"{ast.unparse(call)}: {wrong}"


def has(kind: type, attribute: str) -> bool:
    """Of the class, or set on itself when it is made."""
    return hasattr(kind, attribute) or f"self.{attribute}" in inspect.getsource(kind)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_an_example_fits_what_it_is_about(block: ast.Module) -> None:
    assert not list(misfits(block))


def test_the_examples_are_about_something() -> None:
    called = [node for block in BLOCKS.values() for node in ast.walk(block) if isinstance(node, ast.Call)]

    assert len(called) > 15


@pytest.mark.parametrize(
    "wrong",
    [
        "slack = SlackSimulator(speed=1)",
        "slack = SlackSimulator()\nslack.nothing",
        "slack = SlackSimulator()\nslack.command('requester')",
    ],
)
def test_an_example_that_does_not_fit_is_found(wrong: str) -> None:
    assert len(list(misfits(ast.parse(wrong)))) == 1
