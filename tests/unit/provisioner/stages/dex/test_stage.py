"""The login in dex: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from provisioner.engine.stage import Goal, Stage, Verb, Wait
from provisioner.stages.dex.config import DexConfig, Login, read
from provisioner.stages.dex.stage import DexUserStage
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.dex import NEIGHBOURS, FakeDex
from tests.fakes.fuse import CrashNow
from tests.fakes.s3 import FakeS3
from tests.laws.stage_laws import (
    CANARY,
    TURNS_MOST,
    Fresh,
    StageCase,
    StageLaws,
    Trip,
    Wire,
    both,
    made,
)

WS = a_workspace()
WRITES = frozenset({"write", "restart"})
OTHER_HASH = "$2a$10$ucqiYA9KBbTvtXFKqnFJfuxWkp3wRfTWOgDW5ajwYGdZ3jpJIXHSW"


def a_login(**bent: str) -> Login:
    usual = {
        "email": WS.login_email,
        "hash": OTHER_HASH,
        "username": WS.login,
        "user_id": "20240917103000",
    }
    return Login(**usual | bent)


def a_stage(dex: FakeDex | Wire, password_hash: str = CANARY) -> Stage[Any]:
    client: FakeDex = dex.client if isinstance(dex, Wire) else dex
    port: FakeDex = dex  # type: ignore[assignment]  # a Wire has every method of what it stands before
    return DexUserStage(port, client, FakeS3(), SecretStr(password_hash), starts_within=timedelta(seconds=30))


def a_case() -> StageCase:
    dex = FakeDex()
    clock = FakeClock()

    def pass_time(seconds: float) -> None:
        clock.pass_by(seconds)
        dex.tick()

    def put(text: str) -> None:
        dex.edit(text)
        dex.running = text

    def with_ours(**bent: str) -> str:
        return read(NEIGHBOURS).with_login(a_login(**bent)).text

    def breaks() -> None:
        dex.rival = lambda text: text.replace("$2y$12$4K", "$2y$1")

    def says_the_hash() -> None:
        dex.broken = True
        dex.words = f"malformed bcrypt hash: {CANARY}"

    def ours() -> object:
        """The login as it works, without its id, which a half of it may have of its own."""
        entries = read(dex.text, mending=WS.login_email).entries(WS.login_email)
        can_log_in = WS.login_email in dex.users()
        return [{**entry, "userID": "", "hash": ""} for entry in entries], can_log_in, dex.pending

    return StageCase(
        ws=WS,
        client=dex,
        writes=WRITES,
        stage=a_stage,
        clock=clock.now,
        pass_time=pass_time,
        ours=ours,
        neighbours=lambda: (without_ours(dex.text), dex.labels, dex.users() - {WS.login_email}),
        halves={
            "in other letters": lambda: put(with_ours(email=WS.login_email.title())),
            "twice": lambda: put(twice(with_ours())),
            "without a hash": lambda: put(with_ours().replace(f'  hash: "{OTHER_HASH}"\n', "")),
            "with a number for an id": lambda: put(with_ours().replace('"20240917103000"', "20240917103000")),
            "with the id of another": lambda: put(with_ours(user_id="15841185641784")),
        },
        strangers={"somebody else's": lambda: put(with_ours(username="somebody"))},
        mixtures={"somebody else's beside ours": lambda: put(twice(with_ours(), username="somebody"))},
        failures={
            "a neighbour's hash is broken": breaks,
            "dex says the hash": says_the_hash,
        },
    )


def without_ours(text: str) -> str:
    return read(text, mending=WS.login_email).without_login(WS.login_email).text


def twice(text: str, **bent: str) -> str:
    config: DexConfig = read(text)
    (entry,) = config.entries(WS.login_email)
    second = json.dumps({"email": entry["email"], "hash": OTHER_HASH, **bent})
    return text.replace("- email: user@", f"- {second}\n- email: user@")


def together(trips: Sequence[Trip], pass_time: Callable[[float], None]) -> None:
    """Each takes a turn, then time passes, until none has anything left to do."""
    left = list(trips)
    for _ in range(TURNS_MOST):
        left = [trip for trip in left if trip.turn()[0]]
        if not left:
            return
        pass_time(2)
    raise AssertionError(f"still to do: {left}")


def dex_of(case: StageCase) -> FakeDex:
    assert isinstance(case.client, FakeDex)
    return case.client


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


def test_T6_every_user_has_an_id_of_its_own() -> None:
    users = yaml.safe_load(dex_of(made(a_case())).text)["staticPasswords"]

    ids = [user["userID"] for user in users]
    assert len(ids) == len(set(ids)) == 3
    assert not ids[-1].isdigit()


def test_T16_an_edit_of_somebody_else_in_between_is_kept() -> None:
    case = a_case()
    dex = dex_of(case)

    def once(text: str) -> str:
        dex.rival = None
        return text.replace('level: "debug"', "level: warn")

    dex.rival = once
    Trip(case, Goal.PRESENT).arrive()

    assert "level: warn" in dex.text
    assert WS.login_email in dex.users()


def test_T16_a_document_that_never_rests_is_left_for_later() -> None:
    case = a_case()
    dex_of(case).rival = lambda text: f"{text}# and again\n"

    with pytest.raises(Temporary, match="it keeps changing"):
        Trip(case, Goal.PRESENT).turn()


@pytest.mark.parametrize("key", ["issuer", "storage", "staticClients", "enablePasswordDB"])
def test_T17_a_document_that_lost_its_settings_is_not_written(key: str) -> None:
    case = a_case()
    document = yaml.safe_load(NEIGHBOURS)
    del document[key]
    dex_of(case).edit(yaml.safe_dump(document))

    with pytest.raises(Permanent, match=key):
        Trip(case, Goal.PRESENT).turn()


def test_T17_an_empty_document_is_not_written() -> None:
    case = a_case()
    dex_of(case).edit("")

    with pytest.raises(Permanent, match="it is empty"):
        Trip(case, Goal.PRESENT).turn()


def test_T18_a_user_without_a_hash_is_mended_though_dex_is_down() -> None:
    case = a_case()
    case.halves["without a hash"]()
    dex_of(case).crash()
    case.pass_time(600)

    Trip(case, Goal.PRESENT).arrive()

    assert WS.login_email in dex_of(case).users()


def test_T19_an_entry_that_is_there_twice_becomes_one() -> None:
    case = a_case()
    case.halves["twice"]()

    Trip(case, Goal.PRESENT).arrive()

    assert dex_of(case).text.count(WS.login_email) == 1


def test_T20_an_entry_in_other_letters_is_removed_too() -> None:
    case = a_case()
    case.halves["in other letters"]()

    Trip(case, Goal.ABSENT).arrive()

    assert WS.login not in dex_of(case).text.lower()
    assert WS.login_email not in dex_of(case).users()


def test_T21_if_dex_does_not_start_our_entry_is_taken_out_of_the_current_text() -> None:
    case = a_case()
    dex = dex_of(case)
    dex.broken = True
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    dex.edit(dex.text.replace('level: "debug"', "level: info"))
    with pytest.raises(Permanent) as failed:
        trip.arrive()

    assert dex.text == NEIGHBOURS.replace('level: "debug"', "level: info")
    assert "so the bot removed that login" in str(failed.value)
    assert failed.value.cause is not None
    assert (failed.value.cause.service, failed.value.cause.raw_text) == ("dex", "listen tcp: no route")


def test_T21_a_dex_that_crashes_twice_is_not_waited_for() -> None:
    case = a_case()
    dex_of(case).broken = True
    began = case.clock()

    with pytest.raises(Permanent):
        Trip(case, Goal.PRESENT).arrive()

    assert case.clock() - began < timedelta(seconds=30)


def test_T21_a_dex_that_never_gets_ready_is_given_up_in_time() -> None:
    case = a_case()
    dex_of(case).hangs = True
    began = case.clock()

    with pytest.raises(Permanent, match="so the bot removed that login"):
        Trip(case, Goal.PRESENT).arrive()

    assert timedelta(seconds=30) <= case.clock() - began < timedelta(seconds=40)


def test_T21_after_that_a_retry_arrives_once_dex_is_well() -> None:
    case = a_case()
    dex_of(case).broken = True
    with pytest.raises(Permanent):
        Trip(case, Goal.PRESENT).arrive()
    dex_of(case).broken = False

    Trip(case, Goal.PRESENT).arrive()

    assert WS.login_email in dex_of(case).users()


def test_T21_what_was_taken_out_again_is_not_told_as_there() -> None:
    case = a_case()
    dex_of(case).broken = True
    with pytest.raises(Permanent):
        Trip(case, Goal.PRESENT).arrive()

    (change,) = Trip(case, Goal.ABSENT).changes()

    assert str(change.state) == "removed from Dex's configuration, but Dex hasn't restarted yet"
    (there,) = Trip(made(a_case()), Goal.ABSENT).changes()
    assert there.state is None


def test_T21_nothing_is_added_to_a_dex_that_is_down_already() -> None:
    case = a_case()
    dex_of(case).broken = True
    dex_of(case).crash()

    with pytest.raises(Temporary, match="Dex isn't running"):
        Trip(case, Goal.PRESENT).turn()
    assert dex_of(case).text == NEIGHBOURS


def test_T21_a_removal_is_not_taken_back_when_dex_does_not_start() -> None:
    case = made(a_case())
    dex_of(case).broken = True

    with pytest.raises(Permanent, match="failed to start after"):
        Trip(case, Goal.ABSENT).arrive()
    assert dex_of(case).text == NEIGHBOURS


def test_T22_dex_is_restarted_once_and_not_for_an_equal_text() -> None:
    case = made(a_case())

    Trip(case, Goal.PRESENT).arrive()

    assert dex_of(case).restarts == 1


def test_T22_one_restart_serves_the_edits_before_it() -> None:
    case = a_case()
    dex = dex_of(case)
    beta = DexUserStage(dex, dex, FakeS3(), SecretStr(CANARY))
    other = a_workspace("beta")
    with pytest.raises(CrashNow):
        Trip(case, Goal.PRESENT, dies_after=1).arrive()
    beta.ensure(other, beta.observe(other, Goal.PRESENT), Trip(case, Goal.PRESENT).context)
    case.pass_time(2)

    Trip(case, Goal.PRESENT).arrive()

    assert dex.restarts == 1
    assert {WS.login_email, other.login_email} <= dex.users()


@both
def test_T22_whoever_edits_does_it_for_all_who_wait_in_line(goal: Goal) -> None:
    case, other = a_case(), a_workspace("beta")
    dex = dex_of(case)
    if goal is Goal.ABSENT:
        for ws in (WS, other):
            Trip(replace(case, ws=ws), Goal.PRESENT).arrive()
    before = dex.restarts
    trip = Trip(case, goal)
    trip.context.others = [other]

    trip.arrive()

    assert ({WS.login_email, other.login_email} <= dex.users()) == (goal is Goal.PRESENT)
    assert other.login_email in dex.users() or goal is Goal.ABSENT
    assert dex.restarts == before + 1
    assert Trip(replace(case, ws=other), goal).changes() == ()


def test_T21_if_dex_does_not_start_all_that_it_was_not_seen_up_with_is_taken_out() -> None:
    case, other = a_case(), a_workspace("beta")
    dex = dex_of(case)
    dex.broken = True
    trip = Trip(case, Goal.PRESENT)
    trip.context.others = [other]

    with pytest.raises(Permanent):
        trip.arrive()

    assert dex.text == NEIGHBOURS


def test_T21_who_was_taken_out_with_the_one_that_does_harm_is_put_in_again_by_its_own_run() -> None:
    case, other = a_case(), a_workspace("beta")
    dex = dex_of(case)
    dex.refuses = WS.login_email
    trip = Trip(case, Goal.PRESENT)
    trip.context.others = [other]
    with pytest.raises(Permanent):
        trip.arrive()

    Trip(replace(case, ws=other), Goal.PRESENT).arrive()

    assert other.login_email in dex.users()
    assert WS.login_email not in dex.text


@both
def test_T22_two_restarts_serve_twenty_workspaces_at_once(goal: Goal) -> None:
    """The first begins alone; while dex restarts, all others put in, or take out, their logins."""
    case = a_case()
    dex = dex_of(case)
    spaces = [a_workspace(f"team{number}") for number in range(20)]
    config = read(NEIGHBOURS)
    for ws in spaces if goal is Goal.ABSENT else ():
        config = config.with_login(a_login(email=ws.login_email, username=ws.login, user_id=ws.login))
    dex.edit(config.text)
    dex.slow = 3

    together([Trip(replace(case, ws=ws), goal) for ws in spaces], case.pass_time)

    there = {ws.login_email for ws in spaces} if goal is Goal.PRESENT else set()
    assert dex.users() == there | {"user@example.com", "aic-user-legacy-ws@aic.com"}
    assert (dex.restarts, dex.pending) == (2, frozenset())


def test_a_text_is_read_once_for_all_workspaces_that_look_at_it() -> None:
    dex = FakeDex()
    stage = a_stage(dex)
    seen = [stage.observe(a_workspace(name), Goal.PRESENT).config for name in ("alpha", "beta")]

    dex.edit(f"{NEIGHBOURS}# by hand\n")

    assert seen[0] is seen[1]
    assert stage.observe(WS, Goal.PRESENT).config.text == dex.text


def test_T21_of_two_that_restart_dex_together_both_go_if_it_does_not_start() -> None:
    case = a_case()
    dex = dex_of(case)
    dex.broken = True
    beta, gamma = (Trip(replace(case, ws=a_workspace(name)), Goal.PRESENT) for name in ("beta", "gamma"))

    with pytest.raises(Permanent, match="failed to start with aic-user-beta-ws@"):
        together([beta, gamma], case.pass_time)
    with pytest.raises(Permanent, match="failed to start with aic-user-gamma-ws@"):
        together([gamma], case.pass_time)
    dex.broken = False
    case.pass_time(2)

    assert (dex.text, dex.alive) == (NEIGHBOURS, True)


def test_T24_the_hash_is_the_settings_and_stays_out_of_sight() -> None:
    case = made(a_case())

    assert f'hash: "{CANARY}"' in dex_of(case).text
    assert CANARY not in repr(Trip(case, Goal.PRESENT).stage.observe(WS, Goal.PRESENT))


def test_a_password_that_is_there_is_not_changed() -> None:
    case = a_case()
    case.halves["with a number for an id"]()

    Trip(case, Goal.PRESENT).arrive()

    assert OTHER_HASH in dex_of(case).text
    assert CANARY not in dex_of(case).text


def test_a_login_made_by_hand_needs_nothing_and_no_restart() -> None:
    case = a_case()
    dex_of(case).edit(read(NEIGHBOURS).with_login(a_login()).text)

    assert Trip(case, Goal.PRESENT).changes() == ()


def test_an_outage_of_dex_does_not_make_a_finished_login_unfinished() -> None:
    case = made(a_case())
    dex_of(case).crash()

    assert Trip(case, Goal.PRESENT).changes() == ()


def test_while_dex_restarts_for_another_workspace_a_login_is_put_in_and_waits() -> None:
    case = a_case()
    dex = dex_of(case)
    dex.restart(digest="of another text", at=case.clock())

    _, wait = Trip(case, Goal.PRESENT).turn()

    assert isinstance(wait, Wait)
    assert str(wait.reason) == "Dex is restarting for another workspace"
    assert (WS.login_email in dex.text, dex.restarts) == (True, 1)


def test_nothing_is_added_to_a_dex_that_does_not_come_up_for_another_workspace() -> None:
    case = a_case()
    dex = dex_of(case)
    dex.broken = True
    dex.restart(digest="of another text", at=case.clock())
    dex.tick()

    _, wait = Trip(case, Goal.PRESENT).turn()

    assert isinstance(wait, Wait)
    assert dex.text == NEIGHBOURS


def test_an_email_with_another_user_name_is_somebody_elses() -> None:
    case = a_case()
    case.strangers["somebody else's"]()

    with pytest.raises(NotOurs, match="belongs to somebody"):
        Trip(case, Goal.PRESENT).changes()


def test_an_email_with_another_user_name_stays_when_ours_is_taken_out() -> None:
    case = a_case()
    case.mixtures["somebody else's beside ours"]()
    before = read(dex_of(case).text).entries(WS.login_email)

    with pytest.raises(NotOurs, match="belongs to somebody"):
        Trip(case, Goal.ABSENT).arrive()

    assert [entry.get("username") for entry in before] == ["somebody", WS.login]
    assert read(dex_of(case).text).entries(WS.login_email) == before[:1]
    assert dex_of(case).pending == frozenset()


def test_what_was_taken_out_is_seen_through_beside_somebody_elses() -> None:
    """dex goes by the file it started with, so until then our entry opens the door."""
    case = a_case()
    case.mixtures["somebody else's beside ours"]()
    Trip(case, Goal.ABSENT).turn()

    found = Trip(case, Goal.ABSENT).inspect()

    assert found.not_owned is not None
    assert str(found.changes[0].state) == "removed from Dex's configuration, but Dex hasn't restarted yet"


def test_last_words_that_cannot_be_read_are_not_taken_for_dexs_own() -> None:
    case = a_case()
    dex_of(case).broken = True
    dex_of(case).silent = "pods is forbidden"

    with pytest.raises(Permanent) as failed:
        Trip(case, Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.service == "dex"
    assert str(failed.value.cause.note) == "cannot read Dex's log: pods is forbidden"


def test_what_dex_says_is_told_without_a_hash_in_it() -> None:
    case = a_case()
    case.failures["dex says the hash"]()

    with pytest.raises(Permanent) as failed:
        Trip(case, Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.raw_text == "malformed bcrypt hash: [hidden]"


def test_a_weak_hash_in_the_settings_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="cost 10 to 16") as failed:
        a_stage(FakeDex(), CANARY.replace("$10$", "$04$"))

    assert CANARY[7:] not in str(failed.value)


def test_the_plan_is_one_change_that_says_that_dex_restarts() -> None:
    (change,) = Trip(a_case(), Goal.PRESENT).changes()

    assert (change.verb, str(change.target)) == (Verb.CREATE, f"Dex login {WS.login_email}")
    assert str(change.detail) == "restarts Dex"
