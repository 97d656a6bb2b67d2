"""The workspace's login: one user in dex's configuration, which all workspaces share.

The entry is ours by its derived email. "There" means the entry, not its hash: bcrypt is salted, and a retry
never rotates a password. An entry of that email with another user name is somebody else's: a delete leaves it
and takes out ours beside it, which opened the same door.

dex reads its file at start only, so an edit is not done before dex was restarted after it and was seen up.
What is owed is kept beside the text, in the same write (`DexDocument.pending`): `+email` was put in,
`-email` taken out, and dex was not seen up since. So a crash loses nothing, one restart serves all edits
older than it, and neither a restart of somebody else's nor an outage makes finished workspaces look
unfinished. The restart is asked for by an annotation with the text's sha256: an equal text restarts nothing.

Whoever edits sees it through, also when told to stop: if dex does not start with our entry, nobody can log
in, and nobody else would take the entry out. An edit that waits for its restart is no better, since dex may
be restarted by anybody.

While dex restarts for one workspace, others edit and wait: the restart after it serves all of them, so that
however many come at once, two restarts do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait, pause
from provisioner.message import Message, named
from provisioner.ownership import Tags, foreign_bucket
from provisioner.password_hash import strong
from provisioner.redaction import Redactor
from provisioner.stages.dex import config as dexconfig
from provisioner.stages.dex.config import DexConfig, Login, Unsound
from provisioner.vendor_call import Cause, NotOurs, Permanent, Temporary, WorkError
from provisioner.workspace import Workspace

LOCK = "configmap/auth/dex"

_LOOK_AGAIN = 2.0  # seconds, at most
_CRASHES_ENOUGH = 2  # a third start will not go better, and meanwhile nobody can log in
_EDITS_AT_ONCE = 5  # lost races against editors that know no lock, before it is left for later


@dataclass(frozen=True, slots=True, kw_only=True)
class DexDocument:
    """The text at one version. `pending`: edits that dex was not seen up with yet."""

    text: str = field(repr=False)
    version: str
    pending: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How far dex's own restart is."""

    digest: str = ""  # of the text of our last restart
    restarted_at: datetime | None = None  # by us
    complete: bool = False  # all its pods are new and ready
    crashes: int = 0  # how often the newest pod was started again, while it is not ready


@dataclass(frozen=True, slots=True, kw_only=True)
class DexSeen:
    document: DexDocument
    config: DexConfig
    rollout: Rollout
    up: bool  # it answers
    bucket: Mapping[str, str] | None = None  # its tags; looked at for a delete only, where there is an entry

    @property
    def steady(self) -> bool:
        return self.rollout.complete and self.up


class Dex(Protocol):
    """What this stage needs of dex's ConfigMap and Deployment."""

    def document(self) -> DexDocument: ...

    def write(self, document: DexDocument) -> bool: ...  # False: its version is no longer the newest

    def rollout(self) -> Rollout: ...

    def when_rolled_out(self, then: Callable[[], None]) -> bool:
        """Call `then` once dex's own restart is complete. Whether that is watched."""
        ...

    def restart(self, *, digest: str, at: datetime) -> None: ...

    def last_words(self) -> str: ...  # of the newest pod; empty when it said nothing


class DexHealth(Protocol):
    def up(self) -> bool: ...


_Edit: TypeAlias = Callable[[Workspace, DexDocument, DexConfig], DexDocument]


