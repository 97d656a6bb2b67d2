"""Switching trouble on and off, over the API and where it works."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.control.client import Client, Refused
from sandbox.faults import Name, Switches
from sandbox.memory import Memory
from sandbox.outside import Outside
from sandbox.place import Place
from sandbox.serving.child import Nursery
from sandbox.world import BOT_KEY_ID, Options, Part, World


@pytest.fixture(autouse=True)
def calm(client: Client) -> Iterator[None]:
    yield
    for name in Name:
        client.mend(name.value)


def make_bucket(world: World, name: str) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=world.urls["aws"],
        region_name="ap-northeast-2",
        aws_access_key_id=BOT_KEY_ID,
        aws_secret_access_key="made up",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})


def test_nothing_is_wrong_at_first(client: Client) -> None:
    assert not any(client.is_on(name.value) for name in Name)


def test_a_fault_that_struck_is_off_again(client: Client, world: World) -> None:
    client.fault("throttling", call="s3.CreateBucket")
    assert client.is_on("throttling")

    with pytest.raises(ClientError, match="SlowDown"):
        make_bucket(world, "throttled-once")

    assert not client.is_on("throttling")
    make_bucket(world, "throttled-once")


def test_denied_access_stays_until_it_is_lifted(client: Client, world: World) -> None:
    client.fault("access-denied", call="s3.CreateBucket")

    for _ in range(2):
        with pytest.raises(ClientError, match="not authorized to perform: s3:CreateBucket"):
            make_bucket(world, "denied-twice")
    client.mend("access-denied")

    make_bucket(world, "denied-twice")


def test_what_the_bot_writes_is_numbered_over_all_vendors(client: Client, world: World) -> None:
    before = len(client.writes())

    make_bucket(world, "written-down")

    assert [(one["call"], one["resource"]) for one in client.writes(before)] == [
        ("s3.CreateBucket", "written-down")
    ]


@pytest.mark.parametrize(
    ("name", "setting", "said"),
    [
        ("throttling", {"call": "s3.CreateBuckets"}, "s3.CreateBucket"),
        ("throttling", {}, "there is no call"),
        ("lost-answer", {"call": "kubernetes.create profile"}, "kubernetes.create profiles"),
        ("kill-bot", {"nth": 0}, "nth is a whole number of at least 1"),
        ("kill-bot", {"nth": True}, "nth is a whole number"),
        ("slack-down", {"how": "gently"}, "how is one of"),
        ("dex-broken", {"call": "s3.CreateBucket"}, "dex-broken takes times"),
    ],
)
def test_a_wrong_setting_names_what_is_right(
    client: Client, name: str, setting: dict[str, object], said: str
) -> None:
    with pytest.raises(Refused, match=said) as refused:
        client.fault(name, **setting)

    assert refused.value.status == 400
    assert not client.is_on(name)


def test_slack_is_down_until_it_is_lifted(client: Client, world: World) -> None:
    assert world.slack is not None
    client.fault("slack-down", how="503")
    assert world.slack.faults.is_down

    client.mend("slack-down")

    assert not world.slack.faults.is_down


def test_dex_does_not_come_up_while_it_is_broken(client: Client, world: World) -> None:
    assert world.dex is not None
    client.fault("dex-broken")
    assert world.dex.broken

    client.mend("dex-broken")

    assert not world.dex.broken


def a_switchboard() -> tuple[Switches, SimpleNamespace]:
    done = SimpleNamespace(kills=0)

    def kill() -> bool:
        done.kills += 1
        return True

    nothing = Options(state=Path("nowhere"), without=frozenset(Part))
    outside = Outside(nothing, Place(), Nursery(), Memory(nothing.state), wrote=lambda _call, _on: None)
    return Switches(outside, kill_bot=kill), done


def test_the_bot_is_killed_at_the_nth_write_and_once() -> None:
    switches, done = a_switchboard()
    switches.put(Name.KILL_BOT, {"nth": 3})

    kills = []
    for call in ("s3.CreateBucket", "kubernetes.create profiles", "s3.PutBucketPolicy", "s3.PutBucketPolicy"):
        switches.vendor_wrote(call, "x")
        kills.append(done.kills)

    assert kills == [0, 0, 1, 1]
    assert not switches.get(Name.KILL_BOT)["on"]


def test_a_write_says_whether_the_bot_was_killed_at_it() -> None:
    switches, done = a_switchboard()
    switches.put(Name.KILL_BOT, {"nth": 2, "times": 0})

    struck = [switches.vendor_wrote("s3.CreateBucket", "x").struck for _ in range(4)]
    switches.lift(Name.KILL_BOT)
    after = switches.vendor_wrote("s3.CreateBucket", "x").struck

    assert struck == [False, True, True, True]
    assert not after
    assert done.kills == 3


def test_a_part_that_is_not_simulated_cannot_go_wrong() -> None:
    switches, _ = a_switchboard()

    with pytest.raises(ValueError, match="Slack is not simulated here"):
        switches.put(Name.SLACK_DOWN, {})
