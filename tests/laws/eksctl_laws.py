"""What the stage may rely on of eksctl, run over the fake and over real child processes.

A test module says which: a fixture `bench`, whose eksctl has room for two at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from provisioner.stages.nodegroup.config import ClusterConfig, ManagedNodeGroup, Metadata
from provisioner.stages.nodegroup.ports import Eksctl
from provisioner.stages.nodegroup.state import Child, Task
from tests.builders import NOON


class Bench(Protocol):
    @property
    def eksctl(self) -> Eksctl: ...

    def at_work(self) -> set[str]: ...  # the node groups whose eksctl is alive, whoever says so

    def finish(self, nodegroup: str) -> None: ...  # it ends by itself, well

    def die(self) -> None: ...  # the process ends, and another begins


def config(nodegroup: str) -> ClusterConfig:
    group = ManagedNodeGroup(
        name=nodegroup,
        ami_family="AmazonLinux2023",
        instance_types=("m5.xlarge",),
        availability_zones=("ap-northeast-2a",),
        desired_capacity=1,
        max_size=3,
        labels={"aic-role": "alpha-ws-standard"},
        tags={"workspace-bot/project": "alpha"},
    )
    return ClusterConfig(metadata=Metadata(name="aic", region="ap-northeast-2"), managed_node_groups=(group,))


def came(number: int) -> datetime:
    return NOON + timedelta(seconds=number)


def unheard() -> None:
    """Nobody waits for the end of it."""


def ask(bench: Bench, nodegroup: str, number: int, task: Task = Task.CREATE) -> int:
    """As the stage does it: who may begin begins. `number` is when it came."""
    place = bench.eksctl.place(nodegroup, since=came(number))
    if place == 0 and task is Task.CREATE:
        bench.eksctl.start_create(nodegroup, config(nodegroup), at=came(number), ended=unheard)
    elif place == 0:
        bench.eksctl.start_delete(
            nodegroup, cluster="aic", region="ap-northeast-2", at=came(number), ended=unheard
        )
    return place


class EksctlLaws:
    def test_no_more_of_them_are_at_work_than_there_are_places(self, bench: Bench) -> None:
        places = [ask(bench, name, at) for at, name in enumerate("abcd")]

        assert places == [0, 0, 1, 2]
        assert bench.at_work() == {"a", "b"}

    def test_one_that_ends_makes_room_for_who_came_first(self, bench: Bench) -> None:
        for at, name in enumerate("abcd"):
            ask(bench, name, at)
        bench.finish("a")

        assert [ask(bench, name, at) for name, at in (("d", 3), ("c", 2), ("d", 3))] == [1, 0, 1]
        assert bench.at_work() == {"b", "c"}

    def test_one_that_is_dismissed_is_gone_and_stays_known(self, bench: Bench) -> None:
        for at, name in enumerate("abc"):
            ask(bench, name, at)

        bench.eksctl.dismiss("a")

        child = bench.eksctl.child("a")
        assert child is not None
        assert (child.task, child.started_at) == (Task.CREATE, came(0))
        assert (child.running, child.ended) == (False, False)
        assert bench.at_work() == {"b"}
        assert ask(bench, "c", 2) == 0

    def test_to_dismiss_one_that_ended_by_itself_changes_nothing(self, bench: Bench) -> None:
        ask(bench, "a", 0)
        bench.finish("a")
        before = bench.eksctl.child("a")

        bench.eksctl.dismiss("a")
        bench.eksctl.dismiss("b")

        assert (bench.eksctl.child("a"), bench.eksctl.child("b")) == (before, None)
        assert isinstance(before, Child)
        assert before.exit_code == 0

    def test_one_that_is_ended_is_gone_and_forgotten(self, bench: Bench) -> None:
        for at, name in enumerate("abc"):
            ask(bench, name, at)

        bench.eksctl.end("a")

        assert bench.eksctl.child("a") is None
        assert bench.at_work() == {"b"}
        assert ask(bench, "c", 2) == 0

    def test_who_is_ended_in_line_holds_up_nobody(self, bench: Bench) -> None:
        for at, name in enumerate("abcd"):
            ask(bench, name, at)

        bench.eksctl.end("c")

        assert ask(bench, "d", 3) == 1

    def test_another_task_of_the_same_node_group_takes_the_place_it_has(self, bench: Bench) -> None:
        for at, name in enumerate("ab"):
            ask(bench, name, at)

        assert ask(bench, "a", 5, Task.DELETE) == 0
        assert bench.at_work() == {"a", "b"}

    def test_the_order_is_the_same_in_the_next_process(self, bench: Bench) -> None:
        for at, name in enumerate("abcd"):
            ask(bench, name, at)
        bench.die()
        assert bench.at_work() == set()

        places = [ask(bench, name, at) for name, at in (("a", 0), ("b", 1), ("d", 3), ("c", 2), ("d", 3))]

        assert places == [0, 0, 1, 1, 2]
