"""What a driver is, and what it may tell the hub.

A driver is a supervised task: `run` ends only by an exception or by cancellation, and is started
again. It decodes with pure functions, tells the hub through an `Inbox`, and never decides what a
reading means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agent.core.actuation import Actuation
from agent.core.device import Device, DeviceId
from agent.core.reading import Reading
from agent.core.text import Sentence


class PairStage(StrEnum):
    """How far a new device has come."""

    OPEN = "open"  # The network lets new devices in.
    JOINED = "joined"  # The device has the network key.
    INTERVIEWED = "interviewed"  # It has said what it is.
    ENROLLED = "enrolled"  # An alarm device knows where to send its alarms.
    READY = "ready"  # Configured; its first own report is awaited.
    FAILED = "failed"  # It came in but could not be set up; `detail` says where it stopped.
    CLOSED = "closed"  # The network lets nobody in any more.


@dataclass(frozen=True, slots=True)
class PairStep:
    """One step of one device (None: of the network) on its way in."""

    stage: PairStage
    device: DeviceId | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How a driver is, for `anju status`. `says` tells a person what is wrong and what to do, or
    that all is well. `hears_devices`: a press of a button can come in over it."""

    driver: str
    ok: bool
    says: Sentence
    port: str = ""
    restarts: int = 0
    frames_in: int = 0
    frames_refused: int = 0
    hears_devices: bool = True


class Inbox(Protocol):
    """Where a driver puts what it has to say. Every call returns at once and never raises."""

    def observe(self, readings: Sequence[Reading]) -> None:
        """Take readings that belong together (one frame), in order."""
        ...

    def device_found(self, device: Device) -> None:
        """Take a device that is set up, newly or with better knowledge (kind, model)."""
        ...

    def device_left(self, device: DeviceId) -> None:
        """Take note that a device said goodbye to the network."""
        ...

    def pair_step(self, step: PairStep) -> None:
        """Take a step of a device on its way in."""
        ...


class Driver(Protocol):
    """One kind of wire and everything on it."""

    @property
    def name(self) -> str:
        """Return the driver's short name: "zigbee"."""
        ...

    async def run(self) -> None:
        """Open the wire and serve it until cancelled. Lost wires are reopened in here, for ever."""
        ...

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Make the device do it; return when the device has confirmed.

        Retries with back-off on its own. The new state comes back as a reading.
        Errors: DeviceError when the device does not confirm, TransportError when the wire is down.
        """
        ...

    def owns(self, device: DeviceId) -> bool:
        """Return whether the device is reached over this driver's wire."""
        ...

    def health(self) -> Health:
        """Return how the driver is now."""
        ...


class PairingDriver(Driver, Protocol):
    """A driver that can let new devices in."""

    async def open_joining(self, window_s: int) -> None:
        """Let new devices in for `window_s` seconds (1-254). Errors: TransportError."""
        ...

    async def close_joining(self) -> None:
        """Let nobody in any more. Errors: TransportError."""
        ...
