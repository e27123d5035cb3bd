"""Orders reach the driver that reaches the device, and what became of each is told once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from agent.core.actuation import Actuation, ActuationKind
from agent.core.alarm import AlarmId
from agent.core.device import DeviceId
from agent.core.errors import DeviceError, TransportError
from agent.dispatch import Asked, Dispatch, Report
from drivers.base import Driver
from tests.agent.home import SIREN, Bench, until

ON = Actuation(ActuationKind.SIREN_ON, 60)
OFF = Actuation(ActuationKind.SIREN_OFF)


def order(number: int = 1, actuation: Actuation = ON, device: DeviceId = SIREN.id) -> Asked:
    alarm = AlarmId(f"0badcafe-{number}")
    return Asked(f"0badcafe-{number}/1", device, actuation, alarm, float(number))


@dataclass
class Failing(Bench):
    """A driver that fails in a way of its own."""

    error: Exception = field(default_factory=lambda: DeviceError("no answer"))

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Fail."""
        raise self.error


class Bell:
    """A dispatch over some drivers, with the reports that came back."""

    def __init__(self, group: asyncio.TaskGroup, *drivers: Driver) -> None:
        self.reports: list[Report] = []
        self.dispatch = Dispatch(drivers, group, self.reports.append)

    async def told(self, count: int) -> list[Report]:
        """Wait for `count` reports."""
        await until(lambda: len(self.reports) >= count)
        return self.reports


def test_an_order_is_read_from_the_journal_as_it_was_written() -> None:
    for asked in (order(), order(2, OFF)):
        assert Asked.decode(asked.key, asked.encode()) == asked


async def test_an_order_that_is_done_is_told() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, bench)
        bell.dispatch.release([order()])
    assert bench.done == [(SIREN.id, ON)]
    assert bell.reports == [Report(order(), ok=True)]


async def test_an_order_that_comes_while_the_hub_stops_is_left_on_record() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, bench)
    bell.dispatch.release([order(), order(2, OFF)])
    assert (bench.done, bell.reports) == ([], [])


async def test_orders_to_several_devices_go_out_side_by_side() -> None:
    bench = Bench(hold=asyncio.Event())
    devices = [DeviceId(f"zb:{n}") for n in range(20)]
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, bench)
        bell.dispatch.release([order(device=device) for device in devices])
        await asyncio.sleep(0)
        assert bench.hold is not None
        bench.hold.set()
        await bell.told(20)
    assert {device for device, _ in bench.done} == set(devices)


async def test_the_driver_that_reaches_the_device_gets_the_order() -> None:
    class Other(Bench):
        def owns(self, device: DeviceId) -> bool:
            return not device.startswith("zb:")

    zigbee, other = Bench(), Other()
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, other, zigbee)
        bell.dispatch.release([order(), order(2, device=DeviceId("ble:1"))])
    assert [d for d, _ in zigbee.done] == [SIREN.id]
    assert [d for d, _ in other.done] == ["ble:1"]


async def test_a_device_that_no_driver_reaches_is_told_as_such() -> None:
    async with asyncio.TaskGroup() as group:
        bell = Bell(group)
        bell.dispatch.release([order()])
    assert bell.reports == [Report(order(), ok=False, detail="no driver reaches this device")]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (DeviceError("siren does not answer"), "siren does not answer"),
        (TransportError("the stick is gone"), "the stick is gone"),
        (ZeroDivisionError("a bug"), "ZeroDivisionError: a bug"),
        (TimeoutError(), "TimeoutError: "),
    ],
)
async def test_a_driver_that_fails_is_told_and_the_next_order_still_goes_out(
    error: Exception, detail: str
) -> None:
    async with asyncio.TaskGroup() as group:
        failing = Failing(error=error)
        bell = Bell(group, failing)
        bell.dispatch.release([order()])
        assert await bell.told(1) == [Report(order(), ok=False, detail=detail)]
        bell.dispatch.release([order(2)])
        assert len(await bell.told(2)) == 2


async def test_a_newer_order_takes_the_place_of_one_that_is_still_being_tried() -> None:
    bench = Bench(hold=asyncio.Event())
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, bench)
        bell.dispatch.release([order(1, ON)])
        await asyncio.sleep(0.01)
        bell.dispatch.release([order(2, OFF)])
        assert bench.hold is not None
        bench.hold.set()
        await bell.told(2)
    assert bench.done == [(SIREN.id, OFF)]
    assert [(r.asked.key, r.ok, r.superseded) for r in bell.reports] == [
        (order(1).key, False, True),
        (order(2).key, True, False),
    ]


async def test_an_order_replaced_before_it_could_begin_is_told_too() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, bench)
        bell.dispatch.release([order(1, ON), order(2, OFF)])
        bell.dispatch.release([order(3, ON)])
    assert bench.done == [(SIREN.id, ON)]
    found = {r.asked.key: (r.ok, r.superseded) for r in bell.reports}
    assert len(bell.reports) == 3
    assert found == {
        order(1).key: (False, True),
        order(2).key: (False, True),
        order(3).key: (True, False),
    }


async def test_an_order_after_one_that_ended_replaces_nothing() -> None:
    bench = Bench()
    async with asyncio.TaskGroup() as group:
        bell = Bell(group, bench)
        for number in range(3):
            bell.dispatch.release([order(number)])
            await bell.told(number + 1)
    assert [r.ok for r in bell.reports] == [True, True, True]


async def test_an_order_under_way_when_the_hub_stops_is_not_told_so_it_stays_on_record() -> None:
    class Stop(Exception):
        pass

    bell: Bell | None = None
    try:
        async with asyncio.TaskGroup() as group:
            bell = Bell(group, Bench(hold=asyncio.Event()))
            bell.dispatch.release([order()])
            await asyncio.sleep(0.01)
            raise Stop
    except* Stop:
        pass
    assert bell is not None
    assert bell.reports == []
