"""`anju rules list` and `anju rules show`: the table, with the values that hold on this hub."""

from __future__ import annotations

from typing import Any

import click

from agent.cli import show as look
from agent.cli import text
from agent.cli.frame import Command, Fault, common_options, json_option
from agent.cli.rules_in_force import InForce, amount, in_force
from agent.cli.session import echo_json
from local_rules.catalog import ROWS
from local_rules.fault import known
from local_rules.ladders import LADDERS, ladder_of
from local_rules.row import Row
from local_rules.settle import Layer

_INPUTS = 8


@click.command(
    "list",
    cls=Command,
    words=text.SUBCOMMANDS["rules list"],
    example="anju rules list\nanju rules list --json",
)
@json_option
@common_options
@click.pass_context
def list_rules(ctx: click.Context, *, as_json: bool) -> None:
    """List the rules."""
    held = in_force(ctx)
    if as_json:
        echo_json({**_ground(held), "rules": [as_object(held, row) for row in ROWS]}, line=False)
        return
    click.echo(_ground_line(held))
    headings = (text.NUMBER, text.RULE, text.NAME, text.SEVERITY, text.RUNS, text.DIFFERS)
    look.table([held.say(heading) for heading in headings], [_line(held, row) for row in ROWS])


@click.command(
    "show",
    cls=Command,
    words=text.SUBCOMMANDS["rules show"],
    example="anju rules show inactivity",
)
@click.argument("rule", metavar="RULE")
@json_option
@common_options
@click.pass_context
def show(ctx: click.Context, rule: str, *, as_json: bool) -> None:
    """Show one rule."""
    held = in_force(ctx)
    row = next((row for row in ROWS if row.id == rule), None)
    if row is None:
        wanted = known([str(one.id) for one in ROWS], rule)
        raise Fault(held.say(text.FAULT_UNKNOWN_RULE, given=rule, wanted=wanted))
    if as_json:
        echo_json({**_ground(held), **as_object(held, row)}, line=False)
    else:
        look.page(for_people(held, row))


def as_object(held: InForce, row: Row) -> dict[str, Any]:
    """Return the row and the values that hold, for programs."""
    off = held.settled.off.get(row.id)
    return {
        "id": row.id,
        "number": row.number,
        "name": {"zh": row.name.zh, "en": row.name.en},
        "severity": _severity(held, row),
        "pattern": row.pattern.name,
        "inputs": [str(quantity) for quantity in row.inputs],
        "ladder": ladder_of(row),
        "on": off is None,
        "off_by": None if off is None else off.value,
        "parameters": {
            name: {
                "value": (chosen := held.settled.values[f"{row.id}.{name}"]).value,
                "unit": parameter.unit,
                "default": parameter.default,
                "low": parameter.low,
                "high": parameter.high,
                "source": parameter.source,
                "layer": chosen.layer.value,
                "by": chosen.by,
            }
            for name, parameter in row.parameters.items()
        },
    }


def for_people(held: InForce, row: Row) -> list[tuple[str, str]]:
    """Return the page of one rule."""
    language = held.language
    ladder = LADDERS[ladder_of(row)]
    off = held.settled.off.get(row.id)
    runs = text.YES_NO["true" if off is None else "false"].in_language(language)
    if off is not None:
        runs = f"{runs} ({text.word(text.LAYERS, off, language)})"
    inputs = [text.word(text.QUANTITIES, quantity, language) for quantity in row.inputs]
    hears = ", ".join(inputs) if len(inputs) <= _INPUTS else held.say(text.HEARS_ANYTHING)
    lines = [
        (held.say(text.RULE), f"{row.id} ({held.say(text.RULE_NUMBER, n=row.number)})"),
        (held.say(text.NAME), row.name.in_language(language)),
        (held.say(text.HAZARD), text.word(text.HAZARDS, row.hazard, language)),
        (held.say(text.SEVERITY), _severity(held, row)),
        (held.say(text.RUNS), runs),
        (held.say(text.LISTENS), hears),
        (held.say(text.PATTERN), row.pattern.name),
        (held.say(text.LADDER), f"{ladder_of(row)}: {ladder.in_language(language)}"),
        (held.say(text.CLEARS), row.clears.in_language(language)),
        (held.say(text.BLIND), row.blind.in_language(language)),
    ]
    if row.pitfalls is not None:
        lines.append((held.say(text.PITFALLS), row.pitfalls.in_language(language)))
    head = held.say(text.PARAMETERS)
    for name in row.parameters:
        lines.append((head, _parameter(held, row, name)))
        head = ""
    return [*lines, ("", _ground_line(held))]


def _parameter(held: InForce, row: Row, name: str) -> str:
    parameter, language = row.parameters[name], held.language
    chosen = held.settled.values[f"{row.id}.{name}"]
    span = f"{parameter.low:.10g}-{parameter.high:.10g} {parameter.unit}".rstrip()
    line = held.say(
        text.PARAMETER_LINE,
        name=name,
        value=amount(chosen.value, parameter.unit, language),
        span=span,
        source=parameter.source,
    )
    if chosen.layer is Layer.TABLE:
        return line
    by = text.word(text.LAYERS, chosen.layer, language)
    told = " ".join(filter(None, (by, chosen.by, chosen.source)))
    default = amount(parameter.default, parameter.unit, language)
    return f"{line}; {held.say(text.CHOSEN_BY, by=told, default=default)}"


def _line(held: InForce, row: Row) -> list[str]:
    language = held.language
    off = held.settled.off.get(row.id)
    runs = text.YES_NO["true" if off is None else "false"].in_language(language)
    differing = [
        f"{name} {amount(chosen.value, parameter.unit, language)}"
        f" [{chosen.by or text.word(text.LAYERS, chosen.layer, language)}]"
        for name, parameter in row.parameters.items()
        if (chosen := held.settled.values[f"{row.id}.{name}"]).layer is not Layer.TABLE
    ]
    name = row.name.in_language(language)
    if off is not None:
        differing.append(f"[{text.word(text.LAYERS, off, language)}]")
    severity = _severity(held, row)
    return [str(row.number), row.id, name, severity, runs, ", ".join(differing) or "-"]


def _severity(held: InForce, row: Row) -> str:
    return min(row.severity, held.settled.urgent.get(row.id, row.severity)).value


def _ground(held: InForce) -> dict[str, Any]:
    return {
        "ground": "table" if held.config is None else "hub",
        "version": held.version,
        "city": held.settled.city,
        "profiles": list(held.settled.profiles),
    }


def _ground_line(held: InForce) -> str:
    if held.config is None:
        return held.say(text.GROUND_TABLE)
    return held.say(
        text.GROUND_HUB,
        hub=held.config.hub.id,
        city=held.settled.city or "-",
        profiles=", ".join(held.settled.profiles) or "-",
        version=held.version,
    )
