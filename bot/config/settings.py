"""What the bot is told before it starts. The only reader of the environment.

A setting is WORKSPACE_BOT_<NAME>, nested with two underscores (WORKSPACE_BOT_SLACK__CHANNEL), or the same
name in lower case in the TOML file that WORKSPACE_BOT_CONFIG names (channel in [slack]). The environment
wins over the file. What is empty counts as not given.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from bot.config.schema import Settings, SpecSettings
from provisioner.validation import Fault, Invalid, faults

PREFIX = "WORKSPACE_BOT_"
CONFIG = f"{PREFIX}CONFIG"

_HANDED_ON = frozenset(
    {
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "SSL_CERT_FILE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CA_BUNDLE",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    }
)
_AWS_ENDPOINTS = "AWS_ENDPOINT_URL"  # alone, and with a service behind it
_AWS_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


class SettingsFault(Invalid):
    """All that is wrong with the settings, a line each, by name, without any value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as the README shows it."""

    name: str  # "WORKSPACE_BOT_SLACK__CHANNEL"; a part in angle brackets is to be chosen
    type: str
    default: str | None  # None: it is required
    secret: bool
    description: str


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Raises `SettingsFault` with every fault there is. `environ`: instead of the process's own."""
    given = os.environ if environ is None else environ  # noqa: TID251 the one place that reads it
    wrong, known = _unknown(given)
    content: dict[str, Any] = {}
    empty: dict[str, Any] = {"slack": {}, "platform": {}, "specs": {}}  # so that all that lacks is named
    if path := given.get(CONFIG):
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise SettingsFault([*wrong, f"{CONFIG}: the file cannot be read as TOML: {why}"]) from None
    try:
        settings = Settings.model_validate(_merged(_merged(empty, content), _Environment(known)()))
    except ValidationError as error:
        raise SettingsFault([*wrong, *map(_line, faults(error))]) from None
    if wrong:
        raise SettingsFault(wrong)
    return settings


def for_programs(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a program that the bot starts is given: how to reach AWS, and nothing of the bot's own."""
    given = os.environ if environ is None else environ  # noqa: TID251 the one place that reads it
    return {
        name: value
        for name, value in given.items()
        if name.upper() in _HANDED_ON or name.startswith(_AWS_ENDPOINTS)
    }


def aws_secrets(environ: Mapping[str, str] | None = None) -> tuple[SecretStr, ...]:
    """Secrets that the AWS SDK reads by itself, for `bot.config.logs` to look out for."""
    given = os.environ if environ is None else environ  # noqa: TID251 the one place that reads it
    return tuple(SecretStr(given[name]) for name in _AWS_SECRETS if given.get(name))


def all_settings() -> tuple[Setting, ...]:
    config = "TOML file with settings; the environment wins over it"
    first = Setting(name=CONFIG, type="path", default="", secret=False, description=config)
    return (first, *(_described(path, field) for path, field in _leaves(Settings)))


class _Read(Settings, BaseSettings):
    """How variables are named; never made."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")


class _Environment(EnvSettingsSource):
    """pydantic's reader of variables, over those we hand it."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        super().__init__(_Read)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._given.items() if value}


def _unknown(given: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """A fault for each name of ours that no setting has, and the variables without those."""
    names = [setting.name for setting in all_settings()]
    patterns = [re.compile(re.sub("<[A-Z]+>", "[A-Z0-9-]+", name)) for name in names]
    wrong, known = [], {}
    for name, value in given.items():
        if not name.upper().startswith(PREFIX):
            continue
        if any(pattern.fullmatch(name.upper()) for pattern in patterns):
            known[name] = value
            continue
        bare = [known_name.removeprefix(PREFIX) for known_name in names]  # the prefix alone is no likeness
        near = get_close_matches(name.upper().removeprefix(PREFIX), bare, n=1, cutoff=0.6)
        hint = f"; is {PREFIX}{near[0]} meant?" if near else ""
        wrong.append(f"{name}: there is no such setting{hint}")
    return wrong, known


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        key
        for key in under.keys() & over.keys()
        if isinstance(under[key], dict) and isinstance(over[key], dict)
    }
    return under | over | {key: _merged(under[key], over[key]) for key in both}


def _line(fault: Fault) -> str:
    """The setting's name, what is wrong, what was expected."""
    path = [part for part in fault.path if part != "[key]"]
    name = PREFIX + "__".join(path).upper()
    if fault.kind == "extra_forbidden":
        known = {".".join(leaf) for leaf, _ in _leaves(Settings)}
        near = get_close_matches(".".join(path), known, n=1, cutoff=0.6)
        hint = f"; is {near[0]} meant?" if near else ""
        return f"{'.'.join(path)} in the file of {CONFIG}: there is no such setting{hint}"
    fitting = (field for leaf, field in _leaves(Settings) if _fits(leaf, path))
    field = next(fitting, Settings.model_fields[path[0]])
    expected = field.description or "a table of settings"
    if fault.kind in {"missing", "too_short"}:
        return f"{name} is missing: {expected}"
    if fault.kind == "string_pattern_mismatch":
        return f"{name} has not the form it needs: {expected}"
    return f"{name}: {fault.words.replace('should be', 'must be')} ({expected})"


def _fits(leaf: tuple[str, ...], path: list[str]) -> bool:
    return len(leaf) == len(path) and all(
        part == "<name>" or part == given for part, given in zip(leaf, path, strict=True)
    )


def _leaves(
    model: type[BaseModel], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaves(field.annotation, path)
        elif name == "specs":
            yield from _leaves(SpecSettings, (*path, "<name>"))
        else:
            yield path, field


def _described(path: tuple[str, ...], field: FieldInfo) -> Setting:
    default = field.get_default(call_default_factory=True)
    return Setting(
        name=PREFIX + "__".join(path).upper(),
        type=_kind(field.annotation),
        default=None if field.is_required() else "" if default is None else str(default),
        secret="SecretStr" in repr(field.annotation),
        description=field.description or "",
    )


def _kind(annotation: Any) -> str:
    """How a value is written, for people."""
    text = repr(annotation)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(annotation)
    if "Literal" in text:
        return " or ".join(get_args(annotation))
    if "Path" in text:
        return "path"
    if "int" in text:
        return "number"
    return "text"
