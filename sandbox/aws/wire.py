"""How calls and answers are written on the wire, by the service models that boto3 itself is made from."""

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from starlette.responses import Response


class NotKnown(Exception):
    """No call of a service we have looks like that."""


@dataclass(frozen=True)
class Said:
    """An HTTP request, as far as it says what is asked."""

    method: str
    path: str
    query: str
    body: bytes

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Refused(Exception):
    """AWS says no: HTTP status, code and words as the service's own. `details` go with them in JSON."""

    def __init__(self, status: int, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


class Wire:
    """One service. Its model is read when first needed; EC2's takes a fifth of a second."""

    def __init__(self, service: str) -> None:
        self.service = service

    @cached_property
    def model(self) -> ServiceModel:
        return ServiceModel(Loader().load_service_model(self.service, "service-2"), self.service)

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(self.model.operation_names)

    def name(self, said: Said) -> str:
        """The operation. Raises `NotKnown`."""
        action = said.form.get("Action", "")
        if action not in self.model.operation_names:
            raise NotKnown(f"{self.service} has no action {action or '(none)'}")
        return action

    def read(self, operation: str, said: Said) -> dict[str, Any]:
        """The arguments, as boto3's caller wrote them."""
        shape = self.model.operation_model(operation).input_shape
        return {} if shape is None else self._read(shape, said.form, "") or {}

    def answer(self, operation: str, result: Mapping[str, Any]) -> Response:
        """`result` as boto3's caller will see it; None is left out."""
        model = self.model.operation_model(operation)
        root = ET.Element(f"{operation}Response", xmlns=str(self.model.metadata.get("xmlNamespace", "")))
        self._fill(model, root, result)
        return Response(ET.tostring(root), headers={"content-type": "text/xml"})

    def refuse(self, error: Refused) -> Response:
        root = ET.Element("ErrorResponse", xmlns=str(self.model.metadata.get("xmlNamespace", "")))
        inner = ET.SubElement(root, "Error")
        for name, text in (
            ("Type", "Sender" if error.status < 500 else "Receiver"),
            ("Code", error.code),
            ("Message", error.message),
        ):
            ET.SubElement(inner, name).text = text
        ET.SubElement(root, "RequestId").text = str(uuid.uuid4())
        return Response(ET.tostring(root), status_code=error.status, headers={"content-type": "text/xml"})

    def _fill(self, model: OperationModel, root: ET.Element, result: Mapping[str, Any]) -> None:
        shape = model.output_shape
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{model.name}Result")
            write(root, shape, wrapper, result)
        metadata = ET.SubElement(root, "ResponseMetadata")
        ET.SubElement(metadata, "RequestId").text = str(uuid.uuid4())

    def _read(self, shape: Shape, form: Mapping[str, str], at: str) -> Any:
        """None if the form has nothing below `at`."""
        if at and not any(key == at or key.startswith(f"{at}.") for key in form):
            return None
        if isinstance(shape, StructureShape):
            read = {
                name: self._read(member, form, f"{at}.{self._named(member, name)}".lstrip("."))
                for name, member in shape.members.items()
            }
            return {name: value for name, value in read.items() if value is not None}
        if isinstance(shape, ListShape):
            return self._read_list(shape, form, at)
        if isinstance(shape, MapShape):
            entries = _numbered(lambda one: form.get(f"{one}.key"), f"{at}.entry")
            return {key: form[f"{at}.entry.{n}.value"] for n, key in enumerate(entries, 1)}
        return _scalar(shape, form[at])

    def _read_list(self, shape: ListShape, form: Mapping[str, str], at: str) -> list[Any]:
        inner = f"{at}.{shape.member.serialization.get('name', 'member')}"
        return _numbered(lambda one: self._read(shape.member, form, one), inner)

    def _named(self, shape: Shape, name: str) -> str:
        return str(shape.serialization.get("name", name))


class Ec2Wire(Wire):
    """EC2's own dialect: lists without "member", other envelopes."""

    def refuse(self, error: Refused) -> Response:
        root = ET.Element("Response")
        inner = ET.SubElement(ET.SubElement(root, "Errors"), "Error")
        ET.SubElement(inner, "Code").text = error.code
        ET.SubElement(inner, "Message").text = error.message
        ET.SubElement(root, "RequestID").text = str(uuid.uuid4())
        return Response(ET.tostring(root), status_code=error.status, headers={"content-type": "text/xml"})

    def _fill(self, model: OperationModel, root: ET.Element, result: Mapping[str, Any]) -> None:
        ET.SubElement(root, "requestId").text = str(uuid.uuid4())
        if isinstance(model.output_shape, StructureShape):
            write_members(root, model.output_shape, result)

    def _read_list(self, shape: ListShape, form: Mapping[str, str], at: str) -> list[Any]:
        return _numbered(lambda one: self._read(shape.member, form, one), at)

    def _named(self, shape: Shape, name: str) -> str:
        named = shape.serialization.get("queryName") or shape.serialization.get("name", name)
        return f"{named[0].upper()}{named[1:]}"


class JsonWire(Wire):
    """EKS: the operation is in method and path, arguments in path, query and a JSON body."""

    @cached_property
    def _routes(self) -> list[tuple[str, str, re.Pattern[str]]]:
        found = []
        for name in self.model.operation_names:
            http = self.model.operation_model(name).http
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", http["requestUri"].partition("?")[0])
            found.append((name, http["method"], re.compile(pattern)))
        return found

    def name(self, said: Said) -> str:
        for name, method, pattern in self._routes:
            if method == said.method and pattern.fullmatch(said.path):
                return name
        raise NotKnown(f"{self.service} has no call {said.method} {said.path}")

    def read(self, operation: str, said: Said) -> dict[str, Any]:
        shape = self.model.operation_model(operation).input_shape
        pattern = next(pattern for name, _, pattern in self._routes if name == operation)
        found = pattern.fullmatch(said.path)
        places = {name: unquote(value) for name, value in (found.groupdict() if found else {}).items()}
        asked = parse_qsl(said.query, keep_blank_values=True)
        read: dict[str, Any] = json.loads(said.body) if said.body else {}
        for name, member in shape.members.items() if isinstance(shape, StructureShape) else ():
            at = member.serialization.get("name", name)
            if member.serialization.get("location") == "uri":
                read[name] = places[at]
            elif member.serialization.get("location") == "querystring":
                values = [_scalar(member, value) for key, value in asked if key == at]
                if values:
                    read[name] = values if isinstance(member, ListShape) else values[0]
        return read

    def answer(self, operation: str, result: Mapping[str, Any]) -> Response:
        shape = self.model.operation_model(operation).output_shape
        return self._json(200, {} if shape is None else plain(shape, result), {})

    def refuse(self, error: Refused) -> Response:
        body = {**error.details, "message": error.message}
        return self._json(error.status, body, {"x-amzn-errortype": error.code})

    def _json(self, status: int, body: Any, headers: Mapping[str, str]) -> Response:
        given = {"content-type": "application/json", "x-amzn-requestid": str(uuid.uuid4()), **headers}
        return Response(json.dumps(body), status_code=status, headers=given)


def wires() -> dict[str, Wire]:
    """Every service but S3, whose calls are told apart by other means."""
    query = ("sts", "iam", "cloudformation", "autoscaling")
    return {name: Wire(name) for name in query} | {"ec2": Ec2Wire("ec2"), "eks": JsonWire("eks")}


def query_refusal(status: int, document: bytes) -> Refused:
    """What a service that speaks XML refused with."""
    root = ET.fromstring(document)  # noqa: S314  from our own loopback
    found = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    return Refused(status, found.get("Code", ""), found.get("Message", ""))


def write(parent: ET.Element, shape: Shape, name: str, value: Any) -> None:
    if isinstance(shape, ListShape):
        flat = shape.serialization.get("flattened")
        inner = parent if flat else ET.SubElement(parent, name)
        item = name if flat else shape.member.serialization.get("name", "member")
        for one in value:
            write(inner, shape.member, item, one)
        return
    element = ET.SubElement(parent, name)
    if isinstance(shape, StructureShape):
        write_members(element, shape, value)
    elif isinstance(shape, MapShape):
        for key, one in value.items():
            entry = ET.SubElement(element, "entry")
            write(entry, shape.key, "key", key)
            write(entry, shape.value, "value", one)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif isinstance(value, datetime):
        element.text = value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    else:
        element.text = str(value)


def write_members(element: ET.Element, shape: StructureShape, value: Mapping[str, Any]) -> None:
    _check(shape, value)
    for key, member in shape.members.items():
        if value.get(key) is not None:
            write(element, member, member.serialization.get("name", key), value[key])


def plain(shape: Shape, value: Any) -> Any:
    """As JSON has it: times are seconds since 1970."""
    if isinstance(shape, StructureShape):
        _check(shape, value)
        return {key: plain(shape.members[key], one) for key, one in value.items() if one is not None}
    if isinstance(shape, ListShape):
        return [plain(shape.member, one) for one in value]
    if isinstance(shape, MapShape):
        return dict(value)
    return value.timestamp() if isinstance(value, datetime) else value


def _check(shape: StructureShape, value: Mapping[str, Any]) -> None:
    """What a model has no name for, boto3 would drop without a word."""
    if unknown := value.keys() - shape.members.keys():
        raise ValueError(f"{shape.name} has no {', '.join(sorted(unknown))}")


def _numbered(read: Callable[[str], Any], at: str) -> list[Any]:
    """What stands at `at`.1, .2 and so on."""
    found: list[Any] = []
    while (one := read(f"{at}.{len(found) + 1}")) is not None:
        found.append(one)
    return found


def _scalar(shape: Shape, text: str) -> Any:
    match shape.type_name:
        case "boolean":
            return text.lower() == "true"
        case "integer" | "long":
            return int(text)
        case "float" | "double":
            return float(text)
        case "timestamp":
            return datetime.fromisoformat(text)
        case "blob":
            return base64.b64decode(text)
        case _:
            return text
