"""The program `anju`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from agent.cli import text
from agent.cli.frame import Group, common_options, option
from agent.core.text import Sentence

MEMBERS: dict[str, str] = {
    "guard": "agent.cli.run",
    "link": "agent.cli.run",
    "up": "agent.cli.run",
    "status": "agent.cli.status",
    "devices": "agent.cli.devices",
    "alarms": "agent.cli.alarms",
    "alarm": "agent.cli.alarms",
    "journal": "agent.cli.journal",
    "sync": "agent.cli.sync",
    "pair": "agent.cli.pair",
    "rules": "agent.cli.rules",
    "config": "agent.cli.config_check",
}
"""Command -> the module in which it is the function of the same name."""


class Program(Group):
    """The top of the tree."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a person meets them."""
        return list(MEMBERS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command."""
        if cmd_name not in MEMBERS:
            return None
        found = getattr(import_module(MEMBERS[cmd_name]), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def member_words(self, name: str) -> Sentence:
        """Return the help of a command without importing it."""
        return text.COMMANDS[name]


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version  # Reads the disk; only this option needs it.

        click.echo(f"anju-hub {version('anju-hub')}")
        ctx.exit()


@click.group("anju", cls=Program, words=text.PROGRAM, example="anju status\nanju pair --name door")
@option(
    "--version",
    is_flag=True,
    words=text.OPTION_VERSION,
    callback=_version,
    expose_value=False,
    is_eager=True,
)
@common_options
def anju() -> None:
    """Run one command."""
