"""Where in a journal a time is to be found: the earliest and the latest time of some rows each.

Rows are not in the order of their times: clocks are set. So a span says between which times all
rows from one seq to another were heard, and whoever looks for a time leaves the other spans out.
Rows that no span covers are looked at: a span that is missing costs time, and never a row. Spans
are written long after their rows, because an index on the time would cost every urgent commit a
third more bytes on the card.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from agent.core.errors import JournalError
from agent.core.row import JournalId
from agent.journal.schema import HEARD, journal_ids

SPAN_ROWS = 1_000
"""Some 200 kB to read for a time in it, forty bytes to keep for it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a journal from one seq to another, both included."""

    journal_id: JournalId
    first_seq: int
    last_seq: int


def uncovered(path: Path, limit: int) -> list[Stretch]:
    """Return up to `limit` stretches of `SPAN_ROWS` rows that no span covers yet, oldest first.

    Errors: JournalError when the file cannot be read.
    """
    found: list[Stretch] = []
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0)
        ) as db:
            for journal_id in journal_ids(db):
                for stretch in _uncovered(db, journal_id):
                    if len(found) == limit:
                        return found
                    found.append(stretch)
    except sqlite3.Error as error:
        raise JournalError(f"journal {path}: {error}") from error
    return found


def _uncovered(db: sqlite3.Connection, journal_id: JournalId) -> Iterator[Stretch]:
    after: int = db.execute(
        "SELECT coalesce(max(last_seq), 0) FROM span WHERE journal_id = ?", (journal_id,)
    ).fetchone()[0]
    while True:
        last = db.execute(
            "SELECT seq FROM journal WHERE journal_id = ? AND seq > ? ORDER BY seq "
            "LIMIT 1 OFFSET ?",
            (journal_id, after, SPAN_ROWS - 1),
        ).fetchone()
        if last is None:
            return
        yield Stretch(journal_id, after + 1, last[0])
        after = last[0]


def cover(db: sqlite3.Connection, stretch: Stretch) -> None:
    """Write the span of a stretch that has rows. Errors: sqlite3.Error."""
    db.execute(
        f"INSERT OR REPLACE INTO span SELECT ?1, ?2, ?3, min({HEARD}), max({HEARD}) FROM journal "
        "WHERE journal_id = ?1 AND seq BETWEEN ?2 AND ?3 HAVING count(*) > 0",
        (stretch.journal_id, stretch.first_seq, stretch.last_seq),
    )


def widen(db: sqlite3.Connection, stretch: Stretch, delta_s: float) -> None:
    """Let the spans of a stretch hold its rows before and after they are moved by `delta_s`."""
    db.execute(
        "UPDATE span SET earliest = earliest + min(?1, 0), latest = latest + max(?1, 0) WHERE "
        "journal_id = ?2 AND first_seq <= ?4 AND last_seq >= ?3",
        (delta_s, stretch.journal_id, stretch.first_seq, stretch.last_seq),
    )


def uncover(db: sqlite3.Connection, stretch: Stretch) -> None:
    """Forget the spans of a stretch, because rows come into it."""
    db.execute(
        "DELETE FROM span WHERE journal_id = ? AND first_seq <= ? AND last_seq >= ?",
        (stretch.journal_id, stretch.last_seq, stretch.first_seq),
    )


def drop_empty(db: sqlite3.Connection, stretch: Stretch) -> None:
    """Forget the spans of a stretch that have no row any more."""
    db.execute(
        "DELETE FROM span WHERE journal_id = ? AND first_seq <= ? AND last_seq >= ? AND NOT EXISTS "
        "(SELECT 1 FROM journal WHERE journal.journal_id = span.journal_id "
        "AND seq BETWEEN first_seq AND last_seq)",
        (stretch.journal_id, stretch.last_seq, stretch.first_seq),
    )


def stretches(
    db: sqlite3.Connection,
    journal_id: JournalId,
    after_seq: int,
    through_seq: int,
    from_s: float,
    to_s: float,
) -> Iterator[Stretch]:
    """Yield, in order, where rows after `after_seq` and up to `through_seq` may be that were heard
    from `from_s` to `to_s`. In a file of a version without spans that is everywhere.

    Units:  wall seconds UTC, corrected. Errors: sqlite3.Error.
    """
    first = after_seq + 1
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'span'").fetchone():
        yield Stretch(journal_id, first, through_seq)
        return
    for span_first, span_last in db.execute(
        "SELECT first_seq, last_seq FROM span WHERE journal_id = ? AND last_seq > ? "
        "AND first_seq <= ? AND (latest < ? OR earliest > ?) ORDER BY first_seq",
        (journal_id, after_seq, through_seq, from_s, to_s),
    ).fetchall():
        if first < span_first:
            yield Stretch(journal_id, first, span_first - 1)
        first = span_last + 1
    if first <= through_seq:
        yield Stretch(journal_id, first, through_seq)
