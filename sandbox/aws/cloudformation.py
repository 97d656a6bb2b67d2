"""CloudFormation's calls on stacks of node groups, as eksctl makes them."""

import random
import re
import string
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .nodegroups import Nodegroups
from .score import Score
from .site import Site
from .stacks import Event, Resource, Stack, Stacks, nodegroup_spec
from .template import LAUNCH_TEMPLATE, NODEGROUP, POLICY, ROLE, Scope, Template
from .wire import NotKnown, Refused

_TAKEN = {
    "CreateStack": {
        "StackName",
        "TemplateBody",
        "Capabilities",
        "DisableRollback",
        "EnableTerminationProtection",
        "OnFailure",
        "Tags",
    },
    "ListStacks": {"StackStatusFilter"},
    "DescribeStackResource": {"StackName", "LogicalResourceId"},
    "UpdateTerminationProtection": {"StackName", "EnableTerminationProtection"},
}
"""What is heeded of a call's arguments; of the others "StackName" alone."""

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]
_NAME = "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
_LONGEST = 128


class CloudFormation:
    def __init__(
        self, *, site: Site, stacks: Stacks, nodegroups: Nodegroups, now: Callable[[], datetime]
    ) -> None:
        self._site = site
        self._stacks = stacks
        self._nodegroups = nodegroups
        self._now = now

    @property
    def calls(self) -> dict[str, Handler]:
        """Each raises `Refused`, and `NotKnown` for an argument that would not be heeded."""
        calls = {
            "CreateStack": self._create,
            "DeleteStack": self._delete,
            "DescribeStacks": self._describe,
            "ListStacks": self._list,
            "DescribeStackEvents": self._events,
            "DescribeStackResource": self._one_resource,
            "DescribeStackResources": self._resources,
            "GetTemplate": self._template,
            "UpdateTerminationProtection": self._protect,
        }
        return {name: _strict(name, handler) for name, handler in calls.items()}

    def _create(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name = asked["StackName"]
        _check_name(name)
        if self._stacks.find(name) is not None:
            raise Refused(400, "AlreadyExistsException", f"Stack [{name}] already exists")
        if "TemplateBody" not in asked:
            raise _invalid("Either Template URL or Template Body must be specified.")
        template = Template.read(asked["TemplateBody"])
        if asked.get("OnFailure") == "DELETE":
            raise NotKnown("cloudformation.CreateStack with OnFailure=DELETE is not simulated")
        granted = asked.get("Capabilities") or []
        if template.needs is not None and not {template.needs, "CAPABILITY_NAMED_IAM"} & set(granted):
            text = f"Requires capabilities : [{template.needs}]"
            raise Refused(400, "InsufficientCapabilitiesException", text)
        stack = Stack(
            name=name,
            id=self._stacks.new_id(name),
            body=template.body,
            description=template.content.get("Description", ""),
            tags={tag["Key"]: tag["Value"] for tag in asked.get("Tags") or []},
            capabilities=granted,
            created=self._now(),
            key_id=self._stacks.key_id,
            protected=asked.get("EnableTerminationProtection", False),
            keeps_failed=asked.get("DisableRollback", False) or asked.get("OnFailure") == "DO_NOTHING",
        )
        self._work_out(stack, template)
        refused = self._foresee(stack)
        self._stacks.all.append(stack)
        stack.score = self._score().create(stack, refused)
        return {"StackId": stack.id}

    def _foresee(self, stack: Stack) -> dict[str, Refused]:
        """What EKS will say at once; what it will come to otherwise is put into the stack."""
        refused = {}
        for name, one in stack.resources.items():
            if one.type == NODEGROUP:
                spec = nodegroup_spec(one.properties)
                try:
                    self._nodegroups.check(spec)
                except Refused as error:
                    refused[name] = error
                else:
                    stack.fates[name] = self._nodegroups.foresee(spec)
        return refused

    def _work_out(self, stack: Stack, template: Template) -> None:
        """Resources with their functions worked out, and outputs. Raises `Refused`."""
        refs = {
            "AWS::Region": self._site.region,
            "AWS::AccountId": self._site.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack.name,
            "AWS::StackId": stack.id,
        }
        attributes: dict[str, str] = {}
        scope = Scope(refs, attributes, self._stacks.exports, template.content.get("Mappings", {}))
        for name, kind in template.resources:
            properties = scope.resolve(template.content["Resources"][name].get("Properties", {}))
            if kind == NODEGROUP:
                _check_nodegroup(name, properties)
                properties["Tags"] = {**stack.tags, **_by_stack(stack, name), **properties.get("Tags", {})}
            intended = _physical(stack, name, kind, properties)
            stack.resources[name] = Resource(name=name, type=kind, properties=properties, intended=intended)
            refs[name] = intended
            attributes.update(self._attributes(name, kind, intended))
        for key, output in template.content.get("Outputs", {}).items():
            found = {"OutputKey": key, "OutputValue": str(scope.resolve(output["Value"]))}
            if "Export" in output:
                found["ExportName"] = str(scope.resolve(output["Export"]["Name"]))
            stack.outputs.append(found)

    def _attributes(self, name: str, kind: str, physical: str) -> dict[str, str]:
        if kind == ROLE:
            return {f"{name}.Arn": f"arn:aws:iam::{self._site.account}:role/{physical}"}
        if kind == LAUNCH_TEMPLATE:
            return {f"{name}.LatestVersionNumber": "1", f"{name}.DefaultVersionNumber": "1"}
        return {}

    def _delete(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """A stack that is not there counts as deleted."""
        stack = self._stacks.find(asked["StackName"])
        if stack is None or stack.gone or stack.status == "DELETE_IN_PROGRESS":
            return {}
        if stack.protected:
            text = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            raise _invalid(text)
        stack.key_id = self._stacks.key_id
        stack.score = self._score().delete(stack)
        return {}

    def _score(self) -> Score:
        groups = self._nodegroups
        return Score(self._now(), boot=groups.comes_within, goes=groups.goes_within)

    def _describe(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if "StackName" not in asked:
            return {"Stacks": [_shown(one) for one in reversed(self._stacks.all) if not one.gone]}
        return {"Stacks": [_shown(self._find(asked, "Stack with id {} does not exist"))]}

    def _list(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        wanted = asked.get("StackStatusFilter") or []
        found = [one for one in reversed(self._stacks.all) if not wanted or one.status in wanted]
        return {"StackSummaries": [_summary(one) for one in found]}

    def _events(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Newest first, as AWS has them."""
        stack = self._find(asked, "Stack [{}] does not exist")
        return {"StackEvents": [_event(stack, one) for one in reversed(stack.events)]}

    def _resources(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        stack = self._find(asked, "Stack with id {} does not exist")
        begun = [one for one in stack.resources.values() if one.status]
        return {"StackResources": [_resource(stack, one) for one in begun]}

    def _one_resource(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        stack = self._find(asked, "Stack '{}' does not exist")
        name = asked["LogicalResourceId"]
        resource = stack.resources.get(name)
        if resource is None or not resource.status:
            raise _invalid(f"Resource {name} does not exist for stack {stack.name}")
        told = _resource(stack, resource)
        changed = told.pop("Timestamp")
        return {"StackResourceDetail": {**told, "LastUpdatedTimestamp": changed}}

    def _template(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        stack = self._find(asked, "Stack with id {} does not exist")
        return {"TemplateBody": stack.body, "StagesAvailable": ["Original", "Processed"]}

    def _protect(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        stack = self._find(asked, "Stack [{}] does not exist")
        stack.protected = asked["EnableTerminationProtection"]
        return {"StackId": stack.id}

    def _find(self, asked: Mapping[str, Any], words: str) -> Stack:
        stack = self._stacks.find(asked["StackName"])
        if stack is None:
            raise _invalid(words.format(asked["StackName"]))
        return stack


def _strict(name: str, handler: Handler) -> Handler:
    taken = _TAKEN.get(name, {"StackName"})

    def strict(asked: dict[str, Any]) -> Mapping[str, Any]:
        if others := sorted(asked.keys() - taken):
            raise NotKnown(f"cloudformation.{name} with {', '.join(others)} is not simulated")
        return handler(asked)

    return strict


def _check_name(name: str) -> None:
    found = "1 validation error detected: Value '{}' at 'stackName' failed to satisfy constraint: Member must"
    if len(name) > _LONGEST:
        raise _invalid(f"{found.format(name)} have length less than or equal to {_LONGEST}")
    if not re.fullmatch(_NAME, name):
        raise _invalid(f"{found.format(name)} satisfy regular expression pattern: {_NAME}")


def _check_nodegroup(name: str, properties: Mapping[str, Any]) -> None:
    for key in ("ClusterName", "NodegroupName", "NodeRole", "Subnets"):
        if key not in properties:
            problem = f"#: required key [{key}] not found"
            raise _invalid(f"Properties validation failed for resource {name} with message:\n{problem}")


def _physical(stack: Stack, name: str, kind: str, properties: Mapping[str, Any]) -> str:
    """The id that CloudFormation gives where a template leaves the choice to it."""
    if kind == NODEGROUP:
        return f"{properties['ClusterName']}/{properties['NodegroupName']}"
    if kind == LAUNCH_TEMPLATE:
        return f"lt-0{random.getrandbits(64):016x}"
    tail = "".join(random.choices(string.ascii_letters + string.digits, k=12))
    if kind == POLICY:
        return f"{stack.name[:5]}-{name[:5]}-{tail}"
    return str(properties.get("RoleName", f"{stack.name[: 50 - len(name)]}-{name}-{tail}"))


def _by_stack(stack: Stack, resource: str) -> dict[str, str]:
    return {
        "aws:cloudformation:stack-name": stack.name,
        "aws:cloudformation:stack-id": stack.id,
        "aws:cloudformation:logical-id": resource,
    }


def _shown(stack: Stack) -> dict[str, Any]:
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "Description": stack.description or None,
        "CreationTime": stack.created,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": stack.keeps_failed,
        "EnableTerminationProtection": stack.protected,
        "Capabilities": stack.capabilities,
        "Outputs": stack.outputs if stack.status == "CREATE_COMPLETE" else None,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "RollbackConfiguration": {},
        "NotificationARNs": [],
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def _summary(stack: Stack) -> dict[str, Any]:
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "TemplateDescription": stack.description or None,
        "CreationTime": stack.created,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def _event(stack: Stack, event: Event) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.resource,
        "PhysicalResourceId": event.physical,
        "ResourceType": event.type,
        "Timestamp": event.time,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": event.properties or None,
    }


def _resource(stack: Stack, resource: Resource) -> dict[str, Any]:
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": resource.name,
        "PhysicalResourceId": resource.physical or None,
        "ResourceType": resource.type,
        "Timestamp": resource.changed,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def _invalid(message: str) -> Refused:
    return Refused(400, "ValidationError", message)
