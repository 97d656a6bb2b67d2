"""What a run comes to, whatever it is written down in."""

from __future__ import annotations

from provisioner.engine.run import RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.fakes.yard import Yard
from tests.laws.repository_laws import RunStore


class EngineLaws:
    """Inherit, and give the fixture `store`: a `RunStore` with nothing in it."""

    def test_a_run_tells_the_same_in_every_store(self, store: RunStore) -> None:
        told = []
        for yard in (Yard(store), Yard()):
            run_id = yard.approve()
            yard.world.breaks("policy", Permanent(Message("cannot change the policy")))
            assert yard.settle(run_id).status is RunStatus.FAILED
            yard.retry_by_hand(run_id)
            assert yard.settle(run_id).status is RunStatus.SUCCEEDED
            removal = yard.approve(Goal.ABSENT)
            yard.world.places["alpha", "bucket"].data = True
            assert yard.settle(removal).status is RunStatus.PARKED
            yard.reapprove(removal)
            assert yard.settle(removal).status is RunStatus.SUCCEEDED
            told.append((yard.run(run_id), yard.journal(run_id), yard.run(removal), yard.journal(removal)))

        assert told[0][0] == told[1][0]
        assert list(told[0][1]) == list(told[1][1])
        assert told[0][2] == told[1][2]
        assert list(told[0][3]) == list(told[1][3])
