"""Reads a journal file that another process writes. Read-only, in short read transactions.

Owns the questions that link, the command line and guard's own tail ask. Never writes, never waits
long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.core.errors import JournalError
from agent.core.row import JournalId, Lane
from agent.journal.row import StoredRow, unreadable
from agent.journal.schema import IDENTITY_KEY, Table

_COLUMNS = (
    "journal_id, seq, lane, kind, severity, device, body, observed_at, received_at, recorded_at, "
    "boot_id, mono_ms, time_quality, correction_ms"
)

_LANES = {str(lane): lane for lane in Lane}
_NUMBER = frozenset((int, float))
_TEXT = frozenset((str,))
_NONE = frozenset((type(None),))
_TYPES: tuple[frozenset[type], ...] = (
    *(_TEXT, frozenset((int,)), _TEXT, _TEXT, _TEXT | _NONE, _TEXT | _NONE, _TEXT | {bytes}),
    *(_NUMBER | _NONE, _NUMBER, _NUMBER, _TEXT, frozenset((int,)), _TEXT, frozenset((int,))),
)

MAX_SEQ = 2**63 - 1
"""SQLite's largest integer. Whatever sorts after it in a column of integers is a damaged byte that
made one into text."""

COUNTED_ROWS = 10_000
"""So many waiting rows are counted one by one."""


@lru_cache(maxsize=64)
def _is_sound(types: tuple[type, ...]) -> bool:
    """Return whether a row's columns have the types they were written with: SQLite does not notice
    a damaged byte that turns a number into text. A body of bytes is judged by its reader."""
    return all(found in wanted for found, wanted in zip(types, _TYPES, strict=True))


class JournalReader:
    """One read-only connection to one journal file. Not for use by several threads at once.

    Errors: JournalError from every method when the file is gone, locked for too long or corrupt.
    """

    def __init__(self, path: Path, db: sqlite3.Connection | None = None) -> None:
        """Open `path`, or take a connection to it that somebody else has opened."""
        self._path = path
        if db is not None:
            self._db = db
            return
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
        heard_from_s: float | None = None,
        heard_to_s: float | None = None,
    ) -> list[StoredRow]:
        """Return up to `limit` rows with seq > `after_seq`, oldest first; `kinds` are exact or a
        prefix ("alarm"), `heard_*_s` corrected wall times, both included."""
        where = ["journal_id = ?", "seq > ?"]
        values: list[str | int | float] = [journal_id, after_seq]
        if lane is not None:
            where.append("lane = ?")
            values.append(lane)
        if through_seq is not None:
            where.append("seq <= ?")
            values.append(through_seq)
        for sign, bound in ((">=", heard_from_s), ("<=", heard_to_s)):
            if bound is not None:
                where.append(f"received_at + correction_ms / 1000.0 {sign} ?")
                values.append(bound)
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

    def row(self, journal_id: JournalId, seq: int) -> StoredRow | None:
        """Return one row, None when there is none."""
        found = self._select("journal_id = ? AND seq = ?", [journal_id, seq])
        return found[0] if found else None

    def last_seq(self, journal_id: JournalId) -> int:
        """Return the last seq of a journal, 0 when it has no rows."""
        found = self.query(
            "SELECT coalesce(max(seq), 0) FROM journal WHERE journal_id = ? AND seq <= ?",
            [journal_id, MAX_SEQ],
        )
        return int(found[0][0])

    def count(self, journal_id: JournalId, through_seq: int) -> int:
        """Return how many rows of a journal there are up to `through_seq`."""
        found = self.query(
            "SELECT count(*) FROM journal WHERE journal_id = ? AND seq <= ?",
            [journal_id, through_seq],
        )
        return int(found[0][0])

    def first_seq(self, journal_id: JournalId) -> int:
        """Return the first seq that is still there, 0 when there is none."""
        found = self.query(
            "SELECT coalesce(min(seq), 0) FROM journal WHERE journal_id = ? AND seq <= ?",
            [journal_id, MAX_SEQ],
        )
        return int(found[0][0])

    def journals(self) -> list[JournalId]:
        """Return every journal that has rows here, in the order in which they were begun."""
        found: list[tuple[float, JournalId]] = []
        last = ""
        while True:  # One index probe each: `DISTINCT` would look at every row.
            (following,) = self.query(
                "SELECT min(journal_id) FROM journal WHERE journal_id > ?", [last]
            )
            if not isinstance(following[0], str):  # None, or bytes in a damaged file.
                return [journal_id for _, journal_id in sorted(found)]
            last = following[0]
            (first,) = self.query(
                "SELECT CAST(recorded_at AS REAL) FROM journal WHERE journal_id = ? "
                "ORDER BY seq LIMIT 1",
                [last],
            )
            found.append((first[0], JournalId(last)))

    def own_id(self) -> JournalId | None:
        """Return the identity under which the file is written, None when it has none yet."""
        found = self.query("SELECT body FROM setting WHERE key = ?", [IDENTITY_KEY])
        return JournalId(found[0][0]) if found else None

    def state(self, table: Table) -> dict[str, str]:
        """Return one of the small tables: key -> body."""
        return dict(self.query(f"SELECT key, body FROM {table}", []))

    def waiting(self, journal_id: JournalId, lane: Lane, after_seq: int) -> int:
        """Return how many rows of the lane come after `after_seq`.

        Exact up to COUNTED_ROWS. Of more bulk rows it is the length of the range without the urgent
        rows in it, which counts rows that were given up since: reading hundreds of megabytes off a
        card every few seconds would be a high price for the difference.
        """
        head = "SELECT count(*) FROM (SELECT 1 FROM journal WHERE journal_id = ? AND seq > ?"
        found = self.query(
            f"{head} AND lane = ? LIMIT ?)", [journal_id, after_seq, lane, COUNTED_ROWS + 1]
        )
        if found[0][0] <= COUNTED_ROWS:
            return int(found[0][0])
        urgent = self.query(f"{head} AND lane = 'urgent')", [journal_id, after_seq])[0][0]
        if lane is Lane.URGENT:
            return int(urgent)
        ends = [
            self.query(
                f"SELECT {end}(seq) FROM journal WHERE journal_id = ? AND seq > ?",
                [journal_id, after_seq],
            )[0][0]
            for end in ("min", "max")
        ]
        return int(ends[1] - ends[0] + 1 - urgent)

    def _select(self, clause: str, values: Sequence[str | int | float]) -> list[StoredRow]:
        found = self.query(f"SELECT {_COLUMNS} FROM journal WHERE {clause}", values)
        return [
            StoredRow(r[0], r[1], _LANES[r[2]], *r[3:])
            if _is_sound(tuple(map(type, r))) and r[2] in _LANES
            else unreadable(r[0], r[1], _LANES.get(r[2], Lane.BULK))
            for r in found
        ]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all questions inside see the file as it is now. Keep it short: meanwhile the WAL
        cannot be reused. Only on a connection of `places.connect`."""
        self.query("BEGIN")
        try:
            yield
        finally:
            if self._db.in_transaction:
                self.query("ROLLBACK")

    def query(
        self, sql: str, values: Sequence[str | int | float] | Mapping[str, str | int | float] = ()
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT, in one read transaction."""
        try:
            with closing(self._db.execute(sql, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"journal {self._path}: {error}") from error
