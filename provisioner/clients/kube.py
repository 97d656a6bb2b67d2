"""Kubernetes through its official client: one cluster, and its errors mapped to ours, once.

The client's transport only (configuration, credentials, TLS, connections): its typed models cost 40 MB and a
second of start for the few fields that are read here. Objects are what the API answers, as JSON: read them
with `dig`, which takes a field that is missing for None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from urllib3.exceptions import HTTPError
from yaml import YAMLError

from provisioner.message import Message, literal, named
from provisioner.retry import retry_after
from provisioner.vendor_call import (
    CALL_WITHIN,
    CONNECT_WITHIN,
    Cause,
    Observer,
    OutOfTime,
    Permanent,
    Temporary,
    TimeLimit,
    WorkError,
    check_time,
    observed,
    unobserved,
)

Object = Mapping[str, Any]
T = TypeVar("T")

_CONNECTIONS = 64  # kept open: as many as there may be threads that ask, of all runs together
_PIECE = 1 << 16  # bytes
_METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "patch": "PATCH",
    "update": "PUT",
    "delete": "DELETE",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What the API serves. `needs`: the fields without which an object of it is not usable."""

    plural: str  # as rights name it: "rolebindings"
    group: str = ""
    version: str = "v1"
    needs: tuple[str, ...] = ("metadata.name",)


CONFIG_MAPS = Kind("configmaps")
DAEMON_SETS = Kind("daemonsets", "apps")
DEPLOYMENTS = Kind("deployments", "apps", needs=("metadata.name", "spec.selector", "spec.template"))
DISRUPTION_BUDGETS = Kind("poddisruptionbudgets", "policy")
NAMESPACES = Kind("namespaces")
NODES = Kind("nodes")
PODS = Kind("pods")
ROLE_BINDINGS = Kind("rolebindings", "rbac.authorization.k8s.io")
SERVICE_ACCOUNTS = Kind("serviceaccounts")


