"""eksctl as a child process; little programs stand for it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from provisioner.stages.nodegroup.eksctl import EksctlProgram
from provisioner.stages.nodegroup.state import Child, Task
from provisioner.vendor_call import Permanent
from tests.builders import NOON
from tests.laws.eksctl_laws import EksctlLaws, config
from tests.sandbox.eventually import eventually

NAME = "ng-an2-aicond-alpha-ws-standard"
SECRET = "canary/of+eksctl"
CONFIG = config(NAME)
TAGS_DENIED = """\
2026-11-23 17:15:25 [ℹ]  building managed nodegroup stack "eksctl-aic-nodegroup-ng"
2026-11-23 17:15:25 [✖]  creating or updating asg tags for managed nodegroup "ng": api error AccessDenied
  and a line that goes on
2026-11-23 17:15:25 [ℹ]  to cleanup resources, run 'eksctl delete nodegroup'
"""

CREATED_NOTHING = """\
2026-11-23 16:59:02 [ℹ]  will use version 1.34 for new nodegroup(s) based on control plane version
2026-11-23 16:59:02 [ℹ]  1 existing nodegroup(s) (ng) will be excluded
2026-11-23 16:59:02 [!]  "aws-node" was not found
2026-11-23 16:59:02 [ℹ]  1 task: { no tasks }
2026-11-23 16:59:02 [ℹ]  no tasks
2026-11-23 16:59:02 [✔]  created 0 nodegroup(s) in cluster "aic"
2026-11-23 16:59:02 [✔]  created 0 managed nodegroup(s) in cluster "aic"
2026-11-23 16:59:02 [ℹ]  checking security group configuration for all nodegroups
2026-11-23 16:59:02 [ℹ]  all nodegroups have up-to-date cloudformation templates
"""
TELL_PID = 'echo $$ > "$(dirname "$0")/pid"'
FOR_EVER = "exec tail -f /dev/null"

leashed = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux has a parent-death signal"
)


class Stand:
    """A folder with a program in it, and the client over both."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.state = folder / "eksctl"
        self.client = self.another()
        self.told = Event()  # that a program has ended

    def another(self) -> EksctlProgram:
        """As the bot after it was started again."""
        path = f"{self.bin}:{os.defpath}"
        return EksctlProgram(
            program="eksctl",
            folder=self.state,
            environment={"PATH": path, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "ap-northeast-2"},
        )

    def program(self, *lines: str) -> None:
        file = self.bin / "eksctl"
        file.write_text("\n".join(("#!/bin/sh", *lines, "")))
        file.chmod(0o755)

    def create(self) -> None:
        self.client.start_create(NAME, CONFIG, at=NOON, ended=self.told.set)

    def delete(self) -> None:
        self.client.start_delete(NAME, cluster="aic", region="ap-northeast-2", at=NOON, ended=self.told.set)

    def ended(self) -> Child:
        def look() -> Child | None:
            child = self.client.child(NAME)
            return None if child is None or child.running else child

        return eventually(look)  # type: ignore[return-value]  # it waits until there is one

    def file(self, name: str, task: Task = Task.CREATE) -> Path:
        return self.state / f"{NAME}.{task}" / name

    def pid(self, name: str = "pid") -> int:
        """That the program wrote, once it has."""
        file = self.bin / name
        return int(eventually(lambda: file.exists() and file.read_text().strip()))


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.client.stop()


