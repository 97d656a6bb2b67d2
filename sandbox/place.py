"""Where everything is said to be, and what the platform's runbook calls things there."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    region: str = "ap-northeast-2"
    region_alias: str = "an2"
    infra: str = "meerkat"
    env: str = "prod"
    account: str = "123456789012"
    cluster: str = "eks-an2-meerkat-prod"
    login_domain: str = "aic.com"

    @property
    def shared_bucket(self) -> str:
        """Named as if it were a project's, but all workspaces use it."""
        return f"s3-{self.region_alias}-{self.infra}-{self.env}-aia"

    def workspace_at(self, resource: str) -> str | None:
        """The same for what was changed at a vendor: an object in a bucket, a thing in a namespace."""
        parts = (resource, *re.split(r"[/ ]", resource))
        return next((found for part in parts if (found := self.workspace_of(part))), None)

    def workspace_of(self, name: str) -> str | None:
        """The project whose workspace something belongs to, by its name."""
        if self.shared_bucket in name:
            return None
        forms = (
            r"aic-ns-([a-z0-9]+)-ws",
            rf"aic-user-([a-z0-9]+)-ws@{re.escape(self.login_domain)}",
            rf"s3-{self.region_alias}-{self.infra}-{self.env}-([a-z0-9]+)",
            rf"arn:aws:s3:::s3-{self.region_alias}-{self.infra}-{self.env}-([a-z0-9]+)(?:/\*)?",
            rf"(?:eksctl-{self.cluster}-nodegroup-)?ng-{self.region_alias}-aicond-([a-z0-9]+)-ws-[a-z0-9-]+",
            r"([a-z0-9]+)-(?:ws|edge)",
        )
        for form in forms:
            if found := re.fullmatch(form, name):
                return found[1]
        return None
