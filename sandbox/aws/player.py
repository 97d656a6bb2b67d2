"""Plays the stacks in time; EKS is asked as CloudFormation asks it, and may refuse."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime

from sandbox.serving.callfaults import Faults, Kind

from .calls import Call
from .nodegroups import Nodegroups
from .refusals import denied
from .score import Score
from .site import Site
from .stacks import STACK, Beat, Event, Stack, Stacks, nodegroup_spec


class Player:
    """`access-denied` and `throttling` of eks.CreateNodegroup and eks.DeleteNodegroup strike here too."""

    def __init__(
        self,
        *,
        site: Site,
        stacks: Stacks,
        nodegroups: Nodegroups,
        faults: Faults,
        now: Callable[[], datetime],
    ) -> None:
        self._site = site
        self._stacks = stacks
        self._nodegroups = nodegroups
        self._faults = faults
        self._now = now

    def advance(self) -> None:
        """Carry out what time has brought."""
        for stack in self._stacks.all:
            while stack.score and stack.score[0].at <= self._now():
                self._play(stack, stack.score.pop(0))

    def _play(self, stack: Stack, beat: Beat) -> None:
        if not beat.act:
            _tell(stack, beat)
            return
        call = self._call(stack, beat)
        if self._strikes(Kind.THROTTLING, stack, call):
            self._put_off(stack, beat)
        elif self._strikes(Kind.ACCESS_DENIED, stack, call):
            self._refuse(stack, beat, call)
        else:
            self._do(stack, beat)
            _tell(stack, beat)

    def _call(self, stack: Stack, beat: Beat) -> Call:
        """A node group is made in the cluster, and deleted by its own name: so are the rights to it."""
        spec = nodegroup_spec(stack.resources[beat.resource].properties)
        cluster = spec["clusterName"]
        if beat.act == "make":
            return Call(service="eks", operation="CreateNodegroup", resource=cluster)
        resource = f"{cluster}/{spec['nodegroupName']}"
        return Call(service="eks", operation="DeleteNodegroup", resource=resource)

    def _strikes(self, kind: Kind, stack: Stack, call: Call) -> bool:
        return self._faults.take(kind, call.name, writes=True, key_id=stack.key_id) is not None

    def _put_off(self, stack: Stack, beat: Beat) -> None:
        """CloudFormation does not fail for a busy service: it asks again."""
        stack.score.insert(0, beat)
        for each in stack.score:
            each.at += self._nodegroups.asked_again_after

    def _refuse(self, stack: Stack, beat: Beat, call: Call) -> None:
        groups = self._nodegroups
        score = Score(beat.at, boot=groups.comes_within, goes=groups.goes_within)
        refused = denied(call, account=self._site.account, region=self._site.region)
        if beat.act == "make":
            stack.score = score.refuse_making(stack, beat.resource, refused)
        else:
            _tell(stack, beat)
            stack.score = score.refuse_deleting(stack, beat.resource, refused)

    def _do(self, stack: Stack, beat: Beat) -> None:
        spec = nodegroup_spec(stack.resources[beat.resource].properties)
        if beat.act == "make":
            self._nodegroups.make(spec, stack.fates[beat.resource], beat.at)
        elif spec["nodegroupName"] in self._nodegroups.all:
            self._nodegroups.delete(spec["nodegroupName"], beat.at)


def _tell(stack: Stack, beat: Beat) -> None:
    if beat.resource:
        resource = stack.resources[beat.resource]
        if beat.made:
            resource.physical = resource.intended
        resource.status, resource.reason, resource.changed = beat.status, beat.reason, beat.at
        kind, physical, properties = resource.type, resource.physical, json.dumps(resource.properties)
    else:
        stack.status, stack.reason, stack.changed = beat.status, beat.reason, beat.at
        stack.deleted = beat.at if beat.status == "DELETE_COMPLETE" else stack.deleted
        kind, physical, properties = STACK, stack.id, ""
    stack.events.append(
        Event(
            id=str(uuid.uuid4()),
            resource=beat.resource or stack.name,
            type=kind,
            physical=physical,
            time=beat.at,
            status=beat.status,
            reason=beat.reason,
            properties=properties if beat.status.endswith("_IN_PROGRESS") else "",
        )
    )
