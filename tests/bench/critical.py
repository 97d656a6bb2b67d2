"""A create over what its node group takes, beside the runbook as a script: the same steps, done directly.

The node group's own seconds are from the start of eksctl to its stack, and those in which AWS makes it. They
pass whoever waits for them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, figure
from tests.bench.script import BEGUN, READY
from tests.bench.subject import Subject, a_subject, until

BOOT = timedelta(seconds=10)
STOOD = 1.1 * BOOT.total_seconds()
"""Seconds from CreateStack until all of it is there: before the node group its role, a tenth as long."""
RUNS = 3
ROOT = Path(__file__).parent.parent.parent
STACK = "cloudformation.CreateStack"
CRITICAL = (
    "profile",
    "nodegroup",
    "dex-user",
    "conductor-workspace",
    "conductor-account",
    "conductor-member",
)
"""The longest way through what the stages need of each other."""


def critical_path() -> Iterator[Figure]:
    with a_subject(boot=BOOT) as subject:
        bots = [_by_the_bot(subject, number) for number in range(RUNS)]
        scripts = [_by_the_script(subject, f"script{number}") for number in range(RUNS)]
    note = f"node groups in {BOOT.total_seconds():.0f} s"
    yield figure("create, click to ready", [one["total"] for one in bots], "s", note)
    yield figure("the runbook as a script, one step after the other", [one["total"] for one in scripts], "s")
    over, direct = ([one["total"] - one["eksctl"] - STOOD for one in each] for each in (bots, scripts))
    yield figure("create over its node group", over, "s", "under 2")
    yield figure("the script over its node group", direct, "s", "each step looked at before and after, too")
    path = [sum(one[stage] for stage in CRITICAL) for one in bots]
    note = f"by the journal; the first over it {bots[0]['total'] / path[0]:.2f} times"
    yield figure("its critical path: profile, nodes, login, AI Conductor", path, "s", note)
    for stage in ("profile", "dex-user"):
        beside = sorted(one[stage] for one in scripts)[RUNS // 2]
        yield figure(f"stage {stage}", [one[stage] for one in bots], "s", f"the script: {beside:.2f}")


def _by_the_bot(subject: Subject, number: int) -> Mapping[str, float]:
    """Seconds of each stage, of all (`total`), and of eksctl until its stack."""
    project = f"critical{number}"
    card, before = subject.request(project), len(subject.world.writes(0))
    clicked = time.monotonic()
    subject.approve(card)
    until(lambda: subject.ready(project))
    total = time.monotonic() - clicked
    begun, done = subject.stage_times(f"WSR-{number + 1:04}.1")
    seconds = {stage: (done[stage] - begun[stage]).total_seconds() for stage in done}
    stacked = _stacked(subject.world.writes(before))
    return {**seconds, "total": total, "eksctl": stacked - begun["nodegroup"].timestamp()}


def _by_the_script(subject: Subject, project: str) -> Mapping[str, float]:
    """The same, by a process of its own with the bot's own settings."""
    state, before = subject.world.options.state, len(subject.world.writes(0))
    run = 'set -a; . "$0"; exec "$@"'
    seconds: dict[str, float] = {}
    with subprocess.Popen(
        ("/bin/sh", "-c", run, str(state / "bot.env"), sys.executable, "-m", "tests.bench.script", project),
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as script:
        for line in script.stdout or ():
            what, at = line.split()
            seconds[what] = float(at)
    if script.returncode:
        raise RuntimeError(f"the script ended with {script.returncode}")
    stacked = _stacked(subject.world.writes(before))
    return {**seconds, "total": seconds[READY], "eksctl": stacked - seconds[BEGUN]}


def _stacked(writes: Sequence[Mapping[str, Any]]) -> float:
    return max(float(write["time"]) for write in writes if write["call"] == STACK)