class DexUserStage(Stage[DexSeen]):
    """`starts_within`: how long dex may take to come up before our own entry is taken out again."""

    name = "dex-user"
    title = Message("Dex login")
    locks = (LOCK,)
    by_name = True

    def __init__(
        self,
        dex: Dex,
        health: DexHealth,
        buckets: Tags,
        password_hash: SecretStr,
        *,
        starts_within: timedelta = timedelta(minutes=3),
    ) -> None:
        if not strong(password_hash.get_secret_value()):
            raise ValueError("the password hash is not bcrypt of cost 10 to 16")
        self._dex = dex
        self._health = health
        self._buckets = buckets
        self._password_hash = password_hash
        self._starts_within = starts_within
        self._newest: DexConfig | None = None  # that was read

    def observe(self, ws: Workspace, goal: Goal) -> DexSeen:
        document = self._dex.document()
        config = self._config(document, ws)
        left = goal is Goal.ABSENT and _ours(ws, config)  # a removal that has begun is seen through
        return DexSeen(
            document=document,
            config=config,
            rollout=self._dex.rollout(),
            up=self._health.up(),
            bucket=self._buckets.tags(ws.bucket) if left else None,
        )

    def foreign(self, ws: Workspace, seen: DexSeen, goal: Goal) -> NotOurs | None:
        return foreign_bucket(ws, seen.bucket) or _foreign_entry(ws, seen.config)

    def ours(self, ws: Workspace, seen: DexSeen) -> DexSeen | None:
        """An entry of ours beside one of a stranger's; not where the bucket is a stranger's."""
        return seen if _owed(ws, seen) and not foreign_bucket(ws, seen.bucket) else None

    def plan(self, ws: Workspace, seen: DexSeen, goal: Goal) -> tuple[Change, ...]:
        if goal is Goal.ABSENT:
            return _absent(ws, seen)
        if not _ours(ws, seen.config):
            return (_change(ws, Verb.CREATE),)
        if not _sound(ws, seen.config) or _put(ws) in seen.document.pending:
            return (_change(ws, Verb.UPDATE),)
        return ()

    def ensure(self, ws: Workspace, seen: DexSeen, ctx: StageContext) -> Wait | None:
        if _sound(ws, seen.config):
            return self._serve(ws, seen, ctx)
        well = seen.steady or self._restarting(seen, ctx)
        if not well and self._startable(seen.document):  # else our own entry is what stops it
            return self._not_now(ws, seen, ctx)
        message = Message("adding {user} to Dex", user=named(ws.login_email))
        return self._restart(seen, self._edit(ws, seen.document, ctx, message, self._put_in), ctx)

    def remove(self, ws: Workspace, seen: DexSeen, ctx: StageContext) -> Wait | None:
        if not _ours(ws, seen.config):
            return self._serve(ws, seen, ctx)
        message = Message("removing {user} from Dex", user=named(ws.login_email))
        return self._restart(seen, self._edit(ws, seen.document, ctx, message, _take_out), ctx)

    def _edit(
        self, ws: Workspace, document: DexDocument, ctx: StageContext, message: Message, edit: _Edit
    ) -> DexDocument:
        """Write the edited document; read and edit anew when somebody else was faster."""
        for _ in range(_EDITS_AT_ONCE):
            try:
                edited = edit(ws, document, self._config(document, ws))
            except Unsound as error:
                raise _unsound(error) from error
            for other in ctx.peers() if edit is not _take_out_unserved else ():
                with suppress(Unsound, Permanent):  # theirs to be told, in their own turn
                    edited = edit(other, edited, self._config(edited, other))
            ctx.progress(message, to_the_end=True)
            if self._dex.write(edited):
                return edited
            document = self._dex.document()
        raise Temporary(Message("cannot edit Dex's configuration: it keeps changing"))

    def _put_in(self, ws: Workspace, document: DexDocument, config: DexConfig) -> DexDocument:
        text = config.with_login(self._login(ws, config)).text
        return replace(document, text=text, pending=document.pending - {_taken(ws)} | {_put(ws)})

    def _login(self, ws: Workspace, config: DexConfig) -> Login:
        """Ours; what is there already keeps its password and its id, where dex can use them."""
        kept = config.entries(ws.login_email)[-1:]  # of several, dex takes the last
        hashed = next((str(entry.get("hash")) for entry in kept), "")
        user_id = next((config.own_user_id(entry) for entry in kept), "")
        return Login(
            email=ws.login_email,
            hash=hashed if strong(hashed) else self._password_hash.get_secret_value(),
            username=ws.login,
            user_id=user_id or str(uuid5(NAMESPACE_URL, ws.login_email)),
        )

    def _serve(self, ws: Workspace, seen: DexSeen, ctx: StageContext) -> Wait | None:
        """After an edit: see that dex comes up with it."""
        if not seen.document.pending & {_put(ws), _taken(ws)}:
            return None
        if seen.rollout.digest != seen.document.digest:
            return self._restart(seen, seen.document, ctx)
        if seen.steady:
            ctx.progress(Message("Dex is running with its new configuration"))
            served = self._dex.write(replace(seen.document, pending=frozenset()))
            return (
                None
                if served
                else Wait(pause(ctx, _LOOK_AGAIN), Message("Dex's configuration changed during the run"))
            )
        if self._starting(seen, ctx):
            return self._until_up(seen.rollout, ctx, Message("Dex is restarting"))
        raise self._did_not_start(ws, seen, ctx)

    def _restart(self, seen: DexSeen, document: DexDocument, ctx: StageContext) -> Wait:
        if self._restarting(seen, ctx):
            return self._until_up(seen.rollout, ctx, Message("Dex is restarting for another workspace"))
        return self._restart_now(document, ctx)

    def _restart_now(self, document: DexDocument, ctx: StageContext) -> Wait:
        if self._dex.rollout().digest != document.digest:
            ctx.progress(Message("restarting Dex"), to_the_end=True)
            self._dex.restart(digest=document.digest, at=ctx.now)
        return self._until_up(Rollout(), ctx, Message("Dex is restarting"))

    def _until_up(self, rollout: Rollout, ctx: StageContext, reason: Message) -> Wait:
        """A pod that crashes is not announced, and neither is dex's own answer."""
        watched = not rollout.complete and self._dex.when_rolled_out(ctx.wake)
        return Wait(_LOOK_AGAIN if watched else pause(ctx, _LOOK_AGAIN), reason)

    def _not_now(self, ws: Workspace, seen: DexSeen, ctx: StageContext) -> Wait:
        """dex is down before our edit: add nothing to whatever is wrong with it."""
        if self._starting(seen, ctx):
            return self._until_up(seen.rollout, ctx, Message("Dex is restarting for another workspace"))
        what = Message("cannot add {user} to Dex: Dex isn't running", user=named(ws.login_email))
        raise Temporary(what, cause=self._last_words())

    def _restarting(self, seen: DexSeen, ctx: StageContext) -> bool:
        """By us, and nothing is wrong with it so far."""
        return not seen.steady and self._in_time(seen, ctx) and seen.rollout.crashes == 0

    def _starting(self, seen: DexSeen, ctx: StageContext) -> bool:
        return self._in_time(seen, ctx) and seen.rollout.crashes < _CRASHES_ENOUGH

    def _in_time(self, seen: DexSeen, ctx: StageContext) -> bool:
        at = seen.rollout.restarted_at
        return at is not None and ctx.now - at < self._starts_within

    def _did_not_start(self, ws: Workspace, seen: DexSeen, ctx: StageContext) -> Permanent:
        """Our own entry, and any other that dex was not seen up with, is taken out of the *current* text: an
        old text would lose a neighbour's edit. A neighbour that does no harm is put in again by its run."""
        cause = self._last_words()  # before the restart replaces the pod that said them
        user = named(ws.login_email)
        if not _ours(ws, seen.config):
            return Permanent(Message("Dex failed to start after {user} was removed", user=user), cause=cause)
        message = Message("Dex failed to start: removing {user}", user=user)
        self._restart_now(self._edit(ws, seen.document, ctx, message, _take_out_unserved), ctx)
        what = Message("Dex failed to start with {user}, so the bot removed that login", user=user)
        return Permanent(what, cause=cause)

    def _config(self, document: DexDocument, ws: Workspace) -> DexConfig:
        """A stranger's text that dex would not start with is never edited; an entry of ours is mended."""
        if config := self._startable(document):
            return config
        try:
            return dexconfig.read(document.text, mending=ws.login_email)
        except Unsound as error:
            raise _unsound(error) from error

    def _startable(self, document: DexDocument) -> DexConfig | None:
        """What dex starts with, as far as one can tell: read once for all who look at the same text."""
        config = self._newest
        if config is None or config.text != document.text:
            try:
                config = self._newest = dexconfig.read(document.text)
            except Unsound:
                return None
        return config

    def _last_words(self) -> Cause:
        try:
            cause = Cause(service="dex", operation="start", raw_text=self._dex.last_words())
        except WorkError as error:
            why = error.cause.raw_text if error.cause else ""
            note = Message("{what}: {why}", what=error.what, why=why) if why else error.what
            cause = Cause.noted(note, service="dex", operation="start")
        return cause.redacted(Redactor().redact)


