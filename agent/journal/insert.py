"""Writes rows into the table, many with few calls."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from agent.core.row import JournalId, Row

_INSERT = (
    "INSERT INTO journal (journal_id, seq, lane, kind, severity, device, body, observed_at, "
    "received_at, recorded_at, boot_id, mono_ms, time_quality) VALUES "
)
_MARKS = "(?,?,?,?,?,?,?,?,?,?,?,?,?)"
_ROWS_A_STATEMENT = (100, 10, 1)
"""Each call into SQLite lends the interpreter to the event loop, which when busy does not give it
back at once. So many rows go in with few calls, each of one of these lengths."""

_INSERTS = {count: _INSERT + ",".join([_MARKS] * count) for count in _ROWS_A_STATEMENT}


def insert(
    db: sqlite3.Connection,
    journal_id: JournalId,
    recorded_s: float,
    rows: Sequence[tuple[int, Row]],
) -> None:
    """Write rows with their seqs, recorded at `recorded_s`. Errors: sqlite3.Error."""
    first = 0
    for count in _ROWS_A_STATEMENT:
        while len(rows) - first >= count:
            values: list[object] = []
            for seq, row in rows[first : first + count]:
                values += _values(journal_id, seq, row, recorded_s)
            db.execute(_INSERTS[count], values)
            first += count


def _values(journal_id: JournalId, seq: int, row: Row, recorded_s: float) -> tuple[object, ...]:
    """Return a row's columns. What is an enum is made a plain str: SQLite's binding asks a registry
    of converters about everything else."""
    stamp = row.stamp
    return (
        journal_id,
        seq,
        str(row.lane),
        str(row.kind),
        row.severity and str(row.severity),
        row.device,
        _text(row.body),
        row.observed_at_s,
        stamp.wall_s,
        recorded_s,
        stamp.boot_id,
        stamp.mono_ms,
        str(stamp.quality),
    )


def _text(body: Mapping[str, Any]) -> str:
    """Return the JSON of a body: by the library that is five times as quick, where it can."""
    try:
        return to_json(body).decode()
    except ValueError:
        return storable(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def storable(text: str) -> str:
    """Return `text` without halves of surrogate pairs: SQLite takes none, and one must not end the
    thread."""
    return text.encode(errors="replace").decode()
