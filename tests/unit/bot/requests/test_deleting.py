"""From a typed name to a workspace that was looked for and not found."""

from __future__ import annotations

import pytest

from approvals.errors import SelfApproval
from approvals.model import Verdict
from approvals.policy import Policy
from bot.model.refusals import DeletionPending, StillRunning
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Permanent, Temporary
from tests.builders import a_cause
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, POLICY, Office
from tests.fakes.people import BOB, JUN, MINA, OLGA

STAGES = {"profile", "bucket", "policy", "nodes", "login"}


def _parked(office: Office) -> Run:
    office.world.places["alpha", "bucket"].parts += ["body", "mark"]
    run = office.approves(office.requested())
    office.world.places["alpha", "bucket"].parts.clear()
    office.message_sync.sync_once()
    advance(office.engine, office.run(run.id))
    assert office.run(run.id).status is RunStatus.PARKED
    return office.run(run.id)


# ------------------------------------------------------------------------------------ asking


def test_what_will_be_lost_is_listed_before_anybody_decides(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "bucket"].data = True
    before = len(office.world.writes)

    office.asks_to_delete(why="the project is over")
    office.settle()

    request = office.pending()
    assert request is not None
    assert request.subject.action == "workspace.delete"
    assert request.subject.facts["destroys_data"] is True
    card = office.chat.card_at(CHANNEL, request.id)
    assert "Plan: 5 resources to delete" in card
    assert "bucket alpha — 7 objects\nData that will be permanently deleted" in card
    assert "the project is over" in card
    assert "This can't be undone. Other workspaces aren't affected." in card
    assert len(office.world.writes) == before


def test_who_decides_sees_whose_it_is_and_how_it_stands(office: Office) -> None:
    made = office.ready()

    office.asks_to_delete(user=BOB)
    office.settle()

    request = office.pending()
    assert request is not None
    card = office.chat.card_at(CHANNEL, request.id)
    assert f"{MINA}, {made.reference}" in card
    assert "Current status\nready" in card


def test_pressing_approve_asks_once_more_and_says_what_is_lost(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "bucket"].data = True
    request = office.to_be_deleted()
    office.settle()

    card = office.chat.card_at(CHANNEL, request.id)
    assert "Permanently delete alpha?" in card
    assert (
        "This can't be undone. 5 resources will be deleted. Permanently deleted data: bucket "
        "alpha — 7 objects"
    ) in card


def test_nothing_of_it_is_told_to_the_asker_alone(office: Office) -> None:
    office.asks_to_delete("nemo")
    office.settle()

    assert office.pending("nemo") is None
    (said,) = office.chat.whispers(MINA)
    assert "I have no record of workspace nemo. Nothing to delete:" in said
    assert "no resources of nemo exist in any system." in said
    assert "To request again: /workspace delete nemo · all workspaces: /workspace list" in said
    assert office.chat.keys(CHANNEL) == []


def test_a_name_that_is_not_known_is_told_with_the_one_that_may_be_meant(office: Office) -> None:
    office.ready()
    office.requested("beta")

    office.asks_to_delete("alpa")
    office.settle()

    assert (
        "I have no record of workspace alpa. Did you mean alpha? Nothing to delete"
        in office.chat.whispers(MINA)[-1]
    )
    assert "Did you mean alpha?" in shown(office.service.status("alpa"))
    assert "Did you mean" not in shown(office.service.status("gamma"))


def test_what_the_bot_never_made_and_finds_can_be_asked_for(office: Office) -> None:
    office.world.places["alpha", "bucket"].parts += ["body", "mark"]

    request = office.to_be_deleted()
    office.settle()

    assert "no one (not created by the bot)" in office.chat.card_at(CHANNEL, request.id)
    office.approves(request)
    office.settle()
    assert office.world.empty()


def test_a_workspace_of_somebody_elses_is_refused_with_every_reason_at_once(office: Office) -> None:
    office.ready()
    for stage in STAGES:
        office.world.places["alpha", stage].foreign = True

    office.asks_to_delete()
    office.settle()

    assert office.pending() is None
    said = office.chat.whispers(MINA)[-1]
    assert "Your request to delete alpha couldn't be submitted." in said
    assert "bucket alpha belongs to somebody else" in said
    assert "profile alpha belongs to somebody else" in said


