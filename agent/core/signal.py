"""What the person at home hears and sees: sounds, their urgency, the lamp."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from agent.core.actuation import Speech

SAMPLE_BYTES = 2


class Urgency(IntEnum):
    """Which of two sounds goes first; a more urgent one also breaks in."""

    NOTICE = 0  # How an alarm ended.
    MESSAGE = 1  # Somebody speaks to the person, or has answered.
    LOW = 2  # S3.
    MEDIUM = 3  # S2.
    HIGH = 4  # S1.


class Lamp(StrEnum):
    """The lamp of the hub. Fast and slow flash as IEC 60601-1-8 wants for high and medium."""

    OFF = "off"
    STEADY = "steady"
    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Pcm:
    """Sound as samples: 16 bits signed, little end first, one channel, `rate_hz` a second."""

    rate_hz: int
    data: bytes

    @property
    def length_s(self) -> float:
        """Return how long it sounds."""
        return len(self.data) / SAMPLE_BYTES / self.rate_hz


@dataclass(frozen=True, slots=True)
class Sound:
    """One thing to be heard: a tone, then words; either may be missing.

    `key`   the name of the words in a pack of recordings; "" when they are not among them.
    `about` what it tells of, "" for nothing: of two that wait only the newer one is still true.
    `keeps` it is still true after something more urgent broke in, and is then said again.
    """

    urgency: Urgency
    tone: Pcm | None = None
    speech: Speech | None = None
    key: str = ""
    about: str = ""
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A tone that sounds again and again until it is taken back.

    Units: every `every_s` seconds for the first `calm_after_s`, then every `calm_every_s`: after
           minutes the room has heard it, and the words of those who answer must come through.
    """

    urgency: Urgency
    tone: Pcm
    every_s: float
    calm_after_s: float
    calm_every_s: float
