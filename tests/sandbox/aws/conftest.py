from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from sandbox.aws import AwsSimulator
from sandbox.serving.child import Nursery

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

ACCOUNT = "123456789012"
REGION = "ap-northeast-2"
ASIDE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5, read_timeout=5)


BOOT = timedelta(minutes=10)


class Time:
    """Stands still until it is told to pass."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def pass_by(self, part: float) -> None:
        """So much of what a node group takes to come; half of it is what it takes to go."""
        self._now += BOOT * part


@pytest.fixture(scope="session")
def time() -> Time:
    return Time()


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory, time: Time) -> Iterator[tuple[AwsSimulator, str]]:
    folder = tmp_path_factory.mktemp("aws")
    aws = AwsSimulator(Nursery(), folder, account=ACCOUNT, region=REGION, boot=BOOT, now=time.now)
    yield aws, aws.start()
    aws.stop()


@pytest.fixture
def aws(simulator: tuple[AwsSimulator, str]) -> Iterator[AwsSimulator]:
    yield simulator[0]
    simulator[0].faults.clear()
    simulator[0].restore_capacity()


@pytest.fixture(scope="session")
def access(simulator: tuple[AwsSimulator, str]) -> dict[str, Any]:
    """What boto3 needs to reach it; no second tries, for each answer is looked at."""
    return {
        "endpoint_url": simulator[1],
        "region_name": REGION,
        "aws_access_key_id": "AKIATESTER",
        "aws_secret_access_key": "made up",
        "config": ASIDE,
    }


@pytest.fixture(scope="session")
def s3(access: dict[str, Any]) -> S3Client:
    return boto3.client("s3", **access)


@pytest.fixture(scope="session")
def sts(access: dict[str, Any]) -> STSClient:
    return boto3.client("sts", **access)


@pytest.fixture(scope="session")
def iam(access: dict[str, Any]) -> IAMClient:
    return boto3.client("iam", **access)


@pytest.fixture(scope="session")
def eks(access: dict[str, Any]) -> EKSClient:
    return boto3.client("eks", **access)


@pytest.fixture(scope="session")
def ec2(access: dict[str, Any]) -> EC2Client:
    return boto3.client("ec2", **access)


@pytest.fixture(scope="session")
def cloudformation(access: dict[str, Any]) -> CloudFormationClient:
    return boto3.client("cloudformation", **access)


@pytest.fixture(scope="session")
def autoscaling(access: dict[str, Any]) -> AutoScalingClient:
    return boto3.client("autoscaling", **access)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def name(numbers: Iterator[int]) -> str:
    """A bucket name of this test's own."""
    return f"bucket-of-test-{next(numbers)}"


@pytest.fixture
def make(s3: S3Client, name: str) -> Callable[[], str]:
    """Makes the test's bucket, tagged in the creating call."""

    def make_bucket() -> str:
        s3.create_bucket(
            Bucket=name,
            CreateBucketConfiguration={
                "LocationConstraint": "ap-northeast-2",
                "Tags": [{"Key": "workspace", "Value": "alpha"}, {"Key": "note", "Value": "a & <b>"}],
            },
        )
        return name

    return make_bucket
