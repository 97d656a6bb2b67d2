"""What the bot is told before it starts, and what it says when it was told wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config.schema import Transport
from bot.config.settings import (
    PREFIX,
    Setting,
    SettingsFault,
    all_settings,
    aws_secrets,
    for_programs,
    load,
)
from provisioner.workspace import NodeSpec

HASH = "$2b$12$qsUwD7y/5FAOwacA4nPkPONL5YdUwUKwjhmD.ExLGLbt0DOpmlgIu"
CANARY = "canary-7f3a9"

ENOUGH = {
    "SLACK__BOT_TOKEN": f"xoxb-{CANARY}",
    "SLACK__APP_TOKEN": f"xapp-{CANARY}",
    "SLACK__CHANNEL": "C0REQUESTS",
    "PLATFORM__REGION": "ap-northeast-2",
    "PLATFORM__REGION_ALIAS": "an2",
    "PLATFORM__INFRA": "meerkat",
    "PLATFORM__ENV": "prod",
    "PLATFORM__ACCOUNT": "123456789012",
    "PLATFORM__CLUSTER": "eks-an2-meerkat-prod",
    "SPECS__STANDARD__INSTANCE_TYPE": "m5.xlarge",
    "KUBEFLOW_PASSWORD_HASH": HASH,
}
FILE = f"""
log_level = "DEBUG"
kubeflow_password_hash = "{HASH}"

[slack]
bot_token = "xoxb-{CANARY}"
app_token = "xapp-{CANARY}"
channel = "C0FROMFILE"

[platform]
region = "ap-northeast-2"
region_alias = "an2"
infra = "meerkat"
env = "prod"
account = "123456789012"
cluster = "eks-an2-meerkat-prod"

