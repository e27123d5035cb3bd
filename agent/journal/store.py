"""The journal as the event loop sees it: give rows, be told when they are on disk.

Owns the seqs and the bound of what may wait. Every method returns at once; the disk is the writer
thread's business.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.core.clock import Clock
from agent.core.limits import JOURNAL_PENDING_ROWS
from agent.core.row import JournalId, Lane, Row
from agent.journal.edits import Edit
from agent.journal.files import OpenFile, last_seq, note_disowned, open_fallback
from agent.journal.schema import Table, journal_ids
from agent.journal.writer import RETRY_MAIN_S, Batch, Outcome, Put, Writer, utc_name

STALL_S = 5.0
"""A commit under way for longer is not slow, it is on a dead disk: an SD card takes 30 ms, one that
is wearing out a second."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Rows up to `last_seq` of `journal_id` are on disk."""

    journal_id: JournalId
    last_seq: int
    urgent: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """Telemetry that was given up: how much, which seqs, and why."""

    rows: int
    first_seq: int
    last_seq: int
    why: str


@dataclass(slots=True)
class Counters:
    """What the store did since it was opened."""

    rows: int = 0
    dropped: int = 0
    lost: int = 0


class JournalStore:
    """One open journal. Create it, read `state`, then `start` it in the event loop.

    `on_commit` is called after every commit, `on_file` when another file is written from now on,
    `on_loss` when telemetry was given up; all in the event loop.
    """

    def __init__(
        self, main: Path, fallback: Path, clock: Clock, retry_main_s: float = RETRY_MAIN_S
    ) -> None:
        self._main = main
        self._fallback = fallback
        self._clock = clock
        self._retry_main_s = retry_main_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Batch] = deque()
        self._writer = self._new_writer(None)
        self.file: OpenFile = self._writer.file
        self.state = _load_state(self.file.db)
        self.next_seq = last_seq(self.file) + 1
        self.last_durable_seq = self.next_seq - 1
        self.counters = Counters()
        self._dead = asyncio.Event()
        self._pending_rows = 0
        self._left_out: Loss | None = None
        self.on_commit: Callable[[Committed], None] = _ignore
        self.on_file: Callable[[OpenFile], None] = _ignore
        self.on_loss: Callable[[Loss], None] = _ignore

    def use_clock(self, clock: Clock) -> None:
        """Take the clock that goes on from the time this journal remembers."""
        self._clock = self._writer.clock = clock

    @property
    def journal_id(self) -> JournalId:
        """Return the identity of the file being written."""
        return self.file.journal_id

    @property
    def trouble(self) -> str:
        """Return what is wrong with the disk, "" when nothing is."""
        return self.file.trouble

    def start(self) -> None:
        """Start the writer thread; its news come to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._writer.start()

    async def watch(self) -> None:
        """Leave a disk that does not answer for `STALL_S`; runs for ever.

        Errors: RuntimeError when the writer thread has ended by a fault of the program. A hub that
        cannot write must start again: its supervisor and the journal make that quick.
        """
        while not self._dead.is_set():
            if self.stalled_s(time.monotonic()) > STALL_S and not self.file.fallback:
                self.leave_disk()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._dead.wait(), STALL_S / 5)
        raise RuntimeError("the journal's writer thread has ended")

    def leave_disk(self) -> None:
        """Go on in the file on tmpfs with everything that the present disk has not confirmed."""
        self._writer.abandon()
        told = (self.journal_id, self.last_durable_seq)
        trouble = f"{self._main} does not answer; the journal goes on in {self._fallback}"
        file = open_fallback(self._fallback, trouble, utc_name(self._clock))
        with suppress(sqlite3.Error):
            note_disowned(file, *told)
        self._writer = self._new_writer(file)
        self._writer.start()
        for batch in self._waiting:
            self._writer.put(batch)
        self._move_to(file)

    def _new_writer(self, file: OpenFile | None) -> Writer:
        """Return a writer whose news count as long as it is the present one."""

        def tell(outcome: Outcome) -> None:
            self._call(self._take, writer, outcome)

        def died() -> None:
            self._call(self._dead.set)

        writer = Writer(
            self._main, self._fallback, self._clock, tell, died, self._retry_main_s, file
        )
        return writer

    def _put(self, batch: Batch) -> None:
        self._waiting.append(batch)
        self._writer.put(batch)

    def stop(self, timeout_s: float) -> bool:
        """Commit what waits and end; return whether the disk took it in time."""
        return self._writer.stop(timeout_s)

    def take_seq(self) -> int:
        """Return the next seq. A seq that is taken must be appended."""
        seq = self.next_seq
        self.next_seq += 1
        return seq

    def append(
        self,
        rows: Sequence[tuple[int, Row]],
        puts: Sequence[Put] = (),
        *,
        urgent: bool,
        done: Callable[[bool], None] | None = None,
    ) -> None:
        """Hand rows (with their seqs) and changed state over as one transaction.

        `done(durable)` is called in the event loop when it is on disk, or cannot be. When too many
        rows wait for a stalled disk, telemetry is given up and counted; urgent rows never are.
        """
        for put in puts:
            if put.body is None:
                self.state[put.table].pop(put.key, None)
            else:
                self.state[put.table][put.key] = put.body
        if not urgent and self._pending_rows + len(rows) > JOURNAL_PENDING_ROWS:
            self._leave_out(rows, done, "disk stalled")
            rows, done = (), None
        self._pending_rows += len(rows)
        self._put(Batch(tuple(rows), tuple(puts), urgent, done))

    def edit(
        self,
        edits: Sequence[Edit],
        rows: Sequence[tuple[int, Row]] = (),
        *,
        done: Callable[[bool], None] | None = None,
    ) -> None:
        """Change rows that are there already, and record it in the same transaction, soon.

        If another file is being written by then, nothing of it is done, `done(False)` is called,
        and the seqs of `rows` are told as a loss.
        """
        self._pending_rows += len(rows)
        batch = Batch(
            tuple(rows), (), urgent=False, done=done, edits=tuple(edits), only_in=self.file.path
        )
        self._put(batch)

    def stalled_s(self, mono_s: float) -> float:
        """Return for how long the present commit has been under way, 0 when there is none."""
        since_s = self._writer.busy_since_s
        return 0.0 if since_s is None else max(0.0, mono_s - since_s)

    def commit_ms(self, share: float) -> float:
        """Return a percentile of the recent commit times, in milliseconds."""
        return self._writer.timings.percentile_ms(share)

    @property
    def commits(self) -> int:
        """Return how many transactions were committed."""
        return self._writer.timings.commits

    def journals(self) -> list[tuple[JournalId, Path, int]]:
        """Return every journal that readers can find rows in: id, file and last seq, present one
        first."""
        found = [(self.journal_id, self.file.path, self.last_durable_seq)]
        for path in dict.fromkeys((self.file.path, self._main, self._fallback)):
            found += [
                (journal_id, path, last)
                for journal_id, last in _identities(path)
                if journal_id != self.journal_id
            ]
        return found

    def cursor(self, journal_id: JournalId, lane: Lane) -> int:
        """Return up to which seq the platform has everything of a lane."""
        kept = self.state[Table.CURSOR].get(f"{journal_id}/{lane}", "0")
        return int(kept) if kept.isdecimal() else 0

    def advance(self, journal_id: JournalId, lane: Lane, through_seq: int) -> None:
        """Move a cursor forward; going back is ignored."""
        if through_seq <= self.cursor(journal_id, lane):
            return
        put = Put(Table.CURSOR, f"{journal_id}/{lane}", str(through_seq))
        self.append((), (put,), urgent=False)

    # --- news from the writer thread ------------------------------------------------------------

    def _call(self, function: Callable[..., None], *args: object) -> None:
        """Call back in the event loop, if it still runs."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _take(self, writer: Writer, outcome: Outcome) -> None:
        if writer is not self._writer:
            return  # Of a disk that was given up: the same rows are elsewhere by now.
        for _ in outcome.batches:
            self._waiting.popleft()
        rows = sum(len(batch.rows) for batch in outcome.batches)
        self._pending_rows -= rows
        if outcome.durable:
            self.counters.rows += rows
            self.last_durable_seq = max(self.last_durable_seq, outcome.last_seq)
        else:
            self.counters.lost += rows
        if outcome.moved:
            self._move_to(outcome.file)
        for batch in outcome.batches:
            was_meant = batch.only_in in (None, outcome.file.path)
            if batch.done is not None:
                batch.done(outcome.durable and was_meant)
            if batch.rows and not was_meant:
                self._leave_out(batch.rows, None, "of a file that is not written any more")
        if outcome.durable and rows:
            urgent = any(batch.urgent for batch in outcome.batches)
            self.on_commit(Committed(outcome.file.journal_id, outcome.last_seq, urgent))
        if outcome.evicted is not None:
            self.counters.dropped += outcome.evicted[0]
            self.on_loss(Loss(*outcome.evicted, why="fallback file full"))
        if self._left_out is not None and self._pending_rows < JOURNAL_PENDING_ROWS // 2:
            loss, self._left_out = self._left_out, None
            self.on_loss(loss)

    def _move_to(self, file: OpenFile) -> None:
        """Take another file as the present one and give it the whole state: it may know none."""
        self.file = file
        puts = tuple(
            Put(table, key, body)
            for table, entries in self.state.items()
            if table is not Table.SETTING
            for key, body in entries.items()
        )
        self._put(Batch((), puts, urgent=True))
        self.on_file(file)

    def _leave_out(
        self, rows: Sequence[tuple[int, Row]], done: Callable[[bool], None] | None, why: str
    ) -> None:
        self.counters.dropped += len(rows)
        if rows:
            before = self._left_out
            self._left_out = Loss(
                rows=len(rows) + (before.rows if before else 0),
                first_seq=before.first_seq if before else rows[0][0],
                last_seq=rows[-1][0],
                why=why,
            )
        if done is not None:
            done(False)


def _ignore(_: object) -> None:
    return


def _load_state(db: sqlite3.Connection) -> dict[Table, dict[str, str]]:
    return {table: dict(db.execute(f"SELECT key, body FROM {table}").fetchall()) for table in Table}


def _identities(path: Path) -> list[tuple[JournalId, int]]:
    """Return every journal_id in a file with its last seq, by one index probe each."""
    found: list[tuple[JournalId, int]] = []
    if not path.exists():
        return found
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)) as db:
            for journal_id in journal_ids(db):
                last = db.execute(
                    "SELECT max(seq) FROM journal WHERE journal_id = ?", (journal_id,)
                ).fetchone()
                found.append((journal_id, int(last[0])))
    except sqlite3.Error:
        pass  # A file that cannot be read now has nothing to send now.
    return found