def test_credentials_of_another_account_delete_nothing(office: Office) -> None:
    office.ready()
    office.place.account = "999999999999"

    office.asks_to_delete()
    office.settle()

    assert office.pending() is None
    assert "999999999999" in office.chat.whispers(MINA)[-1]


def test_a_system_that_is_away_for_a_moment_is_asked_again(office: Office) -> None:
    office.ready()
    office.world.hides("bucket", Temporary(Message("cannot look at bucket alpha")))

    office.asks_to_delete()
    assert office.pending() is None
    office.later(seconds=10)
    office.intake.process_due()

    assert office.pending() is not None


def test_an_outsider_is_told_who_may_ask(office: Office) -> None:
    office.ready()

    office.asks_to_delete(user=OLGA)
    office.settle()

    assert office.pending() is None
    assert "workspace-users" in office.chat.whispers(OLGA)[-1]


def test_a_policy_without_a_rule_lets_nobody_delete(office: Office) -> None:
    office.ready()
    office.policy = Policy.from_toml(POLICY.split('[actions."workspace.delete"]')[0])
    office.begin()

    office.asks_to_delete()
    office.settle()

    assert office.pending() is None
    assert "no rule for workspace.delete" in office.chat.whispers(MINA)[-1]


@pytest.mark.parametrize(("data", "needed"), [(True, 2), (False, 1)])
def test_lost_data_raises_the_gate_by_policy(office: Office, data: bool, needed: int) -> None:  # noqa: FBT001 - a table
    office.policy = Policy.from_toml(f"{POLICY}\nneeded_if = {{ destroys_data = 2 }}\n")
    office.begin()
    office.ready()
    office.world.places["alpha", "bucket"].data = data

    request = office.to_be_deleted()

    assert request.gate.needed == needed


# ------------------------------------------------------------------------- at the same time as others


def test_two_deletions_at_once_are_one_request(office: Office) -> None:
    office.ready()
    first = office.to_be_deleted()

    office.asks_to_delete(user=BOB)
    office.settle()

    assert office.pending() == first
    said = office.chat.whispers(BOB)[-1]
    assert f"A request to delete alpha is already pending: {first.id}" in said


def test_a_form_delivered_twice_is_one_request(office: Office) -> None:
    office.ready()
    ask = office.a_deletion()

    assert office.service.submit(ask)
    assert not office.service.submit(ask)
    office.settle()

    assert len(office.chat.keys(CHANNEL)) == 2


def test_what_is_being_made_has_to_be_cancelled_first(office: Office) -> None:
    run = office.approves(office.requested())

    said = office.service.obstacle("alpha", Goal.ABSENT)
    office.asks_to_delete()
    office.message_sync.sync_once()

    assert said is not None
    assert f"({run.id}). Wait for it to finish, or cancel it on its card first" in str(said)
    assert str(said) in office.chat.whispers(MINA)[-1]
    assert office.pending() is None


def test_what_is_being_deleted_can_neither_be_made_nor_deleted_again(office: Office) -> None:
    run = office.deleting()

    for goal in Goal:
        said = office.service.obstacle("alpha", goal)
        assert said is not None
        assert str(said) == (f"alpha is being deleted ({run.id}). Wait for it to finish, or cancel it first.")


def test_while_a_deletion_is_asked_for_nobody_asks_for_the_same_name(office: Office) -> None:
    office.failed()
    request = office.to_be_deleted()

    office.submissions(user=BOB)
    office.settle()

    assert office.pending() == request
    assert "A request to delete alpha is already pending" in office.chat.whispers(BOB)[-1]


def test_nobody_approves_their_own_deletion(office: Office) -> None:
    office.ready()
    office.people.groups["workspace-admins"] |= {MINA}
    request = office.to_be_deleted()

    with pytest.raises(SelfApproval):
        office.service.decide(office.who(MINA), request.id, Verdict.APPROVE)


def test_a_failed_run_ends_in_the_moment_its_deletion_is_approved(office: Office) -> None:
    failed = office.failed()
    request = office.to_be_deleted()

    deletion = office.approves(request)

    assert office.run(failed.id).status is RunStatus.CANCELLED
    assert deletion.goal is Goal.ABSENT
    office.settle()
    assert office.world.empty()
    assert any(
        f"Canceled: {request.id} deletes the existing resources" in line
        for line in office.chat.lines(CHANNEL)
    )
    assert any(f"was canceled. {request.id} deletes" in said for said in office.chat.directs(MINA))


