"""A pod goes when it is asked to, unless its disruption budget says no."""

from datetime import timedelta
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import (
    Clients,
    Object,
    budget,
    connect,
    deployment,
    named,
    pod,
    refusal,
)

WORK = {"app": "work"}


def eviction(name: str, **options: Any) -> client.V1Eviction:
    return client.V1Eviction(
        metadata=client.V1ObjectMeta(name=name, namespace="default"),
        delete_options=client.V1DeleteOptions(**options) if options else None,
    )


def evict(clients: Clients, name: str, **options: Any) -> Object:
    answer: Object = clients.raw(
        "POST",
        f"/api/v1/namespaces/default/pods/{name}/eviction",
        clients.api.sanitize_for_serialization(eviction(name, **options))
        | {"apiVersion": "policy/v1", "kind": "Eviction"},
    )
    return answer


def running(admin: Clients) -> list[str]:
    pods = admin.core.list_namespaced_pod("default").items
    return sorted(named(each) for each in pods if each.status.phase == "Running")


def start(admin: Clients, *names: str) -> None:
    """Pods with the label that the budgets here are about."""
    for name in names:
        admin.core.create_namespaced_pod("default", pod(name, **WORK))
    eventually(lambda: set(names) <= set(running(admin)))


def keep(admin: Clients, name: str = "keep", **how: Any) -> None:
    admin.policy.create_namespaced_pod_disruption_budget("default", budget(name, **how, **WORK))


def counted(admin: Clients, *, healthy: int, name: str = "keep") -> Any:
    """The budget's status once it counts so many healthy pods."""

    def look() -> Any:
        found = admin.policy.read_namespaced_pod_disruption_budget(name, "default")
        settled = found.status.observed_generation == found.metadata.generation
        return found.status if settled and found.status.current_healthy == healthy else None

    return eventually(look)


def test_a_pod_that_nobody_guards_goes(admin: Clients) -> None:
    start(admin, "w0")

    answer = evict(admin, "w0")

    assert answer == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    assert running(admin) == []


def test_the_official_client_evicts(admin: Clients) -> None:
    start(admin, "w0")

    admin.core.create_namespaced_pod_eviction("w0", "default", eviction("w0"))

    assert running(admin) == []


def test_a_budget_without_room_refuses_in_the_real_words(admin: Clients) -> None:
    start(admin, "w0")
    keep(admin, at_least=1)
    counted(admin, healthy=1)

    with pytest.raises(ApiException) as error:
        evict(admin, "w0")

    assert refusal(error) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "reason": "TooManyRequests",
        "details": {
            "causes": [
                {
                    "reason": "DisruptionBudget",
                    "message": "The disruption budget keep needs 1 healthy pods and has 1 currently",
                }
            ]
        },
        "code": 429,
    }
    assert running(admin) == ["w0"]


def test_a_budget_with_room_is_charged_and_recovers(admin: Clients) -> None:
    start(admin, "w0", "w1")
    keep(admin, at_least=1)
    assert counted(admin, healthy=2).disruptions_allowed == 1

    evict(admin, "w0")
    with pytest.raises(ApiException):
        evict(admin, "w1")

    left = counted(admin, healthy=1)
    assert (left.disruptions_allowed, left.expected_pods, left.desired_healthy) == (0, 1, 1)
    start(admin, "w2")
    assert counted(admin, healthy=2).disruptions_allowed == 1


def test_a_budget_that_was_not_counted_yet_refuses(admin: Clients, emulator: KubernetesEmulator) -> None:
    start(admin, "w0")
    emulator._housekeeping.stop()  # so that nobody counts
    keep(admin, at_least=0)

    with pytest.raises(ApiException) as error:
        evict(admin, "w0")

    assert refusal(error)["details"] == {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget keep is still being processed by the server.",
            }
        ],
        "retryAfterSeconds": 10,
    }


@pytest.mark.parametrize(
    ("how", "desired", "allowed"),
    [
        ({"away": 1}, 3, 1),
        ({"away": "50%"}, 2, 2),
        ({"away": 0}, 4, 0),
        ({"at_least": "30%"}, 2, 2),
        ({"at_least": 3}, 3, 1),
    ],
    ids=str,
)
def test_a_share_is_of_what_the_deployment_wants(
    admin: Clients, how: Object, desired: int, allowed: int
) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("work", replicas=4))
    keep(admin, **how)

    status = counted(admin, healthy=4)

    assert (status.expected_pods, status.desired_healthy, status.disruptions_allowed) == (4, desired, allowed)
    (condition,) = status.conditions
    assert (condition.type, condition.status) == ("DisruptionAllowed", "True" if allowed else "False")
    assert condition.reason == ("SufficientPods" if allowed else "InsufficientPods")


