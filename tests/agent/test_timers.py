"""Timers come due once, in order, and whatever one of them does the others still come."""

from __future__ import annotations

import asyncio

import pytest

from agent.core.event import WakeKey
from agent.timers import Timers
from tests.agent.quick_loop import LoopClock, quickly
from tests.clocks import HandClock

A, B, C = WakeKey("a"), WakeKey("b"), WakeKey("c")


class Heard:
    """Timers on a clock turned by hand, and what came due."""

    def __init__(self) -> None:
        self.clock = HandClock(at_s=100.0)
        self.due: list[tuple[WakeKey, float]] = []
        self.timers = Timers(self.clock, lambda key, due_s: self.due.append((key, due_s)))

    def at(self, at_s: float) -> list[tuple[WakeKey, float]]:
        """Return what has come due when it is `at_s`."""
        self.clock.at_s = at_s
        self.timers.look()
        return self.due


@pytest.fixture
async def heard() -> Heard:
    return Heard()


async def test_a_timer_is_due_at_its_time_and_not_before(heard: Heard) -> None:
    heard.timers.set(A, 110.0)
    assert heard.at(109.999) == []
    assert heard.at(110.0) == [(A, 110.0)]
    assert heard.at(200.0) == [(A, 110.0)], "came due twice"


async def test_timers_that_were_slept_through_come_in_the_order_of_their_times(
    heard: Heard,
) -> None:
    heard.timers.set(C, 130.0)
    heard.timers.set(A, 110.0)
    heard.timers.set(B, 120.0)
    assert heard.at(500.0) == [(A, 110.0), (B, 120.0), (C, 130.0)]


async def test_setting_a_timer_again_moves_it_later_or_earlier(heard: Heard) -> None:
    heard.timers.set(A, 110.0)
    heard.timers.set(A, 150.0)
    assert heard.at(149.0) == []
    heard.timers.set(A, 149.5)
    assert heard.at(149.5) == [(A, 149.5)]
    assert heard.at(151.0) == [(A, 149.5)]


async def test_setting_a_timer_to_the_same_time_twice_delivers_it_once(heard: Heard) -> None:
    heard.timers.set(A, 110.0)
    heard.timers.set(A, 110.0)
    assert heard.at(120.0) == [(A, 110.0)]


async def test_a_cancelled_timer_does_not_come_and_can_be_set_again(heard: Heard) -> None:
    heard.timers.set(A, 110.0)
    heard.timers.cancel(A)
    heard.timers.cancel(B)
    assert heard.at(115.0) == []
    heard.timers.set(A, 120.0)
    assert heard.at(120.0) == [(A, 120.0)]


async def test_a_timer_may_be_set_from_within_one_that_comes_due(heard: Heard) -> None:
    def again(key: WakeKey, due_s: float) -> None:
        heard.due.append((key, due_s))
        if len(heard.due) < 4:
            timers.set(A, due_s + 10)

    timers = Timers(heard.clock, again)
    timers.set(A, 110.0)
    heard.clock.at_s = 135.0
    timers.look()
    assert heard.due == [(A, 110.0), (A, 120.0), (A, 130.0)]


def test_the_loop_wakes_the_timers_by_itself() -> None:
    async def sleeper() -> list[tuple[WakeKey, float]]:
        clock, due = LoopClock(), list[tuple[WakeKey, float]]()
        timers = Timers(clock, lambda key, _: due.append((key, clock.now().at_s - began_s)))
        began_s = clock.now().at_s
        timers.set(B, began_s + 5 * 3600.0)  # Longer than the longest sleep.
        timers.set(A, began_s + 30.0)
        timers.set(C, began_s + 10.0)
        timers.cancel(C)
        await asyncio.sleep(6 * 3600.0)
        return due

    due = quickly(sleeper)
    assert [key for key, _ in due] == [A, B]
    assert [round(at_s) for _, at_s in due] == [30, 18_000]


def test_a_timer_that_fails_does_not_keep_the_next_from_coming() -> None:
    async def sleeper() -> tuple[list[WakeKey], list[str]]:
        clock, due, faults = LoopClock(), list[WakeKey](), list[str]()

        def fall(key: WakeKey, _: float) -> None:
            due.append(key)
            if key == A:
                raise RuntimeError("a bug in a rule")

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: faults.append(str(context["exception"])))
        timers = Timers(clock, fall)
        for key, in_s in ((A, 1.0), (B, 1.0), (C, 60.0)):
            timers.set(key, clock.now().at_s + in_s)
        await asyncio.sleep(61.0)
        return due, faults

    due, faults = quickly(sleeper)
    assert sorted(due) == [A, B, C]
    assert faults == ["a bug in a rule"]
