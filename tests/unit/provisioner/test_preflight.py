"""Whether the bot is where it was told to be, found out before anybody is asked."""

from __future__ import annotations

import pytest

from provisioner.message import Message
from provisioner.vendor_call import Temporary
from tests.fakes.place import PEM, FakePlace


def told(place: FakePlace) -> list[str]:
    return [f"{refused.title}: {refused.error.what}" for refused in place.preflight().refusals()]


def test_where_all_agree_there_is_nothing_to_say() -> None:
    assert told(FakePlace()) == []


def test_credentials_of_another_account_are_told() -> None:
    """T2: the runbook never sets the account, and a hole in an ARN looks like one."""
    (words,) = told(FakePlace(account="999999999999"))

    assert words == (
        "AWS account: the bot's AWS credentials belong to account 999999999999,"
        " but its settings specify 123456789012"
    )


def test_a_cluster_that_aws_does_not_have_is_told() -> None:
    """T44: the cluster's version is part of its name, so an upgrade gives it another."""
    place = FakePlace(called="eks-an2-meerkat-prod-1-33")

    assert told(place) == ["EKS cluster: EKS cluster eks-an2-meerkat-prod doesn't exist"]
    assert "A platform upgrade" in str(place.preflight().refusals()[0].error.hint)


def test_a_cluster_that_is_not_active_is_told() -> None:
    assert told(FakePlace(status="UPDATING")) == ["EKS cluster: EKS cluster eks-an2-meerkat-prod is UPDATING"]


def test_a_kubeconfig_of_another_cluster_is_told() -> None:
    """T44: a Profile would be made wherever the kubeconfig leads."""
    place = FakePlace(trusted=PEM.replace("MIIB", "MIIC"))

    assert told(place) == [
        "EKS cluster: the bot's kubeconfig points to a different cluster than eks-an2-meerkat-prod"
    ]


@pytest.mark.parametrize("trusted", ["", PEM.replace("\n", "\r\n")])
def test_no_authority_or_other_line_ends_prove_nothing(trusted: str) -> None:
    assert told(FakePlace(trusted=trusted)) == []


def test_an_eksctl_that_is_too_old_is_told() -> None:
    """T45: it would fail after the approval, on the stack of a newer one."""
    assert told(FakePlace(eksctl="0.137.0")) == ["eksctl: eksctl 0.137.0 is too old"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(told(FakePlace(account="999999999999", status="FAILED", eksctl="0.1.0"))) == 3


def test_what_cannot_be_read_is_told_as_it_is() -> None:
    class Unread(FakePlace):
        def number(self) -> str:
            raise Temporary(Message("cannot read the AWS account"))

    assert told(Unread()) == ["AWS account: cannot read the AWS account"]
