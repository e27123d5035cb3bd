"""Whatever befalls the journal and in whatever order, it holds what a plain list would hold.

Hypothesis invents lives of a hub: rows, state, cursors, retention, crashes, a disk that is full,
gone, back or damaged. The model is the list of what was handed over; the judge is a connection of
its own to the files. After a crash the journal must be the model after some of what was handed
over, in order, and at least after all that was said to be on disk.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.core.device import DeviceId
from agent.core.row import Kind, Lane, Row
from agent.journal.edits import forget, take_in
from agent.journal.retention import plan
from agent.journal.salvage import saved_rows
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from tests.agent.home import until
from tests.clocks import HandClock

STATE = (Table.ALARM, Table.EFFECT, Table.CURSOR)
DAY_S = 86_400.0


@dataclass(frozen=True)
class Given:
    """What was handed over at once: rows as (number, seq, kind), what goes, and changed state."""

    rows: tuple[tuple[int, int, str], ...] = ()
    gone: frozenset[int] = frozenset()
    puts: tuple[Put, ...] = ()


@dataclass
class Model:
    """What the journal must hold."""

    rows: dict[int, tuple[int, str]] = field(default_factory=dict)
    state: dict[Table, dict[str, str]] = field(default_factory=lambda: {t: {} for t in STATE})

    def take(self, given: Given) -> None:
        """Do the same to plain dicts."""
        for number in given.gone:
            del self.rows[number]
        self.rows |= {number: (seq, kind) for number, seq, kind in given.rows}
        for put in given.puts:
            if put.body is None:
                self.state[put.table].pop(put.key, None)
            else:
                self.state[put.table][put.key] = put.body

    def copy(self) -> Model:
        """Return a model of its own."""
        return Model(dict(self.rows), {table: dict(kept) for table, kept in self.state.items()})


class JournalMachine(RuleBasedStateMachine):
    """One hub's journal, through everything."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(mkdtemp(prefix="anju-machine-"))
        self.loop = asyncio.new_event_loop()
        self.clock = HandClock()
        self.lives = 0
        self.number = 0
        self.is_gone = False
        self.ever: dict[int, tuple[int, str]] = {}  # Every row that was handed over.
        self.model = Model()  # After everything that was told, and
        self.under_way: list[Given] = []  # this was handed over since.
        self.folder = self._new_life()
        self._plug(self.folder, "disk")

    # --- the hub --------------------------------------------------------------------------------

    def _new_life(self) -> Path:
        self.lives += 1
        folder = self.base / str(self.lives)
        (folder / "disk").mkdir(parents=True)
        (folder / "no-disk").write_text("a file where a folder should be")
        return folder

    def _plug(self, folder: Path, disk: str) -> None:
        """Let the hub see the disk, or not, from one moment to the next."""
        (folder / "link").symlink_to(disk)
        (folder / "link").replace(folder / "data")
        self.is_gone = disk == "no-disk"

    def _do(self, doing: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(doing)

    @property
    def main(self) -> Path:
        """Return where the real file is, whether the hub can see it or not."""
        return self.folder / "disk" / "journal.db"

    @property
    def fallback(self) -> Path:
        return self.folder / "fallback.db"

    @initialize()
    def start(self) -> None:
        self._do(self._open())

    async def _open(self) -> None:
        path = self.folder / "data" / "journal.db"
        self.store = JournalStore(path, self.fallback, self.clock, retry_main_s=0.02)
        self.losses: list[tuple[int, int, int]] = []
        self.expected_losses: list[tuple[int, int, int]] = []
        self.store.on_loss = lambda loss: self.losses.append(
            (loss.rows, loss.first_seq, loss.last_seq)
        )
        self.store.start()

    def _give(self, given: Given, rows: list[tuple[int, Row]], *, urgent: bool) -> None:
        self.under_way.append(given)
        self.store.append(rows, given.puts, urgent=urgent, done=self._told)

    def _told(self, durable: bool) -> None:
        assert durable
        self.model.take(self.under_way.pop(0))

    def _told_of_edit(self, durable: bool) -> None:
        """An edit is meant for one file; if that is not written any more, its seqs are a loss."""
        if durable:
            self._told(durable)
        else:
            given = self.under_way.pop(0)
            seqs = [seq for _, seq, _ in given.rows]
            self.expected_losses.append((len(seqs), min(seqs), max(seqs)))

    async def _settle(self) -> None:
        """Wait until everything is told; a write that changes nothing hurries it along."""
        self._give(Given(), [], urgent=True)
        await until(lambda: not self.under_way)
        assert self.losses == self.expected_losses

    def _row(self, kind: Kind, lane: Lane, **more: object) -> tuple[tuple[int, int, str], Row]:
        self.number += 1
        body = {"number": self.number, "quantity": "temp_c", "value": self.number, **more}
        row = Row(kind, lane, self.clock.now(), body, DeviceId("zb:1"))
        self.ever[self.number] = (self.store.next_seq, str(kind))
        return (self.number, self.store.next_seq, str(kind)), row

    # --- what may happen ------------------------------------------------------------------------

    @rule(count=st.integers(0, 5), urgent=st.booleans(), settles=st.booleans(), alarm=st.booleans())
    def commit(self, count: int, urgent: bool, settles: bool, alarm: bool) -> None:
        """Readings, and perhaps an alarm with its state."""

        async def doing() -> None:
            self.clock.advance(1.0)
            noted, rows = [], []
            kinds = [(Kind.READING, Lane.BULK)] * count + [(Kind.ALARM_RAISED, Lane.URGENT)] * alarm
            for kind, lane in kinds:
                note, row = self._row(kind, lane)
                rows.append((self.store.take_seq(), row))
                noted.append(note)
            puts = (Put(Table.ALARM, f"a{self.number}", "raised"),) if alarm else ()
            self._give(Given(tuple(noted), puts=puts), rows, urgent=urgent or alarm)
            if settles:
                await self._settle()

        self._do(doing())

    @rule(key=st.sampled_from("abc"), body=st.none() | st.sampled_from("xy"), urgent=st.booleans())
    def change_state(self, key: str, body: str | None, urgent: bool) -> None:
        async def doing() -> None:
            self._give(Given(puts=(Put(Table.EFFECT, key, body),)), [], urgent=urgent)

        self._do(doing())

    @rule(lane=st.sampled_from(Lane), behind=st.integers(0, 4))
    def acknowledge(self, lane: Lane, behind: int) -> None:
        """The platform has everything but the last few."""

        async def doing() -> None:
            journal_id, through = self.store.journal_id, self.store.last_durable_seq - behind
            if through <= self.store.cursor(journal_id, lane):
                return
            await self._settle()
            self.store.advance(journal_id, lane, through)
            put = Put(Table.CURSOR, f"{journal_id}/{lane}", str(through))
            self.model.take(Given(puts=(put,)))
            await self._settle()

        self._do(doing())

    @precondition(lambda self: not self.store.file.fallback)
    @rule()
    def make_room(self) -> None:
        """Do one step of retention, as on a disk that is nearly full."""

        async def doing() -> None:
            await self._settle()
            self.clock.advance(1.0)
            through = {
                (journal_id, lane): self.store.cursor(journal_id, lane)
                for journal_id, _, _ in self.store.journals()
                for lane in Lane
            }
            step = plan(self.main, self.clock.wall_s, through, full=True)
            if step is None:
                return
            with closing(sqlite3.connect(self.main)) as db:
                db.text_factory = lambda raw: raw.decode(errors="replace")
                found = db.execute(
                    "SELECT seq, body, kind FROM journal WHERE journal_id = ?", (step.journal_id,)
                ).fetchall()
            gone = [(_number(body), kind) for seq, body, kind in found if seq in step.seqs]
            acked = through.get((step.journal_id, Lane.URGENT), 0)
            is_alarm = any(kind.startswith("alarm") for _, kind in gone)
            assert not is_alarm or max(step.seqs) <= acked, "an alarm nobody acknowledged went"
            noted, rows = [], []
            for kind in [Kind.READING_HOURLY] * len(step.hourly) + [Kind.GAP]:
                note, row = self._row(kind, Lane.BULK, count=len(step.seqs))
                rows.append((self.store.take_seq(), row))
                noted.append(note)
            numbers = frozenset(number for number, _ in gone if number)
            self.under_way.append(Given(tuple(noted), numbers))
            self.store.edit([forget(step.journal_id, step.seqs)], rows, done=self._told_of_edit)
            await self._settle()

        self._do(doing())

    @precondition(lambda self: not self.is_gone)
    @rule(full=st.booleans())
    def lose_disk(self, full: bool) -> None:
        """The disk can take no more, and cannot be opened again for a while."""

        async def doing() -> None:
            await self._settle()
            if full:  # SQLite's own SQLITE_FULL, at the next page that the file would need.
                db = self.store.file.db
                pages = db.execute("PRAGMA page_count").fetchone()[0]
                db.execute(f"PRAGMA max_page_count = {pages}")
            self._plug(self.folder, "no-disk")

        self._do(doing())

    @precondition(lambda self: self.is_gone)
    @rule()
    def fill_up(self) -> None:
        """Telemetry until the disk is full, if it is to be, and the journal has moved."""

        async def doing() -> None:
            for _ in range(3):
                note, row = self._row(Kind.READING, Lane.BULK, pad="x" * 9000)
                self._give(Given((note,)), [(self.store.take_seq(), row)], urgent=True)
                await self._settle()

        self._do(doing())

    @precondition(lambda self: self.is_gone)
    @rule()
    def find_disk(self) -> None:
        async def doing() -> None:
            await self._settle()
            self._plug(self.folder, "disk")
            await until(lambda: not self.store.file.fallback)
            await self._settle()

        self._do(doing())

    # --- ends and beginnings --------------------------------------------------------------------

    def _may_start(self) -> bool:
        """Return whether there is a file to start with: a hub without one begins from nothing."""
        return not self.is_gone or self.store.file.fallback

    @precondition(lambda self: self._may_start())
    @rule()
    def reopen(self) -> None:
        async def doing() -> None:
            await self._settle()
            assert self.store.stop(10)
            await self._begin_again()
            self._compare(self.model)

        self._do(doing())

    @precondition(lambda self: self._may_start())
    @rule(at_once=st.booleans())
    def crash(self, at_once: bool) -> None:
        """Go on with the files as they are at this moment, with rows under way."""

        async def doing() -> None:
            if at_once is False:
                await asyncio.sleep(0)
            if self.store.file.fallback:  # Its state follows a moment after it was begun.
                await self._settle()
            old, before = self.folder, self.store
            self.folder = self._new_life()
            shutil.copytree(old / "disk", self.folder / "disk", dirs_exist_ok=True)
            self._plug(self.folder, "no-disk" if self.is_gone else "disk")
            for path in old.glob("fallback.db*"):
                shutil.copyfile(path, self.folder / path.name)
            told, waiting = self.model.copy(), [*self.under_way]
            assert before.stop(10)
            await until(lambda: not self.under_way)
            await self._begin_again()
            self.model = self._one_of(told, waiting)

        self._do(doing())

    async def _begin_again(self) -> None:
        for shm in self.folder.rglob("*-shm"):
            shm.unlink()
        await self._open()
        await self._settle()

    def _one_of(self, told: Model, waiting: list[Given]) -> Model:
        """Return the model that the journal is now, which one of these must be."""
        found = self._rows()
        for given in [None, *waiting]:
            if given is not None:
                told.take(given)
            if self._same(told, found):
                return told
        raise AssertionError(f"found {found}, told was {told}, under way {waiting}")

    @precondition(lambda self: not self.is_gone and not self.store.file.fallback)
    @rule(where=st.sampled_from(("header", "middle", "last", "wal")), seed=st.integers(1, 255))
    def damage(self, where: str, seed: int) -> None:
        """Spoil bytes of the closed file or of the WAL it had, and start on what is left."""

        async def doing() -> None:
            await self._settle()
            (main := self.main).with_name("copy").mkdir(exist_ok=True)
            for path in main.parent.glob("journal.db*"):
                if path.is_file() and ".bad-" not in path.name:
                    shutil.copyfile(path, main.with_name("copy") / path.name)
            assert self.store.stop(10)
            for path in main.with_name("copy").iterdir():
                shutil.move(path, main.with_name(path.name))
            _spoil(main, where, seed)
            self.clock.advance(10)
            await self._begin_again()
            if self.store.file.quarantined is not None:
                await self._salvage(self.store.file.quarantined)
            await self._adopt()

        self._do(doing())

    async def _salvage(self, damaged: Path) -> None:
        for page in saved_rows(damaged):
            self.store.edit([take_in(page)])
        await self._settle()

    async def _adopt(self) -> None:
        """Go on from what damage has left, of which nothing may be new or double. What had gone
        before may be back: a WAL that cannot be read takes removals with it."""
        found = self._rows()
        assert len(found) == len({number for number, *_ in found}), "a row is there twice"
        for number, seq, kind in found:
            assert self.ever[number] == (seq, kind), "a row that was never written"
        kept = {number: (seq, kind) for number, seq, kind in found}
        self.model = Model(kept, {table: dict(self.store.state[table]) for table in STATE})

    # --- judged ---------------------------------------------------------------------------------

    def _rows(self) -> list[tuple[int, int, str]]:
        """Return the rows of all files that count, by number."""
        found: set[tuple[str, int, int, str]] = set()
        for path in {self.main, self.fallback}:
            if path.exists():
                # Not to be made by looking at it, should it go at this moment.
                with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
                    db.text_factory = lambda raw: raw.decode(errors="replace")
                    rows = db.execute("SELECT journal_id, seq, body, kind FROM journal").fetchall()
                    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                found |= {(j, seq, _number(body), kind) for j, seq, body, kind in rows}
        return sorted((number, seq, kind) for _, seq, number, kind in found if number)

    def _same(self, model: Model, found: list[tuple[int, int, str]]) -> bool:
        rows = sorted((number, seq, kind) for number, (seq, kind) in model.rows.items())
        state = {table: self.store.state[table] for table in STATE}
        return found == rows and state == model.state

    def _compare(self, model: Model) -> None:
        assert self._same(model, self._rows()), (model, self._rows(), self.store.state)
        present = self.fallback if self.store.file.fallback else self.main
        with closing(sqlite3.connect(present)) as db:
            for table in STATE:
                on_disk = dict(db.execute(f"SELECT key, body FROM {table}").fetchall())
                assert on_disk == model.state[table]

    @invariant()
    def nothing_told_is_missing(self) -> None:
        """While rows are under way, those that were told are there; at rest it is all equal."""

        async def doing() -> None:
            numbers = [number for number, *_ in self._rows()]
            assert set(self.model.rows) <= set(numbers) | {
                n for g in self.under_way for n in g.gone
            }
            assert len(numbers) == len(set(numbers)), "a row is there twice"
            if not self.under_way:
                self._compare(self.model)

        if hasattr(self, "store"):
            self._do(doing())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self._do(self._end())
        self.loop.close()
        shutil.rmtree(self.base)

    async def _end(self) -> None:
        await self._settle()
        self._compare(self.model)
        assert self.store.stop(10)


def _number(body: str) -> int:
    """Return a row's number, 0 when the disk has spoilt its body: SQLite does not notice that."""
    try:
        return int(json.loads(body)["number"])
    except (ValueError, KeyError):
        return 0


def _spoil(main: Path, where: str, seed: int) -> None:
    """Write rubbish into a part of a file, if there is such a part."""
    path = main.with_name(f"{main.name}-wal") if where == "wal" else main
    if not path.exists() or path.stat().st_size < 4096:
        return
    data = bytearray(path.read_bytes())
    if where == "header":
        data[:16] = bytes([seed]) * 16
    else:
        first = len(data) // 8192 * 4096 if where == "middle" else len(data) - 4096
        data[first : first + 2048] = bytes([seed]) * 2048  # As a page that was torn in the middle.
    path.write_bytes(data)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
