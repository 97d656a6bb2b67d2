"""Buttons: decisions, refusals, and what goes wrong."""

from __future__ import annotations

import pytest

from approvals.model import RequestStatus
from bot.model.card import Action, Button, Buttons, Card, Paragraph
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from provisioner.engine.run import RunStatus
from provisioner.message import Message
from provisioner.vendor_call import LONGEST_WORDS
from tests.builders import a_cause, a_failure
from tests.integration.slack.stand import BOB, CHANNEL, DANA, MINA, Stand

REQUESTS = "workspace-requests"
OWEN = "U0OWEN001"


def press(stand: Stand, person: str, action: Action, ts: str) -> None:
    stand.slack.click(person, action_id=action.value, ts=ts, channel=REQUESTS)


def until(stand: Stand, status: RequestStatus) -> None:
    stand.eventually(lambda: stand.request().status is status)


def test_an_approver_approves(stand: Stand) -> None:
    at = stand.requested()

    press(stand, "admin", Action.APPROVE, at.ts)

    until(stand, RequestStatus.APPROVED)
    assert stand.request().decisions[0].actor == BOB


def test_nobody_approves_their_own_request(stand: Stand) -> None:
    at = stand.requested(asked_by=BOB)

    press(stand, "admin", Action.APPROVE, at.ts)

    stand.told("admin", "You can't approve or reject your own request", REQUESTS)
    assert stand.request().pending


def test_an_outsider_is_told_who_decides_and_nobody_else_sees_it(stand: Stand) -> None:
    at = stand.requested()

    press(stand, "outsider", Action.APPROVE, at.ts)

    said = stand.told("outsider", "can approve or reject this", REQUESTS)
    assert "<!subteam^S0ADMINS01>" in said
    assert stand.private("requester", REQUESTS) == []
    assert stand.request().pending


def test_the_second_of_two_clicks_is_told_who_was_first(stand: Stand) -> None:
    at = stand.requested()
    press(stand, "admin", Action.APPROVE, at.ts)
    until(stand, RequestStatus.APPROVED)

    press(stand, "second-admin", Action.APPROVE, at.ts)

    stand.told("second-admin", f"was already approved by <@{BOB}>", REQUESTS)


def test_groups_are_read_at_the_click(stand: Stand) -> None:
    at = stand.requested()
    stand.people.actor(BOB)
    for group in stand.slack.core.world.groups.values():
        group.members.clear()

    press(stand, "admin", Action.APPROVE, at.ts)

    stand.told("admin", "can approve or reject this", REQUESTS)
    assert stand.request().pending


@pytest.mark.parametrize("method", ["usergroups.list", "users.info"])
def test_while_slack_cannot_say_who_somebody_is_nothing_is_decided(stand: Stand, method: str) -> None:
    at = stand.requested()
    stand.slack.faults.fail(method)

    press(stand, "admin", Action.APPROVE, at.ts)

    stand.told("admin", "Nothing changed: Slack didn't return your profile.", REQUESTS)
    assert stand.request().pending


def test_a_rejection_asks_why_at_once_and_keeps_it(stand: Stand) -> None:
    at = stand.requested()

    press(stand, "admin", Action.REJECT, at.ts)
    view = stand.view("admin")
    assert "`WSR-0001`" in view["blocks"][0]["text"]["text"]
    stand.slack.submit("admin", view["id"], {"why": "no room until Friday"})

    until(stand, RequestStatus.REJECTED)
    assert stand.request().decisions[0].comment == "no room until Friday"


def test_blanks_are_no_reason(stand: Stand) -> None:
    at = stand.requested()
    press(stand, "admin", Action.REJECT, at.ts)

    seen = stand.slack.submit("admin", stand.view("admin")["id"], {"why": "   "})

    assert seen["errors"] == {"why": "Enter a reason. It's sent to the requester."}
    assert stand.request().pending


def test_a_rejection_by_somebody_who_may_not_any_more_is_refused_privately(stand: Stand) -> None:
    at = stand.requested()
    press(stand, "admin", Action.REJECT, at.ts)
    view = stand.view("admin")
    for group in stand.slack.core.world.groups.values():
        group.members.clear()

    stand.slack.submit("admin", view["id"], {"why": "I do not like it"})

    stand.told("admin", "can approve or reject this", REQUESTS)
    assert stand.request().pending


def test_whoever_may_not_reject_is_told_at_the_click_and_not_asked_why(stand: Stand) -> None:
    at = stand.requested()
    stand.people.actor(OWEN)

    press(stand, "outsider", Action.REJECT, at.ts)

    stand.told("outsider", "can approve or reject this", REQUESTS)
    assert stand.slack.view("outsider") is None


