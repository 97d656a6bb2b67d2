"""What can be set, and what is right: the shape of the settings. Read by `bot.config.settings`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from provisioner.password_hash import strong
from provisioner.workspace import NODES_MOST, NodeSpec, Platform


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PydanticCustomError("address", "must be an address such as https://host/path")
    return text.rstrip("/")


def _token(start: str) -> AfterValidator:
    def check(token: SecretStr) -> SecretStr:
        if not token.get_secret_value().startswith(start):
            raise PydanticCustomError("token", f"must start with {start}")
        return token

    return AfterValidator(check)


def _needed(other: str, when: StrEnum | None = None) -> AfterValidator:
    """It may be missing only while the other field, which stands before it, is not `when`, or not given."""

    def check(value: object, info: ValidationInfo) -> object:
        given = info.data.get(other)
        if value is None and given is not None and when in {None, given}:
            raise PydanticCustomError("missing", "is missing")
        return value

    return AfterValidator(check)


def _bcrypt(text: SecretStr) -> SecretStr:
    if not strong(text.get_secret_value()):
        raise PydanticCustomError("bcrypt", "must be a bcrypt hash of cost 10 to 16, 60 characters")
    return text


def _database(text: SecretStr) -> SecretStr:
    if not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?://", text.get_secret_value()):
        raise PydanticCustomError("database", "must start with postgresql:// or sqlite:///")
    return text


def _spoken(language: str) -> str:
    catalogues = {path.stem for path in (Path(__file__).parent.parent / "texts").glob("*.po")}
    if language not in catalogues | {"en"}:
        known = ", ".join(sorted(catalogues | {"en"}))
        raise PydanticCustomError("language", "must be one of: {known}", {"known": known})
    return language


Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=0, le=65535)]
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]


class Transport(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SlackSettings(_Frozen):
    transport: Transport = Field(
        Transport.SOCKET, description="how Slack reaches the bot: an outgoing socket or signed HTTP"
    )
    bot_token: Annotated[SecretStr, _token("xoxb-")] = Field(description="the bot user's token, xoxb-…")
    app_token: Annotated[
        Annotated[SecretStr, _token("xapp-")] | None, _needed("transport", Transport.SOCKET)
    ] = Field(None, validate_default=True, description="the app-level token, xapp-…; required with socket")
    signing_secret: Annotated[SecretStr | None, _needed("transport", Transport.HTTP)] = Field(
        None, validate_default=True, description="verifies that a request is from Slack; required with http"
    )
    channel: str = Field(
        pattern=r"^[CG][A-Z0-9]{4,}$",
        description="ID of the requests channel (at the end of its details)",
    )
    base_url: Address = Field("https://slack.com/api", description="the Web API; change it only for tests")
    command: str = Field("/workspace", pattern=r"^/\S+$", description="the slash command")


class PlatformSettings(_Frozen):
    region: Word = Field(description="AWS region, such as ap-northeast-2")
    region_alias: Word = Field(description="the region in resource names, such as an2")
    infra: Word = Field(description="the installation in resource names, such as meerkat")
    env: Word = Field(description="dev or prod, in resource names")
    account: str = Field(pattern=r"^\d{12}$", description="AWS account, 12 digits")
    cluster: str = Field(min_length=1, description="name of the EKS cluster, such as eks-an2-meerkat-prod")
    login_domain: Word = Field("aic.com", description="the part after the @ of Kubeflow logins")


class SpecSettings(_Frozen):
    instance_type: str = Field(
        pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", description="EC2 instance type, such as m5.xlarge"
    )
    desired: int = Field(1, ge=0, le=NODES_MOST, description="default number of initial nodes")
    max: int = Field(3, ge=1, le=NODES_MOST, description="default maximum number of nodes")

    @field_validator("max")
    @classmethod
    def _over_desired(cls, most: int, info: ValidationInfo) -> int:
        if most < info.data.get("desired", 0):
            raise PydanticCustomError("max", "must not be less than desired")
        return most


class NodesSettings(_Frozen):
    ami_family: str = Field(
        default="AmazonLinux2023",
        pattern=r"^[A-Z][A-Za-z0-9]+$",
        description="AMI family of the nodes, as eksctl names it",
    )
    eksctl_at_once: int = Field(
        default=10,
        ge=1,
        le=100,
        description="eksctl programs that one replica runs at the same time, 100 MB each",
    )


class GrafanaSettings(_Frozen):
    url: Address | None = Field(default=None, description="Grafana's address; without it, no dashboards")
    token: Annotated[SecretStr | None, _needed("url")] = Field(
        default=None, validate_default=True, description="token of a service account that can edit dashboards"
    )
    template: Path | None = Field(
        default=None, description="JSON template of new dashboards; default: the shipped one"
    )


class ConductorSettings(_Frozen):
    url: Address | None = Field(
        default=None, description="AI Conductor's address, without /api; without it, AI Conductor is skipped"
    )
    user: Annotated[Annotated[str, Field(min_length=1)] | None, _needed("url")] = Field(
        default=None,
        validate_default=True,
        description="login of an account of type Admin",
    )
    password: Annotated[SecretStr | None, _needed("url")] = Field(
        default=None, validate_default=True, description="its password"
    )
    frontend: Address | None = Field(default=None, description="address for links that people open")
    calls: Annotated[Path | None, _needed("url")] = Field(
        default=None,
        validate_default=True,
        description="TOML of the calls that change data, checked against this AI Conductor",
    )
    workspace_name: Literal["project", "workspace"] = Field(
        default="project", description="name to send: alpha (AI Conductor adds -ws) or alpha-ws"
    )


def _spec_name(name: str) -> str:
    if name.endswith("cluster"):  # eksctl takes the stack of such a node group for the cluster's own
        raise PydanticCustomError("spec_name", 'may not end in "cluster"')
    return name


SpecName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$"), AfterValidator(_spec_name)]


class Settings(_Frozen):
    """Everything, checked. Made by `bot.config.settings.load`."""

    slack: SlackSettings
    platform: PlatformSettings
    specs: dict[SpecName, SpecSettings] = Field(
        min_length=1,
        description="node specs that can be requested, SPECS__STANDARD__INSTANCE_TYPE=m5.xlarge",
    )

    kubeflow_password_hash: Annotated[SecretStr, AfterValidator(_bcrypt)] = Field(
        description="bcrypt hash of the platform's constant Kubeflow password"
    )
    kubeconfig_path: Path | None = Field(
        None, description="kubeconfig file; default: the cluster the bot runs in"
    )
    dex_url: Address = Field(
        "http://dex.auth.svc.cluster.local:5556",
        description="address of Dex's health check, without /dex",
    )
    eksctl: str = Field("eksctl", min_length=1, description="the eksctl program, by name or path")
    nodes: NodesSettings = NodesSettings()
    grafana: GrafanaSettings = GrafanaSettings()
    conductor: ConductorSettings = ConductorSettings()
    policy: Path | None = Field(
        None, description="TOML of who can request and approve; default: the shipped one"
    )
    language: Annotated[str, AfterValidator(_spoken)] = Field(
        "en", description="language of cards in channels: en or ko; private answers use the reader's own"
    )
    state: Path = Field(Path("state"), description="folder of the databases; on a local disk, never NFS")
    database_url: Annotated[SecretStr, AfterValidator(_database)] | None = Field(
        None, description="postgresql://user:password@host/name; default: SQLite in the state folder"
    )
    http_host: str = Field("127.0.0.1", min_length=1, description="address for signed HTTP")
    http_port: Port = Field(8080, description="port for signed HTTP")
    health_host: str = Field("127.0.0.1", min_length=1, description="address for probes and metrics")
    health_port: Port = Field(8081, description="port for probes and metrics; 0: any free port")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="minimum level of log entries"
    )

    @property
    def database(self) -> str:
        """Where our tables are. Holds a password: never logged."""
        return self._url("bot.db")

    @property
    def engine_database(self) -> str:
        """Where the engine keeps its own: a file beside ours, or the same PostgreSQL."""
        return self._url("engine.db")

    def where(self) -> Platform:
        """The place as the provisioner knows it."""
        specs = {
            name: NodeSpec(instance_type=spec.instance_type, desired=spec.desired, max=spec.max)
            for name, spec in self.specs.items()
        }
        return Platform(**self.platform.model_dump(), specs=specs)

    def secrets(self) -> tuple[SecretStr, ...]:
        """All that may never be shown, for `bot.config.logs` to look out for."""
        found = [value for value in _values(self) if isinstance(value, SecretStr)]
        password = urlsplit(self.database_url.get_secret_value()).password if self.database_url else None
        if password:
            found += [SecretStr(password), SecretStr(unquote(password))]
        return tuple(found)

    def _url(self, file: str) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.state / file}"


def _values(model: BaseModel) -> Iterator[object]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _values(value)
        else:
            yield value
