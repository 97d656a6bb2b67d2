"""views.*: opening, changing, stacking dialogs, and App Home."""

from sandbox.slack.calls import Answer, Call, Method
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError, invalid
from sandbox.slack.modals import View, check
from sandbox.slack.rates import Tier
from sandbox.slack.tickets import Trigger


class Views:
    def __init__(self, core: Core) -> None:
        self._core = core

    def methods(self) -> dict[str, Method]:
        return {
            "views.open": Method(self.open, Tier.FOUR),
            "views.update": Method(self.update, Tier.FOUR),
            "views.push": Method(self.push, Tier.FOUR),
            "views.publish": Method(self.publish, Tier.FOUR),
        }

    def _trigger(self, call: Call) -> Trigger:
        trigger_id = call.text("trigger_id") or call.text("interactivity_pointer")
        if not trigger_id:
            raise invalid("invalid_arguments", ["missing required field: trigger_id"])
        return self._core.tickets.exchange(trigger_id)

    def _answer(self, view: View) -> Answer:
        return {"ok": True, "view": self._core.modals.as_api(view)}

    def open(self, call: Call) -> Answer:
        body = check(call.json("view"))
        return self._answer(self._core.modals.open(self._trigger(call).user, body))

    def push(self, call: Call) -> Answer:
        """The trigger has to come from a dialog, which the new one then covers."""
        body = check(call.json("view"))
        trigger = self._trigger(call)
        if trigger.view_id is None or self._core.modals.top(trigger.user) is None:
            raise SlackError("not_found")
        return self._answer(self._core.modals.push(trigger.user, body))

    def update(self, call: Call) -> Answer:
        body = check(call.json("view"))
        modals = self._core.modals
        if call.has("external_id"):
            view = modals.find_external(call.text("external_id"))
        else:
            view = modals.find(call.required("view_id"))
        if view is None:
            raise SlackError("not_found")
        return self._answer(modals.update(view, body, call.text("hash") or None))

    def publish(self, call: Call) -> Answer:
        person = self._core.world.user(call.required("user_id"))
        body = check(call.json("view"))
        return self._answer(self._core.modals.publish(person.id, body, call.text("hash") or None))
