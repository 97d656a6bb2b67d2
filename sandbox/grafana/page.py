"""What a person sees who opens the simulated Grafana in a browser."""

import html
from typing import Any

from starlette.responses import HTMLResponse


def login(title: str) -> HTMLResponse:
    """With 200, as login pages have."""
    return _page(title, "<p>Please log in.</p>")


def nothing(what: str) -> HTMLResponse:
    return _page("Grafana", f"<p>{what} not found.</p>", 404)


def dashboard(board: dict[str, Any]) -> HTMLResponse:
    """What it is made of."""
    constants = [one for one in board.get("templating", {}).get("list", ()) if one.get("type") == "constant"]
    parts = [
        "<p>Grafana is simulated here and draws nothing; this is what the dashboard is made of.</p>",
        _list("Tags", [str(tag) for tag in board.get("tags") or ()]),
        _list("Variables", [f"{one['name']} = {one['query']}" for one in constants]),
        _list("Panels", [str(one.get("title") or one.get("type")) for one in board.get("panels", ())]),
    ]
    return _page(str(board["title"]), "".join(parts))


def _list(title: str, items: list[str]) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{html.escape(item)}</li>' for item in items)}</ul>"


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    shown = html.escape(title)
    head = f"<!doctype html><html><head><title>{shown}</title></head>"
    return HTMLResponse(f"{head}<body><h1>{shown}</h1>{body}</body></html>", status)
