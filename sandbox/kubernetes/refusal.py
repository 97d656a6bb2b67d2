"""What an API server says when it will not: a `Status` object with the real words, reasons and codes.

Texts are those of k8s.io/apimachinery/pkg/api/errors and of the admission plug-ins, because people and
programs match on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.kubernetes.resource import Resource


class Refused(Exception):
    """Becomes the body and the code of an HTTP answer."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after

    def status(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        details = dict(self.details or {})
        if self.retry_after is not None:
            details["retryAfterSeconds"] = self.retry_after
        if details:
            body["details"] = details
        return body | {"code": self.code}


def not_found(resource: Resource, name: str) -> Refused:
    return Refused(404, "NotFound", f'{resource.qualified} "{name}" not found', details=_of(resource, name))


def already_exists(resource: Resource, name: str) -> Refused:
    return Refused(
        409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details=_of(resource, name)
    )


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: Resource, name: str, why: str = MODIFIED) -> Refused:
    return Refused(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        details=_of(resource, name),
    )


def apply_conflict(managers: Sequence[tuple[str, str]]) -> Refused:
    """Server-side apply met fields of others: (manager, field path) pairs."""
    lines = [f'conflict with "{manager}": {path}' for manager, path in managers]
    plural = "s" if len(lines) > 1 else ""
    first = lines[0] if len(lines) == 1 else "\n- ".join(["", *lines]).lstrip("\n")
    return Refused(
        409,
        "Conflict",
        f"Apply failed with {len(lines)} conflict{plural}: {first}",
        details={
            "causes": [
                {
                    "reason": "FieldManagerConflict",
                    "message": f'conflict with "{manager}"',
                    "field": path,
                }
                for manager, path in managers
            ]
        },
    )


def forbidden(resource: Resource, name: str, why: str, causes: list[dict[str, str]] | None = None) -> Refused:
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    details = _of(resource, name) | ({"causes": causes} if causes else {})
    return Refused(403, "Forbidden", f"{subject} is forbidden: {why}", details=details)


def terminating(resource: Resource, name: str, namespace: str) -> Refused:
    return forbidden(
        resource,
        name,
        f"unable to create new content in namespace {namespace} because it is being terminated",
        [
            {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
        ],
    )


def invalid(
    resource: Resource, name: str, field: str, why: str, reason: str = "FieldValueInvalid"
) -> Refused:
    """422. `why` is what follows the field, for instance `Invalid value: "x": must be ...`."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = {
        "name": name,
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.kind,
        "causes": [{"reason": reason, "message": why, "field": field}],
    }
    return Refused(422, "Invalid", f'{kind} "{name}" is invalid: {field}: {why}', details=details)


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized")


def unknown_path() -> Refused:
    return Refused(404, "NotFound", "the server could not find the requested resource")


def unknown_method() -> Refused:
    return Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def unsupported_media(accepted: Sequence[str]) -> Refused:
    return Refused(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted),
    )


def expired(asked: int, oldest: int) -> Refused:
    return Refused(410, "Expired", f"too old resource version: {asked} ({oldest})")


def _of(resource: Resource, name: str) -> dict[str, Any]:
    return {
        **({"name": name} if name else {}),
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.plural,
    }
