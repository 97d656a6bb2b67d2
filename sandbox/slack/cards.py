"""The blocks of 2025 and 2026: plans, task cards, cards, carousels, feedback buttons."""

from sandbox.slack.elements import element, image
from sandbox.slack.rich import rich_text
from sandbox.slack.shape import PLAIN, Shape

STATUSES = ("pending", "in_progress", "complete", "error")
_TASK = ("type", "block_id", "task_id", "title", "status", "details", "output", "sources")


def plan(shape: Shape) -> None:
    shape.only("type", "block_id", "title", "tasks")
    shape.string("title", 3000, required=True)
    seen: set[str] = set()
    for task in shape.items("tasks", 50):
        if not isinstance(task.value, dict):
            task.complain("must be an object")
            continue
        if task.get("type") not in (None, "task_card"):
            task.complain(f"unsupported type: {task.get('type')}", "type")
        task_card(task)
        task_id = str(task.get("task_id"))
        if task_id in seen:
            task.complain("`task_id` must be unique", "task_id")
        seen.add(task_id)


def task_card(shape: Shape) -> None:
    shape.only(*_TASK)
    shape.ids("task_id", required=True)
    shape.string("title", 3000, required=True)
    shape.string("status", 20, one_of=STATUSES)
    for name in ("details", "output"):
        inner = shape.child(name)
        if inner is not None:
            rich_text(inner)
    for source in shape.items("sources", 100, required=False, least=0):
        source.string("url", 3000, required=True)
        source.string("text", 3000, required=True)


def card(shape: Shape) -> None:
    names = ("type", "block_id", "title", "subtitle", "body", "actions", "icon", "hero_image")
    shape.only(*names)
    if not any(shape.has(name) for name in ("title", "body", "hero_image", "actions")):
        shape.complain("missing required field: title")
    shape.text("title", 150)
    shape.text("subtitle", 150)
    shape.text("body", 200)
    for name in ("icon", "hero_image"):
        picture = shape.child(name)
        if picture is not None:
            image(picture)
    for member in shape.items("actions", 3, required=False):
        element(member, frozenset({"button"}))


def carousel(shape: Shape) -> None:
    shape.only("type", "block_id", "elements")
    for member in shape.items("elements", 10):
        if member.type == "card":
            card(member)
        else:
            member.complain(f"unsupported type: {member.type}", "type")


def context_actions(shape: Shape) -> None:
    shape.only("type", "block_id", "elements")
    for member in shape.items("elements", 5):
        kind = member.type
        member.ids("action_id")
        if kind == "icon_button":
            member.string("icon", 50, required=True)
            member.text("text", 75, kinds=PLAIN, required=True)
        elif kind == "feedback_buttons":
            for name in ("positive_button", "negative_button"):
                button = member.child(name, required=True)
                if button is not None:
                    button.text("text", 75, kinds=PLAIN, required=True)
                    button.string("value", 2000, required=True)
        else:
            member.complain(f"unsupported type: {kind}", "type")