def test_for_somebody_not_known_yet_the_form_opens_and_turns_into_the_refusal(stand: Stand) -> None:
    at = stand.requested()

    press(stand, "outsider", Action.REJECT, at.ts)

    stand.eventually(lambda: "can approve or reject this" in str(stand.slack.view("outsider")))
    view = stand.view("outsider")
    assert not view.get("submit")
    assert "input" not in {block["type"] for block in view["blocks"]}


def test_whoever_has_become_an_approver_since_is_asked_why(stand: Stand) -> None:
    at = stand.requested()
    stand.people.actor(OWEN)
    for group in stand.slack.core.world.groups.values():
        group.members.append(OWEN)

    press(stand, "outsider", Action.REJECT, at.ts)

    assert stand.view("outsider")["callback_id"] == "ws.req.reject.submit"


@pytest.mark.parametrize("known", [(DANA,), ()])
def test_a_rejection_of_what_is_decided_is_told_at_the_click(stand: Stand, known: tuple[str, ...]) -> None:
    at = stand.requested()
    press(stand, "admin", Action.APPROVE, at.ts)
    until(stand, RequestStatus.APPROVED)
    for user in known:
        stand.people.actor(user)

    press(stand, "second-admin", Action.REJECT, at.ts)

    stand.told("second-admin", f"was already approved by <@{BOB}>", REQUESTS)
    assert stand.slack.view("second-admin") is None


def test_nobody_is_asked_why_they_reject_their_own_request(stand: Stand) -> None:
    at = stand.requested(asked_by=BOB)

    press(stand, "admin", Action.REJECT, at.ts)

    stand.told("admin", "You can't approve or reject your own request", REQUESTS)
    assert stand.slack.view("admin") is None


def test_the_form_for_a_reason_stays_while_slack_cannot_say_who_somebody_is(stand: Stand) -> None:
    at = stand.requested()
    stand.slack.faults.fail("usergroups.list")

    press(stand, "admin", Action.REJECT, at.ts)

    assert stand.view("admin")["callback_id"] == "ws.req.reject.submit"


def test_a_person_takes_their_own_request_back(stand: Stand) -> None:
    at = stand.requested()

    press(stand, "requester", Action.WITHDRAW, at.ts)

    until(stand, RequestStatus.WITHDRAWN)


def test_nobody_takes_somebody_elses_request_back(stand: Stand) -> None:
    at = stand.requested()

    press(stand, "admin", Action.WITHDRAW, at.ts)

    stand.told("admin", "Only the requester can withdraw WSR-0001", REQUESTS)


def test_a_button_of_a_request_that_is_not_known_is_answered(stand: Stand) -> None:
    text = Message("From another installation")
    button = Button(Action.APPROVE, Message("Approve"), "WSR-9999")
    card = Card(text, text, (Paragraph(text), Buttons((button,))))
    at = stand.notifier.post(CHANNEL, card, key="x", language="en")

    press(stand, "admin", Action.APPROVE, at.ts)

    stand.told("admin", "Request WSR-9999 doesn't exist.", REQUESTS)


def test_a_fault_of_ours_is_told_with_a_reference_and_without_a_trace(stand: Stand) -> None:
    at = stand.requested()
    stand.database.engine.dispose()
    stand.service.decide = broken  # type: ignore[method-assign]  # a bug, which no fake has

    press(stand, "admin", Action.APPROVE, at.ts)

    said = stand.told(
        "admin", "Nothing changed because of an internal error. Try again, or send reference E-", REQUESTS
    )
    assert "secret detail" not in said


def test_status_on_a_card_is_answered_to_the_one_who_pressed(stand: Stand) -> None:
    stand.requested()
    text = Message("A card")
    card = Card(
        text, text, (Paragraph(text), Buttons((Button(Action.STATUS, Message("View status"), "alpha"),)))
    )
    at = stand.notifier.post(CHANNEL, card, key="x", language="en")

    press(stand, "outsider", Action.STATUS, at.ts)

    stand.told("outsider", "alpha: pending approval", REQUESTS)


def test_help_can_be_pressed(stand: Stand) -> None:
    stand.slack.command("requester", "general", "/workspace creat")
    stand.told("requester", "Unknown command creat")

    stand.slack.click("requester", action_id=Action.HELP.value, channel="general")

    stand.told("requester", "Type /workspace create")


# ------------------------------------------------------------------------------------ of work that stopped


def new_asks(stand: Stand) -> list[Submission]:
    with stand.database.unit() as unit:
        return list(unit.submissions.due(SubmissionState.NEW, stand.clock.now(), 10))


def test_roll_back_is_asked_for_where_the_card_stands(stand: Stand) -> None:
    at = stand.stopped(RunStatus.FAILED, failure=a_failure())

    press(stand, "requester", Action.ROLL_BACK, at.ts)

    stand.told("requester", "Checking all systems… If the check passes, your request appears", REQUESTS)
    (ask,) = new_asks(stand)
    assert (ask.kind, ask.user, ask.channel) == (SubmissionKind.DELETE, MINA, CHANNEL)
    assert ask.spec["project"] == "alpha"
    assert stand.private("outsider", REQUESTS) == []


