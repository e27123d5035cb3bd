"""The tones of the hub, made from their shape.

Owns pitch and rhythm. The rhythms are those of IEC 60601-1-8 (mem): ten pulses for S1, three for
S2, two for S3, so that they are told apart without counting. The pitches lie below 1 kHz: age takes
the high ones first.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.core.signal import Pcm

RATE_HZ = 22_050  # What espeak-ng speaks at, so that a card stays as it is between tone and words.
FULL = 32_767
EDGE_SHARE = 0.2  # Of a pulse, to rise and again to fall: what begins at once clicks and frightens.
OVERTONES = (1.0, 0.6, 0.4, 0.25, 0.15)
"""Share of each harmonic. The standard wants four besides the fundamental: a pure tone cannot be
located, and is lost where one frequency is not heard any more."""


class Tone(StrEnum):
    """The tones there are."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOTE = "note"  # No alarm: somebody is about to speak.


@dataclass(frozen=True, slots=True)
class Shape:
    """A tone: its pitch, how long a pulse lasts, and when each begins (seconds)."""

    pitch_hz: float
    pulse_s: float
    begins_s: tuple[float, ...]

    @property
    def length_s(self) -> float:
        """Return when the last pulse ends."""
        return self.begins_s[-1] + self.pulse_s


_FIVE = (0.0, 0.25, 0.5, 1.0, 1.25)  # Three, a breath, two; and the same once more.

SHAPES: Mapping[Tone, Shape] = {
    Tone.HIGH: Shape(587.3, 0.15, (*_FIVE, *(2.0 + begin_s for begin_s in _FIVE))),
    Tone.MEDIUM: Shape(493.9, 0.20, (0.0, 0.4, 0.8)),
    Tone.LOW: Shape(392.0, 0.20, (0.0, 0.4)),
    Tone.NOTE: Shape(329.6, 0.30, (0.0,)),
}


def synthesise(shape: Shape, level_pct: float) -> Pcm:
    """Return the tone; its loudest sample is at most `level_pct` (0-100) of full scale.

    Begins and ends in silence, each pulse included.
    """
    pulse = _pulse(shape, level_pct)
    samples = array("h", bytes(2 * round(shape.length_s * RATE_HZ)))
    for begin_s in shape.begins_s:
        first = round(begin_s * RATE_HZ)
        last = min(first + len(pulse), len(samples))
        samples[first:last] = pulse[: last - first]
    return Pcm(RATE_HZ, struct.pack(f"<{len(samples)}h", *samples))


def silence(length_s: float) -> Pcm:
    """Return nothing to be heard."""
    return Pcm(RATE_HZ, bytes(2 * round(length_s * RATE_HZ)))


def _pulse(shape: Shape, level_pct: float) -> array[int]:
    count = int(shape.pulse_s * RATE_HZ)
    edge = max(1, int(count * EDGE_SHARE))
    level = FULL * level_pct / 100 / sum(OVERTONES)
    turn = 2 * math.pi * shape.pitch_hz / RATE_HZ
    return array(
        "h",
        (
            int(
                level
                * _envelope(n, count, edge)
                * sum(
                    share * math.sin(turn * harmonic * n)
                    for harmonic, share in enumerate(OVERTONES, 1)
                )
            )
            for n in range(count)
        ),
    )


def _envelope(n: int, count: int, edge: int) -> float:
    nearest = min(n, count - 1 - n)
    return 1.0 if nearest >= edge else (1 - math.cos(math.pi * nearest / edge)) / 2
