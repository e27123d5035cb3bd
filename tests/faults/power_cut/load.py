"""`python -m tests.faults.power_cut.load`: the real store at work on the disk that is recorded.

One run of a hub. It notes, one JSON line each, what the store told and how long the record of the
disk was at that moment: a promise holds for every cut from there on. What is told while the rows
are on tmpfs is noted when they have been taken to the real file, since the power takes a tmpfs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.core.row import Kind, Lane, Row
from agent.journal.files import OpenFile
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from tests.clocks import HandClock
from tests.faults.power_cut.block_log import entry_count
from tests.faults.power_cut.judge import LAST, digest, seal

STATE_DIR = "state"
MAIN = f"{STATE_DIR}/journal.db"
BALLAST = "ballast"
ENDS = ("stop", "die", "full")

_UNDER_WAY = 60
_TOLD_WITHIN_S = 30.0
_RETRY_MAIN_S = 0.3


@dataclass(slots=True)
class Notes:
    """Writes down what is told, with the length of the record at that moment."""

    path: Path
    record: Path
    _held: list[dict[str, Any]] = field(default_factory=list)
    _out: int = -1
    _record: int = -1

    def open(self) -> None:
        """Begin to write, after what is there."""
        self._out = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._record = os.open(self.record, os.O_RDONLY)

    def tell(self, *, durable: bool, **note: Any) -> None:
        """Note it now, or hold it until the rows are on the disk that is recorded."""
        if durable:
            at = entry_count(os.pread(self._record, 64, 0))
            os.write(self._out, (json.dumps({"at": at, **note}) + "\n").encode())
        else:
            self._held.append(note)

    def release(self) -> None:
        """Note what was held."""
        held, self._held = self._held, []
        for note in held:
            self.tell(durable=True, **note)


class Load:
    """What a hub gives its journal in a busy hour, squeezed into a second."""

    def __init__(self, store: JournalStore, notes: Notes, rng: random.Random, clock: HandClock):
        self._store = store
        self._notes = notes
        self._rng = rng
        self._clock = clock
        self._number = int(store.state[Table.RULE_STATE].get(LAST, "0"))
        self._room = asyncio.Semaphore(_UNDER_WAY)
        self._told = asyncio.Event()
        self.moves = 0
        store.on_file = self._on_file

    async def step(self) -> None:
        """Do one thing that a hub does."""
        await self._room.acquire()
        self._clock.advance(self._rng.random())
        doings = (self._reading, self._alarm, self._order, self._carried_out, self._cursor)
        doing = self._rng.choices((*doings, self._burst), weights=(40, 25, 12, 12, 8, 3))[0]
        self._told.clear()
        doing()
        if self._rng.random() < 0.4:
            await self.settle()
        else:
            await asyncio.sleep(self._rng.choice((0, 0, 0.001, 0.004)))

    async def settle(self) -> None:
        """Wait until something is told, or a moment."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), 0.02)

    async def finish(self) -> None:
        """Wait until everything is told."""
        for _ in range(_UNDER_WAY):
            await asyncio.wait_for(self._room.acquire(), _TOLD_WITHIN_S)

    def _on_file(self, file: OpenFile) -> None:
        self.moves += 1
        if not file.fallback:
            self._notes.release()

    # --- what a hub does ------------------------------------------------------------------------

    def _reading(self) -> None:
        rows = [self._row(Kind.READING, Lane.BULK) for _ in range(self._rng.randint(1, 4))]
        self._give(rows, urgent=False)

    def _burst(self) -> None:
        count = self._rng.choice((20, 60, 500))
        self._give([self._row(Kind.READING, Lane.BULK) for _ in range(count)], urgent=False)

    def _alarm(self) -> None:
        standing = self._store.state[Table.ALARM]
        name = self._rng.choice([*standing, f"a{self._number}"])
        if name not in standing:
            reading = self._row(Kind.READING, Lane.URGENT)
            raised = self._row(Kind.ALARM_RAISED, Lane.URGENT, alarm=name)
            self._give([reading, raised], Put(Table.ALARM, name, _number(raised)))
        elif self._rng.random() < 0.5:
            acked = self._row(Kind.ALARM_ACKED, Lane.URGENT, alarm=name)
            self._give([acked], Put(Table.ALARM, name, _number(acked)))
        else:
            closed = self._row(Kind.ALARM_CLOSED, Lane.URGENT, alarm=name)
            self._give([closed], Put(Table.ALARM, name, None))

    def _order(self) -> None:
        key = f"e{self._number}"
        asked = self._row(Kind.ACTUATION_ASKED, Lane.URGENT, effect=key)
        self._give([asked], Put(Table.EFFECT, key, _number(asked)))

    def _carried_out(self) -> None:
        """Change state without a row."""
        key = next(iter(self._store.state[Table.EFFECT]), None)
        if key is None:
            self._order()
            return
        self._notes.tell(durable=True, asked=key)
        done = self._done(lambda on_disk: self._notes.tell(durable=on_disk, removed=key))
        self._store.append((), (Put(Table.EFFECT, key, None),), urgent=True, done=done)

    def _cursor(self) -> None:
        lane = self._rng.choice(tuple(Lane))
        self._store.advance(self._store.journal_id, lane, self._store.last_durable_seq)
        self._room.release()

    # --- how it is given ------------------------------------------------------------------------

    def _row(self, kind: Kind, lane: Lane, **more: str) -> Row:
        self._number += 1
        pad = self._rng.randbytes(self._rng.choice((10, 40, 200))).hex()
        body = {"n": self._number, "pad": pad, "seal": seal(self._number, pad), **more}
        return Row(kind, lane, self._clock.now(), body)

    def _give(self, rows: list[Row], *puts: Put, urgent: bool = True) -> None:
        numbered = [(self._store.take_seq(), row) for row in rows]
        counter = Put(Table.RULE_STATE, LAST, _number(rows[-1]))

        def tell(on_disk: bool) -> None:
            journal_id = self._store.journal_id
            told = [[journal_id, seq, digest(r.kind, r.lane, r.body)] for seq, r in numbered]
            self._notes.tell(durable=on_disk, rows=told)

        self._store.append(numbered, (*puts, counter), urgent=urgent, done=self._done(tell))

    def _done(self, tell: Callable[[bool], None]) -> Callable[[bool], None]:
        def done(durable: bool) -> None:
            if not durable:
                raise RuntimeError("the store gave up rows, though its disk was never stalled")
            tell(not self._store.file.fallback)
            self._told.set()
            self._room.release()

        return done


