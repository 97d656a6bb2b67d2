"""The bot's rights in Kubernetes are those of the calls it makes, and no others.

The table is the sandbox's; that the chart grants the same is tested with the chart.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from provisioner.clients.kube import CONFIG_MAPS, DEPLOYMENTS, PODS, Kind, KubeCluster
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.rights import WORKSPACE_BOT

ROOT = Path(__file__).parent.parent
THROUGH = ("self._cluster", "self._watches")
ANY = Message("cannot do it")


def watched(kube: KubeCluster, kind: Kind) -> None:
    """As `Watches` does for a `when`."""
    with kube.watch(kind, namespace=place(kind), lasts=timedelta(seconds=1)) as events:
        list(events)


MADE: dict[str, Callable[[KubeCluster, Kind], object]] = {
    "get": lambda kube, kind: kube.get(ANY, kind, "any", namespace=place(kind)),
    "find": lambda kube, kind: kube.find(ANY, kind, "any"),
    "list": lambda kube, kind: kube.list(ANY, kind),
    "create": lambda kube, kind: kube.create(ANY, kind, {"metadata": {"name": "any"}}),
    "patch": lambda kube, kind: kube.patch(ANY, kind, "any", {}, namespace=place(kind)),
    "update": lambda kube, kind: kube.update(
        ANY, kind, "any", {"metadata": {"name": "any"}}, namespace=place(kind)
    ),
    "delete": lambda kube, kind: kube.delete(ANY, kind, "any"),
    "when": watched,
    "log": lambda kube, _kind: kube.log(ANY, "any", namespace="auth", lines=1, previous=False),
}
"""Each method of `KubeCluster` that calls, as it is called."""

VERBS = {"find": "get", "log": "get", "when": "watch"}
"""Of RBAC, for the methods that are not named after one."""


def place(kind: Kind) -> str:
    """dex's namespace for what lies in one."""
    return "auth" if kind in (CONFIG_MAPS, DEPLOYMENTS) else ""


def calls() -> Iterator[tuple[str, Kind]]:
    """Every call through `KubeCluster`: the method, and the kind it is made for."""
    for path in sorted((ROOT / "provisioner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) in THROUGH
            ):
                method = node.func.attr
                module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
                kind = PODS if method == "log" else getattr(module, ast.unparse(node.args[method != "when"]))
                yield method, kind


def operation(method: str, kind: Kind) -> str:
    return f"{VERBS.get(method, method)} {kind.plural}" + ("/log" if method == "log" else "")


def granted() -> set[str]:
    """As the calls say it: "list rolebindings", without the group."""
    return {
        f"{verb} {resource.partition('.')[0]}"
        for rule in WORKSPACE_BOT
        for resource in rule.resources
        for verb in rule.verbs
    }


def test_each_call_says_what_it_does(tmp_path: Path) -> None:
    emulator = KubernetesEmulator()
    emulator.start()
    (tmp_path / "nobody").write_text(emulator.kubeconfig("nobody"))
    nobody = KubeCluster(kubeconfig=str(tmp_path / "nobody"))

    for method, kind in dict.fromkeys(calls()):
        with pytest.raises(Permanent) as refused:
            MADE[method](nobody, kind)
        cause: Any = refused.value.cause
        verb, resource = cause.operation.split()
        assert f'cannot {verb} resource "{resource}" in API group "{kind.group}"' in cause.raw_text
        assert cause.operation == operation(method, kind)

    emulator.stop()


def test_every_call_is_allowed_and_nothing_that_is_never_called() -> None:
    made = {operation(method, kind) for method, kind in calls()}

    assert {"patch deployments", "list daemonsets", "get pods/log"} <= made
    assert granted() == made