def test_what_was_deleted_is_gone_and_not_done(office: Office) -> None:
    office.ready()
    request = office.to_be_deleted()

    office.approves(request)
    office.settle()

    card = office.chat.card_at(CHANNEL, request.id)
    assert "alpha was deleted" in card
    assert "done" not in card


def test_a_parked_run_ends_in_the_moment_its_deletion_is_approved(office: Office) -> None:
    parked = _parked(office)
    request = office.to_be_deleted()
    office.reapproval.reapprove_parked()
    assert office.pending() == request  # the deletion is decided first

    office.approves(request)
    office.settle()

    assert office.run(parked.id).status is RunStatus.CANCELLED
    assert office.world.empty()


def test_a_parked_run_asks_for_its_new_plan_once_the_deletion_was_rejected(office: Office) -> None:
    parked = _parked(office)
    request = office.to_be_deleted()

    office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "it is needed")
    office.settle()

    assert office.run(parked.id).status is RunStatus.PARKED
    anew = office.pending()
    assert anew is not None
    assert anew.subject.action == "workspace.create"


def test_a_parked_run_with_a_deletion_open_can_be_given_up(office: Office) -> None:
    parked = _parked(office)
    office.to_be_deleted()

    office.service.cancel(office.who(MINA), parked.id)

    assert office.run(parked.id).status is RunStatus.CANCELLED
    assert office.pending() is not None


def test_nobody_retries_what_somebody_asks_to_delete(office: Office) -> None:
    failed = office.failed()
    request = office.to_be_deleted()

    with pytest.raises(DeletionPending):
        office.service.retry(office.who(BOB), failed.id)
    office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "it is needed")
    office.service.retry(office.who(BOB), failed.id)
    office.settle()

    assert office.run(failed.id).status is RunStatus.SUCCEEDED


def test_a_retry_just_before_the_deletion_is_opened_wins(office: Office) -> None:
    failed = office.failed()
    ask = office.a_deletion()
    office.service.submit(ask)
    office.service.retry(office.who(BOB), failed.id)

    office.intake.process_due()
    office.message_sync.sync_once()

    assert office.pending() is None
    assert "cancel it on its card first" in office.chat.whispers(MINA)[-1]


def test_a_deletion_is_not_approved_over_work_under_way(office: Office) -> None:
    """As when two processes lead for a moment, and one of them has retried."""
    failed = office.failed()
    request = office.to_be_deleted()
    with office.database.unit() as unit:
        run = unit.runs.get(failed.id)
        run.retry()
        unit.runs.save(run)
        unit.commit()

    with pytest.raises(StillRunning):
        office.approves(request)

    assert office.request(request.id).pending
    assert office.run(failed.id).status is RunStatus.QUEUED


# ------------------------------------------------------------------------------------ how it ends


def test_the_last_word_is_a_look_that_found_nothing(office: Office) -> None:
    run = office.deleting()
    office.settle()

    assert office.run(run.id).status is RunStatus.SUCCEEDED
    assert office.world.empty()
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "alpha was deleted" in card
    assert "Verified: nothing of it remains in any system" in card
    for stage in STAGES:
        assert f"{stage} alpha" in card.split("Deleted\n")[0]
    assert office.chat.buttons_at(CHANNEL, run.reference) == ["ws.status.run"]
    assert any("All resources were deleted" in line for line in office.chat.lines(CHANNEL))


def test_what_stays_is_listed_with_what_to_do_about_it(office: Office) -> None:
    run = office.deleting()
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    left = card.split("Not removed by the bot")[0].split("Deleted\n")[1]
    assert "mlpipeline" in left  # T27
    assert "Pipeline artifacts stay in the shared S3 bucket" in left  # T27
    assert "/alpha/ai-solutions/" in left  # T52
    assert "Kubeflow sessions of aic-user-alpha-ws@aic.com stay valid until they" in left  # T26
    assert "delete them in the session store (oidc-authservice)" in left
    assert "Grafana dashboard" not in left


def test_T58_a_dashboard_that_was_given_stays_and_is_named(office: Office) -> None:
    office.submissions(dashboard="https://grafana.example/d/given123/team")
    request = office.pending()
    assert request is not None
    office.approves(request)
    office.settle()

    run = office.approves(office.to_be_deleted())
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert "Grafana dashboard given123 was provided with the request, so it stays." in card


