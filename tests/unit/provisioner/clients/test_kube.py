"""How the Kubernetes client's errors become ours."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from kubernetes.client.models import V1PodList
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from provisioner.clients.kube import KubeCluster, mapped
from provisioner.errors import Permanent, Temporary, WorkError
from provisioner.message import Message

WHAT = Message("cannot read it")


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


def test_a_reply_that_lacks_fields_is_permanent_and_says_which() -> None:
    model: Any = V1PodList  # the stubs are of an older client

    with pytest.raises(Permanent, match="the response is unusable") as failed, mapped(WHAT, "list_pods"):
        model.model_validate({"kind": "PodList"})

    assert failed.value.cause is not None
    assert "items" in failed.value.cause.raw_text
    assert failed.value.cause.note is not None


def test_a_bug_of_ours_is_not_made_an_answer_of_the_cluster() -> None:
    with pytest.raises(KeyError), mapped(WHAT, "read_it"):
        raise KeyError("ours")


def test_a_kubeconfig_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="cannot read the cluster's address"):
        KubeCluster(kubeconfig=str(tmp_path / "none"))


def test_outside_a_cluster_the_way_in_is_missing() -> None:
    with pytest.raises(Permanent, match="cannot read the cluster's address"):
        KubeCluster()
