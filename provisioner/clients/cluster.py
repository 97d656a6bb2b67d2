"""The EKS cluster as AWS knows it."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3

from provisioner.clients.aws import config, limited, mapped, optional
from provisioner.deadline import CALL_WITHIN
from provisioner.message import Message, named
from provisioner.preflight import ClusterFacts

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient


class EksClusters:
    """Of one region."""

    def __init__(self, *, region: str, timeout: timedelta = CALL_WITHIN) -> None:
        eks = boto3.client("eks", region_name=region, config=config(timeout=timeout))
        self._eks: EKSClient = limited(eks, timeout=timeout)

    def describe(self, name: str) -> ClusterFacts | None:
        what = Message("cannot read EKS cluster {name}", name=named(name))
        with mapped("eks", "DescribeCluster", what):
            found = optional(lambda: self._eks.describe_cluster(name=name), "ResourceNotFoundException")
        if found is None:
            return None
        cluster = found["cluster"]
        authority = cluster.get("certificateAuthority", {}).get("data", "")
        return ClusterFacts(status=cluster.get("status", ""), authority=b64decode(authority).decode("ascii"))
