"""Which API call an HTTP request is, by the service models that boto3 itself is made from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from botocore.loaders import Loader

SERVICES = ("s3", "sts")
"""What this AWS has. A call to any other service is an error, never an empty success."""

_READS = ("Get", "Head", "List", "Select", "Describe", "Decode", "Assume")
_SCOPE = re.compile(r"Credential=([^/,]+)/[^/]+/[^/]+/([^/]+)/aws4_request")
_NOT_SUPPORTED = frozenset({"ListDirectoryBuckets", "WriteGetObjectResponse"})
"""Of S3 Express and Object Lambda; their addresses look like a plain bucket's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    service: str
    operation: str
    resource: str = ""
    key_id: str = ""  # the access key that signed it

    @property
    def name(self) -> str:
        """ "s3.CreateBucket"."""
        return f"{self.service}.{self.operation}"

    @property
    def writes(self) -> bool:
        return not self.operation.startswith(_READS)


class NotKnown(Exception):
    """No call of a service we have looks like that."""


@dataclass(frozen=True, slots=True)
class _Route:
    operation: str
    method: str
    parts: int  # 0 the service, 1 a bucket, 2 an object
    fixed: Mapping[str, str]  # of the query: {"list-type": "2"}
    required_query: frozenset[str]
    required_headers: frozenset[str]
    optional_query: frozenset[str]

    def fits(self, method: str, parts: int, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return (
            (self.method, self.parts) == (method, parts)
            and all(name in query and query[name] == value for name, value in self.fixed.items())
            and self.required_query <= query.keys()
            and all(headers.get(name) for name in self.required_headers)
            and query.keys() <= self.fixed.keys() | self.required_query | self.optional_query | {"x-id"}
        )

    @property
    def weight(self) -> tuple[int, int]:
        """The more a route demands, the more surely it is meant; newer operations shadow older ones."""
        return len(self.fixed) + len(self.required_query) + len(self.required_headers), len(self.operation)


def _routes(model: Mapping[str, Any]) -> list[_Route]:
    routes = []
    for name, operation in model["operations"].items():
        if name in _NOT_SUPPORTED:
            continue
        path, _, fixed = operation["http"]["requestUri"].partition("?")
        shape = model["shapes"].get(operation.get("input", {}).get("shape", ""), {"members": {}})
        required = set(shape.get("required", ()))
        places = [
            (member.get("location"), member.get("locationName", key), key in required)
            for key, member in shape["members"].items()
        ]
        routes.append(
            _Route(
                operation=name,
                method=operation["http"]["method"],
                parts=len([part for part in path.split("/") if part]),
                fixed=dict(parse_qsl(fixed, keep_blank_values=True)),
                required_query=frozenset(n for at, n, must in places if at == "querystring" and must),
                required_headers=frozenset(n.lower() for at, n, must in places if at == "header" and must),
                optional_query=frozenset(n for at, n, must in places if at == "querystring" and not must),
            )
        )
    return routes


@dataclass(slots=True)
class Calls:
    """Names requests. Reading the models takes a tenth of a second, once."""

    _models: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _s3: list[_Route] = field(default_factory=list)

    def __post_init__(self) -> None:
        loader = Loader()
        for service in SERVICES:
            self._models[service] = loader.load_service_model(service, "service-2")
        self._s3 = _routes(self._models["s3"])

    @property
    def known(self) -> tuple[str, ...]:
        """Every "service.Operation" there is."""
        return tuple(
            f"{service}.{operation}"
            for service, model in self._models.items()
            for operation in model["operations"]
            if operation not in _NOT_SUPPORTED
        )

    def name(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Call:
        """`headers` by lower-case name; `body` is needed only by services that say the action in it."""
        signed = _SCOPE.search(headers.get("authorization", ""))
        if signed is None:
            raise NotKnown(f"{method} {path} is not signed")
        key_id, service = signed.groups()
        if service == "s3":
            return self._name_s3(method, path, query, headers, key_id)
        if service not in SERVICES:
            raise NotKnown(f"there is no service {service} here")
        action = parse_qs(body.decode()).get("Action", [""])[0]
        if action not in self._models[service]["operations"]:
            raise NotKnown(f"{service} has no action {action or '(none)'}")
        return Call(service=service, operation=action, key_id=key_id)

    def _name_s3(self, method: str, path: str, query: str, headers: Mapping[str, str], key_id: str) -> Call:
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        parts = 0 if not bucket else 2 if key else 1
        asked = dict(parse_qsl(query, keep_blank_values=True))
        fitting = [route for route in self._s3 if route.fits(method, parts, asked, headers)]
        if not fitting:
            raise NotKnown(f"S3 has no call {method} {path}{'?' if query else ''}{query}")
        best = max(fitting, key=lambda route: route.weight)
        return Call(
            service="s3",
            operation=best.operation,
            resource=f"{bucket}/{key}" if key else bucket,
            key_id=key_id,
        )
