"""`eksctl create nodegroup`."""

from __future__ import annotations

import time
from datetime import timedelta

from sandbox.eksctl import devices, network, template
from sandbox.eksctl.config import Group, read
from sandbox.eksctl.failure import Failure, during
from sandbox.eksctl.kube import Kube, Unreachable
from sandbox.eksctl.lines import Lines
from sandbox.eksctl.session import Session
from sandbox.eksctl.stacks import managed, required
from sandbox.eksctl.tasks import Tree

MOST_TAGS = 50
TAGS_A_CALL = 25
AUTOSCALER = "k8s.io/cluster-autoscaler/node-template"
POLL = 0.3
"""Seconds between two looks at nodes; the real one watches them."""


def create(file: str, lines: Lines, timeout: timedelta, *, plugin: bool) -> None:
    """`plugin`: GPU nodes get NVIDIA's device plugin, for the whole cluster."""
    with during("couldn't create node group filter from command line options"):
        config = read(file)
    session = Session(config, lines, timeout)
    with during("could not create cluster provider from options"):
        session.open(creating=True)
    _Creation(session, plugin=plugin).run()


class _Creation:
    def __init__(self, session: Session, *, plugin: bool) -> None:
        self._session = session
        self._config = session.config
        self._lines = session.lines
        self._aws = session.aws
        self._stacks = session.stacks
        self._plugin = plugin
        self._owned = True  # the cluster has a stack of eksctl's

    def run(self) -> None:
        kube = self._session.kube()
        where = self._network()
        self._reach(kube)
        for group in self._config.groups:
            used = f"{group.wanted['amiFamily']}/{self._config.version}"
            self._lines.info(f'nodegroup "{group.name}" will use "" [{used}]')
        if self._owned:
            self._check_cluster_stack()
        for group in self._config.groups:
            network.check_zones(where, group)
        self._exclude_existing()
        count = len(self._config.groups)
        if count:
            self._lines.info(
                f"will create a CloudFormation stack for each of {count} managed nodegroups in cluster "
                f'"{self._config.cluster}"'
            )
        self._make_stacks(kube, where)
        self._follow_up(kube)
        self._look_back()

    def _network(self) -> network.Network:
        cluster = self._config.cluster
        with during(f'getting existing configuration for cluster "{cluster}"'):
            stack = self._stacks.of_cluster()
        if stack is not None:
            found = network.from_stack(self._aws, self._lines, stack, cluster)
            self._session.refresh()
            return found
        self._owned = False
        self._lines.warning(
            f'no eksctl-managed CloudFormation stacks found for "{cluster}", will attempt to create '
            "nodegroup(s) on non eksctl-managed cluster"
        )
        with during(f'loading VPC spec for cluster "{cluster}"'):
            return network.from_file(self._aws, self._config)

    def _reach(self, kube: Kube) -> None:
        try:
            for path in ("/api", "/apis"):
                kube.get(path)
        except Unreachable as error:
            raise Failure(
                f"eksctl requires connectivity to the API server to create nodegroups: {error}"
            ) from error
        except Failure as error:
            raise Failure(f"getting list of API resources for raw REST client: {error}") from error

    def _check_cluster_stack(self) -> None:
        with during("cluster compatibility check failed"):
            stack = self._stacks.of_cluster()
            if stack is None:
                raise Failure("getting cluster stack: it is gone")
            try:
                required(stack, "SharedNodeSecurityGroup")
            except Failure as error:
                raise Failure(
                    "shared node security group missing, to fix this run 'eksctl update cluster "
                    f"--name={self._config.cluster} --region={self._config.region}'"
                ) from error

    def _exclude_existing(self) -> None:
        existing = set(self._stacks.of_groups())
        existing |= set(
            self._aws.call("eks", "ListNodegroups", clusterName=self._config.cluster)["nodegroups"]
        )
        if existing:
            listed = ",".join(sorted(existing))
            self._lines.info(f"{len(existing)} existing nodegroup(s) ({listed}) will be excluded")
        kept = self._config.groups = [each for each in self._config.groups if each.name not in existing]
        if kept:
            names = ", ".join(sorted(each.name for each in kept))
            subject = "nodegroup ({}) was" if len(kept) == 1 else "nodegroups ({}) were"
            self._lines.info(
                f"{len(kept)} {subject.format(names)} included (based on the include/exclude rules)"
            )

    def _make_stacks(self, kube: Kube, where: network.Network) -> None:
        what = "couldn't check aws-node for annotation: error retrieving aws-node arn"
        with during(f'{what}: getting "aws-node"'):
            if kube.find("/api/v1/namespaces/kube-system/serviceaccounts/aws-node") is None:
                self._lines.warning('"aws-node" was not found')
        made = Tree(tasks=[_steps(group) for group in self._config.groups])
        tasks: list[Tree | str] = [Tree(tasks=[made] if made.tasks else [])]
        if self._owned:
            tasks.insert(0, "fix cluster compatibility")
        self._lines.info(Tree(tasks=tasks, ordered=True).described())
        errors: list[Failure] = []
        try:
            if self._owned:
                self._fix_cluster_stack()
        except Failure as error:
            errors.append(error)
        for group in () if errors else self._config.groups:
            try:
                self._make_stack(group, where)
                if group.wanted.get("propagateASGTags"):
                    self._propagate(group)
            except Failure as error:
                errors.append(error)
        self._give_up(errors, "each of the failed nodegroup")

    def _fix_cluster_stack(self) -> None:
        """Stacks of an old eksctl lack what managed groups need; this cluster's is taken to have it."""
        self._lines.info("checking cluster stack for missing resources")
        with during("error getting cluster stack template"):
            self._stacks.template(self._stacks.cluster_name)
        self._lines.info("cluster stack has all required resources")

    def _make_stack(self, group: Group, where: network.Network) -> None:
        self._stacks.of_cluster()
        self._lines.info(f'building managed nodegroup stack "{self._stacks.name(group.name)}"')
        subnets = network.choose(self._aws, self._lines, where, group)
        owned = {"Fn::ImportValue": f"{self._stacks.cluster_name}::ClusterSecurityGroupId"}
        given = self._session.cluster["resourcesVpcConfig"].get("clusterSecurityGroupId")
        body = template.build(
            group, self._config.cluster, subnets, owned if self._owned else given, self._config.tags
        )
        named = bool((group.wanted.get("iam") or {}).get("instanceRoleName"))
        self._stacks.create(group.name, body, group.wanted["tags"], self._config.tags, named=named)

    def _propagate(self, group: Group) -> None:
        """Labels and taints onto the auto scaling group, where the autoscaler reads them of an empty one."""
        with during(f'couldn\'t get managed nodegroup details for nodegroup "{group.name}"'):
            told = self._aws.call(
                "eks", "DescribeNodegroup", clusterName=self._config.cluster, nodegroupName=group.name
            )["nodegroup"]
        tags = {f"{AUTOSCALER}/label/{key}": value for key, value in group.wanted["labels"].items()}
        for taint in group.wanted.get("taints") or ():
            tags[f"{AUTOSCALER}/taint/{taint['key']}"] = taint.get("value") or ""
        tags |= group.wanted["tags"]
        for each in (told.get("resources") or {}).get("autoScalingGroups", ()):
            self._tag(group.name, each["name"], tags)

    def _tag(self, group: str, scaling: str, tags: dict[str, str]) -> None:
        with during(f'describing asg "{scaling}" tags for managed nodegroup "{group}"'):
            filters = [{"Name": "auto-scaling-group", "Values": [scaling]}]
            known = self._aws.call("autoscaling", "DescribeTags", Filters=filters)["Tags"]
        total = len({each["Key"] for each in known} | tags.keys())
        if total > MOST_TAGS:
            raise Failure(f"number of tags is exceeding the maximum amount for asg {MOST_TAGS}, was: {total}")
        listed = [
            {
                "ResourceId": scaling,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": False,
            }
            for key, value in tags.items()
        ]
        with during(f'creating or updating asg tags for managed nodegroup "{group}"'):
            for start in range(0, len(listed), TAGS_A_CALL):
                self._aws.call("autoscaling", "CreateOrUpdateTags", Tags=listed[start : start + TAGS_A_CALL])

    def _follow_up(self, kube: Kube) -> None:
        cluster = self._config.cluster
        plugin = any(template.has_nvidia(group) for group in self._config.groups)
        tasks: list[Tree | str] = []
        if plugin and self._plugin:
            tasks.append("install Nvidia device plugin")
        elif plugin:
            self._lines.info(devices.LEFT_OUT)
        self._lines.info(Tree(tasks=tasks).described())
        errors: list[Failure] = []
        if tasks:
            try:
                devices.install(kube, self._lines)
            except Failure as error:
                errors.append(error)
        self._give_up(errors, "each of the failed nodegroups")
        self._lines.success(f'created 0 nodegroup(s) in cluster "{cluster}"')
        until = time.monotonic() + self._session.timeout.total_seconds()
        for group in self._config.groups:
            self._await_nodes(kube, group, until)
        self._lines.success(f'created {len(self._config.groups)} managed nodegroup(s) in cluster "{cluster}"')

    def _await_nodes(self, kube: Kube, group: Group, until: float) -> None:
        least = group.wanted["minSize"]
        if least == 0:
            return
        with during("listing nodes"):
            ready = self._tell_nodes(kube, group)
        self._lines.info(f'waiting for at least {least} node(s) to become ready in "{group.name}"')
        while ready < least:
            if time.monotonic() > until:
                raise Failure(
                    f"timed out waiting for at least {least} nodes to join the cluster and become ready in "
                    f'"{group.name}": context deadline exceeded'
                )
            time.sleep(POLL)
            with during("listing nodes"):
                ready = sum(map(_ready, kube.items("/api/v1/nodes", labelSelector=group.selector)))
        with during("re-listing nodes"):
            self._tell_nodes(kube, group)

    def _tell_nodes(self, kube: Kube, group: Group) -> int:
        nodes = kube.items("/api/v1/nodes", labelSelector=group.selector)
        self._lines.info(f'nodegroup "{group.name}" has {len(nodes)} node(s)')
        for node in nodes:
            how = "ready" if _ready(node) else "not ready"
            self._lines.info(f'node "{node["metadata"]["name"]}" is {how}')
        return sum(map(_ready, nodes))

    def _look_back(self) -> None:
        """At all groups' stacks; of managed ones there is nothing to find fault with."""
        try:
            stacks = self._stacks.of_groups()
            for stack in stacks.values():
                self._stacks.resources(stack)
        except Failure as error:
            self._lines.critical(f"failed checking nodegroups: {error}")
            return
        if stacks:
            self._lines.info("checking security group configuration for all nodegroups")
            if all(managed(stack) for stack in stacks.values()):
                self._lines.info("all nodegroups have up-to-date cloudformation templates")

    def _give_up(self, errors: list[Failure], whom: str) -> None:
        if not errors:
            return
        config = self._config
        self._lines.info(
            f"{len(errors)} error(s) occurred and nodegroups haven't been created properly, you may wish to "
            "check CloudFormation console"
        )
        self._lines.info(
            f"to cleanup resources, run 'eksctl delete nodegroup --region={config.region} "
            f"--cluster={config.cluster} --name=<name>' for {whom}"
        )
        for error in errors:
            self._lines.critical(str(error))
        raise Failure(f'failed to create nodegroups for cluster "{config.cluster}"')


def _steps(group: Group) -> Tree:
    steps = [f'create managed nodegroup "{group.name}"']
    if group.wanted.get("propagateASGTags"):
        steps.append(f'propagate tags to ASG for managed nodegroup "{group.name}"')
    return Tree(tasks=steps, sub=True, ordered=True)


def _ready(node: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = node.get("status", {}).get("conditions") or []
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)
