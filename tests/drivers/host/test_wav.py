"""Recordings: what is a WAV of one channel and 16 bits is played, everything else is refused."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import FrameError
from drivers.host import wav
from tests.drivers.host.programs import PIPED_HEADER


def recording(data: bytes, *, rate_hz: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    """Return a file as another program writes it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(width)
        made.setframerate(rate_hz)
        made.writeframes(data)
    return file.getvalue()


@given(st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]))
def test_a_recording_comes_back_sample_by_sample(data: bytes) -> None:
    found = wav.read(recording(data))
    assert (found.rate_hz, found.data) == (16_000, data)


def test_a_length_that_was_not_known_when_the_header_was_written_is_no_fault() -> None:
    assert wav.read(PIPED_HEADER + b"abcde").data == b"abcd"


def test_other_chunks_are_passed_over() -> None:
    plain = recording(b"ab")
    noted = plain[:12] + b"LIST\x03\0\0\0abc\0" + plain[12:]
    assert wav.read(noted) == wav.read(plain)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"OggS" + bytes(100),
        recording(b"abcd", channels=2),
        recording(b"abcd", width=1),
        recording(b"abcd", rate_hz=96_000),
        recording(b"")[:36],
        b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0abcd",
    ],
)
def test_everything_else_is_refused(file: bytes) -> None:
    with pytest.raises(FrameError, match="wav: "):
        wav.read(file)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_crash_the_hub(rubbish: bytes, keep: int) -> None:
    for file in (rubbish, recording(b"abcdefgh")[:keep] + rubbish):
        try:
            wav.read(file)
        except FrameError:
            continue
