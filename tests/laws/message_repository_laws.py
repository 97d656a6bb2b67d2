"""What a store of tracked messages keeps, whatever database it stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from approvals.model import RequestId, RequestStatus, Verdict
from bot.model.tracked_message import MessageState, TrackedMessage
from bot.storage.database import Database, UnitOfWork
from provisioner.engine.run import RunId, RunStatus
from tests.builders import NOON, a_request, a_run, a_thread, an_actor, an_entry

LATER = NOON + timedelta(minutes=1)


def keep(database: Database, *threads: TrackedMessage) -> list[bool]:
    with database.unit() as unit:
        added = [unit.messages.add(thread) for thread in threads]
        unit.commit()
    return added


def to_tell_at(database: Database, now: datetime) -> list[str]:
    with database.unit() as unit:
        return [thread.key for thread in unit.messages.to_tell(now)]


def found_at(database: Database, channel: str, ts: str) -> str | None:
    with database.unit() as unit:
        thread = unit.messages.at(channel, ts)
        return thread.key if thread else None


def _decided(unit: UnitOfWork) -> None:
    request = unit.requests.get_for_update(RequestId("WSR-0003"))
    request.decide(an_actor(), Verdict.APPROVE, now=NOON)
    unit.requests.save(request)


def _moved(unit: UnitOfWork) -> None:
    run = unit.runs.get(RunId("WSR-0001.1"))
    run.to(RunStatus.RUNNING)
    unit.runs.save(run)


def _journalled(unit: UnitOfWork) -> None:
    unit.journal.append(RunId("WSR-0001.1"), an_entry())


CHANGES: dict[str, Callable[[UnitOfWork], None]] = {
    "a decision": _decided,
    "a step of a run": _moved,
    "a line of a journal": _journalled,
}


class MessageRepositoryLaws:
    def test_a_thread_is_read_as_it_was_kept(self, database: Database) -> None:
        thread = a_thread(
            "WSR-0001/ready",
            language="ko",
            state=MessageState.SENDING,
            ts="1764000000.000200",
            root_ts="1764000000.000100",
            digest="d1",
            told=7,
            sending=8,
            shown_at=NOON,
            tries=3,
            next_at=LATER,
        )

        assert keep(database, thread) == [True]

        with database.unit() as unit:
            assert unit.messages.get(thread.key) == thread
            assert unit.messages.get("WSR-0002") is None

    def test_a_key_is_kept_once(self, database: Database) -> None:
        assert keep(database, a_thread(), a_thread(channel="C0OTHER")) == [True, False]

        with database.unit() as unit:
            assert unit.messages.get("WSR-0001") == a_thread()

    def test_what_is_saved_is_what_is_kept(self, database: Database) -> None:
        keep(database, a_thread("WSR-0001"), a_thread("WSR-0002"))
        sent = replace(a_thread("WSR-0001"), state=MessageState.SENT, ts="1.1", told=3)

        with database.unit() as unit:
            unit.messages.save(sent)
            unit.commit()

        with database.unit() as unit:
            assert unit.messages.get("WSR-0001") == sent
            assert unit.messages.get("WSR-0002") == a_thread("WSR-0002")

    def test_what_is_not_there_is_not_saved(self, database: Database) -> None:
        with database.unit() as unit, pytest.raises(KeyError):
            unit.messages.save(a_thread())

    def test_told_are_those_that_do_not_show_all_and_whose_time_has_come_in_order(
        self, database: Database
    ) -> None:
        keep(
            database,
            a_thread("new"),
            a_thread("later", next_at=LATER),
            a_thread("closed", state=MessageState.CLOSED),
            a_thread("sent", state=MessageState.SENT, next_at=NOON),
            a_thread("sending", state=MessageState.SENDING),
            a_thread("shown", state=MessageState.SENT, changed=3, shown=3),
        )

        assert to_tell_at(database, NOON) == ["new", "sent", "sending"]
        assert to_tell_at(database, LATER) == ["new", "later", "sent", "sending"]

    def test_what_was_put_off_is_told_though_the_clock_was_set_back_since(self, database: Database) -> None:
        keep(database, a_thread("later", next_at=NOON + timedelta(seconds=30)))

        assert to_tell_at(database, NOON) == []
        assert to_tell_at(database, NOON - timedelta(hours=1)) == ["later"]

    def test_a_place_is_found_by_the_message_or_by_the_thread_it_stands_in(self, database: Database) -> None:
        keep(
            database,
            a_thread("WSR-0002", ts="1.2", root_ts="1.1"),
            a_thread("WSR-0001", ts="1.1"),
            a_thread("WSR-0003", channel="C0OTHER", ts="1.3"),
        )

        assert found_at(database, "C0REQUESTS", "1.1") == "WSR-0001"  # the message itself comes first
        assert found_at(database, "C0REQUESTS", "1.2") == "WSR-0002"
        assert found_at(database, "C0OTHER", "1.1") is None
        assert found_at(database, "C0REQUESTS", "1.3") is None

    def test_a_message_not_yet_sent_stands_nowhere(self, database: Database) -> None:
        keep(database, a_thread())

        assert found_at(database, "C0REQUESTS", "") is None

    def test_all_messages_of_a_request_are_found(self, database: Database) -> None:
        keep(database, a_thread("WSR-0001"), a_thread("WSR-0002"), a_thread("WSR-0001/ready"))

        with database.unit() as unit:
            found = [thread.key for thread in unit.messages.for_requests(["WSR-0001"])]
        assert found == ["WSR-0001", "WSR-0001/ready"]

    def test_what_has_shown_all_is_told_again_when_its_project_changes(self, database: Database) -> None:
        _two_projects(database)
        _all_shown(database)

        with database.unit() as unit:
            unit.messages.mark(["alpha"])
            unit.commit()

        assert to_tell_at(database, NOON) == ["WSR-0001", "WSR-0003"]

    @pytest.mark.parametrize("change", CHANGES)
    def test_every_change_of_what_is_shown_is_marked_in_its_own_transaction(
        self, database: Database, change: str
    ) -> None:
        _two_projects(database)
        _all_shown(database)

        with database.unit() as unit:
            CHANGES[change](unit)
        assert to_tell_at(database, NOON) == []

        with database.unit() as unit:
            CHANGES[change](unit)
            unit.commit()
        assert to_tell_at(database, NOON) == ["WSR-0001", "WSR-0003"]

    def test_what_the_engine_writes_is_marked(self, database: Database) -> None:
        _two_projects(database)
        with database.reader() as unit:
            run = unit.runs.get(RunId("WSR-0001.1"))
        _all_shown(database)

        database.ledger().write(run, an_entry())

        assert to_tell_at(database, NOON) == ["WSR-0001", "WSR-0003"]

    def test_what_another_replica_commits_is_to_be_told_here(self, replicas: Sequence[Database]) -> None:
        here, there = replicas
        _two_projects(here)
        _all_shown(here)

        with there.unit() as unit:
            unit.journal.append(RunId("WSR-0001.1"), an_entry())
            unit.commit()

        assert to_tell_at(here, NOON) == ["WSR-0001", "WSR-0003"]

    def test_a_change_while_it_was_told_is_not_lost_by_saving(self, database: Database) -> None:
        _two_projects(database)
        read = _all_shown(database)[0]
        with database.unit() as unit:
            unit.messages.mark(["alpha"])
            unit.commit()

        with database.unit() as unit:
            unit.messages.save(replace(read, shown=read.changed))
            assert not unit.messages.close(read)
            unit.commit()

        assert "WSR-0001" in to_tell_at(database, NOON)

    def test_a_closed_message_is_told_again_only_when_it_is_opened_again(self, database: Database) -> None:
        _two_projects(database)
        read = _all_shown(database)[0]
        with database.unit() as unit:
            assert unit.messages.close(read)
            unit.messages.mark(["alpha"])
            unit.commit()
        assert to_tell_at(database, NOON) == ["WSR-0003"]

        with database.unit() as unit:
            unit.messages.reopen("WSR-0001")
            unit.messages.reopen("WSR-0002")  # is not closed
            unit.commit()

        assert to_tell_at(database, NOON) == ["WSR-0001", "WSR-0003"]


def _two_projects(database: Database) -> None:
    """Two requests of alpha, one of them with its run, and one of beta; each with its card."""
    approved = a_request("WSR-0001", "alpha", status=RequestStatus.REJECTED, ended_at=NOON)
    with database.unit() as unit:
        for request in (approved, a_request("WSR-0002", "beta"), a_request("WSR-0003", "alpha")):
            unit.requests.add(request)
            unit.messages.add(a_thread(request.id, ts=f"1.{request.id}"))
        unit.runs.add(a_run("WSR-0001.1", "alpha"))
        unit.commit()


def _all_shown(database: Database) -> Sequence[TrackedMessage]:
    """Nothing is left to be told; the messages as they are read then."""
    with database.unit() as unit:
        for message in unit.messages.to_tell(NOON):
            unit.messages.save(replace(message, state=MessageState.SENT, shown=message.changed))
        unit.commit()
    with database.reader() as unit:
        return unit.messages.for_requests(["WSR-0001", "WSR-0002", "WSR-0003"])
