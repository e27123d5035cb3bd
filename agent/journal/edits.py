"""Changes to rows that are there already: the only ones that the journal knows.

Each is a function that runs in the writer thread, inside a transaction together with the row that
records it, and is bounded, so that an alarm never waits behind it for long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from agent.core.row import JournalId
from agent.journal.spans import Stretch, cover, drop_empty, uncover, widen

Edit = Callable[[sqlite3.Connection], None]

ROWS_AT_ONCE = 2_000
"""Rows one edit may touch: some 10 ms on a small board, well below the budget of a commit."""

SPANS_AT_ONCE = 4
"""Spans one edit may write: it reads some thousand rows for them."""


def corrections(
    journal_id: JournalId, boot_id: str, through_seq: int, delta_ms: int
) -> Iterator[Edit]:
    """Yield edits that add `delta_ms` to the correction of all rows of a boot up to `through_seq`
    whose wall time nobody vouched for, newest first."""
    for last in range(through_seq, 0, -ROWS_AT_ONCE):
        first = max(1, last - ROWS_AT_ONCE + 1)

        def correct(db: sqlite3.Connection, first: int = first, last: int = last) -> None:
            db.execute(
                "UPDATE journal SET correction_ms = correction_ms + ? WHERE journal_id = ? AND "
                "seq BETWEEN ? AND ? AND boot_id = ? AND time_quality <> 'synced'",
                (delta_ms, journal_id, first, last, boot_id),
            )
            widen(db, Stretch(journal_id, first, last), delta_ms / 1000)

        yield correct


def forget(journal_id: JournalId, seqs: Sequence[int]) -> Edit:
    """Return the edit that removes rows by their seqs, at most `ROWS_AT_ONCE`."""
    assert len(seqs) <= ROWS_AT_ONCE

    def remove(db: sqlite3.Connection) -> None:
        db.executemany(
            "DELETE FROM journal WHERE journal_id = ? AND seq = ?",
            [(journal_id, seq) for seq in seqs],
        )
        if seqs:
            drop_empty(db, Stretch(journal_id, min(seqs), max(seqs)))
        db.execute("PRAGMA incremental_vacuum(64)")

    return remove


def take_in(rows: Sequence[tuple[object, ...]]) -> Edit:
    """Return the edit that takes whole rows of another file in, under their own identity.

    Shape: each row has all columns of `journal` in their order. One whose identity is damaged is
           left out.
    """
    assert len(rows) <= ROWS_AT_ONCE
    seqs: dict[JournalId, list[int]] = {}
    sound = []
    for row in rows:
        journal_id, seq = row[:2]
        if isinstance(journal_id, str) and isinstance(seq, int):
            seqs.setdefault(JournalId(journal_id), []).append(seq)
            sound.append(row)

    def insert(db: sqlite3.Connection) -> None:
        marks = ",".join("?" * 14)
        db.executemany(f"INSERT OR IGNORE INTO journal VALUES ({marks})", sound)
        for journal_id, taken in seqs.items():
            uncover(db, Stretch(journal_id, min(taken), max(taken)))

    return insert


def covering(found: Sequence[Stretch]) -> Edit:
    """Return the edit that notes between which times the rows of each stretch were heard."""
    assert len(found) <= SPANS_AT_ONCE

    def write(db: sqlite3.Connection) -> None:
        for stretch in found:
            cover(db, stretch)

    return write
