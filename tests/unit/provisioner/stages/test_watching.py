"""What the stages of Kubernetes do with a watch: the laws over the fakes, and how often is looked then."""

from __future__ import annotations

from itertools import count

import pytest

from provisioner.engine.stage import Goal, Wait
from provisioner.stages.profile.stage import ProfileStage
from tests.builders import NOON, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.dex import FakeDex
from tests.fakes.kubernetes import FakeProfiles
from tests.laws.stage_laws import Context
from tests.laws.watch_laws import Bell, Cluster, WatchLaws

WS = a_workspace()
OFTEN, NOW_AND_THEN = 0.2, 2.0  # seconds


class TestLaws(WatchLaws):
    @pytest.fixture
    def cluster(self) -> Cluster:
        profiles, dex, digests = FakeProfiles(), FakeDex(), count()

        def passes() -> None:
            profiles.tick()
            dex.tick()

        return Cluster(
            profiles, dex, passes, restarts=lambda: dex.restart(digest=f"{next(digests)}", at=NOON)
        )


class Turns:
    """A create of the Profile, turn by turn."""

    def __init__(self, *, watchable: bool) -> None:
        self.clock = FakeClock()
        self.cluster = FakeProfiles(watchable=watchable)
        self.bell = Bell()
        self._stage = ProfileStage(self.cluster)
        self._context = Rung(self.bell, clock=self.clock.now, since=self.clock.now())

    def ensure(self) -> Wait | None:
        return self._stage.ensure(WS, self._stage.observe(WS, Goal.PRESENT), self._context)

    def remove(self) -> Wait | None:
        return self._stage.remove(WS, self._stage.observe(WS, Goal.ABSENT), self._context)


class Rung(Context):
    def __init__(self, bell: Bell, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]  # as the Context takes them
        self._bell = bell

    def wake(self) -> None:  # type: ignore[override]  # here somebody waits
        self._bell()


@pytest.mark.parametrize(("watchable", "pause"), [(True, NOW_AND_THEN), (False, OFTEN)])
def test_what_is_watched_is_looked_at_now_and_then_and_what_is_not_often(
    *, watchable: bool, pause: float
) -> None:
    turns = Turns(watchable=watchable)

    wait = turns.ensure()

    assert wait is not None
    assert wait.seconds == pause


def test_a_profile_that_is_made_rings_and_is_done_at_the_next_look() -> None:
    turns = Turns(watchable=True)
    turns.ensure()
    for _ in range(3):
        turns.cluster.tick()

    assert turns.bell.rung == [True]
    assert turns.ensure() is None


def test_a_namespace_that_is_gone_rings_and_nothing_is_left_to_remove() -> None:
    turns = Turns(watchable=True)
    turns.ensure()
    for _ in range(3):
        turns.cluster.tick()

    wait = turns.remove()
    assert wait is not None
    assert wait.seconds == NOW_AND_THEN
    for _ in range(3):
        turns.cluster.tick()

    assert turns.bell.rung == [True, True]
    assert turns.remove() is None


def test_what_lacks_although_the_controller_is_done_is_looked_at_as_if_nobody_told() -> None:
    turns = Turns(watchable=True)
    turns.ensure()
    for _ in range(3):
        turns.cluster.tick()
    found = turns.cluster.namespaces[WS.namespace]
    turns.cluster.namespaces[WS.namespace] = type(found)(owner=found.owner, owned=True)

    wait = turns.ensure()

    assert wait is not None
    assert wait.seconds == OFTEN
