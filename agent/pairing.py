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

Outcome = Literal["done", "timeout", "stopped"]
_SETTLING_S = 10.0  # The driver reads a new device's state in the seconds after its set-up.
FIRST_REPORT = "first_report"

_ACTUATORS = (DeviceKind.SIREN, DeviceKind.PLUG, DeviceKind.VALVE, DeviceKind.LIGHT)
"""These are proved by their answer to us; they have nothing to say of their own accord."""


@dataclass(frozen=True, slots=True)
class Paired:
    """How a pairing ended, and with which device."""

    outcome: Outcome
    device: Device | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A step, for whoever watches: a `PairStage` or "first_report", and the time that is left."""

    stage: str
    device: DeviceId | None
    left_s: float
    kind: str = ""
    detail: str = ""


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the installer asked for."""

    window_s: int
    name: str
    room: str


class Pairing:
    """One pairing after another. `tell` is called at every step."""

    def __init__(self, clock: Clock, adopt: Callable[[Device], None]) -> None:
        self._clock = clock
        self._adopt = adopt
        self._tell: Tell | None = None
        self._done: asyncio.Future[Paired] | None = None
        self._wanted = Wanted(0, "", "")
        self._until_s = 0.0
        self._candidate: Device | None = None
        self._joined: set[DeviceId] = set()
        self._adopted: DeviceId | None = None
        self._adopted_s = 0.0

    async def run(
        self,
        driver: PairingDriver,
        wanted: Wanted,
        tell: Tell,
    ) -> Paired:
        """Open the network and wait for one device to come all the way, or for the window to close.

        Errors: CommandRefused("busy") when a pairing is under way; TransportError from the driver.
        """
        if self._done is not None:
            raise CommandRefused(
                "busy", "a pairing is under way; stop it first or wait for its end"
            )
        self._wanted, self._tell, self._candidate = wanted, tell, None
        self._joined = set()
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
        """Take a step of a device on its way in. One that failed may try again until the window
        closes."""
        if step.stage is PairStage.JOINED and step.device is not None:
            self._joined.add(step.device)
        self._report(step.stage, step.device, step.detail)

    def found(self, device: Device, known: Device | None) -> bool:
        """Take a device that is set up; return whether it is the one that is being paired.

        That is the first one that is not yet ours, or is ours (`known`) and has joined again in
        this window, as after a reset. A known one keeps its name and room unless others are asked
        for.
        """
        if self._done is None or self._candidate is not None:
            return self.awaits(device.id)
        if known is not None and device.id not in self._joined:
            return False
        kept = device if known is None else replace(device, name=known.name, room=known.room)
        self._candidate = kept
        return True

    def awaits(self, device: DeviceId) -> bool:
        """Return whether the first own report of `device` is awaited."""
        candidate, done = self._candidate, self._done
        waits = done is not None and not done.done()
        return waits and candidate is not None and candidate.id == device

    def heard(self, readings: Sequence[Reading]) -> list[Reading]:
        """Take readings; return those of the device that is awaited, flagged as a drill.

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
            self._adopted, self._adopted_s = device.id, self._clock.now().at_s
            self._report(FIRST_REPORT, device.id)
            self._finish(Paired("done", device))
        return ours

    def still_drilling(self, readings: Sequence[Reading]) -> list[Reading]:
        """Return readings of paired devices; what the hub itself asks a device that it has just
        taken in is still part of the drill, for the installer's finger may be on the button."""
        now_s = self._clock.now().at_s
        if self._adopted is None or now_s - self._adopted_s > _SETTLING_S:
            return list(readings)
        return [
            replace(r, drill=True) if r.device == self._adopted and r.frame is None else r
            for r in readings
        ]

    def _report(self, stage: str, device: DeviceId | None, detail: str = "") -> None:
        if self._tell is None:
            return
        left_s = max(0.0, self._until_s - self._clock.now().at_s)
        candidate = self._candidate
        kind = candidate.kind if candidate is not None and candidate.id == device else ""
        self._tell(Progress(stage, device, left_s, kind, detail))

    def _finish(self, paired: Paired) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(paired)
