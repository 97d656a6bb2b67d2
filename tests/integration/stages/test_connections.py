"""Many runs at once: no connection is thrown away after one call for want of room to keep it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.builders import a_platform
from tests.integration.stages.conftest import Aws, Kubeflow

MANY = 24


def all_at_once(call: Callable[[], object], caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the libraries complained of."""
    start = Barrier(MANY)

    def calls() -> None:
        start.wait(timeout=30)
        for _ in range(3):
            call()

    with ThreadPoolExecutor(MANY) as pool:
        for done in [pool.submit(calls) for _ in range(MANY)]:
            done.result(timeout=60)
    return [record.getMessage() for record in caplog.records if "pool" in record.name]


def test_of_the_cluster(kubeflow: Kubeflow, caplog: pytest.LogCaptureFixture) -> None:
    assert all_at_once(kubeflow.dex.document, caplog) == []


def test_of_aws(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    at = a_platform()

    assert all_at_once(lambda: aws.policies.look(at.policy_arn(at.aia_policy)), caplog) == []
