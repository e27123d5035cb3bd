"""An inbox that keeps what the parts of the hub say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.core.device import Device, DeviceId
from agent.core.reading import Quantity, Reading, Value
from drivers.base import PairStep


@dataclass
class Notes:
    """What was said, as `drivers.base.Inbox`."""

    readings: list[Reading] = field(default_factory=list)

    def observe(self, readings: Sequence[Reading]) -> None:
        """Keep them."""
        self.readings += readings

    def device_found(self, device: Device) -> None:
        """Nothing of the hub's own is paired."""
        raise AssertionError(device)

    def device_left(self, device: DeviceId) -> None:
        """Nothing of the hub's own leaves."""
        raise AssertionError(device)

    def pair_step(self, step: PairStep) -> None:
        """Nothing of the hub's own is paired."""
        raise AssertionError(step)

    def said(self, quantity: Quantity) -> list[Value]:
        """Return every value of a quantity, in order."""
        return [reading.value for reading in self.readings if reading.quantity is quantity]

    def faults(self) -> dict[str, str]:
        """Return the faults that stand: channel to detail."""
        found: dict[str, str] = {}
        for reading in self.readings:
            if reading.quantity is Quantity.FAULT:
                found.pop(reading.channel, None)
                if reading.value:
                    found[reading.channel] = reading.detail
        return found

    def told(self, channel: str) -> list[Value]:
        """Return each time that a fault began or ended."""
        return [
            reading.value
            for reading in self.readings
            if reading.quantity is Quantity.FAULT and reading.channel == channel
        ]
