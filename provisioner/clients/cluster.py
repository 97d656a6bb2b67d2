"""The EKS cluster as AWS knows it."""

from __future__ import annotations

from base64 import b64decode

from provisioner.clients.aws import AwsClients, mapped, optional
from provisioner.message import Message, named
from provisioner.preflight import ClusterFacts


class EksClusters:
    """Of one region."""

    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws

    def describe(self, name: str) -> ClusterFacts | None:
        what = Message("cannot read EKS cluster {name}", name=named(name))
        with mapped("eks", "DescribeCluster", what):
            found = optional(
                lambda: self._aws.client("eks").describe_cluster(name=name), "ResourceNotFoundException"
            )
        if found is None:
            return None
        cluster = found["cluster"]
        authority = cluster.get("certificateAuthority", {}).get("data", "")
        return ClusterFacts(status=cluster.get("status", ""), authority=b64decode(authority).decode("ascii"))
