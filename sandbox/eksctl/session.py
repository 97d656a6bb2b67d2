"""What every command does first: who am I, which cluster, which version; and then how it is reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.eksctl.aws import Aws
from sandbox.eksctl.config import Config, complete
from sandbox.eksctl.failure import Failure, during
from sandbox.eksctl.kube import Kube
from sandbox.eksctl.lines import Lines
from sandbox.eksctl.stacks import Stacks

BROKEN = ("CREATING", "DELETING", "FAILED")
"""States of a cluster in which its API server cannot be asked."""


class Session:
    """One run against one cluster. `cluster` is what EKS said of it."""

    def __init__(self, config: Config, lines: Lines, timeout: timedelta) -> None:
        self.config = config
        self.lines = lines
        self.timeout = timeout
        self.aws = Aws(config.region)
        self.stacks = Stacks(self.aws, lines, config.cluster, timeout)
        self.cluster: dict[str, Any] = {}

    def open(self, *, creating: bool) -> None:
        """Raises where the cluster is not there, or the config does not fit it."""
        if not self.aws.region:
            raise Failure(
                "could not create cluster provider from options: AWS Region must be set, please set the AWS "
                "Region in AWS config file or as environment variable"
            )
        asking = "checking AWS STS access – cannot get role ARN for current session"
        with during(f"could not create cluster provider from options: {asking}"):
            self.aws.call("sts", "GetCallerIdentity")
        self.config.region = self.aws.region
        self.refresh()
        with during("describing cluster versions"):
            told = self.aws.call("eks", "DescribeClusterVersions")["clusterVersions"]
        if creating:
            self._settle_version([each["clusterVersion"] for each in told])
            complete(self.config)

    def refresh(self) -> None:
        with during("unable to describe cluster control plane"):
            self.cluster = self.aws.call("eks", "DescribeCluster", name=self.config.cluster)["cluster"]

    def kube(self) -> Kube:
        if self.cluster["status"] in BROKEN:
            raise Failure(
                f'cannot perform Kubernetes API operations on cluster "{self.config.cluster}" in '
                f'"{self.config.region}" region due to status "{self.cluster["status"]}"'
            )
        return Kube(
            self.cluster["endpoint"],
            self.cluster["certificateAuthority"]["data"],
            lambda: self.aws.token(self.config.cluster),
        )

    def _settle_version(self, supported: list[str]) -> None:
        config, has = self.config, self.cluster["version"]
        if config.version in ("", "auto"):
            config.version = has
            self.lines.info(f"will use version {has} for new nodegroup(s) based on control plane version")
            return
        if config.version not in supported:
            listed = ", ".join(supported)
            raise Failure(
                f"invalid version {config.version}, supported values: auto, default, latest, {listed}"
            )
        if config.version != has:
            self.lines.warning(
                f"will use version {config.version} for new nodegroup(s), while control plane version is "
                f'{has}; to automatically inherit the version use "--version=auto"'
            )