def _take_out(ws: Workspace, document: DexDocument, config: DexConfig) -> DexDocument:
    text = config.without_login(ws.login_email, ws.login).text
    return replace(document, text=text, pending=document.pending - {_put(ws)} | {_taken(ws)})


def _take_out_unserved(ws: Workspace, document: DexDocument, config: DexConfig) -> DexDocument:
    """Which of those that were put in together keeps dex from starting cannot be told."""
    emails = {ws.login_email} | {edit[1:] for edit in document.pending if edit.startswith("+")}
    for email in sorted(emails):
        config = config.without_login(email, email.partition("@")[0])
    taken = {f"-{email}" for email in emails}
    pending = document.pending - {f"+{email}" for email in emails} | taken
    return replace(document, text=config.text, pending=pending)


def _unsound(error: Unsound) -> Permanent:
    return Permanent(Message("cannot edit Dex's configuration: {why}", why=error.what))


def _change(ws: Workspace, verb: Verb, state: Message | None = None) -> Change:
    target = Message("Dex login {login}", login=named(ws.login_email))
    detail = Message("restarts Dex")
    return Change(verb, target, detail, kind="kubeflow-login", name=ws.login_email, state=state)


def _absent(ws: Workspace, seen: DexSeen) -> tuple[Change, ...]:
    if not _owed(ws, seen):
        return ()
    there = bool(_ours(ws, seen.config))
    state = None if there else Message("removed from Dex's configuration, but Dex hasn't restarted yet")
    return (_change(ws, Verb.DELETE, state),)


