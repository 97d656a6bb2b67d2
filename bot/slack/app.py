"""The Bolt app, built from one table of listeners.

Every listener acknowledges first and works afterwards in a pool of its own, so that neither Slack's three
seconds nor the number of people at once ever depend on a call to Slack. What stands before an acknowledgement
asks Slack nothing: a form is stored, or its errors told; a wrong command is answered.

Bolt's own pool of listeners is not used (`process_before_response`): it polls for the acknowledgement every
10 ms in one more thread, and an error just after it takes the acknowledgement back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import TypeAlias

import structlog
from cachetools import FIFOCache
from slack_bolt import Ack, App, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bot.model.card import Action, Card
from bot.slack import forms, handlers
from bot.slack.cards import render
from bot.slack.context import Body, Incoming, Reply, SlackContext
from bot.slack.forms import CREATE_FORM, DELETE_FORM, PROJECT_TYPED, REJECT_FORM, SIZE_CHOSEN, errors
from bot.slack.transport import Transport
from provisioner.message import Message, Ref, named

log = structlog.get_logger()

WORKERS = 32
_EVENTS_REMEMBERED = 5_000

Handler: TypeAlias = Callable[[SlackContext, Incoming], None]
First: TypeAlias = Callable[[SlackContext, Incoming], Reply | None]


class Kind(StrEnum):
    COMMAND = "command"
    ACTION = "action"
    SUBMISSION = "submission"
    SHORTCUT = "shortcut"
    MESSAGE_SHORTCUT = "message_shortcut"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Listener:
    kind: Kind
    id: str  # action_id, callback_id or type of event; the command's name is a setting
    handle: Handler  # after the acknowledgement
    first: First | None = None  # before it, asking Slack nothing; what it returns is the whole answer


TABLE: Sequence[Listener] = (
    Listener(Kind.COMMAND, "", handlers.command, handlers.answer_now),
    Listener(Kind.EVENT, "app_mention", handlers.mention),
    Listener(Kind.EVENT, "message", handlers.direct_message),
    Listener(Kind.EVENT, "app_home_opened", handlers.publish_home),
    Listener(Kind.EVENT, "user_change", handlers.person_changed),
    Listener(Kind.SHORTCUT, "ws.create.shortcut", forms.open_create_empty),
    Listener(Kind.MESSAGE_SHORTCUT, "ws.shortcut", handlers.show_actions),
    Listener(Kind.SUBMISSION, CREATE_FORM, forms.after_create, forms.submit_create),
    Listener(Kind.SUBMISSION, DELETE_FORM, forms.after_delete, forms.submit_delete),
    Listener(Kind.SUBMISSION, REJECT_FORM, handlers.reject, handlers.reason_missing),
    Listener(Kind.ACTION, Action.APPROVE.value, handlers.approve),
    Listener(Kind.ACTION, Action.REJECT.value, handlers.ask_reason),
    Listener(Kind.ACTION, Action.WITHDRAW.value, handlers.withdraw),
    Listener(Kind.ACTION, Action.CANCEL.value, handlers.cancel),
    Listener(Kind.ACTION, Action.RETRY.value, handlers.retry),
    Listener(Kind.ACTION, Action.ROLL_BACK.value, handlers.roll_back),
    Listener(Kind.ACTION, Action.DETAILS.value, handlers.details),
    Listener(Kind.ACTION, Action.CONTINUE.value, handlers.go_on),
    Listener(Kind.ACTION, Action.DELETE.value, handlers.remove),
    Listener(Kind.ACTION, Action.STATUS.value, handlers.status),
    Listener(Kind.ACTION, Action.OPEN_FORM.value, forms.open_create_filled),
    Listener(Kind.ACTION, Action.OPEN_DELETE.value, forms.open_delete_named),
    Listener(Kind.ACTION, Action.HELP.value, handlers.show_help),
    Listener(Kind.ACTION, PROJECT_TYPED, forms.show_names),
    Listener(Kind.ACTION, SIZE_CHOSEN, forms.show_names),
)


class SlackApp:
    """Started once. Asks Slack nothing until `start`."""

    def __init__(self, context: SlackContext, transport: Transport) -> None:
        self._context = context
        self._transport = transport
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="slack-work")
        self._events: FIFOCache[str, bool] = FIFOCache(_EVENTS_REMEMBERED)
        self._events_lock = Lock()
        self._bolt = self._build()

    def start(self) -> None:
        self._transport.start(self._bolt)

    def stop(self) -> None:
        """Take nothing more, then finish what was acknowledged."""
        self._transport.stop()
        self._workers.shutdown(wait=True)

    def connected(self) -> bool:
        return self._transport.connected()

    def _build(self) -> App:
        token = self._context.client.token

        def authorize(team_id: str, enterprise_id: str | None) -> AuthorizeResult:
            """One workspace, one token. Bolt's own way asks `auth.test` before the first acknowledgement."""
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

        bolt = App(
            name="workspace-bot",
            authorize=authorize,
            client=None,
            signing_secret="",  # the endpoint has checked the signature, see endpoint.py
            request_verification_enabled=False,
            ssl_check_enabled=False,
            process_before_response=True,
        )
        for listener in TABLE:
            _register(bolt, listener, self._context.command, self._listener(listener))
        bolt.error(self._failed_before_ack)
        return bolt

    def _listener(self, listener: Listener) -> Callable[[Ack, Body], None]:
        def on_incoming(ack: Ack, body: Body) -> None:
            incoming = self._context.read(body)
            answer = listener.first(self._context, incoming) if listener.first else None
            if answer is not None:
                ack(dict(answer))
                return
            ack()
            self._later(listener.handle, incoming)

        return on_incoming

    def _later(self, handle: Handler, incoming: Incoming) -> None:
        if incoming.event_id and self._delivered(incoming.event_id):
            return
        self._workers.submit(self._work, handle, incoming)

    def _delivered(self, event_id: str) -> bool:
        """Whether it was before; it is from now on."""
        with self._events_lock:
            before = event_id in self._events
            self._events[event_id] = True
        return before

    def _work(self, handle: Handler, incoming: Incoming) -> None:
        """In a worker to the end: what is told of an error may wait for Slack, an acknowledgement may not."""
        try:
            self._transport.let_by()
            handle(self._context, incoming)
        except Exception as error:  # noqa: BLE001 logged with its trace in _record
            self._context.whisper(incoming, _our_fault(named(_record(error))))

    def _failed_before_ack(self, error: Exception, body: Body) -> BoltResponse:
        """Nothing was done yet. Told in the acknowledgement: at a form's first field, or as an answer."""
        reference = named(_record(error))
        incoming = Incoming.from_body(body)
        locale = incoming.origin.locale or self._context.people.known_locale(incoming.user) or ""
        words = self._context.texts.for_locale(locale)
        fields = list((incoming.view.get("state") or {}).get("values") or {})
        if body.get("type") == "view_submission" and fields:
            said = Message(
                "Your form wasn't saved because of an internal error. Try again. Reference: {reference}.",
                reference=reference,
            )
            return BoltResponse(status=200, body=errors({fields[0]: words.plain(said)}))
        text, blocks = render(_our_fault(reference), words)
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text, "blocks": blocks})


def _register(bolt: App, listener: Listener, command: str, listen: Callable[[Ack, Body], None]) -> None:
    match listener.kind:
        case Kind.COMMAND:
            bolt.command(command)(listen)
        case Kind.ACTION:
            bolt.block_action(listener.id)(listen)
        case Kind.SUBMISSION:
            bolt.view_submission(listener.id)(listen)
        case Kind.SHORTCUT:
            bolt.global_shortcut(listener.id)(listen)
        case Kind.MESSAGE_SHORTCUT:
            bolt.message_shortcut(listener.id)(listen)
        case Kind.EVENT:
            bolt.event(listener.id)(listen)


def _record(error: BaseException) -> str:
    """The trace goes to the log only; people get the reference under which it is found there."""
    reference = f"E-{secrets.token_hex(4)}"
    log.error("handler failed", reference=reference, exc_info=error)
    return reference


def _our_fault(reference: Ref) -> Card:
    text = Message(
        "Nothing changed because of an internal error. Try again, or send reference {reference} to the"
        " bot's operator.",
        reference=reference,
    )
    return Card(text, text)
