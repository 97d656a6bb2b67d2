"""What every store of runs keeps, whatever it stores them in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import partial
from threading import Barrier
from typing import Protocol

import pytest

from provisioner.engine.run import (
    AlreadyRunning,
    EntryKind,
    Inventory,
    Journal,
    Ledger,
    Run,
    RunId,
    RunRepository,
    RunStatus,
    StageProgress,
    StageStatus,
    Stale,
)
from provisioner.engine.stage import Goal
from provisioner.message import Message, literal
from tests.builders import NOON, a_failure, a_plan, a_run, an_entry


@dataclass(frozen=True, slots=True)
class Desk:
    """Both repositories over one open transaction."""

    runs: RunRepository
    journal: Journal


class _Fails(Exception):
    """Whatever may go wrong after the store was written to."""


class RunStore(Protocol):
    """A store under the laws."""

    def transaction(self) -> AbstractContextManager[Desk]: ...  # committed at its end, or taken back

    @property
    def ledger(self) -> Ledger: ...


def keep(store: RunStore, *runs: Run) -> None:
    with store.transaction() as desk:
        for run in runs:
            desk.runs.add(run)


def stored(store: RunStore, run_id: str) -> Run:
    with store.transaction() as desk:
        return desk.runs.get(RunId(run_id))


def take_back(store: RunStore, act: Callable[[Desk], object]) -> None:
    """Do it in a transaction that fails at its end."""

    def begin() -> None:
        with store.transaction() as desk:
            act(desk)
            raise _Fails

    with pytest.raises(_Fails):
        begin()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What the acts answered, begun at the same moment; an exception counts as an answer."""
    gate = Barrier(len(acts), timeout=30)

    def begin(act: Callable[[], object]) -> object:
        gate.wait()
        return act()

    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        futures = [pool.submit(begin, act) for act in acts]
    return [future.exception() or future.result() for future in futures]


