"""What `/ready` finds wrong, in words."""

from __future__ import annotations

from pathlib import Path

from bot.runtime import health as checks


def test_a_disk_with_little_left_is_told_with_how_much(tmp_path: Path) -> None:
    told = checks.disk(tmp_path, least=1 << 60)()

    assert told is not None
    assert told.endswith(f" MB are left on the disk of {tmp_path}")


def test_a_disk_is_looked_at_before_its_folder_is_made(tmp_path: Path) -> None:
    assert checks.disk(tmp_path / "not" / "yet", least=1)() is None


def test_a_job_that_has_not_run_for_a_minute_past_its_interval_is_named() -> None:
    ages = {"follow": 62.0, "expire": 62.0, "prune": 3600.0}
    every = {"follow": 1.0, "expire": 15.0, "prune": 3600.0}

    assert checks.jobs(lambda: ages, every)() == "follow has not succeeded for 62 s"


def test_where_no_job_runs_none_is_missed() -> None:
    assert checks.jobs(dict, {"follow": 1.0})() is None
