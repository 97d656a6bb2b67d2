"""What is said of a node group that is not simply there."""

from __future__ import annotations

import pytest

from provisioner.diagnosis import diagnose
from provisioner.stages.nodegroup.errors import not_deleted, state
from provisioner.stages.nodegroup.state import Blocked, Child, Found, NodeGroup, Occupancy, Stack, Task
from tests.builders import NOON


@pytest.mark.parametrize(
    ("stack", "group", "said"),
    [
        ("CREATE_COMPLETE", "ACTIVE", "None"),
        ("CREATE_COMPLETE", "DEGRADED", "None"),
        ("CREATE_IN_PROGRESS", "CREATING", "still being created, CREATING"),
        ("ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "failed, rolling back, CREATE_FAILED"),
        ("ROLLBACK_COMPLETE", "", "only the failed stack exists, ROLLBACK_COMPLETE"),
        ("CREATE_COMPLETE", "", "only the stack exists, CREATE_COMPLETE"),
        ("DELETE_IN_PROGRESS", "DELETING", "being deleted, DELETING"),
        ("DELETE_FAILED", "", "left over from its deletion, DELETE_FAILED"),
    ],
)
def test_what_there_is_of_it(stack: str, group: str, said: str) -> None:
    found = Found(
        name="ng",
        stack=Stack(status=stack) if stack else None,
        group=NodeGroup(status=group) if group else None,
    )

    assert str(state(found)) == said


def test_an_eksctl_that_has_just_begun_is_told_as_such() -> None:
    child = Child(task=Task.CREATE, started_at=NOON, running=True)

    assert str(state(Found(name="ng", child=child))) == "eksctl has started to create it"


HELD = Occupancy(nodes=1, pods=1, blocked=(Blocked(pod="a/held", budget="a/budget"),))


def deleting(words: str) -> Child:
    return Child(task=Task.DELETE, started_at=NOON, exit_code=1, words=words)


@pytest.mark.parametrize(
    "words",
    [
        'Error: draining nodegroups: timed out waiting for nodegroup "ng" to be drained',
        'pod eviction error ("timed out waiting for node \\"n0\\" to be drained") on node n0',
        "error evicting pod: a/held: Cannot evict pod as it would violate the pod's disruption budget.",
    ],
)
def test_a_drain_that_ended_while_a_budget_had_no_room_names_it(words: str) -> None:
    error = not_deleted(Found(name="ng"), deleting(words), HELD)
    known = diagnose(error.what, error.cause)

    assert str(error.what) == (
        "cannot drain EKS node group ng: pod disruption budget a/budget blocks pod a/held"
    )
    assert known is not None
    assert "limits how many of an application's pods can be down" in str(known.cause)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (
            "Error: checking AWS access – operation error STS: GetCallerIdentity, api error ExpiredToken: x",
            "The bot's AWS credentials have expired.",
        ),
        (
            "Error: getting list of API resources for raw REST client: Unauthorized",
            "The cluster denies access to the bot's AWS role.",
        ),
    ],
)
def test_a_budget_without_room_is_not_blamed_for_what_ended_otherwise(words: str, cause: str) -> None:
    error = not_deleted(Found(name="ng"), deleting(words), HELD)
    known = diagnose(error.what, error.cause)

    assert str(error.what) == "cannot delete EKS node group ng"
    assert known is not None
    assert str(known.cause) == cause
