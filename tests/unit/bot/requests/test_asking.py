"""From a submitted form to a request, or to every reason why there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from approvals.errors import KeyReused
from approvals.model import RequestStatus
from bot.model.submission import SubmissionKind
from provisioner.engine.stage import Change, Goal, Step
from provisioner.message import Message
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import NodeSpec, Workspace
from tests.builders import a_cause, a_platform, a_spec
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import BOB, MINA, OLGA
from tests.fakes.world import FakeStage, Look


def test_a_form_becomes_a_request_with_its_plan_and_a_card_in_the_channel(office: Office) -> None:
    office.submissions()
    office.settle()

    request = office.pending()
    assert request is not None
    assert request.asked_by == MINA
    assert request.subject.target == "alpha"
    with office.database.unit() as unit:
        assert unit.proposals.get(request.id).plan.digest == request.subject.digest
    assert office.chat.card_at(CHANNEL, request.id)
    assert office.world.writes == []


def test_a_form_delivered_twice_is_one_request(office: Office) -> None:
    ask = office.an_ask()

    assert office.service.submit(ask)
    assert not office.service.submit(ask)
    office.settle()

    assert len(office.chat.keys(CHANNEL)) == 1


def test_the_same_form_with_other_words_is_refused(office: Office) -> None:
    ask = office.an_ask()
    office.service.submit(ask)

    with pytest.raises(KeyReused):
        office.service.submit(replace(ask, spec=a_spec("beta").to_json()))


def test_an_outsider_is_told_privately_who_may_ask(office: Office) -> None:
    ask = office.submissions(user=OLGA)
    office.settle()

    assert office.pending() is None
    (said,) = office.chat.whispers(OLGA)
    assert "workspace-users" in said
    assert office.service.draft(ask.key) == a_spec()
    assert office.chat.keys(CHANNEL) == []


def test_all_reasons_are_said_at_once(office: Office) -> None:
    office.world.places["alpha", "bucket"].foreign = True
    office.world.places["alpha", "profile"].foreign = True

    office.submissions()
    office.settle()

    (said,) = office.chat.whispers(MINA)
    assert "bucket alpha belongs to somebody else" in said
    assert "profile alpha belongs to somebody else" in said


def test_one_pending_request_a_project_and_the_second_asker_is_shown_the_first(office: Office) -> None:
    first = office.requested()

    office.submissions(user=BOB)
    office.settle()

    assert office.pending() == first
    (said,) = office.chat.whispers(BOB)
    assert first.id in said
    assert "ask the requester to withdraw it" in said


def test_a_form_says_at_its_field_that_the_name_is_taken(office: Office) -> None:
    request = office.requested()

    (problem,) = office.service.problems(a_spec())

    assert problem.field == "project"
    assert request.id in str(problem.message)


def test_a_workspace_that_is_there_needs_no_request(office: Office) -> None:
    office.approves(office.requested())
    office.settle()

    office.submissions()
    office.settle()

    assert office.pending() is None
    assert "Nothing to create" in office.chat.whispers(MINA)[-1]


def test_a_system_that_is_away_for_a_moment_is_asked_again(office: Office) -> None:
    office.world.hides("bucket", Temporary(Message("cannot look at bucket alpha")))

    office.submissions()
    assert office.pending() is None
    office.later(seconds=10)
    office.intake.process_due()

    assert office.pending() is not None


def test_a_system_that_stays_away_is_told_in_the_end(office: Office) -> None:
    office.world.hides("bucket", *[Temporary(Message("cannot look at bucket alpha"))] * 10)

    office.submissions()
    for _ in range(10):
        office.later(minutes=1)
        office.intake.process_due()
    office.settle()

    (said,) = office.chat.whispers(MINA)
    assert "cannot look at bucket alpha" in said


def test_what_a_vendor_refuses_is_said_with_what_to_do(office: Office) -> None:
    what = Message("cannot look at bucket {bucket}", bucket="alpha")
    office.world.hides("bucket", Permanent(what, cause=a_cause()))

    office.submissions()
    office.settle()

    (said,) = office.chat.whispers(MINA)
    assert "cannot look at bucket alpha" in said
    assert "Then submit the request again." in said
    assert "Retry" not in said  # there is none before there is a run


def test_what_several_stages_are_refused_for_is_said_once(office: Office) -> None:
    what = Message("AI Conductor does not accept the login")
    for stage in ("bucket", "policy", "nodes"):
        office.world.hides(stage, Permanent(what, cause=a_cause(request_id=stage)))

    office.submissions()
    office.settle()

    (said,) = office.chat.whispers(MINA)
    assert "Stage bucket, Stage policy, Stage nodes: AI Conductor does not accept the login. " in said
    assert said.count("does not accept") == 1


def test_nothing_is_decided_about_people_slack_cannot_name(office: Office) -> None:
    office.people.silent = True
    office.submissions()
    office.settle()
    assert office.pending() is None
    assert office.chat.whispers(MINA) == []

    office.people.silent = False
    office.later(minutes=1)
    office.intake.process_due()

    assert office.pending() is not None


def test_U12_a_request_nobody_could_decide_is_not_opened(office: Office) -> None:
    office.people.groups["workspace-admins"] = frozenset({BOB})

    office.submissions(user=BOB)
    office.settle()

    assert office.pending() is None
    assert office.chat.whispers(BOB)


def test_a_request_that_nobody_decides_expires_and_says_so(office: Office) -> None:
    request = office.requested()
    office.settle()

    office.later(hours=25)
    assert office.service.expire() == 1
    office.settle()

    assert office.request(request.id).status is RequestStatus.EXPIRED
    assert "Expired" in office.chat.card_at(CHANNEL, request.id)
    assert not office.chat.buttons_at(CHANNEL, request.id)
    assert any("in time" in said for said in office.chat.directs(MINA))


def test_a_live_look_answers_the_one_who_asked_alone(office: Office) -> None:
    office.approves(office.requested())
    office.settle()
    office.world.places["alpha", "bucket"].parts.clear()
    look = replace(office.an_ask(), kind=SubmissionKind.LOOK, spec={"project": "alpha"})

    office.service.submit(look)
    office.settle()

    said = office.chat.whispers(MINA)[-1]
    assert "1 stage of alpha differs from the plan" in said
    assert "bucket alpha" in said


def test_what_a_live_look_could_not_read_is_counted_apart(office: Office) -> None:
    office.approves(office.requested())
    office.settle()
    office.world.places["alpha", "bucket"].parts.clear()
    office.world.hides("profile", Permanent(Message("cannot read profile"), cause=a_cause()))
    look = replace(office.an_ask(), kind=SubmissionKind.LOOK, spec={"project": "alpha"})

    office.service.submit(look)
    office.settle()

    said = office.chat.whispers(MINA)[-1]
    assert "1 stage of alpha differs from the plan (checked just now). 1 stage couldn't be read." in said


class _Sized(FakeStage):
    """Wants to know how large it is to be, as the node group does."""

    def plan(self, ws: Workspace, seen: Look, goal: Goal) -> tuple[Change, ...]:
        if ws.asked.spec not in ws.platform.specs:
            raise Permanent(Message("there is no spec {name}", name=ws.asked.spec))
        return super().plan(ws, seen, goal)


def test_who_named_no_spec_is_not_told_that_there_is_none_of_a_name(tmp_path: Path) -> None:
    platform = a_platform(specs={"large": NodeSpec(instance_type="m5.4xlarge")})
    office = Office(tmp_path, steps=lambda world: (Step(_Sized(world, "nodes")),), platform=platform)

    for kind in (SubmissionKind.LOOK, SubmissionKind.DELETE):
        office.service.submit(replace(office.an_ask(), kind=kind, spec={"project": "nobody"}))
        office.settle()
        assert "spec standard" not in office.chat.whispers(MINA)[-1]

    looked, deleted = office.chat.whispers(MINA)
    assert "nodes nobody is missing" in looked
    assert "nobody" in deleted
    office.close()


def test_T2_credentials_of_another_account_are_found_before_anybody_is_asked(office: Office) -> None:
    office.place.account = "999999999999"

    office.submissions()
    office.settle()

    assert office.pending() is None
    (said,) = office.chat.whispers(MINA)
    assert "999999999999" in said
    assert "123456789012" in said


def test_T32_the_platforms_own_names_are_no_workspaces(office: Office) -> None:
    """The shared bucket is named like one of a project called aia."""
    office.world.places["aia", "bucket"].parts += ["body", "mark"]

    office.asks_to_delete("aia")
    office.settle()

    assert office.pending("aia") is None
    assert "The name aia is reserved for the platform" in office.chat.whispers(MINA)[-1]