async def run(args: argparse.Namespace) -> int:
    """Be a hub for so many steps and end in the way that was asked for."""
    clock = HandClock()
    store = JournalStore(args.disk / MAIN, args.runtime / "fallback.db", clock, _RETRY_MAIN_S)
    if store.trouble:
        raise RuntimeError(store.trouble)
    # The control: the product has no such setting, so the test takes the promise out of its hands.
    store.file.db.execute(f"PRAGMA synchronous = {args.synchronous}")
    notes = Notes(args.notes, args.record)
    notes.open()
    load = Load(store, notes, random.Random(args.seed), clock)
    store.start()
    for _ in range(args.steps):
        await load.step()
    if args.end == "full":
        await _fill_up(store, load, args.disk / BALLAST)
    if args.end == "die":
        os._exit(0)  # With rows under way, as when the power went or the hub was killed.
    await load.finish()
    if not store.stop(_TOLD_WITHIN_S):
        raise RuntimeError("the store did not stop in time")
    return 0


async def _fill_up(store: JournalStore, load: Load, ballast: Path) -> None:
    """Fill the disk until the store goes on in tmpfs, make room again, and see it come back."""
    with ballast.open("wb") as file:
        # Down to single blocks: free space is in pieces.
        for size in (1 << 20, 1 << 16, 1 << 12):
            with suppress(OSError):
                while True:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
    async with asyncio.timeout(_TOLD_WITHIN_S):
        while not load.moves:
            await load.step()
        os.unlink(ballast)
        while store.file.fallback:
            await load.step()
    for _ in range(40):
        await load.step()


def _number(row: Row) -> str:
    return str(row.body["n"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--disk", type=Path, required=True, help="where the disk is mounted")
    add("--runtime", type=Path, required=True, help="the folder on tmpfs")
    add("--record", type=Path, required=True, help="the record of the disk's writes")
    add("--notes", type=Path, required=True, help="where to note what was told")
    add("--seed", required=True)
    add("--steps", type=int, default=250)
    add("--synchronous", choices=("FULL", "NORMAL"), default="FULL")
    add("--end", choices=ENDS, default="stop")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(run(_arguments())))
    except KeyboardInterrupt:
        sys.exit(1)
