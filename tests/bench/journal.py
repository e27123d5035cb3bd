"""The journal beside raw SQLite: the same rows, the same tables, the same disk, turn by turn.

The floor is `sqlite3` alone in one thread, WAL and `synchronous=FULL`, with rows that are tuples
already. The journal is given `Row`s from the event loop and counts when it says that they are on
disk.

As a program (`python -m tests.bench.journal COMMITS`) it prints single urgent commits only, for a
process whose fsync is slow.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.clock import SystemClock
from agent.core.device import DeviceId
from agent.core.limits import BULK_COMMIT_ROWS
from agent.core.row import Kind, Lane, Row
from agent.journal.schema import Table, upgrade
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from tests.bench.figures import show, summary
from tests.bench.press import slow_fsync
from tests.hub import ROOT

TURNS = 16
"""The floor and the journal take turns, so that a disk that slows down does so for both."""

_STORM = 4
"""Alarms under way at once: a button with its reading, a siren's order, and what answers them."""

_UNDER_WAY = 4 * BULK_COMMIT_ROWS
_TRICKLE_S = 20
_TRICKLE_ROWS_PER_S = 10
_INSERT = f"INSERT INTO journal VALUES ({','.join('?' * 14)})"


@dataclass(slots=True)
class Spent:
    """What some rows took, over all turns."""

    rows: int = 0
    seconds: float = 0.0
    written: int = 0
    samples_ms: list[float] = field(default_factory=list)

    @property
    def rows_per_s(self) -> float:
        """Return the rate."""
        return self.rows / self.seconds

    @property
    def bytes_per_row(self) -> float:
        """Return what reached the disk for one row, WAL and checkpoints included."""
        return self.written / self.rows

    def add(self, rows: int, began_s: float, written_before: int) -> None:
        """Count a turn that ends now."""
        self.rows += rows
        self.seconds += time.perf_counter() - began_s
        self.written += _written() - written_before


