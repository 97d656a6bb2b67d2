"""What a stack, a node group and an eksctl amount to, together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.stages.nodegroup.state import (
    Child,
    Found,
    NodeGroup,
    Phase,
    Stack,
    StackEvent,
    Task,
    last_operation,
)
from tests.builders import NOON

GROUP = "ManagedNodeGroup"
WHOLE = "stack"


def events(*told: tuple[str, str]) -> tuple[StackEvent, ...]:
    return tuple(
        StackEvent(
            resource=resource, status=status, at=NOON + timedelta(seconds=number), whole=resource == WHOLE
        )
        for number, (resource, status) in enumerate(told)
    )


@pytest.mark.parametrize(
    ("stack", "group", "phase"),
    [
        ("", "", Phase.NOTHING),
        ("CREATE_IN_PROGRESS", "", Phase.MAKING),
        ("CREATE_IN_PROGRESS", "CREATING", Phase.MAKING),
        ("UPDATE_IN_PROGRESS", "ACTIVE", Phase.MAKING),
        ("CREATE_COMPLETE", "UPDATING", Phase.MAKING),
        ("CREATE_COMPLETE", "ACTIVE", Phase.THERE),
        ("UPDATE_ROLLBACK_COMPLETE", "DEGRADED", Phase.THERE),
        ("", "ACTIVE", Phase.THERE),
        ("CREATE_COMPLETE", "", Phase.HOLLOW),
        ("ROLLBACK_IN_PROGRESS", "CREATE_FAILED", Phase.FAILED),
        ("ROLLBACK_COMPLETE", "", Phase.FAILED),
        ("ROLLBACK_FAILED", "CREATE_FAILED", Phase.FAILED),
        ("CREATE_FAILED", "", Phase.FAILED),
        ("CREATE_COMPLETE", "DELETING", Phase.LEAVING),
        ("DELETE_IN_PROGRESS", "ACTIVE", Phase.LEAVING),
        ("DELETE_FAILED", "", Phase.UNDELETED),
        ("DELETE_FAILED", "DELETE_FAILED", Phase.UNDELETED),
    ],
)
def test_how_it_stands_follows_from_both(stack: str, group: str, phase: Phase) -> None:
    found = Found(
        name="ng",
        stack=Stack(status=stack) if stack else None,
        group=NodeGroup(status=group) if group else None,
    )

    assert found.phase is phase


def test_while_eksctl_removes_it_it_is_leaving_whatever_there_is() -> None:
    child = Child(task=Task.DELETE, started_at=NOON, running=True)

    assert Found(name="ng", child=child, group=NodeGroup(status="ACTIVE")).phase is Phase.LEAVING


def test_what_an_eksctl_is_about_to_make_exists_already() -> None:
    running = Child(task=Task.CREATE, started_at=NOON, running=True)
    killed = Child(task=Task.CREATE, started_at=NOON)

    assert Found(name="ng", child=running).exists
    assert not Found(name="ng", child=killed).exists


def test_how_far_it_is_is_told_by_what_is_not_at_its_end() -> None:
    told = events(
        (WHOLE, "CREATE_IN_PROGRESS"),
        ("NodeInstanceRole", "CREATE_IN_PROGRESS"),
        (GROUP, "CREATE_IN_PROGRESS"),
        ("NodeInstanceRole", "CREATE_COMPLETE"),
    )
    found = Found(name="ng", stack=Stack(status="CREATE_IN_PROGRESS", events=told))

    assert found.how_far == "CREATE_IN_PROGRESS: ManagedNodeGroup CREATE_IN_PROGRESS"


def test_where_all_is_at_its_end_the_newest_event_tells() -> None:
    told = events((WHOLE, "CREATE_IN_PROGRESS"), (GROUP, "CREATE_IN_PROGRESS"), (GROUP, "CREATE_FAILED"))
    stack = Stack(status="ROLLBACK_IN_PROGRESS", events=told)
    found = Found(name="ng", stack=stack, group=NodeGroup(status="CREATE_FAILED"))

    assert found.how_far == "CREATE_FAILED: ManagedNodeGroup CREATE_FAILED"
    assert Found(name="ng", stack=Stack(status="CREATE_IN_PROGRESS")).how_far == "CREATE_IN_PROGRESS"
    assert Found(name="ng").how_far == ""


def test_a_rollback_belongs_to_the_operation_that_it_ends() -> None:
    told = events(
        (WHOLE, "CREATE_IN_PROGRESS"),
        (GROUP, "CREATE_FAILED"),
        (WHOLE, "ROLLBACK_IN_PROGRESS"),
        (WHOLE, "ROLLBACK_COMPLETE"),
    )

    assert last_operation(told) == told
    assert last_operation(told[1:]) == told[1:]  # its beginning is no longer told
