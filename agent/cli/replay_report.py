"""What a replay found, as a page for a person and as JSON for a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from agent.cli import show as look
from agent.cli import text
from agent.core.room import room_kind
from agent.core.text import Sentence
from agent.replay.map_file import HomeMap
from agent.replay.outcome import Difference, Outcome, Told, as_json, difference, iso, per_30_days
from agent.replay.trace import Read
from local_rules.settle import Settled

SHOWN = 200
"""Alarms in the table for people; programs get them all."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay. `against`: the alarms to compare with, None when nothing was asked.
    `took_s` is how long it took by this machine's clock."""

    read: Read
    outcome: Outcome
    days: float
    took_s: float
    settled: Settled
    against: list[Told] | None


def for_programs(found: Replayed, home: HomeMap) -> dict[str, Any]:
    """Return everything. The same trace and rules give the same text."""
    read, alarms = found.read, found.outcome.alarms
    body: dict[str, Any] = {
        "days": round(found.days, 3),
        "first": None if read.first_s is None else iso(read.first_s),
        "last": None if read.last_s is None else iso(read.last_s),
        "lines": read.lines,
        "readings": read.readings,
        "bad_lines": read.bad,
        "bad": [{"line": line, "says": says} for line, says in read.faults],
        "unmapped": dict(sorted(read.unmapped.items())),
        "thinned": read.thinned,
        "residents": home.residents,
        "rooms": {
            room: room_kind(room).value
            for room in sorted({sensor.room for sensor in home.sensors.values()})
        },
        "city": found.settled.city,
        "profiles": list(found.settled.profiles),
        "off": list(found.settled.off),
        "alarms": [as_json(told) for told in alarms],
        "called_off": found.outcome.called_off,
        "per_30_days": per_30_days(alarms, found.days),
    }
    if found.against is not None:
        made = difference(alarms, found.against)
        body["against"] = {
            "same": made.same,
            "only_here": [as_json(told) for told in made.only_first],
            "only_there": [as_json(told) for told in made.only_second],
            "moved": [
                {"here": as_json(here), "there": as_json(there)} for here, there in made.moved
            ],
        }
    return body


def for_people(found: Replayed, home: HomeMap, language: str) -> None:
    """Print the page."""

    def say(sentence: Sentence, **values: object) -> None:
        click.echo(text.say(sentence, language, **values))

    read, alarms = found.read, found.outcome.alarms
    say(
        text.REPLAYED,
        readings=read.readings,
        days=f"{found.days:.1f}",
        took=f"{found.took_s:.1f}",
        rate=round(found.days / max(found.took_s, 0.001) * 60),
    )
    if read.bad:
        first = "; ".join(f"{line}: {says}" for line, says in read.faults[:3])
        say(text.REPLAY_BAD, count=read.bad, first=first)
    if read.unmapped:
        say(text.REPLAY_UNMAPPED, devices=", ".join(sorted(read.unmapped)[:20]))
    if read.thinned:
        say(text.REPLAY_THINNED, count=read.thinned)
    if alarms:
        _alarms(alarms[:SHOWN], language)
        if len(alarms) > SHOWN:
            say(text.REPLAY_MORE, count=len(alarms) - SHOWN)
        _rates(alarms, found.days, language)
    else:
        say(text.REPLAY_NO_ALARMS)
    if found.outcome.called_off:
        say(text.REPLAY_CALLED_OFF, count=found.outcome.called_off)
    if found.against is not None:
        _difference(difference(alarms, found.against), language)


def _alarms(alarms: list[Told], language: str) -> None:
    headings = (text.WHEN, text.SEVERITY, text.RULE, text.WHY)
    look.table(
        [text.say(heading, language) for heading in headings],
        [
            [
                iso(told.at_s),
                f"{told.severity} -> {told.graver}" if told.graver else told.severity,
                told.rule,
                _why(told, language),
            ]
            for told in alarms
        ],
    )


def _why(told: Told, language: str) -> str:
    why = told.why.in_language(language)
    return why if told.count == 1 else text.say(text.TIMES, language, state=why, count=told.count)


def _rates(alarms: list[Told], days: float, language: str) -> None:
    rates = per_30_days(alarms, days)
    real = [told for told in alarms if not told.drill]
    lines = [
        [key, str(sum(key in (told.severity, told.rule) for told in real)), f"{rate:g}"]
        for what in ("severity", "rule")
        for key, rate in rates[what].items()
    ]
    headings = (text.RULE, text.COUNT, text.PER_30_DAYS)
    look.table([text.say(heading, language) for heading in headings], lines)


def _difference(made: Difference, language: str) -> None:
    click.echo(
        text.say(
            text.REPLAY_DIFFERENCE,
            language,
            same=made.same,
            here=len(made.only_first),
            there=len(made.only_second),
            moved=len(made.moved),
        )
    )
    lines = [("+", told) for told in made.only_first]
    lines += [("-", told) for told in made.only_second]
    lines += [pair for here, there in made.moved for pair in ((">", here), ("<", there))]
    for sign, told in lines[:SHOWN]:
        why = told.why.in_language(language)
        click.echo(f"{sign} {iso(told.at_s)} {told.severity} {told.rule} {told.subject} {why}")
