"""What the settings name is looked at before anything starts: all that is wrong with it is told at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import provisioner
from bot.config.settings import PREFIX, SettingsFault, load
from bot.wiring import check_all
from tests.unit.bot.config.test_settings import CANARY, environ

SYSTEMS = {
    "GRAFANA__URL": "http://grafana",
    "GRAFANA__TOKEN": CANARY,
    "CONDUCTOR__URL": "http://aic",
    "CONDUCTOR__USER": "bot",
    "CONDUCTOR__PASSWORD": CANARY,
}
CALLS = Path(provisioner.__file__).parent / "stages" / "conductor" / "calls.toml"
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: bot
clusters: [{name: here, cluster: {server: "https://127.0.0.1:6443"}}]
users: [{name: bot, user: {token: made-up}}]
contexts: [{name: bot, context: {cluster: here, user: bot}}]
"""
FILES = ("POLICY", "KUBECONFIG_PATH", "GRAFANA__TEMPLATE", "CONDUCTOR__CALLS")


def faults(**given: str) -> list[str]:
    settings = load(environ(**{**SYSTEMS, **given}))
    with pytest.raises(SettingsFault) as found:
        check_all(settings)
    return [line.removeprefix(PREFIX) for line in found.value.lines]


@pytest.mark.parametrize("wrong", ["missing", "a folder", "not text", "not what it should be"])
def test_files_that_cannot_be_used_are_all_named_at_once(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "file"
    match wrong:
        case "a folder":
            path.mkdir()
        case "not text":
            path.write_bytes(b"\xff\xfe")
        case "not what it should be":
            path.write_text("[")

    told = faults(**dict.fromkeys(FILES, str(path)))

    named = [line.partition(":")[0] for line in told]
    assert [name for name, file in zip(named, FILES, strict=True) if not file.startswith(name)] == []


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://bot:{CANARY}@db:port/name",
        f"postgresql://bot:{CANARY}@[::1/name",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_database_that_cannot_be_used_is_named_beside_the_rest(url: str) -> None:
    told = faults(DATABASE_URL=url, **dict.fromkeys(FILES, "/nowhere/file"))

    assert [line.partition(":")[0] for line in told] == ["DATABASE_URL", *FILES]
    assert CANARY not in "".join(told)


def test_without_a_kubeconfig_it_has_to_run_in_a_cluster() -> None:
    (told,) = faults(CONDUCTOR__CALLS=str(CALLS))

    assert told == (
        "KUBECONFIG_PATH is missing, and the bot runs in no cluster: Service host/port is not set."
    )


def test_a_kubeconfig_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(f"token: {CANARY}: [")

    told = faults(CONDUCTOR__CALLS=str(CALLS), KUBECONFIG_PATH=str(path))

    assert told == ["KUBECONFIG_PATH: it is no kubeconfig"]


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    given = {"CONDUCTOR__CALLS": CALLS, "KUBECONFIG_PATH": kubeconfig, "STATE": tmp_path / "state"}

    check_all(load(environ(**SYSTEMS, **{name: str(path) for name, path in given.items()})))

    assert not (tmp_path / "state").exists()  # nothing is opened


def test_a_start_leaves_out_what_a_bot_at_rest_does_not_need() -> None:
    """Each of them is 8 to 40 MB, and up to a second of the start."""
    heavy = ("kubernetes.client.models.", "kubernetes.client.api.", "boto3", "alembic")
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, bot.cli, bot.wiring; print([m for m in sys.modules if m.startswith({heavy})])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "[]\n"
