"""What the first release left in the engine's database goes on; it had one executor, and one limit for all.

`first_release.sql` is that database, dumped after a kill -9 of commit 5397fd7 with two runs in hand and one
in line.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from provisioner.engine.run import RunStatus
from tests.integration.runner.conftest import Works

LEFT = Path(__file__).with_name("first_release.sql")


def test_the_runs_of_the_first_release_go_on(tmp_path: Path) -> None:
    works = Works(tmp_path)
    runs = [works.office.approves(works.office.requested(project)) for project in ("alpha", "beta", "gamma")]
    with closing(sqlite3.connect(works.engine_file)) as engine:
        engine.executescript(LEFT.read_text(encoding="utf-8"))

    works.begin()

    for run in runs:
        works.wait_for(run.id, RunStatus.SUCCEEDED)
    assert len(works.office.world.writes) == 30
    assert works.runner.dispatch() == 0
    works.runner.stop()
    works.office.close()
