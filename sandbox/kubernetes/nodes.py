"""The machines of the node groups, as the cluster sees them.

What an auto scaling group, EC2 and the kubelet do between them: a node group that AWS says is ACTIVE has its
nodes in Kubernetes; when it goes they go, and with them the pods that ran there.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.kubeflow.cluster import Cluster, Object
from sandbox.kubeflow.rounds import Rounds

NODES = "/api/v1/nodes"
GROUP = "eks.amazonaws.com/nodegroup"
ZONE = "topology.kubernetes.io/zone"
SYSTEM = "kube-system"
AGENTS = ("aws-node", "kube-proxy")
"""What EKS itself runs on every node."""

FULL = frozenset({"ACTIVE", "UPDATING"})
LEFT_ALONE = frozenset({"DEGRADED", "DELETE_FAILED"})
"""States in which a group has the machines it has: none is started, and none is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    status: str
    desired: int
    instance_type: str
    capacity_type: str
    labels: Mapping[str, str]
    zones: tuple[str, ...]


class Nodes:
    """Looks at the node groups of one cluster `every` so often. While AWS or Kubernetes does not answer, all
    stays as it is."""

    def __init__(
        self,
        kubeconfig: str,
        aws_url: str,
        *,
        cluster: str,
        region: str,
        key_id: str,
        secret: str,
        every: timedelta = timedelta(milliseconds=400),
        seed: int = 0,
    ) -> None:
        """`kubeconfig` is YAML text. `key_id` and `secret` sign what is asked of AWS; a key of their own
        tells these calls from the bot's. `seed` decides names and addresses."""
        self._kubernetes = Cluster(kubeconfig)
        self._cluster = cluster
        self._region = region
        self._access: dict[str, Any] = {
            "endpoint_url": aws_url,
            "region_name": region,
            "aws_access_key_id": key_id,
            "aws_secret_access_key": secret,
            "config": Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
        }
        self._aws: dict[str, Any] = {}  # clients by service, made in the thread: it takes a while
        self._zones: dict[str, str] = {}
        self._random = random.Random(seed)
        self._equipped = False
        self._rounds = Rounds("nodes", self._round, every)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        """Safe to call twice; waits for a call under way."""
        self._rounds.stop()
        self._kubernetes.close()

    def _round(self) -> None:
        if not self._equipped:
            self._equip()
        try:
            groups = list(self._groups())
        except (BotoCoreError, ClientError):
            return  # what AWS would have said is not known: nothing comes and nothing goes
        kept: dict[str, list[Object]] = {}
        for node in self._kubernetes.every(NODES, labels=GROUP):
            kept.setdefault(node["metadata"]["labels"][GROUP], []).append(node)
        for group in groups:
            here = kept.pop(group.name, [])
            if group.status not in LEFT_ALONE:
                self._keep(group, here)
        for rest in kept.values():
            self._remove(rest)

    def _equip(self) -> None:
        account = {"metadata": {"name": AGENTS[0], "namespace": SYSTEM}}
        self._kubernetes.create(f"/api/v1/namespaces/{SYSTEM}/serviceaccounts", account)
        for name in AGENTS:
            self._kubernetes.create(f"/apis/apps/v1/namespaces/{SYSTEM}/daemonsets", _daemon(name))
        self._equipped = True

    def _groups(self) -> Iterator[Group]:
        if not self._aws:
            session: Any = boto3.Session()
            self._aws |= {name: session.client(name, **self._access) for name in ("eks", "ec2")}
        eks = self._aws["eks"]
        for page in eks.get_paginator("list_nodegroups").paginate(clusterName=self._cluster):
            for name in page["nodegroups"]:
                try:
                    told = eks.describe_nodegroup(clusterName=self._cluster, nodegroupName=name)["nodegroup"]
                except eks.exceptions.ResourceNotFoundException:
                    continue  # gone since it was listed
                yield Group(
                    name=name,
                    status=told["status"],
                    desired=told["scalingConfig"]["desiredSize"],
                    instance_type=(told.get("instanceTypes") or ["t3.medium"])[0],
                    capacity_type=told.get("capacityType") or "ON_DEMAND",
                    labels=told.get("labels") or {},
                    zones=self._zones_of(told["subnets"]),
                )

    def _zones_of(self, subnets: list[str]) -> tuple[str, ...]:
        unknown = [subnet for subnet in subnets if subnet not in self._zones]
        if unknown:
            for each in self._aws["ec2"].describe_subnets(SubnetIds=unknown)["Subnets"]:
                self._zones[each["SubnetId"]] = each["AvailabilityZone"]
        return tuple(sorted({self._zones[subnet] for subnet in subnets}))

    def _keep(self, group: Group, here: list[Object]) -> None:
        wanted = group.desired if group.status in FULL else 0
        used = Counter(dict.fromkeys(group.zones, 0))
        used.update(node["metadata"]["labels"][ZONE] for node in here)
        for _ in range(wanted - len(here)):
            zone = min(group.zones, key=lambda each: used[each])
            used[zone] += 1
            self._join(group, zone)
        by_age = sorted(here, key=lambda node: int(node["metadata"]["resourceVersion"]))
        self._remove(by_age[wanted:])

    def _join(self, group: Group, zone: str) -> None:
        """Make one node, or none in this round if its name is taken."""
        a, b = self._random.randrange(256), self._random.randrange(4, 255)
        name = f"ip-10-0-{a}-{b}.{self._region}.compute.internal"
        instance = f"i-{self._random.getrandbits(68):017x}"
        node = {
            "metadata": {
                "name": name,
                "labels": {
                    **group.labels,
                    GROUP: group.name,
                    "eks.amazonaws.com/capacityType": group.capacity_type,
                    "kubernetes.io/arch": "amd64",
                    "kubernetes.io/hostname": name,
                    "kubernetes.io/os": "linux",
                    "node.kubernetes.io/instance-type": group.instance_type,
                    "topology.kubernetes.io/region": self._region,
                    ZONE: zone,
                },
            },
            "spec": {"providerID": f"aws:///{zone}/{instance}"},
        }
        if self._kubernetes.create(NODES, node):
            self._kubernetes.merge(f"{NODES}/{name}/status", {"status": _ready(f"10.0.{a}.{b}", name)})

    def _remove(self, nodes: list[Object]) -> None:
        for node in nodes:
            self._kubernetes.delete(f"{NODES}/{node['metadata']['name']}")


def _ready(address: str, name: str) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    return {
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "InternalDNS", "address": name},
            {"type": "Hostname", "address": name},
        ],
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
            for kind, status, reason, message in said
        ],
    }


def _daemon(name: str) -> Object:
    labels = {"k8s-app": name}
    return {
        "metadata": {"name": name, "namespace": SYSTEM},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": name, "image": f"{name}:eks"}]},
            },
        },
    }
