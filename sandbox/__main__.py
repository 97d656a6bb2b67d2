"""`python -m sandbox`: the bot and a simulated world on this machine."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sandbox.aws import DidNotStart
from sandbox.bot import BotFailed
from sandbox.control.api import Api
from sandbox.control.client import Client
from sandbox.demo.narrator import Narrator
from sandbox.demo.stories import STORIES
from sandbox.demo.story import NotAsExpected, Outcome
from sandbox.folder import Folder, FolderTrouble
from sandbox.serving.loopback import Loopback, PortInUse
from sandbox.world import Options, Part, Transport, World

PORT = 8650
_DEMO_BOOT = timedelta(seconds=3)  # of a node group; a story takes under a minute
cli = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The bot and a simulated world, all on 127.0.0.1.",
)


@cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(help="Port of the JSON API; 0 takes a free one.")] = PORT,
    state: Annotated[Path, typer.Option(help="Folder for databases and logs.")] = Path(".sandbox"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty that folder first.")] = False,
    without: Annotated[
        list[Part] | None, typer.Option(help="A part not to start; may be given more than once.")
    ] = None,
    transport: Annotated[Transport, typer.Option(help="How Slack reaches the bot.")] = Transport.SOCKET,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the bot, without its prefix."),
    ] = None,
) -> None:
    """Start everything and tell what happens until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    options = Options(
        state=state.resolve(),
        without=frozenset(without or ()),
        transport=transport,
        settings=dict(_setting(one) for one in settings or ()),
    )
    console = Console(highlight=False)
    console.print("starting the simulators and the bot …", style="bright_black")

    def narrate(world: World, url: str) -> None:
        console.print(f"sandbox ready: {url}", soft_wrap=True)
        narrator = Narrator(world, console)
        while True:
            narrator.turn()

    raise typer.Exit(_run(options, port, narrate, fresh=fresh))


@cli.command()
def demo(
    *,
    story: Annotated[str, typer.Option(help=f"One of: {', '.join(STORIES)}.")] = "whole",
    as_json: Annotated[bool, typer.Option("--json", help="The last line is a JSON object.")] = False,
    port: Annotated[int, typer.Option(help="Port of the JSON API; 0 takes a free one.")] = 0,
    state: Annotated[Path | None, typer.Option(help="Folder to keep; without it a temporary one.")] = None,
) -> None:
    """Play one story in the terminal; exit 0 only if all was seen right."""
    if story not in STORIES:
        raise typer.BadParameter(f"there is no story {story}; there is {', '.join(STORIES)}")
    began = time.monotonic()
    console = Console(highlight=False)
    outcome = Outcome(story=story, ok=False, seconds=0.0, stages=0, messages=0)

    def play(_: World, url: str) -> None:
        nonlocal outcome
        client = Client(url)
        try:
            outcome = STORIES[story](client, console).play()
        finally:
            client.close()

    with tempfile.TemporaryDirectory(prefix="sandbox-") as scratch:
        options = Options(state=(state or Path(scratch)).resolve(), boot=_DEMO_BOOT)
        code = _run(options, port, play, fresh=True)
    outcome = replace(outcome, seconds=round(time.monotonic() - began, 1))
    if outcome.ok:
        console.print(f"the story {story} went as it should, in {outcome.seconds} s", style="bold green")
    if as_json:
        typer.echo(json.dumps(outcome.as_json()))
    raise typer.Exit(code if outcome.ok else max(code, 1))


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} is not NAME=VALUE")
    return name, value


def _run(options: Options, port: int, use: Callable[[World, str], None], *, fresh: bool) -> int:
    """Start all, use it, stop all. 0 when done or told to stop, 1 if something did not start or go right."""
    _stop_on_signals()
    world = World(options)
    api = Api(world)
    page = Loopback(api.app, "page")
    folder = Folder(options.state)
    try:
        url = page.reserve(port)
        folder.take(fresh=fresh)
        world.start()
        page.start()
        use(world, url)
    except KeyboardInterrupt:
        return 0
    except PortInUse as error:
        return _failed(f"cannot start the sandbox: {error}; choose another with --port")
    except (FolderTrouble, BotFailed, DidNotStart) as error:
        return _failed(f"cannot start the sandbox: {error}")
    except NotAsExpected as error:
        return _failed(f"the story went wrong\n{error}")
    finally:
        api.close()
        page.stop()
        world.stop()
        folder.leave()
    return 0


def _failed(text: str) -> int:
    typer.echo(text, err=True)
    return 1


def _stop_on_signals() -> None:
    """The first Ctrl-C or SIGTERM stops in order; the second at once, the leash then takes the children."""

    def at_once(*_: object) -> None:
        os._exit(130)

    def in_order(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, at_once)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, in_order)


if __name__ == "__main__":
    cli()
