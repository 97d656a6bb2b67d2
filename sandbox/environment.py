"""The bot's environment, built from nothing: what it is told is all it knows."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.place import Place

PREFIX = "WORKSPACE_BOT_"
SPECS = {"standard": ("m5.xlarge", 1, 3), "large": ("m5.4xlarge", 1, 5), "gpu": ("g5.2xlarge", 0, 2)}
"""Name, and instance type, desired and most nodes of each size that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackAccess:
    url: str
    channel: str  # id of the one where requests are shown
    transport: str
    bot_token: str
    app_token: str
    signing_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    url: str
    key_id: str
    secret: str


def program(state: Path) -> dict[str, str]:
    """What any program needs."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": str(state),
        "LANG": "C.UTF-8",
    }


def common(
    place: Place, *, state: Path, password_hash: str, http_port: int, health_port: int
) -> dict[str, str]:
    return {
        "STATE": str(state),
        "PLATFORM__REGION": place.region,
        "PLATFORM__REGION_ALIAS": place.region_alias,
        "PLATFORM__INFRA": place.infra,
        "PLATFORM__ENV": place.env,
        "PLATFORM__ACCOUNT": place.account,
        "PLATFORM__CLUSTER": place.cluster,
        "PLATFORM__LOGIN_DOMAIN": place.login_domain,
        "KUBEFLOW_PASSWORD_HASH": password_hash,
        "HTTP_PORT": str(http_port),
        "HEALTH_PORT": str(health_port),
        **{
            f"SPECS__{name.upper()}__{field}": str(value)
            for name, spec in SPECS.items()
            for field, value in zip(("INSTANCE_TYPE", "DESIRED", "MAX"), spec, strict=True)
        },
    }


def slack(access: SlackAccess) -> dict[str, str]:
    return {
        "SLACK__BASE_URL": f"{access.url}/api",
        "SLACK__TRANSPORT": access.transport,
        "SLACK__BOT_TOKEN": access.bot_token,
        "SLACK__APP_TOKEN": access.app_token,
        "SLACK__SIGNING_SECRET": access.signing_secret,
        "SLACK__CHANNEL": access.channel,
    }


def aws(access: AwsAccess, place: Place) -> dict[str, str]:
    """AWS's own variables, without a prefix."""
    return {
        "AWS_ENDPOINT_URL": access.url,
        "AWS_ACCESS_KEY_ID": access.key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret,
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def prefixed(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"{PREFIX}{name}": value for name, value in settings.items()}


def write_env(path: Path, environment: Mapping[str, str]) -> None:
    """KEY=VALUE lines that a shell can read, for nobody else's eyes."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    lines = [
        f"{name}='{value}'" if set(value) & set(' $&;"') else f"{name}={value}"
        for name, value in environment.items()
    ]
    path.write_text("\n".join(lines) + "\n")
