"""Every command that a text tells people to type does what it says there."""

import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import botocore.session
import httpx
import pytest
import yaml
from botocore.validate import validate_parameters

from bot.cli import app
from sandbox.control.client import Client
from sandbox.demo.scene import Scene
from tests.unit.charts.test_workspace_bot_chart import GIVEN, HELM

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ADDRESS = "127.0.0.1:8650"
PATIENCE = 120  # seconds for a command to end, at most


def shown(text: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks: language and content."""
    yield from re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> Iterator[str]:
    """Lines of blocks that are to be typed, without remarks; a usage line with [options] is none."""
    for language, content in shown(text):
        for line in content.replace("\\\n", " ").splitlines():
            command = re.sub(r"\s+#.*", "", line).strip()
            if language in {"", "sh"} and command and not re.match(r"WORKSPACE_BOT_\w+=|.*\[-", command):
                yield command


TYPED = list(dict.fromkeys(command for text in TEXTS for command in commands(text.read_text())))


@dataclass(frozen=True)
class Place:
    """A sandbox that `make sandbox` started, and its folder."""

    url: str
    state: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The bot's."""
        lines = (self.state / "bot.env").read_text().splitlines()
        return {name: " ".join(shlex.split(value)) for name, value in (line.split("=", 1) for line in lines)}


def run(command: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> str:
    """Through the shell, as typed; what it said."""
    done = subprocess.run(
        ["sh", "-c", command],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def first_line(stream: IO[str], words: str) -> str:
    for _ in range(200):
        line = stream.readline()
        if words in line or not line:
            return line
    return ""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    state = tmp_path_factory.mktemp("commands") / "state"
    command = ["make", "sandbox", f"ARGS=--port 0 --fresh --state {state}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        ready = first_line(sandbox.stdout, "sandbox ready: ")
        assert ready, "make sandbox never was ready"
        yield Place(ready.removeprefix("sandbox ready: ").strip(), state)
        sandbox.send_signal(signal.SIGTERM)
        sandbox.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def asked(place: Place) -> None:
    """There is something to tell."""
    with closing(Client(place.url)) as client:
        Scene(client, "alpha").ask()


def sandboxed(_command: str, place: Place) -> None:
    """The fixture typed it, with a port and a folder of its own."""
    assert httpx.get(f"{place.url}/api/people", trust_env=False).is_success


def in_the_gate(command: str, _place: Place) -> None:
    """The gate itself: a test cannot call it. That there is such a target, tests/test_repository.py sees."""
    assert f"step {command}" in (ROOT / ".ci" / "run").read_text().splitlines()


def demonstrated(command: str, place: Place) -> None:
    """The plain one is a step of the gate; the other a story that ends with a line of JSON."""
    if command == "make demo":
        in_the_gate(command, place)
    else:
        last = run(command).splitlines()[-1]
        assert '"ok": true' in last, last


def asked_for(command: str, place: Place) -> None:
    answer = run(
        command.replace(ADDRESS, place.url.removeprefix("http://")),
        environment={"no_proxy": "*", "PATH": _path()},
    )
    assert answer.startswith("{"), answer
    assert '"error": "' not in answer, answer
    with closing(Client(place.url)) as client:
        for fault in re.findall(r"/api/faults/([\w-]+)", command):
            client.mend(fault)


def served(command: str, place: Place) -> None:
    """The bot by hand, once the sandbox's own is gone."""
    with closing(Client(place.url)) as client:
        client.kill_bot()
        typed = command.replace(".sandbox/", f"{place.state}/").replace("python", sys.executable)
        try:
            with subprocess.Popen(shlex.split(typed), cwd=ROOT, stderr=subprocess.PIPE, text=True) as bot:
                assert bot.stderr is not None
                started = first_line(bot.stderr, '"leading"')
                bot.send_signal(signal.SIGTERM)
                bot.communicate(timeout=PATIENCE)
        finally:
            client.start_bot()
    assert started, "it never led"
    assert bot.returncode == 0


def backed_up(command: str, place: Place) -> None:
    run(command.replace("python", sys.executable, 1), place.state)

    with closing(sqlite3.connect(place.state / "bot-backup.db")) as copy:
        tables = {name for (name,) in copy.execute("select name from sqlite_master where type = 'table'")}
    assert {"requests", "runs", "journal", "audit"} <= tables


def installed(command: str, place: Place) -> None:
    """As far as without a cluster."""
    if HELM is None:
        pytest.skip("helm does not run on this machine")
    folder = place.state.parent
    values = {"settings": GIVEN}
    (folder / "my-values.yaml").write_text(yaml.safe_dump(values))
    shutil.copy(ROOT / "provisioner" / "stages" / "conductor" / "calls.toml", folder / "my-conductor.toml")
    (folder / "charts").symlink_to(ROOT / "charts")

    said = run(f"{command} --dry-run=client".replace("helm", HELM, 1), folder)

    assert "kind: Deployment" in said


def understood_by_aws(command: str, _place: Place) -> None:
    """There is no AWS to say it to; botocore knows what may be said."""
    _, service, operation, *options = shlex.split(command)
    client = botocore.session.get_session().get_service_model(service)
    method = client.operation_model("".join(part.title() for part in operation.split("-")))
    shape = method.input_shape
    assert shape is not None
    given: dict[str, object] = {}
    for name, value in zip(options[::2], options[1::2], strict=True):
        first, *rest = name.removeprefix("--").split("-")
        member = first + "".join(part.title() for part in rest)
        given[member] = [value] if shape.members[member].type_name == "list" else value

    validate_parameters(given, shape)


def without_bot(command: str, place: Place) -> None:
    """tests/sandbox/world/test_process.py has a whole file of it."""
    assert command == "python -m sandbox --without bot"
    assert place.environment["WORKSPACE_BOT_SLACK__CHANNEL"]


HOW: dict[str, Callable[[str, Place], None]] = {
    r"make sandbox": sandboxed,
    r"make test$": in_the_gate,
    r"make demo": demonstrated,
    r"curl ": asked_for,
    r"env -i ": served,
    r"python -c ": backed_up,
    r"python -m sandbox --without bot$": without_bot,
    r"helm install ": installed,
    r"aws eks ": understood_by_aws,
}


@pytest.mark.parametrize("command", TYPED)
def test_a_command_of_a_text_is_tried_by_somebody(command: str) -> None:
    assert len([pattern for pattern in HOW if re.match(pattern, command)]) == 1


@pytest.mark.long
@pytest.mark.parametrize("command", TYPED)
def test_a_command_of_a_text_does_what_it_says(place: Place, command: str) -> None:
    (way,) = [way for pattern, way in HOW.items() if re.match(pattern, command)]

    way(command, place)


def test_what_the_program_is_told_to_do_in_a_text_it_can_do_and_all_it_can_is_told() -> None:
    told = {name for text in TEXTS for name in re.findall(r"`workspace-bot ([a-z]+)", text.read_text())}

    assert told == {
        command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands
    }


@pytest.mark.long
@pytest.mark.parametrize(
    "command", ["check", "migrate", "status", "status alpha --json", "audit alpha --json"]
)
@pytest.mark.usefixtures("asked")
def test_the_program_does_what_operations_tells(place: Place, command: str) -> None:
    said = run(f"{sys.executable} -m bot {command}", environment=place.environment)

    assert said.strip()


def _path() -> str:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl does not run on this machine")
    return str(Path(curl).parent)
