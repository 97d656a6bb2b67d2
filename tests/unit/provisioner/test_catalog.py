"""The order of the stages, against the runbook's."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from provisioner.catalog import catalog
from provisioner.stage import Goal, Step
from provisioner.survey import in_order
from tests.fakes.dex import FakeDex
from tests.fakes.kubernetes import FakeProfiles
from tests.fakes.s3 import FakeS3
from tests.laws.stage_laws import CANARY

CREATE = ("profile", "dex-user", "bucket")
"""Section 2-1: namespace and Profile, Kubeflow user, S3 bucket."""
DELETE = ("bucket", "dex-user", "profile")
"""Section 4-3, as far as these go: S3 bucket, Kubeflow user, namespace and Profile."""


def the_catalog(password_hash: str = CANARY) -> tuple[Step, ...]:
    dex = FakeDex()
    return catalog(
        profiles=FakeProfiles(),
        buckets=FakeS3(),
        dex=dex,
        dex_health=dex,
        password_hash=SecretStr(password_hash),
    )


def names(goal: Goal) -> list[str]:
    return [step.stage.name for step in in_order(the_catalog(), goal)]


def before(order: list[str], first: str, second: str) -> bool:
    return order.index(first) < order.index(second)


def test_it_has_the_runbooks_steps_by_their_stored_names() -> None:
    assert {step.stage.name for step in the_catalog()} == set(CREATE) == set(DELETE)


def test_a_create_follows_the_runbook_but_keeps_the_login_for_last() -> None:
    """Its restart disturbs everybody, so only when all that may fail is done."""
    order = names(Goal.PRESENT)

    assert order[-1] == "dex-user"
    assert before(order, "profile", "dex-user") is before(list(CREATE), "profile", "dex-user")


def test_a_delete_takes_the_login_before_the_profile_as_the_runbook_does() -> None:
    """T62: of the two orders it gives, by the detailed one."""
    order = names(Goal.ABSENT)

    assert before(order, "dex-user", "profile") is before(list(DELETE), "dex-user", "profile") is True


def test_on_delete_the_bucket_waits_for_nothing() -> None:
    (bucket,) = (step for step in the_catalog() if step.stage.name == "bucket")

    assert (bucket.needs, bucket.after) == ((), ())


def test_a_hash_that_dex_would_refuse_is_found_at_once() -> None:
    with pytest.raises(ValueError, match="not bcrypt of cost 10 to 16"):
        the_catalog("12341234")
