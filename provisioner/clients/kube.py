"""Kubernetes through its official client: one cluster, and its errors mapped to ours, once.

The client raises pydantic's ValidationError where a reply lacks a field that its models demand; that is a
reply we cannot use, not a bug of ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kubernetes.client import (
    ApiClient,
    AppsV1Api,
    Configuration,
    CoreV1Api,
    CustomObjectsApi,
    PolicyV1Api,
    RbacAuthorizationV1Api,
    V1ObjectMeta,
)
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from pydantic import ValidationError
from urllib3.exceptions import HTTPError
from yaml import YAMLError

from provisioner.errors import Cause, Permanent, Temporary, WorkError
from provisioner.message import Message, named
from provisioner.retry import retry_after
from provisioner.validation import faults

_CONNECTIONS = 64  # kept open: as many as there may be threads that ask, of all runs together

T = TypeVar("T")


class KubeCluster:
    """One cluster: its APIs, and how long an answer may take.

    `kubeconfig` is a file; empty means that we run inside the cluster. Raises `Permanent` when neither can
    be read. A call is not repeated here: the engine does that, having looked again.
    """

    def __init__(self, *, kubeconfig: str = "", timeout: timedelta = timedelta(seconds=20)) -> None:
        configuration = Configuration()
        try:
            if kubeconfig:
                load_kube_config(config_file=kubeconfig, client_configuration=configuration)
            else:
                load_incluster_config(client_configuration=configuration)
        except (ConfigException, OSError) as error:
            raise _unreadable(str(error)) from error
        except (TypeError, ValueError, YAMLError):  # their words may quote what stands in it
            raise _unreadable("it is no kubeconfig") from None
        configuration.retries = False
        configuration.connection_pool_maxsize = _CONNECTIONS  # type: ignore[attr-defined]  # stubs lack it
        self._authority: str | None = configuration.ssl_ca_cert  # type: ignore[attr-defined]  # stubs lack it
        client = ApiClient(configuration)
        self.core = CoreV1Api(client)
        self.apps = AppsV1Api(client)
        self.rbac = RbacAuthorizationV1Api(client)
        self.policy = PolicyV1Api(client)
        self.custom = CustomObjectsApi(client)
        self._timeout = (5.0, timeout.total_seconds())

    def authority(self) -> str:
        """PEM of what signs the API server's certificate, as we were told; empty without."""
        return Path(self._authority).read_text(encoding="ascii") if self._authority else ""

    def call(
        self, what: Message, operation: str, method: Callable[..., T], /, *args: Any, **options: Any
    ) -> T:
        """What the method of an API answers; its errors as ours.

        `operation` in the words of Kubernetes, as a refusal has them and a role: "create profiles".
        """
        with mapped(what, operation):
            return method(*args, _request_timeout=self._timeout, **options)

    def find(
        self, what: Message, operation: str, method: Callable[..., T], /, *args: Any, **options: Any
    ) -> T | None:
        """The same, and None for what is not there."""
        try:
            return self.call(what, operation, method, *args, **options)
        except Permanent as error:
            if error.cause is not None and error.cause.code == "404":
                return None
            raise


def _unreadable(words: str) -> Permanent:
    cause = Cause(service="kubernetes", operation="load configuration", raw_text=words)
    return Permanent(Message("cannot read the cluster's address"), cause=cause)


class _Object(Protocol):
    @property
    def metadata(self) -> V1ObjectMeta | None: ...


def meta(found: _Object) -> V1ObjectMeta:
    """Optional in the client's models only."""
    if found.metadata is None:
        raise TypeError("the reply has no metadata")
    return found.metadata


@contextmanager
def mapped(what: Message, operation: str) -> Iterator[None]:
    """Raise the client's errors as ours."""
    try:
        yield
    except ApiException as error:
        raise _error(what, operation, error) from error
    except ValidationError as error:
        fields = [fault.place or fault.words for fault in faults(error)]
        note = Message("the response is unusable: {fields}", fields=named(", ".join(fields)))
        cause = Cause.noted(note, service="kubernetes", operation=operation)
        raise Permanent(what, cause=cause) from error
    except (HTTPError, OSError) as error:
        cause = Cause(
            service="kubernetes", operation=operation, raw_text=str(error), code=type(error).__name__
        )
        raise Temporary(what, cause=cause) from error


def _error(what: Message, operation: str, error: ApiException) -> WorkError:
    status = error.status or 0  # 0: TLS failed before there was an answer
    cause = Cause(
        service="kubernetes", operation=operation, code=str(status or "TLS"), raw_text=_words(error)
    )
    if status in (0, 409, 429) or status >= 500:
        return Temporary(what, cause=cause, retry_after=retry_after(error.headers or {}))
    return Permanent(what, cause=cause)


def _words(error: ApiException) -> str:
    """The `message` of the Status that Kubernetes answers; else what there is."""
    try:
        status = json.loads(error.body or "")
    except ValueError:
        return error.body or error.reason or ""
    message = status.get("message") if isinstance(status, dict) else None
    return str(message or error.reason or "")
