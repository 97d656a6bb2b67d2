"""Sending a dialog: filling it in, Slack's own checks, and what the app's acknowledgement does."""

from collections.abc import Mapping
from typing import Any

from sandbox.slack.core import Core
from sandbox.slack.errors import CannotAct, SlackError
from sandbox.slack.forms import choose, objections
from sandbox.slack.modals import View, check


class Submission:
    def __init__(self, core: Core) -> None:
        self._core = core

    def fill(self, view: View, values: Mapping[str, Any]) -> None:
        """Type into the inputs, named by block_id (or action_id, where a block has several elements)."""
        for name, value in values.items():
            found = [(block, action) for block, action in view.state if name in (block, action)]
            if not found:
                known = ", ".join(block for block, _ in view.state)
                raise CannotAct(f"there is no input {name}; there is {known or 'none'}")
            block_id, action_id = found[0]
            element = self._element(view, block_id, action_id)
            view.state[(block_id, action_id)] = choose(element, value, self._user_id)

    def _user_id(self, who: str) -> str:
        return self._core.world.person(who).id

    def _element(self, view: View, block_id: str, action_id: str) -> dict[str, Any]:
        for block in view.body["blocks"]:
            if block["block_id"] == block_id:
                inner = [block.get("element"), block.get("accessory"), *block.get("elements", [])]
                for element in inner:
                    if element and element.get("action_id") == action_id:
                        return dict(element)
        raise CannotAct(f"there is no input {block_id}")

    def objections(self, view: View) -> dict[str, str]:
        """What Slack itself says beside the inputs; the app hears of none of it."""
        found = {}
        for block in view.body["blocks"]:
            if block["type"] == "input":
                words = objections(block, view.state[(block["block_id"], block["element"]["action_id"])])
                if words:
                    found[block["block_id"]] = words
        return found

    def carry_out(self, view: View, answer: Any) -> str | None:
        """Do what the acknowledgement says; an error code when Slack would not."""
        modals = self._core.modals
        action = answer.get("response_action") if isinstance(answer, dict) else None
        try:
            if action is None:
                modals.close(view)
            elif action == "clear":
                modals.clear(view.user)
            elif action == "errors":
                return self._refuse(view, answer.get("errors"))
            elif action == "update":
                modals.update(view, check(answer.get("view")))
            elif action == "push":
                modals.push(view.user, check(answer.get("view")))
            else:
                return "invalid_response_action"
        except SlackError as error:
            self._core.journal.write("shown", "view_submission", answer=error.answer())
            return error.error
        return None

    def _refuse(self, view: View, errors: Any) -> str | None:
        """Errors go beside inputs; one that names no input makes Slack refuse them all."""
        inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            self._core.journal.write(
                "shown", "view_submission", answer={"errors": errors}, inputs=list(inputs)
            )
            return "invalid_errors"
        view.errors = {str(name): str(words) for name, words in errors.items()}
        return None
