"""`anju rules explain ALARM`: why it was raised, by what evidence, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from agent.cli import show as look
from agent.cli import text
from agent.cli.alarms import choose
from agent.cli.frame import Command, Fault, common_options, json_option
from agent.cli.journal_files import Files, files_options
from agent.cli.session import echo_json
from agent.core.errors import JournalError
from agent.core.row import Kind
from agent.journal.export import Wanted, pages
from agent.journal.row import StoredRow, is_json_object
from local_rules.catalog import ROWS
from local_rules.ladders import LADDERS, ladder_of
from local_rules.row import Row
from local_rules.rule import SubjectBy

AROUND_S = 30 * 60.0
"""How far before and after an alarm its evidence is shown."""

EVIDENCE_ROWS = 200
"""Readings that are shown, the nearest to the alarm; the journal has the others."""

_ABOUT_ONE = (SubjectBy.DEVICE, SubjectBy.QUANTITY, SubjectBy.CHANNEL)


@dataclass(frozen=True, slots=True)
class Explained:
    """One alarm: the row that began it, the rule's row today (None: there is none any more), the
    evidence, how many readings more there are, and what came of it."""

    raised: StoredRow
    body: dict[str, Any]
    row: Row | None
    evidence: tuple[StoredRow, ...]
    left_out: int
    timeline: tuple[StoredRow, ...]


@click.command(
    "explain",
    cls=Command,
    words=text.SUBCOMMANDS["rules explain"],
    example="anju rules explain last\nanju rules explain 5d99e7b6-90104 --json",
)
@click.argument("alarm", metavar="ALARM")
@json_option
@common_options
@files_options
def explain(files: Files, alarm: str, *, as_json: bool) -> None:
    """Explain one alarm."""
    try:
        raised: dict[str, StoredRow] = {}
        for row in _rows(files, Wanted(kinds=("alarm",))):
            raised.setdefault(str(_said(row).get("id", "")), row)  # The first tells how it began.
        if not raised:
            raise Fault(files.say(text.FAULT_NO_ALARM_EVER))
        chosen = choose(files.say, list(raised)[::-1], alarm)
        found = _explained(files, chosen, raised[chosen])
    except JournalError as error:
        raise files.fault(error) from error
    if as_json:
        echo_json(_for_programs(found), line=False)
        return
    look.page(_page(files, found))
    _tables(files, found)


def _explained(files: Files, alarm: str, raised: StoredRow) -> Explained:
    body = _said(raised)
    row = next((row for row in ROWS if row.id == body.get("rule")), None)
    wanted = Wanted(
        kinds=(Kind.READING,), from_s=raised.heard_s - AROUND_S, to_s=raised.heard_s + AROUND_S
    )
    near = [one for one in _rows(files, wanted) if _is_evidence(one, body, row)]
    nearest = sorted(near, key=lambda one: abs(one.heard_s - raised.heard_s))[:EVIDENCE_ROWS]
    return Explained(
        raised,
        body,
        row,
        tuple(sorted(nearest, key=lambda one: (one.heard_s, one.seq))),
        len(near) - len(nearest),
        tuple(_timeline(files, alarm, raised)),
    )


def _is_evidence(reading: StoredRow, alarm: dict[str, Any], row: Row | None) -> bool:
    """Return whether the rule listened to the reading: what it hears, of the device that the alarm
    is about, or of all where the rule is about a room or the home."""
    if row is None or row.subject_by in _ABOUT_ONE:
        device = (alarm.get("why") or {}).get("device")
        if reading.device != device:
            return False
    return row is None or _said(reading).get("quantity") in list(row.inputs)


def _timeline(files: Files, alarm: str, raised: StoredRow) -> Iterator[StoredRow]:
    kinds = ("alarm", Kind.COMMAND, "actuation", Kind.EVIDENCE_ADDED)
    for row in _rows(files, Wanted(kinds=kinds, from_s=raised.heard_s)):
        # A body that does not even hold the id is not worth parsing: there may be years of them.
        if alarm in row.body and _is_about(_said(row), alarm):
            yield row


def _is_about(body: dict[str, Any], alarm: str) -> bool:
    """Return whether a row is about the alarm: its own, an answer to it, an order or what became of
    one, which has the order's key alone."""
    key = str(body.get("key", ""))
    return alarm in (body.get("id"), body.get("alarm")) or key.startswith(f"{alarm}/")


