"""The order and the pace in which CloudFormation makes, rolls back and deletes a stack, in its words."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .nodegroups import Issue
from .stacks import Beat, Stack
from .template import NODEGROUP, POLICY
from .wire import Refused

_ASKED = "User Initiated"
_BEGUN = "Resource creation Initiated"
_CANCELLED = "Resource creation cancelled"


class Score:
    """Writes down what is going to happen, from `start`; a node group takes `boot`, and `goes` to go."""

    def __init__(self, start: datetime, *, boot: timedelta, goes: timedelta) -> None:
        self._start = start
        self._boot = boot
        self._goes = goes
        self._quick = boot / 10  # all but node groups
        self._beats: list[Beat] = []

    @property
    def beats(self) -> list[Beat]:
        return sorted(self._beats, key=lambda one: one.at)

    def create(self, stack: Stack, refused: Mapping[str, Refused]) -> list[Beat]:
        """`refused` has what EKS says at once to a node group."""
        at = self._start
        self._stack(at, "CREATE_IN_PROGRESS", _ASKED)
        groups = _of(stack, NODEGROUP)
        policies = _of(stack, POLICY)
        for name in stack.resources:
            if name not in groups and name not in policies:
                self._make(name, at, at + self._quick)
        at += self._quick
        for name in policies:
            if refused:
                self._note(name, at, "CREATE_IN_PROGRESS")
                self._note(name, at, "CREATE_FAILED", _CANCELLED)
            else:
                self._make(name, at, at + self._quick)
        end = at + self._quick
        for name in groups:
            end = max(end, self._make_group(stack, name, at, refused.get(name)))
        failed = [name for name in groups if name in refused or stack.fates[name].issues]
        if failed:
            self._fail(stack, at if refused else end, [*(policies if refused else ()), *failed])
        else:
            self._stack(end, "CREATE_COMPLETE", "")
        return self.beats

    def delete(self, stack: Stack) -> list[Beat]:
        """What was made of it, in reverse."""
        self._stack(self._start, "DELETE_IN_PROGRESS", _ASKED)
        self._stack(self._unmake(stack, self._start, _there(stack)), "DELETE_COMPLETE", "")
        return self.beats

    def refuse_making(self, stack: Stack, name: str, refused: Refused) -> list[Beat]:
        """Of a stack on its way. EKS says no to a node group: what else is being made is cancelled."""
        going_on = [
            other
            for other, one in stack.resources.items()
            if other != name and one.status == "CREATE_IN_PROGRESS"
        ]
        self._note(name, self._start, "CREATE_FAILED", _refusal(refused))
        for other in going_on:
            self._note(other, self._start, "CREATE_FAILED", _CANCELLED)
        self._fail(stack, self._start, [*going_on, name])
        return self.beats

    def refuse_deleting(self, stack: Stack, name: str, refused: Refused) -> list[Beat]:
        """EKS says no: what the node group needs, its role and launch template, stays with it."""
        at = self._start
        self._note(name, at, "DELETE_FAILED", _refusal(refused))
        policies = [one for one in _of(stack, POLICY) if one in _there(stack)]
        for policy in policies:
            self._note(policy, at, "DELETE_IN_PROGRESS")
            self._note(policy, at + self._quick, "DELETE_COMPLETE")
        status = "ROLLBACK_FAILED" if stack.status == "ROLLBACK_IN_PROGRESS" else "DELETE_FAILED"
        what = f"The following resource(s) failed to delete: [{name}]. "
        self._stack(at + self._quick, status, what)
        return self.beats

    def _fail(self, stack: Stack, at: datetime, failed: list[str]) -> None:
        what = f"The following resource(s) failed to create: [{', '.join(failed)}]. "
        if stack.keeps_failed:
            self._stack(at, "CREATE_FAILED", what)
            return
        self._stack(at, "ROLLBACK_IN_PROGRESS", f"{what}Rollback requested by user.")
        made = [*_there(stack), *(one.resource for one in self._beats if one.made)]
        self._stack(self._unmake(stack, at, made), "ROLLBACK_COMPLETE", "")

    def _unmake(self, stack: Stack, at: datetime, names: list[str]) -> datetime:
        """When all is gone."""
        groups = [name for name in _of(stack, NODEGROUP) if name in names]
        for name in groups:
            self._note(name, at, "DELETE_IN_PROGRESS", act="delete")
            self._note(name, at + self._goes, "DELETE_COMPLETE")
        at += self._goes if groups else timedelta()
        for name in reversed(names):
            if name not in groups:
                self._note(name, at, "DELETE_IN_PROGRESS")
                self._note(name, at + self._quick, "DELETE_COMPLETE")
        return at + self._quick

    def _make_group(self, stack: Stack, name: str, at: datetime, refused: Refused | None) -> datetime:
        """When it is there, or has failed."""
        self._note(name, at, "CREATE_IN_PROGRESS")
        if refused is not None:
            self._note(name, at, "CREATE_FAILED", _refusal(refused))
            return at
        self._note(name, at, "CREATE_IN_PROGRESS", _BEGUN, made=True, act="make")
        end, issues = at + self._boot, stack.fates[name].issues
        if issues:
            # It stays for a moment as it failed, as long as CloudFormation takes to see it.
            end += self._quick
            self._note(name, end, "CREATE_FAILED", _not_stable(issues))
        else:
            self._note(name, end, "CREATE_COMPLETE")
        return end

    def _make(self, name: str, at: datetime, end: datetime) -> None:
        self._note(name, at, "CREATE_IN_PROGRESS")
        self._note(name, at, "CREATE_IN_PROGRESS", _BEGUN, made=True)
        self._note(name, end, "CREATE_COMPLETE")

    def _note(
        self, name: str, at: datetime, status: str, reason: str = "", *, made: bool = False, act: str = ""
    ) -> None:
        self._beats.append(Beat(at=at, resource=name, status=status, reason=reason, made=made, act=act))

    def _stack(self, at: datetime, status: str, reason: str) -> None:
        self._beats.append(Beat(at=at, status=status, reason=reason))


def _of(stack: Stack, kind: str) -> list[str]:
    return [name for name, one in stack.resources.items() if one.type == kind]


def _there(stack: Stack) -> list[str]:
    return [name for name, one in stack.resources.items() if one.physical and one.status != "DELETE_COMPLETE"]


def _refusal(error: Refused) -> str:
    """EKS said no at once. The code for 403 is what other services' refusals have been seen to come with."""
    code = {403: "AccessDenied", 404: "NotFound", 409: "AlreadyExists"}.get(error.status, "InvalidRequest")
    said = f"{error.message} (Service: Eks, Status Code: {error.status}, Request ID: {uuid.uuid4()})"
    return _handler(said, code)


def _not_stable(issues: Sequence[Issue]) -> str:
    """EKS took it and it came to nothing."""
    told = ", ".join(
        f"Issue(Code={one.code}, Message={one.message}, ResourceIds=[{', '.join(one.resources)}])"
        for one in issues
    )
    return _handler(f"[{told}] (Service: null, Status Code: 0, Request ID: null)", "GeneralServiceException")


def _handler(said: str, code: str) -> str:
    token = f"RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code}"
    return f'Resource handler returned message: "{said}" ({token})'
