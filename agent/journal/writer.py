"""The writer thread: the only one that changes the journal.

Owns transactions and what is done when one fails. Knows nothing of events or rules. It talks to the
event loop through one callback, which it calls in its own thread.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from agent.core.clock import Clock
from agent.core.limits import BULK_COMMIT_ROWS, BULK_COMMIT_S
from agent.core.row import Row
from agent.journal.edits import Edit
from agent.journal.files import (
    OPEN_BUDGET_S,
    OpenFile,
    absorb,
    going_on,
    in_time,
    last_seq,
    note_disowned,
    open_fallback,
    open_for_writing,
    removal_key,
    remove,
)
from agent.journal.insert import insert, storable
from agent.journal.schema import Table

log = logging.getLogger(__name__)

RETRY_MAIN_S = 30.0
"""How often a hub that writes to tmpfs tries its real disk again."""


class _Ring(IntEnum):
    """Why the thread is woken, the weightiest last."""

    LOOK = 0  # The first of a group waits now.
    COMMIT = 1
    END = 2


@dataclass(frozen=True, slots=True)
class Put:
    """Set `key` of a small table to `body`; None removes it."""

    table: Table
    key: str
    body: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows with their seqs and the state that changed with them: all of it is written or none.

    `edits` change rows that are there already, and are meant for the file `only_in`: if another one
    is being written by then, the whole batch is left out.
    """

    rows: tuple[tuple[int, Row], ...]
    puts: tuple[Put, ...]
    urgent: bool
    done: Callable[[bool], None] | None = None
    edits: tuple[Edit, ...] = ()
    only_in: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a commit, told to the event loop.

    `durable` False means that not even memory took it. `evicted` counts telemetry of the bounded
              file
    that had to go, with its seq range. `moved` says that another file is being written from now on.
    """

    batches: tuple[Batch, ...]
    durable: bool
    file: OpenFile
    last_seq: int
    evicted: tuple[int, int, int] | None = None
    moved: bool = False


@dataclass(slots=True)
class Timings:
    """How long the last commits took, for people who ask how the disk is."""

    commits: int = 0
    recent_ms: deque[float] = field(default_factory=lambda: deque(maxlen=1024))

    def percentile_ms(self, share: float) -> float:
        """Return the commit time that `share` (0-1) of the recent commits did not exceed; 0 if
        none."""
        ordered = sorted(self.recent_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Writer:
    """Runs the thread. `tell` is called in it after every commit and every change of file, `died`
    when a fault of the program has ended it."""

    def __init__(
        self,
        main: Path,
        fallback: Path,
        clock: Clock,
        tell: Callable[[Outcome], None],
        died: Callable[[], None],
        retry_main_s: float,
        file: OpenFile | None = None,
    ) -> None:
        self._main = main
        self._fallback = fallback
        self.clock = clock
        self._tell = tell
        self._died = died
        self._retry_main_s = retry_main_s
        self._given: deque[Batch] = deque()
        self._bell: queue.SimpleQueue[_Ring] = queue.SimpleQueue()
        self._rows_given = 0  # Written by whoever puts,
        self._rows_taken = 0  # and this by the thread.
        self.timings = Timings()
        self.busy_since_s: float | None = None
        self._abandoned = False
        self._asking = threading.Lock()
        self.file = file or self._open_main() or self._open_fallback(f"{main} does not answer")
        if not self.file.fallback and fallback.exists():
            self._take_along()
        self._told_seq = last_seq(self.file)
        self._next_try_s = time.monotonic() + self._retry_main_s
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, batch: Batch) -> None:
        """Hand over a batch; never waits. For one thread only.

        The writer is woken if there is something to do: waking it for every reading would cost more
        than the reading.
        """
        is_first = not self._given
        before = self._rows_given - self._rows_taken
        self._rows_given += len(batch.rows)
        self._given.append(batch)
        if batch.urgent or before < BULK_COMMIT_ROWS <= before + len(batch.rows):
            self._bell.put(_Ring.COMMIT)
        elif is_first:
            self._bell.put(_Ring.LOOK)

    def abandon(self) -> None:
        """Expect nothing more of this thread: its disk does not answer. It ends when that does."""
        self._abandoned = True

    def stop(self, timeout_s: float) -> bool:
        """Commit what waits and end the thread; return whether it ended in time."""
        self._bell.put(_Ring.END)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- in the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._serve()
        except Exception:  # A bug here must not be silent: the hub ends and starts again.
            log.exception("journal.writer_crashed")
            self._died()

    def _open_main(self) -> OpenFile | None:
        """Open the real file, or say None when the disk does not answer."""
        utc = utc_name(self.clock)
        return in_time(
            lambda: open_for_writing(self._main, self._fallback, utc), self._asking, OPEN_BUDGET_S
        )

    def _open_fallback(self, trouble: str) -> OpenFile:
        note = f"{trouble}; the journal goes on in {self._fallback}"
        return open_fallback(self._fallback, note, utc_name(self.clock))

    def _serve(self) -> None:
        due_s: float | None = None
        ring = _Ring.LOOK
        while ring is not _Ring.END:
            if due_s is None and self._given:
                due_s = time.monotonic() + BULK_COMMIT_S
            ring = self._listen(due_s)
            is_due = due_s is not None and time.monotonic() >= due_s
            if self._given and (ring is not _Ring.LOOK or is_due):
                self._commit(self._take())
                due_s = None
            if self._abandoned:
                break
            if self.file.fallback and time.monotonic() >= self._next_try_s:
                self._try_main()
        self.file.db.close()

    def _listen(self, due_s: float | None) -> _Ring:
        """Return why the thread was woken; LOOK too when it is time to commit or to try the
        disk."""
        until_s = due_s
        if self.file.fallback and (due_s is None or self._next_try_s < due_s):
            until_s = self._next_try_s
        try:
            if until_s is None:
                ring = self._bell.get()
            else:
                ring = self._bell.get(timeout=max(0.0, until_s - time.monotonic()))
            while not self._bell.empty():  # All of it is answered by one commit.
                ring = max(ring, self._bell.get())
        except queue.Empty:
            return _Ring.LOOK
        return ring

    def _take(self) -> tuple[Batch, ...]:
        """Return all that waits: what came while the last commit was under way goes in one."""
        batches: list[Batch] = []
        while self._given:
            batch = self._given.popleft()
            self._rows_taken += len(batch.rows)
            batches.append(batch)
        return tuple(batches)

    def _commit(self, batches: tuple[Batch, ...]) -> None:
        moved = False
        evicted: tuple[int, int, int] | None = None
        for attempt in range(3):
            try:
                self._write(batches)
                durable = True
                break
            except sqlite3.Error as error:
                durable = False
                if self._abandoned:
                    return
                if not self.file.fallback:
                    self._move(f"{self._main} cannot be written ({error})")
                    moved = True
                elif attempt < 2:
                    evicted = self._make_room() or evicted
        last = max((seq for b in batches for seq, _ in b.rows), default=0)
        if durable:
            self._told_seq = max(self._told_seq, last)
        self._tell(Outcome(batches, durable, self.file, last, evicted, moved))

    def _write(self, batches: tuple[Batch, ...]) -> None:
        db = self.file.db
        recorded_s = self.clock.now().wall_s
        began_s = time.monotonic()
        self.busy_since_s = began_s
        try:
            db.execute("BEGIN IMMEDIATE")
            meant = [b for b in batches if b.only_in in (None, self.file.path)]
            insert(db, self.file.journal_id, recorded_s, [row for b in meant for row in b.rows])
            for batch in meant:
                for edit in batch.edits:
                    edit(db)
                for put in batch.puts:
                    _put(self.file, put)
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        finally:
            self.busy_since_s = None
        self.timings.commits += 1
        self.timings.recent_ms.append((time.monotonic() - began_s) * 1000)

    def _move(self, trouble: str) -> None:
        """Go on in the file on tmpfs. What failed to be committed may yet be found on the disk."""
        left = self.file
        left.db.close()
        self.file = self._open_fallback(trouble)
        with suppress(sqlite3.Error):
            note_disowned(self.file, left.journal_id, self._told_seq)
        self._next_try_s = time.monotonic() + self._retry_main_s

    def _make_room(self) -> tuple[int, int, int] | None:
        """Give up the older half of the telemetry in the bounded file; alarms stay."""
        db = self.file.db
        try:
            first, last, count = db.execute(
                "SELECT min(seq), max(seq), count(*) FROM (SELECT seq FROM journal "
                "WHERE lane = 'bulk' ORDER BY seq LIMIT max(1, (SELECT count(*) / 2 FROM journal "
                "WHERE lane = 'bulk')))"
            ).fetchone()
            if not count:
                return None
            db.execute("DELETE FROM journal WHERE lane = 'bulk' AND seq <= ?", (last,))
        except sqlite3.Error:
            return None
        return int(count), int(first), int(last)

    def _try_main(self) -> None:
        """Go back to the real file if it can be written again, with all rows of the meantime."""
        self._next_try_s = time.monotonic() + self._retry_main_s
        found = self._open_main()
        if found is None:
            return
        if found.fallback:
            found.db.close()
            return
        left = self.file
        try:
            found = going_on(found, left)
        except sqlite3.Error:
            found.db.close()
            return  # It was a disk for a moment only: it is tried again.
        self.file = found
        if str(left.path) != ":memory:":
            left.db.close()
            self._take_along()
        if self.file is found:
            self._tell(Outcome((), True, self.file, 0, moved=True))

    def _take_along(self) -> None:
        """Take the rows on tmpfs into the open real file and remove the file on tmpfs."""
        try:
            absorb(self.file.db, self._fallback)
        except sqlite3.Error as error:
            trouble = f"{self._main} cannot take the rows of {self._fallback} ({error})"
            self.file.db.close()
            self.file = self._open_fallback(trouble)
            return
        remove(self._fallback)


def utc_name(clock: Clock) -> str:
    """Return the present wall time in the form for file names: 20261122T080000Z."""
    return datetime.fromtimestamp(clock.now().wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")


def _put(file: OpenFile, put: Put) -> None:
    db = file.db
    if put.body is None:
        db.execute(f"DELETE FROM {put.table} WHERE key = ?", (put.key,))
        if file.fallback:
            removed = removal_key(put.table, put.key)
            db.execute("INSERT OR REPLACE INTO setting (key, body) VALUES (?, '')", (removed,))
    else:
        db.execute(
            f"INSERT INTO {put.table} (key, body) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            (put.key, storable(put.body)),
        )
