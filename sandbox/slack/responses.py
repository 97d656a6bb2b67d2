"""Answers of the bot that are not Web API calls: acknowledgements with content, and response URLs."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.slack.calls import Call
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError
from sandbox.slack.events import Events
from sandbox.slack.messages import Message
from sandbox.slack.methods.chat import Chat, Content
from sandbox.slack.tickets import Hook
from sandbox.slack.web import WebApi


class Responses:
    def __init__(self, core: Core, chat: Chat, events: Events, web: WebApi) -> None:
        self._core = core
        self._chat = chat
        self._events = events
        self._web = web

    def url(self, hook: Hook) -> str:
        return f"{self._core.url}/response/{hook.kind}/{hook.id}"

    def say(self, hook: Hook, answer: dict[str, Any]) -> Message:
        """Put an answer where it belongs: for one person unless `in_channel` is asked for."""
        channel = self._core.world.channels[hook.channel]
        content = Content(Call(answer))
        if content.empty:
            raise SlackError("no_text")
        public = answer.get("response_type") == "in_channel"
        thread_ts = answer.get("thread_ts") or hook.thread_ts
        message = self._chat.put(channel, content, thread_ts, None if public else hook.user)
        if public:
            self._events.bot_said(message)
        return message

    async def serve(self, request: Request) -> Response:
        gone = self._web.unreachable(request)
        if gone is not None:
            return gone
        answer: Any = None
        try:
            answer = await self._answer(request)
            hook = self._core.tickets.use(request.path_params["hook"])
            self._carry_out(hook, answer)
        except SlackError as error:
            self._core.journal.write("response_url", "respond", arguments=answer, answer=error.answer())
            gone_for_good = error.error in ("no_team", "expired_url", "used_url")
            return JSONResponse(error.answer(), 404 if gone_for_good else 400)
        self._core.journal.write("response_url", "respond", arguments=answer, answer={"ok": True})
        return PlainTextResponse("ok")

    async def _answer(self, request: Request) -> dict[str, Any]:
        try:
            answer = json.loads(await request.body())
        except ValueError:
            raise SlackError("invalid_payload") from None
        if not isinstance(answer, dict):
            raise SlackError("invalid_payload")
        return answer

    def _carry_out(self, hook: Hook, answer: dict[str, Any]) -> None:
        original = self._core.ledger.find(hook.channel, hook.message_ts) if hook.message_ts else None
        if answer.get("delete_original"):
            if original is not None:
                self._core.ledger.remove(original)
        elif answer.get("replace_original") and original is not None:
            self._replace(original, Content(Call(answer)))
        else:
            self.say(hook, answer)

    def _replace(self, message: Message, content: Content) -> None:
        if content.empty:
            raise SlackError("no_text")
        before = self._core.ledger.as_api(message)
        message.text = content.text
        message.blocks = self._core.ledger.with_ids(content.blocks)
        message.attachments = content.attachments
        if message.ephemeral_for is None:
            self._events.bot_changed(message, before)
