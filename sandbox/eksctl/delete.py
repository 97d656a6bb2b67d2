"""`eksctl delete nodegroup`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from sandbox.eksctl.config import Config, Group, read
from sandbox.eksctl.drain import Drain, Manner
from sandbox.eksctl.failure import Failure, during
from sandbox.eksctl.lines import Lines
from sandbox.eksctl.session import Session
from sandbox.eksctl.stacks import Stack
from sandbox.eksctl.tasks import Tree

NO_DRAIN = "error occurred during drain, to skip drain use '--drain=false' flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`plan`: say what would be done. `parallel` counts nodes; here they are drained one after the other.

    `eviction_wait`: how long after a refused eviction the next is tried.
    """

    plan: bool
    wait: bool
    drain: bool
    evicts: bool
    grace: timedelta
    eviction_wait: timedelta
    parallel: int
    timeout: timedelta


def delete_of_file(file: str, lines: Lines, wish: Wish) -> None:
    """Every group that the file names."""
    config = read(file)
    session = Session(config, lines, wish.timeout)
    session.open(creating=False)
    lines.info(f'comparing 0 nodegroups defined in the given config ("{file}") against remote state')
    _Deletion(session, wish).run()


def delete_by_name(config: Config, name: str, lines: Lines, wish: Wish) -> None:
    session = Session(config, lines, wish.timeout)
    session.open(creating=False)
    group = Group(name=name)
    try:
        session.stacks.describe(session.stacks.name(name))
    except Failure:
        session.aws.call("eks", "DescribeNodegroup", clusterName=config.cluster, nodegroupName=name)
        group.unowned = True
    config.groups = [group]
    _Deletion(session, wish).run()


class _Deletion:
    def __init__(self, session: Session, wish: Wish) -> None:
        self._session = session
        self._lines = session.lines
        self._wish = wish
        self._groups = session.config.groups

    def run(self) -> None:
        kube = self._session.kube()
        cluster, count, wish = self._session.config.cluster, len(self._groups), self._wish
        will = "(plan) would " if wish.plan else "will "
        if self._groups:
            names = ", ".join(sorted(each.name for each in self._groups))
            subject = "nodegroup ({}) was" if count == 1 else "nodegroups ({}) were"
            self._lines.info(f"{count} {subject.format(names)} included (based on the include/exclude rules)")
        if wish.drain:
            self._lines.info(f'{will}drain {count} nodegroup(s) in cluster "{cluster}"')
            self._lines.info(f"starting parallel draining, max in-flight of {wish.parallel}")
            if not wish.plan:
                manner = Manner(
                    until=time.monotonic() + wish.timeout.total_seconds(),
                    grace=int(wish.grace.total_seconds()),
                    wait=wish.eviction_wait.total_seconds(),
                    evicts=wish.evicts,
                )
                try:
                    with during("draining nodegroups"):
                        for group in self._groups:
                            Drain(kube, self._lines, manner).run(group)
                except Failure:
                    self._lines.warning(NO_DRAIN)
                    raise
        self._lines.info(f'{will}delete {count} nodegroups from cluster "{cluster}"')
        self._delete()
        done = "(plan) would have " if wish.plan else ""
        self._lines.success(f'{done}deleted {count} nodegroup(s) from cluster "{cluster}"')
        if wish.plan and count:
            self._lines.warning("no changes were applied, run again with '--approve' to apply the changes")

    def _delete(self) -> None:
        stacks = self._session.stacks.of_groups()
        unowned = [group for group in self._groups if group.name not in stacks]
        owned = [stacks[group.name] for group in self._groups if group.name in stacks]
        tail = "" if self._wish.wait else " [async]"
        named = [group.name for group in self._groups if group.name in stacks]
        tasks: list[Tree | str] = [f"delete unowned nodegroup {group.name}" for group in unowned]
        if stacks:
            tasks.append(Tree(tasks=[f'delete nodegroup "{name}"{tail}' for name in named]))
        told = Tree(tasks=tasks).described()
        self._lines.info(f"(plan) {told}" if self._wish.plan and len(tasks) > 1 else told)
        if not self._wish.plan:
            self._do(unowned, owned)

    def _do(self, unowned: list[Group], owned: list[Stack]) -> None:
        errors: list[Failure] = []
        for group in unowned:
            try:
                self._session.aws.call(
                    "eks",
                    "DeleteNodegroup",
                    clusterName=self._session.config.cluster,
                    nodegroupName=group.name,
                )
            except Failure as error:
                errors.append(error)
        for stack in owned:
            try:
                self._session.stacks.delete(stack, wait=self._wish.wait)
            except Failure as error:
                errors.append(error)
        if errors:
            self._lines.info(f"{len(errors)} error(s) occurred while deleting nodegroup(s)")
            for each in errors:
                self._lines.critical(str(each))
            raise Failure("failed to delete nodegroup(s)")
