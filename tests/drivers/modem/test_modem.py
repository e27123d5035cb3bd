"""The module's life: SIM, PIN, network, silence, ports that come and go; and what is said of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
import serial

from agent.core.actuation import Actuation, ActuationKind
from agent.core.device import DeviceId
from agent.core.errors import DeviceError
from drivers.serial.modem import connection, driver, start
from drivers.serial.modem.decode.pdu import TextFate
from tests.drivers.modem.bench import DAUGHTER, Bench


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what a person would wait for."""
    monkeypatch.setattr(connection, "PING_EVERY_S", 0.2)
    monkeypatch.setattr(connection, "LOOK_EVERY_S", 0.3)
    monkeypatch.setattr(connection, "NO_NETWORK_S", 0.5)
    monkeypatch.setattr(start, "WAKE_S", 2.0)
    monkeypatch.setattr("drivers.serial.modem.talk.SETTLE_TRIES", 1)
    monkeypatch.setattr(driver, "LONGEST_RETRY_S", 0.3)
    monkeypatch.setattr(driver, "LOOK_AGAIN_S", 0.1)


async def test_a_healthy_modem_says_network_and_signal_and_no_fault(bench: Bench) -> None:
    async with bench.running() as modem:
        health = modem.health()
        assert health.says.en == "The modem works: CHINA MOBILE, signal -67 dBm."
        assert health.says.zh == "通信模块工作正常：CHINA MOBILE，信号 -67 dBm。"
        assert (health.driver, health.hears_devices) == ("modem", False)
        assert bench.faults() == [("modem", False), ("sim", False), ("network", False)]
        assert (await bench.do("state"))["echo"] is False
        assert not modem.owns(DeviceId("hub:modem"))
        with pytest.raises(DeviceError, match="switches nothing"):
            await modem.actuate(DeviceId("hub:modem"), Actuation(ActuationKind.SIREN_ON, 1))


