"""The command line: `workspace-bot serve` in production, the rest for the operator."""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from bot.config import logs
from bot.config.schema import Settings
from bot.config.settings import SettingsFault, aws_secrets, load
from bot.storage.database import Database
from bot.wiring import Bot, check_all
from provisioner.engine.run import Run
from provisioner.engine.stage import Goal
from provisioner.redaction import Redactor

app = typer.Typer(
    help="Builds AI workspaces from Slack, behind an approval button.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_BEGUN_WITHIN = 5.0
"""Seconds after the start in which everything is there that a bot at rest needs."""
_DOES = {Goal.PRESENT: "create", Goal.ABSENT: "delete"}

Json = Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")]
Project = Annotated[str | None, typer.Argument(help="One project; without it, all.")]


def main() -> None:
    app()


@app.command()
def serve() -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = _settings()
    bot = Bot(settings)
    stop = threading.Event()

    def told_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told_to_stop)
    signal.signal(signal.SIGINT, told_to_stop)
    bot.start()
    if not stop.wait(_BEGUN_WITHIN):
        # What is there by now stays. Looked through again and again, it would stop every thread for a tenth
        # of a second, and an acknowledgement with them.
        gc.collect()
        gc.freeze()
        stop.wait()
    bot.stop()


@app.command()
def check() -> None:
    """Say all that is wrong with the settings and the policy, or that they are right."""
    settings = _settings()
    typer.echo(f"settings and policy are right: {settings.platform.cluster} in {settings.platform.region}")


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; `serve` does so by itself."""
    _database().migrate()
    typer.echo("the database has the newest schema")


@app.command()
def status(project: Project = None, *, as_json: Json = False) -> None:
    """What is stored about workspaces, also while Slack is down."""
    with _database().reader() as unit:
        runs = [run for run in unit.runs.all_latest() if project in (None, run.asked.project)]
    if as_json:
        typer.echo(json.dumps([_plain(run) for run in runs], indent=2, ensure_ascii=False))
        return
    for run in runs:
        typer.echo(f"{run.asked.project}  {_DOES[run.goal]} {run.status.value}  {run.id}")
        for planned in run.plan.stages:
            progress = run.progress(planned.stage)
            reason = f": {progress.reason}" if progress.reason else ""
            typer.echo(f"  {planned.title}  {progress.status.value}{reason}")
    if not runs:
        typer.echo(f"nothing is known of {project}" if project else "there are no workspaces yet")


@app.command()
def audit(project: Annotated[str, typer.Argument(help="The project.")], *, as_json: Json = False) -> None:
    """Who asked, decided and did what, oldest first."""
    with _database().reader() as unit:
        entries = unit.audit.about(project)
    if as_json:
        rows = [
            {
                "at": entry.at.isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "target": entry.target,
                "request": entry.request_id,
                "data": dict(entry.data),
            }
            for entry in entries
        ]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for entry in entries:
        typer.echo(f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.actor}  {entry.action}  {entry.request_id}")
    if not entries:
        typer.echo(f"nothing is on record about {project}")


def _settings() -> Settings:
    """Exit with status 2 and every fault, by name, when something is wrong."""
    try:
        settings = load()
        check_all(settings)
    except SettingsFault as fault:
        _refuse("The settings are not right:", fault.lines)
    logs.configure(settings.log_level, Redactor((*settings.secrets(), *aws_secrets())))
    return settings


def _refuse(title: str, lines: tuple[str, ...]) -> NoReturn:
    typer.echo("\n".join([title, *(f"  {line}" for line in lines)]), err=True)
    sys.exit(2)


def _database() -> Database:
    return Database(_settings().database)


def _plain(run: Run) -> dict[str, Any]:
    return {
        "project": run.asked.project,
        "run": run.id,
        "goal": run.goal.value,
        "status": run.status.value,
        "attempt": run.attempt,
        "stages": {planned.stage: run.progress(planned.stage).to_json() for planned in run.plan.stages},
        "failure": run.failure.to_json() if run.failure else None,
    }