[specs.standard]
instance_type = "m5.xlarge"
"""


def environ(given: Mapping[str, str] = ENOUGH, /, **more: str) -> dict[str, str]:
    return {PREFIX + name: value for name, value in {**given, **more}.items()}


def faults(given: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsFault) as found:
        load(given)
    return [line.removeprefix(PREFIX) for line in found.value.lines]


def a_file(folder: Path, content: str = FILE) -> str:
    path = folder / "settings.toml"
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_little_is_enough_and_the_rest_has_defaults() -> None:
    settings = load(environ())

    assert settings.slack.transport is Transport.SOCKET
    assert settings.slack.base_url == "https://slack.com/api"
    assert (settings.slack.channel, settings.slack.command) == ("C0REQUESTS", "/workspace")
    assert (settings.health_host, settings.http_host) == ("127.0.0.1", "127.0.0.1")
    assert settings.database == "sqlite:///state/bot.db"
    assert settings.engine_database == "sqlite:///state/engine.db"
    assert settings.policy is None


def test_the_place_is_what_the_provisioner_wants() -> None:
    place = load(environ(SPECS__GPU__INSTANCE_TYPE="g5.xlarge", SPECS__GPU__MAX="8")).where()

    assert place.cluster == "eks-an2-meerkat-prod"
    assert place.specs == {
        "standard": NodeSpec(instance_type="m5.xlarge", desired=1, max=3),
        "gpu": NodeSpec(instance_type="g5.xlarge", desired=1, max=8),
    }


def test_all_that_is_missing_is_named_at_once() -> None:
    assert [line.partition(" ")[0] for line in faults({})] == [
        "SLACK__BOT_TOKEN",
        "SLACK__APP_TOKEN",
        "SLACK__CHANNEL",
        "PLATFORM__REGION",
        "PLATFORM__REGION_ALIAS",
        "PLATFORM__INFRA",
        "PLATFORM__ENV",
        "PLATFORM__ACCOUNT",
        "PLATFORM__CLUSTER",
        "SPECS",
        "KUBEFLOW_PASSWORD_HASH",
    ]


def test_a_fault_says_what_was_expected() -> None:
    assert "PLATFORM__REGION is missing: AWS region, such as ap-northeast-2" in faults({})


def test_every_sort_of_fault_is_told_in_one_go() -> None:
    wrong = environ(
        SLACK__BOT_TOKEN="xapp-1",
        SLACK__COMMAND="workspace",
        PLATFORM__ACCOUNT="12345",
        SPECS__STANDARD__MAX="0",
        SPECS__GPU__MAX="2",
        KUBEFLOW_PASSWORD_HASH="plain",
        DEX_URL="ftp://dex",
        LANGUAGE="de",
        DATABASE_URL="mysql://u:p@host/name",
        HTTP_PORT="eighty",
        HEALTH_PORT="70000",
    )

    assert [line.split(":")[0].split(" ")[0] for line in faults(wrong)] == [
        "SLACK__BOT_TOKEN",
        "SLACK__COMMAND",
        "PLATFORM__ACCOUNT",
        "SPECS__STANDARD__MAX",
        "SPECS__GPU__INSTANCE_TYPE",
        "KUBEFLOW_PASSWORD_HASH",
        "DEX_URL",
        "LANGUAGE",
        "DATABASE_URL",
        "HTTP_PORT",
        "HEALTH_PORT",
    ]


@pytest.mark.parametrize("max_nodes", ["1", "2"])
def test_a_spec_may_not_start_with_more_nodes_than_it_may_have(max_nodes: str) -> None:
    given = environ(SPECS__STANDARD__DESIRED="3", SPECS__STANDARD__MAX=max_nodes)

    assert faults(given) == [
        "SPECS__STANDARD__MAX: must not be less than desired (default maximum number of nodes)"
    ]


def test_no_value_is_ever_part_of_a_fault() -> None:
    given = {name: CANARY for setting in all_settings() if "<" not in (name := setting.name)}
    given.pop(f"{PREFIX}CONFIG")

    said = "\n".join(faults(given | environ({"SPECS__STANDARD__MAX": CANARY, "TYPO": CANARY})))

    assert "DATABASE_URL" in said
    assert CANARY not in said


def test_no_secret_is_in_a_repr_or_a_dump() -> None:
    settings = load(environ(DATABASE_URL=f"postgresql://bot:{CANARY}@host/name"))

    assert CANARY not in repr(settings)
    assert CANARY not in str(settings.model_dump())
    assert CANARY not in settings.model_dump_json()


def test_all_secrets_are_known_so_that_they_can_be_hidden() -> None:
    more = {
        "SLACK__SIGNING_SECRET": "signing",
        "DATABASE_URL": "postgresql://bot:p%40ss@host/name",
    }
    known = {secret.get_secret_value() for secret in load(environ(**more)).secrets()}

    assert known == {f"xoxb-{CANARY}", f"xapp-{CANARY}", HASH, *more.values(), "p%40ss", "p@ss"}


def test_http_needs_the_signing_secret_and_no_app_token() -> None:
    given = environ(SLACK__TRANSPORT="http", SLACK__APP_TOKEN="")

    assert [line.partition(" ")[0] for line in faults(given)] == ["SLACK__SIGNING_SECRET"]
    assert load(given | environ({"SLACK__SIGNING_SECRET": "s"})).slack.transport is Transport.HTTP


def test_what_is_empty_counts_as_not_given() -> None:
    assert load(environ(HTTP_PORT="", DEX_URL="", DATABASE_URL="")) == load(environ())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("SLACK__BOT_TOKN", "SLACK__BOT_TOKEN"),
        ("SLACK_CHANNEL", "SLACK__CHANNEL"),
        ("DATABASEURL", "DATABASE_URL"),
        ("SPECS__STANDARD__INSTANCETYPE", "SPECS__<NAME>__INSTANCE_TYPE"),
    ],
)
def test_a_name_nobody_knows_is_a_fault_that_names_the_nearest(typed: str, meant: str) -> None:
    assert faults(environ(**{typed: "x"})) == [
        f"{typed}: there is no such setting; is {PREFIX}{meant} meant?"
    ]


def test_a_name_like_no_other_is_a_fault_without_a_guess() -> None:
    assert faults(environ(QQQ="x")) == ["QQQ: there is no such setting"]


def test_other_programs_variables_are_left_alone() -> None:
    load(environ() | {"SLACK_CLIENT_ID": "x", "WORKSPACE": "y", "BOT_TOKEN": "z"})


def test_a_file_is_as_good_as_the_environment(tmp_path: Path) -> None:
    settings = load({f"{PREFIX}CONFIG": a_file(tmp_path)})

    assert (settings.log_level, settings.slack.channel) == ("DEBUG", "C0FROMFILE")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    given = environ(
        {"CONFIG": a_file(tmp_path), "SLACK__CHANNEL": "C0MINE", "SPECS__GPU__INSTANCE_TYPE": "g5.xlarge"}
    )

    settings = load(given)

    assert (settings.slack.channel, settings.log_level) == ("C0MINE", "DEBUG")
    assert set(settings.specs) == {"standard", "gpu"}


def test_a_key_nobody_knows_in_the_file_is_a_fault(tmp_path: Path) -> None:
    path = a_file(tmp_path, FILE.replace("channel =", "channel = 'C0FROMFILE'\nchanel ="))

    assert faults({f"{PREFIX}CONFIG": path}) == [
        f"slack.chanel in the file of {PREFIX}CONFIG: there is no such setting; is slack.channel meant?"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('slack = "x"', "SLACK: "),
        ("specs = 3", "SPECS: "),
        ("[specs]\nstandard = 3", "SPECS__STANDARD: "),
    ],
)
def test_a_value_where_a_table_belongs_is_a_fault(tmp_path: Path, content: str, said: str) -> None:
    lines = faults({f"{PREFIX}CONFIG": a_file(tmp_path, content)})

    assert any(line.startswith(said) for line in lines), lines


def test_a_file_that_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (line,) = faults({f"{PREFIX}CONFIG": a_file(tmp_path, 'language = "ko"\nslack\n')})

    assert line.startswith("CONFIG: the file cannot be read as TOML: ")
    assert "line 2" in line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    given = {f"{PREFIX}CONFIG": str(tmp_path / "nowhere.toml")}

    assert faults(given) == ["CONFIG: the file cannot be read as TOML: No such file or directory"]


def test_settings_do_not_change() -> None:
    settings = load(environ())

    with pytest.raises(ValidationError):
        settings.log_level = "DEBUG"
    with pytest.raises(ValidationError):
        settings.slack.channel = "other"


def test_every_setting_is_described_for_people() -> None:
    for setting in all_settings():
        assert setting.name.startswith(PREFIX)
        assert setting.description, setting.name
        assert setting.type
        assert not (setting.secret and setting.default), setting.name


def test_every_setting_of_the_list_can_be_given() -> None:
    values = {"text": "x", "number": "1", "path": "x"}
    given = {
        setting.name.replace("<NAME>", "STANDARD"): values.get(setting.type, setting.type.split(" ")[0])
        for setting in all_settings()
        if setting.name != f"{PREFIX}CONFIG"
    }

    assert not any("no such setting" in line for line in faults(given))


def test_the_list_says_what_must_be_given() -> None:
    needed = {setting.name for setting in all_settings() if setting.default is None}

    assert needed == {
        name.replace("STANDARD", "<NAME>") for name in environ() if not name.endswith("APP_TOKEN")
    }
    assert (
        Setting(
            name=f"{PREFIX}LOG_LEVEL",
            type="DEBUG or INFO or WARNING or ERROR",
            default="INFO",
            secret=False,
            description="minimum level of log entries",
        )
        in all_settings()
    )


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ({"GRAFANA__URL": "http://grafana"}, ["GRAFANA__TOKEN"]),
        ({"CONDUCTOR__URL": "http://aic"}, ["CONDUCTOR__USER", "CONDUCTOR__PASSWORD", "CONDUCTOR__CALLS"]),
    ],
)
def test_a_system_that_is_named_needs_a_way_in(given: dict[str, str], lacks: list[str]) -> None:
    assert [line.partition(" ")[0] for line in faults(environ(**given))] == lacks


def test_without_an_address_nothing_of_a_system_is_needed() -> None:
    settings = load(environ())

    assert (settings.grafana.url, settings.conductor.url, settings.eksctl) == (None, None, "eksctl")


@pytest.mark.parametrize("number", ["0", "-1", "101", "many"])
def test_how_many_eksctl_run_at_once_is_bounded(number: str) -> None:
    (fault,) = faults(environ(NODES__EKSCTL_AT_ONCE=number))

    assert fault.startswith("NODES__EKSCTL_AT_ONCE: ")
    assert "eksctl programs that one replica runs at the same time" in fault


def test_how_many_eksctl_run_at_once_can_be_said() -> None:
    assert load(environ()).nodes.eksctl_at_once == 10
    assert load(environ(NODES__EKSCTL_AT_ONCE="3")).nodes.eksctl_at_once == 3


def test_a_spec_may_not_end_like_a_cluster() -> None:
    """eksctl takes the stack of such a node group for the cluster's own (its issue 7406)."""
    (fault,) = faults(environ(SPECS__BIGCLUSTER__INSTANCE_TYPE="m5.xlarge"))

    assert "SPECS" in fault


def test_a_program_is_given_the_way_to_aws_and_nothing_of_the_bots_own() -> None:
    given = {
        "PATH": "/usr/bin",
        "AWS_REGION": "ap-northeast-2",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_EKS": "http://127.0.0.1:4567",
        "https_proxy": "http://proxy:3128",
    }

    handed = for_programs(given | environ() | {"SSH_AUTH_SOCK": "agent", "AWS_EXECUTION_ENV": "x"})

    assert handed == given


def test_what_the_aws_sdk_reads_by_itself_is_known_as_a_secret() -> None:
    given = {"AWS_SECRET_ACCESS_KEY": CANARY, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SESSION_TOKEN": ""}

    assert [secret.get_secret_value() for secret in aws_secrets(given)] == [CANARY]
