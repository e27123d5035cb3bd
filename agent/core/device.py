"""What a device is to the hub: an id, a kind, a place and a name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

DeviceId = NewType("DeviceId", str)
"""`zb:00124b0001020304` for Zigbee (IEEE address, big end first); `hub:<part>` for the hub's own
parts."""


def hub_part(name: str) -> DeviceId:
    """Return the id under which the hub speaks of one of its own parts: `hub:zigbee`,
    `hub:journal`."""
    return DeviceId(f"hub:{name}")


class DeviceKind(StrEnum):
    """What the device is for, in the words of the district's kit list."""

    CALL_BUTTON = "call_button"
    PENDANT = "pendant"
    PULL_CORD = "pull_cord"
    CONTACT = "contact"
    MOTION = "motion"
    SMOKE = "smoke"
    GAS = "gas"
    CO = "co"
    LEAK = "leak"
    SIREN = "siren"
    PLUG = "plug"
    VALVE = "valve"
    LIGHT = "light"
    CLIMATE = "climate"
    SPEAKER = "speaker"
    HUB = "hub"
    UNKNOWN = "unknown"


class PowerClass(StrEnum):
    """How the device is powered, which says how often it can be expected to speak."""

    MAINS = "mains"
    BATTERY = "battery"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Device:
    """One row of the device ledger.

    `paired_at_s` is wall time (seconds since 1970, UTC) and None while a device is known but not
                  yet paired.
    """

    id: DeviceId
    kind: DeviceKind
    name: str
    room: str = ""
    manufacturer: str = ""
    model: str = ""
    power: PowerClass = PowerClass.UNKNOWN
    paired_at_s: float | None = None
