"""Where the bot finds itself: an AWS account, an EKS cluster in it, and a cluster behind the kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.inspection import ClusterFacts, Preflight
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.builders import a_platform

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@dataclass(slots=True)
class FakePlace:
    """All three agree, unless one is bent."""

    account: str = a_platform().account
    called: str = a_platform().cluster
    status: str = "ACTIVE"
    trusted: str = PEM
    eksctl: str = "0.230.0"

    def number(self) -> str:
        return self.account

    def cluster(self, name: str) -> ClusterFacts | None:
        return ClusterFacts(status=self.status, authority=PEM) if name == self.called else None

    def authority(self) -> str:
        return self.trusted

    def check(self) -> None:
        if self.eksctl < "0.169.0":
            raise Permanent(Message("eksctl {found} is too old", found=self.eksctl))

    def preflight(self) -> Preflight:
        return Preflight(account=self, kubernetes=self, eksctl=self, platform=a_platform())
