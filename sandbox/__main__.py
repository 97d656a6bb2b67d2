"""`python -m sandbox`: the bot and a simulated world on this machine."""

import os
import queue
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sandbox.api import Api
from sandbox.bot import BotFailed
from sandbox.folder import Folder, FolderTrouble
from sandbox.loopback import Loopback, PortInUse
from sandbox.narrator import Narrator
from sandbox.world import Options, Part, Transport, World

PORT = 8650
cli = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The bot and a simulated world, all on 127.0.0.1.",
)


@cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port of the page and the JSON API; 0 takes a free one.")] = PORT,
    state: Annotated[Path, typer.Option(help="Folder for databases and logs.")] = Path(".sandbox"),
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty that folder first.")] = False,
    without: Annotated[
        list[Part] | None, typer.Option(help="A part not to start; may be given more than once.")
    ] = None,
    transport: Annotated[Transport, typer.Option(help="How Slack reaches the bot.")] = Transport.SOCKET,
    set_: Annotated[
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
        settings=dict(_setting(one) for one in set_ or ()),
    )
    raise typer.Exit(_run(options, port, fresh=fresh))


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} is not NAME=VALUE")
    return name, value


def _run(options: Options, port: int, *, fresh: bool) -> int:
    """0 after Ctrl-C or SIGTERM, 1 if something did not start."""
    _stop_on_signals()
    console = Console(highlight=False)
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    world = World(options, told.put)
    page = Loopback(Api(world).app, "page")
    folder = Folder(options.state)
    try:
        url = page.reserve(port)
        folder.take(fresh=fresh)
        console.print("starting the simulators and the bot …", style="bright_black")
        world.start()
        page.start()
        console.print(f"sandbox ready: {url}", soft_wrap=True)
        narrator = Narrator(world, console, told)
        while True:
            narrator.turn()
    except KeyboardInterrupt:
        return 0
    except (PortInUse, FolderTrouble, BotFailed) as error:
        hint = "; choose another with --port" if isinstance(error, PortInUse) else ""
        typer.echo(f"cannot start the sandbox: {error}{hint}", err=True)
        return 1
    finally:
        page.stop()
        world.stop()
        folder.leave()


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
