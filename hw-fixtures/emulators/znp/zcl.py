"""Zigbee Cluster Library frames and attribute values: pure.

Source: Zigbee Cluster Library Specification (07-5123), chapter 2.
"""

from dataclasses import dataclass
from enum import IntEnum

from .wire import Reader, u8, u16


class Global(IntEnum):
    """Commands that every cluster has."""

    READ = 0x00
    READ_RESPONSE = 0x01
    WRITE = 0x02
    WRITE_UNDIVIDED = 0x03
    WRITE_RESPONSE = 0x04
    WRITE_NO_RESPONSE = 0x05
    CONFIGURE_REPORTING = 0x06
    CONFIGURE_REPORTING_RESPONSE = 0x07
    READ_REPORTING = 0x08
    READ_REPORTING_RESPONSE = 0x09
    REPORT = 0x0A
    DEFAULT_RESPONSE = 0x0B
    DISCOVER = 0x0C
    DISCOVER_RESPONSE = 0x0D


class Status(IntEnum):
    SUCCESS = 0x00
    UNSUPPORTED_COMMAND = 0x81
    INVALID_FIELD = 0x85
    UNSUPPORTED_ATTRIBUTE = 0x86
    READ_ONLY = 0x88
    INVALID_TYPE = 0x8D
    NOT_FOUND = 0x8B
    UNSUPPORTED_CLUSTER = 0xC3


class Kind(IntEnum):
    """Attribute types that our devices have."""

    BOOL = 0x10
    MAP8 = 0x18
    MAP16 = 0x19
    MAP32 = 0x1B
    U8 = 0x20
    U16 = 0x21
    U24 = 0x22
    U32 = 0x23
    U48 = 0x25
    I8 = 0x28
    I16 = 0x29
    I32 = 0x2B
    ENUM8 = 0x30
    ENUM16 = 0x31
    STRING = 0x42
    UTC = 0xE2
    IEEE = 0xF0


_WIDTHS = {
    Kind.BOOL: 1,
    Kind.MAP8: 1,
    Kind.MAP16: 2,
    Kind.MAP32: 4,
    Kind.U8: 1,
    Kind.U16: 2,
    Kind.U24: 3,
    Kind.U32: 4,
    Kind.U48: 6,
    Kind.I8: 1,
    Kind.I16: 2,
    Kind.I32: 4,
    Kind.ENUM8: 1,
    Kind.ENUM16: 2,
    Kind.UTC: 4,
    Kind.IEEE: 8,
}
_SIGNED = (Kind.I8, Kind.I16, Kind.I32)
_DISCRETE = (Kind.BOOL, Kind.MAP8, Kind.MAP16, Kind.MAP32, Kind.ENUM8, Kind.ENUM16, Kind.STRING)

TYPE_GLOBAL = 0
TYPE_CLUSTER = 1

Value = int | str


@dataclass(frozen=True, slots=True)
class Attribute:
    kind: Kind
    value: Value
    writable: bool = False

    def encode(self) -> bytes:
        return u8(self.kind) + encode_value(self.kind, self.value)


@dataclass(frozen=True, slots=True)
class ZclFrame:
    """One ZCL frame; `to_client` is the direction bit."""

    tsn: int
    command: int
    payload: bytes = b""
    cluster_specific: bool = False
    to_client: bool = False
    no_default_response: bool = False
    manufacturer: int | None = None

    def encode(self) -> bytes:
        control = TYPE_CLUSTER if self.cluster_specific else TYPE_GLOBAL
        control |= 0x04 if self.manufacturer is not None else 0
        control |= 0x08 if self.to_client else 0
        control |= 0x10 if self.no_default_response else 0
        code = b"" if self.manufacturer is None else u16(self.manufacturer)
        return u8(control) + code + u8(self.tsn) + u8(self.command) + self.payload


def decode_frame(data: bytes) -> ZclFrame:
    """Return the frame; too few bytes raise ShortFrameError.

    >>> decode_frame(bytes.fromhex("18 2a 0b 00 00")).to_client
    True
    """
    reader = Reader(data)
    control = reader.u8()
    manufacturer = reader.u16() if control & 0x04 else None
    return ZclFrame(
        tsn=reader.u8(),
        command=reader.u8(),
        payload=reader.rest(),
        cluster_specific=control & 0x03 == TYPE_CLUSTER,
        to_client=bool(control & 0x08),
        no_default_response=bool(control & 0x10),
        manufacturer=manufacturer,
    )


def encode_value(kind: Kind, value: Value) -> bytes:
    """Return a value in ZCL bytes; a value of the wrong Python type raises ValueError."""
    if isinstance(value, str):
        if kind is not Kind.STRING:
            raise ValueError(f"ZCL type {kind.name}: got text, wanted a number")
        raw = value.encode()
        return u8(len(raw)) + raw
    return value.to_bytes(_WIDTHS[kind], "little", signed=kind in _SIGNED)


def decode_value(kind: Kind, reader: Reader) -> Value:
    if kind is Kind.STRING:
        return reader.take(reader.u8()).decode(errors="replace")
    raw = reader.take(_WIDTHS[kind])
    return int.from_bytes(raw, "little", signed=kind in _SIGNED)


def change_width(kind: Kind) -> int:
    """Return how many bytes the reportable change of a type takes; discrete types have none."""
    return 0 if kind in _DISCRETE else _WIDTHS[kind]
