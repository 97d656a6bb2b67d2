"""What bound in a plan of the first release: the English text of a target, read as what it was about.

The texts are those of commit 5397fd7, word for word; nothing that is said today stands here.
"""

from __future__ import annotations

import re

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


def binding(target: str) -> tuple[str, str, dict[str, str]]:
    """Kind, name and promise; of a target that it never had, the text itself for a name, without a kind."""
    for kind, pattern in _TARGETS.items():
        if found := re.fullmatch(pattern, target):
            promise = {key: value for key, value in found.groupdict().items() if value is not None}
            return kind, promise.pop("name"), promise
    return "", target, {}
