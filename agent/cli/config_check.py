"""`anju config check FILE`: is this configuration right?"""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli import text
from agent.cli.frame import Command, Group, common_options, json_option, language_of
from agent.cli.session import echo_json, load_or_fault
from agent.config import Config


@click.group(
    "config", cls=Group, words=text.COMMANDS["config"], example="anju config check anju.toml"
)
def config() -> None:
    """Look at configuration files."""


@config.command(
    "check",
    cls=Command,
    words=text.SUBCOMMANDS["config check"],
    example="anju config check /etc/anju/anju.toml",
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@common_options
@click.pass_context
def check(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Check one file."""
    found = load_or_fault(ctx, file)
    if as_json:
        echo_json(found, line=False)
        return
    language = language_of(ctx)
    parts = ", ".join(_parts(found, language))
    click.echo(text.say(text.CONFIG_OK, language, path=file, hub=found.hub.id, parts=parts))


def _parts(found: Config, language: str) -> list[str]:
    zigbee = (
        text.say(text.CONFIG_ZIGBEE, language, port=found.zigbee.port)
        if found.zigbee
        else text.say(text.CONFIG_NO_ZIGBEE, language)
    )
    modem = (
        text.say(text.CONFIG_MODEM, language, port=found.modem.port)
        if found.modem
        else text.say(text.CONFIG_NO_MODEM, language)
    )
    uplink = (
        text.say(text.CONFIG_UPLINK, language, host=found.uplink.host, port=found.uplink.port)
        if found.uplink
        else text.say(text.CONFIG_NO_UPLINK, language)
    )
    return [zigbee, modem, uplink]
