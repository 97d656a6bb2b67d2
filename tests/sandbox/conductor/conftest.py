from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest

from sandbox.conductor import ConductorSimulator
from sandbox.conductor.simulator import ADMIN_LOGIN

PASSWORD = "made up 1"
Login: TypeAlias = Callable[..., httpx.Response]


@pytest.fixture
def simulator() -> ConductorSimulator:
    return ConductorSimulator(password=PASSWORD)


@pytest.fixture
def http(simulator: ConductorSimulator) -> Iterator[httpx.Client]:
    """Not logged in."""
    with httpx.Client(base_url=simulator.start(), trust_env=False) as client:
        yield client
    simulator.stop()


@pytest.fixture
def log_in(http: httpx.Client) -> Login:
    """From then on the client is logged in, where it went well."""

    def attempt(login: str = ADMIN_LOGIN, password: str = PASSWORD) -> httpx.Response:
        answer = http.post("/api/v1/auth/login", json={"login_id": login, "login_pw": password})
        if answer.is_success:
            token = answer.headers["set-cookie"].partition(";")[0]
            http.headers["cookie"] = token
        return answer

    return attempt


@pytest.fixture
def admin(http: httpx.Client, log_in: Login) -> httpx.Client:
    log_in()
    return http


def a_body(**bent: Any) -> dict[str, Any]:
    return {
        "name": "alpha",
        "s3_bucket_name": "s3-an2-meerkat-prod-alpha",
        "execution_specs": [{"name": "standard", "vcpu": 4, "ram_gb": 16, "gpu": 0}],
        **bent,
    }
