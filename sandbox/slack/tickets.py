"""What Slack hands out for a short while: trigger ids, response URLs, sockets' URLs."""

import secrets
from dataclasses import dataclass

from sandbox.slack.clock import Clock
from sandbox.slack.errors import SlackError

TRIGGER_LIFE = 3.0
HOOK_LIFE = 30 * 60.0
HOOK_USES = 5
# Slack keeps used ones only to say why they fail; so does the simulator, for this many.
KEPT = 2_000


@dataclass(slots=True)
class Trigger:
    id: str
    user: str
    made: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True)
class Hook:
    """A response_url. `message_ts` is what `replace_original` replaces."""

    id: str
    kind: str
    channel: str
    user: str
    made: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class Tickets:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, Hook] = {}
        self._links: set[str] = set()

    def trigger(self, user_id: str, view_id: str | None = None) -> str:
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**9)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(trigger_id, user_id, self._clock.now(), view_id)
        while len(self._triggers) > KEPT:
            del self._triggers[next(iter(self._triggers))]
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger: once, and within three seconds of what made it."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if self._clock.now() - trigger.made > TRIGGER_LIFE:
            raise SlackError("expired_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        trigger.used = True
        return trigger

    def hook(
        self,
        kind: str,
        channel: str,
        user: str,
        *,
        message_ts: str | None = None,
        thread_ts: str | None = None,
    ) -> Hook:
        hook_id = secrets.token_urlsafe(18)
        hook = Hook(hook_id, kind, channel, user, self._clock.now(), message_ts, thread_ts)
        self._hooks[hook_id] = hook
        while len(self._hooks) > KEPT:
            del self._hooks[next(iter(self._hooks))]
        return hook

    def use(self, hook_id: str) -> Hook:
        """Use a response URL: five times within half an hour."""
        hook = self._hooks.get(hook_id)
        if hook is None:
            raise SlackError("no_team")
        if self._clock.now() - hook.made > HOOK_LIFE:
            raise SlackError("expired_url")
        if hook.uses >= HOOK_USES:
            raise SlackError("used_url")
        hook.uses += 1
        return hook

    def link(self) -> str:
        """A one-time ticket for opening a socket."""
        ticket = secrets.token_hex(16)
        self._links.add(ticket)
        return ticket

    def enter(self, ticket: str) -> bool:
        if ticket not in self._links:
            return False
        self._links.remove(ticket)
        return True
