"""The page's files, as they are served to a browser."""

from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent.parent / "page"
_NOTHING_ELSE = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _NOTHING_ELSE,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # a newer sandbox on the same port has newer files
}
# The system's own table may know modules by another name, or not at all.
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def home() -> Response:
    return FileResponse(FOLDER / "index.html", media_type="text/html", headers=HEADERS)


class Files(StaticFiles):
    """Whatever the page asks for, from its own folder alone."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    def file_response(
        self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.update(HEADERS)
        kind = _TYPES.get(Path(full_path).suffix)
        if kind is not None and answer.status_code == 200:
            answer.headers["content-type"] = f"{kind}; charset=utf-8"
        return answer
