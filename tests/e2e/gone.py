"""What a workspace that was deleted leaves behind: nothing of it, and everything else."""

from sandbox.control.client import buttons
from sandbox.demo.scene import Scene
from tests.e2e.made import Neighbours, assert_nothing_left, neighbours


def others(scene: Scene) -> Neighbours:
    """As it is once no other workspace is being made or deleted."""
    scene.until(lambda: not _busy(scene), "end of all other work", 60)
    return neighbours(scene.client, scene.project)


def assert_gone(scene: Scene, before: Neighbours) -> None:
    """Nothing of it is left anywhere, nobody can log in to it, and everybody else is as `before`."""
    assert_nothing_left(scene)
    assert neighbours(scene.client, scene.project) == before
    logins = [one["email"] for one in before["dex_users"]]
    assert [email for email in logins if not scene.can_log_in(email)] == []
    words = scene.words()
    assert "Verified: nothing of this workspace remains in any system" in words
    assert "Not removed by the bot" in words
    left = (
        f"aic-ns-{scene.project}-ws",
        "mlpipeline",
        f"/{scene.project}/ai-solutions/",
        "Kubeflow sessions of",
    )
    assert [one for one in left if one not in words] == []


def _busy(scene: Scene) -> bool:
    """A card that can be cancelled and not retried is of a run that goes on."""
    offered = [buttons(card).keys() for card in scene.cards()]
    return any("ws.run.cancel" in each and "ws.run.retry" not in each for each in offered)
