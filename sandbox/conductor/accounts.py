"""Accounts: who may log in, how often it may go wrong, and what session that gives."""

import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.conductor.refusal import Refused, bad

LOCKS_AT = 5
ADMIN = "ADMIN"


@dataclass(slots=True)
class Account:
    login: str
    password: str = field(repr=False)
    role: str
    display_name: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    fails: int = 0
    unused_days: int = 0  # for so long nobody logged in, and it is locked for it
    deleted: bool = False

    @property
    def locked(self) -> bool:
        return self.fails >= LOCKS_AT or self.unused_days > 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login. `code` is empty when it went well."""

    login: str
    code: str = ""


class Accounts:
    """Not safe from several threads; the installation sees to that."""

    def __init__(self, *, token_lasts: timedelta) -> None:
        self.rows: list[Account] = []
        self.attempts: list[Attempt] = []
        self._lasts = token_lasts.total_seconds()
        self._sessions: dict[str, tuple[str, float]] = {}  # token: id of the account, when it ends

    def living(self) -> list[Account]:
        return [row for row in self.rows if not row.deleted]

    def find(self, login: str) -> Account | None:
        return next((row for row in self.living() if row.login == login), None)

    def by_id(self, account_id: str) -> Account:
        found = next((row for row in self.living() if row.id == account_id), None)
        if found is None:
            raise bad("account", f"can't find account {account_id}")
        return found

    def add(self, account: Account) -> Account:
        if self.find(account.login) is not None:
            raise bad("account", f"already exist name {account.login}")
        self.rows.append(account)
        return account

    def log_in(self, login: str, password: str) -> tuple[str, Account]:
        """A token and whose it is. Raises `Refused` with the code that says why."""
        account = self.find(login)
        if account is None:
            raise self._reject(login, "USER.LOGIN.001", {})
        if account.unused_days:
            raise self._reject(login, "USER.LOGIN.003", {"unused_period": account.unused_days})
        if account.locked:
            raise self._reject(login, "USER.LOGIN.002", {"login_fail_count": account.fails})
        if account.password != password:
            account.fails += 1
            code = "USER.LOGIN.002" if account.fails >= LOCKS_AT else "USER.LOGIN.001"
            raise self._reject(login, code, {"login_fail_count": account.fails})
        account.fails = 0
        self.attempts.append(Attempt(login))
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (account.id, time.monotonic() + self._lasts)
        return token, account

    def of_token(self, token: str) -> Account:
        """Raises `Refused` with 401 for a token that is not, or no longer, of anybody."""
        account_id, ends = self._sessions.get(token, ("", 0.0))
        found = next((row for row in self.living() if row.id == account_id), None)
        if found is None or time.monotonic() >= ends:
            raise Refused(401, "Could not validate credentials")
        return found

    def expire_sessions(self) -> None:
        self._sessions.clear()

    def _reject(self, login: str, code: str, more: dict[str, int]) -> Refused:
        self.attempts.append(Attempt(login, code))
        return Refused(401, {"error_code": code, **more})
