"""`python -m sandbox` as people start it: what it says, and that it leaves nothing behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import httpx
import pytest

from sandbox.control.client import Client
from sandbox.serving.loopback import bind

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]


class Running:
    """A sandbox without a bot, started as a program of its own."""

    def __init__(self, state: Path, *options: str) -> None:
        arguments = ["--without", "bot", "--port", "0", "--state", str(state), *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = ""

    def ready(self) -> "Running":
        assert self.process.stdout is not None
        for line in _lines(self.process.stdout):
            if line.startswith("sandbox ready: "):
                self.url = line.removeprefix("sandbox ready: ").strip()
                return self
        raise AssertionError(f"it never was ready: {self.process.communicate()[1]}")

    def children(self) -> set[int]:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
        return {pid for pid, parent in pairs if parent == self.process.pid} - {self.process.pid}

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def _lines(stream: IO[str]) -> Iterator[str]:
    """At most so many as a start ever prints."""
    for _ in range(50):
        line = stream.readline()
        if not line:
            return
        yield line


def alive(pids: set[int]) -> set[int]:
    """Those still running a hundred looks later; a zombie does not run."""
    left = pids
    for _ in range(100):
        listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True)
        states = {int(pid): state for pid, state in (line.split() for line in listed.stdout.splitlines())}
        left = {pid for pid in left if states.get(pid, "Z")[0] != "Z"}
        if not left:
            break
    return left


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "state").ready()
    yield running
    running.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_told_and_leaves_nothing_behind(sandbox: Running, number: signal.Signals) -> None:
    assert httpx.get(f"{sandbox.url}/api/world", trust_env=False).is_success
    children = sandbox.children()
    assert children

    sandbox.process.send_signal(number)
    _, err = sandbox.process.communicate(timeout=20)

    assert (sandbox.process.returncode, err) == (0, "")
    assert alive(children) == set()


def test_who_waits_for_something_to_happen_is_answered_when_it_stops(sandbox: Running) -> None:
    with ThreadPoolExecutor() as waiting:
        asked = [
            waiting.submit(
                httpx.get, f"{sandbox.url}/api/{what}?since=9999&wait=30", trust_env=False, timeout=40
            )
            for what in ("journal", "writes")
        ]
        assert httpx.get(f"{sandbox.url}/api/world", trust_env=False).is_success
        sandbox.process.send_signal(signal.SIGINT)
        _, err = sandbox.process.communicate(timeout=20)

        answers = [one.result().json() for one in asked]
    assert (sandbox.process.returncode, err) == (0, "")
    assert answers == [{"entries": [], "next": 9999}] * 2


def test_its_children_die_with_it_even_by_kill_9(sandbox: Running) -> None:
    """Linux's parent-death signal does it; elsewhere they would have to be stopped by hand."""
    children = sandbox.children()
    leashed = sys.platform == "linux"

    sandbox.process.kill()
    sandbox.process.wait(10)

    assert children
    assert (alive(children) == set()) is leashed


def test_a_port_in_use_is_a_clear_message(tmp_path: Path) -> None:
    with bind(0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        refused = Running(tmp_path / "state", "--port", str(port))
        _, err = refused.process.communicate(timeout=20)

    assert refused.process.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use by another program; choose another with --port" in err


@pytest.mark.usefixtures("sandbox")
def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path) -> None:
    second = Running(tmp_path / "state")
    _, err = second.process.communicate(timeout=20)

    assert second.process.returncode == 1
    assert "another sandbox uses" in err


def test_a_folder_with_other_things_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")

    refused = Running(tmp_path, "--fresh")
    _, err = refused.process.communicate(timeout=20)

    assert refused.process.returncode == 1
    assert "holds other things than a sandbox's" in err
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def said_in_general(running: Running) -> list[str]:
    client = Client(running.url)
    said = [message["text"] for message in client.channel("general", "admin")]
    client.close()
    return said


def stop(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    running.process.communicate(timeout=20)


def test_the_world_is_there_again_after_a_stop_and_gone_when_fresh(tmp_path: Path) -> None:
    first = Running(tmp_path / "state").ready()
    client = Client(first.url)
    client.message("requester", "good morning", "general")
    password = client.logins()["passwords"]["*"]
    client.close()
    stop(first)

    second = Running(tmp_path / "state").ready()
    remembered = said_in_general(second), Client(second.url).logins()["passwords"]["*"]
    stop(second)
    third = Running(tmp_path / "state", "--fresh").ready()
    forgotten = said_in_general(third)
    stop(third)

    assert remembered == (["good morning"], password)
    assert forgotten == []


def test_a_world_that_was_killed_takes_the_bots_memory_along(sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "state" / "bot.db").write_text("what the bot knew of that world")
    sandbox.process.kill()
    sandbox.process.wait(10)

    second = Running(tmp_path / "state").ready()
    left = (tmp_path / "state" / "bot.db").exists()
    stop(second)

    assert not left
