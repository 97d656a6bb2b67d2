"""AI Conductor as one thing that starts and stops, and what people do there by hand."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sandbox.conductor.accounts import ADMIN, Account, Attempt
from sandbox.conductor.application import Application, Write
from sandbox.conductor.calls import CALLS
from sandbox.conductor.installation import Installation, Ways, a_spec
from sandbox.conductor.workspaces import Workspace
from sandbox.serving.callfaults import Faults
from sandbox.serving.loopback import Loopback

ADMIN_LOGIN = "workspace-bot"


class ConductorSimulator:
    """`password` is that of the administrator `ADMIN_LOGIN`. All methods may be called from any thread.

    What is public knowledge it does as the real one; what is not, as the shipped guess has it, and where
    two ways are possible as its settings say: `appends_ws` to a new workspace's name; `names_stay`, so that a
    deleted name is not to be had again; `version`, since before 2 workspaces are asked for by name.
    """

    def __init__(
        self,
        *,
        password: str,
        version: str = "2.0",
        appends_ws: bool = True,
        names_stay: bool = False,
        token_lasts: timedelta = timedelta(hours=1),
        shared_bucket: str = "s3-an2-meerkat-prod-aia",
        image_base: str = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/ecr-an2-meerkat-prod",
        login_domain: str = "aic.com",
    ) -> None:
        self.faults = Faults()
        self._password = password
        self._here = Installation(
            ways=Ways(version=version, appends_ws=appends_ws, names_stay=names_stay),
            token_lasts=token_lasts,
            shared_bucket=shared_bucket,
            image_base=image_base,
            login_domain=login_domain,
        )
        self._here.accounts.add(Account(ADMIN_LOGIN, password, ADMIN))
        self._application = Application(self._here, self.faults)
        self._server = Loopback(self._application, "conductor")
        self._application.cut = self._server.cut

    def start(self, port: int = 0) -> str:
        """The URL, without `/api`. Raises `PortInUse`."""
        return self._server.start(port)

    def stop(self) -> None:
        self._server.stop()

    def on_write(self, callback: Callable[[Write], None]) -> None:
        """Called after a write was carried out and before it is answered, on a thread of the server's."""
        self._application.on_write = callback

    @property
    def known_calls(self) -> tuple[str, ...]:
        """Every call that a fault can name."""
        return tuple(call.name for call in CALLS)

    @property
    def unknown_calls(self) -> list[str]:
        """Calls that nothing here understands; each was refused. A test ends with none."""
        return list(self._application.unknown_calls)

    def forget_unknown_calls(self) -> None:
        """They were made on purpose."""
        self._application.unknown_calls.clear()

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Every call that changed something, after number `since`."""
        return self._application.journal(since)

    @property
    def logins(self) -> list[Attempt]:
        """Every login that was tried, in order."""
        with self._here.lock:
            return list(self._here.accounts.attempts)

    def workspaces(self) -> list[dict[str, Any]]:
        """Those that are not deleted."""
        with self._here.lock:
            people = {row.id: row.login for row in self._here.accounts.living()}
            return [
                {
                    "name": row.name,
                    "bucket": row.bucket,
                    "dashboard": row.dashboard,
                    "resources": [dict(spec) for spec in row.specs],
                    "members": {people[number]: role for number, role in row.members.items()},
                    "solutions": list(row.solutions),
                    "id": row.id,
                }
                for row in self._here.workspaces.living()
            ]

    def accounts(self) -> list[dict[str, Any]]:
        """Those that are not deleted, without their passwords."""
        with self._here.lock:
            return [
                {"login": row.login, "type": row.role, "locked": row.locked, "id": row.id}
                for row in self._here.accounts.living()
            ]

    def keep(self) -> dict[str, Any]:
        """All there is but sessions and deleted rows, as JSON; with passwords, so for nobody else's eyes."""
        with self._here.lock:
            return {
                "accounts": [asdict(row) for row in self._here.accounts.living()],
                "workspaces": [asdict(row) for row in self._here.workspaces.living()],
            }

    def bring_back(self, kept: Mapping[str, Any]) -> None:
        """What `keep` gave, in place of what is there. The administrator has the password of this start."""
        with self._here.lock:
            self._here.accounts.rows = [Account(**row) for row in kept["accounts"]]
            self._here.workspaces.rows = [Workspace(**row) for row in kept["workspaces"]]
            self._account(ADMIN_LOGIN).password = self._password
            self._here.accounts.expire_sessions()

    def add_workspace(
        self, name: str, *, bucket: str, specs: tuple[tuple[str, int, int, int], ...], dashboard: str = ""
    ) -> None:
        """By hand, under exactly this name. A spec is its name, vCPU, GB of memory, GPU."""
        with self._here.lock:
            made = Workspace(name, bucket, dashboard)
            made.save([a_spec(*spec) for spec in specs])
            self._here.workspaces.add(made, names_stay=False)

    def add_account(self, login: str, *, password: str, type_: str = "DEVELOPER") -> None:
        with self._here.lock:
            self._here.accounts.add(Account(login, password, type_))

    def set_role(self, login: str, workspace: str, role: str) -> None:
        """Empty: no longer a member."""
        with self._here.lock:
            account, found = self._account(login), self._workspace(workspace)
            found.members.pop(account.id, None)
            if role:
                found.members[account.id] = role

    def set_bucket(self, workspace: str, bucket: str) -> None:
        with self._here.lock:
            self._workspace(workspace).bucket = bucket

    def set_solutions(self, workspace: str, *names: str) -> None:
        with self._here.lock:
            self._workspace(workspace).solutions = list(names)

    def set_password(self, login: str, password: str) -> None:
        with self._here.lock:
            self._account(login).password = password

    def reject_admin(self) -> None:
        """The bot's password is no longer right, until `accept_admin`; each login with it counts."""
        self.set_password(ADMIN_LOGIN, f"no longer {self._password}")
        self.expire_sessions()

    def accept_admin(self) -> None:
        self.set_password(ADMIN_LOGIN, self._password)
        self.unlock(ADMIN_LOGIN)

    def lock_unused(self, login: str, days: int = 90) -> None:
        with self._here.lock:
            self._account(login).unused_days = days
            self._here.accounts.expire_sessions()

    def unlock(self, login: str) -> None:
        with self._here.lock:
            account = self._account(login)
            account.fails = account.unused_days = 0

    def expire_sessions(self) -> None:
        with self._here.lock:
            self._here.accounts.expire_sessions()

    def _account(self, login: str) -> Account:
        found = self._here.accounts.find(login)
        if found is None:
            raise KeyError(login)
        return found

    def _workspace(self, name: str) -> Workspace:
        found = self._here.workspaces.find(name)
        if found is None:
            raise KeyError(name)
        return found
