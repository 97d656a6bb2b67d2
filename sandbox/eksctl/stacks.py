"""The CloudFormation stacks that eksctl keeps for a cluster."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox.eksctl.aws import Aws
from sandbox.eksctl.config import CLUSTER_TAG, NAME_TAG, TYPE_TAG
from sandbox.eksctl.failure import Failure, during
from sandbox.eksctl.lines import Lines

VERSION = "0.230.0"
OLD_CLUSTER_TAG = "eksctl.cluster.k8s.io/v1alpha1/cluster-name"
OLD_NAME_TAG = "eksctl.io/v1alpha2/nodegroup-name"
VERSION_TAG = "alpha.eksctl.io/eksctl-version"
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 3.0
"""Seconds between two looks at a stack, doubled from look to look, so that it goes on for a while when the
stack is what it waits for. The real one takes 30, and up to 120."""

SAY_EVERY = 2.0
"""Seconds between two lines about it."""

THERE = (
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS",
)
CREATED = frozenset({"CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"})
NOT_CREATED = frozenset(
    {"CREATE_FAILED", "DELETE_COMPLETE", "DELETE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"}
)
NOT_DELETED = frozenset({"DELETE_FAILED", "CREATE_FAILED", "ROLLBACK_FAILED"})
FAILED = "waiter state transitioned to Failure"
"""All that the SDK's waiter says of a stack that went wrong."""

Stack = dict[str, Any]


