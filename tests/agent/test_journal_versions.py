"""Every journal that a hub in the field may have becomes the present one, and none is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.row import Kind, Lane, Row
from agent.housekeeping import Housekeeping
from agent.journal.reader import JournalReader
from agent.journal.schema import COLUMNS, VERSION, Table
from agent.journal.store import JournalStore
from tests.agent.home import Home
from tests.agent.journals.__main__ import FOLDER, JOURNAL_ID, READINGS, dump, live
from tests.agent.test_pipeline import living
from tests.clocks import HandClock

VERSIONS = range(1, VERSION + 1)


def made(version: int, path: Path) -> Path:
    """Make the journal of an older hub."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.executescript((FOLDER / f"v{version}.sql").read_text(encoding="utf-8"))
        db.execute("PRAGMA journal_mode = WAL")
    return path


def tables(path: Path) -> list[tuple[str, str]]:
    """Return everything that the schema says, in its own words."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1")
        return [(name, " ".join(sql.split())) for name, sql in found]


def content(path: Path) -> list[list[tuple[object, ...]]]:
    """Return the rows and the state, but for the journal's own notes."""
    with closing(sqlite3.connect(path)) as db:
        asked = [f"SELECT {COLUMNS} FROM journal ORDER BY journal_id, seq"]
        asked += [f"SELECT '{table}', key, body FROM {table} ORDER BY key" for table in Table]
        return [db.execute(sql).fetchall() for sql in asked]


@pytest.fixture
def clock() -> HandClock:
    return HandClock(wall_s=1_796_000_000.0)


def opened(path: Path, clock: HandClock) -> JournalStore:
    return JournalStore(path, path.with_name("fallback.db"), clock)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_journal_of_any_version_becomes_the_present_one_with_all_it_holds(
    tmp_path: Path, clock: HandClock, version: int
) -> None:
    path = made(version, tmp_path / "journal.db")
    before = content(path)
    assert len(before[0]) == READINGS + 1
    store = opened(path, clock)
    assert store.trouble == ""
    assert store.journal_id == JOURNAL_ID
    assert store.next_seq == READINGS + 2
    assert store.cursor(JOURNAL_ID, Lane.BULK) == 30
    store.start()
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    row = Row(Kind.READING, Lane.BULK, clock.now(), {})
    store.append([(store.take_seq(), row)], urgent=True, done=done.set_result)
    assert await asyncio.wait_for(done, 10)
    assert store.stop(10)
    after = content(path)
    assert after[0][:-1] == before[0]
    assert after[1:] == before[1:]
    fresh = opened(tmp_path / "fresh.db", clock)
    assert tables(path) == tables(fresh.file.path)
    fresh.file.db.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_that_the_power_cut_short_is_finished_at_the_next_start(
    tmp_path: Path, clock: HandClock, version: int
) -> None:
    """Between the last step and its mark, and again when all is done."""
    path = made(version, tmp_path / "journal.db")
    opened(path, clock).file.db.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    before = content(path)
    store = opened(path, clock)
    assert store.trouble == ""
    assert store.file.db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    store.file.db.close()
    assert content(path) == before


async def test_the_journal_of_the_present_version_is_the_one_kept_here(tmp_path: Path) -> None:
    """Whoever changes the schema needs a version, and `python -m tests.agent.journals`."""
    path = tmp_path / "journal.db"
    await live(path)
    assert dump(path) == (FOLDER / f"v{VERSION}.sql").read_text(encoding="utf-8")


async def test_a_newer_journal_is_kept_and_what_it_says_is_taken_over(
    tmp_path: Path, clock: HandClock
) -> None:
    """A hub that was set back to an older release: rows may have columns that it does not know."""
    path = made(VERSION, tmp_path / "data" / "journal.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE journal ADD COLUMN signature TEXT")
        db.execute("UPDATE journal SET signature = 'of tomorrow'")
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
        db.commit()
    before = content(path)
    async with living(tmp_path, clock) as home:
        assert not home.store.file.fallback
        assert f"version {VERSION + 1} is newer" in home.store.trouble
        kept = home.store.file.quarantined
        assert kept is not None
        assert home.store.state[Table.ALARM]["alarm-1"] == '{"of": "alarm"}'
        assert await _keeper(home, tmp_path).salvage(home.store.file) == READINGS + 1
        assert not home.store.file.fallback
        reader = JournalReader(path)
        found = reader.rows(JOURNAL_ID, after_seq=0, limit=1000)
        reader.close()
        assert [row.seq for row in found] == list(range(1, READINGS + 2))
        assert content(kept)[0] == before[0], "the newer file is as it was"


def _keeper(home: Home, folder: Path) -> Housekeeping:
    return Housekeeping(home.clock, home.store, home.pipeline, folder, 10**9)
