"""What is asked of the API: its body and numbers, and how it is refused."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LONGEST_WAIT = 30.0  # seconds
Body = dict[str, Any]


class Wrong(Exception):
    """A request that cannot be carried out, in words for whoever sent it."""

    def __init__(self, status: int, error: str, what_to_do: str) -> None:
        super().__init__(error)
        self.status = status
        self.what_to_do = what_to_do


async def body_of(request: Request) -> Body:
    """The body as an object; nothing at all is an empty one."""
    text = await request.body()
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise Wrong(400, f"the body is not JSON: {error}", "send a JSON object") from error
    if not isinstance(found, dict):
        raise Wrong(400, "the body is JSON, but not an object", "send a JSON object")
    return found


def only(body: Body, allowed: set[str], required: set[str] | None = None) -> None:
    """Raises `Wrong` unless each field is known, a text but for values, and none is missing."""
    takes = f"it takes {', '.join(sorted(allowed)) or 'nothing'}"
    if unknown := sorted(set(body) - allowed):
        raise Wrong(400, f"there is no field {', '.join(unknown)}", takes)
    if missing := sorted((required or set()) - set(body)):
        raise Wrong(400, f"{', '.join(missing)} is missing", takes)
    for name, value in body.items():
        if name not in ("values", "value") and not isinstance(value, str | None):
            raise Wrong(400, f"{name} is a text, not {value!r}", takes)


def since(request: Request) -> tuple[int, float]:
    """After which number, and for how many seconds to wait for what follows."""
    given = request.query_params
    try:
        return int(given.get("since", "0")), min(max(float(given.get("wait", "0")), 0.0), LONGEST_WAIT)
    except ValueError:
        raise Wrong(400, "since and wait are numbers", "for example /api/journal?since=0&wait=10") from None


async def refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, Wrong)  # noqa: S101  Starlette hands over what it was registered for
    return JSONResponse({"error": str(error), "what to do": error.what_to_do}, status_code=error.status)


async def no_such_address(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    said = f"there is no {request.method} {request.url.path}"
    return JSONResponse({"error": said, "what to do": "GET /api lists all calls"}, status_code=status)
