"""What the settings name is looked at before anything starts: all that is wrong with it is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import provisioner
from bot.settings import PREFIX, SettingsFault, load
from bot.wiring import check_all
from tests.unit.bot.test_settings import CANARY, environ

SYSTEMS = {
    "GRAFANA__URL": "http://grafana",
    "GRAFANA__TOKEN": CANARY,
    "CONDUCTOR__URL": "http://aic",
    "CONDUCTOR__USER": "bot",
    "CONDUCTOR__PASSWORD": CANARY,
}
FILES = ("POLICY", "GRAFANA__TEMPLATE", "CONDUCTOR__CALLS")


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
    told = faults(DATABASE_URL=url, POLICY="/nowhere/policy.toml", CONDUCTOR__CALLS="/nowhere/calls.toml")

    assert [line.partition(":")[0] for line in told] == ["DATABASE_URL", "POLICY", "CONDUCTOR__CALLS"]
    assert CANARY not in "".join(told)


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    calls = Path(provisioner.__file__).with_name("conductor.toml")

    check_all(load(environ(**SYSTEMS, CONDUCTOR__CALLS=str(calls), STATE=str(tmp_path / "state"))))

    assert not (tmp_path / "state").exists()  # nothing is opened
