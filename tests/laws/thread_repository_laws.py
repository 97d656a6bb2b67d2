"""What a store of threads keeps, whatever database it stands on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.model.tracked_message import MessageState, TrackedMessage
from bot.storage.database import Database
from tests.builders import NOON, a_thread

LATER = NOON + timedelta(minutes=1)


def keep(database: Database, *threads: TrackedMessage) -> list[bool]:
    with database.unit() as unit:
        added = [unit.messages.add(thread) for thread in threads]
        unit.commit()
    return added


def open_at(database: Database, now: datetime) -> list[str]:
    with database.unit() as unit:
        return [thread.key for thread in unit.messages.to_tell(now)]


def found_at(database: Database, channel: str, ts: str) -> str | None:
    with database.unit() as unit:
        thread = unit.messages.at(channel, ts)
        return thread.key if thread else None


class ThreadRepositoryLaws:
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

    def test_open_are_those_not_closed_whose_time_has_come_in_their_order(self, database: Database) -> None:
        keep(
            database,
            a_thread("new"),
            a_thread("later", next_at=LATER),
            a_thread("closed", state=MessageState.CLOSED),
            a_thread("sent", state=MessageState.SENT, next_at=NOON),
            a_thread("sending", state=MessageState.SENDING),
        )

        assert open_at(database, NOON) == ["new", "sent", "sending"]
        assert open_at(database, LATER) == ["new", "later", "sent", "sending"]

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
