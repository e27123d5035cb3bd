"""`anju guard`, `anju link`, `anju up`: the processes of the hub.

The configuration is checked first: a wrong one starts nothing. Each program is imported only when
it is asked for, so that guard never loads the network and link never loads a driver.
"""

from __future__ import annotations

import sys

import click

from agent.cli import text
from agent.cli.frame import Command, common_options
from agent.cli.session import config_path_of, load_or_fault


@click.command(
    "guard",
    cls=Command,
    words=text.COMMANDS["guard"],
    example="anju guard --config /etc/anju/anju.toml",
)
@common_options
@click.pass_context
def guard(ctx: click.Context) -> None:
    """Run guard until it is told to end."""
    path = config_path_of(ctx)
    load_or_fault(ctx, path)
    from agent.guard import main

    sys.exit(main(path))


@click.command(
    "link",
    cls=Command,
    words=text.COMMANDS["link"],
    example="anju link --config /etc/anju/anju.toml",
)
@common_options
@click.pass_context
def link(ctx: click.Context) -> None:
    """Run link until it is told to end."""
    path = config_path_of(ctx)
    load_or_fault(ctx, path)
    from sync.link import main

    sys.exit(main(path))


@click.command("up", cls=Command, words=text.COMMANDS["up"], example="anju up --config ./anju.toml")
@common_options
@click.pass_context
def up(ctx: click.Context) -> None:
    """Run both until told to end."""
    path = config_path_of(ctx)
    load_or_fault(ctx, path)
    from agent.up import main

    sys.exit(main(path))