def _rows(files: Files, wanted: Wanted) -> Iterator[StoredRow]:
    for place in files.places:
        for page in pages(place, wanted):
            yield from page.rows


def _said(row: StoredRow) -> dict[str, Any]:
    """Return the body of a row, empty when it is damaged."""
    if not is_json_object(row.body):
        return {}
    found: dict[str, Any] = json.loads(row.body)
    return found


def _for_programs(found: Explained) -> dict[str, Any]:
    row = found.row
    return {
        "alarm": found.body,
        "rule": None
        if row is None
        else {
            "id": row.id,
            "number": row.number,
            "name": {"zh": row.name.zh, "en": row.name.en},
            "clears": {"zh": row.clears.zh, "en": row.clears.en},
            "blind": {"zh": row.blind.zh, "en": row.blind.en},
            "ladder": ladder_of(row),
        },
        "evidence": [_plain(one) for one in found.evidence],
        "evidence_left_out": found.left_out,
        "timeline": [_plain(one) for one in found.timeline],
    }


def _plain(row: StoredRow) -> dict[str, Any]:
    return {
        "row": f"{row.journal_id}-{row.seq}",
        "at_s": row.heard_s,
        "kind": row.kind,
        "device": row.device,
        "body": _said(row),
    }


def _page(files: Files, found: Explained) -> list[tuple[str, str]]:
    language, body = files.language, found.body
    why = body.get("why") or {}
    lines = [
        (files.say(text.ID), str(body.get("id", ""))),
        (files.say(text.WHEN), look.moment(found.raised.heard_s)),
        (files.say(text.SEVERITY), str(body.get("severity", ""))),
        (files.say(text.WHY), str(why.get("zh" if language == "zh" else "en", ""))),
        (files.say(text.LIMIT), str(why.get("limit", "")) or "-"),
    ]
    row = found.row
    if row is None:
        return [*lines, (files.say(text.RULE), files.say(text.RULE_GONE, rule=body.get("rule")))]
    ladder = ladder_of(row)
    return [
        *lines,
        (files.say(text.RULE), f"{row.id} ({files.say(text.RULE_NUMBER, n=row.number)})"),
        (files.say(text.NAME), row.name.in_language(language)),
        (files.say(text.LADDER), f"{ladder}: {LADDERS[ladder].in_language(language)}"),
        (files.say(text.CLEARS), row.clears.in_language(language)),
        (files.say(text.BLIND), row.blind.in_language(language)),
    ]


def _tables(files: Files, found: Explained) -> None:
    language = files.language
    click.echo(f"\n{files.say(text.EVIDENCE_HEADING, minutes=round(AROUND_S / 60))}")
    look.table(
        [files.say(heading) for heading in (text.AT, text.DEVICE, text.READINGS, text.ROW)],
        [_evidence_line(one, language) for one in found.evidence],
    )
    if found.left_out:
        click.echo(files.say(text.EVIDENCE_MORE, count=found.left_out))
    click.echo(f"\n{files.say(text.TIMELINE_HEADING)}")
    look.table(
        [files.say(heading) for heading in (text.AT, text.KIND, text.STATE, text.DEVICE)],
        [_timeline_line(files, one) for one in found.timeline],
    )


def _evidence_line(row: StoredRow, language: str) -> list[str]:
    body = _said(row)
    quantity, channel = str(body.get("quantity", "")), body.get("channel", "")
    key = f"{quantity}/{channel}" if channel else quantity
    said = look.readings({key: body.get("value", "")}, language)
    return [look.moment(row.heard_s), row.device or "-", said, f"{row.journal_id}-{row.seq}"]


def _timeline_line(files: Files, row: StoredRow) -> list[str]:
    language, body = files.language, _said(row)
    kind = text.word(text.ROW_KINDS, row.kind, language)
    told = [
        text.word(text.STATES, str(body["state"]), language) if "state" in body else "",
        text.word(text.ACTUATIONS, str(body["actuation"]), language) if "actuation" in body else "",
        str(body.get("by", "")),
        str(body.get("cause", "")),
        str(body.get("note", "")),
    ]
    about = ", ".join(filter(None, told)) or "-"
    return [look.moment(row.heard_s), kind, about, row.device or "-"]
