"""`anju journal show`: one row, whole, and what its times are worth."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from agent.cli import show as look
from agent.cli import text
from agent.cli.frame import Command, Fault, UsageFault, common_options, json_option
from agent.cli.journal_files import Files, files_options
from agent.cli.session import echo_json
from agent.core.errors import JournalError
from agent.core.row import JournalId
from agent.journal.formats import body_text, fields
from agent.journal.places import Place, connect
from agent.journal.reader import JournalReader
from agent.journal.row import StoredRow, is_json_object
from agent.journal.schema import Table

_NAME = re.compile(r"(?:([0-9a-f]{8})-)?([0-9]{1,16})")


@click.command(
    "show",
    cls=Command,
    words=text.SUBCOMMANDS["journal show"],
    example="anju journal show 5d99e7b6-90104",
)
@click.argument("row", metavar="SEQ|JOURNAL-SEQ")
@json_option
@common_options
@files_options
def show(files: Files, *, row: str, as_json: bool) -> None:
    """Show one row."""
    parsed = _NAME.fullmatch(row)
    if parsed is None:
        raise UsageFault(files.say(text.FAULT_ROW_NAME, given=row))
    wanted, seq = parsed[1], int(parsed[2])
    try:
        journal_id = JournalId(wanted) if wanted else files.present_id()
        found = None if journal_id is None else _find(files, journal_id, seq)
    except JournalError as error:
        raise files.fault(error) from error
    if found is None:
        raise Fault(files.say(text.FAULT_NO_ROW, journal=journal_id or "-", seq=seq))
    stored, place, acked_seq = found
    if as_json:
        echo_json(_for_programs(stored, place, acked_seq), line=False)
    else:
        look.page(_for_people(files, stored, place, acked_seq))


def _find(files: Files, journal_id: JournalId, seq: int) -> tuple[StoredRow, Place, int] | None:
    """Return the row, where it lies, and through which seq its lane is acknowledged."""
    for place in files.places:
        reader = JournalReader(place.path, connect(place.path))
        try:
            row = reader.row(journal_id, seq)
            if row is not None:
                kept = reader.state(Table.CURSOR).get(f"{journal_id}/{row.lane}", "0")
                return row, place, int(kept) if kept.isdecimal() else 0
        finally:
            reader.close()
    return None


def _for_programs(row: StoredRow, place: Place, acked_seq: int) -> dict[str, Any]:
    said = body_text(row)
    body: Any = json.loads(said) if is_json_object(said) else None
    more = {} if body is not None else {"body_text": said}
    return {
        **fields(row),
        "body": body,
        **more,
        "file": str(place.path),
        "acknowledged": row.seq <= acked_seq,
    }


def _for_people(
    files: Files, row: StoredRow, place: Place, acked_seq: int
) -> list[tuple[str, str]]:
    say, language = files.say, files.language
    observed = text.say(text.NOT_SAID, language)
    if row.observed_at is not None:
        observed = look.moment(row.observed_at)
    said = body_text(row)
    if is_json_object(said):
        said = json.dumps(json.loads(said), ensure_ascii=False, indent=2)
    lane = text.word(text.LANES, row.lane, language)
    acked = say(text.ROW_ACKED if row.seq <= acked_seq else text.ROW_NOT_ACKED)
    lines = [
        (say(text.ROW), f"{row.journal_id}-{row.seq}"),
        (say(text.KIND), f"{text.word(text.ROW_KINDS, row.kind, language)} ({row.kind})"),
        (say(text.DEVICE), row.device or "-"),
        (say(text.SEVERITY), row.severity or "-"),
        (say(text.LANE), f"{lane}, {acked}"),
        (say(text.OBSERVED), observed),
        (say(text.HEARD), look.moment(row.heard_s)),
        (say(text.RECORDED), look.moment(row.recorded_at)),
        (say(text.CLOCK), _quality(files, row)),
        ("", _correction(files, row)),
        (say(text.BOOT), say(text.BOOT_LINE, ms=row.mono_ms, boot=row.boot_id)),
        (say(text.FILE), str(place.path)),
    ]
    head, *rest = said.splitlines() or [""]
    return [*lines, (say(text.BODY), head), *(("", line) for line in rest)]


def _quality(files: Files, row: StoredRow) -> str:
    return text.word(text.TIME_EXPLAINED, row.time_quality, files.language)


def _correction(files: Files, row: StoredRow) -> str:
    if not row.correction_ms:
        return files.say(text.NOT_CORRECTED)
    as_written = look.moment(row.received_at)
    return files.say(text.CORRECTED, delta=f"{row.correction_ms / 1000:+.1f}", written=as_written)