class ProcessBench:
    """Children that go on until a file of their node group is there; who is alive is read from /proc."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "eksctl"
        program.write_text(
            "#!/bin/sh\n"
            "for word; do case $word in\n"
            "--name=*) group=${word#*=};; *.create/*) group=${word%.create/*};; esac; done\n"
            f'while [ ! -e "{folder}/${{group##*/}}.done" ]; do sleep 0.02; done\n'
        )
        program.chmod(0o755)
        self.eksctl = self._another()

    def _another(self) -> EksctlProgram:
        return EksctlProgram(
            program=str(self._folder / "eksctl"),
            folder=self._folder / "state",
            environment={"PATH": os.defpath},
            at_once=2,
        )

    def at_work(self) -> set[str]:
        return set(re.findall(r"(?:--name=|/)(\w+)(?:\.create/|\0--wait)", "".join(self._commands())))

    def finish(self, nodegroup: str) -> None:
        (self._folder / f"{nodegroup}.done").touch()
        eventually(lambda: nodegroup not in self.at_work())

    def _commands(self) -> Iterator[str]:
        """Of our children that are alive: a zombie has none, nor has one in the moment that it begins."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                _, parent = _state(process)
                for _ in range(1000 if parent == os.getpid() else 0):
                    command = (process / "cmdline").read_text()
                    if command or _state(process)[0] == "Z":
                        yield command
                        break

    def die(self) -> None:
        self.eksctl.stop()
        self.eksctl = self._another()


class TestLaws(EksctlLaws):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[ProcessBench]:
        bench = ProcessBench(tmp_path)
        yield bench
        bench.eksctl.stop()


def _state(process: Path) -> tuple[str, int]:
    """And its parent."""
    state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
    return state, int(parent)


def gone(pid: int) -> bool:
    """Dead; a zombie that nobody has waited for is dead, too."""
    try:
        return _state(Path(f"/proc/{pid}"))[0] == "Z"
    except FileNotFoundError:
        return True


def test_create_is_told_by_a_file_that_nobody_else_can_read(stand: Stand) -> None:
    stand.program('echo "$@" > "$(dirname "$0")/said"')
    stand.create()

    stand.ended()

    config = stand.file("config.yaml")
    assert (stand.bin / "said").read_text() == (
        f"create nodegroup --config-file={config} --timeout=1500s --color=false\n"
    )
    assert config.read_text() == CONFIG.text()
    assert (config.stat().st_mode & 0o777, config.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_T46_T47_delete_is_by_name_and_waits(stand: Stand) -> None:
    stand.program('echo "$@" > "$(dirname "$0")/said"')
    stand.delete()

    assert stand.ended().task is Task.DELETE
    assert (stand.bin / "said").read_text() == (
        f"delete nodegroup --cluster=aic --region=ap-northeast-2 --name={NAME} --wait"
        " --timeout=1500s --color=false\n"
    )


def test_it_is_given_only_the_environment_it_is_to_have(stand: Stand) -> None:
    stand.program('env > "$(dirname "$0")/env"')
    stand.create()
    stand.ended()

    names = {line.partition("=")[0] for line in (stand.bin / "env").read_text().splitlines()}

    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}


def test_it_is_started_and_not_awaited(stand: Stand) -> None:
    stand.program(FOR_EVER)
    stand.create()

    child = stand.client.child(NAME)

    assert child == Child(task=Task.CREATE, started_at=NOON, running=True)


def test_its_end_is_told(stand: Stand) -> None:
    stand.program("read never", "exit 3")  # of /dev/null

    stand.create()

    assert stand.told.wait(10)
    assert stand.ended().exit_code == 3


def test_the_end_of_one_that_runs_is_not_told(stand: Stand) -> None:
    stand.program(FOR_EVER)

    stand.create()

    assert not stand.told.wait(0.2)
    stand.client.stop()


def test_a_log_that_is_longer_than_a_pipe_does_not_block(stand: Stand) -> None:
    stand.program("head -c 300000 /dev/zero | tr '\\0' 'x'", "echo", "echo 'the end'")
    stand.create()

    child = stand.ended()

    assert child.exit_code == 0
    assert child.words.endswith("the end")