def test_whoever_asked_hears_of_the_end(office: Office) -> None:
    office.deleting()
    office.settle()

    approved, gone = office.chat.directs(MINA)[-2:]
    assert "to delete alpha was approved" in approved
    assert "alpha was deleted" in gone


def test_a_deletion_that_fails_says_what_is_left_and_is_retried(office: Office) -> None:
    run = office.deleting()
    office.world.breaks("nodes", Permanent(Message("cannot delete nodes alpha"), cause=a_cause()))
    office.settle()

    assert office.run(run.id).status is RunStatus.FAILED
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "Deleting alpha failed at Stage nodes" in card
    assert "What exists now" in card
    assert "nodes alpha" in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == [
        "ws.run.retry",
        "ws.run.details",
        "ws.status.run",
        "ws.run.cancel",
    ]
    assert any("Deleting alpha failed" in said for said in office.chat.directs(MINA))
    assert "Deleting alpha failed." in str(office.service.obstacle("alpha", Goal.PRESENT))

    office.service.retry(office.who(MINA), run.id)
    office.settle()

    assert office.world.empty()
    assert len(office.world.writes) == len(set(office.world.effects()))


def test_a_failed_deletion_can_be_asked_for_anew(office: Office) -> None:
    run = office.deleting()
    office.world.breaks("nodes", Permanent(Message("cannot delete nodes alpha"), cause=a_cause()))
    office.settle()

    again = office.approves(office.to_be_deleted())
    office.settle()

    assert office.run(run.id).status is RunStatus.CANCELLED
    assert office.run(again.id).status is RunStatus.SUCCEEDED
    assert any(f"continues in {again.reference}" in said for said in office.chat.directs(MINA))


def test_a_world_that_changed_asks_anew_for_the_deletion(office: Office) -> None:
    run = office.deleting()
    office.world.places["alpha", "bucket"].data = True  # somebody has stored something since

    office.settle()

    assert office.run(run.id).status is RunStatus.PARKED
    anew = office.pending()
    assert anew is not None
    assert anew.subject.action == "workspace.delete"
    assert office.chat.root_of(CHANNEL, anew.id) == office.chat.ts_of(CHANNEL, run.reference)
    office.later(seconds=1)
    office.settle()
    card = office.chat.card_at(CHANNEL, run.reference)
    assert "Deleting alpha is paused and needs a new approval" in card
    assert anew.id in card
    assert any("Deleting alpha is paused" in said for said in office.chat.directs(MINA))

    office.service.decide(office.who(JUN), anew.id, Verdict.APPROVE)
    office.settle()

    assert office.world.empty()
    assert "after the deletion of alpha was approved" in office.chat.card_at(CHANNEL, run.reference)


@pytest.mark.parametrize("end", ["reject", "withdraw", "expire"])
def test_a_deletion_nobody_approves_leaves_everything_and_says_so(office: Office, end: str) -> None:
    office.ready()
    request = office.to_be_deleted()
    office.settle()

    if end == "reject":
        office.service.decide(office.who(BOB), request.id, Verdict.REJECT, "it is needed")
    elif end == "withdraw":
        office.service.withdraw(office.who(MINA), request.id)
    else:
        office.later(hours=25)
        office.service.expire()
    office.settle()

    card = office.chat.card_at(CHANNEL, request.id)
    assert "to delete alpha" in card
    assert "Nothing was deleted." in card
    assert "/workspace delete alpha" in card
    assert not office.chat.buttons_at(CHANNEL, request.id)
    assert office.world.made() == STAGES
    if end != "withdraw":
        assert "to delete alpha" in office.chat.directs(MINA)[-1]


def test_a_ready_card_says_what_became_of_its_workspace(office: Office) -> None:
    made = office.ready()
    request = office.to_be_deleted()
    office.settle()
    assert f"{MINA} requested deletion: {request.id}" in office.chat.card_at(CHANNEL, made.reference)

    office.approves(request)
    office.settle()

    card = office.chat.card_at(CHANNEL, made.reference)
    assert f"alpha: replaced by deletion {request.id}" in card
    assert "is ready" not in card


def test_a_ready_card_is_as_it_was_once_the_deletion_was_withdrawn(office: Office) -> None:
    made = office.ready()
    before = office.chat.card_at(CHANNEL, made.reference)
    request = office.to_be_deleted()
    office.settle()

    office.service.withdraw(office.who(MINA), request.id)
    office.settle()

    assert office.chat.card_at(CHANNEL, made.reference) == before