class KubeCluster:
    """One cluster, and how long an answer may take.

    `kubeconfig` is a file; empty means that we run inside the cluster. Raises `Permanent` when neither can
    be read. A method is named after the verb of the right that it needs, and raises the API's errors as
    ours, with `what` could not be done. A call is not repeated here: the engine does that, having looked
    again. It has `timeout` for all of it, whatever the answer is stuck in.
    """

    def __init__(
        self,
        *,
        kubeconfig: str = "",
        timeout: timedelta = CALL_WITHIN,
        observer: Observer = unobserved,
    ) -> None:
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
        self._client: Any = ApiClient(configuration)  # the stubs are of an older client
        self._timeout = timeout
        self._limit = TimeLimit(timeout)
        self._observer = observer

    def authority(self) -> str:
        """PEM of what signs the API server's certificate, as we were told; empty without."""
        return Path(self._authority).read_text(encoding="ascii") if self._authority else ""

    def get(self, what: Message, kind: Kind, name: str, *, namespace: str = "") -> Object:
        call = _Call(what, "get", kind, namespace, name)
        return call.usable(_parsed(self._send(call)), *kind.needs)

    def find(self, what: Message, kind: Kind, name: str, *, namespace: str = "") -> Object | None:
        """The same, and None for what is not there."""
        return _optional(lambda: self.get(what, kind, name, namespace=namespace))

    def list(
        self, what: Message, kind: Kind, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> Sequence[Object]:
        """Those of a namespace, or of all; `labels` and `fields` are selectors."""
        call = _Call(what, "list", kind, namespace)
        query = {"labelSelector": labels, "fieldSelector": fields}
        found = call.usable(_parsed(self._send(call, query=query)), "items")
        return [call.usable(each, *kind.needs) for each in found["items"]]

    def create(self, what: Message, kind: Kind, body: Object, *, namespace: str = "") -> None:
        self._send(_Call(what, "create", kind, namespace), body=body)

    def patch(self, what: Message, kind: Kind, name: str, body: Object, *, namespace: str = "") -> None:
        """Merges: what `body` does not name stays, None takes away, a list replaces."""
        self._send(_Call(what, "patch", kind, namespace, name), body=body)

    def update(self, what: Message, kind: Kind, name: str, body: Object, *, namespace: str = "") -> None:
        """Replaces all of it, if it still has the version in the body."""
        self._send(_Call(what, "update", kind, namespace, name), body=body)

    def delete(self, what: Message, kind: Kind, name: str, *, namespace: str = "") -> None:
        """Also when it is not there."""
        _optional(lambda: self._send(_Call(what, "delete", kind, namespace, name)))

    def log(self, what: Message, pod: str, *, namespace: str, lines: int, previous: bool) -> str:
        """The end of a container's log, or of the one before it; empty without."""
        query = {"tailLines": str(lines), "previous": "true" if previous else ""}
        call = _Call(what, "get", PODS, namespace, pod, "/log")
        return _optional(lambda: self._send(call, query=query)) or ""

    @contextmanager
    def watch(
        self, kind: Kind, *, namespace: str = "", name: str = "", version: str = "", lasts: timedelta
    ) -> Iterator[Iterator[tuple[str, Object]]]:
        """What happens to one object, or to all of a kind: ADDED, MODIFIED, DELETED or BOOKMARK, and what.

        It begins after `version`; without one, with what there is, as ADDED. The server ends it after
        `lasts`. An error whose code is "410" tells that the server has forgotten that version.
        """
        what = literal(f"cannot watch {kind.plural}")  # only for the log
        call = _Call(what, "watch", kind, namespace)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "fieldSelector": f"metadata.name={name}" if name else "",
            "resourceVersion": version,
            "timeoutSeconds": f"{lasts.total_seconds():.0f}",
        }
        with observed(self._observer, "kubernetes", call.operation), mapped(what, call.operation):
            answer = self._open(self._request(call, query=query), read_within=lasts + self._timeout)
        try:
            with mapped(what, call.operation):
                yield _events(answer)
        finally:
            answer.close()

    def _send(
        self, call: _Call, *, query: Mapping[str, str] | None = None, body: Object | None = None
    ) -> str:
        with observed(self._observer, "kubernetes", call.operation), mapped(call.what, call.operation):
            request = self._request(call, query=query, body=body)
            try:
                return self._limit.run(partial(self._answer, request))
            except OutOfTime:
                raise TimeoutError(f"no answer within {self._timeout.total_seconds():g} s") from None

    def _request(
        self, call: _Call, *, query: Mapping[str, str] | None, body: Object | None = None
    ) -> tuple[Any, ...]:
        content = "application/merge-patch+json" if call.verb == "patch" else "application/json"
        request: tuple[Any, ...] = self._client.param_serialize(
            _METHODS[call.verb],
            call.path,
            path_params={"namespace": call.namespace, "name": call.name},
            query_params=[(key, value) for key, value in (query or {}).items() if value],
            header_params={"Accept": "application/json, */*", "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        return request

    def _answer(self, request: tuple[Any, ...]) -> str:
        check_time()
        return _read(self._open(request, read_within=self._timeout)).decode("utf-8", "replace")

    def _open(self, request: tuple[Any, ...], *, read_within: timedelta) -> Any:
        """The answer, still to be read. Raises what is no success."""
        connect = min(self._timeout, CONNECT_WITHIN).total_seconds()
        waits = (connect, read_within.total_seconds())
        answer = self._client.call_api(*request, _request_timeout=waits).response
        if not 200 <= answer.status <= 299:
            error = ApiException(status=answer.status, reason=answer.reason)
            error.body, error.headers = _read(answer).decode("utf-8", "replace"), answer.headers
            raise error
        return answer


@dataclass(frozen=True, slots=True)
class _Call:
    what: Message  # could not be done, if it fails
    verb: str
    kind: Kind
    namespace: str = ""
    name: str = ""
    part: str = ""

    @property
    def operation(self) -> str:
        """In the words of Kubernetes, as a refusal has them and a role: "create profiles"."""
        return f"{self.verb} {self.kind.plural}{self.part}"

    @property
    def path(self) -> str:
        """With its two names still to be put in."""
        group, version = self.kind.group, self.kind.version
        base = f"/apis/{group}/{version}" if group else f"/api/{version}"
        inside = "/namespaces/{namespace}" if self.namespace else ""
        return f"{base}{inside}/{self.kind.plural}" + ("/{name}" if self.name else "") + self.part

    def usable(self, found: Object, *fields: str) -> Object:
        lacking = [field for field in fields if dig(found, field) is None]
        if lacking:
            note = Message("the response is unusable: {fields}", fields=named(", ".join(lacking)))
            cause = Cause.noted(note, service="kubernetes", operation=self.operation)
            raise Permanent(self.what, cause=cause)
        return found


def dig(found: Object, path: str) -> Any:
    """What lies under "spec.template.metadata"; None where a part of the way is missing."""
    at: Any = found
    for step in path.split("."):
        at = at.get(step) if isinstance(at, Mapping) else None
    return at


def _parsed(text: str | bytes) -> Object:
    """The JSON object; an empty one for anything else, which lacks all that is needed."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read(answer: Any) -> bytes:
    """All of it, piece by piece: what was given up reads no answer to its end. `answer`: urllib3's."""
    pieces = []
    while piece := answer.read1(_PIECE):
        pieces.append(piece)
        try:
            check_time()
        except OutOfTime:
            answer.close()
            raise
    return b"".join(pieces)


def _events(answer: Any) -> Iterator[tuple[str, Object]]:
    """A line each, as they come."""
    text = b""
    while piece := answer.read1(_PIECE):
        *lines, text = (text + piece).split(b"\n")
        for event in map(_parsed, lines):
            kind, found = event.get("type", ""), event.get("object", {})
            if kind == "ERROR":
                error = ApiException(status=found.get("code"), reason=found.get("reason"))
                error.body = json.dumps(found)
                raise error
            if kind:
                yield kind, found


def _optional(call: Callable[[], T]) -> T | None:
    """The answer, or None for what is not there."""
    try:
        return call()
    except Permanent as error:
        if error.cause is not None and error.cause.code == "404":
            return None
        raise


def _unreadable(words: str) -> Permanent:
    cause = Cause(service="kubernetes", operation="load configuration", raw_text=words)
    return Permanent(Message("cannot read the cluster's address"), cause=cause)


@contextmanager
def mapped(what: Message, operation: str) -> Iterator[None]:
    """Raise the client's errors as ours."""
    try:
        yield
    except ApiException as error:
        raise _error(what, operation, error) from error
    except (HTTPError, OSError) as error:
        cause = Cause.broken(error, service="kubernetes", operation=operation)
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
