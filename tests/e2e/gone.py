"""What a workspace that was deleted leaves behind: nothing of it, and everything else."""

from sandbox.client import Seen, buttons
from sandbox.scene import KINDS, Scene

Others = dict[str, list[Seen]]
"""All that is not of one project, by kind."""


def others(scene: Scene) -> Others:
    """As it is once no other workspace is being made or deleted."""
    scene.until(lambda: not _busy(scene), "end of all other work", 60)
    return _others(scene)


def assert_gone(scene: Scene, before: Others) -> None:
    """Nothing of it is left anywhere, nobody can log in to it, and everybody else is as `before`."""
    assert scene.names() == {}
    assert _others(scene) == before
    assert not scene.can_log_in(f"aic-user-{scene.project}-ws@aic.com")
    logins = [one["email"] for one in before["dex_users"]]
    assert [email for email in logins if not scene.can_log_in(email)] == []
    words = scene.words()
    assert "every system was looked at once more, and nothing was found" in words
    assert "Not removed by me, and what to do about it" in words
    left = (f"aic-ns-{scene.project}-ws", "mlpipeline", f"/{scene.project}/ai-solutions/", "session")
    assert [one for one in left if one not in words] == []
    assert scene.doubled() == []


def _others(scene: Scene) -> Others:
    """Without what changes with every edit of a shared policy."""
    world = scene.client.world()
    return {
        kind: [
            {name: value for name, value in one.items() if name != "version"}
            for one in world[kind]
            if one["workspace"] != scene.project
        ]
        for kind in KINDS
    }


def _busy(scene: Scene) -> bool:
    """A card that can be cancelled and not retried is of a run that goes on."""
    offered = [buttons(card).keys() for card in scene.cards()]
    return any("ws.run.cancel" in each and "ws.run.retry" not in each for each in offered)
