"""The S3 bucket: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

import json

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.bucket import stage as bucket
from provisioner.stages.bucket.stage import (
    BucketStage,
    BucketState,
    Contents,
    ObjectVersion,
    Upload,
    lost,
)
from provisioner.vendor_call import Interrupted, NotOurs, Temporary
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.s3 import FakeBucket, FakeS3
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
OURS = {"workspace-bot/project": "alpha", "workspace-bot/cluster": "eks-an2-meerkat-prod"}
SHARED = "s3-an2-meerkat-prod-aia"
WRITES = frozenset(
    {"create", "block_public_access", "encrypt", "set_policy", "abort", "delete_versions", "delete"}
)


def a_case() -> StageCase:
    s3 = FakeS3(buckets={SHARED: FakeBucket()})
    s3.buckets[SHARED].put("model.bin")
    clock = FakeClock()

    def put(found: FakeBucket) -> None:
        s3.buckets[WS.bucket] = found

    return StageCase(
        ws=WS,
        client=s3,
        writes=WRITES,
        stage=BucketStage,
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=lambda: s3.buckets.get(WS.bucket),
        neighbours=lambda: str(s3.buckets[SHARED]),
        halves={
            "no more than created": lambda: put(FakeBucket(tags=OURS)),
            "without its policy": lambda: put(FakeBucket(tags=OURS, encrypted=True, public_blocked=True)),
        },
        strangers={
            "another account's": lambda: s3.elsewhere.add(WS.bucket),
            "untagged": lambda: put(FakeBucket()),
            "another project's": lambda: put(FakeBucket(tags={"workspace-bot/project": "beta"})),
        },
        failures={"no right to create": lambda: setattr(s3, "denied", "CreateBucket")},
    )


def s3_of(case: StageCase) -> FakeS3:
    assert isinstance(case.client, FakeS3)
    return case.client


def filled(case: StageCase) -> FakeBucket:
    found = s3_of(made(case)).buckets[WS.bucket]
    found.put("a", 600)
    found.put("a", 600)
    found.put("b", 400)
    found.markers.append(ObjectVersion("c", "gone"))
    found.uploads.extend((Upload("big", "u1"), Upload("big", "u2"), Upload("big", "u3")))
    return found


def with_data() -> StageCase:
    case = a_case()
    filled(case)
    return case


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


def test_T28_the_bucket_is_private_encrypted_and_reached_over_tls_only() -> None:
    found = s3_of(made(a_case())).buckets[WS.bucket]

    (statement,) = json.loads(found.policy)["Statement"]
    assert (found.encrypted, found.public_blocked) == (True, True)
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:aws:s3:::{WS.bucket}", f"arn:aws:s3:::{WS.bucket}/*"]


def test_T28_the_mark_is_made_in_the_creating_call() -> None:
    case = a_case()
    trip = Trip(case, Goal.PRESENT, stop_before=2)

    with pytest.raises(Interrupted):
        trip.arrive()

    assert s3_of(case).buckets[WS.bucket].tags == OURS


def test_T29_a_name_that_another_account_has_is_refused() -> None:
    case = a_case()
    s3_of(case).elsewhere.add(WS.bucket)

    with pytest.raises(NotOurs, match="belongs to another AWS account"):
        Trip(case, Goal.PRESENT).changes()


def test_T30_a_bucket_is_emptied_of_versions_markers_and_uploads_before_it_goes() -> None:
    case = with_data()

    trip = Trip(case, Goal.ABSENT).arrive()

    assert trip.wire.made == ["abort"] * 3 + ["delete_versions"] * 2 + ["delete"]
    assert case.ours() is None


def test_T30_a_plan_says_what_would_be_lost() -> None:
    (change,) = Trip(with_data(), Goal.ABSENT).changes()

    assert change.destroys_data
    assert str(change.detail) == "2 objects, 1.6 KiB in 3 versions, 3 unfinished uploads"


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (Contents(), "empty"),
        (Contents(markers=2), "empty"),
        (Contents(objects=1, versions=1, size_bytes=7), "1 object, 7 B"),
        (Contents(uploads=1), "1 unfinished upload"),
        (
            Contents(objects=9, versions=9, size_bytes=2048, uploads=1, more=True),
            "more than 9 objects, 2.0 KiB, 1 unfinished upload",
        ),
    ],
)
def test_T30_what_is_lost_is_said_in_a_line(contents: Contents, said: str) -> None:
    assert str(lost(contents)) == said


@pytest.mark.parametrize("number", range(1, 6))
def test_T30_emptying_goes_on_where_it_stopped(number: int) -> None:
    case = with_data()
    with pytest.raises(Interrupted):
        Trip(case, Goal.ABSENT, stop_before=number).arrive()

    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() is None


def test_T30_a_lake_is_emptied_over_many_turns() -> None:
    case = made(a_case())
    found = s3_of(case).buckets[WS.bucket]
    for number in range(bucket.PAGES_A_TURN * 2 + 10):
        found.put(str(number))
    trip = Trip(case, Goal.ABSENT)

    _, wait = trip.turn()

    assert wait is not None
    assert len(trip.wire.made) == bucket.PAGES_A_TURN
    assert trip.arrive().case.ours() is None


def test_T32_a_bucket_without_our_tag_is_not_deleted() -> None:
    case = a_case()
    s3_of(case).buckets[WS.bucket] = FakeBucket()

    with pytest.raises(NotOurs, match="wasn't created by this bot"):
        Trip(case, Goal.ABSENT).changes()


def test_an_empty_bucket_is_no_loss() -> None:
    (change,) = Trip(made(a_case()), Goal.ABSENT).changes()

    assert not change.destroys_data
    assert str(change.detail) == "empty"


@pytest.mark.parametrize("what", ["an object", "an upload"])
def test_T30_what_is_written_after_the_look_is_not_deleted_without_a_new_look(what: str) -> None:
    """Its plan says "empty": data that came since has to be approved."""
    case = made(a_case())
    trip = Trip(case, Goal.ABSENT)
    seen = trip.stage.observe(WS, Goal.ABSENT)
    found = s3_of(case).buckets[WS.bucket]
    found.markers.append(ObjectVersion("c", "gone"))
    if what == "an object":
        found.put("late")
    else:
        found.uploads.append(Upload("late", "u1"))

    with pytest.raises(Temporary, match="new data was written to"):
        trip.stage.remove(WS, seen, trip.context)

    assert found.versions or found.uploads
    (change,) = trip.changes()
    assert change.destroys_data


def test_T30_delete_markers_alone_are_no_data() -> None:
    case = made(a_case())
    s3_of(case).buckets[WS.bucket].markers.append(ObjectVersion("c", "gone"))

    trip = Trip(case, Goal.ABSENT).arrive()

    assert trip.wire.made == ["delete_versions", "delete"]


def test_a_policy_of_somebody_else_is_kept_beside_ours() -> None:
    case = made(a_case())
    mine = {"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
    s3_of(case).buckets[WS.bucket].policy = json.dumps({"Version": "2012-10-17", "Statement": mine})

    Trip(case, Goal.PRESENT).arrive()

    first, second = json.loads(s3_of(case).buckets[WS.bucket].policy)["Statement"]
    assert (first, second["Sid"]) == (mine, "DenyInsecureTransport")


def test_a_policy_that_says_the_same_in_another_form_is_enough() -> None:
    case = made(a_case())
    found = s3_of(case).buckets[WS.bucket]
    document = json.loads(found.policy)
    document["Statement"][0] |= {
        "Sid": "tls",
        "Principal": {"AWS": "*"},
        "Action": ["s3:*"],
        "Resource": document["Statement"][0]["Resource"][::-1],
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    found.policy = json.dumps(document)

    assert Trip(case, Goal.PRESENT).changes() == ()


def test_a_half_made_bucket_says_what_it_lacks() -> None:
    case = a_case()
    s3_of(case).buckets[WS.bucket] = FakeBucket(tags=OURS, encrypted=True)

    (change,) = Trip(case, Goal.PRESENT).changes()

    assert str(change.detail) == "add public access block, TLS-only policy"


def test_more_than_is_counted_is_said_so() -> None:
    state = Contents(objects=10_000, versions=10_000, size_bytes=3 << 40, more=True)
    seen = BucketState(tags=OURS, contents=state)

    (change,) = BucketStage(FakeS3()).plan(WS, seen, Goal.ABSENT)

    assert str(change.detail) == "more than 10000 objects, 3.0 TiB"


def test_what_is_in_it_is_counted_for_a_delete_only() -> None:
    case = made(a_case())
    s3_of(case).buckets[WS.bucket].put("model.bin", 7)

    kept, lost = (BucketStage(s3_of(case)).observe(WS, goal) for goal in (Goal.PRESENT, Goal.ABSENT))

    assert kept is not None
    assert lost is not None
    assert (kept.contents.size_bytes, lost.contents.size_bytes) == (0, 7)
    assert (kept.encrypted, lost.encrypted) == (True, False)
