"""From the bytes of a WAV file to samples.

Owns what is accepted: 16 bits, one channel, uncompressed. Knows nothing of files.
"""

from __future__ import annotations

import struct

from agent.core.errors import FrameError
from agent.core.signal import SAMPLE_BYTES, Pcm

_PLAIN = 1  # WAVE_FORMAT_PCM
_HEADER = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_RATES_HZ = range(8_000, 48_001)


def read(file: bytes) -> Pcm:
    """Return the samples of a WAV file.

    What is shorter than its header says is taken as it is: a program that speaks into a pipe does
    not know the length when it writes the header.
    Errors: FrameError when it is no WAV file, or not of 16 bits and one channel at 8-48 kHz.
    """
    if len(file) < _HEADER.size or file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        raise FrameError(f"wav: begins with {file[:12]!r}, wanted RIFF and WAVE")
    rate_hz, at = 0, _HEADER.size
    while at + _CHUNK.size <= len(file):
        name, size = _CHUNK.unpack_from(file, at)
        at += _CHUNK.size
        if name == b"data":
            if not rate_hz:
                raise FrameError("wav: samples before their format")
            data = file[at : at + size]
            return Pcm(rate_hz, data[: len(data) - len(data) % SAMPLE_BYTES])
        if name == b"fmt ":
            rate_hz = _rate(file[at : at + size])
        at += size + size % 2
    raise FrameError("wav: no samples in it")


def _rate(chunk: bytes) -> int:
    if len(chunk) < _FORMAT.size:
        raise FrameError(f"wav: format of {len(chunk)} bytes, wanted {_FORMAT.size}")
    kind, channels, rate_hz, _, _, bits = _FORMAT.unpack_from(chunk)
    if (kind, channels, bits) != (_PLAIN, 1, 8 * SAMPLE_BYTES) or rate_hz not in _RATES_HZ:
        raise FrameError(
            f"wav: format {kind}, {channels} channels, {bits} bits, {rate_hz} Hz; "
            "wanted uncompressed, 1 channel, 16 bits, 8-48 kHz"
        )
    found: int = rate_hz
    return found
