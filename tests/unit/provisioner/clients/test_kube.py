"""How the Kubernetes client's errors become ours."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from provisioner.clients.kube import DEPLOYMENTS, NAMESPACES, PODS, KubeCluster, mapped
from provisioner.message import Message
from provisioner.vendor_call import Observer, Permanent, Temporary, WorkError, unobserved

WHAT = Message("cannot read it")
TIMEOUTS = ("TimeoutError", "ReadTimeoutError")
"""The whole call and the wait on the socket may end in the same moment; either is told."""
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: it
contexts: [{name: it, context: {cluster: it, user: it}}]
clusters: [{name: it, cluster: {server: "%s"}}]
users: [{name: it, user: {token: made-up}}]
"""

Answer = Callable[[socket.socket], None]


class Serve(Protocol):
    def __call__(
        self, answer: Answer, *, timeout: float = 5, observer: Observer = unobserved
    ) -> KubeCluster: ...


def answering(body: str, status: int = 200) -> Answer:
    def answer(caller: socket.socket) -> None:
        head = (
            f"HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        caller.sendall((head + body).encode())

    return answer


def silent(caller: socket.socket) -> None:
    caller.recv(1)  # returns when the caller goes away


def trickling(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 So\r\nContent-Length: 1000\r\n\r\n")
    pause = threading.Event()
    for _ in range(1000):
        caller.sendall(b" ")
        pause.wait(0.02)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A cluster whose API server answers the next call just so."""
    with ExitStack() as opened:

        def cluster(answer: Answer, *, timeout: float = 5, observer: Observer = unobserved) -> KubeCluster:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

            def once() -> None:
                with listener.accept()[0] as caller, suppress(OSError):
                    while b"\r\n\r\n" not in caller.recv(1 << 16):
                        pass
                    answer(caller)

            threading.Thread(target=once, daemon=True).start()
            path = tmp_path / "kubeconfig"
            path.write_text(KUBECONFIG % f"http://127.0.0.1:{listener.getsockname()[1]}")
            return KubeCluster(kubeconfig=str(path), timeout=timedelta(seconds=timeout), observer=observer)

        yield cluster


def refused(status: int, message: str = "", **headers: str) -> ApiException:
    error = ApiException(status=status, reason="Why")
    error.body = json.dumps({"kind": "Status", "message": message})
    error.headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return error


def met(error: Exception) -> WorkError:
    with pytest.raises(WorkError) as failed, mapped(WHAT, "read_it"):
        raise error
    assert failed.value.what == WHAT
    assert failed.value.__cause__ is error
    return failed.value


@pytest.mark.parametrize("status", [0, 409, 429, 500, 502, 503, 504])
def test_what_may_pass_is_temporary(status: int) -> None:
    assert isinstance(met(refused(status)), Temporary)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_what_stays_is_permanent(status: int) -> None:
    assert isinstance(met(refused(status)), Permanent)


def test_the_cause_has_the_words_of_the_status() -> None:
    cause = met(refused(403, 'namespaces "a" is forbidden')).cause

    assert cause is not None
    assert (cause.service, cause.operation, cause.code) == ("kubernetes", "read_it", "403")
    assert cause.raw_text == 'namespaces "a" is forbidden'


@pytest.mark.parametrize("body", [None, "", "<html>", "[]", "{}"])
def test_without_a_status_there_are_still_words(body: str | None) -> None:
    error = ApiException(status=502, reason="Bad Gateway")
    error.body = body

    cause = met(error).cause

    assert cause is not None
    assert cause.raw_text in ("Bad Gateway", "<html>")


def test_the_server_says_when_to_come_again() -> None:
    error = met(refused(429, Retry_After="7"))

    assert isinstance(error, Temporary)
    assert error.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    "error",
    [ProtocolError("Connection broken"), ReadTimeoutError(None, "/", "timed out"), OSError("gone")],  # type: ignore[arg-type]  # no pool is needed
)
def test_a_broken_connection_is_temporary(error: Exception) -> None:
    assert isinstance(met(error), Temporary)


def test_a_reply_that_lacks_fields_is_permanent_and_says_which(serve: Serve) -> None:
    cluster = serve(answering('{"kind": "PodList"}'))

    with pytest.raises(Permanent, match="the response is unusable") as failed:
        cluster.list(WHAT, PODS)

    assert failed.value.cause is not None
    assert "items" in failed.value.cause.raw_text
    assert failed.value.cause.note is not None


@pytest.mark.parametrize("body", ["<html>a page for people</html>", "[]", "", "{}"])
def test_what_is_no_object_is_not_usable(serve: Serve, body: str) -> None:
    with pytest.raises(Permanent, match=r"the response is unusable: metadata\.name"):
        serve(answering(body)).find(WHAT, NAMESPACES, "any")


def test_a_deployment_without_a_selector_is_not_usable_since_it_would_be_all_pods(serve: Serve) -> None:
    cluster = serve(answering('{"metadata": {"name": "dex"}, "spec": {"template": {}}}'))

    with pytest.raises(Permanent, match=r"unusable: spec\.selector$"):
        cluster.get(WHAT, DEPLOYMENTS, "dex", namespace="auth")


def test_an_api_server_that_says_nothing_is_given_up(serve: Serve) -> None:
    with pytest.raises(Temporary) as failed:
        serve(silent, timeout=0.1).find(WHAT, NAMESPACES, "any")

    assert failed.value.cause is not None
    assert failed.value.cause.code in TIMEOUTS


def test_an_answer_that_trickles_is_given_up_though_no_wait_is_long(serve: Serve) -> None:
    with pytest.raises(Temporary, match="no answer within") as failed:
        serve(trickling, timeout=0.2).find(WHAT, NAMESPACES, "any")

    assert failed.value.cause is not None
    assert failed.value.cause.code == "TimeoutError"


def watching(*lines: str) -> Answer:
    """A stream that begins, says this in pieces of no meaning, and breaks off."""
    text = "\n".join((*lines, "")).encode()

    def answer(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 So\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(text), 7):
            piece = text[at : at + 7]
            caller.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    return answer


def watched(cluster: KubeCluster, lasts: float = 1) -> Iterator[tuple[str, str]]:
    with cluster.watch(NAMESPACES, lasts=timedelta(seconds=lasts)) as events:
        for event, found in events:
            yield event, found["metadata"]["name"]


def test_a_watch_tells_each_event_until_it_breaks_off(serve: Serve) -> None:
    found = {"metadata": {"name": "a"}}
    lines = [json.dumps({"type": event, "object": found}) for event in ("ADDED", "DELETED")]
    events = watched(serve(watching(*lines)))

    assert [next(events), next(events)] == [("ADDED", "a"), ("DELETED", "a")]
    with pytest.raises(Temporary, match="cannot watch namespaces"):
        next(events)


def test_a_version_that_is_forgotten_is_told_by_its_code(serve: Serve) -> None:
    gone = '{"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}'

    with pytest.raises(Permanent, match="too old") as failed:
        next(watched(serve(watching(gone))))

    assert failed.value.cause is not None
    assert (failed.value.cause.code, failed.value.cause.operation) == ("410", "watch namespaces")


def test_what_is_no_event_breaks_no_watch(serve: Serve) -> None:
    line = '{"type": "ADDED", "object": {"metadata": {"name": "a"}}}'

    assert next(watched(serve(watching("", "<html>", line)))) == ("ADDED", "a")


def test_a_watch_over_a_connection_that_died_without_a_word_is_given_up(serve: Serve) -> None:
    def dead(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 So\r\nTransfer-Encoding: chunked\r\n\r\n")
        silent(caller)

    with pytest.raises(Temporary, match="timed out"):
        next(watched(serve(dead, timeout=0.1), lasts=0.1))


def test_who_observes_is_told_of_each_call_and_its_code(serve: Serve) -> None:
    told: list[tuple[str, str, str]] = []

    def observer(service: str, operation: str, code: str, _seconds: float) -> None:
        told.append((service, operation, code))

    serve(answering('{"items": []}'), observer=observer).list(WHAT, PODS)
    serve(answering("{}", status=404), observer=observer).find(WHAT, NAMESPACES, "any")
    with pytest.raises(Temporary):
        serve(silent, observer=observer, timeout=0.1).delete(WHAT, NAMESPACES, "any")

    *answered, given_up = told
    assert answered == [("kubernetes", "list pods", "ok"), ("kubernetes", "get namespaces", "404")]
    assert given_up[:2] == ("kubernetes", "delete namespaces")
    assert given_up[2] in TIMEOUTS


def test_a_bug_of_ours_is_not_made_an_answer_of_the_cluster() -> None:
    with pytest.raises(KeyError), mapped(WHAT, "read_it"):
        raise KeyError("ours")


def test_a_kubeconfig_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="cannot read the cluster's address"):
        KubeCluster(kubeconfig=str(tmp_path / "none"))


def test_outside_a_cluster_the_way_in_is_missing() -> None:
    with pytest.raises(Permanent, match="cannot read the cluster's address"):
        KubeCluster()
