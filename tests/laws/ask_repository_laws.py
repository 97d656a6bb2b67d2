"""What a store of asks keeps, whatever database it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.errors import KeyReused
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.storage.database import Database
from tests.builders import NOON, a_spec, an_ask
from tests.laws.request_repository_laws import race

LATER = NOON + timedelta(minutes=1)


def keep(database: Database, *submissions: Submission) -> list[bool]:
    with database.unit() as unit:
        added = [unit.submissions.add(ask) for ask in submissions]
        unit.commit()
    return added


def due(database: Database, state: SubmissionState = SubmissionState.NEW, limit: int = 10) -> list[str]:
    with database.unit() as unit:
        return [ask.key for ask in unit.submissions.due(state, NOON, limit)]


class AskRepositoryLaws:
    def test_an_ask_is_read_as_it_was_kept(self, database: Database) -> None:
        ask = an_ask(
            kind=SubmissionKind.LOOK,
            locale="ko-KR",
            thread_ts="1764000000.000100",
            spec={"project": "alpha"},
            state=SubmissionState.ANSWERED,
            outcome={"card": {"text": "there", "n": 1}},
            tries=2,
            next_at=LATER,
            sending=True,
        )

        assert keep(database, ask) == [True]

        with database.unit() as unit:
            assert unit.submissions.get(ask.key) == ask
            assert unit.submissions.get("V2") is None

    def test_the_same_delivered_twice_is_kept_once(self, database: Database) -> None:
        ask = an_ask()

        assert keep(database, ask, replace(ask, at=LATER)) == [True, False]

        assert due(database) == [ask.key]

    def test_delivered_again_after_it_was_answered_it_stays_answered(self, database: Database) -> None:
        ask = an_ask()
        keep(database, ask)
        with database.unit() as unit:
            unit.submissions.save(replace(ask, state=SubmissionState.CLOSED))
            unit.commit()

        assert keep(database, ask) == [False]

        assert due(database) == []

    @pytest.mark.parametrize(
        "other",
        [
            an_ask(user="U0JOE"),
            an_ask(channel="C0OTHER"),
            an_ask(kind=SubmissionKind.STATUS),
            an_ask(spec=a_spec("beta").to_json()),
        ],
    )
    def test_a_key_with_other_content_is_refused(self, database: Database, other: Submission) -> None:
        keep(database, an_ask())

        with pytest.raises(KeyReused):
            keep(database, other)

        with database.unit() as unit:
            assert unit.submissions.get("V1") == an_ask()

    def test_a_refused_key_does_not_spoil_the_transaction(self, database: Database) -> None:
        keep(database, an_ask("V1"))

        with database.unit() as unit:
            with pytest.raises(KeyReused):
                unit.submissions.add(an_ask("V1", user="U0JOE"))
            unit.submissions.add(an_ask("V2"))
            unit.commit()

        assert due(database) == ["V1", "V2"]

    def test_what_is_saved_is_what_is_kept(self, database: Database) -> None:
        keep(database, an_ask("V1"), an_ask("V2"))
        answered = replace(an_ask("V1"), state=SubmissionState.ANSWERED, outcome={"said": ["no"]})

        with database.unit() as unit:
            unit.submissions.save(answered)
            unit.commit()

        with database.unit() as unit:
            assert unit.submissions.get("V1") == answered
            assert unit.submissions.get("V2") == an_ask("V2")

    def test_what_is_not_there_is_not_saved(self, database: Database) -> None:
        with database.unit() as unit, pytest.raises(KeyError):
            unit.submissions.save(an_ask())

    def test_due_are_those_in_the_state_whose_time_has_come_in_their_order(self, database: Database) -> None:
        keep(
            database,
            an_ask("first", at=LATER),
            an_ask("later", next_at=LATER),
            an_ask("now", next_at=NOON),
            an_ask("answered", state=SubmissionState.ANSWERED),
            an_ask("third"),
        )

        assert due(database) == ["first", "now", "third"]
        assert due(database, limit=2) == ["first", "now"]
        assert due(database, SubmissionState.ANSWERED) == ["answered"]
        assert due(database, SubmissionState.CLOSED) == []

    def test_due_may_be_asked_for_of_some_kinds(self, database: Database) -> None:
        kinds = (SubmissionKind.CREATE, SubmissionKind.LOOK, SubmissionKind.DELETE, SubmissionKind.LOOK)
        keep(database, *(an_ask(f"V{number}", kind=kind) for number, kind in enumerate(kinds)))

        with database.unit() as unit:
            looks = unit.submissions.due(SubmissionState.NEW, NOON, 10, kinds={SubmissionKind.LOOK})

        assert [ask.key for ask in looks] == ["V1", "V3"]


class AskRaceLaws:
    def test_one_form_delivered_to_two_replicas_at_once_is_kept_once(
        self, replicas: Sequence[Database]
    ) -> None:
        keys = [f"V{number}" for number in range(50)]
        handlers = [lambda key, at=at: str(keep(at, an_ask(key))) for at in replicas]

        for outcomes in race(keys, handlers):
            assert sorted(outcomes) == ["[False]", "[True]"]

        assert sorted(due(replicas[0], limit=100)) == sorted(keys)
