"""Journal files made quickly for tests that read them: the real schema, rows of one's own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from agent.journal.schema import IDENTITY_KEY, upgrade

JOURNAL_ID = "0badcafe"


def new_journal(folder: Path, name: str = "journal.db", journal: str = JOURNAL_ID) -> Path:
    """Make an empty journal file and return its path."""
    path = folder / name
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        upgrade(db)
        db.execute("INSERT INTO setting VALUES (?, ?)", (IDENTITY_KEY, journal))
    return path


def fill(
    path: Path,
    count: int,
    *,
    first: int = 1,
    kind: str = "reading",
    lane: str = "bulk",
    journal: str = JOURNAL_ID,
    body: str = '{"n": 1}',
    at_s: float = 1_795_000_000.0,
    quality: str = "synced",
    device: str | None = None,
) -> None:
    """Append `count` rows, one a second from `at_s`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        db.executemany(
            f"INSERT INTO journal VALUES ({','.join('?' * 14)})",
            (
                (journal, seq, lane, kind, None, device, body, None, at, at, "b", seq, quality, 0)
                for seq, at in ((n, at_s + n) for n in range(first, first + count))
            ),
        )
        db.execute("COMMIT")


def append(
    path: Path,
    kind: str,
    body: Mapping[str, Any],
    *,
    journal: str = JOURNAL_ID,
    lane: str = "bulk",
    device: str | None = None,
) -> int:
    """Append one row and return its seq."""
    with closing(sqlite3.connect(path)) as db:
        (last,) = db.execute(
            "SELECT coalesce(max(seq), 0) FROM journal WHERE journal_id = ?", (journal,)
        ).fetchone()
    text = json.dumps(body, ensure_ascii=False)
    at = int(last) + 1
    fill(path, 1, first=at, kind=kind, lane=lane, journal=journal, body=text, device=device)
    return at


def put(path: Path, table: str, key: str, body: str) -> None:
    """Set a key of a small table."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, body))


def delete(path: Path, where: str) -> None:
    """Remove rows behind the journal's back."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"DELETE FROM journal WHERE {where}")
