"""Disruption budgets: how many pods may go just now, kept in their status as the real controller does."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.kubernetes.deployments import PODS, REPLICASETS, owner_of, ready
from sandbox.kubernetes.housekeeping import Later
from sandbox.kubernetes.resource import resource
from sandbox.kubernetes.selector import by_selector
from sandbox.kubernetes.store import Change, Object, Store

BUDGETS = resource("poddisruptionbudgets", "policy")


class Budgets:
    """Of a pod's owners it knows the scale of ReplicaSets. A pod without an owner counts only where the
    budget says a number of pods that must stay."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def react(self, change: Change, later: Later) -> None:
        del later
        if change.resource is BUDGETS and change.after is not None:
            self._count(change.after)
        elif change.resource in (PODS, REPLICASETS):
            for budget in self._store.every(BUDGETS, change.namespace):
                self._count(budget)

    def _count(self, seen: Object) -> None:
        meta = seen["metadata"]
        budget = self._store.find(BUDGETS, meta["namespace"], meta["name"])
        if budget is None or budget["metadata"]["uid"] != meta["uid"]:
            return
        selected = by_selector(budget["spec"].get("selector"))
        pods = [pod for pod in self._store.every(PODS, meta["namespace"]) if selected(pod)]
        there = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        going = {
            name: since
            for name, since in budget["status"].get("disruptedPods", {}).items()
            if any(pod["metadata"]["name"] == name for pod in there)
        }
        healthy = sum(ready(pod) for pod in there if pod["metadata"]["name"] not in going)
        expected, desired = self._wanted(budget["spec"], pods)
        status = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": max(0, healthy - desired) if expected > 0 else 0,
            "observedGeneration": budget["metadata"]["generation"],
            **({"disruptedPods": going} if going else {}),
        }
        self._store.update(
            BUDGETS,
            {**budget, "status": with_condition(status, budget, self._store.now())},
            budget,
            status=True,
        )

    def _wanted(self, spec: Object, pods: list[Object]) -> tuple[int, int]:
        """How many pods there should be, and how many of them have to be healthy."""
        most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
        if most is not None:
            expected = self._scale(pods)
            return expected, max(0, expected - scaled(most, expected))
        if isinstance(least, str):
            expected = self._scale(pods)
            return expected, scaled(least, expected)
        return (len(pods), least) if least is not None else (0, 0)

    def _scale(self, pods: list[Object]) -> int:
        owners = {owner_of(pod) for pod in pods}
        return sum(
            each["spec"]["replicas"]
            for each in self._store.every(REPLICASETS)
            if each["metadata"]["uid"] in owners
        )


def scaled(value: Any, whole: int) -> int:
    """A number, or a share of the whole in per cent, rounded up."""
    if isinstance(value, str):
        return -(-int(value.removesuffix("%")) * whole // 100)
    return int(value)


def with_condition(status: Object, budget: Object, now: str) -> Object:
    """`status` and the condition that says the same in words."""
    sufficient = status["disruptionsAllowed"] > 0
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if sufficient else "False",
        "reason": "SufficientPods" if sufficient else "InsufficientPods",
        "message": "",
        "observedGeneration": status["observedGeneration"],
    }
    known: Object = next(iter(budget["status"].get("conditions", [])), {})
    since = known.get("lastTransitionTime", now) if known.get("status") == condition["status"] else now
    return copy.deepcopy(status) | {"conditions": [condition | {"lastTransitionTime": since}]}
