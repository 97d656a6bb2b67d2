"""What ministack holds, asked and changed by the simulator itself, past faults and journal."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import httpx

from . import s3
from .iam import listed

_IAM = "{https://iam.amazonaws.com/doc/2010-05-08/}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    name: str
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`document` is the default version's."""

    name: str
    arn: str
    default_version: str
    versions: tuple[str, ...]  # oldest first
    document: dict[str, Any]

    @property
    def resources(self) -> tuple[str, ...]:
        """Every ARN of every statement."""
        found: list[str] = []
        for statement in listed(self.document.get("Statement")):
            found += listed(statement.get("Resource"))
        return tuple(found)


class Behind:
    """All methods may be called from any thread."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._http = httpx.Client(trust_env=False, timeout=10)

    def open(self, url: str) -> None:
        self._http.base_url = httpx.URL(url)

    def close(self) -> None:
        self._http.close()

    def buckets(self) -> list[Bucket]:
        listed = self._s3("GET", "/")
        listed.raise_for_status()
        return [
            Bucket(name=name, tags=self._tags(name))
            for name, _ in s3.texts(listed.content, "Name", "CreationDate")
        ]

    def create_bucket(self, name: str) -> None:
        self._s3("PUT", f"/{name}", s3.location(self._region)).raise_for_status()

    def policies(self) -> list[Policy]:
        """The account's own, without AWS's."""
        listed = self._iam("ListPolicies", Scope="Local")
        return [
            self._policy(_text(one, "PolicyName"), _text(one, "Arn"), _text(one, "DefaultVersionId"))
            for one in listed.iter(f"{_IAM}member")
        ]

    def create_policy(self, name: str, document: dict[str, Any]) -> str:
        """The ARN."""
        made = self._iam("CreatePolicy", PolicyName=name, PolicyDocument=json.dumps(document))
        return next(one.text or "" for one in made.iter(f"{_IAM}Arn"))

    def add_version(self, arn: str, document: dict[str, Any]) -> None:
        """As the default. IAM keeps five."""
        self._iam(
            "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault="true"
        )

    def delete_version(self, arn: str, version: str) -> None:
        self._iam("DeletePolicyVersion", PolicyArn=arn, VersionId=version)

    def _policy(self, name: str, arn: str, default: str) -> Policy:
        versions = self._iam("ListPolicyVersions", PolicyArn=arn).iter(f"{_IAM}VersionId")
        text = self._iam("GetPolicyVersion", PolicyArn=arn, VersionId=default)
        document = next(one.text or "" for one in text.iter(f"{_IAM}Document"))
        return Policy(
            name=name,
            arn=arn,
            default_version=default,
            versions=tuple(sorted((one.text or "" for one in versions), key=_number)),
            document=json.loads(unquote(document)),
        )

    def _tags(self, bucket: str) -> dict[str, str]:
        answer = self._s3("GET", f"/{bucket}?tagging")
        if not answer.is_success:
            return {}  # no tags, or deleted since it was listed
        return {pair[0]: pair[1] for pair in s3.texts(answer.content, "Key", "Value")}

    def _s3(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        return self._http.request(method, path, headers=s3.signed(self._region), content=body)

    def _iam(self, action: str, **fields: str) -> ET.Element:
        form = {"Action": action, "Version": "2010-05-08", **fields}
        answer = self._http.post("/", data=form, headers=s3.signed(self._region, service="iam"))
        answer.raise_for_status()
        return ET.fromstring(answer.content)  # noqa: S314  from our own loopback


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{_IAM}{name}") or ""


def _number(version: str) -> int:
    return int(version.removeprefix("v"))
