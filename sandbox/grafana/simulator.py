"""Stands for Grafana, as far as its dashboards go: the three calls by uid, and a page to look at one.

Answers and their words are those of Grafana 9 to 12. A call that is not known here is an error.
"""

import asyncio
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.grafana import page
from sandbox.serving.callfaults import Faults, Kind
from sandbox.serving.loopback import Loopback

GET, POST, DELETE = "grafana.GetDashboard", "grafana.PostDashboard", "grafana.DeleteDashboard"
KNOWN = (GET, POST, DELETE)
"""What a fault can name."""

_RIGHTS = {
    GET: "dashboards:read",
    POST: "any of dashboards:create, dashboards:write",
    DELETE: "dashboards:delete",
}
_UID = re.compile(r"[a-zA-Z0-9_-]+\Z")
_UID_LONGEST = 40
_TAG_LONGEST = 50  # the column of Grafana's table

Board = dict[str, Any]
Act = Callable[[Request, Any], tuple[Board, str]]
"""Of a request and its body: the answer, and the uid of what was changed, if anything was."""


class Front(StrEnum):
    """What stands before Grafana and lets nobody through."""

    PAGE = "page"  # a login page, with 200
    REDIRECT = "redirect"  # to one


@dataclass(frozen=True, slots=True)
class Write:
    """One call that changed something. `resource` is the uid."""

    number: int
    time: float
    call: str
    resource: str


@dataclass(slots=True)
class Kept:
    """A dashboard. `provisioned`: from a file, so that it can be neither saved nor deleted."""

    id: int
    board: Board = field(repr=False)
    version: int = 1
    provisioned: bool = False

    @property
    def uid(self) -> str:
        return str(self.board["uid"])

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", str(self.board["title"]).lower()).strip("-")

    @property
    def url(self) -> str:
        return f"/d/{self.uid}/{self.slug}"


class Refused(Exception):
    """An error as Grafana says it: the HTTP status, its words, and whatever else stands in the body."""

    def __init__(self, code: int, message: str, /, **more: object) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"message": message, **more}


