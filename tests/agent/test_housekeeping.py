"""What may go, goes in order; what was damaged is taken over; clocks are put right."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.clock_steps import ClockStep, ClockSteps
from agent.core.alarm import AlarmId
from agent.core.clock import TimeQuality
from agent.core.command import AckAlarm, Caller, Role
from agent.core.reading import Quantity
from agent.core.row import Kind, Lane, Row
from agent.housekeeping import Housekeeping
from agent.journal.retention import DAY_S, TABLE, plan
from agent.journal.salvage import saved_rows, saved_state
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from tests.agent.home import BUTTON, SMOKE, Home, until
from tests.agent.test_pipeline import bodies, kinds, living, of
from tests.clocks import HandClock

PERSON = Caller(Role.OPERATOR, "cli:test", on_site=True)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def keeper(home: Home, folder: Path) -> Housekeeping:
    return Housekeeping(home.clock, home.store, home.pipeline, folder, 10**9)


async def an_old_alarm(home: Home) -> AlarmId:
    """Let smoke be raised, acknowledged, and everything be on disk."""
    home.hear(SMOKE, Quantity.SMOKE, True)
    await home.until(lambda: bool(home.pipeline.visible.open))
    (alarm,) = home.pipeline.visible.open.values()
    home.pipeline.command(AckAlarm(alarm.id, PERSON), lambda outcome: None)
    await home.until(lambda: "alarm.acked" in kinds(home))
    return alarm.id


# --- retention ------------------------------------------------------------------------------------


async def test_old_telemetry_becomes_one_row_an_hour_and_a_gap_row_tells_of_it(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        clock.wall_s = 1_795_000_000.0 // 3600 * 3600
        for number in range(120):
            home.hear(BUTTON, Quantity.TEMP_C, 20.0 + number / 10, channel="")
            clock.advance(60)
        await home.until(lambda: kinds(home).count("reading") == 120)
        clock.advance(31 * DAY_S)
        home.hear(BUTTON, Quantity.TEMP_C, 5.0, channel="")
        assert await keeper(home, tmp_path).tidy(full=False) == 120
        hourly = bodies(home, Kind.READING_HOURLY)
        assert [(h["count"], h["min"], h["max"], h["last"]) for h in hourly] == [
            (60, 20.0, 25.9, 25.9),
            (60, 26.0, 31.9, 31.9),
        ]
        assert bodies(home, Kind.GAP) == [
            {
                "why": "retention",
                "class": "telemetry",
                "journal": home.store.journal_id,
                "count": 120,
                "first_seq": 1,
                "last_seq": 120,
            }
        ]
        await home.until(lambda: kinds(home).count("reading") == 1)


async def test_young_telemetry_stays_while_there_is_room(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as home:
        home.hear(BUTTON, Quantity.TEMP_C, 20.0, channel="")
        await home.until(lambda: "reading" in kinds(home))
        clock.advance(29 * DAY_S)
        assert await keeper(home, tmp_path).tidy(full=False) == 0


async def test_an_alarm_that_the_platform_has_not_acknowledged_never_goes(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        await an_old_alarm(home)
        clock.advance(3650 * DAY_S)
        for full in (False, True):
            await keeper(home, tmp_path).tidy(full=full)
        assert {"alarm.raised", "alarm.acked", "command"} <= set(kinds(home))


async def test_an_acknowledged_alarm_stays_180_days_and_then_goes(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        await an_old_alarm(home)
        home.store.advance(home.store.journal_id, Lane.URGENT, home.store.next_seq - 1)
        clock.advance(179 * DAY_S)
        await keeper(home, tmp_path).tidy(full=False)
        assert "alarm.raised" in kinds(home)
        clock.advance(2 * DAY_S)
        await keeper(home, tmp_path).tidy(full=False)
        assert "alarm.raised" not in kinds(home)
        assert "command" in kinds(home), "what people did stays for good"


async def test_when_the_disk_is_nearly_full_the_oldest_telemetry_goes_first(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        alarm = await an_old_alarm(home)
        home.store.advance(home.store.journal_id, Lane.URGENT, home.store.next_seq - 1)
        path = home.store.file.path
        clock.advance(1)
        step = plan(path, clock.wall_s, {}, full=True)
        assert step is not None
        assert step.name == "telemetry"
        assert alarm


def test_no_class_holds_what_people_did_or_what_was_lost() -> None:
    kept = {Kind.COMMAND, Kind.AUDIT, Kind.GAP, Kind.DEVICE_PAIRED, Kind.DEVICE_LEFT}
    assert not kept & {Kind(kind) for row in TABLE for kind in row.kinds}


def test_alarms_go_last_and_only_when_the_platform_has_them() -> None:
    assert TABLE[-1].name == "alarms"
    assert [row.lane for row in TABLE] == [None, None, None, Lane.BULK, Lane.URGENT]


# --- salvage --------------------------------------------------------------------------------------


def damage(path: Path) -> None:
    """Overwrite a page in the middle of the file, and the WAL's copy of everything is gone."""
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(size // 2 // 4096 * 4096)
        file.write(os.urandom(4096))


async def test_after_a_damaged_page_alarms_devices_and_most_rows_are_there_again(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        alarm = await an_old_alarm(home)
        for number in range(400):
            home.hear(BUTTON, Quantity.ILLUMINANCE_LX, float(number), channel="x" * 100)
        await home.until(lambda: len(of(home, Quantity.ILLUMINANCE_LX)) == 400)
        old_id = home.store.journal_id
        rows = len(kinds(home))
    damage(tmp_path / "data" / "journal.db")
    async with living(tmp_path, clock) as home:
        assert home.store.journal_id != old_id
        assert home.pipeline.visible.get(alarm) is not None, "the open alarm is known at once"
        saved = await keeper(home, tmp_path).salvage(home.store.file)
        assert rows * 0.8 < saved < rows
        with closing(sqlite3.connect(home.store.file.path)) as db:
            found = db.execute(
                "SELECT count(*), count(DISTINCT seq) FROM journal WHERE journal_id = ?", (old_id,)
            ).fetchone()
        assert found == (saved, saved)
        await home.until(lambda: "journal.salvaged" in kinds(home))
        assert bodies(home, Kind.JOURNAL_SALVAGED)[0]["rows"] == saved
        assert old_id in {journal_id for journal_id, _, _ in home.store.journals()}


@pytest.mark.parametrize(
    "content", [b"", b"rubbish" * 999, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_what_is_no_database_gives_nothing_and_no_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad"
    file.write_bytes(content)
    assert list(saved_rows(file)) == []
    assert saved_state(file) == {table: {} for table in Table}


async def test_a_whole_file_is_salvaged_to_the_last_row(tmp_path: Path, clock: HandClock) -> None:
    store = JournalStore(tmp_path / "j.db", tmp_path / "f.db", clock)
    store.start()
    done: list[bool] = []
    rows = [
        (store.take_seq(), Row(Kind.READING, Lane.BULK, clock.now(), {"n": n})) for n in range(1234)
    ]
    store.append(rows, urgent=True, done=done.append)
    await until(lambda: bool(done))
    pages = list(saved_rows(tmp_path / "j.db"))
    assert [row[1] for page in pages for row in page] == list(range(1, 1235))
    assert store.stop(5)


# --- the clock ------------------------------------------------------------------------------------


def test_a_clock_that_just_goes_on_is_no_step(clock: HandClock) -> None:
    steps = ClockSteps(clock.now())
    for _ in range(100):
        clock.advance(1)
        clock.wall_s += 0.001
        assert steps.look(clock.now()) is None


@pytest.mark.parametrize("delta_s", [-315_360_000.0, -0.6, 0.6, 315_360_000.0])
def test_a_step_of_a_clock_that_somebody_vouches_for_corrects_nothing(
    clock: HandClock, delta_s: float
) -> None:
    steps = ClockSteps(clock.now())
    clock.advance(1)
    clock.wall_s += delta_s
    synced = TimeQuality.SYNCED
    assert steps.look(clock.now()) == ClockStep(round(delta_s * 1000), synced, synced, False)
    clock.advance(1)
    assert steps.look(clock.now()) is None


@pytest.mark.parametrize("delta_s", [-315_360_000.0, 0.0, 315_360_000.0])
def test_the_first_sync_corrects_whatever_the_step(clock: HandClock, delta_s: float) -> None:
    clock.quality = TimeQuality.UNKNOWN
    steps = ClockSteps(clock.now())
    clock.advance(5)
    clock.wall_s += delta_s
    clock.quality = TimeQuality.SYNCED
    step = steps.look(clock.now())
    assert step is not None
    assert (step.delta_ms, step.corrects) == (delta_s * 1000, True)


async def test_rows_of_before_the_first_sync_gain_their_correction(
    tmp_path: Path, clock: HandClock
) -> None:
    clock.quality = TimeQuality.UNKNOWN
    async with living(tmp_path, clock) as home:
        house = keeper(home, tmp_path)
        for number in range(5):
            home.hear(BUTTON, Quantity.ILLUMINANCE_LX, float(number), channel="")
        before = home.clock.now()
        clock.advance(5)
        clock.wall_s += 1000.0
        clock.quality = TimeQuality.SYNCED
        step = ClockSteps(before).look(clock.now())
        assert step is not None
        house.clock_stepped(step)
        home.hear(BUTTON, Quantity.ILLUMINANCE_LX, 99.0, channel="")
        await home.until(lambda: corrections(home) == [1_000_000] * 5 + [0, 0])
        (body,) = bodies(home, Kind.CLOCK_STEPPED)
        assert (body["delta_ms"], body["corrected_through_seq"]) == (1_000_000, 5)


def corrections(home: Home) -> list[int]:
    with closing(sqlite3.connect(home.store.file.path)) as db:
        found = db.execute("SELECT correction_ms FROM journal ORDER BY seq").fetchall()
    return [correction for (correction,) in found]
