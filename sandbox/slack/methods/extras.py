"""What a bot may use beside: reactions, pins, files, the status line, blocks.validate."""

import secrets
from typing import Any

from sandbox.slack.blocks import Surface, complaints
from sandbox.slack.calls import Answer, Call, Method, Token
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError, invalid
from sandbox.slack.messages import Message
from sandbox.slack.methods.chat import Chat, Content
from sandbox.slack.modals import check
from sandbox.slack.rates import Tier


class Extras:
    def __init__(self, core: Core, chat: Chat) -> None:
        self._core = core
        self._chat = chat
        self.uploads: dict[str, dict[str, Any]] = {}
        self.statuses: dict[tuple[str, str], str] = {}

    def methods(self) -> dict[str, Method]:
        files, status = ("files:write",), ("chat:write", "assistant:write")
        return {
            "reactions.add": Method(self.react, Tier.THREE, ("reactions:write",)),
            "reactions.remove": Method(self.unreact, Tier.TWO, ("reactions:write",)),
            "pins.add": Method(self.pin, Tier.TWO, ("pins:write",)),
            "files.getUploadURLExternal": Method(self.upload_url, Tier.FOUR, files),
            "files.completeUploadExternal": Method(self.complete, Tier.FOUR, files),
            "assistant.threads.setStatus": Method(self.status, Tier.STATUS, status),
            "blocks.validate": Method(self.validate, Tier.FOUR, token=Token.NONE),
        }

    def _message(self, call: Call) -> Message:
        channel = self._core.world.channel_for_bot(call.required("channel"), member=True)
        return self._core.ledger.get(channel.id, call.required("timestamp"))

    def react(self, call: Call) -> Answer:
        users = self._message(call).reactions.setdefault(call.required("name").strip(":"), [])
        if self._core.seed.bot_user_id in users:
            raise SlackError("already_reacted")
        users.append(self._core.seed.bot_user_id)
        return {"ok": True}

    def unreact(self, call: Call) -> Answer:
        message, name = self._message(call), call.required("name").strip(":")
        users = message.reactions.get(name, [])
        if self._core.seed.bot_user_id not in users:
            raise SlackError("no_reaction")
        users.remove(self._core.seed.bot_user_id)
        if not users:
            del message.reactions[name]
        return {"ok": True}

    def pin(self, call: Call) -> Answer:
        message = self._message(call)
        if message.pinned:
            raise SlackError("already_pinned")
        message.pinned = True
        return {"ok": True}

    def upload_url(self, call: Call) -> Answer:
        file_id = f"F0{secrets.token_hex(5).upper()}"
        length = call.number("length", 0)
        if length <= 0:
            raise invalid("invalid_arguments", ["missing required field: length"])
        self.uploads[file_id] = {
            "id": file_id,
            "name": call.required("filename"),
            "size": length,
            "got": None,
        }
        return {"ok": True, "file_id": file_id, "upload_url": f"{self._core.url}/upload/{file_id}"}

    def receive(self, file_id: str, content: bytes) -> bool:
        """The bytes that came to an upload URL."""
        upload = self.uploads.get(file_id)
        if upload is None or len(content) != upload["size"]:
            return False
        upload["got"] = content
        return True

    def complete(self, call: Call) -> Answer:
        files = []
        for one in call.json("files") or []:
            upload = self.uploads.get(one.get("id", ""))
            if upload is None or upload["got"] is None:
                raise SlackError("file_not_found")
            name = upload["name"]
            files.append(
                {"id": upload["id"], "name": name, "title": one.get("title", name), "size": upload["size"]}
            )
        if not files:
            raise invalid("invalid_arguments", ["missing required field: files"])
        if call.has("channel_id"):
            channel = self._chat.target(call.text("channel_id"))
            content = Content(Call({"text": call.text("initial_comment")}))
            self._chat.put(channel, content, call.text("thread_ts") or None).files = files
        return {"ok": True, "files": files}

    def status(self, call: Call) -> Answer:
        channel = self._core.world.channel_for_bot(call.required("channel_id"), member=True)
        thread_ts = call.required("thread_ts")
        self._core.ledger.get(channel.id, thread_ts, error="thread_not_found")
        if len(call.json("loading_messages") or []) > 10:
            raise invalid(
                "invalid_arguments", ["no more than 10 items allowed [json-pointer:/loading_messages]"]
            )
        self.statuses[(channel.id, thread_ts)] = call.text("status")
        return {"ok": True}

    def statuses_in(self, channel_id: str) -> dict[str, str]:
        """The status lines of a channel's threads, by the thread's ts."""
        return {ts: status for (where, ts), status in self.statuses.items() if where == channel_id and status}

    def validate(self, call: Call) -> Answer:
        if call.has("view"):
            check(call.json("view"))
            return {"ok": True}
        message = call.json("message") or {}
        blocks = call.json("blocks") if call.has("blocks") else message.get("blocks", [])
        found = complaints(blocks, Surface.MESSAGE)
        if found:
            raise invalid("invalid_blocks", found)
        return {"ok": True}
