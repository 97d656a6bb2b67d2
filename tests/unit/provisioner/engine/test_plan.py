"""What an approval binds, and what it covers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.engine.stage import Change, Goal, Plan, StagePlan, Verb
from provisioner.message import Message, literal
from tests.builders import a_change, a_plan

changes = st.builds(
    Change,
    st.sampled_from(Verb),
    st.sampled_from(["bucket alpha", "bucket beta", "버킷"]).map(literal),
    st.none() | st.builds(Message, st.text()),
    kind=st.just("s3-bucket"),
    name=st.sampled_from(["alpha", "beta", "버킷"]),
    promise=st.dictionaries(st.sampled_from(["type", "max"]), st.text(), max_size=2),
    destroys_data=st.booleans(),
)
stage_plans = st.builds(
    StagePlan,
    st.sampled_from(["bucket", "profile"]),
    st.just(Message("It")),
    st.lists(changes, max_size=3).map(tuple),
    st.none() | st.builds(Message, st.text()),
)
plans = st.builds(Plan, st.sampled_from(Goal), st.lists(stage_plans, max_size=3).map(tuple))


def bucket(*planned: Change) -> Plan:
    return a_plan(StagePlan("bucket", Message("S3 bucket"), planned))


class TestTheDigest:
    def test_is_the_same_for_the_same_plan_after_storage(self) -> None:
        plan = a_plan()

        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))).digest == plan.digest

    @pytest.mark.parametrize(
        "other",
        [
            a_change(verb=Verb.UPDATE),
            a_change("S3 bucket beta"),
            a_change(kind="stack"),
            a_change(promise={"max": "3"}),
            a_change(destroys_data=True),
        ],
        ids=["verb", "name", "kind", "promise", "data"],
    )
    def test_binds_what_a_person_says_yes_to(self, other: Change) -> None:
        assert bucket(a_change()).digest != bucket(other).digest

    def test_binds_the_goal_and_the_stage(self) -> None:
        plan = bucket(a_change())

        assert replace(plan, goal=Goal.ABSENT).digest != plan.digest
        assert a_plan(StagePlan("profile", Message("S3 bucket"), (a_change(),))).digest != plan.digest

    def test_does_not_bind_words(self) -> None:
        plain, detailed = a_change(), a_change(detail=Message("restarts Dex"))

        assert bucket(plain).digest == bucket(detailed).digest
        assert bucket(plain).digest == bucket(a_change(target=Message("The bucket of alpha"))).digest

    def test_does_not_bind_what_stays(self) -> None:
        (stage,) = bucket(a_change()).stages

        assert a_plan(replace(stage, not_owned=Message("it is beta's"))).digest == bucket(a_change()).digest

    def test_does_not_bind_stages_that_do_nothing(self) -> None:
        idle = StagePlan("profile", Message("Profile"), ())

        assert replace(bucket(a_change()), stages=(idle, *bucket(a_change()).stages)).digest == (
            bucket(a_change()).digest
        )

    def test_is_a_sha256_in_hex(self) -> None:
        assert len(bytes.fromhex(a_plan().digest)) == 32


class TestCover:
    @pytest.mark.parametrize("verb", list(Verb))
    def test_is_for_the_very_change(self, verb: Verb) -> None:
        change = a_change(verb=verb)

        assert bucket(change).covers("bucket", change)

    def test_is_for_what_a_crash_left_half_made(self) -> None:
        assert bucket(a_change()).covers("bucket", a_change(verb=Verb.UPDATE))

    @pytest.mark.parametrize(
        ("approved", "wanted"),
        [
            (Verb.UPDATE, Verb.CREATE),
            (Verb.UPDATE, Verb.DELETE),
            (Verb.CREATE, Verb.DELETE),
            (Verb.DELETE, Verb.CREATE),
            (Verb.DELETE, Verb.UPDATE),
        ],
    )
    def test_is_for_no_other_verb(self, approved: Verb, wanted: Verb) -> None:
        assert not bucket(a_change(verb=approved)).covers("bucket", a_change(verb=wanted))

    def test_is_for_no_other_resource_promise_or_stage(self) -> None:
        assert not bucket(a_change()).covers("bucket", a_change("S3 bucket beta"))
        assert not bucket(a_change()).covers("bucket", a_change(kind="stack"))
        assert not bucket(a_change(promise={"max": "3"})).covers("bucket", a_change(promise={"max": "4"}))
        assert not bucket(a_change()).covers("profile", a_change())

    def test_does_not_end_with_a_text_that_was_reworded(self) -> None:
        assert bucket(a_change()).covers("bucket", a_change(target=Message("The bucket of alpha")))

    def test_of_lost_data_has_to_be_approved_as_such(self) -> None:
        harmless = a_change(verb=Verb.DELETE)
        destroying = replace(harmless, destroys_data=True)

        assert not bucket(harmless).covers("bucket", destroying)
        assert bucket(destroying).covers("bucket", destroying)
        assert bucket(destroying).covers("bucket", harmless)

    @given(plans)
    def test_is_for_every_change_of_the_plan(self, plan: Plan) -> None:
        assert all(plan.covers(stage.stage, change) for stage in plan.stages for change in stage.changes)


def test_dangers_are_what_destroys_data() -> None:
    danger = a_change("S3 bucket beta", verb=Verb.DELETE, destroys_data=True)

    assert bucket(a_change(), danger).dangers == (danger,)


@given(plans)
def test_a_plan_comes_back_from_json_as_it_was(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_a_stage_that_an_older_version_stored_can_still_be_read() -> None:
    stage = StagePlan("bucket", Message("S3 bucket"), (a_change(),))
    old = {key: value for key, value in stage.to_json().items() if key != "stays"}

    assert StagePlan.from_json(old) == stage


def test_a_plan_whose_targets_an_older_version_stored_as_text_is_the_same_plan() -> None:
    target = Message("S3 bucket {name}", name="alpha")
    change = Change(Verb.DELETE, target, kind="s3-bucket", name="alpha", destroys_data=True)
    old = bucket(change).to_json()
    old["stages"][0]["changes"][0] = {  # type: ignore[index, call-overload]  # a plan in JSON
        "verb": "delete",
        "target": "S3 bucket alpha",
        "detail": None,
        "destroys_data": True,
    }

    read = Plan.from_json(json.loads(json.dumps(old)))

    assert read.digest == bucket(change).digest
    assert read.covers("bucket", change)