def test_of_an_error_the_lines_that_tell_it_are_kept(stand: Stand) -> None:
    (stand.bin / "log").write_text(TAGS_DENIED)
    stand.program(
        'cat "$(dirname "$0")/log"',
        "echo 'Error: failed to create nodegroups for cluster \"aic\"' >&2",
        "exit 1",
    )
    stand.create()

    child = stand.ended()

    assert (child.exit_code, child.ended) == (1, True)
    assert child.words.splitlines() == [
        'creating or updating asg tags for managed nodegroup "ng": api error AccessDenied',
        "and a line that goes on",
        'Error: failed to create nodegroups for cluster "aic"',
    ]


def test_what_it_says_again_and_again_is_told_once(stand: Stand) -> None:
    (stand.bin / "log").write_text("2026-11-23 17:15:25 [!]  3 pods are unevictable from node n0\n" * 30)
    stand.program('cat "$(dirname "$0")/log"', "echo 'Error: timed out' >&2", "exit 1")
    stand.delete()

    assert stand.ended().words == "3 pods are unevictable from node n0\nError: timed out"


def test_of_an_end_without_an_error_the_last_lines_are_kept_and_not_the_warnings_alone(stand: Stand) -> None:
    (stand.bin / "log").write_text(CREATED_NOTHING)
    stand.program('cat "$(dirname "$0")/log"')
    stand.create()

    words = stand.ended().words.splitlines()

    assert words[0] == "1 existing nodegroup(s) (ng) will be excluded"
    assert 'created 0 managed nodegroup(s) in cluster "aic"' in words


def test_an_error_without_lines_of_its_own_is_told_by_the_last_ones(stand: Stand) -> None:
    stand.program("echo panic", "exit 2")
    stand.create()

    assert stand.ended().words == "panic"


def test_no_secret_that_it_was_given_is_told(stand: Stand) -> None:
    stand.program('echo "Error: $AWS_SECRET_ACCESS_KEY is wrong" >&2', "exit 1")
    stand.create()

    words = stand.ended().words

    assert words == "Error: [hidden] is wrong"
    assert SECRET not in repr(stand.client)


@pytest.mark.parametrize("before", range(725, 750, 5))
def test_no_part_of_a_secret_is_left_where_a_line_is_cut(stand: Stand, before: int) -> None:
    line = f"Error: {'x' * (before - 7)}${{AWS_SECRET_ACCESS_KEY}}{'y' * 2000}"
    stand.program(f'echo "{line}" >&2', "exit 1")
    stand.create()

    words = stand.ended().words

    assert " … " in words
    assert SECRET[:4] not in words


@pytest.mark.parametrize("after", range(len(SECRET)))
def test_no_part_of_a_secret_is_left_where_a_long_log_begins_to_be_read(stand: Stand, after: int) -> None:
    last = "\nError: as it says\n"
    (stand.bin / "errors").write_text(f"Error: {SECRET}{'y' * (64 * 1024 - len(last) - after)}{last}")
    stand.program('cat "$(dirname "$0")/errors" >&2', "exit 1")
    stand.create()

    assert stand.ended().words == "Error: as it says"


def test_what_became_of_it_is_known_to_the_next_process(stand: Stand) -> None:
    stand.program("echo 'Error: as it says' >&2", "exit 1")
    stand.create()
    before = stand.ended()

    assert stand.another().child(NAME) == before


def test_one_that_died_with_the_bot_has_said_nothing(stand: Stand) -> None:
    stand.program(FOR_EVER)
    stand.create()
    stand.client.stop()

    child = stand.another().child(NAME)

    assert child is not None
    assert (child.running, child.exit_code, child.ended) == (False, None, False)
    assert stand.client.child(NAME) == child


def test_a_new_one_ends_the_one_before(stand: Stand) -> None:
    stand.program(TELL_PID, FOR_EVER)
    stand.create()
    first = stand.pid()
    stand.program("exit 0")

    stand.delete()

    assert gone(first)
    assert stand.ended().task is Task.DELETE
    assert not stand.file("started").exists()


def test_ended_by_us_it_is_forgotten(stand: Stand) -> None:
    stand.program(TELL_PID, FOR_EVER)
    stand.create()
    pid = stand.pid()

    stand.client.end(NAME)

    assert gone(pid)
    assert stand.client.child(NAME) is None
    assert stand.client.child("another") is None


