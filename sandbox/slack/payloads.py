"""What the bot is sent, in Slack's shapes (names and fields after @slack/bolt's types)."""

import secrets
from typing import Any
from uuid import uuid4

from sandbox.slack.core import Core
from sandbox.slack.forms import as_values
from sandbox.slack.messages import Message
from sandbox.slack.modals import View
from sandbox.slack.world import Channel, Person


class Payloads:
    def __init__(self, core: Core) -> None:
        self._core = core

    def command(
        self, person: Person, channel: Channel, command: str, text: str, response_url: str
    ) -> dict[str, Any]:
        seed = self._core.seed
        return {
            "token": self._core.verification_token,
            "team_id": seed.team_id,
            "team_domain": seed.team_domain,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": person.id,
            "user_name": person.seed.name,
            "command": command,
            "text": text,
            "api_app_id": seed.app_id,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": self._core.tickets.trigger(person.id),
        }

    def _interaction(self, kind: str, person: Person) -> dict[str, Any]:
        seed = self._core.seed
        return {
            "type": kind,
            "team": {"id": seed.team_id, "domain": seed.team_domain},
            "user": {
                "id": person.id,
                "username": person.seed.name,
                "name": person.seed.name,
                "team_id": seed.team_id,
            },
            "api_app_id": seed.app_id,
            "token": self._core.verification_token,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def message_action(
        self, person: Person, channel: Channel, message: Message, action: dict[str, Any], response_url: str
    ) -> dict[str, Any]:
        """`block_actions` of a message. An ephemeral one is named by its container only."""
        ephemeral = message.ephemeral_for is not None
        container: dict[str, Any] = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        body = self._interaction("block_actions", person) | {
            "container": container,
            "trigger_id": self._core.tickets.trigger(person.id),
            "channel": {"id": channel.id, "name": channel.name},
            "state": {"values": as_values(message.state)},
            "response_url": response_url,
            "actions": [action],
        }
        return body if ephemeral else body | {"message": self._core.ledger.as_api(message)}

    def view_action(self, person: Person, view: View, action: dict[str, Any]) -> dict[str, Any]:
        shown = self._core.modals.as_api(view)
        return self._interaction("block_actions", person) | {
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self._core.tickets.trigger(person.id, view.id),
            "view": shown,
            "state": shown["state"],
            "actions": [action],
        }

    def submission(self, person: Person, view: View) -> dict[str, Any]:
        return self._interaction("view_submission", person) | {
            "trigger_id": self._core.tickets.trigger(person.id, view.id),
            "view": self._core.modals.as_api(view),
            "response_urls": [],
        }

    def closed(self, person: Person, view: View, *, cleared: bool) -> dict[str, Any]:
        shown = self._core.modals.as_api(view)
        return self._interaction("view_closed", person) | {"view": shown, "is_cleared": cleared}

    def shortcut(self, person: Person, callback_id: str) -> dict[str, Any]:
        return self._interaction("shortcut", person) | {
            "callback_id": callback_id,
            "trigger_id": self._core.tickets.trigger(person.id),
            "action_ts": self._core.ledger.new_ts(),
        }

    def message_shortcut(
        self, person: Person, callback_id: str, channel: Channel, message: Message, response_url: str
    ) -> dict[str, Any]:
        return self._interaction("message_action", person) | {
            "callback_id": callback_id,
            "trigger_id": self._core.tickets.trigger(person.id),
            "action_ts": self._core.ledger.new_ts(),
            "response_url": response_url,
            "message_ts": message.ts,
            "channel": {"id": channel.id, "name": channel.name},
            "message": self._core.ledger.as_api(message),
        }

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        seed = self._core.seed
        return {
            "token": self._core.verification_token,
            "team_id": seed.team_id,
            "api_app_id": seed.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{secrets.token_hex(5).upper()}",
            "event_time": int(self._core.clock.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": seed.team_id,
                    "user_id": seed.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{secrets.token_hex(12)}",
        }

    def mention(self, message: Message) -> dict[str, Any]:
        return self.event(self._said(message) | {"type": "app_mention"})

    def direct_message(self, message: Message) -> dict[str, Any]:
        return self.event(self._said(message) | {"channel_type": "im"})

    def changed(self, message: Message, before: dict[str, Any]) -> dict[str, Any]:
        """What `message.im` tells when the bot has changed its own message in a DM."""
        return self.event(
            {
                "type": "message",
                "subtype": "message_changed",
                "message": self._core.ledger.as_api(message),
                "previous_message": before,
                "channel": message.channel,
                "hidden": True,
                "ts": self._core.ledger.new_ts(),
                "event_ts": self._core.ledger.new_ts(),
                "channel_type": "im",
            }
        )

    def home_opened(self, person: Person, channel: Channel, tab: str) -> dict[str, Any]:
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": channel.id,
            "tab": tab,
            "event_ts": self._core.ledger.new_ts(),
        }
        home = self._core.modals.home(person.id)
        if home is not None and tab == "home":
            event["view"] = self._core.modals.as_api(home)
        return self.event(event)

    def person_changed(self, person: Person) -> dict[str, Any]:
        """With the whole person, as in `users.info`."""
        user = person.as_user(self._core.seed.team_id, locale=True)
        event_ts = self._core.ledger.new_ts()
        return self.event({"type": "user_change", "user": user, "cache_ts": 0, "event_ts": event_ts})

    def _said(self, message: Message) -> dict[str, Any]:
        api = self._core.ledger.as_api(message)
        return api | {"channel": message.channel, "event_ts": message.ts}

    def new_message(self, person: Person, channel: Channel, text: str, thread_ts: str | None) -> Message:
        """What a person typed, as it then stands in the channel."""
        ledger = self._core.ledger
        line = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        blocks = ledger.with_ids([{"type": "rich_text", "elements": [line]}])
        message = Message(
            ledger.new_ts(),
            channel.id,
            person.id,
            text,
            blocks,
            thread_ts=thread_ts,
            client_msg_id=str(uuid4()),
        )
        return ledger.add(message)