async def test_the_right_pin_opens_the_sim(locked: Bench, tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("4711\n")
    async with locked.running(pin_file=file):
        assert (await locked.do("state"))["pins_tried"] == 1


@pytest.mark.usefixtures("impatient")
async def test_a_wrong_pin_is_tried_once_and_never_again(locked: Bench, tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("1234")
    async with locked.running(pin_file=file, up=False) as modem:
        await locked.says("refused its PIN; tries left: 2")
        await locked.until(lambda: modem.health().restarts >= 3, "three more starts")
    async with locked.running(pin_file=file, up=False) as modem:  # And after a restart of the hub.
        await locked.until(lambda: modem.health().restarts >= 2, "two starts")
        assert "网关不会再试" in modem.health().says.zh
    state = await locked.do("state")
    assert (state["pins_tried"], state["tries"]) == (1, 2)
    assert ("sim", True) in locked.faults()


@pytest.mark.usefixtures("impatient")
async def test_each_thing_that_is_wrong_with_pin_and_sim_has_its_sentence(
    locked: Bench, tmp_path: Path
) -> None:
    async with locked.running(up=False):
        await locked.says("wants a PIN. Write it into a file")
    file = tmp_path / "pin"
    async with locked.running(pin_file=file, up=False):
        await locked.says("cannot be read (No such file")
    file.write_text("let me in")
    async with locked.running(pin_file=file, up=False):
        await locked.says("got 9 signs, wanted the 4 to 8 digits")
        await locked.do("sim", tries=0)
        await locked.says("wants its PUK")
        await locked.do("sim", tries=3, present=False)
        await locked.says("there is no SIM in the modem")
        await locked.do("sim", present=True, broken=True)
        await locked.says("cannot be read, or is locked")
        file.write_text("4711")
        await locked.do("sim", broken=False)
        await locked.until(lambda: locked.driver.health().ok, "the SIM is mended")
    assert (await locked.do("state"))["pins_tried"] == 1
    sim = [active for channel, active in locked.faults() if channel == "sim"]
    assert sim == [True, True, True, False]  # Once a run, however many retries and reasons it had.


@pytest.mark.usefixtures("impatient")
async def test_a_module_that_does_not_tell_the_tries_gets_no_pin(
    locked: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "pin"
    file.write_text("4711")
    for command in ("AT+SPIC", 'AT+QPINC="SC"'):
        await locked.do("refuse", command=command)
    async with locked.running(pin_file=file, up=False):
        await locked.says("tries left: ?")
    assert (await locked.do("state"))["pins_tried"] == 0


@pytest.mark.usefixtures("impatient")
async def test_a_lost_network_is_a_trouble_after_a_while_and_its_return_ends_it(
    bench: Bench,
) -> None:
    async with bench.running() as modem:
        await bench.do("set", network="searching")
        await bench.until(lambda: not modem.health().ok, "the loss is seen")
        await bench.says("has found no mobile network for")
        await bench.do("set", network="denied")
        await bench.says("refuses this SIM")
        delivery = await modem.send_sms(DAUGHTER, "help")  # Tried all the same.
        assert (delivery.fate, "331" in delivery.detail) == (TextFate.FAILED, True)
        await bench.do("set", network="roaming")
        await bench.until(lambda: modem.health().ok, "the network is back")
    assert bench.faults()[3:] == [("network", True), ("network", False)]


@pytest.mark.usefixtures("impatient")
async def test_a_port_that_goes_and_comes_back_elsewhere_is_found_again(bench: Bench) -> None:
    async with bench.running() as modem:
        before = _real(bench.module.port)
        await bench.do("unplug")
        await bench.says("no such port")
        assert not modem.health().ok
        held = [_hold_a_pty() for _ in range(3)]  # The number of the old port is taken meanwhile.
        await bench.do("replug")
        await bench.until(lambda: modem.health().ok, "the modem is back")
        assert held
        assert _real(bench.module.port) != before
        assert (await modem.send_sms(DAUGHTER, "help")).fate is TextFate.SENT
    assert bench.faults()[3:] == [("modem", True), ("modem", False)]


def _hold_a_pty() -> tuple[int, int]:
    return os.openpty()


async def _taken(port: str) -> serial.Serial:
    """Open the port as another program would, once the driver's thread has let go of it."""
    async with asyncio.timeout(5):
        while True:
            try:
                return serial.Serial(port, exclusive=True)
            except serial.SerialException:
                await asyncio.sleep(0.01)


def _real(link: str) -> str:
    return os.path.realpath(link)


@pytest.mark.usefixtures("impatient")
async def test_a_silent_module_is_reopened_then_reset_then_its_power_is_cycled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RESET_S", 0.3)
    async with bench.running(power=True) as modem:
        await bench.do("set", silent=True)
        await bench.says("does not answer and is being reset")
        await bench.until(lambda: bench.power_cycles, "its power is cycled", timeout_s=40.0)
        await bench.until(lambda: modem.health().ok, "the modem is back")
        assert (await modem.send_sms(DAUGHTER, "help")).fate is TextFate.SENT
        assert bench.power_cycles == 1
    assert bench.faults()[3:] == [("modem", True), ("modem", False)]


async def test_a_module_that_restarts_by_itself_is_set_up_again(bench: Bench) -> None:
    async with bench.running() as modem:
        await bench.do("reset")
        await bench.until(lambda: modem.health().restarts == 1, "it is set up again")
        await bench.until(lambda: modem.health().ok, "the modem is back")
        await bench.do("text", sender=DAUGHTER, text="1")
        await bench.until(lambda: bench.ears.texts, "texts are heard again")


async def test_noise_echo_and_slow_answers_are_only_noise_echo_and_slow_answers(
    bench: Bench,
) -> None:
    await bench.do("set", slow_s=0.1)
    async with bench.running() as modem:
        await bench.do("set", echo=True)
        await bench.do("noise", count=5000)
        await bench.do("noise", hex="0d0a3e20")
        await bench.do("line", text="+CME ERROR: 100")
        await bench.do("line", text="+CMTI: nonsense")
        assert (await modem.send_sms(DAUGHTER, "help")).fate is TextFate.SENT
        assert modem.health().restarts == 0


@pytest.mark.usefixtures("impatient")
async def test_an_unknown_module_and_a_taken_port_have_their_sentences(bench: Bench) -> None:
    await bench.do("refuse", command="AT+CGMM", answer="M35\r\n\r\nOK")
    async with bench.running(up=False):
        await bench.says("says it is 'M35'; the hub knows the SIM7600 and EC20 families")
    port = await _taken(bench.module.port)
    async with bench.running(up=False):
        await bench.says("is in use by another program")
    port.close()
    async with bench.running(port="/dev/null", up=False):
        await bench.says("the modem's port /dev/null does not open")


@pytest.mark.usefixtures("impatient")
async def test_a_sim_or_a_storage_that_does_not_get_ready_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "SIM_S", 0.5)
    for command in ("AT+CPIN?", 'AT+CPMS="SM","SM","SM"'):
        await bench.do("refuse", command=command, answer="+CME ERROR: 14")
        async with bench.running(up=False):
            await bench.says("the SIM does not get ready")


async def test_a_setting_that_an_older_firmware_lacks_keeps_nobody_from_calling(
    bench: Bench,
) -> None:
    for command in ("AT+CVHU=0", "AT+CEREG=1", "AT+CEREG?", "AT+CSQ", "AT+COPS?", "AT+DDET=1"):
        await bench.do("refuse", command=command)
    async with bench.running() as modem:
        assert modem.health().says.en == "The modem works: on the network, signal ? dBm."
        assert (await modem.send_sms(DAUGHTER, "help")).fate is TextFate.SENT


@pytest.mark.serial
async def test_the_loop_goes_on_while_the_modem_floods_it(bench: Bench) -> None:
    await bench.do("set", storm=200)
    worst_s = 0.0
    async with bench.running() as modem:
        loop = asyncio.get_running_loop()

        async def watch() -> None:
            nonlocal worst_s
            while True:
                before_s = loop.time()
                await asyncio.sleep(0.001)
                worst_s = max(worst_s, loop.time() - before_s)

        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            for _ in range(5):
                assert (await modem.send_sms(DAUGHTER, "help")).fate is TextFate.SENT
            watching.cancel()
    assert worst_s < 0.1, f"the loop stood still for {worst_s * 1000:.0f} ms"
