"""Devices come in, are understood, and speak."""

import asyncio

import pytest

from agent.core.device import DeviceKind, PowerClass
from agent.core.reading import Quantity
from drivers.base import PairStage
from drivers.zigbee import arrivals, radio
from tests.drivers.zigbee.bench import Bench

KINDS = {
    "sos-1": DeviceKind.CALL_BUTTON,
    "ace-1": DeviceKind.CALL_BUTTON,
    "contact-1": DeviceKind.CONTACT,
    "motion-1": DeviceKind.MOTION,
    "smoke-1": DeviceKind.SMOKE,
    "gas-1": DeviceKind.GAS,
    "co-1": DeviceKind.CO,
    "leak-1": DeviceKind.LEAK,
    "siren-1": DeviceKind.SIREN,
    "plug-1": DeviceKind.PLUG,
    "valve-1": DeviceKind.VALVE,
    "climate-1": DeviceKind.CLIMATE,
}


async def test_one_device_of_every_kind_comes_in_and_is_understood(bench: Bench) -> None:
    async with bench.running():
        ids = dict(zip(KINDS, await bench.pair(*KINDS), strict=True))
    assert {name: bench.inbox.found[ids[name]].kind for name in KINDS} == KINDS
    zoned = [PairStage.JOINED, PairStage.INTERVIEWED, PairStage.ENROLLED, PairStage.READY]
    assert bench.inbox.stages(ids["sos-1"]) == zoned
    assert bench.inbox.stages(ids["plug-1"]) == [s for s in zoned if s != PairStage.ENROLLED]
    assert bench.inbox.found[ids["sos-1"]].power == PowerClass.BATTERY
    assert bench.inbox.found[ids["siren-1"]].power == PowerClass.MAINS


async def test_a_device_that_leaves_and_comes_in_again_is_set_up_again(bench: Bench) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
        await bench.do("leave", device="sos-1")
        await bench.until(lambda: button in bench.inbox.left, "it left")
        bench.inbox.steps.clear()
        await bench.pair("sos-1")
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ("alarm1", True))


async def test_a_device_that_falls_asleep_in_its_interview_fails_and_may_try_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "INTERVIEW_S", 1.0)
    async with bench.running() as driver:
        await driver.open_joining(60)
        contact = await bench.id_of("contact-1")
        await bench.do("join", device="contact-1")
        await bench.until(lambda: PairStage.JOINED in bench.inbox.stages(contact), "it is in")
        await bench.do("mute", device="contact-1")
        await bench.until(lambda: PairStage.FAILED in bench.inbox.stages(contact), "it fails")
        assert "Press its button" in bench.inbox.steps[-1].detail
        await bench.do("unmute", device="contact-1")
        await bench.do("announce", device="contact-1")
        await bench.until(lambda: PairStage.READY in bench.inbox.stages(contact), "it is ready")


async def test_a_set_up_that_failed_goes_on_when_the_device_speaks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "ANSWER_S", 1.0)
    monkeypatch.setattr(arrivals, "PAIRING_AGAIN_AFTER_S", 0.0)
    async with bench.running() as driver:
        await driver.open_joining(60)
        contact = await bench.id_of("contact-1")
        await bench.do("join", device="contact-1")
        await bench.until(
            lambda: PairStage.INTERVIEWED in bench.inbox.stages(contact), "it is interviewed"
        )
        await bench.do("mute", device="contact-1")
        await bench.until(lambda: PairStage.FAILED in bench.inbox.stages(contact), "it fails")
        await bench.do("unmute", device="contact-1")

        async def spoken() -> dict[str, object]:
            """One word may come too early: a person presses the button again and again."""
            await bench.do("battery", device="contact-1", percent=50, force=True)
            await asyncio.sleep(0.5)
            return {"ready": PairStage.READY in bench.inbox.stages(contact)}

        await bench.until_async(spoken, lambda answer: bool(answer["ready"]))


async def test_a_known_device_that_forgot_its_enrolment_is_enrolled_when_it_announces_itself(
    bench: Bench,
) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
        await bench.do("leave", device="sos-1")
        await bench.until(lambda: button in bench.inbox.left, "it left")
        # Somebody let it in behind the hub's back: it is in the ledger, and help must come.
        await bench.driver.open_joining(60)
        await bench.do("join", device="sos-1")
        await bench.driver.close_joining()
        await bench.state("sos-1", enrolled=True)
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ("alarm1", True))


async def test_who_comes_in_while_joining_is_closed_is_no_new_device(bench: Bench) -> None:
    async with bench.running() as driver:
        await driver.open_joining(60)
        await driver.close_joining()
        answer = await bench.do("join", device="contact-1", for_s=1)
        assert not answer["joined"]
    assert bench.inbox.found == {}


async def test_a_lost_stick_closes_the_network(bench: Bench) -> None:
    async with bench.running() as driver:
        await driver.open_joining(60)
        await bench.do("unplug")
        await bench.until(lambda: bench.inbox.steps[-1].stage == PairStage.CLOSED, "it is closed")


async def test_measuring_devices_are_asked_to_report(bench: Bench) -> None:
    async with bench.running():
        await bench.pair("climate-1", "plug-1")
        # Battery, temperature and humidity; the switch and the power of the plug.
        await bench.state("climate-1", reporting=3)
        await bench.state("plug-1", reporting=2)
