"""What a watch promises to whoever waits, for the Profile and for dex, over any cluster.

It tells at once, and once. It may lose a word (whoever waits looks again anyway), but these laws hold where
nothing goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from provisioner.stages.dex.stage import Dex
from provisioner.stages.profile.stage import Profiles

NAME = "aic-ns-watched"
OWNER = "aic-user-watched@aic.com"
MOMENT = 0.02  # seconds
LOOKS = 500


@dataclass(slots=True)
class Cluster:
    """`passes` lets controllers do their work; `restarts` restarts dex, which comes up by and by."""

    profiles: Profiles
    dex: Dex
    passes: Callable[[], None]
    restarts: Callable[[], None]


@dataclass(slots=True, eq=False)
class Bell:
    """Somebody who waits."""

    rung: list[bool] = field(default_factory=list)
    _news: Event = field(default_factory=Event)

    def __call__(self) -> None:
        self.rung.append(True)
        self._news.set()

    def within(self, seconds: float) -> bool:
        return self._news.wait(seconds)


class WatchLaws:
    """A test module inherits it, with a fixture `cluster`."""

    def test_who_waits_for_a_profile_is_told_when_all_is_made(self, cluster: Cluster) -> None:
        bell = Bell()
        cluster.profiles.create_profile(NAME, owner=OWNER, annotations={})
        cluster.profiles.when_made(NAME, bell)

        self.wait_for(cluster, bell)

        namespace = cluster.profiles.namespace(NAME, contents=True)
        assert namespace is not None
        assert len(namespace.contents) == 6
        self.remove(cluster)

    def test_who_waits_for_a_namespace_to_go_is_told_when_it_is_gone(self, cluster: Cluster) -> None:
        self.make(cluster)
        bell = Bell()
        watched(cluster, lambda: cluster.profiles.when_gone(NAME, bell))
        assert bell.rung == []

        cluster.profiles.delete_profile(NAME)
        self.wait_for(cluster, bell)

        assert cluster.profiles.namespace(NAME, contents=False) is None
        assert cluster.profiles.profile(NAME) is None

    def test_who_waits_for_dex_is_told_when_it_has_restarted_and_so_are_all(self, cluster: Cluster) -> None:
        bells = [Bell(), Bell()]
        cluster.restarts()
        for bell in bells:
            cluster.dex.when_rolled_out(bell)
        assert [bell.rung for bell in bells] == [[], []]

        self.wait_for(cluster, *bells)

        assert cluster.dex.rollout().complete

    def test_it_is_told_once(self, cluster: Cluster) -> None:
        bell = Bell()
        cluster.restarts()
        for _ in range(3):  # at each look
            cluster.dex.when_rolled_out(bell)
        self.wait_for(cluster, bell)

        cluster.restarts()
        other = Bell()
        cluster.dex.when_rolled_out(other)
        self.wait_for(cluster, other)

        assert bell.rung == [True]

    def make(self, cluster: Cluster) -> None:
        bell = Bell()
        cluster.profiles.create_profile(NAME, owner=OWNER, annotations={})
        cluster.profiles.when_made(NAME, bell)
        self.wait_for(cluster, bell)

    def remove(self, cluster: Cluster) -> None:
        bell = Bell()
        watched(cluster, lambda: cluster.profiles.when_gone(NAME, bell))
        cluster.profiles.delete_profile(NAME)
        self.wait_for(cluster, bell)

    @staticmethod
    def wait_for(cluster: Cluster, *bells: Bell) -> None:
        left: Sequence[Bell] = bells
        for _ in range(LOOKS):
            cluster.passes()
            left = [bell for bell in left if not bell.within(MOMENT)]
            if not left:
                return
        raise AssertionError("nobody was told")


def watched(cluster: Cluster, when: Callable[[], bool]) -> None:
    """Until the watch has begun: what happens before is not told."""
    for _ in range(LOOKS):
        if when():
            return
        cluster.passes()
        Event().wait(MOMENT)
    raise AssertionError("there is no watch")
