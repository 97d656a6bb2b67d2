"""What the calls that change something are sent; checked as FastAPI does, which quotes what it was sent."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from sandbox.conductor.refusal import Refused


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SpecBody(_Body):
    name: StrictStr = Field(min_length=1)
    vcpu: StrictInt
    ram_gb: StrictInt
    gpu: StrictInt


class WorkspaceBody(_Body):
    name: StrictStr = Field(min_length=1)
    s3_bucket_name: StrictStr = Field(min_length=1)
    dashboard_hash: StrictStr = ""
    execution_specs: list[SpecBody]


class WorkspaceChange(_Body):
    """A dashboard that is left out stays."""

    s3_bucket_name: StrictStr = Field(min_length=1)
    dashboard_hash: StrictStr | None = None
    execution_specs: list[SpecBody]


class AccountBody(_Body):
    login_id: StrictStr = Field(min_length=1)
    login_pw: StrictStr = Field(min_length=1)
    display_name: StrictStr
    role: StrictStr = Field(pattern="^(ADMIN|DEVELOPER)$")


class MemberBody(_Body):
    account_id: StrictStr
    role: StrictStr = Field(min_length=1)


class LoginBody(_Body):
    login_id: StrictStr
    login_pw: StrictStr


def checked(model: type[BaseModel], body: object) -> Any:
    """The body as its model. Raises `Refused` with 422."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        faults = [{**each, "loc": ["body", *each["loc"]]} for each in error.errors(include_url=False)]
        raise Refused(422, faults) from None
