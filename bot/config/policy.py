"""The file that says who may ask and who approves; without one, the shipped."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from approvals.policy import Policy
from bot.config.settings import SettingsFault
from provisioner.validation import Invalid, faults

_SAID = {
    "string_pattern_mismatch": "should be a group's handle, without @ and without spaces",
    "tuple_type": "should be a list of groups",
    "too_short": "should name at least one",
}


def read(path: Path | None) -> Policy:
    """Raises `SettingsFault` with all that is wrong with it."""
    path = path or Path(__file__).parent / "policy.toml"
    try:
        return from_toml(path.read_text(encoding="utf-8"))
    except Invalid as fault:
        lines = list(fault.lines)
    except OSError as error:
        lines = [error.strerror or "it cannot be read"]
    except UnicodeDecodeError:
        lines = ["it is not text in UTF-8"]
    raise SettingsFault([f"WORKSPACE_BOT_POLICY: {line}" for line in lines])


def from_toml(text: str) -> Policy:
    """Raises `Invalid` with every fault there is."""
    try:
        return Policy.from_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid([f"the policy is not TOML: {error}"]) from None
    except ValidationError as error:
        raise Invalid([str(fault) for fault in faults(error, _SAID)]) from None
