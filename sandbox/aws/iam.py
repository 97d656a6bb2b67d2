"""IAM, as far as ministack is more lenient than AWS or says it in other words."""

import json
import re
from collections.abc import Mapping
from typing import Any

from .calls import Call
from .wire import Refused

LARGEST_POLICY = 6_144
"""Characters of a managed policy, white space not counted."""

TOO_MANY_VERSIONS = (
    "A managed policy can have up to 5 versions. Before you create a new version, you must delete an"
    " existing version."
)
_WRITES_A_POLICY = frozenset({"CreatePolicy", "CreatePolicyVersion"})


def size(document: str) -> int:
    """As IAM counts it."""
    return len(re.sub(r"\s", "", document))


def check(call: Call, asked: Mapping[str, Any]) -> None:
    """Raises `Refused` for a document that AWS would not take."""
    if call.operation not in _WRITES_A_POLICY:
        return
    document = asked.get("PolicyDocument", "")
    _check_grammar(document)
    if size(document) > LARGEST_POLICY:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for PolicySize: {LARGEST_POLICY}")


def reworded(call: Call, asked: Mapping[str, Any], error: Refused) -> Refused:
    """ministack's refusal in AWS's words."""
    if call.operation == "CreatePolicyVersion" and error.code == "LimitExceeded":
        return Refused(error.status, error.code, TOO_MANY_VERSIONS)
    if error.code == "NoSuchEntity" and "PolicyArn" in asked and "version" not in error.message:
        return Refused(error.status, error.code, f"Policy {asked['PolicyArn']} was not found.")
    return error


def _check_grammar(document: str) -> None:
    # Here, for moto's IAM takes half a second to import and most starts of the sandbox need none of it.
    from moto.iam.exceptions import MalformedPolicyDocument
    from moto.iam.policy_validation import IAMPolicyDocumentValidator

    try:
        IAMPolicyDocumentValidator(document).validate()
    except MalformedPolicyDocument as error:
        raise Refused(400, "MalformedPolicyDocument", error.message) from error
    # moto skips an empty one in a list.
    statements = listed(json.loads(document)["Statement"])
    if any(not resource for statement in statements for resource in listed(statement.get("Resource"))):
        raise Refused(400, "MalformedPolicyDocument", 'Resource  must be in ARN format or "*".')


def listed(value: Any) -> list[Any]:
    """A policy has one thing or a list of them."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
