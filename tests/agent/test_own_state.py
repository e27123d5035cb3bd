"""What guard says of its own hub: said at the start, when it changes, and judged by the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.clock import EARLIEST_WALL_S
from agent.clock_steps import ClockStep
from agent.core.clock import TimeQuality
from agent.core.reading import Quantity, Value
from agent.core.row import Kind, Lane, Row
from agent.own_state import OFF_SHOWN_S, Figure, OwnState, clock_off_s, news
from tests.agent.home import BUTTON, Home
from tests.agent.test_pipeline import bodies, living
from tests.clocks import HandClock

QUEUE = Figure("journal", Quantity.QUEUE_ROWS)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def watch(home: Home, folder: Path, ways: dict[str, bool] | None = None) -> OwnState:
    told = None if ways is None else lambda: ways
    return OwnState(home.clock, home.store, home.pipeline.observe, folder, told)


def said(home: Home, quantity: Quantity) -> list[object]:
    found = [body for body in bodies(home, Kind.READING) if body.get("quantity") == quantity]
    return [body["value"] for body in found]


@pytest.mark.parametrize(
    ("before", "now", "is_said"),
    [
        (None, 0, True),
        (0, 499, False),
        (0, 500, True),
        (700, 201, False),
        (3, 0, True),
        (0, 0, False),
    ],
)
def test_a_figure_is_said_when_it_has_changed_enough_or_is_back_at_nought(
    before: int | None, now: int, is_said: bool
) -> None:
    told: dict[Figure, Value] = {} if before is None else {QUEUE: before}
    assert (news(told, {QUEUE: now}) == {QUEUE: now}) is is_said
    lost = Figure("uplink", Quantity.PATH_LOST, "mqtt")
    assert news({lost: False}, {lost: True}) == {lost: True}
    assert news({lost: True}, {lost: True}) == {}


async def test_the_disk_is_said_once_and_not_at_every_look(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        own = watch(home, tmp_path)
        for _ in range(5):
            await own.look()
            clock.advance(10)
        await home.until(lambda: bool(said(home, Quantity.DISK_PCT)))
        (used,) = said(home, Quantity.DISK_PCT)
        assert isinstance(used, float)
        assert 0 <= used <= 100
        assert said(home, Quantity.QUEUE_ROWS) == []  # No platform: nothing waits for one.
        await watch(home, tmp_path / "gone").look()


async def test_a_platform_that_confirms_nothing_is_noticed_by_what_waits(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        own = watch(home, tmp_path, {"mqtt": False})
        rows = [
            (home.store.take_seq(), Row(Kind.READING, Lane.BULK, clock.now(), {}))
            for _ in range(10_050)
        ]
        home.store.append(rows, urgent=False)
        await own.look()
        clock.advance(601)
        home.pipeline.timers.look()
        await home.until(
            lambda: "queue_long" in {alarm.rule for alarm in home.pipeline.visible.open.values()}
        )
        home.store.advance(home.store.journal_id, Lane.BULK, home.store.next_seq - 1)
        await own.look()
        await home.until(lambda: len(said(home, Quantity.QUEUE_ROWS)) == 2)


async def test_a_home_that_is_cut_off_says_so_by_way_and_as_a_whole(
    tmp_path: Path, clock: HandClock
) -> None:
    ways = {"mqtt": True, "modem": False}
    async with living(tmp_path, clock) as home:
        own = watch(home, tmp_path, ways)
        await own.look()
        ways["modem"] = True
        await own.look()
        await home.until(lambda: said(home, Quantity.CUT_OFF) == [False, True])
        assert said(home, Quantity.PATH_LOST) == [True, False, True]


async def test_a_run_that_did_not_end_in_good_order_is_said_by_the_next(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        own = watch(home, tmp_path)
        own.begin()
        home.store.append((), (own.begun(),), urgent=True)
        await home.until(lambda: said(home, Quantity.RESTARTED) == [])
    async with living(tmp_path, clock) as home:
        second = watch(home, tmp_path)
        second.begin()
        await home.until(lambda: said(home, Quantity.RESTARTED) == [True])
        home.store.append((), (second.ended(),), urgent=True)
        home.hear(BUTTON, Quantity.TEMP_C, 20.0)
    async with living(tmp_path, clock) as home:
        watch(home, tmp_path).begin()
        await home.until(lambda: len(said(home, Quantity.TEMP_C)) == 1)
        assert said(home, Quantity.RESTARTED) == [True]


async def test_a_clock_that_was_far_off_is_told_and_then_right_again(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as home:
        own = watch(home, tmp_path)
        own.clock_stepped(ClockStep(-500_000, TimeQuality.RTC, TimeQuality.RTC, corrects=False))
        await own.look()
        own.clock_stepped(ClockStep(-500_000, TimeQuality.RTC, TimeQuality.SYNCED, corrects=True))
        await own.look()
        clock.advance(OFF_SHOWN_S + 1)
        await own.look()
        await home.until(lambda: said(home, Quantity.CLOCK_OFF_S) == [0.0, 500.0, 0.0])
        book = home.pipeline.visible
        assert "clock_off" in {alarm.rule for alarm in (*book.open.values(), *book.closed.values())}


def test_a_clock_before_the_product_is_off_by_at_least_the_difference(clock: HandClock) -> None:
    clock.wall_s, clock.quality = EARLIEST_WALL_S - 1000.0, TimeQuality.UNKNOWN
    assert clock_off_s(clock.now(), None) == 1000.0
    clock.quality = TimeQuality.SYNCED
    assert clock_off_s(clock.now(), None) == 0.0
