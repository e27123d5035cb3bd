"""A bench: the real driver on an emulated stick, and an inbox that remembers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.device import Device, DeviceId
from agent.core.reading import Quantity, Reading, Value
from drivers.base import PairStage, PairStep
from drivers.zigbee.driver import ZigbeeDriver
from znp.client import StickControl
from znp.launch import StickProcess

WAIT_S = 20.0


class SteadyClock:
    """The machine's monotonic clock, as stamps."""

    def now(self) -> Stamp:
        now_s = time.monotonic()
        return Stamp(now_s, int(now_s * 1000), BootId("bench"), 0.0, TimeQuality.UNKNOWN)


class Memory:
    """An inbox that keeps everything it is given."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.found: dict[DeviceId, Device] = {}
        self.left: list[DeviceId] = []
        self.steps: list[PairStep] = []
        self.heard_ns: list[int] = []

    def observe(self, readings: Sequence[Reading]) -> None:
        self.heard_ns.append(time.monotonic_ns())
        self.readings.extend(readings)

    def device_found(self, device: Device) -> None:
        self.found[device.id] = device

    def device_left(self, device: DeviceId) -> None:
        self.left.append(device)

    def pair_step(self, step: PairStep) -> None:
        self.steps.append(step)

    def of(self, device: DeviceId, quantity: Quantity) -> list[tuple[str, Value]]:
        """Return channel and value of all that a device said about one thing, in order."""
        return [
            (reading.channel, reading.value)
            for reading in self.readings
            if reading.device == device and reading.quantity == quantity
        ]

    def stages(self, device: DeviceId) -> list[PairStage]:
        return [step.stage for step in self.steps if step.device == device]


class Bench:
    """One emulated stick, and drivers that come and go on it."""

    def __init__(self, stick: StickProcess, control: StickControl, folder: Path) -> None:
        self.stick = stick
        self._control = control
        self._folder = folder
        self.inbox = Memory()
        self.ledger: dict[DeviceId, Device] = {}
        self.driver: ZigbeeDriver

    async def do(self, verb: str, /, **values: object) -> dict[str, object]:
        return await asyncio.to_thread(lambda: self._control.do(verb, **values))

    async def state(self, device: str, **values: object) -> dict[str, object]:
        """Wait until the emulated device is in this state."""
        return await asyncio.to_thread(
            lambda: self._control.wait_for(device, timeout_s=WAIT_S, **values)
        )

    async def id_of(self, device: str) -> DeviceId:
        state = await asyncio.to_thread(self._control.state, device)
        return DeviceId("zb:" + str(state["ieee"]).replace(":", ""))

    @asynccontextmanager
    async def running(self, port: str = "", *, up: bool = True) -> AsyncIterator[ZigbeeDriver]:
        """Run a driver on the stick; it is up when the block begins, unless told otherwise."""
        self.driver = ZigbeeDriver(
            port=port or self.stick.port,
            baudrate=115200,
            channel=15,
            database=self._folder / "zigbee.db",
            clock=SteadyClock(),
            inbox=self.inbox,
            ledger=self.ledger.get,
            rng=random.Random(1),
        )
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

    async def until(
        self, met: Callable[[], object], what: str, *, timeout_s: float = WAIT_S
    ) -> None:
        """Wait until something holds, and say what did not when it does not."""
        deadline = time.monotonic() + timeout_s
        while not met():
            assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
            await asyncio.sleep(0.005)

    async def until_async(
        self,
        ask: Callable[[], Awaitable[dict[str, object]]],
        met: Callable[[dict[str, object]], bool],
    ) -> None:
        """Ask until the answer is right."""
        deadline = time.monotonic() + WAIT_S
        while not met(answer := await ask()):
            assert time.monotonic() < deadline, f"not within {WAIT_S:g} s: {answer}"
            await asyncio.sleep(0.01)

    async def pair(self, *devices: str) -> list[DeviceId]:
        """Let devices in, wait until they are ready, and write them into the ledger."""
        await self.driver.open_joining(60)
        ids = []
        for name in devices:
            await self.do("join", device=name)
            ids.append(await self.id_of(name))
        for device in ids:
            await self._ready(device)
            self.ledger[device] = self.inbox.found[device]
        await self.driver.close_joining()
        return ids

    async def _ready(self, device: DeviceId) -> None:
        await self.until(
            lambda: PairStage.READY in self.inbox.stages(device),
            f"{device} is ready: {self.inbox.steps}",
        )

    async def hears(
        self, device: DeviceId, quantity: Quantity, said: tuple[str, Value], *, times: int = 1
    ) -> None:
        """Wait until the device has said this so many times."""
        await self.until(
            lambda: self.inbox.of(device, quantity).count(said) >= times,
            f"{device} {quantity} {said} x{times}; got {self.inbox.of(device, quantity)}",
        )
