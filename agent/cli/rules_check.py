"""`anju rules check FILE`: is this rule file right, what would it change, and may it hold now?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import click

from agent import rule_files
from agent.cli import text
from agent.cli.frame import Command, Fault, common_options, json_option
from agent.cli.rules_in_force import InForce, amount, fault_of, in_force, journal_state
from agent.cli.session import echo_json
from agent.core.alarm import Alarm
from agent.core.errors import ConfigError, JournalError
from agent.core.text import Sentence
from agent.journal.schema import Table
from agent.response.record import alarm_from_body
from local_rules import snapshot
from local_rules.catalog import ROWS, book
from local_rules.change import forgotten
from local_rules.rule import RuleBook
from local_rules.settle import Layer, Settled, settle


@click.command(
    "check",
    cls=Command,
    words=text.SUBCOMMANDS["rules check"],
    example="anju rules check home.toml",
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@common_options
@click.pass_context
def check(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Check one file."""
    held = in_force(ctx)
    try:
        wish = rule_files.load(file)
    except ConfigError as error:
        raise fault_of(error, held.language) from error
    settled = settle(wish)
    busy = _busy(held, settled.book())
    if busy is not None:
        raise Fault(held.say(text.RULES_BUSY, path=file, what=busy.in_language(held.language)))
    if as_json:
        echo_json(
            {
                "version": wish.version,
                "city": settled.city,
                "profiles": list(settled.profiles),
                "off": {rule: layer.value for rule, layer in settled.off.items()},
                "values": {key: settled.values[key].value for key in _differing(settled)},
            },
            line=False,
        )
        return
    click.echo(
        held.say(
            text.RULES_OK,
            path=file,
            version=wish.version or "-",
            city=settled.city or "-",
            profiles=", ".join(settled.profiles) or "-",
            off=", ".join(settled.off) or "-",
        )
    )
    for line in _changes(held, settled):
        click.echo(f"  {line}")


def _differing(settled: Settled) -> list[str]:
    return [key for key, chosen in settled.values.items() if chosen.layer is not Layer.TABLE]


def _changes(held: InForce, settled: Settled) -> list[str]:
    """Return a line for each value that differs from the table."""
    parameters = {
        f"{row.id}.{name}": parameter for row in ROWS for name, parameter in row.parameters.items()
    }
    return [
        held.say(
            text.RULES_VALUE,
            key=key,
            value=amount(settled.values[key].value, parameters[key].unit, held.language),
            default=amount(parameters[key].default, parameters[key].unit, held.language),
            by=settled.values[key].by or text.word(text.LAYERS, Layer.SITE, held.language),
        )
        for key in _differing(settled)
    ]


def _busy(held: InForce, after: RuleBook) -> Sentence | None:
    """Return what a rule of this hub is in the middle of and would forget, if anything."""
    if held.config is None:
        return None
    kept = journal_state(held.config, Table.RULE_STATE, held.language).items()
    restored = snapshot.restore(((*key.partition("/")[::2], body) for key, body in kept), book())
    alarms = _alarms(journal_state(held.config, Table.ALARM, held.language))
    return forgotten(restored.state, alarms, held.book(), after)


def _alarms(kept: Mapping[str, str]) -> list[Alarm]:
    """Return the alarms that can be read; `anju journal verify` tells of the others."""
    found = []
    for body in kept.values():
        with suppress(ValueError, JournalError):
            found.append(alarm_from_body(json.loads(body)))
    return [alarm for alarm in found if alarm.is_open]
