"""MT UTIL: what hosts ask of the association table and of the device itself.

Source: TI "Z-Stack Monitor and Test API", MT_UTIL; `associated_devices_t` is sent as it lies in
the memory of an ARM core, padding included: 36 bytes, where a CC2531 sends 28.
"""

from collections.abc import Mapping
from struct import Struct

from .stick import Handler, Stick
from .wire import Reader, u8, u16, u64

SUCCESS = 0x00
FAILURE = 0x01
ALL_ROLES = 0x07

RELATION_CHILD_SLEEPY = 1
RELATION_NEIGHBOR = 5
RELATION_NONE = 0xFF

_ASSOCIATED = Struct("<HHBBBBBBBBIHxxBxxxIIBBxx")


def _device_info(stick: Stick, reader: Reader) -> bytes:
    del reader
    known = [row.nwk for row in stick.air.neighbors()]
    nwk = 0x0000 if stick.running else 0xFFFE
    head = u8(SUCCESS) + u64(stick.ieee) + u16(nwk) + u8(ALL_ROLES) + u8(stick.state)
    return head + u8(len(known)) + b"".join(u16(nwk) for nwk in known)


def _find_device(stick: Stick, reader: Reader) -> bytes:
    index = reader.u8()
    rows = stick.air.neighbors()
    if index >= len(rows):
        return _associated(0xFFFE, index, RELATION_NONE)
    row = rows[index]
    return _associated(row.nwk, index, RELATION_CHILD_SLEEPY if row.sleepy else RELATION_NEIGHBOR)


def _with_address(stick: Stick, reader: Reader) -> bytes:
    ieee, nwk = reader.u64(), reader.u16()
    for index, row in enumerate(stick.air.neighbors()):
        if row.ieee == ieee or (not ieee and row.nwk == nwk):
            relation = RELATION_CHILD_SLEEPY if row.sleepy else RELATION_NEIGHBOR
            return _associated(row.nwk, index, relation)
    return _associated(0xFFFE, 0, RELATION_NONE)


def _associated(nwk: int, index: int, relation: int) -> bytes:
    return _ASSOCIATED.pack(nwk, index, relation, 0, 0, 0, 0, 0, 180, 0, 0, 0, 0, 0, 0, 1, 0)


def _remove(stick: Stick, reader: Reader) -> bytes:
    return u8(SUCCESS if stick.air.with_ieee(reader.u64()) else FAILURE)


def _add(stick: Stick, reader: Reader) -> bytes:
    del stick
    reader.u16()
    reader.u64()
    reader.u8()
    return u8(SUCCESS)


def _callbacks(stick: Stick, reader: Reader) -> bytes:
    del stick
    reader.u16()
    return u8(SUCCESS)


def _led(stick: Stick, reader: Reader) -> None:
    # A CC2652 built without LEDs never answers: hosts wait half a second for nothing.
    del stick, reader


HANDLERS: Mapping[int, Handler] = {
    0x2700: _device_info,
    0x2706: _callbacks,
    0x270A: _led,
    0x2749: _find_device,
    0x274A: _with_address,
    0x2763: _remove,
    0x2764: _add,
}
