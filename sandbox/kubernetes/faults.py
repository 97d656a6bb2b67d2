"""Things that go wrong on purpose, at the n-th call of a kind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sandbox.kubernetes.call import Call
from sandbox.kubernetes.refusal import Refused
from sandbox.kubernetes.rights import denial


class Effect(StrEnum):
    REFUSE = "refuse"  # not carried out
    LOSE_ANSWER = "lose answer"  # carried out, then the connection is closed
    DELAY = "delay"


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """Armed for calls `nth` to `nth + times - 1` of those that match, counted from when it was set."""

    effect: Effect
    verb: str
    resource: str
    nth: int = 1
    times: int = 1
    user: str = ""  # empty: anyone
    refusal: Callable[[Call], Refused] | None = None
    delay: timedelta = timedelta()
    seen: int = field(default=0, init=False)

    @property
    def fired(self) -> int:
        return max(0, min(self.seen - self.nth + 1, self.times))

    def matches(self, call: Call) -> bool:
        return (
            self.verb in ("*", call.verb)
            and self.resource in ("*", call.target.qualified)
            and self.user in ("", call.user.name)
        )


class Faults:
    """`resource` is qualified: "configmaps", "profiles.kubeflow.org", "deployments.apps/status"; "*" is any.
    So is `verb`: get, list, watch, create, update, patch, delete, deletecollection."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def refuse(
        self,
        verb: str,
        resource: str,
        *,
        code: int,
        reason: str,
        message: str,
        nth: int = 1,
        times: int = 1,
        user: str = "",
        retry_after: int | None = None,
    ) -> Fault:
        """Answer with this Status instead of carrying the call out."""
        status = Refused(code, reason, message, retry_after=retry_after)
        return self._arm(
            Fault(
                effect=Effect.REFUSE,
                verb=verb,
                resource=resource,
                nth=nth,
                times=times,
                user=user,
                refusal=lambda _call: status,
            )
        )

    def forbid(self, verb: str, resource: str, *, nth: int = 1, times: int = 1, user: str = "") -> Fault:
        """Answer 403 as if the right were missing."""
        return self._arm(
            Fault(
                effect=Effect.REFUSE,
                verb=verb,
                resource=resource,
                nth=nth,
                times=times,
                user=user,
                refusal=lambda call: denial(
                    call.user,
                    call.verb,
                    call.target.resource,
                    call.target.part,
                    call.target.namespace,
                    call.target.name,
                ),
            )
        )

    def throttle(
        self, verb: str, resource: str, *, nth: int = 1, times: int = 1, retry_after: int = 1, user: str = ""
    ) -> Fault:
        """Answer 429 with Retry-After (seconds)."""
        return self.refuse(
            verb,
            resource,
            code=429,
            reason="TooManyRequests",
            message="Too many requests, please try again later.",
            nth=nth,
            times=times,
            user=user,
            retry_after=retry_after,
        )

    def lose_answer(self, verb: str, resource: str, *, nth: int = 1, times: int = 1, user: str = "") -> Fault:
        """Carry the call out, then close the connection without a word."""
        return self._arm(
            Fault(effect=Effect.LOSE_ANSWER, verb=verb, resource=resource, nth=nth, times=times, user=user)
        )

    def delay(
        self, verb: str, resource: str, by: timedelta, *, nth: int = 1, times: int = 1, user: str = ""
    ) -> Fault:
        return self._arm(
            Fault(
                effect=Effect.DELAY, verb=verb, resource=resource, nth=nth, times=times, user=user, delay=by
            )
        )

    def lift(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._armed:
                self._armed.remove(fault)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def struck(self, call: Call) -> list[Fault]:
        """Count the call and return the faults whose turn it is."""
        with self._lock:
            now: list[Fault] = []
            for fault in self._armed:
                if fault.matches(call):
                    fault.seen += 1
                    if fault.nth <= fault.seen < fault.nth + fault.times:
                        now.append(fault)
            return now

    def _arm(self, fault: Fault) -> Fault:
        with self._lock:
            self._armed.append(fault)
        return fault
