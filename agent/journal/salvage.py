"""Takes what can still be read out of a damaged journal file.

Owns how far it goes around damage. Reads only: what to do with the rows is the caller's matter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from agent.core.row import JournalId
from agent.journal.schema import COLUMNS, Table, journal_ids

_PAGE_ROWS = 500
_FURTHEST_SKIP = 1 << 20
"""After this many seqs without a readable row the rest of a journal is given up."""

_LAST_SEQ = 2**63 - 1
"""What is above it in SQLite's order is no number at all."""

SavedRow = tuple[object, ...]


def saved_state(damaged: Path) -> dict[Table, dict[str, str]]:
    """Return what the small tables still say; what cannot be read is empty. Errors: none."""
    state: dict[Table, dict[str, str]] = {table: {} for table in Table}
    with suppress(sqlite3.Error), closing(_opened(damaged)) as db:
        for table in Table:
            with suppress(sqlite3.Error, ValueError, TypeError):
                state[table] = dict(db.execute(f"SELECT key, body FROM {table}").fetchall())
    return state


def saved_rows(damaged: Path) -> Iterator[list[SavedRow]]:
    """Yield rows with all columns, some hundreds at a time, leaving out what is damaged.

    Errors: none; a file that is no database yields nothing.
    """
    waiting: list[SavedRow] = []
    with suppress(sqlite3.Error), closing(_opened(damaged)) as db:
        for journal_id in _journal_ids(db):
            for page in _pages(db, journal_id):  # Around damage pages are small.
                waiting += page
                if len(waiting) >= _PAGE_ROWS:
                    yield waiting
                    waiting = []
    if waiting:
        yield waiting


def _opened(damaged: Path) -> sqlite3.Connection:
    """Open with its WAL if that is possible, else the file alone."""
    name = f"file:{quote(str(damaged))}"
    try:
        db = sqlite3.connect(f"{name}?mode=ro", uri=True, timeout=1.0, check_same_thread=False)
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db = sqlite3.connect(f"{name}?immutable=1", uri=True, check_same_thread=False)
    db.text_factory = lambda raw: raw.decode(errors="replace")
    return db


def _journal_ids(db: sqlite3.Connection) -> list[JournalId]:
    found: list[JournalId] = []
    with suppress(sqlite3.Error):
        for journal_id in journal_ids(db):
            found.append(journal_id)  # What came before the damage is kept.
    return found


def _pages(db: sqlite3.Connection, journal_id: JournalId) -> Iterator[list[SavedRow]]:
    after, limit, skip = 0, _PAGE_ROWS, 1
    while skip <= _FURTHEST_SKIP:
        try:
            page = db.execute(
                f"SELECT {COLUMNS} FROM journal WHERE journal_id = ? AND seq > ? AND seq <= ? "
                "ORDER BY seq LIMIT ?",
                (journal_id, after, _LAST_SEQ, limit),
            ).fetchall()
        except sqlite3.Error:
            # First make the page smaller, up to the damage; then step over it, ever further.
            if limit > 1:
                limit = max(1, limit // 8)
            else:
                after, skip = after + skip, skip * 2
            continue
        if not page:
            return
        yield page
        after, skip = int(page[-1][1]), 1
        limit = min(_PAGE_ROWS, limit * 2)
