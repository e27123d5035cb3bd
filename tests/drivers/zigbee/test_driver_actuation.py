"""Sirens sound and valves close, also when the first tries fail."""

import asyncio
import time

import pytest

from agent.core.actuation import Actuation, ActuationKind, Speech
from agent.core.device import DeviceId
from agent.core.errors import DeviceError, TransportError
from agent.core.reading import Quantity
from drivers.zigbee import actuate
from tests.drivers.zigbee.bench import Bench


async def test_a_siren_sounds_and_falls_silent_when_told(bench: Bench) -> None:
    async with bench.running() as driver:
        (siren,) = await bench.pair("siren-1")
        await bench.hears(siren, Quantity.SIREN_ON, ("", False))
        await driver.actuate(siren, Actuation(ActuationKind.SIREN_ON, duration_s=60))
        await bench.state("siren-1", on=True)
        await bench.hears(siren, Quantity.SIREN_ON, ("", True))
        await driver.actuate(siren, Actuation(ActuationKind.SIREN_OFF))
        await bench.state("siren-1", on=False)
        await bench.hears(siren, Quantity.SIREN_ON, ("", False), times=2)


async def test_a_siren_whose_time_is_over_is_said_to_be_silent(bench: Bench) -> None:
    async with bench.running() as driver:
        (siren,) = await bench.pair("siren-1")
        await bench.hears(siren, Quantity.SIREN_ON, ("", False))
        await driver.actuate(siren, Actuation(ActuationKind.SIREN_ON, duration_s=1))
        await bench.hears(siren, Quantity.SIREN_ON, ("", False), times=2)
        await bench.state("siren-1", on=False)


async def test_a_valve_closes_and_opens_and_says_so(bench: Bench) -> None:
    async with bench.running() as driver:
        (valve,) = await bench.pair("valve-1")
        await driver.actuate(valve, Actuation(ActuationKind.VALVE_OPEN))
        await bench.state("valve-1", on=True)
        await bench.hears(valve, Quantity.SWITCHED_ON, ("", True))
        await driver.actuate(valve, Actuation(ActuationKind.VALVE_CLOSE))
        await bench.state("valve-1", on=False)
        await bench.hears(valve, Quantity.SWITCHED_ON, ("", False), times=2)


async def test_a_plug_on_another_endpoint_is_switched(bench: Bench) -> None:
    async with bench.running() as driver:
        (plug,) = await bench.pair("plug-1")
        await driver.actuate(plug, Actuation(ActuationKind.SWITCH_ON))
        await bench.state("plug-1", on=True)
        await bench.hears(plug, Quantity.SWITCHED_ON, ("ep2", True))


async def test_a_plug_that_is_told_to_speak_says_that_it_cannot(bench: Bench) -> None:
    async with bench.running() as driver:
        (plug,) = await bench.pair("plug-1")
        with pytest.raises(DeviceError, match="no voice"):
            await driver.actuate(plug, Actuation(ActuationKind.SPEAK, speech=Speech("您好", "zh")))


@pytest.mark.parametrize("status", [0xE1, 0xB7])
async def test_a_siren_sounds_after_failed_sends(bench: Bench, status: int) -> None:
    async with bench.running() as driver:
        (siren,) = await bench.pair("siren-1")
        # More failures than the library's own three tries.
        await bench.do("fail_sends", device="siren-1", status=status, count=5)
        await driver.actuate(siren, Actuation(ActuationKind.SIREN_ON, duration_s=60))
        await bench.state("siren-1", on=True)


async def test_an_order_outlives_a_stick_that_is_plugged_out_and_in(bench: Bench) -> None:
    async with bench.running() as driver, asyncio.TaskGroup() as group:
        (siren,) = await bench.pair("siren-1")
        await bench.do("unplug")
        order = group.create_task(
            driver.actuate(siren, Actuation(ActuationKind.SIREN_ON, duration_s=60))
        )
        await bench.until(lambda: not driver.health().ok, "the stick is lost")
        assert not order.done()
        await bench.do("replug")
        await bench.state("siren-1", on=True)


async def test_a_device_that_never_answers_is_an_error_with_a_next_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actuate, "GIVE_UP_S", 2.0)
    monkeypatch.setattr(actuate, "ATTEMPT_S", 0.5)
    async with bench.running() as driver:
        (siren,) = await bench.pair("siren-1")
        await bench.do("mute", device="siren-1")
        with pytest.raises(DeviceError, match=r"Check that it has power"):
            await driver.actuate(siren, Actuation(ActuationKind.SIREN_ON))


async def test_without_a_stick_the_error_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actuate, "GIVE_UP_S", 0.5)
    async with bench.running(port="/dev/no-such-stick", up=False) as driver:
        with pytest.raises(TransportError, match="Zigbee is down"):
            await driver.actuate(DeviceId("zb:00124b0000000001"), Actuation(ActuationKind.SIREN_ON))


async def test_what_a_device_cannot_do_is_refused_at_once(bench: Bench) -> None:
    async with bench.running() as driver:
        (contact,) = await bench.pair("contact-1")
        with pytest.raises(DeviceError, match="has no siren"):
            await driver.actuate(contact, Actuation(ActuationKind.SIREN_ON))
        with pytest.raises(DeviceError, match="Pair it again"):
            await driver.actuate(DeviceId("zb:00124b0000000001"), Actuation(ActuationKind.SIREN_ON))


async def test_the_first_attempt_leaves_at_once(bench: Bench) -> None:
    """From the call to the confirmed siren, over a pty: our part, the library's and the stick's."""
    async with bench.running() as driver:
        (siren,) = await bench.pair("siren-1")
        took_ms = []
        for kind in (ActuationKind.SIREN_ON, ActuationKind.SIREN_OFF) * 5:
            begun = time.perf_counter()
            await driver.actuate(siren, Actuation(kind, duration_s=60))
            took_ms.append((time.perf_counter() - begun) * 1000)
        assert sorted(took_ms)[4] < 100, took_ms