class Stacks:
    def __init__(self, aws: Aws, lines: Lines, cluster: str, timeout: timedelta) -> None:
        self._aws = aws
        self._lines = lines
        self._cluster = cluster
        self._timeout = timeout

    def name(self, group: str) -> str:
        return f"eksctl-{self._cluster}-nodegroup-{group}"

    @property
    def cluster_name(self) -> str:
        return f"eksctl-{self._cluster}-cluster"

    def ours(self) -> list[Stack]:
        """All of the cluster that are there, each described."""
        form = re.compile(
            rf"^(eksctl|EKS)-{self._cluster}-((cluster|nodegroup-.+|addon-.+|podidentityrole-.+|fargate|"
            r"karpenter|capability-.+)|(VPC|ServiceRole|ControlPlane|DefaultNodeGroup))$"
        )
        found: list[Stack] = []
        more: dict[str, str] = {}
        with during(f'describing CloudFormation stacks for "{self._cluster}"'):
            while True:
                page = self._aws.call("cloudformation", "ListStacks", StackStatusFilter=list(THERE), **more)
                for each in page["StackSummaries"]:
                    if form.match(each["StackName"]):
                        try:
                            found.append(self.describe(each["StackName"], each["StackId"]))
                        except Failure:
                            return found  # what was gathered so far is taken for all: so does eksctl
                if not page.get("NextToken"):
                    return found
                more = {"NextToken": page["NextToken"]}

    def of_cluster(self) -> Stack | None:
        """The first whose name ends in -cluster, be it a node group's."""
        for stack in self.ours():
            tags = tags_of(stack)
            if stack["StackName"].endswith("-cluster") and (
                tags.get(CLUSTER_TAG) or tags.get(OLD_CLUSTER_TAG)
            ):
                return stack
        return None

    def of_groups(self) -> dict[str, Stack]:
        """By the node group's name. Those whose deletion failed do not count."""
        found: dict[str, Stack] = {}
        for stack in self.ours():
            name = group_of(stack)
            if stack["StackStatus"] == "DELETE_FAILED":
                self._lines.warning(
                    f"stack's status of nodegroup named {stack['StackName']} is DELETE_FAILED"
                )
            elif name:
                found[name] = stack
        return found

    def describe(self, name: str, identity: str = "") -> Stack:
        with during(f'describing CloudFormation stack "{name}"'):
            told = self._aws.call("cloudformation", "DescribeStacks", StackName=identity or name)
        if not told["Stacks"]:
            raise Failure(f"no CloudFormation stack found for {name}")
        stack: Stack = told["Stacks"][0]
        return stack

    def template(self, name: str) -> Mapping[str, Any]:
        told = self._aws.call("cloudformation", "GetTemplate", StackName=name)["TemplateBody"]
        return told if isinstance(told, Mapping) else json.loads(told)

    def create(
        self,
        group: str,
        template: Mapping[str, Any],
        tags: Mapping[str, str],
        shared: Mapping[str, str],
        *,
        named: bool,
    ) -> None:
        """Returns when the stack is complete. `shared` are tags of the cluster's metadata, `named`: a role
        gets a name of its own."""
        name = self.name(group)
        every = {
            CLUSTER_TAG: self._cluster,
            OLD_CLUSTER_TAG: self._cluster,
            VERSION_TAG: VERSION,
            **shared,
            **tags,
        }
        with during(f'creating CloudFormation stack "{name}"'):
            self._aws.call(
                "cloudformation",
                "CreateStack",
                StackName=name,
                TemplateBody=json.dumps(template),
                Capabilities=["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"],
                DisableRollback=False,
                EnableTerminationProtection=True,
                Tags=[{"Key": key, "Value": value} for key, value in every.items()],
            )
        self._lines.info(f'deploying stack "{name}"')
        self._wait(name, "StackCreateComplete", CREATED, NOT_CREATED)
        self.describe(name)

    def delete(self, stack: Stack, *, wait: bool) -> None:
        name, tags = stack["StackName"], tags_of(stack)
        if self._cluster not in (tags.get(CLUSTER_TAG), tags.get(OLD_CLUSTER_TAG)):
            raise Failure(
                f'cannot delete stack "{name}" as it doesn\'t bear our "{OLD_CLUSTER_TAG}:{self._cluster}", '
                f'"{CLUSTER_TAG}:{self._cluster}" tags'
            )
        if stack.get("EnableTerminationProtection"):
            with during(f'disabling termination protection on stack "{name}"'):
                self._aws.call(
                    "cloudformation",
                    "UpdateTerminationProtection",
                    StackName=stack["StackId"],
                    EnableTerminationProtection=False,
                )
        with during(f'not able to delete stack "{name}"'):
            self._aws.call("cloudformation", "DeleteStack", StackName=stack["StackId"])
        self._lines.info(f'will delete stack "{name}"')
        if wait:
            self._lines.info(f'waiting for stack "{name}" to get deleted')
            self._wait(name, "StackDeleteComplete", frozenset({"DELETE_COMPLETE", ""}), NOT_DELETED)

    def resources(self, stack: Stack) -> list[Mapping[str, Any]]:
        with during(f'getting all resources for "{stack["StackName"]}" stack'):
            told = self._aws.call("cloudformation", "DescribeStackResources", StackName=stack["StackName"])
        found: list[Mapping[str, Any]] = told["StackResources"]
        return found

    def _wait(self, name: str, waiter: str, good: frozenset[str], bad: frozenset[str]) -> None:
        """Until the stack has one of these states; the empty state is that of a stack that is not there."""
        until = time.monotonic() + self._timeout.total_seconds()
        say_at, pause = 0.0, FIRST_PAUSE
        while True:
            if time.monotonic() >= say_at:
                self._lines.info(f'waiting for CloudFormation stack "{name}"')
                say_at = time.monotonic() + SAY_EVERY
            status = self._status(name)
            if status in good:
                return
            if status in bad or not status:
                raise Failure(FAILED)
            if time.monotonic() + pause > until:
                raise Failure(f"exceeded max wait time for {waiter} waiter")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _status(self, name: str) -> str:
        try:
            stacks = self._aws.call("cloudformation", "DescribeStacks", StackName=name)["Stacks"]
        except Failure as failure:
            if failure.code == "ValidationError":
                return ""
            raise
        return str(stacks[0]["StackStatus"]) if stacks else ""


def tags_of(stack: Stack) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}


def group_of(stack: Stack) -> str:
    tags = tags_of(stack)
    return tags.get(NAME_TAG) or tags.get(OLD_NAME_TAG) or ""


def managed(stack: Stack) -> bool:
    return tags_of(stack).get(TYPE_TAG) == "managed"


def outputs(stack: Stack) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


def required(stack: Stack, key: str) -> str:
    found = outputs(stack)
    if key not in found:
        raise Failure(f'no output "{key}" in stack "{stack["StackName"]}"')
    return found[key]
