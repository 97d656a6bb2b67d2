"""A run that fails as its people read it: on the card, in the thread, in View details."""

from sandbox.control.client import buttons
from sandbox.demo.scene import Scene

ENDS = 60
"""Seconds a run may take to fail or to end."""


def begin(scene: Scene) -> None:
    scene.ask()
    scene.press("admin", "ws.req.approve")


def failure(scene: Scene, number: int = 1) -> str:
    """What the thread says of its failure of that number, once the card says so too.

    It is explained: the cause, what to do, a reference; and the card offers the ways on.
    """

    def told() -> list[str]:
        return [one for one in scene.told() if "Reference: E-" in one]

    scene.until(lambda: len(told()) >= number, f"failure {number} in the thread", ENDS)
    assert len(told()) == number
    words = told()[-1]
    assert "\nCause: " in words
    assert "\nWhat to do: " in words
    assert "\nWhat exists now: " in words
    assert "Cause: unknown" not in words
    assert "@Mina Kim @Bob Lee" in words
    cause = words.split("\nCause: ")[1].split("\n")[0]
    remedy = words.split("\nWhat to do: ")[1].split("\n")[0]
    scene.until_says("What happened: ", cause, remedy)
    assert {"ws.run.retry", "ws.run.details"} <= buttons(scene.the_card()).keys()
    return words


def details(scene: Scene, person: str = "requester") -> str:
    """All that the dialog says."""
    before = (scene.client.view(person) or {}).get("id")
    scene.press(person, "ws.run.details")
    view = scene.until(lambda: scene.new_view(person, before), "dialog with the details")
    scene.client.close_view(person, view["id"])
    return scene.client.words(view)


def retry(scene: Scene, person: str = "requester") -> None:
    scene.press(person, "ws.run.retry")


def until_ready(scene: Scene) -> None:
    scene.until_says("is ready", within=ENDS)
