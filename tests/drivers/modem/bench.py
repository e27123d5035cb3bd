"""A bench: the real driver on an emulated module, a listener and an inbox that remember."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from drivers.serial.modem.driver import ModemDriver
from drivers.serial.modem.texts import Delivery, Text
from tests.drivers.zigbee.bench import Memory, SteadyClock
from znp.client import StickControl
from znp.launch import StickProcess

WAIT_S = 20.0
DAUGHTER = "+8613800138000"


class Ears:
    """A listener that knows some numbers and keeps what it is told."""

    def __init__(self, *known: str) -> None:
        self._known = known
        self.forgets = 0  # So many texts find a disk that does not answer.
        self.texts: list[Text] = []
        self.went: list[Delivery] = []

    def knows(self, number: str) -> bool:
        return number in self._known

    async def text_came(self, text: Text) -> None:
        if self.forgets:
            self.forgets -= 1
            await asyncio.Event().wait()
        self.texts.append(text)

    def text_went(self, delivery: Delivery) -> None:
        self.went.append(delivery)


class Bench:
    """One emulated module, and drivers that come and go on it."""

    def __init__(self, module: StickProcess, control: StickControl) -> None:
        self.module = module
        self._control = control
        self.inbox = Memory()
        self.ears = Ears(DAUGHTER)
        self.power_cycles = 0
        self.driver: ModemDriver

    async def do(self, verb: str, /, **values: object) -> dict[str, object]:
        return await asyncio.to_thread(lambda: self._control.do(verb, **values))

    async def _cycle_power(self) -> None:
        self.power_cycles += 1
        await self.do("unplug")
        await self.do("replug")

    @asynccontextmanager
    async def running(
        self, port: str = "", *, pin_file: Path | None = None, up: bool = True, power: bool = False
    ) -> AsyncIterator[ModemDriver]:
        """Run a driver on the module; it is up when the block begins, unless told otherwise."""
        self.driver = ModemDriver(
            port=port or self.module.port,
            baudrate=115_200,
            pin_file=pin_file,
            clock=SteadyClock(),
            inbox=self.inbox,
            power_cycle=self._cycle_power if power else None,
            rng=random.Random(1),
        )
        self.driver.attend(self.ears)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.driver.run())
            try:
                if up:
                    await self.until(lambda: self.driver.health().ok, "the driver is up")
                yield self.driver
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await self._port_is_free()

    async def _port_is_free(self) -> None:
        """Wait until the thread that held the port is gone: the next driver would find it taken."""
        for thread in threading.enumerate():
            if thread.name == "modem-read":
                await asyncio.to_thread(thread.join, WAIT_S)

    async def until(
        self, met: Callable[[], object], what: str, *, timeout_s: float = WAIT_S
    ) -> None:
        """Wait until something holds; say what did not, and how the driver is, when it does not."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        while not met():
            says = self.driver.health().says.en
            assert loop.time() < deadline_s, f"not within {timeout_s:g} s: {what}; {says}"
            await asyncio.sleep(0.005)

    async def says(self, words: str) -> None:
        """Wait until the driver's health has these words in English."""
        await self.until(lambda: words in self.driver.health().says.en, words)

    async def state(self, key: str, wanted: object) -> None:
        """Wait until the module's state has this value."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + WAIT_S
        while (state := await self.do("state"))[key] != wanted:
            assert loop.time() < deadline_s, f"{key}: got {state[key]!r}, wanted {wanted!r}"
            await asyncio.sleep(0.01)

    def faults(self) -> list[tuple[str, bool]]:
        """Return the faults that were said, and their ends, in order."""
        return [(reading.channel, bool(reading.value)) for reading in self.inbox.readings]
