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
from agent.journal.schema import COLUMNS, HEARD, IDENTITY_KEY, Table
from agent.journal.spans import stretches

_EVER_S = 1e300

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


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _is_bad_text(error: JournalError) -> bool:
    """Return whether a read failed because one row has text that is not UTF-8, for which SQLite
    fails the whole read."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and "decode to UTF-8" in str(cause)


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
        of_kinds, texts = _of_kinds(kinds)
        clause = f"{' AND '.join(where)}{of_kinds} ORDER BY seq LIMIT ?"
        return self._select(clause, [*values, *texts, limit])

    def between(
        self,
        journal_id: JournalId,
        *,
        after_seq: int,
        limit: int,
        through_seq: int = MAX_SEQ,
        from_s: float | None = None,
        to_s: float | None = None,
        kinds: Sequence[str] = (),
    ) -> list[StoredRow]:
        """Return up to `limit` rows with seq > `after_seq` that were heard from `from_s` to `to_s`,
        both included, in order of seq. None: without that bound.

        Units:  wall seconds UTC, corrected. Most rows of other times are not even looked at.
        """
        low, high = -_EVER_S if from_s is None else from_s, _EVER_S if to_s is None else to_s
        of_kinds, texts = _of_kinds(kinds)
        found: list[StoredRow] = []
        with self.snapshot():
            for part in stretches(self._db, journal_id, after_seq, through_seq, low, high):
                where = f"journal_id = ? AND seq BETWEEN ? AND ? AND {HEARD} BETWEEN ? AND ?"
                values: list[str | int | float] = [journal_id, part.first_seq, part.last_seq]
                found += self._select(
                    f"{where}{of_kinds} ORDER BY seq LIMIT ?",
                    [*values, low, high, *texts, limit - len(found)],
                )
                if len(found) >= limit:
                    break
        return found

    def tail(self, journal_id: JournalId, limit: int, kinds: Sequence[str] = ()) -> list[StoredRow]:
        """Return the last `limit` rows, oldest first."""
        of_kinds, texts = _of_kinds(kinds)
        clause = f"journal_id = ?{of_kinds} ORDER BY seq DESC LIMIT ?"
        return self._select(clause, [journal_id, *texts, limit])[::-1]

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
        sql = f"SELECT {COLUMNS} FROM journal WHERE {clause}"
        try:
            found = self.query(sql, values)
        except JournalError as error:
            if not _is_bad_text(error):
                raise
            found = self._with_bad_text(sql, values)
        return [
            StoredRow(r[0], r[1], _LANES[r[2]], *r[3:])
            if _is_sound(tuple(map(type, r))) and r[2] in _LANES
            else unreadable(r[0], r[1], _LANES.get(r[2], Lane.BULK))
            for r in found
        ]

    def _with_bad_text(
        self, sql: str, values: Sequence[str | int | float]
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT with damaged text as bytes. Slower, so only when needed."""
        self._db.text_factory = _text_or_bytes
        try:
            return self.query(sql, values)
        finally:
            self._db.text_factory = str

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all questions inside see the file as it is now. Keep it short: meanwhile the WAL
        cannot be reused."""
        self.query("BEGIN")
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"journal {self._path}: {error}") from error
        finally:
            if self._db.in_transaction:
                self._db.rollback()

    def query(
        self, sql: str, values: Sequence[str | int | float] | Mapping[str, str | int | float] = ()
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT, in one read transaction."""
        try:
            with closing(self._db.execute(sql, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"journal {self._path}: {error}") from error


def _of_kinds(kinds: Sequence[str]) -> tuple[str, list[str]]:
    """Return the condition that a row is of one of `kinds`, exact or a prefix, and its values."""
    if not kinds:
        return "", []
    either = " OR ".join(["kind = ? OR kind LIKE ? || '.%'"] * len(kinds))
    return f" AND ({either})", [text for kind in kinds for text in (kind, kind)]