def test_roll_back_pressed_twice_is_asked_for_once(stand: Stand) -> None:
    at = stand.stopped(RunStatus.FAILED, failure=a_failure())

    press(stand, "requester", Action.ROLL_BACK, at.ts)
    press(stand, "requester", Action.ROLL_BACK, at.ts)

    stand.eventually(lambda: len(stand.private("requester", REQUESTS)) == 2)
    assert len(new_asks(stand)) == 1


def test_whoever_cancels_a_run_that_is_working_is_told_at_once(stand: Stand) -> None:
    """The card says it when the call to a vendor that is under way has ended."""
    at = stand.stopped(RunStatus.RUNNING)

    press(stand, "requester", Action.CANCEL, at.ts)

    stand.told("requester", "Canceling… The run stops before its next change.", REQUESTS)


def test_who_asked_for_it_retries_a_failed_run_and_only_once(stand: Stand) -> None:
    at = stand.stopped(RunStatus.FAILED, failure=a_failure())

    press(stand, "requester", Action.RETRY, at.ts)
    stand.eventually(lambda: stand.run().status is RunStatus.QUEUED)
    press(stand, "requester", Action.RETRY, at.ts)

    stand.told("requester", "already in progress. Only failed runs can be retried.", REQUESTS)
    assert stand.run().attempt == 2


@pytest.mark.parametrize(
    ("status", "action"), [(RunStatus.FAILED, Action.RETRY), (RunStatus.RUNNING, Action.CANCEL)]
)
def test_an_outsider_changes_no_run(stand: Stand, status: RunStatus, action: Action) -> None:
    at = stand.stopped(status, failure=a_failure() if status is RunStatus.FAILED else None)
    before = stand.run()

    press(stand, "outsider", action, at.ts)

    stand.told("outsider", "can do this.", REQUESTS)
    assert stand.run() == before


@pytest.mark.parametrize("action", [Action.CONTINUE, Action.DELETE])
def test_what_was_cancelled_is_asked_for_from_its_card(stand: Stand, action: Action) -> None:
    at = stand.stopped(RunStatus.CANCELLED)

    press(stand, "requester", action, at.ts)

    stand.eventually(lambda: new_asks(stand))
    (ask,) = new_asks(stand)
    assert ask.kind is (SubmissionKind.CREATE if action is Action.CONTINUE else SubmissionKind.DELETE)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (RunStatus.FAILED, Action.ROLL_BACK),
        (RunStatus.CANCELLED, Action.CONTINUE),
        (RunStatus.CANCELLED, Action.DELETE),
    ],
)
def test_an_outsider_asks_for_nothing_from_a_card(stand: Stand, status: RunStatus, action: Action) -> None:
    at = stand.stopped(status, failure=a_failure() if status is RunStatus.FAILED else None)

    press(stand, "outsider", action, at.ts)

    stand.told("outsider", "can do this.", REQUESTS)
    assert new_asks(stand) == []


def test_details_open_for_anybody_with_every_word_of_the_vendor(stand: Stand) -> None:
    words = "".join(f"& line {number} of what the vendor said\n" for number in range(200))
    failure = a_failure(cause=a_cause(words))
    at = stand.stopped(RunStatus.FAILED, failure=failure)

    press(stand, "outsider", Action.DETAILS, at.ts)

    shown = str(stand.view("outsider")["blocks"])
    assert failure.cause is not None
    assert "&amp; line 0 of" in shown
    for line in failure.cause.raw_text[:LONGEST_WORDS].strip().splitlines():
        assert line.replace("&", "&amp;") in shown
    assert failure.reference in shown


def test_details_that_slack_opens_too_late_are_told(stand: Stand) -> None:
    at = stand.stopped(RunStatus.FAILED, failure=a_failure())
    stand.slack.faults.fail("views.open", "expired_trigger_id")

    press(stand, "requester", Action.DETAILS, at.ts)

    stand.told("requester", "Why creating alpha failed", REQUESTS)


def test_details_of_what_never_failed_are_answered(stand: Stand) -> None:
    at = stand.stopped(RunStatus.CANCELLED)
    text = Message("An old card")
    card = Card(
        text,
        text,
        (Paragraph(text), Buttons((Button(Action.DETAILS, Message("View details"), "WSR-0001.1"),))),
    )
    stand.notifier.update(at, card, key="WSR-0001", language="en")

    press(stand, "requester", Action.DETAILS, at.ts)

    stand.told("requester", "never failed", REQUESTS)


def broken(*_arguments: object, **_more: object) -> None:
    raise ArithmeticError("secret detail")