class GrafanaSimulator:
    """All methods may be called from any thread."""

    def __init__(self, *, token: str = "", names_unique: bool = False) -> None:
        """`token` lets in; empty: one is made up. `names_unique`: as older versions, which have a title only
        once in a folder."""
        self.token = token or f"glsa_{secrets.token_hex(16)}"
        self.faults = Faults()
        self.front: Front | None = None
        self._names_unique = names_unique
        self._kept: dict[str, Kept] = {}
        self._writes: list[Write] = []
        self._unknown: list[str] = []
        self._hook: Callable[[Write], None] | None = None
        self._lock = threading.Lock()
        self._loopback = Loopback(self._application(), "grafana")

    def start(self, port: int = 0) -> str:
        """Returns the URL. Raises `PortInUse`."""
        return self._loopback.start(port)

    def stop(self) -> None:
        self._loopback.stop()

    def on_write(self, hook: Callable[[Write], None]) -> None:
        """Called after a write was carried out and before it is answered; may block, may kill the caller."""
        self._hook = hook

    @property
    def unknown_calls(self) -> list[str]:
        """Calls that are not known here; each was refused. A test ends with none."""
        return list(self._unknown)

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Every call that changed something, after number `since`."""
        return [asdict(write) for write in self._writes[since:]]

    def dashboards(self) -> list[dict[str, Any]]:
        """What there is."""
        with self._lock:
            return [
                {
                    "uid": kept.uid,
                    "title": kept.board["title"],
                    "tags": list(kept.board.get("tags") or ()),
                    "version": kept.version,
                    "url": kept.url,
                    "provisioned": kept.provisioned,
                }
                for kept in self._kept.values()
            ]

    def model(self, uid: str) -> Board | None:
        """The JSON of a dashboard."""
        with self._lock:
            kept = self._kept.get(uid)
            return _told(kept) if kept else None

    def add(self, board: Board, *, provisioned: bool = False) -> None:
        """As if a person had made or saved it; `provisioned`, as if it came from a file."""
        with self._lock:
            known = self._kept.get(str(board["uid"]))
            made = Kept(self._next_id(), deepcopy(board), provisioned=provisioned)
            if known:
                made.id, made.version = known.id, known.version + 1
            self._kept[made.uid] = made

    def remove(self, uid: str) -> None:
        """As if a person had deleted it."""
        with self._lock:
            self._kept.pop(uid, None)

    def keep(self) -> list[dict[str, Any]]:
        """For the next start: all that `bring_back` needs, as JSON."""
        with self._lock:
            return [asdict(kept) for kept in self._kept.values()]

    def bring_back(self, kept: Sequence[dict[str, Any]]) -> None:
        with self._lock:
            for each in kept:
                back = Kept(**each)
                self._kept[back.uid] = back
            self._numbers = iter(
                range(max((one.id for one in self._kept.values()), default=0) + 1, 1_000_000)
            )

    def _application(self) -> Starlette:
        by_uid = "/api/dashboards/uid/{uid}"
        return Starlette(
            routes=[
                Route(by_uid, self._answering(GET, self._get), methods=["GET"]),
                Route("/api/dashboards/db", self._answering(POST, self._post), methods=["POST"]),
                Route(by_uid, self._answering(DELETE, self._delete), methods=["DELETE"]),
                Route("/login", self._login),
                Route("/d/{uid}", self._page),
                Route("/d/{uid}/{slug}", self._page),
            ],
            exception_handlers={404: self._nothing_there, 405: self._nothing_there},
        )

    def _answering(self, call: str, act: Act) -> Callable[[Request], Any]:
        """Around each call: who stands in front, faults, the token, and the hook after a write."""

        async def serve(request: Request) -> Response:
            if self.front is not None:
                return self._turned_away()
            body = await request.body()
            delay = self.faults.take(Kind.DELAY, call, writes=call != GET)
            if delay is not None:
                await asyncio.sleep(delay)
            lost = self._taken(Kind.LOST_ANSWER, call)
            answer = await self._carried_out(call, act, request, body)
            return _Lost(self._loopback) if lost else answer

        return serve

    async def _carried_out(self, call: str, act: Act, request: Request, body: bytes) -> Response:
        try:
            self._admit(call, request)
            answer, changed = await run_in_threadpool(act, request, _read(body))
        except Refused as refused:
            return JSONResponse(refused.body, refused.code)
        if changed:
            await run_in_threadpool(self._written, call, changed)
        return JSONResponse(answer)

    def _taken(self, kind: Kind, call: str) -> bool:
        return self.faults.take(kind, call, writes=call != GET) is not None

    def _admit(self, call: str, request: Request) -> None:
        if self._taken(Kind.THROTTLING, call):
            raise Refused(429, "Too many requests")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused(401, "Unauthorized", **_public("auth.unauthorized", 401))
        if token != self.token:
            raise Refused(401, "Invalid API key", **_public("api-key.invalid", 401))
        if self._taken(Kind.ACCESS_DENIED, call):
            words = "You'll need additional permissions to perform this action. Permissions needed: "
            error_id = f"ACE{secrets.randbelow(10**10):010d}"
            raise Refused(403, words + _RIGHTS[call], title="Access denied", accessErrorId=error_id)

    def _written(self, call: str, uid: str) -> None:
        with self._lock:
            write = Write(len(self._writes) + 1, time.time(), call, uid)
            self._writes.append(write)
        if self._hook is not None:
            self._hook(write)

    def _get(self, request: Request, _: object) -> tuple[Board, str]:
        with self._lock:
            kept = self._found(request)
            meta = {
                "type": "db",
                "slug": kept.slug,
                "url": kept.url,
                "version": kept.version,
                "folderUid": "",
                "folderTitle": "General",
                "provisioned": kept.provisioned,
            }
            return {"meta": meta, "dashboard": _told(kept)}, ""

    def _delete(self, request: Request, _: object) -> tuple[Board, str]:
        with self._lock:
            kept = self._found(request)
            if kept.provisioned:
                raise Refused(400, "provisioned dashboard cannot be deleted")
            del self._kept[kept.uid]
        title = kept.board["title"]
        return {"title": title, "message": f"Dashboard {title} deleted", "uid": kept.uid}, kept.uid

    def _post(self, _: Request, body: Any) -> tuple[Board, str]:
        if not isinstance(body, dict) or not isinstance(body.get("dashboard"), dict):
            raise Refused(400, "bad request data")
        board: Board = deepcopy(body["dashboard"])
        _check(board)
        with self._lock:
            board["uid"] = board.get("uid") or secrets.token_hex(7)
            known = self._kept.get(board["uid"])
            self._check_against(board, known, overwrite=body.get("overwrite") is True)
            kept = Kept(known.id if known else self._next_id(), board, known.version + 1 if known else 1)
            self._kept[kept.uid] = kept
        answer = {"id": kept.id, "uid": kept.uid, "url": kept.url, "slug": kept.slug}
        return answer | {"status": "success", "version": kept.version, "folderUid": ""}, kept.uid

    def _check_against(self, board: Board, known: Kept | None, *, overwrite: bool) -> None:
        if board.get("id") and (known is None or known.id != board["id"]):
            raise Refused(404, "Dashboard not found", status="not-found")
        if known and known.provisioned:
            raise Refused(400, "Cannot save provisioned dashboard")
        if known and not overwrite and board.get("version", 0) != known.version:
            changed = "The dashboard has been changed by someone else"
            raise Refused(412, changed, status="version-mismatch")
        same = [
            one for one in self._kept.values() if one.board["title"] == board["title"] and one is not known
        ]
        if self._names_unique and same and not overwrite:
            taken = "A dashboard with the same name in the folder already exists"
            raise Refused(412, taken, status="name-exists")

    def _next_id(self) -> int:
        return max((kept.id for kept in self._kept.values()), default=0) + 1

    def _found(self, request: Request) -> Kept:
        kept = self._kept.get(request.path_params["uid"])
        if kept is None:
            raise Refused(404, "Dashboard not found")
        return kept

    # For people

    async def _login(self, _: Request) -> Response:
        return page.login("Grafana")

    async def _page(self, request: Request) -> Response:
        board = self.model(request.path_params["uid"])
        return page.nothing("Dashboard") if board is None else page.dashboard(board)

    def _turned_away(self) -> Response:
        if self.front is Front.REDIRECT:
            return RedirectResponse("/login?next=somewhere", 302)
        return page.login("Sign in to Example")

    async def _nothing_there(self, request: Request, _: Exception) -> Response:
        if request.method == "GET" and not request.url.path.startswith("/api"):
            return page.nothing("Page")
        self._unknown.append(f"{request.method} {request.url.path}")
        return JSONResponse({"message": "Not found"}, 404)


class _Lost(Response):
    """No answer at all: the connection breaks."""

    def __init__(self, loopback: Loopback) -> None:
        super().__init__()
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        await self._loopback.cut(scope, receive)


def _check(board: Board) -> None:
    """What Grafana finds wrong with a dashboard, whatever else there is."""
    if not str(board.get("title") or "").strip():
        raise Refused(400, "Dashboard title cannot be empty", status="empty-name")
    uid = str(board.get("uid") or "")
    if uid and not _UID.match(uid):
        raise Refused(400, "uid contains illegal characters")
    if len(uid) > _UID_LONGEST:
        raise Refused(400, "uid too long, max 40 characters")
    if any(len(str(tag)) > _TAG_LONGEST for tag in board.get("tags") or ()):
        raise Refused(500, "Failed to save dashboard")


def _told(kept: Kept) -> Board:
    return deepcopy(kept.board) | {"id": kept.id, "version": kept.version}


def _read(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def _public(message_id: str, status: int) -> dict[str, Any]:
    return {"messageId": message_id, "statusCode": status, "traceID": "", "extra": None}
