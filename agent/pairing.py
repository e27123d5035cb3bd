"""Brings a new device into the home: from an open network to the first thing it says of its own
accord.

Owns one pairing at a time. A device belongs to the home only when it has proved that what it sends
decodes: a call button by a press, a contact by being opened. That first report is flagged as a
drill.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent.core.clock import Clock
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import CommandRefused, TransportError
from agent.core.reading import Reading
from drivers.base import PairingDriver, PairStage, PairStep

log = logging.getLogger(__name__)

Outcome = Literal["done", "timeout", "stopped", "failed"]
FIRST_REPORT = "first_report"

_ACTUATORS = (DeviceKind.SIREN, DeviceKind.PLUG, DeviceKind.VALVE, DeviceKind.LIGHT)
"""These are proved by their answer to us; they have nothing to say of their own accord."""


@dataclass(frozen=True, slots=True)
class Paired:
    """How a pairing ended, and with which device."""

    outcome: Outcome
    device: Device | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the installer asked for."""

    window_s: int
    name: str
    room: str


class Pairing:
    """One pairing after another. `tell(stage, device, left_s)` is called at every step."""

    def __init__(self, clock: Clock, adopt: Callable[[Device], None]) -> None:
        self._clock = clock
        self._adopt = adopt
        self._tell: Callable[[str, DeviceId | None, float], None] | None = None
        self._done: asyncio.Future[Paired] | None = None
        self._wanted = Wanted(0, "", "")
        self._until_s = 0.0
        self._candidate: Device | None = None

    async def run(
        self,
        driver: PairingDriver,
        wanted: Wanted,
        tell: Callable[[str, DeviceId | None, float], None],
    ) -> Paired:
        """Open the network and wait for one device to come all the way, or for the window to close.

        Errors: CommandRefused("busy") when a pairing is under way; TransportError from the driver.
        """
        if self._done is not None:
            raise CommandRefused(
                "busy", "a pairing is under way; stop it first or wait for its end"
            )
        self._wanted, self._tell, self._candidate = wanted, tell, None
        self._done = asyncio.get_running_loop().create_future()
        self._until_s = self._clock.now().at_s + wanted.window_s
        try:
            await driver.open_joining(wanted.window_s)
            async with asyncio.timeout(wanted.window_s):
                return await self._done
        except TimeoutError:
            return Paired("timeout", self._candidate)
        finally:
            self._done = self._tell = None
            try:
                await driver.close_joining()
            except TransportError as error:  # The radio closes by itself when its time is over.
                log.warning("pair.not_closed error=%s", error)

    def stop(self) -> None:
        """End the pairing that is under way, if any."""
        self._finish(Paired("stopped", self._candidate))

    # --- what drivers report --------------------------------------------------------------------

    def step(self, step: PairStep) -> None:
        """Take a step of a device on its way in."""
        if self._tell is not None:
            left_s = max(0.0, self._until_s - self._clock.now().at_s)
            self._tell(step.stage, step.device, left_s)
        if step.stage is PairStage.FAILED and step.device is not None and self._candidate is None:
            return  # It may try again until the window closes; the installer has been told.

    def found(self, device: Device) -> None:
        """Take a device that is set up and not yet one of ours: the first one is the candidate."""
        if self._done is not None and self._candidate is None:
            self._candidate = device

    def heard(self, readings: Sequence[Reading]) -> list[Reading]:
        """Take readings of a device that is not ours; return them flagged, if it is the candidate.

        The first one that the device sent of its own accord ends the pairing.
        """
        candidate = self._candidate
        if candidate is None or self._done is None:
            return []
        ours = [replace(r, drill=True) for r in readings if r.device == candidate.id]
        if any(r.frame is not None for r in ours) or (ours and candidate.kind in _ACTUATORS):
            device = replace(
                candidate,
                name=self._wanted.name or candidate.name,
                room=self._wanted.room or candidate.room,
                paired_at_s=self._clock.now().wall_s,
            )
            self._adopt(device)
            if self._tell is not None:
                left_s = max(0.0, self._until_s - self._clock.now().at_s)
                self._tell(FIRST_REPORT, device.id, left_s)
            self._finish(Paired("done", device))
        return ours

    def _finish(self, paired: Paired) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(paired)
