"""Where this AWS is and what things are called there, as the platform's runbook names them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    account: str
    region: str
    alias: str = "an2"
    infra: str = "meerkat"
    env: str = "prod"
    cluster: str = "eks-an2-meerkat-prod"

    @property
    def shared_bucket(self) -> str:
        """The one that all workspaces may use."""
        return self.bucket("aia")

    @property
    def policies(self) -> tuple[str, str]:
        """Of Kubeflow's service account, and of AI Conductor's services."""
        end = f"{self.alias}-{self.infra}-{self.env}"
        return f"policy-s3-kubeflow-{end}", f"policy-s3-aia-{end}"

    @property
    def cluster_stack(self) -> str:
        """As eksctl names it; by this it knows the cluster as its own."""
        return f"eksctl-{self.cluster}-cluster"

    def bucket(self, project: str) -> str:
        return f"s3-{self.alias}-{self.infra}-{self.env}-{project}"

    def arn(self, service: str, resource: str) -> str:
        """Of a thing of this region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