def _owed(ws: Workspace, seen: DexSeen) -> bool:
    """Whether our entry is still there, or dex was not seen up without it."""
    return bool(_ours(ws, seen.config) or seen.document.pending & {_put(ws), _taken(ws)})


def _ours(ws: Workspace, config: DexConfig) -> tuple[Mapping[str, Any], ...]:
    return config.entries(ws.login_email, ws.login)


def _foreign_entry(ws: Workspace, config: DexConfig) -> NotOurs | None:
    for entry in config.entries(ws.login_email):
        username = entry.get("username")
        if username and username != ws.login:
            what = Message(
                "Dex login {user} belongs to {owner}",
                user=named(ws.login_email),
                owner=named(str(username)),
            )
            return NotOurs(what)
    return None


def _sound(ws: Workspace, config: DexConfig) -> bool:
    """Whether this login works: one entry, in the Profile's very letters, whole, with an id of its own."""
    match config.entries(ws.login_email):
        case (entry,):
            hashed = entry.get("hash")
            return (
                entry.get("email") == ws.login_email
                and entry.get("username") == ws.login
                and config.own_user_id(entry) != ""
                and (strong(str(hashed)) if hashed else bool(entry.get("hashFromEnv")))
            )
    return False


def _put(ws: Workspace) -> str:
    return f"+{ws.login_email}"


def _taken(ws: Workspace) -> str:
    return f"-{ws.login_email}"
