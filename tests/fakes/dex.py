"""dex, its ConfigMap and its Deployment in memory. It reads its text when it starts, as the real one does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import yaml

from provisioner.message import Message
from provisioner.stages.dex.stage import DexDocument, Rollout
from provisioner.vendor_call import Cause, Permanent

NEIGHBOURS = """\
# dex of the whole platform: edit with care
issuer: http://dex.auth.svc.cluster.local:5556/dex
storage:
  type: kubernetes
  config:
    inCluster: true
web:
  http: 0.0.0.0:5556
logger:
  level: "debug"
  format: text
oauth2:
  skipApprovalScreen: true
enablePasswordDB: true
staticPasswords:
# the sample user of the shipped platform
- email: user@example.com
  hash: $2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72
  # https://github.com/dexidp/dex/pull/1601/commits
  username: user
  userID: "15841185641784"
- email: aic-user-legacy-ws@aic.com
  hash: '$2a$12$ucqiYA9KBbTvtXFKqnFJfuxWkp3wRfTWOgDW5ajwYGdZ3jpJIXHSW'
  username: aic-user-legacy-ws
  userID: "\\"20240917103000\\""   # made by hand

# the one client of the platform
staticClients:
- idEnv: OIDC_CLIENT_ID
  secretEnv: OIDC_CLIENT_SECRET
  redirectURIs: ["/authservice/oidc/callback"]
  name: 'Dex Login Application'
"""


def words_of(text: str) -> str:
    """What dex says when it does not start with this text; empty when it starts."""
    document = yaml.safe_load(text)
    for user in document.get("staticPasswords") or ():
        if not user.get("hash"):
            return "error unmarshalling config file config.yaml: no password hash provided"
        if not re.match(r"\$2[aby]\$\d\d\$.{53}\Z", user["hash"]):
            return f"error parse config file: malformed bcrypt hash: {user['hash']}"
    return ""


@dataclass(slots=True)
class FakeDex:
    """`broken`: it starts with no text, and says `words`. `rival`: who edits before each write of ours.

    `slow`: ticks that a start takes. `refuses`: it starts with no text that has this in it. `silent`: why its
    words cannot be read.
    """

    text: str = NEIGHBOURS
    pending: frozenset[str] = frozenset()
    version: int = 1
    labels: dict[str, str] = field(default_factory=lambda: {"app": "dex"})
    broken: bool = False
    refuses: str = ""
    words: str = "listen tcp: no route"
    silent: str = ""
    hangs: bool = False  # a new pod neither ends nor gets ready
    rival: Callable[[str], str] | None = None
    running: str = NEIGHBOURS  # the text it has read
    alive: bool = True
    restarts: int = 0
    slow: int = 1
    watchable: bool = True
    _waiting: dict[Callable[[], None], None] = field(default_factory=dict)
    _rollout: Rollout = field(default_factory=lambda: Rollout(complete=True))
    _starting: int = 0  # ticks until it is up

    def document(self) -> DexDocument:
        return DexDocument(text=self.text, version=str(self.version), pending=self.pending)

    def write(self, document: DexDocument) -> bool:
        if self.rival is not None:
            self.edit(self.rival(self.text))
        if document.version != str(self.version):
            return False
        self.edit(document.text)
        self.pending = document.pending
        return True

    def rollout(self) -> Rollout:
        return self._rollout

    def when_rolled_out(self, then: Callable[[], None]) -> bool:
        if self.watchable:
            self._waiting[then] = None
        return self.watchable

    def restart(self, *, digest: str, at: datetime) -> None:
        self._rollout = Rollout(digest=digest, restarted_at=at, complete=False)
        self._starting = self.slow
        self.alive = False
        self.restarts += 1

    def last_words(self) -> str:
        if self.silent:
            cause = Cause(service="kubernetes", operation="get pods/log", code="403", raw_text=self.silent)
            raise Permanent(Message("cannot read Dex's log"), cause=cause)
        return self.words if self._ends() else words_of(self.text)

    def up(self) -> bool:
        return self.alive

    def edit(self, text: str) -> None:
        """As anybody may."""
        self.text = text
        self.version += 1

    def crash(self) -> None:
        """It ends and is started again, as a kubelet does."""
        self._starting = self.slow
        self.alive = False
        self._rollout = replace(self._rollout, complete=False)

    def tick(self) -> None:
        """A starting dex has read its text, or ended."""
        if self.hangs or not self._starting:
            return
        self._starting -= 1
        if self._starting:
            return
        if self._ends() or words_of(self.text):
            self._rollout = replace(self._rollout, crashes=self._rollout.crashes + 1)
            self._starting = self.slow
            return
        self.running = self.text
        self.alive = True
        self._rollout = replace(self._rollout, complete=True, crashes=0)
        waiting, self._waiting = self._waiting, {}
        for then in waiting:
            then()

    def _ends(self) -> bool:
        return self.broken or bool(self.refuses and self.refuses in self.text)

    def users(self) -> set[str]:
        """Who can log in now, as dex sees it."""
        document = yaml.safe_load(self.running)
        return {user["email"].lower() for user in document.get("staticPasswords") or ()}
