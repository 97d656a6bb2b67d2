"""Which stages there are and in what order; the one module that knows them all.

Create follows the runbook's section 2, delete its section 4, and delete is not the mirror of create. Of what
the runbook leaves open: dex serves everybody and is restarted for a login, so the login is made when all
that may fail is done; and it is removed before the Profile, so that a session that is still open opens
nothing.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import SecretStr

from provisioner.stage import Step
from provisioner.stages.bucket import Buckets, BucketStage
from provisioner.stages.dex_user import Dex, DexHealth, DexUserStage
from provisioner.stages.profile import Profiles, ProfileStage


def catalog(
    *,
    profiles: Profiles,
    buckets: Buckets,
    dex: Dex,
    dex_health: DexHealth,
    password_hash: SecretStr,
    dex_starts_within: timedelta = timedelta(minutes=3),
) -> tuple[Step, ...]:
    """In an order that keeps every `needs`. ValueError when the hash is not bcrypt of cost 10 to 16."""
    return (
        Step(ProfileStage(profiles), after=("dex-user",)),
        Step(BucketStage(buckets)),
        Step(
            DexUserStage(dex, dex_health, password_hash, starts_within=dex_starts_within),
            needs=("profile", "bucket"),
        ),
    )
