"""Whole runs of which one too many needs an eksctl: it stands in line, and the others go on."""

from __future__ import annotations

from provisioner.engine.run import RunId, RunStatus, StageStatus
from provisioner.stages.nodegroup.state import Task
from tests.builders import a_workspace
from tests.fakes.nodegroups import FakeChild
from tests.unit.provisioner.stages.wholeyard import WholeYard


def a_yard() -> WholeYard:
    yard = WholeYard()
    yard.outside.cloud.at_once = 1
    yard.outside.cloud.kill()
    yard.outside.dex.slow = 1
    yard.outside.kubernetes.watchable = False  # or the time of looks now and then would pass for the eksctl
    return yard


def reached(yard: WholeYard, run_id: RunId) -> str:
    """What its node group waits for after one turn more."""
    yard.turn(run_id)
    yard.pass_time(0.1)
    return str(yard.run(run_id).stages["nodegroup"].reason)


def to_the_node_group(yard: WholeYard, project: str) -> RunId:
    """Turns until its profile is there."""
    run_id = yard.approve(project=project)
    for _ in range(100):
        wait = yard.turn(run_id)
        assert wait is not None
        if yard.run(run_id).progress("nodegroup").status is not StageStatus.PENDING:
            return run_id
        yard.pass_time(wait.seconds)
    raise AssertionError(yard.told(run_id))


def test_its_place_is_told_and_nothing_else_of_it_waits() -> None:
    yard = a_yard()
    first, second = (to_the_node_group(yard, project) for project in ("alpha", "beta"))

    assert str(yard.run(first).stages["nodegroup"].reason) == "waiting for eksctl to create the stack"
    assert yard.told(second)[-1] == "EKS node group: queued for eksctl: number 1 in line"
    assert yard.run(second).stages["bucket"].status is StageStatus.DONE
    for run_id in (first, second):
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED


def test_a_cancel_ends_it_at_once_and_its_place_is_free() -> None:
    yard = a_yard()
    _, second, third = (to_the_node_group(yard, project) for project in ("alpha", "beta", "gamma"))
    assert yard.told(third)[-1] == "EKS node group: queued for eksctl: number 2 in line"
    yard.cancel(second)

    assert yard.turn(second) is None

    assert yard.run(second).status is RunStatus.CANCELLED
    assert yard.halted == ["beta"]
    yard.outside.cloud.end(a_workspace("beta").nodegroup)  # which the bot does for whom is halted
    yard.pass_time(2)
    assert reached(yard, third) == "queued for eksctl: number 1 in line"
    assert a_workspace("beta").nodegroup not in yard.outside.cloud.children


def test_after_a_restart_the_order_is_the_same() -> None:
    yard = a_yard()
    yard.outside.cloud.children["somebody's"] = FakeChild(Task.DELETE, yard.clock.now())
    first, second, third = (to_the_node_group(yard, project) for project in ("alpha", "beta", "gamma"))
    assert all("queued for eksctl" in yard.told(run_id)[-1] for run_id in (first, second, third))
    yard.die()
    yard.pass_time(60)

    told = [reached(yard, run_id) for run_id in (first, third, second)]
    yard.pass_time(1)
    told.append(reached(yard, third))

    assert told[0] == "waiting for eksctl to create the stack"
    assert told[1:] == [f"queued for eksctl: number {place} in line" for place in (1, 1, 2)]
    for run_id in (first, second, third):
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED
