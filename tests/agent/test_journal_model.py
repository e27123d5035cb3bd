"""Whatever is done to the journal, it holds what a plain list and some dicts would hold."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.device import DeviceId
from agent.core.row import JournalId, Kind, Lane, Row
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from tests.clocks import HandClock

_TABLES = (Table.ALARM, Table.EFFECT, Table.RULE_STATE)


@dataclass(frozen=True)
class Commit:
    """Hand over rows and changed state; wait until it is on disk if `waits`."""

    rows: tuple[tuple[Lane, str], ...]
    puts: tuple[Put, ...]
    urgent: bool
    waits: bool


@dataclass(frozen=True)
class Advance:
    """Move a cursor."""

    lane: Lane
    seq: int


@dataclass(frozen=True)
class Reopen:
    """Stop in good order and open again."""


@dataclass(frozen=True)
class PowerCut:
    """Look at what another machine would find on the disk right now."""


Action = Commit | Advance | Reopen | PowerCut

texts = st.text(max_size=20) | st.sampled_from(["\ud800", "\x00", "床头", "'; DROP TABLE journal;"])
puts = st.builds(
    Put, st.sampled_from(_TABLES), st.sampled_from("abc"), st.none() | st.sampled_from("xyz")
)
commits = st.builds(
    Commit,
    st.lists(st.tuples(st.sampled_from(Lane), texts), max_size=4).map(tuple),
    st.lists(puts, max_size=3).map(tuple),
    st.booleans(),
    st.booleans(),
)
actions = st.lists(
    commits
    | commits
    | st.builds(Advance, st.sampled_from(Lane), st.integers(0, 9))
    | st.builds(Advance, st.just(Lane.BULK), st.integers(0, 9))
    | st.builds(Reopen)
    | st.builds(PowerCut),
    max_size=14,
)


@dataclass
class Model:
    """What the journal must hold."""

    rows: list[tuple[int, str, str]] = field(default_factory=list)
    state: dict[Table, dict[str, str]] = field(default_factory=lambda: {t: {} for t in _TABLES})
    cursors: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    durable_rows: int = 0

    def commit(self, first_seq: int, action: Commit) -> None:
        """Take the same rows and puts."""
        for number, (lane, text) in enumerate(action.rows):
            kept = text.encode(errors="replace").decode()
            self.rows.append((first_seq + number, lane, kept))
        for put in action.puts:
            if put.body is None:
                self.state[put.table].pop(put.key, None)
            else:
                self.state[put.table][put.key] = put.body


class Bench:
    """A journal in a folder beside its model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.model = Model()
        self.store = self._open()
        self.journal_id = self.store.journal_id

    def _open(self) -> JournalStore:
        path = self.folder / "data" / "journal.db"
        store = JournalStore(path, self.folder / "fallback.db", self.clock)
        store.start()
        return store

    async def play(self, action: Action) -> None:
        """Do it to both and compare."""
        match action:
            case Commit():
                await self._commit(action)
            case Advance(lane, seq):
                self.store.advance(self.journal_id, lane, seq)
                self.model.cursors[lane] = max(self.model.cursors[lane], seq)
                assert self.store.cursor(self.journal_id, lane) == self.model.cursors[lane]
            case Reopen():
                self._reopen()
            case PowerCut():
                self._power_cut()

    async def _commit(self, action: Commit) -> None:
        self.clock.advance(0.5)
        rows = [(self.store.take_seq(), _row(self.clock, *row)) for row in action.rows]
        self.model.commit(rows[0][0] if rows else 0, action)
        durable: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.store.append(rows, action.puts, urgent=action.urgent, done=durable.set_result)
        if action.urgent and action.waits and (rows or action.puts):
            assert await asyncio.wait_for(durable, 10)
            self.model.durable_rows = len(self.model.rows)
            assert self.store.last_durable_seq == self.store.next_seq - 1

    def _reopen(self) -> None:
        assert self.store.stop(10)
        self.model.durable_rows = len(self.model.rows)
        self.store = self._open()
        assert self.store.journal_id == self.journal_id
        assert self.store.next_seq == len(self.model.rows) + 1
        for table in _TABLES:
            assert self.store.state[table] == self.model.state[table]
        for lane in Lane:
            assert self.store.cursor(self.journal_id, lane) == self.model.cursors[lane]
        assert self._stored(self.store.file.path) == self.model.rows
        self._ask_the_reader()

    def _power_cut(self) -> None:
        """Everything that was said to be on disk is there, and nothing that never was."""
        elsewhere = Path(tempfile.mkdtemp(dir=self.folder))
        for name in ("journal.db", "journal.db-wal"):
            with_wal = self.folder / "data" / name
            if with_wal.exists():
                shutil.copyfile(with_wal, elsewhere / name)
        found = self._stored(elsewhere / "journal.db")
        assert found == self.model.rows[: len(found)], "a row that was never written, or a gap"
        assert len(found) >= self.model.durable_rows, "a row that was said to be on disk is lost"

    def _stored(self, path: Path) -> list[tuple[int, str, str]]:
        with closing(sqlite3.connect(path)) as db:
            found = db.execute("SELECT seq, lane, body FROM journal ORDER BY seq").fetchall()
        return [(seq, lane, json.loads(body)["text"]) for seq, lane, body in found]

    def _ask_the_reader(self) -> None:
        reader = JournalReader(self.store.file.path)
        try:
            for lane in Lane:
                after = self.model.cursors[lane]
                wanted = [r for r in self.model.rows if r[1] == lane and r[0] > after]
                found = reader.rows(self.journal_id, after_seq=after, limit=1000, lane=lane)
                assert [(r.seq, r.lane, json.loads(r.body)["text"]) for r in found] == wanted
                assert reader.waiting(self.journal_id, lane, after) == len(wanted)
            tail = reader.tail(self.journal_id, 3)
            assert [r.seq for r in tail] == [seq for seq, _, _ in self.model.rows[-3:]]
            assert reader.tail(JournalId("ffffffff"), 3) == []
        finally:
            reader.close()

    def close(self) -> None:
        """Stop, open once more and compare a last time."""
        self._reopen()
        assert self.store.stop(10)


def _row(clock: HandClock, lane: Lane, text: str) -> Row:
    return Row(Kind.READING, lane, clock.now(), {"text": text}, DeviceId("zb:1"))


async def _play(script: Sequence[Action]) -> None:
    with tempfile.TemporaryDirectory(prefix="anju-model-") as folder:
        bench = Bench(Path(folder))
        try:
            for action in script:
                await bench.play(action)
        finally:
            bench.close()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions)
def test_the_journal_holds_what_a_list_would_hold(script: list[Action]) -> None:
    asyncio.run(_play(script))
