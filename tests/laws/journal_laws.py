"""What every journal keeps, whatever it is kept in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from provisioner.engine.run import Entry, EntryKind, RunId, RunStatus, Stale
from provisioner.message import Message, Ref, RefKind
from tests.builders import NOON, a_run, an_entry
from tests.laws.repository_laws import RunStore, at_once, keep, stored, take_back

RUN = RunId("WSR-0001.1")


def entries(store: RunStore, run_id: RunId = RUN, since: int = 0) -> list[Entry]:
    with store.transaction() as desk:
        return list(desk.journal.since(run_id, since))


class JournalLaws:
    """Inherit, and give the fixture `store`: a `RunStore` with nothing in it."""

    def test_entries_are_numbered_from_one_for_each_run(self, store: RunStore) -> None:
        keep(store, a_run(), a_run("WSR-0002.1", "beta"))

        with store.transaction() as desk:
            first = desk.journal.append(RUN, an_entry())
            other = desk.journal.append(RunId("WSR-0002.1"), an_entry())
            second = desk.journal.append(RUN, an_entry())

        assert (first.number, second.number, other.number) == (1, 2, 1)

    def test_an_entry_comes_back_as_it_was_written(self, store: RunStore) -> None:
        keep(store, a_run())
        message = Message(
            "{who} saw {inner} at {time}",
            plural="{who} saw {n} at {time}",
            who=Ref(RefKind.PERSON, "U1"),
            inner=Message("S3 bucket"),
            time=NOON,
            n=2,
        )
        entry = an_entry(message, kind=EntryKind.STAGE_DONE, data={"list": [1, None, {"deep": "버킷"}]})

        store.ledger.write(stored(store, RUN), entry)

        assert entries(store) == [replace(entry, number=1)]

    def test_times_come_back_aware_and_in_utc(self, store: RunStore) -> None:
        keep(store, a_run())
        store.ledger.write(stored(store, RUN), an_entry(at=NOON.astimezone(timezone(timedelta(hours=9)))))

        found = entries(store)[0].at

        assert found == NOON
        assert found.utcoffset() == timedelta(0)

    def test_reading_since_a_number_gives_what_came_after(self, store: RunStore) -> None:
        keep(store, a_run())
        store.ledger.write(stored(store, RUN), *(an_entry(Message(word)) for word in "abcd"))

        assert [str(entry.message) for entry in entries(store, since=2)] == ["c", "d"]
        assert entries(store, since=4) == []

    def test_a_run_and_its_entries_are_written_all_or_nothing(self, store: RunStore) -> None:
        keep(store, a_run())
        old = stored(store, RUN)
        store.ledger.write(stored(store, RUN), an_entry(Message("kept")))

        old.to(RunStatus.RUNNING)
        with pytest.raises(Stale):
            store.ledger.write(old, an_entry(Message("lost")))

        assert [str(entry.message) for entry in entries(store)] == ["kept"]
        assert stored(store, RUN).status is RunStatus.QUEUED

    def test_no_number_is_left_out_when_a_transaction_is_taken_back(self, store: RunStore) -> None:
        keep(store, a_run())
        take_back(store, lambda desk: desk.journal.append(RUN, an_entry()))

        store.ledger.write(stored(store, RUN), an_entry())

        assert [entry.number for entry in entries(store)] == [1]

    def test_many_who_write_at_once_leave_no_gap(self, store: RunStore) -> None:
        keep(store, a_run())

        def write() -> None:
            for _ in range(5):
                with store.transaction() as desk:
                    desk.journal.append(RUN, an_entry())

        assert at_once(*[write] * 4) == [None] * 4

        assert [entry.number for entry in entries(store)] == list(range(1, 21))

    def test_an_entry_of_an_unknown_run_is_a_key_error(self, store: RunStore) -> None:
        with pytest.raises(KeyError), store.transaction() as desk:
            desk.journal.append(RUN, an_entry())
