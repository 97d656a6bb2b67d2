"""The API server a kubeconfig names, as JSON objects by path, through the official client."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import load_kube_config_from_dict
from urllib3.exceptions import HTTPError

Object = dict[str, Any]

UNREACHABLE = (ApiException, HTTPError)
"""What a call can end in besides its answer."""

TIMEOUT = 10
"""Seconds."""

PROFILES = "/apis/kubeflow.org/v1/profiles"


class Cluster:
    def __init__(self, kubeconfig: str) -> None:
        """`kubeconfig` is YAML text."""
        settings = Configuration()
        load_kube_config_from_dict(yaml.safe_load(kubeconfig), client_configuration=settings)
        # The token stays; the hook reads the whole environment at each call, while tests change it.
        settings.refresh_api_key_hook = None  # type: ignore[attr-defined]  # the stubs lack it
        self._client: Any = ApiClient(settings)  # its calls by path are public but not in the type stubs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.rest_client.pool_manager.clear()

    def find(self, path: str) -> Object | None:
        try:
            return self._call("GET", path)
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def every(self, path: str, *, labels: str = "") -> list[Object]:
        found: list[Object] = self._call("GET", path, query={"labelSelector": labels} if labels else {})[
            "items"
        ]
        return found

    def create(self, path: str, item: Object) -> bool:
        """False if it was there already, however it looks."""
        try:
            self._call("POST", path, item)
        except ApiException as error:
            if error.status == 409:
                return False
            raise
        return True

    def delete(self, path: str) -> bool:
        """False if it was gone already."""
        try:
            self._call("DELETE", path)
        except ApiException as error:
            if error.status == 404:
                return False
            raise
        return True

    def merge(self, path: str, change: Object) -> Object:
        return self._call("PATCH", path, change, content="application/merge-patch+json")

    def _call(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        query: dict[str, str] | None = None,
        content: str = "application/json",
    ) -> Object:
        headers = {"Accept": "application/json"} | ({"Content-Type": content} if body is not None else {})
        request = self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*request, _request_timeout=TIMEOUT)
        response.read()
        answer: Object = self._client.response_deserialize(response, {"default": "object"}).data
        return answer
