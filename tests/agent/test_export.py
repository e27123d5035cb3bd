"""What is exported is what is in the journal: all of it, in order, and as it was recorded."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import JournalError
from agent.core.row import JournalId, Kind, Lane, Row
from agent.journal.edits import forget
from agent.journal.export import PAGE_SEQS, Wanted, pages, row_of
from agent.journal.formats import COLUMNS, Format, body_text, fields, written
from agent.journal.places import Place, Role, connect, named, places
from agent.journal.row import StoredRow
from agent.journal.store import JournalStore
from tests.agent.quick_journal import append, fill, new_journal
from tests.clocks import HandClock

NASTY = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\0", "\r\n", '"', "'; DROP TABLE journal; --", "=1+1", ",", "\u2028", "安居", "\ufeff"]
)
BODIES = st.dictionaries(NASTY, NASTY | st.floats() | st.integers() | st.none(), max_size=4).map(
    lambda body: json.dumps(body, ensure_ascii=False)
)
TIMES = st.floats(min_value=-1e9, max_value=4e9)
ROWS = st.builds(
    StoredRow,
    journal_id=st.just(JournalId("0badcafe")),
    seq=st.integers(1, 2**53),
    lane=st.sampled_from(Lane),
    kind=st.sampled_from([str(kind) for kind in Kind]),
    severity=st.none() | st.sampled_from(["S1", "S5"]),
    device=st.none() | NASTY.filter(bool),
    body=BODIES | NASTY,
    observed_at=st.none() | TIMES,
    received_at=TIMES,
    recorded_at=TIMES,
    boot_id=st.just("boot-1"),
    mono_ms=st.integers(0, 2**53),
    time_quality=st.sampled_from(["synced", "unknown"]),
    correction_ms=st.integers(-(2**40), 2**40),
)
PAGES = st.lists(st.lists(ROWS, max_size=3).map(tuple), max_size=3)


@given(PAGES)
def test_json_says_what_was_recorded(sheets: list[tuple[StoredRow, ...]]) -> None:
    found = json.loads("".join(written(sheets, Format.JSON)))
    same(found, sheets)


@given(PAGES)
def test_one_object_a_line_says_what_was_recorded(sheets: list[tuple[StoredRow, ...]]) -> None:
    text = "".join(written(sheets, Format.NDJSON))
    same([json.loads(line) for line in text.split("\n")[:-1]], sheets)


def same(found: list[Any], sheets: list[tuple[StoredRow, ...]]) -> None:
    rows = [row for sheet in sheets for row in sheet]
    assert len(found) == len(rows)
    for one, row in zip(found, rows, strict=True):
        body = one.pop("body")
        kept = one.pop("body_text", None)
        assert one == fields(row)
        if kept is None:
            assert body == json.loads(row.body)
        else:
            assert (body, kept) == (None, row.body)


@given(PAGES)
def test_a_table_says_what_was_recorded(sheets: list[tuple[StoredRow, ...]]) -> None:
    text = "".join(written(sheets, Format.CSV))
    heading, *found = csv.reader(io.StringIO(text, newline=""))
    assert tuple(heading) == COLUMNS
    rows = [row for sheet in sheets for row in sheet]
    assert len(found) == len(rows)
    for record, row in zip(found, rows, strict=True):
        want = ["" if value is None else str(value) for value in fields(row).values()]
        assert record == [*want, row.body]


def test_bytes_in_place_of_a_body_are_exported_as_text() -> None:
    row = replace(a_row(1), body=b"\xff{")  # type: ignore[arg-type] # SQLite may keep bytes.
    assert body_text(row) == "\ufffd{"
    assert json.loads("".join(written([(row,)], Format.NDJSON)))["body_text"] == "\ufffd{"


def a_row(seq: int) -> StoredRow:
    return StoredRow(
        JournalId("0badcafe"),
        seq,
        Lane.BULK,
        "reading",
        None,
        None,
        "{}",
        None,
        1.0,
        2.0,
        "boot-1",
        3,
        "synced",
        0,
    )


# --- files ----------------------------------------------------------------------------------------


def exported(path: Path, wanted: Wanted | None = None) -> list[int]:
    found = pages(Place(path, Role.MAIN), wanted or Wanted())
    return [row.seq for page in found for row in page.rows]


def test_every_row_is_exported_in_order_whatever_the_size_of_a_page(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 2 * PAGE_SEQS + 1)
    assert exported(path) == list(range(1, 2 * PAGE_SEQS + 2))
    assert exported(path, Wanted(after_seq=PAGE_SEQS)) == list(range(PAGE_SEQS + 1, 4002))


def test_kinds_and_times_narrow_an_export(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 10, kind="reading")
    fill(path, 10, kind="alarm.raised", first=11)
    assert exported(path, Wanted(kinds=("alarm",))) == list(range(11, 21))
    assert exported(path, Wanted(kinds=("ala",))) == []
    heard = [row.heard_s for page in pages(Place(path, Role.MAIN), Wanted()) for row in page.rows]
    assert exported(path, Wanted(from_s=heard[3], to_s=heard[5])) == [4, 5, 6]


def test_several_journals_of_a_file_come_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 3, journal="ffffffff", at_s=1000.0)
    fill(path, 3, journal="00000000", at_s=5000.0)
    found = pages(Place(path, Role.MAIN), Wanted())
    assert [page.journal_id for page in found] == ["ffffffff", "00000000"]
    assert exported(path, Wanted(journal_id=JournalId("00000000"))) == [1, 2, 3]


@pytest.mark.parametrize("seed", range(3))
async def test_an_export_is_whole_while_guard_writes_and_prunes(tmp_path: Path, seed: int) -> None:
    clock = HandClock()
    store = JournalStore(tmp_path / "journal.db", tmp_path / "fallback.db", clock)
    store.start()
    for _ in range(3 * PAGE_SEQS):
        numbered = (store.take_seq(), Row(Kind.READING, Lane.BULK, clock.now(), {"n": 1}))
        store.append([numbered], urgent=False)
    await durable(store, clock)

    rows: dict[int, StoredRow] = {}
    ended = threading.Event()

    def read() -> None:
        for page in pages(Place(store.file.path, Role.MAIN), Wanted()):
            rows.update({row.seq: row for row in page.rows})
        ended.set()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(asyncio.to_thread(read))
        first = 1 + seed * 700
        while not ended.is_set():
            seqs = list(range(first, first + 50))
            first += 50
            gap = {"why": "retention", "count": 50, "first_seq": seqs[0], "last_seq": seqs[-1]}
            row = Row(Kind.GAP, Lane.BULK, clock.now(), gap)
            done = asyncio.Event()
            store.edit(
                [forget(store.journal_id, seqs)],
                [(store.take_seq(), row)],
                done=lambda durable, done=done: done.set(),  # type: ignore[misc]
            )
            await durable(store, clock)
            await done.wait()
        await reading
    assert list(rows) == sorted(rows)
    told = [json.loads(row.body) for row in rows.values() if row.kind == "gap"]
    explained = {seq for gap in told for seq in range(gap["first_seq"], gap["last_seq"] + 1)}
    assert set(range(1, max(rows) + 1)) - set(rows) <= explained
    assert store.stop(5)


async def durable(store: JournalStore, clock: HandClock) -> None:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    row = Row(Kind.AUDIT, Lane.BULK, clock.now(), {})
    store.append([(store.take_seq(), row)], urgent=True, done=future.set_result)
    assert await asyncio.wait_for(future, 10)


def test_a_damaged_file_is_exported_around_the_damage(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 5000, body='{"pad": "' + "x" * 200 + '"}')
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 8192)
    bad = path.rename(tmp_path / "journal.db.bad-20261123T080000Z")
    assert named(bad).role is Role.QUARANTINED
    found = [row.seq for page in pages(named(bad), Wanted(after_seq=10)) for row in page.rows]
    assert found == sorted(found)
    assert 4000 < len(found) < 4990
    with pytest.raises(JournalError):
        exported(bad)


def test_what_cannot_be_a_row_is_counted_and_left_out() -> None:
    good = ("0badcafe", 1, "bulk", "gap", None, None, b"{}", None, 1.0, 2.0, "b", 3, "rtc", 0)
    assert row_of(good) == replace(a_row(1), kind="gap", boot_id="b", time_quality="rtc")
    assert row_of((*good[:2], "sideways", *good[3:])) is None
    assert row_of(good[:5]) is None


def test_every_place_of_a_journal_is_found(tmp_path: Path) -> None:
    main, fallback = tmp_path / "data" / "journal.db", tmp_path / "run" / "journal-fallback.db"
    assert places(main, fallback) == ()
    for path in (main, fallback, *(Path(f"{main}.bad-{n}{s}") for n in "12" for s in ("", "-wal"))):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [place.role for place in places(main, fallback)] == [Role.MAIN, Role.FALLBACK]
    found = [place.path.name for place in places(main, fallback, quarantined=True)]
    assert found == [f"{main.name}.bad-1", f"{main.name}.bad-2", main.name, fallback.name]


def test_a_file_that_is_not_there_or_no_database_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no such file"):
        connect(tmp_path / "none.db")
    text = tmp_path / "text.db"
    text.write_text("not a database, but long enough to be looked at as one" * 100)
    with pytest.raises(JournalError, match="not a database"):
        connect(text)


def test_a_row_with_bad_text_does_not_hide_the_others(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 3)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE journal SET body = CAST(x'7bff7d' AS TEXT) WHERE seq = 2")
    found = [row for page in pages(Place(path, Role.MAIN), Wanted()) for row in page.rows]
    assert [row.seq for row in found] == [1, 2, 3]
    assert found[1].body == "{\ufffd}"


def chunks(path: Path) -> Iterator[str]:
    return written((page.rows for page in pages(Place(path, Role.MAIN), Wanted())), Format.JSON)


def test_an_empty_journal_is_an_empty_array(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    assert json.loads("".join(chunks(path))) == []
    append(path, "reading", {"n": 1})
    assert len(json.loads("".join(chunks(path)))) == 1
