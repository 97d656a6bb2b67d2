"""What the simulated AWS says when a fault is switched on is known, whichever service says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from provisioner.clients.aws import AwsAccount, AwsClients
from provisioner.diagnosis import Diagnosis, diagnose
from provisioner.stages.nodegroup.eks import Ec2InstanceTypes, EksNodeGroups
from provisioner.vendor_call import WorkError
from sandbox.serving.callfaults import Kind
from tests.integration.stages.conftest import ACCOUNT, REGION, Aws, ready

pytestmark = pytest.mark.long  # each waits for boto to give up

POLICY = f"arn:aws:iam::{ACCOUNT}:policy/policy-s3-aia-an2-meerkat-prod"
STATEMENT = '{"Version": "2012-10-17", "Statement": []}'
CLUSTER = "eks-an2-meerkat-prod"


@dataclass(frozen=True, slots=True)
class Clients:
    """The bot's own, one of each service that a stage asks."""

    aws: Aws
    account: AwsAccount
    groups: EksNodeGroups
    types: Ec2InstanceTypes


CALLS: dict[str, Callable[[Clients], object]] = {
    "sts.GetCallerIdentity": lambda bot: bot.account.number(),
    "s3.CreateBucket": lambda bot: bot.aws.buckets.create("s3-an2-meerkat-prod-diag", tags={}),
    "iam.GetPolicy": lambda bot: bot.aws.policies.look(POLICY),
    "iam.CreatePolicyVersion": lambda bot: bot.aws.policies.add_version(POLICY, STATEMENT),
    "eks.ListNodegroups": lambda bot: bot.groups.names(CLUSTER),
    "ec2.DescribeInstanceTypes": lambda bot: bot.types.describe("m5.xlarge"),
    "cloudformation.DescribeStacks": lambda bot: bot.groups.stack("any"),
    "autoscaling.CreateOrUpdateTags": lambda bot: bot.groups.tag("any", {"key": "value"}),
}


@pytest.fixture(scope="module")
def bot(aws: Aws) -> Clients:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", aws.s3.meta.endpoint_url)
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIATESTER")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "made up")
        clients = ready(AwsClients(region=REGION))
        return Clients(
            aws=aws,
            account=AwsAccount(clients),
            groups=EksNodeGroups(clients),
            types=Ec2InstanceTypes(clients),
        )


@pytest.fixture(autouse=True)
def _no_fault_is_left(aws: Aws) -> Iterator[None]:
    yield
    aws.simulator.faults.clear()


def told(bot: Clients, call: str, kind: Kind) -> Diagnosis:
    """What is said of a call that meets the fault, however often it is tried."""
    bot.aws.simulator.faults.add(kind, call, times=0)
    with pytest.raises(WorkError) as met:
        CALLS[call](bot)
    known = diagnose(met.value.what, met.value.cause)
    assert known is not None, met.value
    return known


@pytest.mark.parametrize("call", CALLS)
def test_the_right_that_lacks_is_named(bot: Clients, call: str) -> None:
    known = told(bot, call, Kind.ACCESS_DENIED)

    assert str(known.cause).endswith(
        f"he bot's AWS role doesn't have permission for {call.replace('.', ':')}."
    )
    assert not known.retryable


@pytest.mark.parametrize("call", ["ec2.DescribeInstanceTypes", "eks.ListNodegroups", "iam.GetPolicy"])
def test_a_service_that_is_busy_is_told_so(bot: Clients, call: str) -> None:
    known = told(bot, call, Kind.THROTTLING)

    assert str(known.cause) == "This account exceeded AWS's request rate limit."
    assert known.retryable


def test_an_answer_that_is_lost_is_told_so(bot: Clients) -> None:
    known = told(bot, "ec2.DescribeInstanceTypes", Kind.LOST_ANSWER)

    assert str(known.cause) == "The bot can't reach AWS."
    assert known.retryable


def test_a_policy_that_is_full_is_told_so(aws: Aws) -> None:
    resources = ", ".join(f'"arn:aws:s3:::{number:0100}"' for number in range(60))
    text = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", '
        f'"Resource": [{resources}]}}]}}'
    )
    with pytest.raises(WorkError) as met:
        aws.policies.add_version(POLICY, text)

    known = diagnose(met.value.what, met.value.cause)
    assert known is not None
    assert str(known.cause) == ("With this change, the policy would exceed AWS's limit of 6144 characters.")