def test_stop_ends_also_what_it_started_and_what_does_not_listen(stand: Stand) -> None:
    stand.program(
        "trap '' TERM",
        "tail -f /dev/null &",
        'echo $! > "$(dirname "$0")/grandchild"',
        TELL_PID,
        "while :; do wait; done",
    )
    stand.create()
    pids = stand.pid(), stand.pid("grandchild")

    stand.client.stop(within=timedelta(milliseconds=100))

    assert eventually(lambda: all(gone(pid) for pid in pids))


@leashed
def test_it_outlives_the_thread_that_asked_for_it(stand: Stand) -> None:
    stand.program(TELL_PID, FOR_EVER)
    thread = Thread(target=stand.create)
    thread.start()
    thread.join()

    pid = stand.pid()

    assert not gone(pid)
    child = stand.client.child(NAME)
    assert child is not None
    assert child.running


@leashed
def test_it_does_not_outlive_the_bot(stand: Stand) -> None:
    stand.program(TELL_PID, FOR_EVER)
    bot = subprocess.Popen(
        [sys.executable, "-c", BOT, str(stand.bin), str(stand.state)], cwd=Path(__file__).parents[5]
    )
    pid = stand.pid()
    assert not gone(pid)

    bot.send_signal(signal.SIGKILL)
    bot.wait()

    assert eventually(lambda: gone(pid))


def test_one_that_cannot_be_made_holds_up_no_other(tmp_path: Path) -> None:
    """A NUL in the environment stands for whatever Python refuses to start: it is no OSError."""
    client = EksctlProgram(program="true", folder=tmp_path, environment={"PATH": os.defpath, "LANG": "a\0b"})
    failed: list[Exception] = []

    def start() -> None:
        try:
            client.start_delete(NAME, cluster="aic", region="r", at=NOON, ended=Event().set)
        except ValueError as error:
            failed.append(error)

    for _ in range(2):
        thread = Thread(target=start, daemon=True)
        thread.start()
        thread.join(5)

    assert [str(error) for error in failed] == ["embedded null byte"] * 2


def test_a_program_that_is_not_there_is_said(stand: Stand) -> None:
    with pytest.raises(Permanent, match="program eksctl isn't installed"):
        stand.create()

    assert stand.client.child(NAME) is None


@pytest.mark.parametrize("version", ["0.169.0", "0.230.0-dev", "1.0.0"])
def test_T45_an_eksctl_that_reads_the_clusters_of_newer_ones_will_do(stand: Stand, version: str) -> None:
    stand.program(f"echo {version}")

    stand.client.check()

    assert stand.client.version() == version


@pytest.mark.parametrize("version", ["0.137.0", "0.168.9", "dev"])
def test_T45_an_older_eksctl_is_refused(stand: Stand, version: str) -> None:
    stand.program(f"echo {version}")

    with pytest.raises(
        Permanent, match=(f"eksctl {version} is too old: version 0.169.0 or later is required")
    ) as refused:
        stand.client.check()

    assert refused.value.hint is not None


def test_T45_an_eksctl_that_does_not_run_is_said_in_its_words(stand: Stand) -> None:
    stand.program("echo 'exec format error' >&2", "exit 2")

    with pytest.raises(Permanent, match="cannot run eksctl: exec format error"):
        stand.client.check()


BOT = """
import sys
from pathlib import Path
from threading import Event
from provisioner.stages.nodegroup.eksctl import EksctlProgram
from tests.builders import NOON

environment = {"PATH": f"{sys.argv[1]}:/usr/bin:/bin"}
eksctl = EksctlProgram(program="eksctl", folder=Path(sys.argv[2]), environment=environment)
eksctl.start_delete("ng", cluster="aic", region="r", at=NOON, ended=Event().set)
Event().wait(60)
"""
