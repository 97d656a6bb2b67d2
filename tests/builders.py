"""Values that are valid as they stand; one keyword bends one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from approvals.model import Actor, Gate, Request, RequestId, Subject
from bot.model.submission import Submission, SubmissionKind
from bot.model.tracked_message import Purpose, TrackedMessage
from provisioner.engine.run import Entry, EntryKind, Failure, Run, RunId
from provisioner.engine.stage import Change, Goal, Plan, StagePlan, Verb
from provisioner.message import Json, Message, literal
from provisioner.vendor_call import Cause
from provisioner.workspace import NodeSpec, Platform, Workspace, WorkspaceSpec

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_spec(project: str = "alpha", **bent: Any) -> WorkspaceSpec:
    return WorkspaceSpec(**{"project": project, "why": "to train the ranking model", **bent})


def a_platform(**bent: Any) -> Platform:
    usual: dict[str, Any] = {
        "region": "ap-northeast-2",
        "region_alias": "an2",
        "infra": "meerkat",
        "env": "prod",
        "account": "123456789012",
        "cluster": "eks-an2-meerkat-prod",
        "specs": {
            "standard": NodeSpec(instance_type="m5.xlarge"),
            "gpu": NodeSpec(instance_type="g5.xlarge"),
        },
    }
    return Platform(**usual | bent)


def a_workspace(project: str = "alpha", *, platform: Platform | None = None, **bent: Any) -> Workspace:
    return Workspace(a_spec(project, **bent), platform or a_platform())


def a_change(name: str = "S3 bucket alpha", **bent: Any) -> Change:
    usual: dict[str, Any] = {"verb": Verb.CREATE, "target": literal(name), "kind": "thing", "name": name}
    return Change(**usual | bent)


def a_plan(*stages: StagePlan, goal: Goal = Goal.PRESENT) -> Plan:
    usual = (
        StagePlan("profile", Message("Profile"), (a_change("profile alpha"),)),
        StagePlan("bucket", Message("S3 bucket"), (a_change(detail=Message("tagged as ours")),)),
    )
    return Plan(goal, stages or usual)


def a_run(run_id: str = "WSR-0001.1", project: str = "alpha", **bent: Any) -> Run:
    usual: dict[str, Any] = {
        "id": RunId(run_id),
        "reference": run_id.partition(".")[0],
        "asked": a_spec(project),
        "plan": a_plan(),
        "created_at": NOON,
    }
    return Run(**usual | bent)


def a_cause(words: str = "Access Denied", **bent: Any) -> Cause:
    usual: dict[str, Any] = {"service": "s3", "operation": "CreateBucket", "code": "AccessDenied"}
    return Cause(**usual | {"raw_text": words} | bent)


def a_failure(stage: str = "bucket", **bent: Any) -> Failure:
    usual: dict[str, Any] = {
        "what": Message("cannot create S3 bucket {bucket}", bucket="alpha"),
        "reference": "ref-1",
        "cause": a_cause(),
        "hint": Message("ask for the right to create buckets"),
    }
    return Failure(stage=stage, **usual | bent)


def an_entry(
    message: Message | None = None,
    *,
    kind: EntryKind = EntryKind.RECORDED,
    at: datetime = NOON,
    stage: str = "bucket",
    data: Mapping[str, Json] | None = None,
) -> Entry:
    return Entry(at=at, kind=kind, message=message or Message("noted"), stage=stage, data=data or {})


def an_actor(user: str = "U0BOB", *groups: str, **bent: Any) -> Actor:
    return Actor(**{"id": user, "team": "T0", "groups": frozenset(groups or ("workspace-admins",)), **bent})


def a_subject(target: str = "alpha", **bent: Any) -> Subject:
    usual: dict[str, Any] = {"action": "workspace.create", "digest": "d1", "facts": {"destroys_data": False}}
    return Subject(target=target, **usual | bent)


def a_gate(**bent: Any) -> Gate:
    usual: dict[str, Any] = {
        "needed": 1,
        "approvers": ("workspace-admins",),
        "open_for": timedelta(hours=24),
    }
    return Gate(**usual | bent)


def a_request(request_id: str = "WSR-0001", target: str = "alpha", **bent: Any) -> Request:
    """Asked at noon by U0MINA; its key follows from its id."""
    usual: dict[str, Any] = {
        "key": f"V-{request_id}",
        "subject": a_subject(target),
        "gate": a_gate(),
        "asked_by": "U0MINA",
        "asked_at": NOON,
    }
    return Request(id=RequestId(request_id), **usual | bent)


def an_ask(key: str = "V1", **bent: Any) -> Submission:
    usual: dict[str, Any] = {
        "kind": SubmissionKind.CREATE,
        "team": "T0",
        "user": "U0MINA",
        "channel": "C0GENERAL",
        "at": NOON,
        "spec": a_spec().to_json(),
    }
    return Submission(key=key, **usual | bent)


def a_thread(key: str = "WSR-0001", **bent: Any) -> TrackedMessage:
    usual: dict[str, Any] = {
        "request_id": key.partition("/")[0],
        "purpose": Purpose.DIRECT if "/" in key else Purpose.CARD,
        "channel": "C0REQUESTS",
        "language": "en",
    }
    return TrackedMessage(key=key, **usual | bent)
