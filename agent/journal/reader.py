"""Reads a journal file that another process writes. Read-only, in short read transactions.

Owns the questions that link, the command line and guard's own tail ask. Never writes, never waits
long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.core.errors import JournalError
from agent.core.row import JournalId, Lane
from agent.journal.row import StoredRow

_COLUMNS = (
    "journal_id, seq, lane, kind, severity, device, body, observed_at, received_at, recorded_at, "
    "boot_id, mono_ms, time_quality, correction_ms"
)


class JournalReader:
    """One read-only connection to one journal file. Not for use by several threads at once.

    Errors: JournalError from every method when the file is gone, locked for too long or corrupt.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise JournalError(f"journal {path}: {error}") from error

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def rows(
        self,
        journal_id: JournalId,
        *,
        after_seq: int,
        limit: int,
        lane: Lane | None = None,
        kinds: Sequence[str] = (),
        through_seq: int | None = None,
    ) -> list[StoredRow]:
        """Return up to `limit` rows with seq > `after_seq`, oldest first; `kinds` are exact or a
        prefix ("alarm")."""
        where = ["journal_id = ?", "seq > ?"]
        values: list[str | int] = [journal_id, after_seq]
        if lane is not None:
            where.append("lane = ?")
            values.append(lane)
        if through_seq is not None:
            where.append("seq <= ?")
            values.append(through_seq)
        if kinds:
            where.append("(" + " OR ".join(["kind = ? OR kind LIKE ? || '.%'"] * len(kinds)) + ")")
            values.extend(text for kind in kinds for text in (kind, kind))
        return self._select(f"{' AND '.join(where)} ORDER BY seq LIMIT ?", [*values, limit])

    def tail(self, journal_id: JournalId, limit: int, kinds: Sequence[str] = ()) -> list[StoredRow]:
        """Return the last `limit` rows, oldest first."""
        where, values = "journal_id = ?", [journal_id]
        if kinds:
            where += " AND (" + " OR ".join(["kind = ? OR kind LIKE ? || '.%'"] * len(kinds)) + ")"
            values.extend(JournalId(text) for kind in kinds for text in (kind, kind))
        rows = self._select(f"{where} ORDER BY seq DESC LIMIT ?", [*values, limit])
        return rows[::-1]

    def waiting(self, journal_id: JournalId, lane: Lane, after_seq: int) -> int:
        """Return how many rows of the lane come after `after_seq`."""
        found = self._query(
            "SELECT count(*) FROM journal WHERE journal_id = ? AND lane = ? AND seq > ?",
            [journal_id, lane, after_seq],
        )
        return int(found[0][0])

    def _select(self, clause: str, values: Sequence[str | int]) -> list[StoredRow]:
        found = self._query(f"SELECT {_COLUMNS} FROM journal WHERE {clause}", values)
        return [StoredRow(JournalId(r[0]), r[1], Lane(r[2]), *r[3:]) for r in found]

    def _query(self, sql: str, values: Sequence[str | int]) -> list[tuple[Any, ...]]:
        try:
            with closing(self._db.execute(sql, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"journal {self._path}: {error}") from error
