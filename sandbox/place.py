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

    def workspace_of(self, name: str) -> str | None:
        """The project whose workspace a namespace, profile, bucket or login belongs to, by its name."""
        if name == self.shared_bucket:
            return None
        forms = (
            r"aic-ns-([a-z0-9]+)-ws",
            rf"aic-user-([a-z0-9]+)-ws@{re.escape(self.login_domain)}",
            rf"s3-{self.region_alias}-{self.infra}-{self.env}-([a-z0-9]+)",
        )
        for form in forms:
            if found := re.fullmatch(form, name):
                return found[1]
        return None
