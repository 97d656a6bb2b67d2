"""What a store of requests keeps, whatever database it stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from threading import Barrier

import pytest

from approvals.errors import AlreadyDecided, AlreadyPending, AlreadyVoted, KeyReused, Refusal, Unknown
from approvals.model import Actor, AuditEntry, Request, RequestId, RequestStatus, Verdict
from bot.storage.database import Database
from tests.builders import NOON, a_gate, a_request, a_subject, an_actor

LATER = NOON + timedelta(hours=1)
OVER = NOON + timedelta(hours=24)


def keep(database: Database, *requests: Request) -> None:
    with database.unit() as unit:
        for request in requests:
            unit.requests.add(request)
        unit.commit()


def stored(database: Database, request_id: str = "WSR-0001") -> Request:
    with database.unit() as unit:
        return unit.requests.get(RequestId(request_id))


def decide(
    database: Database, request_id: str, actor: Actor, verdict: Verdict = Verdict.APPROVE
) -> RequestStatus:
    """As the service does it: read under the lock, decide, save and record in one transaction."""
    with database.unit() as unit:
        request = unit.requests.get_for_update(RequestId(request_id))
        status = request.decide(actor, verdict, now=LATER, comment="because")
        unit.requests.save(request)
        entry = AuditEntry(at=LATER, actor=actor.id, action="request.decide", target=request.subject.target)
        unit.audit.append(entry)
        unit.commit()
    return status


class RequestRepositoryLaws:
    def test_a_request_is_read_as_it_was_kept(self, database: Database) -> None:
        request = a_request(
            subject=a_subject(facts={"gpu": 8, "env": "prod", "destroys_data": True}),
            gate=a_gate(needed=2, approvers=("leads", "workspace-admins"), open_for=timedelta(minutes=90)),
        )
        request.decide(an_actor("U0BOB"), Verdict.APPROVE, now=LATER, comment="fine")
        keep(database, request)

        assert stored(database) == request

    def test_a_time_is_the_same_moment_whatever_its_zone(self, database: Database) -> None:
        seoul = timezone(timedelta(hours=9))
        keep(database, a_request(asked_at=NOON.astimezone(seoul)))

        assert stored(database).asked_at == NOON
        assert stored(database).asked_at.utcoffset() == timedelta()

    def test_what_was_decided_is_kept(self, database: Database) -> None:
        keep(database, a_request())

        decide(database, "WSR-0001", an_actor("U0BOB"), Verdict.REJECT)

        request = stored(database)
        assert (request.status, request.ended_at) == (RequestStatus.REJECTED, LATER)
        assert [(made.actor, made.comment) for made in request.decisions] == [("U0BOB", "because")]

    def test_decisions_are_added_one_after_the_other(self, database: Database) -> None:
        keep(database, a_request(gate=a_gate(needed=3)))

        for user in ("U0BOB", "U0EVE", "U0LEA"):
            decide(database, "WSR-0001", an_actor(user))

        assert [made.actor for made in stored(database).decisions] == ["U0BOB", "U0EVE", "U0LEA"]
        assert stored(database).status is RequestStatus.APPROVED

    def test_an_unknown_request_is_said_to_be_unknown(self, database: Database) -> None:
        with database.unit() as unit:
            with pytest.raises(Unknown):
                unit.requests.get(RequestId("WSR-9999"))
            with pytest.raises(Unknown):
                unit.requests.save(a_request("WSR-9999"))

    def test_ids_count_up_and_none_is_given_twice(self, database: Database) -> None:
        given = []
        for _ in range(3):
            with database.unit() as unit:
                given += [unit.requests.next_id(), unit.requests.next_id()]
                unit.commit()

        assert given == [f"WSR-{number:04d}" for number in range(1, 7)]

    def test_a_target_has_one_pending_request(self, database: Database) -> None:
        keep(database, a_request("WSR-0001", "alpha"), a_request("WSR-0002", "beta"))

        with database.unit() as unit:
            with pytest.raises(AlreadyPending) as no:
                unit.requests.add(a_request("WSR-0003", "alpha"))
            unit.requests.add(a_request("WSR-0004", "gamma"))  # the transaction goes on
            unit.commit()

        assert (no.value.request_id, no.value.target) == ("WSR-0001", "alpha")
        assert stored(database, "WSR-0004").subject.target == "gamma"

    def test_a_target_is_free_again_once_its_request_has_ended(self, database: Database) -> None:
        keep(database, a_request("WSR-0001"))
        decide(database, "WSR-0001", an_actor(), Verdict.REJECT)

        keep(database, a_request("WSR-0002"))

        assert stored(database, "WSR-0002").pending

    def test_adding_the_same_twice_is_adding_it_once(self, database: Database) -> None:
        keep(database, a_request())

        keep(database, a_request())

        with database.unit() as unit:
            assert len(unit.requests.pending()) == 1

    def test_the_same_key_under_another_id_names_the_request_that_stands(self, database: Database) -> None:
        keep(database, a_request("WSR-0001", key="V1"))

        with database.unit() as unit, pytest.raises(AlreadyPending) as no:
            unit.requests.add(a_request("WSR-0002", key="V1"))

        assert no.value.request_id == "WSR-0001"

    @pytest.mark.parametrize(
        "other",
        [
            a_request("WSR-0002", "beta", key="V1"),
            a_request("WSR-0002", key="V1", subject=a_subject(digest="d2")),
            a_request("WSR-0002", key="V1", asked_by="U0JOE"),
        ],
    )
    def test_a_key_with_other_content_is_refused(self, database: Database, other: Request) -> None:
        keep(database, a_request("WSR-0001", key="V1"))

        with database.unit() as unit, pytest.raises(KeyReused):
            unit.requests.add(other)

        assert stored(database) == a_request("WSR-0001", key="V1")

    def test_a_request_is_found_by_its_key(self, database: Database) -> None:
        keep(database, a_request(key="V1"))

        with database.unit() as unit:
            assert unit.requests.by_key("V1") == a_request(key="V1")
            assert unit.requests.by_key("V2") is None

    def test_what_was_read_without_the_lock_does_not_undo_a_decision(self, database: Database) -> None:
        keep(database, a_request())
        with database.unit() as unit:
            late = unit.requests.pending_for("alpha")
        assert late is not None
        decide(database, "WSR-0001", an_actor("U0BOB"))

        late.expire(now=OVER)
        with database.unit() as unit, pytest.raises(AlreadyDecided) as no:
            unit.requests.save(late)

        assert (no.value.status, no.value.by) == ("approved", "U0BOB")
        assert stored(database).status is RequestStatus.APPROVED

    def test_saving_twice_is_saving_once(self, database: Database) -> None:
        keep(database, a_request())
        request = stored(database)
        request.decide(an_actor(), Verdict.APPROVE, now=LATER)

        for _ in range(2):
            with database.unit() as unit:
                unit.requests.save(request)
                unit.commit()

        assert stored(database) == request

    def test_pending_are_told_oldest_first(self, database: Database) -> None:
        keep(database, a_request("WSR-0002", "beta", asked_at=LATER), a_request("WSR-0001", "alpha"))
        keep(database, a_request("WSR-0003", "gamma"))
        decide(database, "WSR-0003", an_actor())

        with database.unit() as unit:
            assert [request.id for request in unit.requests.pending()] == ["WSR-0001", "WSR-0002"]

    def test_the_latest_of_a_target_is_found_whatever_became_of_it(self, database: Database) -> None:
        keep(database, a_request("WSR-0001"))
        decide(database, "WSR-0001", an_actor(), Verdict.REJECT)
        keep(database, a_request("WSR-0002", asked_at=LATER))
        decide(database, "WSR-0002", an_actor(), Verdict.REJECT)

        with database.unit() as unit:
            latest = unit.requests.latest_for("alpha")
            assert latest is not None
            assert latest.id == "WSR-0002"
            assert unit.requests.pending_for("alpha") is None
            assert unit.requests.latest_for("beta") is None

    def test_overdue_are_those_whose_time_is_over(self, database: Database) -> None:
        keep(database, a_request("WSR-0001", "alpha"), a_request("WSR-0002", "beta", asked_at=LATER))
        keep(database, a_request("WSR-0003", "gamma"))
        decide(database, "WSR-0003", an_actor())

        for now, ids in [(OVER - timedelta(seconds=1), []), (OVER, ["WSR-0001"])]:
            with database.unit() as unit:
                assert [request.id for request in unit.requests.overdue(now)] == ids

    def test_a_persons_own_come_newest_first_and_no_more_than_wanted(self, database: Database) -> None:
        for number in range(1, 5):
            asked_at = NOON + timedelta(minutes=number)
            keep(database, a_request(f"WSR-000{number}", f"p{number}", asked_at=asked_at))
        keep(database, a_request("WSR-0009", "other", asked_by="U0JOE"))

        with database.unit() as unit:
            mine = unit.requests.asked_by("U0MINA", 3)
        assert [request.id for request in mine] == ["WSR-0004", "WSR-0003", "WSR-0002"]

    def test_the_record_keeps_its_order_and_its_content(self, database: Database) -> None:
        entries = [
            AuditEntry(at=LATER, actor="U0BOB", action="request.approve", target="alpha", data={"n": 1}),
            AuditEntry(
                at=NOON, actor="system", action="request.expire", target="alpha", request_id="WSR-0001"
            ),
        ]
        with database.unit() as unit:
            for entry in entries:
                unit.audit.append(entry)
            unit.audit.append(AuditEntry(at=NOON, actor="U0BOB", action="request.ask", target="beta"))
            unit.commit()

        with database.unit() as unit:
            assert unit.audit.about("alpha") == entries


class RaceLaws:
    """Two replicas on one database, each with its own connections. `races` bounds the work."""

    races = 1000

    @pytest.mark.long
    def test_u1_many_deciders_at_once_decide_once(self, replicas: Sequence[Database]) -> None:
        ids = self._many(replicas[0], needed=1)
        deciders = [
            lambda request_id, user=user, at=at: decide(at, request_id, an_actor(user))
            for user, at in zip(("U0BOB", "U0EVE", "U0LEA"), (*replicas, replicas[0]), strict=True)
        ]

        for outcomes in race(ids, deciders):
            assert sorted(outcomes) == ["AlreadyDecided", "AlreadyDecided", "approved"]

        with replicas[0].unit() as unit:
            for request_id in ids:
                request = unit.requests.get(RequestId(request_id))
                assert (request.status, request.approvals) == (RequestStatus.APPROVED, 1)
                assert len(unit.audit.about(request.subject.target)) == 1

    def test_one_person_clicking_twice_at_once_counts_once(self, replicas: Sequence[Database]) -> None:
        ids = self._many(replicas[0], needed=2)[: self.races // 10]
        clicks = [lambda request_id, at=at: decide(at, request_id, an_actor("U0BOB")) for at in replicas]

        for outcomes in race(ids, clicks):
            assert sorted(outcomes) == [AlreadyVoted.__name__, "pending"]

        assert {stored(replicas[0], request_id).approvals for request_id in ids} == {1}

    def test_two_people_asking_for_one_target_at_once_ask_once(self, replicas: Sequence[Database]) -> None:
        targets = [f"p{number}" for number in range(self.races // 10)]

        def ask(target: str, at: Database, user: str) -> str:
            with at.unit() as unit:
                number = unit.requests.next_id()
                unit.requests.add(a_request(number, target, key=f"{user}-{target}", asked_by=user))
                unit.commit()
            return "asked"

        askers = [
            lambda target, at=at, user=user: ask(target, at, user)
            for at, user in zip(replicas, ("U0MINA", "U0JOE"), strict=True)
        ]

        for outcomes in race(targets, askers):
            assert sorted(outcomes) == [AlreadyPending.__name__, "asked"]

        with replicas[0].unit() as unit:
            assert sorted(request.subject.target for request in unit.requests.pending()) == sorted(targets)

    def _many(self, database: Database, *, needed: int) -> list[str]:
        requests = [
            a_request(f"WSR-{number:04d}", f"p{number}", gate=a_gate(needed=needed))
            for number in range(self.races)
        ]
        keep(database, *requests)
        return [request.id for request in requests]


def race(things: Sequence[str], racers: Sequence[Callable[[str], str]]) -> list[tuple[str, ...]]:
    """All racers at each thing at once, one thing after the other; what came out, by thing."""
    line = Barrier(len(racers))

    def run(racer: Callable[[str], str]) -> list[str]:
        outcomes = []
        for thing in things:
            line.wait(timeout=60)
            try:
                outcomes.append(str(racer(thing)))
            except Refusal as no:
                outcomes.append(type(no).__name__)
        return outcomes

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(zip(*pool.map(run, racers), strict=True))
