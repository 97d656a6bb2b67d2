"""The import contracts of pyproject.toml hold something: each is broken here once, and says so."""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINTER = Path(sys.executable).parent / "lint-imports"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


@dataclass(frozen=True, slots=True)
class Offence:
    """A line that some hurried hand might add to a module."""

    module: str
    line: str

    def commit(self, tree: Path) -> None:
        place = tree / self.module.replace(".", "/")
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        with path.open("a") as file:
            file.write(f"\n{self.line}\n")


OFFENCES: dict[str, tuple[Offence, ...]] = {
    "nothing knows the sandbox; bot on top; approvals and provisioner are strangers": (
        Offence("bot.model.card", "import sandbox"),
        Offence("approvals.errors", "import bot"),
        Offence("approvals.errors", "import provisioner.message"),
        Offence("provisioner.message", "import approvals.errors"),
    ),
    "the sandbox knows nothing of the product: the bot is a child process, given only settings": (
        Offence("sandbox.newcomer", "import bot.model.card"),
        Offence("sandbox.newcomer", "import provisioner.workspace"),
    ),
    "rooms of bot": (
        Offence("bot.model.card", "import bot.slack.cards"),
        Offence("bot.views.request", "import bot.requests.service"),
        Offence("bot.slack.context", "import bot.messages.sync"),
        Offence("bot.requests.service", "import bot.slack.context"),
        Offence("bot.storage.store", "import bot.runtime.runner"),
        Offence("bot.requests.service", "import bot.messages.sync"),
        Offence("bot.newcomer", ""),
    ),
    "rooms of provisioner": (
        Offence("provisioner.message", "import provisioner.vendor_call"),
        Offence("provisioner.engine.turn", "import provisioner.stages.newcomer"),
        Offence("provisioner.clients.aws", "import provisioner.stages"),
        Offence("provisioner.newcomer", ""),
    ),
    "inside approvals": (
        Offence("approvals.errors", "import approvals.model"),
        Offence("approvals.newcomer", ""),
    ),
    "inside provisioner.engine": (
        Offence("provisioner.engine.stage", "import provisioner.engine.run"),
        Offence("provisioner.engine.newcomer", ""),
    ),
    "stages are strangers to each other": (
        Offence("provisioner.stages.newcomer", "import provisioner.stages.other_newcomer"),
        Offence("provisioner.stages.bucket.stage", "import provisioner.stages.dex.stage"),
    ),
    "in a stage's room, what speaks to the vendor is known to nobody": (
        Offence("provisioner.stages.bucket.stage", "import provisioner.stages.bucket.client"),
        Offence("provisioner.stages.nodegroup.state", "import provisioner.clients.aws"),
    ),
    "the core has no vendor, no database, no process": (
        Offence("provisioner.workspace", "import sys, subprocess"),
        Offence("provisioner.stages.profile.stage", "import subprocess"),
        Offence("approvals.model", "import os"),
    ),
    "vendors are spoken to in clients only": (
        Offence("bot.requests.service", "import boto3"),
        Offence("provisioner.engine.store", "from kubernetes.client import ApiClient"),
        Offence("provisioner.stages.nodegroup.eksctl", "import httpx"),
    ),
    "Slack stays in bot.slack": (
        Offence("bot.model.notifier", "from slack_sdk import WebClient"),
        Offence("bot.requests.service", "import slack_bolt"),
    ),
    "SQL stays in the stores": (
        Offence("bot.requests.service", "import sqlalchemy"),
        Offence("bot.slack", "from sqlalchemy import text"),
    ),
    "bot.runtime.runner is the only door to the engine underneath": (
        Offence("bot.requests.service", "import dbos"),
    ),
}
CASES = [(name, offence) for name, offences in OFFENCES.items() for offence in offences]


def copy_of_the_packages(folder: Path) -> Path:
    for package in ("approvals", "provisioner", "bot", "sandbox"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "page")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("newcomer", "other_newcomer"):
        (folder / "provisioner" / "stages" / f"{name}.py").touch()
    return folder


def broken(tree: Path) -> list[str]:
    """Names of the contracts that import-linter says are broken in a tree."""
    done = subprocess.run(
        [LINTER, "--no-cache"],
        check=False,
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "300"},  # noqa: TID251  # else long names are wrapped
    )
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    found = [line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")]
    assert bool(found) == (done.returncode != 0), done.stdout
    return found


def test_every_contract_has_an_import_that_breaks_it() -> None:
    assert set(OFFENCES) == {contract["name"] for contract in CONTRACTS}


def test_the_contracts_hold(tmp_path: Path) -> None:
    assert broken(copy_of_the_packages(tmp_path)) == []


@pytest.mark.long  # the linter reads everything anew for each
@pytest.mark.parametrize(
    ("contract", "offence"),
    CASES,
    ids=[f"{offence.module}: {offence.line or 'is new'}" for _, offence in CASES],
)
def test_an_offending_import_breaks_its_contract_and_no_other(
    contract: str, offence: Offence, tmp_path: Path
) -> None:
    tree = copy_of_the_packages(tmp_path)

    offence.commit(tree)

    assert broken(tree) == [contract]
