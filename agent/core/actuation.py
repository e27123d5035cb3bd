"""What the hub can do in the home, and who asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.core.device import DeviceKind


class ActuationKind(StrEnum):
    """The things an actuator can be asked to do."""

    SIREN_ON = "siren_on"
    SIREN_OFF = "siren_off"
    VALVE_CLOSE = "valve_close"
    VALVE_OPEN = "valve_open"
    SWITCH_ON = "switch_on"
    SWITCH_OFF = "switch_off"
    SPEAK = "speak"


class Requester(StrEnum):
    """On whose authority."""

    RULE = "rule"
    PERSON_ON_SITE = "person_on_site"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Speech:
    """What a speaker is to say: `text` in `language` ("zh" or "en"), `repeat` times."""

    text: str
    language: str
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Actuation:
    """One thing to do. `duration_s` bounds a siren (whole seconds, 0 = does not apply); `speech` is
    for SPEAK alone."""

    kind: ActuationKind
    duration_s: int = 0
    speech: Speech | None = None


@dataclass(frozen=True, slots=True)
class LocalAction:
    """Do this with every device of a kind in the home: the siren of any maker, the gas valve."""

    target: DeviceKind
    actuation: Actuation
