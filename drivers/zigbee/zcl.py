"""Takes ZCL frames apart: header, attribute records, values.

Owns the layout of bytes. Knows nothing of what an attribute means to the hub, and nothing of
zigpy: an alarm must be readable whatever the library thinks of the device.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from agent.core.errors import FrameError


class General(IntEnum):
    """Commands that every cluster knows (ZCL r8, table 2-3); only those the hub listens to."""

    READ_RESPONSE = 0x01
    REPORT = 0x0A


@dataclass(frozen=True, slots=True)
class Header:
    """The head of one frame. `to_server` is the direction: commands of a client, like a button."""

    cluster_specific: bool
    to_server: bool
    manufacturer: int | None
    tsn: int
    command: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute with its value; None when the device says that it has no valid value."""

    id: int
    value: bool | int | float | bytes | None


def split(frame: bytes) -> tuple[Header, bytes]:
    """Return the header and what follows the command id.

    Shape:  control, [manufacturer u16], transaction number, command, payload; little endian.
    Errors: FrameError when the header is cut short or of a reserved type.
    Source: ZCL r8 (075123), section 2.4.1.

    >>> split(bytes.fromhex("09 1a 00 0100 00 00 0000"))[0].command
    0
    """
    if not frame:
        raise FrameError("ZCL frame: got 0 bytes, want at least 3")
    control = frame[0]
    kind = control & 0b11
    if kind > 1:
        raise FrameError(f"ZCL frame: type {kind} is reserved, want 0 or 1: {frame.hex(' ')}")
    head = 5 if control & 0b100 else 3
    if len(frame) < head:
        raise FrameError(f"ZCL frame: got {len(frame)} bytes, want {head}: {frame.hex(' ')}")
    manufacturer = int.from_bytes(frame[1:3], "little") if head == 5 else None
    header = Header(
        cluster_specific=kind == 1,
        to_server=not control & 0b1000,
        manufacturer=manufacturer,
        tsn=frame[head - 2],
        command=frame[head - 1],
    )
    return header, frame[head:]


def reported(payload: bytes) -> tuple[Attribute, ...]:
    """Return the attributes of a Report Attributes command.

    Shape:  repeated: id u16, type u8, value.
    Errors: FrameError on a cut record or an unknown type.

    >>> reported(bytes.fromhex("2100 20 c8"))
    (Attribute(id=33, value=200),)
    """
    return tuple(_records(payload, with_status=False))


def read(payload: bytes) -> tuple[Attribute, ...]:
    """Return the attributes of a Read Attributes Response; refused ones are left out.

    Shape:  repeated: id u16, status u8, and when the status is 0: type u8, value.
    Errors: FrameError on a cut record or an unknown type.

    >>> read(bytes.fromhex("0200 00 19 2100  0000 86"))
    (Attribute(id=2, value=33),)
    """
    return tuple(_records(payload, with_status=True))


# Bytes per value, by type id (ZCL r8, table 2-10).
_PLAIN = {0x00: 0, 0x10: 1, 0xE0: 4, 0xE1: 4, 0xE2: 4, 0xE8: 2, 0xE9: 2, 0xEA: 4, 0xF0: 8, 0xF1: 16}
_BITMAPS = {0x08 + n: n + 1 for n in range(8)} | {0x18 + n: n + 1 for n in range(8)}
_UNSIGNED = {0x20 + n: n + 1 for n in range(8)} | {0x30: 1, 0x31: 2}
_SIGNED = {0x28 + n: n + 1 for n in range(8)}
_FLOATS = {0x38: ("<e", 2), 0x39: ("<f", 4), 0x3A: ("<d", 8)}
_STRINGS = {0x41: 1, 0x42: 1, 0x43: 2, 0x44: 2}  # Bytes of the length in front.
_LISTS = (0x48, 0x50, 0x51)
_STRUCTURE = 0x4C
_DEPTH = 4  # No device nests its values; a frame that does must not exhaust the stack.


def _records(payload: bytes, *, with_status: bool) -> Iterator[Attribute]:
    cursor = _Cursor(payload)
    while cursor.left():
        attribute = cursor.number(2)
        if with_status and cursor.number(1) != 0:
            continue
        yield Attribute(attribute, _value(cursor, cursor.number(1)))


def _value(cursor: _Cursor, kind: int, depth: int = 0) -> bool | int | float | bytes | None:
    if kind in _BITMAPS:
        return cursor.number(_BITMAPS[kind])
    if kind in _UNSIGNED:
        size = _UNSIGNED[kind]
        number = cursor.number(size)
        return None if number == (1 << 8 * size) - 1 else number
    if kind in _SIGNED:
        size = _SIGNED[kind]
        signed = int.from_bytes(cursor.take(size), "little", signed=True)
        return None if signed == -(1 << (8 * size - 1)) else signed
    if kind == 0x10:
        number = cursor.number(1)
        return None if number == 0xFF else number != 0
    if kind in _FLOATS:
        layout, size = _FLOATS[kind]
        real: float = struct.unpack(layout, cursor.take(size))[0]
        return real if abs(real) < float("inf") else None  # NaN compares False: no value.
    if kind in _STRINGS:
        size = _STRINGS[kind]
        length = cursor.number(size)
        return None if length == (1 << 8 * size) - 1 else cursor.take(length)
    if kind in _PLAIN:
        return cursor.take(_PLAIN[kind])
    _skip_collection(cursor, kind, depth)
    return None


def _skip_collection(cursor: _Cursor, kind: int, depth: int) -> None:
    """Step over a list or a structure: the hub needs none, but what follows them counts."""
    if depth >= _DEPTH or kind not in (*_LISTS, _STRUCTURE):
        raise FrameError(f"ZCL attribute: unknown type 0x{kind:02x}: {cursor.data.hex(' ')}")
    inner = cursor.number(1) if kind in _LISTS else None
    count = cursor.number(2)
    if count == 0xFFFF:
        return
    for _ in range(count):
        _value(cursor, cursor.number(1) if inner is None else inner, depth + 1)
        if not cursor.left() and inner == 0x00:
            return  # A list of "no data" may claim 65,534 values in three bytes.


class _Cursor:
    """Reads forward through bytes and refuses to read past their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._at = 0

    def left(self) -> int:
        return len(self.data) - self._at

    def take(self, count: int) -> bytes:
        if self.left() < count:
            raise FrameError(
                f"ZCL attribute: got {self.left()} bytes, want {count}: {self.data.hex(' ')}"
            )
        self._at += count
        return self.data[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")
