"""Carries a call out on the store: what each verb does, and what it answers."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import yaml

from sandbox.kubernetes import ownership, patch, protobuf
from sandbox.kubernetes.call import Call
from sandbox.kubernetes.eviction import evict
from sandbox.kubernetes.fields import settle
from sandbox.kubernetes.refusal import Refused, bad_request, invalid, not_found, unsupported_media
from sandbox.kubernetes.rights import allowed
from sandbox.kubernetes.selector import Matcher, by_fields, by_labels
from sandbox.kubernetes.store import Object, Store

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

Answer = tuple[int, Object]


def log_of(pod: Object, *, previous: bool) -> str:
    """A pod's log: all that is known of it are the last words of the container that ended."""
    status: Object = next(iter(pod.get("status", {}).get("containerStatuses", [])), {})
    ended = status.get("lastState", {}).get("terminated")
    if previous and ended is None:
        name = status.get("name") or pod["spec"]["containers"][0]["name"]
        raise bad_request(
            f'previous terminated container "{name}" in pod "{pod["metadata"]["name"]}" not found'
        )
    running = "running" in status.get("state", {})
    return "" if ended is None or (running and not previous) else f"{ended.get('message', '')}\n"


class Operations:
    def __init__(self, store: Store) -> None:
        self._store = store

    def carry_out(self, call: Call) -> Answer:
        """Raises Refused; then nothing was changed."""
        with self._store.at_once():
            match call.verb:
                case "get":
                    return 200, self._shown(call, self._read(call))
                case "list":
                    return 200, self._list(call)
                case "create":
                    return self._make(call)
                case "update":
                    return self._replace(call)
                case "patch":
                    return self._patch(call)
                case "delete":
                    return 200, self._delete(call, self._read(call))
                case "deletecollection":
                    return 200, self._delete_collection(call)
        raise AssertionError(f"no operation for verb {call.verb}")

    def log(self, call: Call) -> str:
        return log_of(self._read(call), previous=call.query.get("previous") in ("1", "true"))

    def selected(self, call: Call) -> Matcher:
        labels = by_labels(call.query.get("labelSelector", ""))
        fields = by_fields(call.query.get("fieldSelector", ""), call.target.resource)
        namespace, name = call.target.namespace, call.target.name

        def matches(item: Any) -> bool:
            meta = item["metadata"]
            return (
                (not namespace or meta.get("namespace") == namespace)
                and (not name or meta["name"] == name)
                and labels(item)
                and fields(item)
            )

        return matches

    def _read(self, call: Call) -> Object:
        return self._store.get(call.target.resource, call.target.namespace, call.target.name)

    def _shown(self, call: Call, item: Object) -> Object:
        kind = call.target.resource
        head = {"kind": kind.kind, "apiVersion": kind.api_version(call.target.version)}
        return head | {key: value for key, value in item.items() if key not in head}

    def _list(self, call: Call) -> Object:
        kind, matches = call.target.resource, self.selected(call)
        found = [item for item in self._store.every(kind, call.target.namespace) if matches(item)]
        meta: Object = {"resourceVersion": str(self._store.version)}
        start, limit = _place(call.query.get("continue", "")), call.number("limit")
        rest = found[start:]
        if limit and len(rest) > limit:
            meta["continue"] = base64.urlsafe_b64encode(
                json.dumps({"start": start + limit}).encode()
            ).decode()
            meta["remainingItemCount"] = len(rest) - limit
            rest = rest[:limit]
        shown = [self._shown(call, item) for item in rest]
        if not kind.custom:
            shown = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in shown]
        return {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version(call.target.version),
            "metadata": meta,
            "items": shown,
        }

    def _make(self, call: Call) -> Answer:
        if call.target.resource.review:
            return self._review(call)
        if call.target.part == "eviction":
            given, (namespace, name) = _decoded(call), (call.target.namespace, call.target.name)
            if not isinstance(given, dict):
                raise bad_request("not a Eviction object")
            return 201, evict(self._store, namespace, name, given, dry_run=call.dry_run)
        return self._create(call)

    def _create(self, call: Call) -> Answer:
        given = self._object(call)
        new = copy.deepcopy(given)
        self._record(call, None, new)
        made = self._store.create(call.target.resource, call.target.namespace, new, dry_run=call.dry_run)
        return 201, self._shown(call, made)

    def _replace(self, call: Call) -> Answer:
        given = self._object(call)
        old = self._store.find(call.target.resource, call.target.namespace, call.target.name)
        if old is None:
            raise not_found(call.target.resource, call.target.name)
        kind = call.target.resource
        if kind.custom and not given["metadata"].get("resourceVersion"):
            why = "Invalid value: 0x0: must be specified for an update"
            raise invalid(kind, call.target.name, "metadata.resourceVersion", why)
        return 200, self._put(call, old, given)

    def _put(self, call: Call, old: Object, new: Object) -> Object:
        if call.target.part == "status":
            new = {
                **copy.deepcopy(old),
                "metadata": {
                    **copy.deepcopy(old["metadata"]),
                    "resourceVersion": new["metadata"].get("resourceVersion", ""),
                },
                **({"status": new["status"]} if "status" in new else {}),
            }
        elif call.target.resource.status and "status" in old:
            new["status"] = copy.deepcopy(old["status"])
        self._record(call, old, new)
        kept = self._store.update(
            call.target.resource, new, old, status=call.target.part == "status", dry_run=call.dry_run
        )
        return self._shown(call, kept)

    def _patch(self, call: Call) -> Answer:
        kind = call.target.resource
        accepted = [JSON_PATCH, MERGE_PATCH, *(() if kind.custom else (STRATEGIC,)), APPLY]
        if call.content_type not in accepted:
            raise unsupported_media(accepted)
        if call.content_type == APPLY:
            return self._apply(call)
        old, change = self._read(call), _decoded(call)
        current = copy.deepcopy(self._shown(call, old))
        if call.content_type == JSON_PATCH:
            new = patch.json_patch(current, change)
        else:
            if not isinstance(change, dict):
                raise bad_request("cannot restore slice from map")
            given = (change.get("metadata") or {}).get("resourceVersion")
            current["metadata"]["resourceVersion"] = given or ""
            combine = patch.strategic_merge if call.content_type == STRATEGIC else patch.merge
            new = combine(current, change)
        self._check_identity(call, new)
        return 200, self._put(call, old, settle(kind, new, strict=call.strict))

    def _apply(self, call: Call) -> Answer:
        kind, name = call.target.resource, call.target.name
        if not call.query.get("fieldManager"):
            raise Refused(
                422,
                "Invalid",
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: '
                "is required for apply patch",
            )
        wanted = self._object(call)
        wanted["metadata"].setdefault("name", name)
        self._check_identity(call, wanted)
        old = self._store.find(kind, call.target.namespace, name)
        asked = wanted["metadata"].pop("resourceVersion", None)
        shown = self._shown(call, old) if old is not None else None
        force = call.query.get("force") in ("1", "true")
        new = ownership.apply(shown, wanted, manager=call.manager, force=force, now=self._store.now())
        if old is None:
            made = self._store.create(kind, call.target.namespace, new, dry_run=call.dry_run)
            return 201, self._shown(call, made)
        new["metadata"]["resourceVersion"] = asked or ""
        kept = self._store.update(kind, new, old, status=call.target.part == "status", dry_run=call.dry_run)
        return 200, self._shown(call, kept)

    def _delete(self, call: Call, item: Object) -> Object:
        kind = call.target.resource
        options = _decoded(call) if call.body else {}
        if not isinstance(options, dict):
            raise bad_request("could not decode DeleteOptions")
        if call.query.get("propagationPolicy"):
            options["propagationPolicy"] = call.query["propagationPolicy"]
        dry_run = call.dry_run or options.get("dryRun") == ["All"]
        left = self._store.delete(kind, item, options, dry_run=dry_run)
        if left is not None or kind.returns_deleted:
            return self._shown(call, left or item)
        meta = item["metadata"]
        group = {"group": kind.group} if kind.group else {}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": meta["name"], **group, "kind": kind.plural, "uid": meta["uid"]},
        }

    def _delete_collection(self, call: Call) -> Object:
        matches = self.selected(call)
        listed = self._list(call)
        for item in self._store.every(call.target.resource, call.target.namespace):
            if matches(item):
                self._delete(call, item)
        return listed

    def _review(self, call: Call) -> Answer:
        given = self._object(call)
        if call.target.resource.kind == "SelfSubjectReview":
            user = {"username": call.user.name, "groups": [*call.user.groups, "system:authenticated"]}
            return 201, {
                **given,
                "metadata": {"creationTimestamp": self._store.now()},
                "status": {"userInfo": user},
            }
        asked = (given.get("spec") or {}).get("resourceAttributes")
        if asked is None:
            path = (given.get("spec") or {}).get("nonResourceAttributes") or {}
            return 201, given | {"status": {"allowed": bool(path) and "system:masters" in call.user.groups}}
        plural = asked.get("resource", "")
        qualified = f"{plural}.{asked['group']}" if asked.get("group") else plural
        if asked.get("subresource"):
            qualified += f"/{asked['subresource']}"
        may = allowed(
            call.user, asked.get("verb", ""), qualified, asked.get("namespace", ""), asked.get("name", "")
        )
        return 201, given | {"metadata": {}, "status": {"allowed": may}}

    def _object(self, call: Call) -> Object:
        kind, given = call.target.resource, _decoded(call)
        if not isinstance(given, dict):
            raise bad_request("json: cannot unmarshal into Go value of type map[string]interface {}")
        expected = kind.api_version(call.target.version)
        if kind.custom or call.content_type == APPLY:
            for key, word in (("kind", "Kind"), ("apiVersion", "apiVersion")):
                if not given.get(key):
                    raise bad_request(f"Object '{word}' is missing in '{json.dumps(given)}'")
        if given.get("apiVersion", expected) != expected:
            raise bad_request(
                f"the API version in the data ({given['apiVersion']}) does not match the expected API "
                f"version ({expected})"
            )
        if given.get("kind", kind.kind) != kind.kind:
            raise bad_request(f'no kind "{given["kind"]}" is registered for version "{expected}" here')
        given = {**given, "kind": kind.kind, "apiVersion": expected, "metadata": given.get("metadata") or {}}
        self._check_identity(call, given)
        return settle(kind, given, strict=call.strict)

    def _check_identity(self, call: Call, item: Object) -> None:
        meta = item.get("metadata") or {}
        if call.target.name and meta.get("name") not in (None, "", call.target.name):
            raise bad_request(
                f"the name of the object ({meta['name']}) does not match the name on the URL "
                f"({call.target.name})"
            )
        if call.target.namespace and meta.get("namespace") not in (None, "", call.target.namespace):
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )

    def _record(self, call: Call, old: Object | None, new: Object) -> None:
        before = self._shown(call, old) if old is not None else None
        ownership.record(
            before,
            new,
            manager=call.manager,
            operation="Update",
            now=self._store.now(),
            part=call.target.part,
        )


def _decoded(call: Call) -> Any:
    try:
        if call.content_type == protobuf.CONTENT_TYPE:
            return protobuf.decode(call.body)
        if "yaml" in call.content_type:
            return yaml.safe_load(call.body)
        return json.loads(call.body)
    except protobuf.Unreadable as error:
        raise unsupported_media(["application/json", "application/yaml"]) from error
    except (ValueError, yaml.YAMLError) as error:
        kind = call.target.resource.kind
        raise bad_request(f"the object provided is unrecognized (must be of type {kind})") from error


def _place(token: str) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["start"])
    except (ValueError, KeyError) as error:
        raise bad_request("continue key is not valid") from error
