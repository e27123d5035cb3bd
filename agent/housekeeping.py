"""What guard does besides: watches the clock and the disk, takes rows out of damaged files.

Owns when it is done. How rows are corrected, thinned or salvaged is the journal's matter. Nothing
of it ever stands before an alarm: every step is small, and goes the way of telemetry.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent.clock_steps import ClockStep, ClockSteps
from agent.core.clock import Clock
from agent.core.errors import JournalError
from agent.core.row import JournalId, Kind, Lane, Row
from agent.journal.edits import SPANS_AT_ONCE, Edit, corrections, covering, forget, take_in
from agent.journal.files import OpenFile
from agent.journal.retention import Step, plan
from agent.journal.salvage import SavedRow, saved_rows
from agent.journal.spans import uncovered
from agent.journal.store import JournalStore
from agent.pipeline import Pipeline

log = logging.getLogger(__name__)

LOOK_S = 1.0
TIDY_EVERY_S = 3600.0
TIDY_WHEN_FULL_S = 60.0
STEPS_A_ROUND = 100  # 200,000 rows: more than a day of any home.
STEP_PAUSE_S = 0.2  # Lets a small board do something else in between.
FREE_BYTES = 64 * 1024 * 1024
"""Below this the disk counts as nearly full: the space of some days of a home."""


class Housekeeping:
    """Runs for ever beside the pipeline."""

    def __init__(
        self, clock: Clock, store: JournalStore, pipeline: Pipeline, data_dir: Path, max_bytes: int
    ) -> None:
        self._clock = clock
        self._store = store
        self._pipeline = pipeline
        self._data_dir = data_dir
        self.max_bytes = max_bytes
        self._steps = ClockSteps(clock.now())
        self.on_step: Callable[[ClockStep], None] = lambda step: None

    async def watch_clock(self) -> None:
        """Write down every step of the wall clock; correct earlier rows at the first sync."""
        while True:
            await asyncio.sleep(LOOK_S)
            step = self._steps.look(self._clock.now())
            if step is not None:
                self.clock_stepped(step)

    def clock_stepped(self, step: ClockStep) -> None:
        """Write a step down, and put the rows right that it shows to be wrong."""
        self.on_step(step)
        boot_id = self._clock.now().boot_id
        through_seq = self._store.next_seq - 1
        body: dict[str, object] = {
            "delta_ms": step.delta_ms,
            "quality_before": step.before,
            "quality_after": step.after,
            "boot_id": boot_id,
            "corrected_through_seq": through_seq if step.corrects else None,
        }
        self._pipeline.record(Kind.CLOCK_STEPPED, body, urgent=True)
        if step.corrects and step.delta_ms:
            journal_id = self._store.journal_id
            for edit in corrections(journal_id, boot_id, through_seq, step.delta_ms):
                self._store.edit([edit])

    async def keep_tidy(self) -> None:
        """Let rows go that are too old, or the oldest when the disk is nearly full."""
        while True:
            full = await asyncio.to_thread(self._nearly_full)
            await self.tidy(full=full)
            await self.cover()
            await asyncio.sleep(TIDY_WHEN_FULL_S if full else TIDY_EVERY_S)

    async def tidy(self, *, full: bool) -> int:
        """Do one round; return how many rows went."""
        gone = 0
        for _ in range(STEPS_A_ROUND):
            if self._store.file.fallback:
                return gone  # The bounded file makes room by itself.
            try:
                step = await asyncio.to_thread(
                    plan,
                    self._store.file.path,
                    self._clock.now().wall_s,
                    self._acknowledged(),
                    full=full,
                )
            except JournalError as error:
                log.warning("retention.unreadable error=%s", error)
                return gone
            if step is None:
                return gone
            await self._carry_out(step)
            gone += len(step.seqs)
            await asyncio.sleep(STEP_PAUSE_S)
            full = full and await asyncio.to_thread(self._nearly_full)
        return gone

    async def cover(self) -> None:
        """Note the times of the rows that came since, so that a time is found without reading
        all."""
        if self._store.file.fallback:
            return
        try:
            found = await asyncio.to_thread(
                uncovered, self._store.file.path, STEPS_A_ROUND * SPANS_AT_ONCE
            )
        except JournalError as error:
            log.warning("spans.unreadable error=%s", error)
            return
        for first in range(0, len(found), SPANS_AT_ONCE):
            await self._done([covering(found[first : first + SPANS_AT_ONCE])], [])

    async def _carry_out(self, step: Step) -> None:
        stamp = self._clock.now()
        rows = [
            (
                self._store.take_seq(),
                Row(Kind.READING_HOURLY, Lane.BULK, stamp, body, device),
            )
            for device, body in step.hourly
        ]
        gap: dict[str, object] = {
            "why": "retention",
            "class": step.name,
            "journal": step.journal_id,
            "count": len(step.seqs),
            "first_seq": step.seqs[0],
            "last_seq": step.seqs[-1],
        }
        rows.append((self._store.take_seq(), Row(Kind.GAP, Lane.BULK, stamp, gap)))
        await self._done([forget(step.journal_id, step.seqs)], rows)

    def _acknowledged(self) -> dict[tuple[JournalId, Lane], int]:
        return {
            (journal_id, lane): self._store.cursor(journal_id, lane)
            for journal_id, _, _ in self._store.journals()
            for lane in Lane
        }

    def _nearly_full(self) -> bool:
        try:
            free = shutil.disk_usage(self._data_dir).free
            size = self._store.file.path.stat().st_size
        except OSError:
            return False  # No disk: the store has said so.
        return free < FREE_BYTES or size > self.max_bytes

    async def salvage(self, file: OpenFile) -> int:
        """Take the rows of the file that was set aside at the start over; return how many."""
        damaged = file.quarantined
        if damaged is None:
            return 0
        saved = 0
        pages: Iterator[list[SavedRow]] = saved_rows(damaged)
        while page := await asyncio.to_thread(next, pages, None):
            saved += len(page)
            await self._done([take_in(page)], [])
        body: dict[str, object] = {"file": damaged.name, "rows": saved}
        self._pipeline.record(Kind.JOURNAL_SALVAGED, body, urgent=True)
        self._pipeline.fault("journal", "quarantine", False, f"{saved} rows of it were salvaged")
        return saved

    async def _done(self, edits: Sequence[Edit], rows: Sequence[tuple[int, Row]]) -> None:
        """Hand edits over and wait until they are on disk, so that they never pile up."""
        done = asyncio.Event()
        self._store.edit(edits, rows, done=lambda durable: done.set())
        await done.wait()
