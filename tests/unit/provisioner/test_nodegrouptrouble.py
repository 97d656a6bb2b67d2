"""What is said of a node group that is not simply there."""

from __future__ import annotations

import pytest

from provisioner.nodegroupstate import Child, Found, NodeGroup, Stack, Task
from provisioner.nodegrouptrouble import state
from tests.builders import NOON


@pytest.mark.parametrize(
    ("stack", "group", "said"),
    [
        ("CREATE_COMPLETE", "ACTIVE", "None"),
        ("CREATE_COMPLETE", "DEGRADED", "None"),
        ("CREATE_IN_PROGRESS", "CREATING", "still being made, CREATING"),
        ("ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "it failed and is taken back, CREATE_FAILED"),
        ("ROLLBACK_COMPLETE", "", "only its failed stack, ROLLBACK_COMPLETE"),
        ("CREATE_COMPLETE", "", "only its stack, CREATE_COMPLETE"),
        ("DELETE_IN_PROGRESS", "DELETING", "being removed, DELETING"),
        ("DELETE_FAILED", "", "what its removal left, DELETE_FAILED"),
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

    assert str(state(Found(name="ng", child=child))) == "eksctl has begun to make it"
