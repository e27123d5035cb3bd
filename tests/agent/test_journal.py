"""The journal keeps what it was told, on real files and through real failures of them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.limits import BULK_COMMIT_S
from agent.core.row import JournalId, Kind, Lane, Row
from agent.journal.reader import COUNTED_ROWS, JournalReader
from agent.journal.schema import Table
from agent.journal.store import JournalStore, Loss
from agent.journal.writer import Put
from tests.agent.home import until
from tests.clocks import HandClock


def row(clock: HandClock, number: int = 0, lane: Lane = Lane.BULK, size: int = 10) -> Row:
    return Row(Kind.READING, lane, clock.now(), {"n": number, "pad": "x" * size})


async def commit(store: JournalStore, *rows: Row, urgent: bool = True) -> bool:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    numbered = [(store.take_seq(), r) for r in rows]
    store.append(numbered, urgent=urgent, done=future.set_result)
    return await asyncio.wait_for(future, 10)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def opened(folder: Path, clock: HandClock) -> JournalStore:
    store = JournalStore(folder / "data" / "journal.db", folder / "run" / "fallback.db", clock)
    store.start()
    return store


def stored(path: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT journal_id, seq FROM journal ORDER BY 1, 2").fetchall()


async def test_an_urgent_row_is_on_disk_when_done_is_called(folder: Path, clock: HandClock) -> None:
    store = opened(folder, clock)
    assert await commit(store, row(clock))
    assert stored(store.file.path) == [(store.journal_id, 1)]
    assert store.stop(5)


async def test_an_urgent_commit_takes_waiting_telemetry_along_in_order_of_seq(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    for number in range(5):
        store.append([(store.take_seq(), row(clock, number))], urgent=False)
    assert await commit(store, row(clock, lane=Lane.URGENT))
    assert [seq for _, seq in stored(store.file.path)] == [1, 2, 3, 4, 5, 6]
    assert store.commits <= 2
    assert store.stop(5)


async def test_an_urgent_row_does_not_wait_for_telemetry_that_came_after_it(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    began = asyncio.get_running_loop().time()
    urgent = asyncio.get_running_loop().create_future()
    store.append([(store.take_seq(), row(clock))], urgent=True, done=urgent.set_result)
    store.append([(store.take_seq(), row(clock))], urgent=False)
    assert await asyncio.wait_for(urgent, 10)
    assert asyncio.get_running_loop().time() - began < BULK_COMMIT_S / 2
    assert store.stop(5)


async def test_telemetry_is_committed_within_its_time_without_anything_urgent(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    began = asyncio.get_running_loop().time()
    assert await commit(store, row(clock), urgent=False)
    assert asyncio.get_running_loop().time() - began < 5
    assert store.stop(5)


async def test_state_changes_in_the_same_transaction_and_is_there_after_reopening(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    store.append([(store.take_seq(), row(clock))], [Put(Table.ALARM, "a", "{}")], urgent=True)
    store.append((), [Put(Table.ALARM, "b", "{}"), Put(Table.ALARM, "a", None)], urgent=True)
    store.advance(store.journal_id, Lane.BULK, 1)
    assert store.stop(5)
    again = opened(folder, clock)
    assert again.state[Table.ALARM] == {"b": "{}"}
    assert again.cursor(again.journal_id, Lane.BULK) == 1
    assert again.journal_id == store.journal_id
    assert again.next_seq == 2
    assert again.stop(5)


async def test_a_cursor_never_goes_back(folder: Path, clock: HandClock) -> None:
    store = opened(folder, clock)
    store.advance(store.journal_id, Lane.URGENT, 7)
    store.advance(store.journal_id, Lane.URGENT, 3)
    assert store.cursor(store.journal_id, Lane.URGENT) == 7
    assert store.stop(5)


@pytest.mark.parametrize("damage", ["header", "middle", "text"])
async def test_a_corrupt_file_is_set_aside_and_a_fresh_one_begun(
    folder: Path, clock: HandClock, damage: str
) -> None:
    store = opened(folder, clock)
    assert await commit(store, *(row(clock, n, size=2000) for n in range(50)))
    old_id, path = store.journal_id, store.file.path
    assert store.stop(5)
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:16] = b"not a database!!"
    elif damage == "middle":
        data[4096:20480] = os.urandom(16384)
    else:
        data = bytearray(b"this is a text file\n" * 300)
    path.write_bytes(data)

    again = opened(folder, clock)
    assert again.journal_id != old_id
    assert not again.file.fallback
    assert "corrupt" in again.trouble
    kept = [p for p in path.parent.glob("journal.db.bad-*") if p.name[-4:] not in ("-shm", "-wal")]
    assert [k.read_bytes() for k in kept] == [bytes(data)]
    assert await commit(again, row(clock))
    assert again.stop(5)


async def test_three_corrupt_files_in_a_row_are_all_kept(folder: Path, clock: HandClock) -> None:
    for _ in range(3):
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / "journal.db").write_bytes(b"rubbish" * 1000)
        store = opened(folder, clock)
        assert await commit(store, row(clock))
        assert store.stop(5)
    assert len(list((folder / "data").glob("journal.db.bad-*[Z0-9]"))) == 3


async def test_a_file_of_a_newer_version_is_set_aside_not_overwritten(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    assert await commit(store, row(clock))
    path = store.file.path
    assert store.stop(5)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    again = opened(folder, clock)
    assert "newer" in again.trouble
    assert again.stop(5)


async def test_a_folder_that_cannot_be_made_leaves_the_journal_on_tmpfs(
    tmp_path: Path, clock: HandClock
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    store = opened(tmp_path, clock)
    assert store.file.fallback
    assert "cannot be written" in store.trouble
    assert await commit(store, row(clock))
    assert stored(tmp_path / "run" / "fallback.db") == [(store.journal_id, 1)]
    assert store.stop(5)


async def test_with_no_disk_and_no_tmpfs_the_journal_still_takes_rows(
    tmp_path: Path, clock: HandClock
) -> None:
    (tmp_path / "data").write_text("")
    (tmp_path / "run").write_text("")
    store = opened(tmp_path, clock)
    assert "memory" in store.trouble
    assert await commit(store, row(clock))
    assert store.stop(5)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB, mounted where the journal lives."""
    data = tmp_path / "data"
    data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(data)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root and mount(8)")
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for _ in range(1000):
            file.write(b"x" * 4096)


