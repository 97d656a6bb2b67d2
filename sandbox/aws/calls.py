"""Which API call an HTTP request is, by the service models that boto3 itself is made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.loaders import Loader

from . import s3
from .wire import NotKnown, Said, Wire, wires

__all__ = ["Call", "Calls", "NotKnown"]

_READS = re.compile(
    r"(Assume|Decode|Describe|Estimate|Get|Head|List|Search|Select|Simulate|Validate)[A-Z]\w*"
)
_NAMES = (
    "PolicyArn",
    "PolicyName",
    "RoleName",
    "StackName",
    "AutoScalingGroupName",
    "Tags.member.1.ResourceId",
)
"""Where a form has the name of what the call is about, the first that is there."""

_SCOPE = re.compile(r"Credential=([^/,]+)/[^/]+/[^/]+/([^/]+)/aws4_request")


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
        return not _READS.match(self.operation)


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
    def weight(self) -> tuple[int, bool]:
        """The more a route demands, the more surely it is meant; S3 Express has addresses of plain S3."""
        demands = len(self.fixed) + len(self.required_query) + len(self.required_headers)
        return demands, self.operation in s3.SERVED


def _routes(model: Mapping[str, Any]) -> list[_Route]:
    routes = []
    for name, operation in model["operations"].items():
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
    """Names requests. Reading the model of S3 takes a tenth of a second, once; others when first called.

    `ours` has the operations of the services that the front answers itself; those of S3 that are served, and
    all of IAM and STS, go to ministack. A call to anything else is an error, never an empty success.
    """

    ours: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wires: Mapping[str, Wire] = field(default_factory=wires)
    _s3: list[_Route] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._s3 = _routes(Loader().load_service_model("s3", "service-2"))

    @property
    def known(self) -> tuple[str, ...]:
        """Every "service.Operation" there is."""
        found = [f"s3.{one}" for one in sorted(s3.SERVED)]
        for service, wire in self.wires.items():
            found += [f"{service}.{one}" for one in self.ours.get(service) or wire.operations]
        return tuple(found)

    def service(self, headers: Mapping[str, str]) -> str:
        """The one a request was signed for; S3 if it is not signed."""
        signed = _SCOPE.search(headers.get("authorization", ""))
        return "s3" if signed is None else signed[2]

    def name(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Call:
        """`headers` by lower-case name; `body` is needed only by services that say the action in it."""
        signed = _SCOPE.search(headers.get("authorization", ""))
        if signed is None:
            raise NotKnown(f"{method} {path} is not signed")
        key_id, service = signed.groups()
        if service == "s3":
            return self._name_s3(method, path, query, headers, key_id)
        if service not in self.wires:
            raise NotKnown(f"there is no service {service} here")
        said = Said(method, path, query, body)
        operation = self.wires[service].name(said)
        if operation not in self.ours.get(service, (operation,)):
            raise NotKnown(f"{service}.{operation} is not simulated")
        resource = _place(path) if service == "eks" else _subject(said.form)
        return Call(service=service, operation=operation, resource=resource, key_id=key_id)

    def _name_s3(self, method: str, path: str, query: str, headers: Mapping[str, str], key_id: str) -> Call:
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        parts = 0 if not bucket else 2 if key else 1
        asked = dict(parse_qsl(query, keep_blank_values=True))
        fitting = [route for route in self._s3 if route.fits(method, parts, asked, headers)]
        if not fitting:
            raise NotKnown(f"S3 has no call {method} {path}{'?' if query else ''}{query}")
        best = max(fitting, key=lambda route: route.weight)
        if best.operation not in s3.SERVED:
            raise NotKnown(f"s3.{best.operation} is not simulated")
        return Call(
            service="s3",
            operation=best.operation,
            resource=f"{bucket}/{key}" if key else bucket,
            key_id=key_id,
        )


def _subject(fields: Mapping[str, str]) -> str:
    """The name of what a call is about, of a form's fields."""
    named = next((fields[name] for name in _NAMES if name in fields), "")
    if not named.startswith("arn:"):
        return named
    kind, _, rest = named.split(":", 5)[5].partition("/")
    return rest.partition("/")[0] if kind == "stack" else rest.rpartition("/")[2]


def _place(path: str) -> str:
    """ "cluster/nodegroup" of EKS's /clusters/CLUSTER/node-groups/NODEGROUP."""
    return "/".join(unquote(part) for part in path.strip("/").split("/")[1::2])