class RepositoryLaws:
    """Inherit, and give the fixture `store`: a `RunStore` with nothing in it."""

    def test_a_run_comes_back_as_it_was_added(self, store: RunStore) -> None:
        run = a_run(
            status=RunStatus.FAILED,
            attempt=3,
            stages={
                "profile": StageProgress(status=StageStatus.DONE, since=NOON, tries=1),
                "bucket": StageProgress(status=StageStatus.FAILED, until=NOON, reason=Message("no {n}", n=1)),
            },
            failure=a_failure(),
            started_at=NOON + timedelta(microseconds=1),
            ended_at=NOON + timedelta(hours=1),
            inventory=(Inventory("bucket", Message("Bucket"), (literal("bucket alpha"),)),),
        )

        keep(store, run)

        assert stored(store, run.id) == run

    def test_times_come_back_aware_and_in_utc(self, store: RunStore) -> None:
        seoul = timezone(timedelta(hours=9))
        keep(store, a_run(created_at=NOON.astimezone(seoul)))

        found = stored(store, "WSR-0001.1").created_at

        assert found == NOON
        assert found.utcoffset() == timedelta(0)

    def test_an_unknown_run_is_a_key_error(self, store: RunStore) -> None:
        with pytest.raises(KeyError):
            stored(store, "WSR-0404.1")

    def test_a_workspace_has_one_active_run(self, store: RunStore) -> None:
        keep(store, a_run("WSR-0001.1"))

        with store.transaction() as desk, pytest.raises(AlreadyRunning, match="alpha"):
            desk.runs.add(a_run("WSR-0002.1"))

        with store.transaction() as desk:
            assert [run.id for run in desk.runs.all_latest()] == ["WSR-0001.1"]

    def test_a_refused_run_leaves_the_transaction_usable(self, store: RunStore) -> None:
        keep(store, a_run("WSR-0001.1"))

        with store.transaction() as desk:
            with pytest.raises(AlreadyRunning):
                desk.runs.add(a_run("WSR-0002.1"))
            desk.runs.add(a_run("WSR-0003.1", "beta"))

        assert stored(store, "WSR-0003.1").asked.project == "beta"

    @pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.CANCELLED])
    def test_an_ended_run_makes_room(self, store: RunStore, status: RunStatus) -> None:
        keep(store, a_run("WSR-0001.1", status=status))

        keep(store, a_run("WSR-0002.1"))

        assert stored(store, "WSR-0002.1").active

    @pytest.mark.parametrize(
        "status", [status for status in RunStatus if status not in {RunStatus.SUCCEEDED, RunStatus.CANCELLED}]
    )
    def test_any_other_run_does_not(self, store: RunStore, status: RunStatus) -> None:
        keep(store, a_run("WSR-0001.1", status=status))

        with pytest.raises(AlreadyRunning):
            keep(store, a_run("WSR-0002.1"))

    def test_giving_up_and_beginning_anew_is_one_transaction(self, store: RunStore) -> None:
        keep(store, a_run("WSR-0001.1", status=RunStatus.FAILED))

        with store.transaction() as desk:
            failed = desk.runs.get(RunId("WSR-0001.1"))
            failed.give_up(NOON)
            desk.runs.save(failed)
            desk.runs.add(a_run("WSR-0002.1", plan=a_plan(goal=Goal.ABSENT)))

        assert not stored(store, "WSR-0001.1").active
        assert stored(store, "WSR-0002.1").goal is Goal.ABSENT

    def test_two_who_add_at_once_get_one_run(self, store: RunStore) -> None:
        answers = at_once(*(partial(keep, store, a_run(f"WSR-000{n}.1")) for n in range(4)))

        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, AlreadyRunning) for answer in answers) == 3

    def test_saving_raises_the_version(self, store: RunStore) -> None:
        run = a_run()
        keep(store, run)
        run.to(RunStatus.RUNNING)

        with store.transaction() as desk:
            desk.runs.save(run)

        assert run.version == 1
        assert stored(store, run.id) == run

    def test_who_saves_an_old_copy_is_refused(self, store: RunStore) -> None:
        keep(store, a_run())
        mine, yours = stored(store, "WSR-0001.1"), stored(store, "WSR-0001.1")
        with store.transaction() as desk:
            desk.runs.save(yours)

        with pytest.raises(Stale), store.transaction() as desk:
            desk.runs.save(mine)

    def test_two_who_save_at_once_are_one_saved_and_one_refused(self, store: RunStore) -> None:
        keep(store, a_run())
        copies = [stored(store, "WSR-0001.1") for _ in range(2)]

        answers = at_once(*(partial(store.ledger.write, copy) for copy in copies))

        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, Stale) for answer in answers) == 1
        assert stored(store, "WSR-0001.1").version == 1

    def test_what_fails_is_taken_back_whole(self, store: RunStore) -> None:
        keep(store, a_run())

        def write(desk: Desk) -> None:
            desk.runs.add(a_run("WSR-0002.1", "beta"))
            desk.journal.append(RunId("WSR-0001.1"), an_entry())

        take_back(store, write)

        with store.transaction() as desk:
            assert desk.runs.latest("beta") is None
            assert not desk.journal.since(RunId("WSR-0001.1"), 0)

    def test_the_latest_run_of_a_project_is_the_last_that_was_added(self, store: RunStore) -> None:
        ended = RunStatus.CANCELLED
        keep(store, a_run("WSR-9999.1", status=ended), a_run("WSR-10000.1", status=ended))
        keep(store, a_run("WSR-0001.1", "beta"))

        with store.transaction() as desk:
            latest = desk.runs.latest("alpha")
            assert latest
            assert latest.id == "WSR-10000.1"
            assert [run.id for run in desk.runs.all_latest()] == ["WSR-10000.1", "WSR-0001.1"]
            assert desk.runs.latest("gamma") is None

    def test_what_a_project_came_to_last_is_its_newest_success(self, store: RunStore) -> None:
        done, gone = RunStatus.SUCCEEDED, a_plan(goal=Goal.ABSENT)
        keep(store, a_run("WSR-9999.1", status=done, plan=gone), a_run("WSR-10000.1", status=done))
        keep(store, a_run("WSR-10001.1", status=RunStatus.CANCELLED), a_run("WSR-10002.1"))
        keep(store, a_run("WSR-0001.1", "beta", status=done, plan=gone))
        keep(store, a_run("WSR-0002.1", "gamma", status=RunStatus.FAILED))

        with store.transaction() as desk:
            found = desk.runs.last_succeeded("alpha")
            assert found
            assert found.id == "WSR-10000.1"
            assert desk.runs.last_succeeded("gamma") is None

    def test_those_that_wait_for_a_new_approval_are_found_oldest_first(self, store: RunStore) -> None:
        status = RunStatus.PARKED
        keep(store, a_run("WSR-0003.1", "c", status=status), a_run("WSR-0002.1", "b", status=status))
        others = [other for other in RunStatus if other is not status]
        keep(store, *(a_run(f"WSR-{other}.1", other, status=other) for other in others))

        with store.transaction() as desk:
            assert [run.id for run in desk.runs.parked()] == ["WSR-0003.1", "WSR-0002.1"]

    def test_in_flight_is_what_the_runner_has_to_move(self, store: RunStore) -> None:
        for number, status in enumerate(RunStatus):
            keep(store, a_run(f"WSR-000{number}.1", f"p{number}", status=status))

        with store.transaction() as desk:
            found = [run.status for run in desk.runs.in_flight()]

        assert found == [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING]

    def test_the_line_is_what_is_queued_and_whoever_was_put_back_stands_at_its_end(
        self, store: RunStore
    ) -> None:
        keep(
            store, *(a_run(f"WSR-000{n}.1", f"p{n}", created_at=NOON + timedelta(minutes=n)) for n in (1, 2))
        )
        keep(
            store,
            a_run("WSR-0003.1", "p3", status=RunStatus.FAILED),
            a_run("WSR-0004.1", "p4", status=RunStatus.WAITING),
        )
        again = stored(store, "WSR-0003.1")
        again.retry()
        with store.transaction() as desk:
            desk.runs.save(again)
            desk.journal.append(again.id, an_entry(kind=EntryKind.REQUEUED, at=NOON + timedelta(hours=1)))

        with store.transaction() as desk:
            assert desk.runs.line() == [("WSR-0001.1", 1), ("WSR-0002.1", 1), ("WSR-0003.1", 2)]

    def test_asking_to_cancel_makes_nobody_stale(self, store: RunStore) -> None:
        keep(store, a_run())
        run = stored(store, "WSR-0001.1")
        assert not store.ledger.cancel_requested(run.id)

        with store.transaction() as desk:
            desk.runs.request_cancel(run.id)
        store.ledger.write(run)

        assert store.ledger.cancel_requested(run.id)

    def test_a_wish_to_cancel_is_forgotten_by_a_retry(self, store: RunStore) -> None:
        keep(store, a_run(status=RunStatus.FAILED))
        run = stored(store, "WSR-0001.1")
        with store.transaction() as desk:
            desk.runs.request_cancel(run.id)

        run.retry()
        store.ledger.write(run)

        assert not store.ledger.cancel_requested(run.id)

    def test_asking_about_an_unknown_run_is_a_key_error(self, store: RunStore) -> None:
        with pytest.raises(KeyError), store.transaction() as desk:
            desk.runs.request_cancel(RunId("WSR-0404.1"))
        with pytest.raises(KeyError):
            store.ledger.cancel_requested(RunId("WSR-0404.1"))
