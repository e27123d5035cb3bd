"""Opens journal files for writing, sets corrupt ones aside, and never gives up.

Owns the choice between the real file and the one on tmpfs. Knows nothing of rows.
"""

from __future__ import annotations

import os
import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from agent.core.row import JournalId
from agent.journal.salvage import saved_state
from agent.journal.schema import IDENTITY_KEY, MAX_PAGES_FALLBACK, Table, upgrade

CHECK_BUDGET_S = 1.0
"""The check at start may take this long; a file too large to check in it is taken as it is."""

OPEN_BUDGET_S = 2.5
"""A disk that has not opened the journal by then counts as dead, for the time being."""

_DISOWNED_KEY = "disowned"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A journal file open for writing. `trouble` is empty when it is the real
    file."""

    db: sqlite3.Connection
    path: Path
    journal_id: JournalId
    fallback: bool
    trouble: str
    quarantined: Path | None = None


def open_for_writing(main: Path, fallback: Path, utc: str) -> OpenFile:
    """Open the real file, or a fresh one in place of a corrupt one, or the one on tmpfs, in that
    order.

    `utc` is a compact time for the name of a file set aside. Errors: none; the last resort is
          memory.
    """
    quarantined: Path | None = None
    try:
        try:
            return _opened(main, fallback=False)
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
            quarantined = _set_aside(main, utc)
            trouble = f"{main} is corrupt ({error}); kept as {quarantined.name}, a fresh one begun"
            fresh = _opened(main, fallback=False, trouble=trouble, quarantined=quarantined)
            _take_over(fresh.db, quarantined)
            return fresh
    except (sqlite3.Error, OSError) as error:
        trouble = f"{main} cannot be written ({error}); the journal goes on in {fallback}"
    return open_fallback(fallback, trouble, utc)


def open_fallback(fallback: Path, trouble: str, utc: str) -> OpenFile:
    """Open the file on tmpfs; when even that fails, a database in memory. Errors: none."""
    for attempt in range(2):
        try:
            return _opened(fallback, fallback=True, trouble=trouble)
        except (sqlite3.Error, OSError) as error:
            last = error
            if attempt == 0:
                with suppress(OSError):
                    _set_aside(fallback, utc)
    memory = Path(":memory:")
    note = f"{trouble}; {fallback} cannot be written either ({last}), so it is kept in memory only"
    return _opened(memory, fallback=True, trouble=note)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Return whether SQLite says that the file itself is damaged, not the disk or a lock."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "newer than" in str(error)


def going_on(found: OpenFile, left: OpenFile) -> OpenFile:
    """Return the real file `found` as it is written on by a hub that has written to `left` so far.

    Its seqs go on. A hub that began without the real file counts from one: if the real file has
    those seqs already, it is written on under the identity of `left`. Errors: sqlite3.Error.
    """
    here, there = last_seq(left), last_seq(found)
    if there == 0 or there < here:
        return found
    found.db.execute(
        "INSERT OR REPLACE INTO setting (key, body) VALUES (?, ?)", (IDENTITY_KEY, left.journal_id)
    )
    return replace(found, journal_id=left.journal_id)


def absorb(db: sqlite3.Connection, fallback: Path) -> int:
    """Take all rows and state of the file on tmpfs into `db` under their own identity; return the
    rows.

    State of the fallback is newer, so it wins, but the real file keeps its own `setting`s.
    Errors: sqlite3.Error; then nothing was taken and the fallback is as it was.
    """
    db.execute("ATTACH DATABASE ? AS fallback", (str(fallback),))
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            _disown(db)
            taken = db.execute(
                "INSERT OR IGNORE INTO journal SELECT * FROM fallback.journal"
            ).rowcount
            db.execute(
                "DELETE FROM span WHERE journal_id IN (SELECT journal_id FROM fallback.journal)"
            )
            for table in Table:
                if table is not Table.SETTING:
                    db.execute(
                        f"DELETE FROM {table} WHERE ? || key IN (SELECT key FROM fallback.setting)",
                        (removal_key(table, ""),),
                    )
                    db.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM fallback.{table}")
            db.execute("COMMIT")
        except sqlite3.Error:
            db.execute("ROLLBACK")
            raise
    finally:
        db.execute("DETACH DATABASE fallback")
    return taken


def note_disowned(fallback: OpenFile, journal_id: JournalId, after_seq: int) -> None:
    """Keep in mind that rows of `journal_id` after `after_seq` do not count, should they show up.

    They were given to a disk that no longer answered, and again to `fallback`.
    Errors: sqlite3.Error.
    """
    fallback.db.execute(
        "INSERT OR REPLACE INTO setting (key, body) VALUES (?, ?)",
        (_DISOWNED_KEY, f"{journal_id}/{after_seq}"),
    )


def _disown(db: sqlite3.Connection) -> None:
    """Remove rows that a disk took after all, long after nobody waited for it any more."""
    noted = db.execute(
        "SELECT body FROM fallback.setting WHERE key = ?", (_DISOWNED_KEY,)
    ).fetchone()
    if noted is not None:
        journal_id, _, after_seq = noted[0].partition("/")
        db.execute(
            "DELETE FROM journal WHERE journal_id = ? AND seq > ?", (journal_id, int(after_seq))
        )


def last_seq(file: OpenFile) -> int:
    """Return the last seq of a file's own journal, 0 when it has no rows."""
    found = file.db.execute(
        "SELECT coalesce(max(seq), 0) FROM journal WHERE journal_id = ?", (file.journal_id,)
    ).fetchone()
    return int(found[0])


