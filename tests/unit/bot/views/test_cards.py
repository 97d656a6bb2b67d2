"""The cards, word by word where a word was wrong once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from approvals.model import Decision, Request, RequestId, RequestStatus, Verdict
from bot.model.card import Action, Button, Buttons, Card, Mark, Paragraph, Small, Style
from bot.model.request_view import ProjectSummary, Proposal, RequestView
from bot.views.direct import DirectMessageKind, direct_card
from bot.views.render_context import NO_LINKS, Links, RenderContext
from bot.views.request import SHARED, digest, request_card
from bot.views.run import stage_line
from bot.views.status import status_card
from provisioner.engine.run import Run, RunStatus, StageProgress, StageStatus
from provisioner.engine.stage import Goal, Plan, StagePlan
from provisioner.message import Message, named
from tests.builders import (
    NOON,
    a_change,
    a_failure,
    a_gate,
    a_plan,
    a_platform,
    a_request,
    a_run,
    a_spec,
    a_workspace,
)
from tests.fakes.notifier import shown

LINKS = Links(grafana="https://grafana.example", conductor="https://conductor.example")
NOTHING_LEFT = Plan(Goal.PRESENT, (StagePlan("profile", Message("Profile"), ()),))


def card(
    request: Request,
    run: Run | None = None,
    *,
    plan: Plan | None = None,
    run_id: str = "",
    links: Links = NO_LINKS,
    before: RequestView | None = None,
    **asked: Any,
) -> Card:
    proposal = Proposal(
        request_id=request.id,
        asked=run.asked if run else a_spec(**asked),
        plan=plan or a_plan(),
        locale="en-US",
        run_id=run_id,
    )
    case = RequestView(proposal=proposal, request=request, run=run, before=before)
    return request_card(case, RenderContext(command="/ws", platform=a_platform(), links=links))


def viewed(run: Run) -> RequestView:
    """An approved request with its run."""
    proposal = Proposal(request_id="WSR-0001", asked=run.asked, plan=run.plan, locale="en-US")
    return RequestView(request=approved(), proposal=proposal, run=run)


def button(drawn: Card, action: Action) -> Button:
    return next(one for one in _buttons(drawn) if one.action is action)


def _buttons(drawn: Card) -> Iterator[Button]:
    for part in drawn.parts:
        if isinstance(part, Buttons):
            yield from part.buttons


def a_yes(user: str = "U0BOB") -> Decision:
    return Decision(actor=user, verdict=Verdict.APPROVE, at=NOON)


def approved() -> Request:
    return a_request(status=RequestStatus.APPROVED, decisions=[a_yes()], ended_at=NOON)


def test_the_small_print_counts_those_who_decide() -> None:
    assert "needs one approval from workspace-admins" in shown(card(a_request()))
    assert "needs 2 approvals from workspace-admins," in shown(card(a_request(gate=a_gate(needed=2))))


def test_a_yes_that_is_not_the_last_is_not_said_to_start_anything() -> None:
    two = a_request(gate=a_gate(needed=2))

    for request, starts in ((a_request(), True), (two, False), (replace(two, decisions=[a_yes()]), True)):
        confirm = button(card(request), Action.APPROVE).confirm
        assert confirm is not None
        assert ("starts immediately" in str(confirm.text)) is starts


def test_the_command_is_the_one_that_is_set() -> None:
    gone = a_request(status=RequestStatus.WITHDRAWN, ended_at=NOON)
    deleted = a_run(status=RunStatus.SUCCEEDED, plan=a_plan(goal=Goal.ABSENT), reference="WSR-0001")

    for drawn in (card(gone), card(approved(), deleted)):
        assert "/ws create alpha" in shown(drawn)
        assert "/workspace" not in shown(drawn)


def test_a_new_plan_that_nobody_approves_does_not_say_that_nothing_was_made() -> None:
    no = Decision(actor="U0BOB", verdict=Verdict.REJECT, at=NOON, comment="no")
    for status in (RequestStatus.REJECTED, RequestStatus.EXPIRED, RequestStatus.WITHDRAWN):
        request = a_request(status=status, decisions=[no], ended_at=NOON)

        assert "Nothing was created" in shown(card(request))
        assert "Nothing was created" not in shown(card(request, run_id="WSR-0000.1"))
        assert "Existing resources are kept" in shown(card(request, run_id="WSR-0000.1"))


def test_what_there_is_nothing_to_do_for_takes_one_line() -> None:
    idle = (StagePlan("a", Message("Bucket"), ()), StagePlan("b", Message("Login"), ()))
    making = StagePlan("c", Message("Profile"), (a_change("profile alpha"),))

    for goal, asked, said in (
        (Goal.PRESENT, "Already exist, no change: Bucket, Login", ("Already existed: Bucket, Login")),
        (Goal.ABSENT, "Not found: Bucket, Login", "Didn't exist: Bucket, Login"),
    ):
        plan = a_plan(*idle, making, goal=goal)
        ended = a_run(status=RunStatus.SUCCEEDED, reference="WSR-0001", plan=plan)

        assert asked in shown(card(a_request(), plan=plan)).splitlines()
        assert said in shown(card(approved(), ended)).splitlines()
        assert "Bucket\n" not in shown(card(approved(), ended))


def test_who_decides_sees_that_only_what_is_missing_is_asked_for() -> None:
    login = StagePlan("b", Message("Login"), (a_change("l"),))
    begun = a_plan(StagePlan("a", Message("Bucket"), ()), login)
    whole = a_plan(StagePlan("a", Message("Bucket"), (a_change("b"),)), login)
    before = viewed(a_run(plan=whole))
    given = replace(before, run=a_run(plan=begun))  # what was there before it is nothing that it made

    assert "requested the missing resources of this workspace" in shown(
        card(a_request(), plan=begun, before=before)
    )
    assert "requested a new workspace" in shown(card(a_request(), plan=begun))
    assert "requested a new workspace" in shown(card(a_request(), before=before))
    assert "requested a new workspace" in shown(card(a_request(), plan=begun, before=given))


def test_a_plan_with_nothing_left_to_make_says_so() -> None:
    assert "0 resource" not in shown(card(a_request(), plan=NOTHING_LEFT))


def test_who_decides_sees_what_size_of_machine_is_asked_for() -> None:
    assert "gpu (g5.xlarge): 2 initial, 4 maximum" in shown(card(a_request(), spec="gpu", desired=2, max=4))
    assert "gone: 1 initial, 3 maximum" in shown(card(a_request(), spec="gone"))  # from the settings, since


def test_who_decides_sees_whether_a_dashboard_is_given_or_made() -> None:
    assert "Grafana dashboard\nnew" in shown(card(a_request(), links=LINKS))
    given = shown(card(a_request(), links=LINKS, dashboard="https://grafana.example/d/abc123/team?orgId=1"))
    assert "Grafana dashboard\nabc123" in given
    assert "Grafana dashboard" not in shown(card(a_request()))


def test_who_decides_sees_what_others_will_notice_and_that_nobodys_workspace_is_changed() -> None:
    restart = StagePlan(
        "dex-user", Message("Dex login"), (a_change("dex user", detail=Message("restarts Dex")),)
    )
    access = tuple(
        StagePlan(name, Message("Access"), (a_change(name),))
        for name in ("s3-access-kubeflow", "s3-access-aia")
    )
    done = StagePlan("dex-user", Message("Dex login"), ())

    said = shown(card(a_request(), plan=a_plan(restart, *access)))

    assert "no one can log in to Kubeflow for a few seconds" in said
    assert said.count("Shared IAM policies get a new version") == 1
    assert "dex user — restarts Dex" in said
    assert "No data is deleted. Other workspaces aren't affected." in said
    assert "Side effects" not in shown(card(a_request(), plan=a_plan(done)))


def test_what_others_notice_is_told_of_the_stages_that_edit_what_all_share() -> None:
    """By the names that are stored with every run, so a stage is never called otherwise."""
    assert set(SHARED) == {"dex-user", "s3-access-kubeflow", "s3-access-aia"}


@pytest.mark.parametrize("goal", Goal)
def test_a_paused_card_says_why_and_not_in_its_notification_alone(goal: Goal) -> None:
    run = a_run(status=RunStatus.PARKED, plan=a_plan(goal=goal), reference="WSR-0001")

    parts = card(approved(), run, plan=run.plan).parts

    paragraphs = [str(part.text) for part in parts if isinstance(part, Paragraph)]
    assert [said for said in paragraphs if "Something changed after approval" in said] == paragraphs[:1]


def test_a_ready_card_has_the_ways_in() -> None:
    run = a_run(status=RunStatus.SUCCEEDED, reference="WSR-0001")
    drawn = card(approved(), run, links=LINKS)

    said = shown(drawn)
    assert "Kubeflow login: aic-user-alpha-ws@aic.com" in said
    assert said.index("Access") < said.index("Created")
    assert f"https://grafana.example/d/{a_workspace().made_dashboard}" in repr(drawn)
    assert "https://conductor.example" in repr(drawn)
    assert "Ask workspace-admins for the Kubeflow password. It's never shown here." in said
    assert "Grafana dashboard" not in shown(card(approved(), run))
    assert "AI Conductor" not in shown(card(approved(), run))


def test_a_ready_card_opens_the_dashboard_that_was_given() -> None:
    asked = a_spec(dashboard="https://grafana.example/d/abc123/team")
    run = a_run(status=RunStatus.SUCCEEDED, reference="WSR-0001", asked=asked)

    assert "https://grafana.example/d/abc123'" in repr(card(approved(), run, links=LINKS))


def test_to_ask_again_is_to_ask_for_the_same() -> None:
    gone = a_request(status=RequestStatus.WITHDRAWN, ended_at=NOON)

    assert "/ws create alpha spec=gpu desired=2 max=4 dashboard=abc" in shown(
        card(gone, spec="gpu", desired=2, max=4, dashboard="abc")
    )


def test_a_list_of_what_was_made_is_never_empty() -> None:
    run = a_run(status=RunStatus.SUCCEEDED, plan=NOTHING_LEFT, reference="WSR-0001")

    assert "Created" not in shown(card(approved(), run, plan=NOTHING_LEFT)).splitlines()


def test_a_stage_at_work_says_what_it_is_doing() -> None:
    doing = Message("emptying the bucket")
    line = stage_line(
        StagePlan("bucket", Message("S3 bucket"), ()),
        StageProgress(status=StageStatus.ACTING, since=NOON, reason=doing),
    )

    assert line.mark is Mark.NOW
    assert line.note == doing


def test_a_stage_that_was_begun_in_an_earlier_attempt_is_not_said_to_be_not_begun() -> None:
    run = a_run(status=RunStatus.CANCELLED, plan=a_plan(), reference="WSR-0001", ended_at=NOON)
    first = shown(card(approved(), run))
    run.attempt = 2

    assert "not started" in first
    assert "not started" not in shown(card(approved(), run))


CREATES = re.compile(r"[Cc]reating|is ready|to create|were created|Creation is")


@pytest.mark.parametrize("status", RunStatus)
def test_a_deletion_is_spoken_of_as_one_whatever_its_state(status: RunStatus) -> None:
    plan = a_plan(goal=Goal.ABSENT)
    failure = a_failure() if status is RunStatus.FAILED else None
    run = a_run(status=status, plan=plan, reference="WSR-0001", failure=failure, ended_at=NOON)
    known = ProjectSummary(project="alpha", current=viewed(run))

    for said in (shown(card(approved(), run, plan=plan)), shown(status_card(known))):
        assert not CREATES.search(said), said
        assert re.search(r"[Dd]elet", said)


@pytest.mark.parametrize("status", RequestStatus)
def test_a_request_to_delete_is_spoken_of_as_one_whatever_its_state(status: RequestStatus) -> None:
    no = Decision(actor="U0BOB", verdict=Verdict.REJECT, at=NOON, comment="it is needed")
    ended = None if status is RequestStatus.PENDING else NOON
    request = a_request(status=status, decisions=[no] if ended else [], ended_at=ended)

    said = shown(card(request, plan=a_plan(goal=Goal.ABSENT)))

    assert not CREATES.search(said), said
    assert re.search(r"[Dd]elet", said)


@pytest.mark.parametrize("moment", DirectMessageKind)
def test_a_direct_message_about_a_deletion_speaks_of_it(moment: DirectMessageKind) -> None:
    plan = a_plan(goal=Goal.ABSENT)
    proposal = Proposal(request_id="WSR-0001", asked=a_spec(), plan=plan, locale="en-US")

    said = shown(
        direct_card(moment, RequestView(proposal=proposal, request=approved()), "https://chat.example/1")
    )

    assert not CREATES.search(said), said
    assert re.search(r"[Dd]elet", said)


def test_a_button_row_fits_a_phone_and_has_one_that_stands_out() -> None:
    plans = (a_plan(), a_plan(goal=Goal.ABSENT))
    for plan, status in product(plans, RunStatus):
        run = a_run(status=status, plan=plan, reference="WSR-0001", failure=a_failure(), ended_at=NOON)

        row = list(_buttons(card(approved(), run, plan=plan)))

        assert 1 <= len(row) <= 4
        assert sum(one.style is Style.PRIMARY for one in row) <= 1
        assert sum(one.style is Style.DANGER for one in row) <= 1


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.PARKED])
def test_nothing_is_under_way_in_a_run_that_stopped(status: RunStatus) -> None:
    waits = StageProgress(status=StageStatus.WAITING, since=NOON, reason=Message("it is CREATING"))
    run = a_run(status=status, stages={"bucket": waits}, failure=a_failure("profile"), ended_at=NOON)

    said = shown(card(approved(), run)) + shown(
        status_card(ProjectSummary(project="alpha", current=viewed(run)))
    )

    assert Mark.STOPPED.value in said
    assert "it is CREATING" not in said


def test_a_direct_message_names_the_deletion_also_where_the_run_went_on_under_another_approval() -> None:
    proposal = Proposal(request_id="WSR-0001", asked=a_spec(), plan=a_plan(), locale="en-US")
    gone = replace(proposal, request_id="WSR-0003", plan=a_plan(goal=Goal.ABSENT))
    deletion = replace(a_request(), id=RequestId("WSR-0003"), status=RequestStatus.APPROVED)
    run = a_run(reference="WSR-0002", status=RunStatus.CANCELLED)
    view = RequestView(
        proposal=proposal, request=approved(), run=run, later=RequestView(proposal=gone, request=deletion)
    )

    said = shown(direct_card(DirectMessageKind.CANCELLED, view, ""))

    assert "WSR-0003 deletes" in said
    assert "WSR-0002" not in said


def test_a_direct_message_without_a_card_points_nowhere() -> None:
    proposal = Proposal(request_id="WSR-0001", asked=a_spec(), plan=a_plan(), locale="en-US")

    said = shown(
        direct_card(DirectMessageKind.UNSEEN, RequestView(proposal=proposal, request=a_request()), "")
    )

    assert "See" not in said


def test_a_card_is_known_by_all_that_it_shows() -> None:
    def a_card(*, request_id: str = "WSR-0001", small: bool = False, value: str = "alpha") -> Card:
        text = Message("{id} · expires {until}", id=named(request_id), until=NOON)
        button = Button(Action.HELP, Message("Help"), value)
        return Card(text, text, (Small(text) if small else Paragraph(text), Buttons((button,))))

    def read_back(card: Card) -> Card:
        """As it is drawn from what is stored: values in another order, times in a zone like UTC."""
        until = NOON.astimezone(ZoneInfo("Etc/UTC"))
        text = Message("{id} · expires {until}", until=until, id=named("WSR-0001"))
        return replace(card, title=text, text=text, parts=(Paragraph(text), *card.parts[1:]))

    different = (a_card(), a_card(request_id="WSR-0002"), a_card(small=True), a_card(value="beta"))

    assert digest(a_card()) == digest(a_card()) == digest(read_back(a_card()))
    assert len({digest(one) for one in different}) == len(different)
