"""A driver that ends is started again, sooner or later, and the hub says that it is not well."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from agent.supervisor import supervise
from tests.agent.home import Bench
from tests.agent.quick_loop import quickly


@dataclass
class Brittle(Bench):
    """A driver whose runs last as long as told and then end; after the last one it stays."""

    lasts_s: Sequence[float] = ()
    error: Exception | None = None
    began_s: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Serve for a while."""
        number = len(self.began_s)
        self.began_s.append(asyncio.get_running_loop().time())
        if number >= len(self.lasts_s):
            await asyncio.Event().wait()
        await asyncio.sleep(self.lasts_s[number])
        if self.error is not None:
            raise self.error


Faults = list[tuple[str, str, bool, str]]


def supervised(driver: Brittle, for_s: float) -> Faults:
    """Supervise for a time that passes at once; return what was said of the driver."""
    faults: Faults = []

    async def watch() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(supervise(driver, lambda *fault: faults.append(fault)))
            await asyncio.sleep(for_s)
            task.cancel()

    quickly(watch)
    return faults


def pauses_s(driver: Brittle) -> list[float]:
    """Return how long the driver was down each time."""
    ended_s = [b + s for b, s in zip(driver.began_s, driver.lasts_s, strict=False)]
    return [round(b - e, 1) for b, e in zip(driver.began_s[1:], ended_s, strict=False)]


def test_a_driver_that_crashes_comes_back_after_half_a_second_and_its_fault_is_said() -> None:
    driver = Brittle(lasts_s=[1.0], error=RuntimeError("stick on fire"))
    faults = supervised(driver, 10)
    assert pauses_s(driver) == [0.5]
    detail = "RuntimeError: stick on fire; started again in 0.5 s"
    assert faults == [("bench", "crashed", True, detail)]


def test_a_driver_that_ends_by_itself_is_a_fault_too() -> None:
    driver = Brittle(lasts_s=[1.0])
    (fault,) = supervised(driver, 10)
    assert fault[3] == "ended by itself; started again in 0.5 s"
    assert len(driver.began_s) == 2


def test_the_pauses_double_up_to_half_a_minute_and_never_end() -> None:
    driver = Brittle(lasts_s=[0.0] * 12, error=OSError("no such port"))
    faults = supervised(driver, 1_000)
    assert pauses_s(driver) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30]
    assert [active for _, _, active, _ in faults] == [True] * 12 + [False]


def test_a_driver_that_ran_for_a_minute_is_well_again() -> None:
    driver = Brittle(lasts_s=[0.0])
    assert [active for _, _, active, _ in supervised(driver, 55)] == [True]
    driver = Brittle(lasts_s=[0.0])
    assert supervised(driver, 70)[-1] == ("bench", "crashed", False, "")


def test_after_a_healthy_run_the_pauses_begin_anew() -> None:
    driver = Brittle(lasts_s=[0.0, 0.0, 0.0, 61.0, 0.0], error=RuntimeError())
    supervised(driver, 300)
    assert pauses_s(driver) == [0.5, 1, 2, 0.5, 1]


def test_a_run_just_short_of_healthy_does_not_reset_the_pause() -> None:
    driver = Brittle(lasts_s=[0.0, 59.0, 0.0], error=RuntimeError())
    assert not any(not active for _, _, active, _ in supervised(driver, 100)[:3])
    assert pauses_s(driver) == [0.5, 1, 2]


def test_a_driver_is_stopped_with_its_supervisor() -> None:
    driver = Brittle()
    assert supervised(driver, 10) == []
    assert len(driver.began_s) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_program_is_not_a_crash(error: type[BaseException]) -> None:
    class Ending(Bench):
        async def run(self) -> None:
            raise error

    faults: Faults = []

    async def watch() -> None:
        await supervise(Ending(), lambda *fault: faults.append(fault))

    with pytest.raises(error):
        quickly(watch)
    assert faults == []
