"""What bound in a plan of the first release: the English text of a target, read as what it was about.

The texts are those of commit 5397fd7, word for word; nothing that is said today stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TARGETS = {
    "kubeflow-profile": r"Profile (?P<name>.+)",
    "namespace": r"Namespace (?P<name>.+)",
    "s3-bucket": r"S3 bucket (?P<name>.+)",
    "iam-statement": r"S3 access to (?P<name>.+) in (?P<policy>.+)",
    "node-group": r"Node group (?P<name>[^:]+)(: (?P<type>.+), (?P<desired>\d+) of at most (?P<max>\d+))?",
    "cloudformation-stack": r"Stack (?P<name>.+)",
    "kubeflow-login": r"Kubeflow login (?P<name>.+)",
    "grafana-dashboard": r"Grafana dashboard (?P<name>.+)",
    "conductor-workspace": r"AI Conductor workspace (?P<name>.+)",
    "conductor-account": r"AI Conductor account (?P<name>.+)",
    "conductor-role": r"AI Conductor role (?P<role>.+) of (?P<name>.+) in (?P<workspace>.+)",
}


def binding(stored: Mapping[str, Any] | str) -> tuple[str, str, dict[str, str]]:
    """Kind, name and promise of a target as it was stored: a message, or before that its text.

    Of a target that it never had: the text itself for a name, without a kind.
    """
    target = stored if isinstance(stored, str) else _english(stored)
    for kind, pattern in _TARGETS.items():
        if found := re.fullmatch(pattern, target):
            promise = {key: value for key, value in found.groupdict().items() if value is not None}
            return kind, promise.pop("name"), promise
    return "", target, {}


def _english(message: Mapping[str, Any]) -> str:
    """In the words of then: `Message` reads a text as it is worded now."""
    values = message.get("values", {}).items()
    shown = {name: value["ref"][1] if isinstance(value, dict) else value for name, value in values}
    return str(message["text"].format_map(shown))
