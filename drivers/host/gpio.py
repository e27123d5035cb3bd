"""Lines of a GPIO chip, by the kernel's own calls (linux/gpio.h, version 2 of the interface).

Owns the shape of three calls and one event. A library for it would be one more thing to keep up to
date for sixty lines. Pressed and lit are True, whichever way the wire is.
"""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import FrameError, TransportError

GET_LINE = 0xC250B407  # GPIO_V2_GET_LINE_IOCTL
GET_VALUES = 0xC010B40E  # GPIO_V2_LINE_GET_VALUES_IOCTL
SET_VALUES = 0xC010B40F  # GPIO_V2_LINE_SET_VALUES_IOCTL

ACTIVE_LOW, INPUT, OUTPUT = 1 << 1, 1 << 2, 1 << 3
RISING, FALLING = 1 << 4, 1 << 5
PULL_UP = 1 << 8

# struct gpio_v2_line_request of one line: offsets[64], consumer, config (flags, num_attrs, padding,
# attrs[10]), num_lines, event_buffer_size, padding, fd.
REQUEST = struct.Struct("=64I32sQI20x240xII20xi")
VALUES = struct.Struct("=QQ")  # bits, mask
EVENT = struct.Struct("=QIIII24x")  # timestamp_ns, id, offset, seqno, line_seqno

_CONSUMER = b"anju"
_EVENTS_KEPT = 16
_RISING_EVENT = 1


@dataclass(slots=True)
class Line:
    """One line that is ours until it is closed."""

    fd: int

    def value(self) -> bool:
        """Return whether the line is active. Errors: TransportError."""
        try:
            said = fcntl.ioctl(self.fd, GET_VALUES, VALUES.pack(0, 1))
        except OSError as error:
            raise TransportError(f"line: {error.strerror}") from error
        bits: int = VALUES.unpack(said)[0]
        return bool(bits & 1)

    def set(self, active: bool) -> None:
        """Make the line active or not. Errors: TransportError."""
        try:
            fcntl.ioctl(self.fd, SET_VALUES, VALUES.pack(int(active), 1))
        except OSError as error:
            raise TransportError(f"line: {error.strerror}") from error

    def edges(self) -> list[bool]:
        """Return the edges since the last time: True for each that began to be active.

        Errors: TransportError when the chip is gone, FrameError when it tells half an event.
        """
        try:
            said = os.read(self.fd, EVENT.size * _EVENTS_KEPT)
        except BlockingIOError:
            return []
        except OSError as error:
            raise TransportError(f"line: {error.strerror}") from error
        if not said:
            raise TransportError("line: the chip is gone")
        if len(said) % EVENT.size:
            raise FrameError(f"line: event of {len(said)} bytes, wanted {EVENT.size}")
        return [kind == _RISING_EVENT for _, kind, *_ in EVENT.iter_unpack(said)]

    def close(self) -> None:
        """Give the line back."""
        os.close(self.fd)


def button(chip: Path, offset: int) -> Line:
    """Take a line with a button to ground. Errors: TransportError."""
    return _line(chip, offset, INPUT | ACTIVE_LOW | PULL_UP | RISING | FALLING)


def lamp(chip: Path, offset: int) -> Line:
    """Take a line with a lamp, dark. Errors: TransportError."""
    return _line(chip, offset, OUTPUT)


def _line(chip: Path, offset: int, flags: int) -> Line:
    request = REQUEST.pack(offset, *[0] * 63, _CONSUMER, flags, 0, 1, _EVENTS_KEPT, 0)
    try:
        handle = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
        try:
            answer = fcntl.ioctl(handle, GET_LINE, request)
        finally:
            os.close(handle)
    except OSError as error:
        raise TransportError(f"line {offset}: {error.strerror}") from error
    fd: int = REQUEST.unpack(answer)[-1]
    os.set_blocking(fd, False)
    return Line(fd)
