"""Deployments come up, roll over, and show when what they run does not."""

from datetime import timedelta
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import Clients, connect, deployment, named, refusal

MERGE = "application/merge-patch+json"
RESTART = {"spec": {"template": {"metadata": {"annotations": {"restarted": "1"}}}}}
ELSEWHERE = {"sandbox/program": "elsewhere"}


def whole(admin: Clients, name: str = "dex") -> bool:
    """As `rollout status` asks."""
    found = admin.apps.read_namespaced_deployment(name, "default")
    status, wanted = found.status, found.spec.replicas
    return status.observed_generation == found.metadata.generation and (
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
    ) == (wanted, wanted, wanted)


def pods(admin: Clients) -> list[Any]:
    found: list[Any] = admin.core.list_namespaced_pod("default", label_selector="app=dex").items
    return found


def test_a_deployment_becomes_available(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex", replicas=2))

    assert eventually(lambda: whole(admin))
    status = admin.apps.read_namespaced_deployment("dex", "default").status
    assert {each.type: each.reason for each in status.conditions} == {
        "Available": "MinimumReplicasAvailable",
        "Progressing": "NewReplicaSetAvailable",
    }
    assert {each.status.phase for each in pods(admin)} == {"Running"}


def test_a_pod_needs_a_moment() -> None:
    emulator = KubernetesEmulator(pod_delay=timedelta(minutes=5))
    emulator.start()
    admin = connect(emulator)
    admin.apps.create_namespaced_deployment("default", deployment("dex"))

    found = eventually(lambda: pods(admin))
    status = eventually(lambda: admin.apps.read_namespaced_deployment("dex", "default").status)
    emulator.stop()

    assert found[0].status.phase == "Pending"
    assert status.available_replicas is None


@pytest.mark.parametrize("strategy", ["RollingUpdate", "Recreate"])
def test_a_new_template_brings_a_new_pod(admin: Clients, strategy: str) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex", strategy=strategy))
    assert eventually(lambda: whole(admin))
    before = named(pods(admin)[0])

    admin.apps.patch_namespaced_deployment("dex", "default", RESTART)

    assert eventually(lambda: whole(admin))
    assert [named(each) == before for each in pods(admin)] == [False]
    assert pods(admin)[0].metadata.annotations == {"restarted": "1"}


def test_what_leaves_the_template_alone_restarts_nothing(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))
    assert eventually(lambda: whole(admin))
    before = named(pods(admin)[0])

    admin.apps.patch_namespaced_deployment("dex", "default", {"metadata": {"labels": {"a": "b"}}})
    admin.apps.patch_namespaced_deployment("dex", "default", {"spec": {"replicas": 2}})

    assert eventually(lambda: whole(admin))
    assert before in [named(each) for each in pods(admin)]


def test_a_deleted_pod_is_replaced(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))
    assert eventually(lambda: whole(admin))
    before = named(pods(admin)[0])

    admin.core.delete_namespaced_pod(before, "default")

    assert eventually(lambda: [named(each) for each in pods(admin)] not in ([], [before]))


def test_a_deleted_deployment_takes_its_pods_along(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))
    assert eventually(lambda: whole(admin))

    admin.apps.delete_namespaced_deployment("dex", "default")

    assert eventually(lambda: not pods(admin))


def test_a_program_elsewhere_says_itself_how_it_fares(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex", annotations=ELSEWHERE))
    pod = named(eventually(lambda: pods(admin))[0])
    status = f"/api/v1/namespaces/default/pods/{pod}/status"

    admin.raw("PATCH", status, {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, MERGE)
    assert eventually(lambda: whole(admin))

    crashed = {
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {
                "name": "dex",
                "image": "dex:1",
                "imageID": "",
                "ready": False,
                "restartCount": 1,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 2, "message": "no password hash provided"}},
            }
        ],
    }
    admin.raw("PATCH", status, {"status": crashed}, MERGE)

    assert eventually(lambda: not whole(admin))
    found = admin.apps.read_namespaced_deployment("dex", "default").status
    assert (found.available_replicas, found.unavailable_replicas) == (None, 1)
    assert admin.core.read_namespaced_pod_log(pod, "default", previous=True) == "no password hash provided\n"


def test_a_program_elsewhere_that_says_nothing_keeps_a_rolling_update_waiting(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))
    assert eventually(lambda: whole(admin))

    template = {"spec": {"template": {"metadata": {"annotations": ELSEWHERE}}}}
    admin.apps.patch_namespaced_deployment("dex", "default", template)

    assert eventually(lambda: len(pods(admin)) == 2)
    status = admin.apps.read_namespaced_deployment("dex", "default").status
    assert status.available_replicas == 1
    assert not whole(admin)


def test_a_pod_that_never_ended_has_no_earlier_log(admin: Clients) -> None:
    admin.apps.create_namespaced_deployment("default", deployment("dex"))
    pod = named(eventually(lambda: pods(admin))[0])

    with pytest.raises(ApiException) as error:
        admin.core.read_namespaced_pod_log(pod, "default", previous=True)

    message = f'previous terminated container "dex" in pod "{pod}" not found'
    assert refusal(error)["message"] == message


def test_a_selector_has_to_fit_the_template(admin: Clients) -> None:
    body = deployment("dex")
    body.spec.selector.match_labels = {"app": "other"}

    with pytest.raises(ApiException) as error:
        admin.apps.create_namespaced_deployment("default", body)

    assert refusal(error)["message"] == (
        'Deployment.apps "dex" is invalid: spec.template.metadata.labels: Invalid value: {"app":"dex"}: '
        "`selector` does not match template `labels`"
    )
