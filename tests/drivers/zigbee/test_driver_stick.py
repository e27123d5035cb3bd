"""Whatever happens to the stick, the driver says so once and comes back by itself."""

import asyncio
import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from agent.core.device import hub_part
from agent.core.errors import TransportError
from agent.core.reading import Quantity
from drivers.zigbee import driver as driver_module
from drivers.zigbee import radio as radio_module
from tests.drivers.zigbee.bench import Bench

HUB = hub_part("zigbee")
FAULT, WELL = ("stick", True), ("stick", False)
ALARM = ("alarm1", True)


def faults(bench: Bench) -> list[str]:
    return [r.detail for r in bench.inbox.readings if r.device == HUB and r.value is True]


async def test_a_stick_is_plugged_out_and_in(bench: Bench) -> None:
    async with bench.running() as driver:
        (button,) = await bench.pair("sos-1")
        await bench.do("unplug")
        await bench.hears(HUB, Quantity.FAULT, FAULT)
        assert not driver.health().ok
        # Several retries on a port that is not there are one outage.
        await bench.until(lambda: driver.health().restarts >= 3, "it is tried again and again")
        await bench.do("replug")
        await bench.hears(HUB, Quantity.FAULT, WELL, times=2)
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)
    assert bench.inbox.of(HUB, Quantity.FAULT) == [WELL, FAULT, WELL]


async def test_a_stick_that_resets_itself_in_silence_is_noticed(bench: Bench) -> None:
    async with bench.running() as driver:
        (button,) = await bench.pair("sos-1")
        await bench.do("reset")
        await bench.hears(HUB, Quantity.FAULT, FAULT)
        await bench.hears(HUB, Quantity.FAULT, WELL, times=2)
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)
        assert driver.health().ok
    assert "reset itself" in faults(bench)[0]


async def test_a_stick_that_hangs_is_noticed_and_comes_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "PING_EVERY_S", 0.3)
    monkeypatch.setattr(radio_module, "PING_S", 0.5)
    async with bench.running():
        await bench.do("hang")
        await bench.hears(HUB, Quantity.FAULT, FAULT)
        await bench.do("unhang")
        await bench.hears(HUB, Quantity.FAULT, WELL, times=2)
    assert "does not answer" in faults(bench)[0]


async def test_a_port_that_is_not_there_is_named_with_those_that_are(bench: Bench) -> None:
    async with bench.running(port="/dev/no-such-stick", up=False) as driver:
        await bench.until(lambda: driver.health().restarts >= 2, "it is tried again")
        with pytest.raises(TransportError, match="no such port"):
            await driver.open_joining(60)
    assert len(faults(bench)) == 1
    assert "no such port /dev/no-such-stick; ports seen:" in faults(bench)[0]


async def test_a_stick_that_appears_later_is_used(bench: Bench) -> None:
    await bench.do("unplug")
    async with bench.running(up=False) as driver:
        await bench.hears(HUB, Quantity.FAULT, FAULT)
        await bench.do("replug")
        await bench.until(lambda: driver.health().ok, "the stick is used")


async def test_a_port_that_never_answers_is_a_silent_stick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio_module, "CONNECT_S", 1.0)
    master, slave = os.openpty()
    try:
        async with bench.running(port=os.ttyname(slave), up=False):
            await bench.hears(HUB, Quantity.FAULT, FAULT)
    finally:
        os.close(master)
        os.close(slave)
    assert "does not answer" in faults(bench)[0]


async def test_a_port_in_use_is_named_as_such(bench: Bench) -> None:
    other = await asyncio.to_thread(os.open, bench.stick.port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        async with bench.running(up=False) as driver:
            await bench.hears(HUB, Quantity.FAULT, FAULT)
            os.close(other)
            other = -1
            await bench.until(lambda: driver.health().ok, "the port is free again")
    finally:
        if other >= 0:
            os.close(other)
    assert "in use by another program" in faults(bench)[0]


async def test_a_jammed_air_at_the_start_is_told_and_survived(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.running():
        pass
    bench.inbox.readings.clear()
    monkeypatch.setattr("zigpy_znp.api.STARTUP_TIMEOUT", 1.0)  # 15 s in the library.
    await bench.do("formation_failure", count=1)
    async with bench.running(up=False) as driver:
        await bench.until(lambda: driver.health().ok, "it starts at last")
    assert len(faults(bench)) == 1
    assert "interference" in faults(bench)[0]


async def test_a_blank_stick_gets_the_home_network_back(bench: Bench) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
        await bench.until(lambda: driver_backed_up(bench), "the network is backed up after pairing")
        before = (await bench.do("devices"))["stick"]
    await bench.do("swap_blank")
    async with bench.running():
        after = (await bench.do("devices"))["stick"]
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert (after["pan_id"], after["ext_pan_id"]) == (before["pan_id"], before["ext_pan_id"])
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)


def driver_backed_up(bench: Bench) -> bool:
    return bench.driver.backups_made > 0


async def test_a_stick_with_another_network_is_refused(bench: Bench) -> None:
    async with bench.running():
        pass
    bench.inbox.readings.clear()
    await bench.do("swap_other")
    async with bench.running(up=False) as driver:
        await bench.hears(HUB, Quantity.FAULT, FAULT)
        assert not driver.health().ok
        assert "另一个 Zigbee 网络" in driver.health().says.zh
    assert "another Zigbee network" in faults(bench)[0]


async def test_joining_opens_and_closes(bench: Bench) -> None:
    async with bench.running() as driver:
        await driver.open_joining(30)
        assert stick_of(await bench.do("devices"))["permits"] is True
        await driver.close_joining()
        await bench.until_async(
            lambda: bench.do("devices"), lambda answer: stick_of(answer)["permits"] is False
        )
    assert [step.stage.value for step in bench.inbox.steps] == ["open", "closed"]


def stick_of(answer: dict[str, object]) -> dict[str, object]:
    stick = answer["stick"]
    assert isinstance(stick, dict)
    return stick


async def test_a_damaged_database_does_not_silence_the_home(bench: Bench, tmp_path: Path) -> None:
    async with bench.running():
        (button,) = await bench.pair("sos-1")
    (tmp_path / "zigbee.db").write_bytes(b"not a database" * 1000)
    async with bench.running(up=False) as driver:
        await bench.until(lambda: driver.health().ok, "it starts without its records")
        await bench.do("press", device="sos-1")
        await bench.hears(button, Quantity.SOS, ALARM)


async def test_a_new_stick_in_a_new_home_gets_a_network(new_bench: Bench) -> None:
    async with new_bench.running():
        stick = stick_of(await new_bench.do("devices"))
        assert stick["running"]
        assert stick["channel"] == 15


async def test_a_blank_stick_in_a_home_whose_backup_is_lost_is_not_given_a_new_network(
    bench: Bench, tmp_path: Path
) -> None:
    async with bench.running():
        await bench.pair("plug-1")
    bench.inbox.readings.clear()
    with sqlite3.connect(tmp_path / "zigbee.db") as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'network_backups%'"
        )
        for (name,) in tables.fetchall():
            database.execute(f"DELETE FROM {name}")
    database.close()
    await bench.do("swap_blank")
    async with bench.running(up=False) as driver:
        await bench.hears(HUB, Quantity.FAULT, FAULT)
        assert not driver.health().ok
    assert "no backup" in faults(bench)[0]
