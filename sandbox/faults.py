"""The switches for trouble: by name, each on one call of one vendor or on a whole part."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from sandbox.grafana.simulator import KNOWN as GRAFANA
from sandbox.kubernetes.resource import RESOURCES
from sandbox.outside import BOT_KEY_ID, BOT_USER, Outside
from sandbox.serving.callfaults import Faults, Kind
from sandbox.slack import Down

_VERBS = ("get", "list", "create", "update", "patch", "delete")
_KUBERNETES = {
    f"kubernetes.{verb} {kind.plural}": (verb, kind.qualified)
    for kind in RESOURCES
    for verb in (("create",) if kind.review else _VERBS)
}
_EXAMPLES = ("s3.CreateBucket", "iam.CreatePolicyVersion", "kubernetes.create profiles")
_ALWAYS = 1_000_000_000
Part = TypeVar("Part")


class Name(StrEnum):
    NO_CAPACITY = "no-capacity"
    ACCESS_DENIED = "access-denied"
    POLICY_FULL = "policy-full"
    THROTTLING = "throttling"
    LOST_ANSWER = "lost-answer"
    DEX_BROKEN = "dex-broken"
    SLACK_DOWN = "slack-down"
    SLACK_TWICE = "slack-twice"
    KILL_BOT = "kill-bot"


ABOUT = {
    Name.NO_CAPACITY: "EC2 has no machine for the next node groups",
    Name.ACCESS_DENIED: "the vendor refuses the call: it says 403, in its own words",
    Name.POLICY_FULL: "neither of the two shared S3 policies has room for one more bucket",
    Name.THROTTLING: "the vendor is busy: S3 says SlowDown, others Throttling or 429",
    Name.LOST_ANSWER: "the call is carried out, then the connection closes without an answer",
    Name.DEX_BROKEN: "dex does not come up after a restart, until this is lifted",
    Name.SLACK_DOWN: "Slack answers nothing and its sockets are cut",
    Name.SLACK_TWICE: "Slack delivers twice what people do",
    Name.KILL_BOT: "the bot is killed with -9 when the call was carried out, before it is answered",
}
_BY_CALL = frozenset({Name.ACCESS_DENIED, Name.THROTTLING, Name.LOST_ANSWER, Name.KILL_BOT})
_UNTIL_LIFTED = frozenset(
    {
        Name.NO_CAPACITY,
        Name.ACCESS_DENIED,
        Name.POLICY_FULL,
        Name.DEX_BROKEN,
        Name.SLACK_DOWN,
        Name.SLACK_TWICE,
    }
)
_BY_TIMES = frozenset({Name.NO_CAPACITY, Name.DEX_BROKEN, Name.SLACK_TWICE})


class BadFault(ValueError):
    """What was asked cannot be switched on; the text says what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`call` is "s3.CreateBucket", "kubernetes.create profiles", or for kill-bot "*", every vendor write.

    It strikes the `nth` such call from now and the `times - 1` after it; `times` 0 is until lifted.
    """

    call: str = ""
    nth: int = 1
    times: int = 1
    how: str = Down.CLOSED.value  # slack-down


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Armed:
    lift: Callable[[], None]
    spent: Callable[[], bool] = _never  # it struck as often as it should


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorWrite:
    """The bot changed something at a vendor; numbered over all vendors. `struck`: and was killed at it."""

    number: int
    time: float  # seconds since 1970
    call: str
    resource: str
    struck: bool


class Switches:
    """All methods may be called from any thread."""

    def __init__(self, outside: Outside, *, kill_bot: Callable[[], bool]) -> None:
        self._outside = outside
        self._kill_bot = kill_bot
        self._on: dict[Name, Setting] = {}
        self._armed: dict[Name, _Armed] = {}
        self._lock = threading.RLock()
        self.writes: list[VendorWrite] = []

    def vendor_wrote(self, call: str, resource: str) -> VendorWrite:
        """Called between the deed and its answer; this is where the bot is killed."""
        with self._lock:
            write = VendorWrite(
                number=len(self.writes) + 1,
                time=time.time(),
                call=call,
                resource=resource,
                struck=self._kill_is_due(call),
            )
            self.writes.append(write)
            if write.struck:
                self._kill_bot()
            return write

    def _kill_is_due(self, call: str) -> bool:
        """And counts the call."""
        kill = self._on.get(Name.KILL_BOT)
        if kill is None or kill.call not in ("*", call):
            return False
        if kill.nth > 1:
            self._on[Name.KILL_BOT] = replace(kill, nth=kill.nth - 1)
            return False
        if kill.times == 1:
            del self._on[Name.KILL_BOT]
        elif kill.times > 1:
            self._on[Name.KILL_BOT] = replace(kill, times=kill.times - 1)
        return True

    def all(self) -> list[dict[str, Any]]:
        return [self.get(name) for name in Name]

    def get(self, name: Name) -> dict[str, Any]:
        with self._lock:
            if name in self._armed and self._armed[name].spent():
                self.lift(name)
            setting = self._on.get(name)
            shown = asdict(setting) if setting else {}
            return {"name": name.value, "about": ABOUT[name], "on": setting is not None, **shown}

    def put(self, name: Name, body: Mapping[str, Any]) -> dict[str, Any]:
        """Switch it on, in place of what it was. Raises `BadFault`."""
        setting = self._read(name, body)
        with self._lock:
            self.lift(name)
            self._armed[name] = self._arm(name, setting)
            self._on[name] = setting
            return self.get(name)

    def lift(self, name: Name) -> None:
        with self._lock:
            self._on.pop(name, None)
            armed = self._armed.pop(name, None)
            if armed is not None:
                armed.lift()

    @property
    def known(self) -> Sequence[str]:
        """Every call that a fault can name."""
        there = self._outside
        return (
            *(there.aws.calls.known if there.aws is not None else ()),
            *(_KUBERNETES if there.kubernetes is not None else ()),
            *(GRAFANA if there.grafana is not None else ()),
            *(there.conductor.known_calls if there.conductor is not None else ()),
        )

    def _read(self, name: Name, body: Mapping[str, Any]) -> Setting:
        allowed = {"call", "nth", "times"} if name in _BY_CALL else set()
        if name is Name.SLACK_DOWN:
            allowed = {"how"}
        elif name in _BY_TIMES:
            allowed = {"times"}
        if unknown := sorted(set(body) - allowed):
            takes = ", ".join(sorted(allowed)) or "nothing"
            raise BadFault(f"{name.value} takes {takes}, not {', '.join(unknown)}")
        default = Setting(call="*" if name is Name.KILL_BOT else "", times=0 if name in _UNTIL_LIFTED else 1)
        setting = replace(default, **body)
        for field, least in (("nth", 1), ("times", 0)):
            value = getattr(setting, field)
            if type(value) is not int or value < least:
                raise BadFault(f"{field} is a whole number of at least {least}, not {value!r}")
        if name is Name.SLACK_DOWN and setting.how not in list(Down):
            raise BadFault(f"how is one of {', '.join(Down)}, not {setting.how!r}")
        if name in _BY_CALL and not (name is Name.KILL_BOT and setting.call == "*"):
            self._check(setting.call)
        return setting

    def _check(self, call: object) -> None:
        if not isinstance(call, str) or call not in self.known:
            near = get_close_matches(str(call), self.known, n=3, cutoff=0.3)
            examples = dict.fromkeys([*near, *(one for one in _EXAMPLES if one in self.known)])
            raise BadFault(
                f"there is no call {call!r}; known are {', '.join(examples)} and others, all listed by"
                " GET /api/faults"
            )

    def _arm(self, name: Name, setting: Setting) -> _Armed:
        """Switch it on where it works."""
        match name:
            case Name.KILL_BOT:
                return _Armed(lift=lambda: None)
            case Name.NO_CAPACITY:
                aws = self._part(self._outside.aws, "AWS")
                aws.no_capacity(setting.times)
                return _Armed(lift=aws.restore_capacity, spent=lambda: not aws.lacks_capacity)
            case Name.POLICY_FULL:
                aws = self._part(self._outside.aws, "AWS")
                aws.fill_policies()
                return _Armed(lift=aws.relieve_policies)
            case Name.SLACK_DOWN:
                slack = self._part(self._outside.slack, "Slack")
                slack.faults.down(Down(setting.how))
                return _Armed(lift=slack.faults.up)
            case Name.SLACK_TWICE:
                slack = self._part(self._outside.slack, "Slack")
                slack.faults.duplicate(times=setting.times)
                return _Armed(lift=self._slack_once)
            case Name.DEX_BROKEN:
                dex = self._part(self._outside.dex, "dex")
                dex.break_restarts(setting.times or None)
                return _Armed(lift=dex.mend)
            case _:
                return self._arm_call(name, setting)

    def _arm_call(self, name: Name, setting: Setting) -> _Armed:
        if setting.call not in _KUBERNETES:
            faults, key_id = self._faults_of(setting.call)
            rule = faults.add(
                Kind(name.value), setting.call, nth=setting.nth, times=setting.times, key_id=key_id
            )
            return _Armed(lift=lambda: faults.lift(rule), spent=lambda: rule.spent)
        kubernetes = self._part(self._outside.kubernetes, "Kubernetes")
        verb, resource = _KUBERNETES[setting.call]
        arm = {
            Name.ACCESS_DENIED: kubernetes.faults.forbid,
            Name.THROTTLING: kubernetes.faults.throttle,
            Name.LOST_ANSWER: kubernetes.faults.lose_answer,
        }[name]
        times = setting.times or _ALWAYS
        fault = arm(verb, resource, nth=setting.nth, times=times, user=BOT_USER)
        return _Armed(lift=lambda: kubernetes.faults.lift(fault), spent=lambda: fault.fired >= times)

    def _faults_of(self, call: str) -> tuple[Faults, str]:
        """And the key of the calls that are meant, where others call as well."""
        match call.partition(".")[0]:
            case "grafana":
                return self._part(self._outside.grafana, "Grafana").faults, ""
            case "conductor":
                return self._part(self._outside.conductor, "AI Conductor").faults, ""
            case _:
                return self._part(self._outside.aws, "AWS").faults, BOT_KEY_ID

    def _slack_once(self) -> None:
        """Slack's faults can only be cleared together, which also brings it up."""
        slack = self._part(self._outside.slack, "Slack")
        down = slack.faults.is_down
        slack.faults.clear()
        if down is not None:
            slack.faults.down(down)

    @staticmethod
    def _part(part: Part | None, name: str) -> Part:
        if part is None:
            raise BadFault(f"{name} is not simulated here (--without)")
        return part
