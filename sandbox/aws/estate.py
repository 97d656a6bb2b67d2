"""All that the front keeps itself: the cluster's network, node groups, their machines and stacks."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sandbox.serving.callfaults import Faults

from .cloudformation import CloudFormation
from .cluster_stack import cluster_stack
from .ec2 import Ec2
from .eks import VERSION, Eks
from .groups import Group, Groups, Instance
from .instances import InstanceTypes
from .network import Network
from .nodegroups import Nodegroup, Nodegroups
from .player import Player
from .site import Site
from .stacks import Stack, Stacks

Handler = Callable[[dict[str, Any], str], Mapping[str, Any]]
"""One call that the front answers itself: arguments and result as boto3 has them, and the key that signed it.
Raises `Refused`, and `NotKnown` for what is not simulated of it.
"""

_Unguarded = Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodegroupView:
    name: str
    status: str
    instance_type: str
    desired: int
    largest: int
    labels: dict[str, str]
    tags: dict[str, str]
    group: str  # its auto scaling group
    group_tags: dict[str, str]
    machines: tuple[Instance, ...]
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackView:
    name: str
    status: str
    reason: str
    protected: bool


@dataclass(slots=True, kw_only=True)
class _Kept:
    stacks: list[Stack]
    nodegroups: list[Nodegroup]
    groups: list[Group]


class Estate:
    """All methods may be called from any thread. Whoever looks sees what time has brought until then."""

    def __init__(self, site: Site, *, faults: Faults, now: Callable[[], datetime], boot: timedelta) -> None:
        self._lock = threading.RLock()
        self._groups = Groups(site)
        self._network = Network(site)
        self._types = InstanceTypes(site.region)
        self._nodegroups = Nodegroups(
            site=site,
            network=self._network,
            types=self._types,
            groups=self._groups,
            now=now,
            boot=boot,
            version=VERSION,
        )
        self._eks = Eks(site=site, network=self._network, nodegroups=self._nodegroups, now=now)
        self._stacks = Stacks(site)
        self._player = Player(
            site=site, stacks=self._stacks, nodegroups=self._nodegroups, faults=faults, now=now
        )
        self._stacks.all.append(cluster_stack(site, self._network, self._eks))
        stacks = CloudFormation(site=site, stacks=self._stacks, nodegroups=self._nodegroups, now=now)
        ec2 = Ec2(self._network, self._types, site.region)
        self.calls: dict[str, dict[str, Handler]] = {
            "ec2": self._guarded(ec2.calls),
            "eks": self._guarded(self._eks.calls),
            "autoscaling": self._guarded(self._groups.calls),
            "cloudformation": self._guarded(stacks.calls),
        }

    def reach(self, endpoint: str, authority: str) -> None:
        with self._lock:
            self._eks.reach(endpoint, authority)

    def no_capacity(self, times: int) -> None:
        with self._lock:
            self._nodegroups.no_capacity(times)

    def restore_capacity(self) -> None:
        with self._lock:
            self._nodegroups.restore_capacity()

    @property
    def lacks_capacity(self) -> bool:
        with self._lock:
            return self._nodegroups.lacks_capacity

    def nodegroups(self) -> list[NodegroupView]:
        with self._lock:
            self._advance()
            return [self._view(one) for one in self._nodegroups.all.values()]

    def stacks(self) -> list[StackView]:
        """Those that are there, the cluster's own first."""
        with self._lock:
            self._advance()
            return [
                StackView(name=one.name, status=one.status, reason=one.reason, protected=one.protected)
                for one in self._stacks.all
                if not one.gone
            ]

    def keep(self, path: Path) -> None:
        with self._lock:
            self._advance()
            kept = _Kept(
                stacks=self._stacks.all,
                nodegroups=list(self._nodegroups.all.values()),
                groups=list(self._groups.all.values()),
            )
            path.write_bytes(TypeAdapter(_Kept).dump_json(kept))

    def recall(self, path: Path) -> None:
        """In place of what there is. What was on its way has gone on meanwhile."""
        kept = TypeAdapter(_Kept).validate_json(path.read_bytes())
        with self._lock:
            self._stacks.all = kept.stacks
            self._nodegroups.all = {one.name: one for one in kept.nodegroups}
            self._groups.all = {one.name: one for one in kept.groups}

    def _guarded(self, calls: Mapping[str, _Unguarded]) -> dict[str, Handler]:
        return {name: self._guard(handler) for name, handler in calls.items()}

    def _guard(self, handler: _Unguarded) -> Handler:
        def guarded(asked: dict[str, Any], key_id: str) -> Mapping[str, Any]:
            with self._lock:
                self._advance()
                self._stacks.key_id = key_id
                return handler(asked)

        return guarded

    def _advance(self) -> None:
        self._player.advance()
        self._nodegroups.advance()

    def _view(self, one: Nodegroup) -> NodegroupView:
        group = self._groups.all[one.fate.group]
        return NodegroupView(
            name=one.name,
            status=one.status.value,
            instance_type=(one.spec.get("instanceTypes") or [""])[0],
            desired=one.scaling["desiredSize"],
            largest=one.scaling["maxSize"],
            labels=dict(one.spec.get("labels") or {}),
            tags=dict(one.spec.get("tags") or {}),
            group=group.name,
            group_tags=dict(group.tags),
            machines=tuple(group.instances),
            issues=tuple(issue.message for issue in one.issues),
        )
