"""Asking a pod to go: granted only if its disruption budget has room.

Order and words are those of the API server's pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from sandbox.kubernetes.budgets import BUDGETS, with_condition
from sandbox.kubernetes.deployments import PODS, ready
from sandbox.kubernetes.refusal import Refused, bad_request
from sandbox.kubernetes.selector import by_selector
from sandbox.kubernetes.store import Object, Store

VERSIONS = ("policy/v1", "policy/v1beta1")
CANNOT = "Cannot evict pod as it would violate the pod's disruption budget."
MORE_THAN_ONE = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)


def evict(store: Store, namespace: str, name: str, given: Object, *, dry_run: bool) -> Object:
    """Delete the pod, and count it as gone in its budget. Returns a Status; raises 404, 429, 500."""
    if given.get("kind", "Eviction") != "Eviction" or given.get("apiVersion", VERSIONS[0]) not in VERSIONS:
        raise bad_request(f'no kind "{given.get("kind")}" is registered for evictions here')
    if (given.get("metadata") or {}).get("name") != name:
        raise bad_request("name in URL does not match name in Eviction object")
    options: Object = given.get("deleteOptions") or {}
    dry_run = dry_run or options.get("dryRun") == ["All"]
    pod = store.get(PODS, namespace, name)
    if pod["status"]["phase"] == "Running" and not pod["metadata"].get("deletionTimestamp"):
        _charge(store, pod, dry_run=dry_run)
    store.delete(PODS, pod, options, dry_run=dry_run)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _charge(store: Store, pod: Object, *, dry_run: bool) -> None:
    """Take the pod from its budget."""
    meta = pod["metadata"]
    found = [
        budget
        for budget in store.every(BUDGETS, meta["namespace"])
        if by_selector(budget["spec"].get("selector"))(pod)
    ]
    if len(found) > 1:
        raise Refused(500, "InternalError", MORE_THAN_ONE)
    if not found:
        return
    (budget,) = found
    status, named = budget["status"], budget["metadata"]["name"]
    if not ready(pod) and _may_go_unready(budget):
        return
    if status.get("observedGeneration", 0) < budget["metadata"]["generation"]:
        raise _refused(f"The disruption budget {named} is still being processed by the server.", wait=10)
    if status["disruptionsAllowed"] == 0:
        desired, current = status["desiredHealthy"], status["currentHealthy"]
        if current <= desired:
            raise _refused(
                f"The disruption budget {named} needs {desired} healthy pods and has {current} currently"
            )
        raise _refused(f"The disruption budget {named} does not allow evicting pods currently")
    if dry_run:
        return
    left = {
        **status,
        "disruptionsAllowed": status["disruptionsAllowed"] - 1,
        "disruptedPods": {**status.get("disruptedPods", {}), meta["name"]: store.now()},
    }
    store.update(
        BUDGETS, {**budget, "status": with_condition(left, budget, store.now())}, budget, status=True
    )


def _may_go_unready(budget: Object) -> bool:
    """A pod that is not ready counts for nothing, so its going costs nothing."""
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    desired, current = (int(budget["status"].get(key, 0)) for key in ("desiredHealthy", "currentHealthy"))
    return 0 < desired <= current


def _refused(cause: str, *, wait: int | None = None) -> Refused:
    causes = [{"reason": "DisruptionBudget", "message": cause}]
    return Refused(429, "TooManyRequests", CANNOT, details={"causes": causes}, retry_after=wait)
