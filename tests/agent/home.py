"""A small home for tests of the shell: real journal, real rules, a driver that notes its orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.config import Config, HubSection
from agent.core.actuation import Actuation
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import DeviceError
from agent.core.reading import Quantity, Reading, Value
from agent.core.text import Sentence
from agent.dispatch import Asked, Dispatch
from agent.journal.store import JournalStore
from agent.pipeline import Pipeline
from agent.registry import Registry, encode_device
from agent.remote import Remote
from agent.resume import resume
from agent.site.changes import Changes
from drivers.base import Health
from tests.clocks import HandClock

BUTTON = Device(DeviceId("zb:0000000000000001"), DeviceKind.CALL_BUTTON, "bed", paired_at_s=1.0)
SMOKE = Device(DeviceId("zb:0000000000000002"), DeviceKind.SMOKE, "kitchen", paired_at_s=2.0)
SIREN = Device(DeviceId("zb:0000000000000003"), DeviceKind.SIREN, "hall", paired_at_s=3.0)
DEVICES = (BUTTON, SMOKE, SIREN)


@dataclass(slots=True)
class Bench:
    """A driver whose devices do as they are told, or fail when `broken`."""

    done: list[tuple[DeviceId, Actuation]] = field(default_factory=list)
    broken: bool = False
    hold: asyncio.Event | None = None
    name: str = "bench"

    async def run(self) -> None:
        """Serve nothing."""
        await asyncio.Event().wait()

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Take the order."""
        if self.hold is not None:
            await self.hold.wait()
        if self.broken:
            raise DeviceError("siren does not answer; check its plug")
        self.done.append((device, actuation))

    def owns(self, device: DeviceId) -> bool:
        """Reach every radio device."""
        return device.startswith("zb:")

    def health(self) -> Health:
        """Be well."""
        return Health("bench", ok=True, says=Sentence("正常", "well"))


async def until(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait until `condition` holds. Errors: TimeoutError when it does not within `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for is on disk or in a process.
            await asyncio.sleep(0.002)


OWN_RULES: dict[str, Any] = {
    # Asked after an hour in the bathroom, for two minutes: a pre-alarm that a test can count.
    "bathroom_dwell": {"within_s": 3600, "pre_alarm_s": 120, "prompt_every_s": 60}
}
"""What this home's installer chose."""


class Home:
    """Journal, registry, pipeline and dispatch over one folder; open it again after a `crash`."""

    def __init__(
        self,
        folder: Path,
        clock: HandClock,
        group: asyncio.TaskGroup,
        config: Config | None = None,
    ) -> None:
        hub = HubSection(id="hub-1", district="d1", data_dir=folder, runtime_dir=folder)
        self.clock = clock
        self.bench = Bench()
        self.store = JournalStore(folder / "data" / "journal.db", folder / "fallback.db", clock)
        kept = {str(device.id): encode_device(device) for device in DEVICES}
        self.registry = Registry(kept, folder / "devices.json")
        self.changes = Changes(clock, self.store, config or Config(hub=hub, rules=OWN_RULES))
        self.rules = self.changes.rules
        self.pipeline = Pipeline(clock, self.store, self.registry, self.rules)
        self.remote = Remote(clock, self.store, self.registry, self.pipeline, self.changes)
        self.changes.on_change = lambda: self.pipeline.use_rules(self.changes.rules)
        self.dispatch = Dispatch([self.bench], group, self.pipeline.reported)
        self.pipeline.release = self._release
        self.released: list[Asked] = []
        self.store.start()
        self.pending = resume(self.pipeline, self.store, clock.now())
        self.dispatch.release(self.pending)
        self.changes.begin_run()

    def _release(self, orders: Sequence[Asked]) -> None:
        self.released += orders
        self.dispatch.release(orders)

    def hear(
        self,
        device: Device,
        quantity: Quantity,
        value: Value,
        *,
        frame: str | None = None,
        channel: str = "alarm1",
        drill: bool = False,
    ) -> None:
        """Let a device say something now."""
        stamp = self.clock.now()
        self.pipeline.observe(
            [Reading(device.id, quantity, value, stamp, channel, frame=frame, drill=drill)]
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition`, at most 10 s."""
        await until(condition)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and timers come due."""
        self.clock.advance(seconds)
        self.pipeline.timers.look()

    def close(self) -> None:
        """Stop in good order."""
        assert self.store.stop(5)
