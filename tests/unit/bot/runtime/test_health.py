"""What probes and metrics are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from bot.runtime.health import Check, Health, says


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    started: list[Health] = []

    def start(
        alive: dict[str, Check] | None = None,
        ready: dict[str, Check] | None = None,
        registry: CollectorRegistry | None = None,
    ) -> str:
        health = Health(alive=alive or {}, ready=ready or {}, registry=registry or CollectorRegistry())
        health.start()
        started.append(health)
        return f"http://127.0.0.1:{health.port}"

    yield start
    for health in started:
        health.stop()


def well() -> None:
    return None


def unwell() -> str:
    return "not connected"


def broken() -> str:
    raise ConnectionError("password=hunter2 is wrong")


def test_all_well_is_200(serve: Callable[..., str]) -> None:
    url = serve(alive={"clock": well}, ready={"database": well, "slack": well})

    answer = httpx.get(f"{url}/ready")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "slack": "ok"}}
    assert httpx.get(f"{url}/live").json() == {
        "status": "ok",
        "checks": {"clock": "ok", "database": "ok", "slack": "ok"},
    }


def test_one_thing_failing_is_503_and_says_which(serve: Callable[..., str]) -> None:
    url = serve(ready={"database": well, "slack": unwell})

    answer = httpx.get(f"{url}/ready")

    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "checks": {"database": "ok", "slack": "not connected"}}


def test_a_check_that_raises_has_failed_and_its_words_are_not_shown(serve: Callable[..., str]) -> None:
    url = serve(ready={"database": broken})

    answer = httpx.get(f"{url}/ready")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ConnectionError"}
    assert "hunter2" not in answer.text


def test_not_ready_is_not_dead(serve: Callable[..., str]) -> None:
    url = serve(alive={"clock": well}, ready={"slack": unwell})

    answer = httpx.get(f"{url}/live")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"clock": "ok", "slack": "not connected"}}


def test_each_call_looks_anew(serve: Callable[..., str]) -> None:
    connected = threading.Event()
    url = serve(ready={"slack": says("not connected", connected.is_set)})

    assert httpx.get(f"{url}/ready").status_code == 503
    connected.set()
    assert httpx.get(f"{url}/ready").status_code == 200


def test_metrics_are_those_of_the_registry(serve: Callable[..., str]) -> None:
    registry = CollectorRegistry()
    Counter("runs", "runs that ended", registry=registry).inc(3)

    answer = httpx.get(f"{serve(registry=registry)}/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "runs_total 3.0" in answer.text


def test_nothing_else_is_there(serve: Callable[..., str]) -> None:
    url = serve()

    assert httpx.get(f"{url}/").status_code == 404
    assert httpx.post(f"{url}/live").status_code == 405


def test_a_port_that_is_taken_is_told_at_the_start(serve: Callable[..., str]) -> None:
    port = int(serve().rpartition(":")[2])

    with pytest.raises(OSError, match="in use"):
        Health(alive={}, ready={}, port=port).start()


def test_stopped_it_answers_no_more() -> None:
    health = Health(alive={}, ready={}, registry=CollectorRegistry())
    health.start()
    url = f"http://127.0.0.1:{health.port}/live"
    assert httpx.get(url).status_code == 200

    health.stop()

    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_before_its_start_it_has_no_port() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = Health(alive={}, ready={}).port