def run(commits: int, rows: int) -> None:
    """Print rates and bytes of urgent commits and of telemetry."""
    asyncio.run(_run("journal", commits, rows))
    with slow_fsync() as env:
        if env is None:
            show("journal_card_urgent_alone", left_out="no C compiler for the slow fsync")
            return
        command = [sys.executable, "-m", __name__, str(commits // 20)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)


async def _run(name: str, commits: int, rows: int) -> None:
    sys.setswitchinterval(0.00005)  # As guard does.
    with TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as where:
        folder = Path(where)
        store = JournalStore(folder / "store.db", folder / "fallback.db", SystemClock())
        store.start()
        with closing(_raw(folder / "raw.db")) as db:
            raw, alone, storm = Spent(), Spent(), Spent()
            for _ in range(TURNS):
                _raw_commits(db, raw, commits // TURNS)
                await _own_commits(store, alone, commits // TURNS, under_way=1)
                await _own_commits(store, storm, commits // TURNS, under_way=_STORM)
            wanted = {"wanted_ratio": 0.7, "wanted_max_bytes": 24_000}
            _show(f"{name}_urgent_alone", raw, alone, **wanted)
            _show(f"{name}_urgent_storm", raw, storm, **wanted)
            if not rows:
                store.stop(30)
                return
            raw, own = Spent(), Spent()
            for _ in range(TURNS):
                _raw_batches(db, raw, rows // TURNS)
                await _own_bulk(store, own, rows // TURNS)
            wanted = {"wanted_ratio": 0.5, "wanted_rows_per_s": 10_000, "wanted_max_bytes": 900}
            _show("journal_bulk", raw, own, **wanted)
        assert store.stop(30)
        own = await _trickle(folder)
    # One commit a second, however slowly telemetry comes: pages, not rows, are written.
    show(
        "journal_trickle",
        rows_per_s=_TRICKLE_ROWS_PER_S,
        bytes_per_row=round(own.bytes_per_row),
        mb_per_day=round(own.written / _TRICKLE_S * 86_400 / 1e6, 1),
    )


def _show(name: str, raw: Spent, own: Spent, **wanted: float) -> None:
    latency = {
        name: summary(spent.samples_ms)
        for name, spent in (("commit", own), ("floor_commit", raw))
        if spent.samples_ms
    }
    show(
        name,
        rows_per_s=round(own.rows_per_s),
        floor_rows_per_s=round(raw.rows_per_s),
        ratio=round(own.rows_per_s / raw.rows_per_s, 3),
        bytes_per_row=round(own.bytes_per_row),
        floor_bytes_per_row=round(raw.bytes_per_row),
        **wanted,
        **latency,
    )


# --- the floor ------------------------------------------------------------------------------------


def _raw(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    upgrade(db)
    return db


def _raw_commits(db: sqlite3.Connection, spent: Spent, commits: int) -> None:
    rows = _tuples(db, commits, Lane.URGENT)
    written, began_s = _written(), time.perf_counter()
    for row in rows:
        at_s = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.execute(_INSERT, row)
        db.execute("COMMIT")
        spent.samples_ms.append((time.perf_counter() - at_s) * 1000)
    spent.add(commits, began_s, written)


def _raw_batches(db: sqlite3.Connection, spent: Spent, count: int) -> None:
    rows = _tuples(db, count, Lane.BULK)
    written, began_s = _written(), time.perf_counter()
    for first in range(0, count, BULK_COMMIT_ROWS):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(_INSERT, rows[first : first + BULK_COMMIT_ROWS])
        db.execute("COMMIT")
    spent.add(count, began_s, written)


def _tuples(db: sqlite3.Connection, count: int, lane: Lane) -> list[tuple[Any, ...]]:
    first = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM journal").fetchone()[0]
    now = SystemClock().now()
    body = json.dumps(_body(first), separators=(",", ":"))
    at, boot = now.wall_s, now.boot_id
    head = (str(lane), str(Kind.READING), None, DEVICE, body, None, at, at, boot)
    tail = (*head, now.mono_ms, str(now.quality), 0)
    return [("0123abcd", seq, *tail) for seq in range(first, first + count)]


# --- the journal ----------------------------------------------------------------------------------

DEVICE = DeviceId("zigbee-00124b0001020304")


def _body(number: int) -> dict[str, object]:
    """Return the body of a reading as most are."""
    return {"quantity": "temp_c", "value": 21.5 + number % 100 / 10, "channel": "1/1026"}


async def _own_commits(store: JournalStore, spent: Spent, commits: int, *, under_way: int) -> None:
    """Commit single rows, at most so many under way. One under way shows what an alarm waits: two
    changes of thread more than the floor does. Of several the store makes fewer commits."""
    loop = asyncio.get_running_loop()
    waiting: deque[tuple[float, asyncio.Future[bool]]] = deque()
    written, began_s = _written(), time.perf_counter()
    for row in _rows(commits, Lane.URGENT):
        if len(waiting) == under_way:
            await _told(waiting, spent)
        durable: asyncio.Future[bool] = loop.create_future()
        waiting.append((time.perf_counter(), durable))
        store.append([(store.take_seq(), row)], urgent=True, done=durable.set_result)
    while waiting:
        await _told(waiting, spent)
    spent.add(commits, began_s, written)


async def _told(waiting: deque[tuple[float, asyncio.Future[bool]]], spent: Spent) -> None:
    at_s, durable = waiting.popleft()
    assert await durable
    spent.samples_ms.append((time.perf_counter() - at_s) * 1000)


async def _own_bulk(store: JournalStore, spent: Spent, count: int) -> None:
    """Give rows one by one, as the pipeline does, with some groups under way."""
    rows = _rows(count, Lane.BULK)
    room = asyncio.Event()
    under_way = 0

    def on_disk(durable: bool) -> None:
        nonlocal under_way
        assert durable
        under_way -= 1
        if under_way in (0, _UNDER_WAY // 2):
            room.set()

    written, began_s = _written(), time.perf_counter()
    for row in rows:
        if under_way == _UNDER_WAY:
            room.clear()
            await room.wait()
        under_way += 1
        store.append([(store.take_seq(), row)], urgent=False, done=on_disk)
    store.append((), (Put(Table.SETTING, "turn", str(store.next_seq)),), urgent=True)
    while under_way:
        room.clear()
        await room.wait()
    spent.add(count, began_s, written)


async def _trickle(folder: Path) -> Spent:
    """Give a fresh journal a few rows a second for some seconds, as a home does, and close it."""
    spent = Spent()
    rows = _rows(_TRICKLE_S * _TRICKLE_ROWS_PER_S, Lane.BULK)
    store = JournalStore(folder / "trickle.db", folder / "none.db", SystemClock())
    store.start()
    written, began_s = _written(), time.perf_counter()
    for row in rows:
        store.append([(store.take_seq(), row)], urgent=False)
        await asyncio.sleep(1 / _TRICKLE_ROWS_PER_S)
    assert store.stop(30)
    spent.add(len(rows), began_s, written)
    return spent


def _rows(count: int, lane: Lane) -> list[Row]:
    stamp = SystemClock().now()
    return [Row(Kind.READING, lane, stamp, _body(number), DEVICE) for number in range(count)]


def _written() -> int:
    """Return how many bytes this process has sent towards the disk so far."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise ValueError("/proc/self/io has no write_bytes")


if __name__ == "__main__":
    asyncio.run(_run("journal_card", int(sys.argv[1]), 0))
