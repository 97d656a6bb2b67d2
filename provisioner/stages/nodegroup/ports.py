"""What the node group's stage needs of the outside: AWS, eksctl and the cluster's nodes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from provisioner.stages.nodegroup.config import ClusterConfig
from provisioner.stages.nodegroup.state import Child, Network, NodeGroup, Occupancy, Stack


class NodeGroups(Protocol):
    """What this stage needs of AWS."""

    def stack(self, name: str) -> Stack | None: ...

    def names(self, cluster: str) -> Collection[str]: ...  # of all node groups in it, whoever's

    def groups(self, cluster: str, names: Collection[str]) -> Mapping[str, NodeGroup]: ...  # those there are

    def network(self, cluster: str) -> Network: ...

    def zones_offering(self, instance_type: str) -> frozenset[str]: ...

    def tag(self, scaling_group: str, tags: Mapping[str, str]) -> None: ...

    def delete_stack(self, name: str) -> None: ...  # nothing when it is gone; protected or not


class Eksctl(Protocol):
    """Programs that are started, not awaited; of a node group one at a time: a new one ends the last.

    `ended` is called in another thread when the program has ended.
    """

    def child(self, nodegroup: str) -> Child | None: ...  # the last one

    def place(self, nodegroup: str, *, since: datetime) -> int: ...  # in line; 0: it may be started now

    def start_create(
        self, nodegroup: str, config: ClusterConfig, *, at: datetime, ended: Callable[[], None]
    ) -> None: ...

    def start_delete(
        self, nodegroup: str, *, cluster: str, region: str, at: datetime, ended: Callable[[], None]
    ) -> None: ...

    def dismiss(self, nodegroup: str) -> None: ...  # it has nothing left to do; that it was there stays known

    def end(self, nodegroup: str) -> None: ...  # also of one that waits in line; as if it had never been


class Nodes(Protocol):
    def occupancy(self, nodegroup: str) -> Occupancy: ...

    def device_plugin(self) -> bool: ...  # whether NVIDIA's is in the cluster