def enlarge(mounted: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", str(mounted)], check=True)


async def test_a_disk_that_fills_up_moves_the_journal_and_comes_back_with_every_row(
    tmp_path: Path, small_disk: Path, clock: HandClock
) -> None:
    ballast = small_disk / "ballast"
    store = JournalStore(small_disk / "journal.db", tmp_path / "f.db", clock, retry_main_s=0.3)
    store.start()
    main_id = store.journal_id
    moves: list[bool] = []
    store.on_file = lambda file: moves.append(file.fallback)
    assert await commit(store, row(clock, 1))
    store.append((), [Put(Table.DEVICE, "d", "{}")], urgent=True)
    with pytest.raises(OSError, match="No space"):
        fill(ballast)
    for number in range(2, 40):
        assert await commit(store, row(clock, number, size=4000))
    assert store.file.fallback
    assert "full" in store.trouble
    fallback_id = store.journal_id
    assert fallback_id != main_id
    with closing(sqlite3.connect(store.file.path)) as db:
        assert db.execute("SELECT key FROM device").fetchall() == [("d",)]

    ballast.unlink()
    enlarge(small_disk)
    await until(lambda: not store.file.fallback)
    assert moves == [True, False]
    assert store.journal_id == main_id
    assert await commit(store, row(clock, 40))
    assert store.stop(5)
    assert sorted(seq for _, seq in stored(small_disk / "journal.db")) == list(range(1, 41))
    assert {journal for journal, _ in stored(small_disk / "journal.db")} == {main_id, fallback_id}
    assert not (tmp_path / "f.db").exists()


async def test_rows_left_on_tmpfs_by_a_crash_are_taken_along_at_the_next_start(
    tmp_path: Path, clock: HandClock
) -> None:
    (tmp_path / "data").write_text("")
    store = opened(tmp_path, clock)
    fallback_id = store.journal_id
    assert await commit(store, row(clock))
    assert store.stop(5)
    (tmp_path / "data").unlink()
    again = opened(tmp_path, clock)
    assert not again.file.fallback
    found = {journal_id: (path, last) for journal_id, path, last in again.journals()}
    assert found[fallback_id] == (tmp_path / "data" / "journal.db", 1)
    assert again.stop(5)


async def test_what_was_removed_while_the_disk_was_full_does_not_come_back_with_the_disk(
    tmp_path: Path, small_disk: Path, clock: HandClock
) -> None:
    ballast = small_disk / "ballast"
    main = small_disk / "journal.db"
    store = JournalStore(main, tmp_path / "f.db", clock, retry_main_s=0.3)
    store.start()
    store.append((), [Put(Table.ALARM, "a", "1"), Put(Table.ALARM, "b", "1")], urgent=True)
    store.append((), [Put(Table.ALARM, "c", "1")], urgent=True)
    assert await commit(store, row(clock))
    with pytest.raises(OSError, match="No space"):
        fill(ballast)
    while not store.file.fallback:
        assert await commit(store, row(clock, size=4000))
    store.append((), [Put(Table.ALARM, "a", None), Put(Table.ALARM, "b", None)], urgent=True)
    store.append((), [Put(Table.ALARM, "b", "2")], urgent=True)
    assert await commit(store, row(clock))
    ballast.unlink()
    enlarge(small_disk)
    await until(lambda: not store.file.fallback)
    assert await commit(store, row(clock))
    assert store.stop(5)
    with closing(sqlite3.connect(main)) as db:
        assert dict(db.execute("SELECT key, body FROM alarm")) == {"b": "2", "c": "1"}


async def test_the_bounded_file_gives_up_old_telemetry_but_no_alarm(
    tmp_path: Path, clock: HandClock
) -> None:
    (tmp_path / "data").write_text("")
    store = opened(tmp_path, clock)
    losses: list[Loss] = []
    store.on_loss = losses.append
    assert await commit(store, row(clock, lane=Lane.URGENT))
    for _ in range(60):
        assert await commit(store, *(row(clock, size=8000) for _ in range(50)))
    assert losses
    assert store.counters.dropped == sum(loss.rows for loss in losses)
    assert store.counters.lost == 0
    with closing(sqlite3.connect(store.file.path)) as db:
        assert db.execute("SELECT seq FROM journal WHERE lane = 'urgent'").fetchall() == [(1,)]
        kept = db.execute("SELECT count(*) FROM journal WHERE lane = 'bulk'").fetchone()[0]
    assert kept + store.counters.dropped == 3000
    assert store.stop(10)


async def test_a_reader_sees_lanes_and_kinds_apart(folder: Path, clock: HandClock) -> None:
    store = opened(folder, clock)
    raised = Row(Kind.ALARM_RAISED, Lane.URGENT, clock.now(), {})
    assert await commit(store, row(clock), raised, row(clock))
    reader = JournalReader(store.file.path)
    identity = JournalId(store.journal_id)
    assert [r.seq for r in reader.rows(identity, after_seq=0, limit=9, lane=Lane.BULK)] == [1, 3]
    assert [r.seq for r in reader.rows(identity, after_seq=0, limit=9, kinds=["alarm"])] == [2]
    assert [r.seq for r in reader.tail(identity, 2)] == [2, 3]
    assert reader.waiting(identity, Lane.BULK, 1) == 1
    reader.close()
    assert store.stop(5)


async def test_a_row_whose_columns_are_not_what_they_were_is_named_and_blocks_nobody(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    assert await commit(store, *(row(clock) for _ in range(8)))
    path, identity = store.file.path, store.journal_id
    assert store.stop(5)
    damage = ("mono_ms = 'x'", "received_at = 'late'", "lane = 'left'", "body = x'00'")
    with closing(sqlite3.connect(path)) as db:
        for seq, change in enumerate(damage, start=2):
            db.execute(f"UPDATE journal SET {change} WHERE seq = ?", (seq,))
        db.commit()
    reader = JournalReader(path)
    found = reader.rows(identity, after_seq=0, limit=9)
    reader.close()
    assert [r.seq for r in found] == list(range(1, 9))
    assert [r.kind for r in found[1:4]] == ["unreadable"] * 3
    assert isinstance(found[4].body, bytes), "what is in a body is for the codec to judge"
    assert {r.kind for r in (found[0], *found[4:])} == {"reading"}


async def test_a_long_backlog_is_counted_without_reading_all_of_it(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    urgent = [Row(Kind.ALARM_RAISED, Lane.URGENT, clock.now(), {}) for _ in range(3)]
    assert await commit(store, *(row(clock) for _ in range(COUNTED_ROWS)), *urgent, row(clock))
    reader = JournalReader(store.file.path)
    identity = store.journal_id
    assert reader.waiting(identity, Lane.BULK, 0) == COUNTED_ROWS + 1
    assert reader.waiting(identity, Lane.BULK, 1) == COUNTED_ROWS
    assert reader.waiting(identity, Lane.URGENT, 0) == 3
    with closing(sqlite3.connect(store.file.path)) as db:
        db.execute("DELETE FROM journal WHERE seq <= 10 OR seq = 20")
        db.execute("UPDATE journal SET seq = seq + 20000 WHERE seq > 100")
        db.commit()
    assert reader.waiting(identity, Lane.BULK, 0) == COUNTED_ROWS - 10
    reader.close()
    assert store.stop(10)


async def test_a_fault_of_the_program_in_the_writer_is_not_silent(
    folder: Path, clock: HandClock
) -> None:
    store = opened(folder, clock)
    unwritable = Row(Kind.READING, Lane.BULK, clock.now(), {"n": object()})
    store.append([(store.take_seq(), unwritable)], urgent=True)
    with pytest.raises(RuntimeError, match="writer thread"):
        await asyncio.wait_for(store.watch(), 10)
