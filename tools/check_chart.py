"""Check a Helm chart: lint strictly, render it, hold what comes out against Kubernetes' own schemas.

    python tools/check_chart.py CHART

Uses the helm beside this Python, else the one on PATH. Ends with a status other than 0 at the first fault.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # the package ships no types
import yaml

# What the defaults leave out.
REST = {
    "policy": "[[rule]]",
    r"files.conductor\.toml": "[[call]]",
    "settings.SLACK__TRANSPORT": "http",
    "serviceAccount.roleArn": "arn:aws:iam::123456789012:role/workspace-bot",
    "persistence.storageClass": "gp3",
}
EVERYTHING = [part for name, value in REST.items() for part in ("--set", f"{name}={value}")]
KUBERNETES = "1.35"


def helm(*arguments: str) -> str:
    program = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")
    if program is None:
        raise SystemExit("helm is neither beside this Python nor on PATH")
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"helm {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout


def faults(document: dict[str, Any]) -> list[str]:
    """What Kubernetes would refuse in one rendered object."""
    name = f"{document['kind']}/{document['metadata']['name']}"
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{name}: {error.message}"]
    return []


def main(chart: str) -> None:
    for values in ([], EVERYTHING, ["--set", "replicas=2"]):
        helm("lint", "--strict", chart, *values)
        rendered = helm("template", "workspace-bot", chart, *values)
        documents = [each for each in yaml.safe_load_all(rendered) if each]
        found = [fault for document in documents for fault in faults(document)]
        if found:
            raise SystemExit("\n".join(found))
    print(f"{chart}: linted, rendered, {len(documents)} objects valid for Kubernetes {KUBERNETES}")


if __name__ == "__main__":
    main(sys.argv[1])
