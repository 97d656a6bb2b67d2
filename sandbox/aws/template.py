"""A CloudFormation template: what is in it, what may not be, and its functions worked out."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .wire import Refused

LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"
ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
NODEGROUP = "AWS::EKS::Nodegroup"
ORDER = (LAUNCH_TEMPLATE, ROLE, POLICY, NODEGROUP)
"""What can be made here, in the order in which it is made."""


@dataclass(frozen=True, slots=True)
class Template:
    """Raises `Refused` as CloudFormation does before it makes anything."""

    body: str
    content: dict[str, Any]

    @classmethod
    def read(cls, body: str) -> "Template":
        """JSON, which is what eksctl writes."""
        try:
            content = json.loads(body)
        except ValueError:
            raise _invalid("Template format error: JSON not well-formed.") from None
        if not isinstance(content, dict) or not content.get("Resources"):
            raise _invalid("Template format error: At least one Resources member must be defined.")
        unknown = sorted({one["Type"] for one in content["Resources"].values()} - set(ORDER))
        if unknown:
            raise _invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        return cls(body, content)

    @property
    def resources(self) -> list[tuple[str, str]]:
        """Name and type, in the order of making."""
        found = [(name, str(one["Type"])) for name, one in self.content["Resources"].items()]
        return sorted(found, key=lambda one: ORDER.index(one[1]))

    @property
    def needs(self) -> str | None:
        """The capability that a caller has to grant."""
        roles = [one for one in self.content["Resources"].values() if one["Type"] in (ROLE, POLICY)]
        if any("RoleName" in one.get("Properties", {}) for one in roles):
            return "CAPABILITY_NAMED_IAM"
        return "CAPABILITY_IAM" if roles else None


@dataclass(frozen=True, slots=True)
class Scope:
    """What names stand for while a template is worked out."""

    refs: Mapping[str, str]  # also the pseudo parameters
    attributes: Mapping[str, str]  # "Role.Arn"
    exports: Mapping[str, str]
    mappings: Mapping[str, Any]

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            found = [self.resolve(one) for one in value]
            return [one for one in found if one is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        found_all = {key: self.resolve(one) for key, one in value.items()}
        return {key: one for key, one in found_all.items() if one is not None}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return None if argument == "AWS::NoValue" else self._named(self.refs, argument)
            case "Fn::GetAtt":
                parts = argument if isinstance(argument, list) else [argument]
                return self._named(self.attributes, ".".join(parts))
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::ImportValue":
                export = self.resolve(argument)
                if export not in self.exports:
                    raise _invalid(f"No export named {export} found.")
                return self.exports[export]
            case "Fn::Join":
                return argument[0].join(str(one) for one in self.resolve(argument[1]))
            case "Fn::Split":
                return self.resolve(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.resolve(argument[1])[int(argument[0])]
            case "Fn::FindInMap":
                found: Any = self.mappings
                for key in self.resolve(argument):
                    found = found[key]
                return found
            case _:
                raise _invalid(f"the function {name} is not simulated")

    def _substitute(self, argument: Any) -> str:
        text, more = argument if isinstance(argument, list) else (argument, {})
        known = {**self.refs, **self.attributes, **self.resolve(more)}
        return re.sub(r"\$\{([^!}]+)\}", lambda found: self._named(known, found[1]), str(text))

    @staticmethod
    def _named(known: Mapping[str, str], name: str) -> str:
        if name not in known:
            where = "in the Resources block of the template"
            raise _invalid(f"Template format error: Unresolved resource dependencies [{name}] {where}")
        return known[name]


def _invalid(message: str) -> Refused:
    return Refused(400, "ValidationError", message)
