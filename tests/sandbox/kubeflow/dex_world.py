"""What a person does with dex: log in, edit its file, restart it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx

from sandbox.kubeflow import Dex
from sandbox.kubeflow.seed import CLIENT_ID, CLIENT_SECRET
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import Clients

MERGE = "application/merge-patch+json"
CONFIG_MAP = "/api/v1/namespaces/auth/configmaps/dex"
DEPLOYMENT = "/apis/apps/v1/namespaces/auth/deployments/dex"


@dataclass(frozen=True, slots=True)
class DexWorld:
    url: str
    dex: Dex
    admin: Clients

    def healthy(self) -> bool:
        return httpx.get(f"{self.url}/dex/healthz").status_code == httpx.codes.OK

    def ask(
        self, username: str, password: str, change: Mapping[str, str] = MappingProxyType({})
    ) -> httpx.Response:
        form = {"grant_type": "password", "username": username, "password": password, "scope": "openid email"}
        return httpx.post(f"{self.url}/dex/token", data=form | dict(change), auth=(CLIENT_ID, CLIENT_SECRET))

    def lets_in(self, username: str, password: str) -> bool:
        return self.ask(username, password).status_code == httpx.codes.OK

    def text(self) -> str:
        return str(self.admin.raw("GET", CONFIG_MAP)["data"]["config.yaml"])

    def write(self, text: str) -> None:
        self.admin.raw("PATCH", CONFIG_MAP, {"data": {"config.yaml": text}}, MERGE)

    def restart(self) -> None:
        """By the pod template, and wait until dex was started again, whatever came of it."""
        before = self.dex.restarts
        mark = {"restarted": str(before)}
        change = {"spec": {"template": {"metadata": {"annotations": mark}}}}
        self.admin.raw("PATCH", DEPLOYMENT, change, MERGE)
        eventually(lambda: self.dex.restarts > before)

    def deployment(self) -> Any:
        return self.admin.raw("GET", DEPLOYMENT)["status"]

    def container(self) -> Any:
        """The status of dex's container, empty while there is none."""
        pods = self.admin.raw("GET", "/api/v1/namespaces/auth/pods", labelSelector="app=dex")["items"]
        statuses = pods[-1]["status"].get("containerStatuses", []) if pods else []
        return statuses[0] if statuses else {}
