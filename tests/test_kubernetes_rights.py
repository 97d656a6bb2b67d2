"""The bot's rights in Kubernetes are those of the calls it makes, and no others.

The table is the sandbox's; that the chart grants the same is tested with the chart.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sandbox.kubernetes.rights import WORKSPACE_BOT

PROVISIONER = Path(__file__).parent.parent / "provisioner"
THROUGH = {"self._cluster.call", "self._cluster.find"}
VERBS = {
    "read": "get",
    "get": "get",
    "list": "list",
    "create": "create",
    "patch": "patch",
    "replace": "update",
    "delete": "delete",
}
"""Of RBAC, by the first word of a method of the official client."""


def calls() -> Iterator[tuple[str, str]]:
    """Every call through `KubeCluster`: what it says that it does, and the client's method."""
    for path in sorted(PROVISIONER.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        named = {ast.unparse(node.targets[0]): node.value for node in nodes if isinstance(node, ast.Assign)}
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) in THROUGH:
                _, operation, method = node.args[:3]
                method = named.get(ast.unparse(method), method)
                assert isinstance(method, ast.Attribute)
                yield ast.literal_eval(operation), method.attr


def granted() -> set[str]:
    """As the calls say it: "list rolebindings", without the group."""
    return {
        f"{verb} {resource.partition('.')[0]}"
        for rule in WORKSPACE_BOT
        for resource in rule.resources
        for verb in rule.verbs
    }


def test_each_call_says_what_it_does() -> None:
    assert [
        (operation, method)
        for operation, method in calls()
        if operation.split()[0] != VERBS[method.split("_")[0]]
    ] == []


def test_every_call_is_allowed_and_nothing_that_is_never_called() -> None:
    made = {operation for operation, _ in calls()}

    assert {"patch deployments", "list daemonsets", "get pods/log"} <= made
    assert granted() == made
