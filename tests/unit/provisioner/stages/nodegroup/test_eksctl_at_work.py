"""How long an eksctl is at work, and how many are: one that only waits is ended, and who would start one
too many waits in line."""

from __future__ import annotations

import pytest

from provisioner.engine.stage import Goal, Wait
from provisioner.stages.nodegroup.ports import Eksctl
from provisioner.stages.nodegroup.state import Task
from provisioner.workspace import Workspace
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.nodegroups import FakeChild, FakeCloud
from tests.laws.eksctl_laws import EksctlLaws
from tests.laws.stage_laws import Trip, made
from tests.unit.provisioner.stages.nodegroup.cases import (
    NAME,
    STACK,
    a_case,
    cloud_of,
    failed,
    unseen,
)

PROJECTS = ("alpha", "beta", "gamma", "delta")


class FakeBench:
    def __init__(self) -> None:
        self.cloud = FakeCloud(FakeClock(), at_once=2)

    @property
    def eksctl(self) -> Eksctl:
        return self.cloud

    def at_work(self) -> set[str]:
        return {name for name, child in self.cloud.children.items() if child.running}

    def finish(self, nodegroup: str) -> None:
        self.cloud.children[nodegroup].end(0, "")

    def die(self) -> None:
        self.cloud.kill()


class TestLaws(EksctlLaws):
    @pytest.fixture
    def bench(self) -> FakeBench:
        return FakeBench()


def test_eksctl_is_ended_once_aws_goes_on_without_it() -> None:
    case = a_case()
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    case.pass_time(2)

    trip.turn()

    assert cloud_of(case).stacks[STACK].status == "CREATE_IN_PROGRESS"
    assert not cloud_of(case).children[NAME].running
    trip.arrive()
    assert trip.wire.made == ["start_create", "dismiss", "tag"]
    assert case.ours() == made(a_case()).ours()


def test_an_eksctl_that_is_still_there_when_all_is_made_is_ended() -> None:
    case = made(a_case())
    cloud_of(case).children[NAME] = FakeChild(Task.CREATE, case.clock())

    trip = Trip(case, Goal.PRESENT).arrive()

    assert trip.wire.made == ["dismiss"]
    assert not cloud_of(case).children[NAME].running


def test_eksctl_is_ended_once_the_stack_is_on_its_way_out() -> None:
    case = made(a_case())
    trip = Trip(case, Goal.ABSENT)
    trip.turn()
    case.pass_time(2)

    trip.turn()

    assert cloud_of(case).stacks[STACK].status == "DELETE_IN_PROGRESS"
    assert not cloud_of(case).children[NAME].running


def test_an_eksctl_that_is_still_there_when_all_is_gone_is_ended() -> None:
    case = made(a_case())
    trip = Trip(case, Goal.ABSENT)
    trip.turn()
    unseen(case, 3)  # eksctl looks for the stack half a minute later
    cloud_of(case).children[NAME] = FakeChild(Task.DELETE, case.clock())
    assert case.ours() == (None, None)

    trip.arrive()

    assert trip.wire.made == ["start_delete", "dismiss"]
    assert not cloud_of(case).children[NAME].running


def test_an_eksctl_whose_stack_fails_is_ended_and_the_failure_is_this_attempts() -> None:
    case = a_case()
    cloud_of(case).fault = "no-capacity"
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    unseen(case, 8)
    assert cloud_of(case).stacks[STACK].status == "ROLLBACK_IN_PROGRESS"

    error = failed(trip)

    assert str(error.what) == f"cannot create EKS node group {NAME}"
    assert not cloud_of(case).children[NAME].running


def crowd(*, at_once: int) -> list[Trip]:
    """Creates of several workspaces, one after the other, in one process."""
    cloud = FakeCloud(FakeClock(), at_once=at_once)
    trips = []
    for project in PROJECTS:
        trips.append(Trip(a_case(a_workspace(project), cloud=cloud), Goal.PRESENT))
        cloud.clock.pass_by(1)
    return trips


def waits(trip: Trip) -> Wait:
    _, wait = trip.turn()
    assert wait is not None
    return wait


