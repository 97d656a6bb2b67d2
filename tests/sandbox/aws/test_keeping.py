"""From one start to the next."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.aws import AwsSimulator
from sandbox.serving.child import Nursery
from tests.sandbox.aws.conftest import ACCOUNT, ASIDE, REGION, Time
from tests.sandbox.aws.nodegroup import Request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "aws"


def client(url: str, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]  # any service
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="AKIATESTER",
        aws_secret_access_key="made up",
        config=ASIDE,
    )


def test_all_of_it_is_there_again_after_an_orderly_stop(folder: Path) -> None:
    time, boot = Time(), timedelta(minutes=10)
    first = AwsSimulator(Nursery(), folder, account=ACCOUNT, region=REGION, now=time.now, boot=boot)
    url = first.start()
    ready, coming = Request("ng-ready"), Request("ng-coming")
    ready.send(client(url, "cloudformation"))
    time.pass_by(1.1)
    coming.send(client(url, "cloudformation"))
    [arn] = [one.arn for one in first.policies() if "kubeflow" in one.name]
    client(url, "iam").create_policy_version(
        PolicyArn=arn,
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::mine"}],
            }
        ),
        SetAsDefault=True,
    )
    before = first.nodegroups()[0]
    first.stop()

    second = AwsSimulator(Nursery(), folder, account=ACCOUNT, region=REGION, now=time.now, boot=boot)
    second.start()
    time.pass_by(1.1)

    policies = {one.arn: one for one in second.policies()}
    assert (policies[arn].default_version, policies[arn].resources) == ("v5", ("arn:aws:s3:::mine",))
    assert len(policies) == 2
    assert second.nodegroups()[0] == before
    assert [(one.name, one.status) for one in second.nodegroups()] == [
        ("ng-ready", "ACTIVE"),
        ("ng-coming", "ACTIVE"),
    ]
    assert [one.status for one in second.stacks()] == ["CREATE_COMPLETE"] * 3
    second.stop()