def in_time(
    opening: Callable[[], OpenFile], asking: threading.Lock, limit_s: float
) -> OpenFile | None:
    """Return what `opening` returns if it does so within `limit_s`, else None.

    A dead disk does not answer at all; whoever asks it must not wait for ever, nor ask again while
    it has not answered: `asking` is held so long. An answer that comes too late is closed again.
    """
    if not asking.acquire(blocking=False):
        return None
    answer: queue.SimpleQueue[OpenFile] = queue.SimpleQueue()
    late = threading.Event()

    def ask() -> None:
        try:
            file = opening()
        finally:
            asking.release()
        if late.is_set():
            file.db.close()
        else:
            answer.put(file)

    threading.Thread(target=ask, name="journal-open", daemon=True).start()
    try:
        return answer.get(timeout=limit_s)
    except queue.Empty:
        late.set()
        return None


def removal_key(table: Table, key: str) -> str:
    """Return the `setting` by which a fallback remembers that `key` was removed from `table`.

    The real file may still have it: without that an alarm that was closed meanwhile would stand
    again after the next start, and an order that was carried out would be carried out again.
    """
    return f"removed/{table}/{key}"


def remove(path: Path) -> None:
    """Remove a database with its WAL."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _opened(
    path: Path, *, fallback: bool, trouble: str = "", quarantined: Path | None = None
) -> OpenFile:
    if str(path) != ":memory:":
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    is_fresh = not path.exists() or path.stat().st_size == 0
    # Opened by whoever starts the hub, used by the writer thread only from then on.
    db = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
    try:
        if is_fresh:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # So that room can be given back.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _check(db)
        upgrade(db)
        if fallback:
            db.execute(f"PRAGMA max_page_count = {MAX_PAGES_FALLBACK}")
        journal_id = _identity(db)
    except sqlite3.Error:
        db.close()
        raise
    return OpenFile(db, path, journal_id, fallback, trouble, quarantined)


def _check(db: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError when a bounded look at the pages finds damage."""
    deadline_s = time.monotonic() + CHECK_BUDGET_S
    db.set_progress_handler(lambda: 1 if time.monotonic() > deadline_s else 0, 10_000)
    try:
        found = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return  # Out of time: a large file, not a damaged one.
    finally:
        db.set_progress_handler(None, 0)
    if found != ("ok",):
        corrupt = sqlite3.DatabaseError(f"quick_check: {found[0]}")
        corrupt.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise corrupt


def _identity(db: sqlite3.Connection) -> JournalId:
    """Return the file's journal_id, giving it one (and proving that it can be written) if it is
    new."""
    db.execute("BEGIN IMMEDIATE")
    row = db.execute("SELECT body FROM setting WHERE key = ?", (IDENTITY_KEY,)).fetchone()
    journal_id = row[0] if row else secrets.token_hex(4)
    db.execute(
        "INSERT OR REPLACE INTO setting (key, body) VALUES (?, ?)", (IDENTITY_KEY, journal_id)
    )
    db.execute("COMMIT")
    return JournalId(journal_id)


def _take_over(db: sqlite3.Connection, damaged: Path) -> None:
    """Give a fresh file the state that the damaged one still knows: open alarms, devices, cursors.

    The rows follow in the background; the state is what the next press needs.
    """
    db.execute("BEGIN IMMEDIATE")
    for table, entries in saved_state(damaged).items():
        db.executemany(
            f"INSERT OR IGNORE INTO {table} (key, body) VALUES (?, ?)",
            [(k, v) for k, v in entries.items() if isinstance(k, str) and isinstance(v, str)],
        )
    db.execute("COMMIT")


def _set_aside(path: Path, utc: str) -> Path:
    """Rename a damaged file, with its WAL, so that it can be salvaged; return the new name."""
    target = path.with_name(f"{path.name}.bad-{utc}")
    for number in range(1, 1000):
        if not target.exists():
            break
        target = path.with_name(f"{path.name}.bad-{utc}-{number}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{path}{suffix}", f"{target}{suffix}")
    return target