def running(trip: Trip) -> bool:
    cloud = cloud_of(trip.case)
    return any(child.running for name, child in cloud.children.items() if name == trip.case.ws.nodegroup)


def test_who_would_start_one_too_many_waits_and_is_told_its_place() -> None:
    trips = crowd(at_once=2)

    told = [str(waits(trip).reason) for trip in trips]

    assert told == [
        "waiting for eksctl to create the stack",
        "waiting for eksctl to create the stack",
        "queued for eksctl: number 1 in line",
        "queued for eksctl: number 2 in line",
    ]
    assert [running(trip) for trip in trips] == [True, True, False, False]


def test_first_come_is_first_served_and_the_others_move_up() -> None:
    first, second, third, fourth = crowd(at_once=1)
    waits(first)
    assert [str(waits(trip).reason) for trip in (fourth, third, second)] == [
        "queued for eksctl: number 1 in line"
    ] * 3
    cloud_of(first.case).clock.pass_by(2)
    waits(first)  # there is a stack: its eksctl is ended

    told = [str(waits(trip).reason) for trip in (fourth, third, second, third)]

    assert told == [
        "queued for eksctl: number 2 in line",
        "queued for eksctl: number 1 in line",
        "waiting for eksctl to create the stack",
        "queued for eksctl: number 1 in line",
    ]


def test_the_next_in_line_looks_each_second_and_none_of_it_counts() -> None:
    first, second, third, _ = crowd(at_once=1)
    waits(first)

    assert [(wait.seconds, wait.counts) for wait in (waits(second), waits(third))] == [(1, False), (2, False)]


def test_all_of_a_crowd_are_made_and_no_eksctl_is_left() -> None:
    trips = crowd(at_once=1)
    cloud, pending = cloud_of(trips[0].case), list(trips)
    most = 0
    while pending:
        for trip in tuple(pending):
            if trip.turn()[1] is None:
                pending.remove(trip)
        most = max(most, sum(child.running for child in cloud.children.values()))
        cloud.clock.pass_by(1)

    assert {workspace(trip).stack_of(workspace(trip).nodegroup) for trip in trips} == set(cloud.made)
    assert (most, [running(trip) for trip in trips]) == (1, [False] * len(trips))


def test_a_deletion_waits_in_the_same_line() -> None:
    cloud = FakeCloud(FakeClock(), at_once=1)
    leaving = Trip(made(a_case(cloud=cloud)), Goal.ABSENT)
    coming = Trip(a_case(a_workspace("beta"), cloud=cloud), Goal.PRESENT)
    waits(coming)

    assert str(waits(leaving).reason) == "queued for eksctl: number 1 in line"
    assert cloud.grouped[NAME].status == "ACTIVE"
    cloud.clock.pass_by(2)
    waits(coming)

    assert str(waits(leaving).reason) == f"eksctl is draining EKS node group {NAME}"


def test_who_is_ended_in_line_lets_the_next_one_go_first() -> None:
    first, second, third, _ = crowd(at_once=1)
    for trip in (first, second, third):
        waits(trip)
    cloud_of(second.case).end(workspace(second).nodegroup)  # as a cancelled run is
    cloud_of(first.case).clock.pass_by(2)
    waits(first)

    assert str(waits(third).reason) == "waiting for eksctl to create the stack"


def test_who_does_not_ask_again_lets_the_next_one_go_first() -> None:
    first, second, third, _ = crowd(at_once=1)
    for trip in (first, second, third):
        waits(trip)
    cloud_of(first.case).clock.pass_by(2)
    waits(first)
    cloud_of(first.case).clock.pass_by(10)  # the run of the second one has failed

    assert str(waits(third).reason) == "waiting for eksctl to create the stack"


def test_the_order_in_line_outlives_the_process() -> None:
    first, second, third, _ = crowd(at_once=1)
    for trip in (first, second, third):
        waits(trip)
    cloud_of(first.case).kill()
    waits(first)

    assert [str(waits(trip).reason) for trip in (third, second, third)] == [
        "queued for eksctl: number 1 in line",
        "queued for eksctl: number 1 in line",
        "queued for eksctl: number 2 in line",
    ]


def workspace(trip: Trip) -> Workspace:
    return trip.case.ws
