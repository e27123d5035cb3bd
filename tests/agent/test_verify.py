"""A check finds what is wrong with a journal, and nothing wrong with one that is right."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import JournalError
from agent.core.reading import Quantity
from agent.core.row import Kind, Lane, Row
from agent.journal.edits import forget
from agent.journal.export import Wanted, pages
from agent.journal.findings import FINDINGS_OF_A_KIND, AlarmSaid, Report
from agent.journal.formats import Format, written
from agent.journal.places import Place, Role, connect
from agent.journal.reader import JournalReader
from agent.journal.salvage import saved_rows
from agent.journal.stats import Survey, survey
from agent.journal.store import JournalStore
from agent.journal.verify import verify
from agent.response.record import alarm_from_body
from tests.agent.home import BUTTON, SMOKE, Home
from tests.agent.quick_journal import JOURNAL_ID, append, delete, fill, new_journal, put
from tests.clocks import HandClock

LONG_S = 60.0


def read_alarm(body: dict[str, Any]) -> AlarmSaid:
    alarm = alarm_from_body(body)
    return AlarmSaid(alarm.id, alarm.is_open)


def checked(path: Path, budget_s: float = LONG_S) -> Report:
    return verify(path, read_alarm, budget_s=budget_s)


def codes(path: Path) -> list[str]:
    return [finding.code for finding in checked(path).findings]


async def lived_in(folder: Path, *, presses: int = 3, fallback: bool = False) -> Path:
    """Return the journal of a small home in which something happened, as it was left behind."""
    clock = HandClock()
    async with asyncio.TaskGroup() as group:
        home = Home(folder, clock, group)
        for number in range(presses):
            home.hear(BUTTON, Quantity.SOS, True, frame=f"1.0500.01.{number:04x}")
            home.hear(SMOKE, Quantity.SMOKE, True, frame=f"1.0500.02.{number:04x}")
            home.hear(SMOKE, Quantity.SMOKE, False, frame=f"1.0500.03.{number:04x}")
            home.pass_time(20.0)
            if fallback and number == 1:
                await home.until(lambda: home.store.last_durable_seq == home.store.next_seq - 1)
                home.store.leave_disk()
        await home.until(lambda: home.store.last_durable_seq == home.store.next_seq - 1)
        path = home.store.file.path
        home.close()
    return path


# --- what is right --------------------------------------------------------------------------------


async def test_the_journal_of_a_home_is_right(tmp_path: Path) -> None:
    report = checked(await lived_in(tmp_path))
    assert (report.findings, report.finished, report.ok) == ([], True, True)
    assert report.rows > 10


async def test_both_files_of_a_hub_that_lost_its_disk_are_right(tmp_path: Path) -> None:
    fallback = await lived_in(tmp_path, presses=4, fallback=True)
    assert fallback.name == "fallback.db"
    report = checked(fallback)
    assert report.ok, report.findings
    assert [finding.code for finding in report.findings] == ["begins_later"]
    assert codes(tmp_path / "data" / "journal.db") == []
    # And so is the real file when it has taken the rows in.
    again = await lived_in(tmp_path, presses=1)
    report = checked(again)
    assert report.ok, report.findings
    assert len(report.journals) == 2


def test_what_retention_took_is_accounted_for(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 100)
    delete(path, "seq BETWEEN 10 AND 19 OR seq BETWEEN 30 AND 34")
    append(path, "gap", {"why": "retention", "count": 15, "first_seq": 10, "last_seq": 34})
    assert codes(path) == []


def test_an_empty_journal_is_right(tmp_path: Path) -> None:
    assert checked(new_journal(tmp_path)).ok


def test_nothing_is_changed_by_looking(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 1000)
    before = path.read_bytes()
    assert checked(path).ok
    assert path.read_bytes() == before


# --- what is wrong --------------------------------------------------------------------------------


def test_a_hole_that_nothing_tells_of_is_found(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 100)
    delete(path, "seq BETWEEN 40 AND 44 OR seq = 70")
    report = checked(path)
    assert [(f.code, f.about, f.detail) for f in report.findings] == [
        ("hole", f"{JOURNAL_ID}-40..44", "5"),
        ("hole", f"{JOURNAL_ID}-70..70", "1"),
    ]
    append(path, "gap", {"why": "disk stalled", "count": 5, "first_seq": 38, "last_seq": 44})
    assert codes(path) == ["hole"]


def test_more_missing_than_the_gap_rows_tell_is_found(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 100)
    delete(path, "seq BETWEEN 40 AND 49")
    append(path, "gap", {"why": "retention", "count": 9, "first_seq": 1, "last_seq": 90})
    assert [(f.code, f.detail) for f in checked(path).findings] == [("more_missing", "10 > 9")]


def test_the_same_numbers_of_another_time_do_not_fill_a_hole(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 100, at_s=1000.0)
    delete(path, "seq BETWEEN 40 AND 44")
    fill(path, 100, journal="0ddba115", at_s=50_000.0)
    assert codes(path) == ["hole"]
    append(path, "journal.salvaged", {"rows": 95}, journal="0ddba115")
    put(path, "setting", "journal_id", "0ddba115")
    report = checked(path)
    assert [(f.code, f.fault) for f in report.findings] == [("hole", False)]
    assert report.ok, "what came out of a damaged file was reported when it was"


def test_a_body_that_is_no_json_object_is_found(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    for seq, body in enumerate(("[1]", "{", '{"n": NaN}', '{"n": 1}'), 1):
        fill(path, 1, first=seq, body=body)
    assert codes(path) == ["not_json"] * 3


def test_many_findings_of_a_kind_are_a_number(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 100, body="[]")
    report = checked(path)
    assert len(report.findings) == FINDINGS_OF_A_KIND
    assert report.more == {"not_json": 90}


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        (f"{JOURNAL_ID}/bulk", "11", "cursor_beyond"),
        (f"{JOURNAL_ID}/bulk", "10", None),
        (f"{JOURNAL_ID}/bulk", "-1", "cursor_unreadable"),
        (f"{JOURNAL_ID}/sideways", "1", "cursor_unreadable"),
        ("0ddba115/urgent", "500", None),
    ],
)
def test_a_cursor_beyond_the_last_row_is_found(
    tmp_path: Path, key: str, body: str, code: str | None
) -> None:
    path = new_journal(tmp_path)
    fill(path, 10)
    put(path, "cursor", key, body)
    assert codes(path) == ([code] if code else [])


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE alarm SET body = replace(body, '\"ACTIVE\"', '\"ACKED\"')", "alarm_differs"),
        ("DELETE FROM alarm", "alarm_forgotten"),
        ("UPDATE alarm SET body = 'x'", "alarm_unreadable"),
        ("UPDATE alarm SET key = key || '0'", "alarm_unreadable"),
    ],
)
async def test_an_alarm_that_is_not_as_its_last_row_says_is_found(
    tmp_path: Path, sql: str, code: str
) -> None:
    path = await lived_in(tmp_path)
    change(path, sql)
    assert code in codes(path)
    assert not checked(path).ok


async def test_an_alarm_without_any_row_is_found(tmp_path: Path) -> None:
    path = await lived_in(tmp_path)
    delete(path, "kind LIKE 'alarm.%'")
    found = codes(path)
    assert "alarm_without_row" in found
    assert "hole" in found


def test_a_file_of_another_release_is_said_to_be_so(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    change(path, "PRAGMA user_version = 99")
    assert codes(path) == ["version_newer"]
    change(path, "PRAGMA user_version = 0")
    report = checked(path)
    assert (report.ok, report.findings[0].code) == (True, "version_older")


def test_a_check_ends_when_its_time_is_over(tmp_path: Path) -> None:
    path = new_journal(tmp_path)
    fill(path, 20_000)
    report = checked(path, budget_s=0.0)
    assert not report.finished
    assert report.rows < 20_000


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE journal SET seq = 'five' WHERE seq = 5", "number"),
        ("UPDATE journal SET seq = x'00ff' WHERE seq = 5", "number"),
        ("UPDATE journal SET lane = 7 WHERE seq = 5", "lane"),
        ("UPDATE journal SET body = x'7b7d' WHERE seq = 5", "not_json"),
        ("UPDATE journal SET recorded_at = 'noon', received_at = x'01' WHERE seq = 5", None),
        ("UPDATE journal SET journal_id = x'00ff' WHERE seq = 5", "hole"),
        ("UPDATE journal SET kind = x'00' WHERE seq = 5", None),
    ],
)
def test_columns_of_the_wrong_type_end_no_command(
    tmp_path: Path, sql: str, code: str | None
) -> None:
    path = new_journal(tmp_path)
    fill(path, 10)
    change(path, sql)
    found = codes(path)
    assert found == ([code, "hole"] if code == "number" else [code] if code else [])
    reader = JournalReader(path, connect(path))
    counted = Survey()
    for journal_id in reader.journals():
        survey(counted, reader, journal_id, acknowledged={}, zone_s=0.0, largest=1000)
    reader.close()
    assert sum(total.rows for total in counted.by(lambda key: (key.kind, key.lane)).values()) >= 9
    place = Place(path, Role.MAIN)
    assert len("".join(written((page.rows for page in pages(place, Wanted())), Format.CSV))) > 500


# --- files that are really damaged ----------------------------------------------------------------


def flipped(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(64):
        data[rng.randrange(4096, len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def torn(path: Path, rng: random.Random) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 4096 + 512)
        file.write(bytes(3584))


def truncated(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 100)


def header_gone(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("damage", [flipped, torn, truncated, header_gone])
def test_real_damage_is_found_and_never_a_crash(
    tmp_path: Path, damage: Callable[[Path, random.Random], None], seed: int
) -> None:
    path = new_journal(tmp_path)
    fill(path, 3000, body=json.dumps({"pad": "x" * 150}))
    damage(path, random.Random(seed))
    report = checked(path)
    if damage is not flipped or readable(path) < 3000:
        assert not report.ok
    assert all(finding.about for finding in report.findings)


def readable(path: Path) -> int:
    return sum(len(page) for page in saved_rows(path))


def test_a_file_that_is_not_there_or_not_a_database_is_a_finding(tmp_path: Path) -> None:
    assert codes(tmp_path / "none.db") == ["unreadable"]
    (tmp_path / "text.db").write_text("not a database" * 1000)
    assert codes(tmp_path / "text.db") == ["unreadable"]
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE x (y)")
    assert codes(tmp_path / "other.db") == ["rows_unreadable"]


async def test_a_journal_that_is_being_written_and_pruned_is_right(tmp_path: Path) -> None:
    clock = HandClock()
    store = JournalStore(tmp_path / "journal.db", tmp_path / "fallback.db", clock)
    store.start()
    rows = [
        (store.take_seq(), Row(Kind.READING, Lane.BULK, clock.now(), {"n": n}))
        for n in range(20_000)
    ]
    first: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    store.append(rows, urgent=True, done=first.set_result)
    assert await asyncio.wait_for(first, 30)
    looking = asyncio.get_running_loop().run_in_executor(None, checked, store.file.path)
    at = 1
    while not looking.done():
        seqs = list(range(at, min(at + 100, 20_000)))
        at += 100
        body = {"why": "retention", "count": len(seqs), "first_seq": at - 100, "last_seq": at - 1}
        gap = (store.take_seq(), Row(Kind.GAP, Lane.BULK, clock.now(), body))
        done = asyncio.Event()
        store.edit([forget(store.journal_id, seqs)], [gap], done=lambda _, done=done: done.set())  # type: ignore[misc]
        nudge = (store.take_seq(), Row(Kind.AUDIT, Lane.BULK, clock.now(), {}))
        store.append([nudge], urgent=True)
        await done.wait()
    report = await looking
    assert store.stop(5)
    assert report.findings == []


def test_a_body_of_no_alarm_is_not_taken_for_one() -> None:
    with pytest.raises(JournalError):
        read_alarm({"v": 99})
