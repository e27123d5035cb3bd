"""From `send_sms` and `call` to the module, and the same bytes typed by hand for a floor."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import serial

from drivers.serial.modem.decode import pdu
from drivers.serial.modem.decode.call import CallPlan
from drivers.serial.modem.driver import ModemDriver
from modem.launch import modem_process
from tests.bench.figures import show, summary
from tests.drivers.zigbee.bench import Memory, SteadyClock
from tests.hub import ROOT
from znp.client import StickControl

NUMBER, TEXT = "+8613800138000", "【安居守护】张奶奶按了求助按钮，请立即联系。回复1表示已处理。"
UP_S = 20.0


def run(texts: int) -> None:
    """Print both vendors' figures."""
    for vendor in ("sim7600", "ec20"):
        with (
            TemporaryDirectory(prefix="anju-bench-", dir=ROOT) as folder,
            modem_process(Path(folder), vendor=vendor) as module,
            module.control() as control,
        ):
            control.do("set", network_s=0.0, report=-1)
            control.do("person", number=NUMBER, keys="1", after_s=0.05, keys_after_s=0.0)
            control.subscribe()
            handed, called = asyncio.run(_measure(module.port, control, texts))
            floor = _floor(module.port, control, texts)
            show("text_handed_to_modem", vendor=vendor, **summary(handed), floor=summary(floor))
            show("call_started", vendor=vendor, **summary(called))


async def _measure(port: str, control: StickControl, texts: int) -> tuple[list[float], list[float]]:
    """Return milliseconds until the module had the text, and until it had the number."""
    driver = ModemDriver(
        port=port,
        baudrate=115_200,
        pin_file=None,
        clock=SteadyClock(),
        inbox=Memory(),
        rng=random.Random(1),
    )
    handed, called = [], []
    async with asyncio.TaskGroup() as group:
        running = group.create_task(driver.run())
        async with asyncio.timeout(UP_S):
            while not driver.health().ok:  # noqa: ASYNC110 - no news of it
                await asyncio.sleep(0.01)
        for _ in range(texts):
            began_ns = time.monotonic_ns()
            await driver.send_sms(NUMBER, TEXT)
            handed.append(await _since(began_ns, control, "text_sent"))
        for _ in range(max(1, texts // 10)):
            began_ns = time.monotonic_ns()
            await driver.call(NUMBER, plan=CallPlan(keys="1"))
            called.append(await _since(began_ns, control, "dialled"))
        running.cancel()
    return handed, called


async def _since(began_ns: int, control: StickControl, event: str) -> float:
    return _elapsed_ms(began_ns, await asyncio.to_thread(control.event, event))


def _elapsed_ms(began_ns: int, event: dict[str, object]) -> float:
    return (int(str(event["at_ns"])) - began_ns) / 1e6


def _floor(port: str, control: StickControl, texts: int) -> list[float]:
    """Return the milliseconds of the same text written by hand, one blocking read at a time."""
    (submit,) = pdu.submit(NUMBER, TEXT, reference=0, wants_report=True)
    found = []
    with serial.Serial(port, 115_200, timeout=5.0) as host:
        for _ in range(texts):
            began_ns = time.monotonic_ns()
            host.write(f"AT+CMGS={submit.length}\r".encode())
            host.read_until(b"> ")
            host.write(f"{submit.pdu}\x1a".encode())
            host.read_until(b"OK\r\n")
            found.append(_elapsed_ms(began_ns, control.event("text_sent")))
    return found
