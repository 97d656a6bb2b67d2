"""What a person does, as the body of a request tells it."""

from collections.abc import Callable

from sandbox.control.request import Body, Wrong, only
from sandbox.slack import SlackSimulator


def _command(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"channel", "text", "thread_ts"}, required={"text"})
    channel = body.get("channel", "general")
    return slack.command(person, channel, body["text"], thread_ts=body.get("thread_ts"))


def _submit(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"view_id", "values"}, required={"view_id"})
    _values(body)
    return slack.submit(person, body["view_id"], body.get("values", {}))


def _click(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"ts", "view_id", "action_id", "channel", "value", "values"}, required={"action_id"})
    _values(body)
    return slack.click(
        person,
        action_id=body["action_id"],
        ts=body.get("ts"),
        view_id=body.get("view_id"),
        channel=body.get("channel"),
        value=body.get("value"),
        values=body.get("values"),
    )


def _values(body: Body) -> None:
    if not isinstance(body.get("values", {}), dict):
        raise Wrong(400, "values is an object: a value for each field", 'for example {"project": "alpha"}')


def _mention(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"channel", "thread_ts", "text"}, required={"channel", "text"})
    return slack.mention(person, body["channel"], body.get("thread_ts"), body["text"])


def _message(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"channel", "text", "thread_ts"}, required={"channel", "text"})
    return slack.message(person, body["channel"], body["text"], thread_ts=body.get("thread_ts"))


def _shortcut(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"callback_id", "channel", "ts"}, required={"callback_id"})
    return slack.shortcut(person, body["callback_id"], body.get("channel"), body.get("ts"))


def _home(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, set())
    return slack.home(person)


def _close(slack: SlackSimulator, person: str, body: Body) -> Body:
    only(body, {"view_id"}, required={"view_id"})
    return slack.close_view(person, body["view_id"])


ACTS: dict[str, Callable[[SlackSimulator, str, Body], Body]] = {
    "command": _command,
    "submit": _submit,
    "click": _click,
    "mention": _mention,
    "message": _message,
    "shortcut": _shortcut,
    "home": _home,
    "close": _close,
}
"""By name: carries it out as that person, and answers what the person then sees."""