def test_an_evicted_pod_of_a_deployment_comes_back_as_another(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("work", replicas=2))
    keep(admin, away=1)
    counted(admin, healthy=2)
    first = running(admin)

    evict(admin, first[0])

    eventually(lambda: len(running(admin)) == 2)
    assert first[0] not in running(admin)
    assert counted(admin, healthy=2).disruptions_allowed == 1


def test_two_budgets_over_one_pod_are_one_too_many(admin: Clients) -> None:
    start(admin, "w0")
    keep(admin, "one", at_least=0)
    keep(admin, "two", at_least=0)

    with pytest.raises(ApiException) as error:
        evict(admin, "w0")

    assert refusal(error)["code"] == 500
    assert refusal(error)["message"] == (
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    )


def test_a_pod_that_never_came_up_may_always_go() -> None:
    emulator = KubernetesEmulator(pod_delay=timedelta(minutes=5))
    emulator.start()
    admin = connect(emulator)
    admin.core.create_namespaced_pod("default", pod("w0", **WORK))
    keep(admin, at_least=1)

    evict(admin, "w0")
    left = admin.core.list_namespaced_pod("default").items
    emulator.stop()

    assert left == []


def test_an_unready_pod_goes_if_the_policy_lets_it(admin: Clients) -> None:
    start(admin, "w0")
    admin.core.patch_namespaced_pod_status(
        "w0", "default", {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    )
    keep(admin, at_least=1)
    counted(admin, healthy=0)
    with pytest.raises(ApiException):
        evict(admin, "w0")

    policy = {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}
    admin.policy.patch_namespaced_pod_disruption_budget("keep", "default", policy)
    evict(admin, "w0")

    assert admin.core.list_namespaced_pod("default").items == []


def test_a_dry_run_evicts_nothing_and_charges_nothing(admin: Clients) -> None:
    start(admin, "w0")
    keep(admin, at_least=0)
    before = counted(admin, healthy=1)

    evict(admin, "w0", dry_run=["All"])

    assert running(admin) == ["w0"]
    assert counted(admin, healthy=1) == before


def test_a_pod_that_is_not_there_is_not_found(admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        evict(admin, "w0")

    assert refusal(error)["message"] == 'pods "w0" not found'


def test_an_eviction_names_the_pod_of_its_path(admin: Clients) -> None:
    start(admin, "w0", "w1")
    path = "/api/v1/namespaces/default/pods/w0/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "w1"}}

    with pytest.raises(ApiException) as error:
        admin.raw("POST", path, body)

    assert refusal(error)["message"] == "name in URL does not match name in Eviction object"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"minAvailable": 1, "maxUnavailable": 1},
            (
                'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: '
                "minAvailable and maxUnavailable cannot be both set"
            ),
        ),
        ({"minAvailable": -1}, "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"maxUnavailable": "half"},
            (
                'spec.maxUnavailable: Invalid value: "half": a valid percent string must be a numeric string '
                "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            ),
        ),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(admin: Clients, spec: Object, why: str) -> None:
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

    with pytest.raises(ApiException) as error:
        admin.raw("POST", path, {"metadata": {"name": "keep"}, "spec": spec})

    assert refusal(error)["message"] == f'PodDisruptionBudget.policy "keep" is invalid: {why}'


def test_an_eviction_is_looked_at_by_nobody(strange: KubernetesEmulator) -> None:
    admin = connect(strange)
    admin.core.create_namespaced_pod("default", pod("w0"))

    with pytest.raises(ApiException) as error:
        admin.raw("GET", "/api/v1/namespaces/default/pods/w0/eviction")

    assert error.value.status == 405


def test_only_who_drains_may_evict(emulator: KubernetesEmulator, admin: Clients, bot: Clients) -> None:
    start(admin, "w0")

    with pytest.raises(ApiException) as error:
        evict(bot, "w0")
    evict(connect(emulator, "eksctl"), "w0")

    assert refusal(error)["message"] == (
        'pods "w0" is forbidden: User "workspace-bot" cannot create resource "pods/eviction" '
        'in API group "" in the namespace "default"'
    )
    assert running(admin) == []


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ({"key": "app", "operator": "In", "values": ["work", "play"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["work"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
)
def test_a_budget_chooses_by_expressions_too(admin: Clients, expression: Object, *, chosen: bool) -> None:
    start(admin, "w0")
    body = {
        "metadata": {"name": "keep"},
        "spec": {"minAvailable": 0, "selector": {"matchExpressions": [expression]}},
    }

    admin.raw("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", body)

    assert counted(admin, healthy=int(chosen)).expected_pods == int(chosen)
