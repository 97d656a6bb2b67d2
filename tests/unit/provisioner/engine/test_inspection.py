"""What is told of a workspace that stopped half-way."""

from __future__ import annotations

import json
from datetime import timedelta

from bot.views.phrases import inventory_items
from provisioner.engine.inspection import Inspector, StageInspection, inventory
from provisioner.engine.run import Inventory
from provisioner.engine.stage import Change, Goal, Verb
from provisioner.message import Message, literal
from provisioner.vendor_call import NotOurs, Permanent, Unanswered
from tests.builders import a_change, a_workspace
from tests.fakes.yard import Yard

TITLE = Message("EKS node group")
STACK_ONLY = Message("only its failed stack")
GROUP, OTHER = (Message("EKS node group {name}", name=name) for name in "ab")


def a_finding(
    *changes: Change, error: Exception | None = None, not_owned: NotOurs | None = None
) -> StageInspection:
    return StageInspection("nodegroup", TITLE, changes, error, not_owned=not_owned)


def test_what_could_be_removed_is_there_and_as_what() -> None:
    failed = a_change(verb=Verb.DELETE, target=GROUP, detail=Message("no nodes"), state=STACK_ONLY)
    well = a_change(verb=Verb.DELETE, target=OTHER, detail=Message("2 nodes"))

    assert inventory([a_finding(failed, well)]) == (
        Inventory("nodegroup", TITLE, (GROUP, OTHER), {"EKS node group a": STACK_ONLY}),
    )


def test_what_cannot_be_read_is_told_as_unknown_and_a_strangers_not_at_all() -> None:
    unread, foreign = Permanent(Message("cannot look")), NotOurs(Message("it is beta's"))

    assert inventory([a_finding(error=unread), a_finding(not_owned=foreign), a_finding()]) == (
        Inventory("nodegroup", TITLE, None),
    )


def test_what_is_ours_beside_a_strangers_is_there() -> None:
    ours = a_change(verb=Verb.DELETE, target=GROUP)

    assert inventory([a_finding(ours, not_owned=NotOurs(Message("it is beta's")))]) == (
        Inventory("nodegroup", TITLE, (GROUP,)),
    )


def test_it_is_the_same_after_storage() -> None:
    told = Inventory("nodegroup", TITLE, (GROUP,), {"EKS node group a": STACK_ONLY})

    assert Inventory.from_json(json.loads(json.dumps(told.to_json()))) == told


def test_what_an_older_version_stored_can_still_be_read() -> None:
    old = {"stage": "nodegroup", "title": TITLE.to_json(), "targets": ["EKS node group a"]}

    assert Inventory.from_json(old) == Inventory("nodegroup", TITLE, (literal("EKS node group a"),))


def test_the_states_that_an_older_version_stored_still_fit_their_targets() -> None:
    states = {"EKS node group a": STACK_ONLY.to_json()}
    old = {"stage": "nodegroup", "title": TITLE.to_json(), "targets": ["EKS node group a"], "states": states}

    (told,) = inventory_items([Inventory.from_json(old)])

    assert str(told) == "EKS node group a (only its failed stack)"


def test_a_stage_that_hangs_is_told_as_unanswered_and_the_others_as_they_are() -> None:
    yard = Yard()

    with yard.world.hanging("bucket", "alpha"):
        inspector = Inspector(steps=yard.steps, at_once=8, within=timedelta(seconds=1))
        found = inspector.inspect(a_workspace(), Goal.PRESENT)

    unread = {one.stage: one.error for one in found if one.error}
    assert list(unread) == ["bucket"]
    assert isinstance(unread["bucket"], Unanswered)
    assert str(unread["bucket"]) == "didn't answer within 1 s"
    assert all(one.changes for one in found if one.stage != "bucket")
