"""A driver that looks at a part of the hub now and then.

Owns the pace, and that a look which hangs in the kernel hangs nothing else. What is looked at is
given to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from agent.core.actuation import Actuation
from agent.core.device import DeviceId
from agent.core.errors import DeviceError
from agent.core.reading import Quantity, Value
from agent.core.text import Sentence
from drivers.base import Health
from drivers.host import faults
from drivers.host.faults import Ill
from drivers.host.part import Part
from drivers.host.uevents import waking

LOOK_LIMIT_S = 5.0  # A battery gauge on a slow bus takes some tenths.

_STARTING = Sentence("正在启动。", "It is starting.")


@dataclass(frozen=True, slots=True)
class Findings:
    """What one look found. `parts` are those that are there, by the names people know; `says` how
    they are when nothing is wrong."""

    says: Sentence
    values: Mapping[Quantity, Value] = field(default_factory=dict)
    ills: tuple[Ill, ...] = ()
    parts: frozenset[str] = frozenset()


class WatchDriver:
    """Looks every `every_s` seconds, and at once when the kernel speaks of the subsystem `about`.

    `look` runs in a thread, one at a time. `channels` are the faults that it judges.
    """

    def __init__(
        self,
        part: Part,
        look: Callable[[], Findings],
        *,
        channels: tuple[str, ...],
        every_s: float,
        about: str = "",
    ) -> None:
        self._part = part
        self._look = look
        self._channels = (*channels, "gone")
        self._every_s = every_s
        self._about = about
        self._seen: frozenset[str] = frozenset()
        self._says = _STARTING
        self._looked = False
        self._restarts = -1

    @property
    def name(self) -> str:
        """Return the name of the part."""
        return self._part.name

    def owns(self, device: DeviceId) -> bool:
        """Return that nothing takes orders here."""
        return False

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Refuse. Errors: DeviceError."""
        raise DeviceError(f"{self.name} takes no orders; got {actuation.kind}")

    def health(self) -> Health:
        """Return how the part is, in words."""
        return Health(
            driver=self.name,
            ok=self._looked and self._part.ok,
            says=self._part.says(self._says),
            restarts=max(0, self._restarts),
            hears_devices=False,
        )

    async def run(self) -> None:
        """Look until cancelled."""
        self._restarts += 1
        wake = asyncio.Event()
        with waking(self._about, wake) if self._about else nullcontext():
            async with asyncio.TaskGroup() as group:
                while True:
                    wake.clear()
                    await self._look_once(group)
                    try:
                        async with asyncio.timeout(self._every_s):
                            await wake.wait()
                    except TimeoutError:
                        pass

    async def _look_once(self, group: asyncio.TaskGroup) -> None:
        look = group.create_task(asyncio.to_thread(self._look), name=f"{self.name}.look")
        done, _ = await asyncio.wait({look}, timeout=LOOK_LIMIT_S)
        if not done:
            self._part.ill(faults.unreadable(self.name, f"no answer in {LOOK_LIMIT_S:.0f} s"))
        self._found(await look)

    def _found(self, found: Findings) -> None:
        self._looked, self._says = True, found.says
        missing = self._seen - found.parts
        self._seen |= found.parts
        ills = found.ills + ((faults.gone(", ".join(sorted(missing))),) if missing else ())
        self._part.stands(ills, self._channels)
        for quantity, value in found.values.items():
            self._part.value(quantity, value)
