"""MT SYS: reset, version, and non-volatile memory.

Source: TI "Z-Stack Monitor and Test API", MT_SYS; NV sizes and statuses as Z-Stack 3.x.0 answers.
"""

from collections.abc import Mapping

from .stick import (
    MAINTENANCE,
    MAJOR,
    MINOR,
    PRODUCT,
    RESET_EXTERNAL,
    REVISION,
    TRANSPORT,
    Handler,
    Stick,
)
from .wire import Reader, u8, u16, u32, u64

# SYS ZDO AF UTIL APP_CNF and NWK: the bit 0x400 tells hosts that this is Z-Stack 3.
CAPABILITIES = 0x0659

SUCCESS = 0x00
FAILURE = 0x01
INVALID_PARAMETER = 0x02
NV_CREATED = 0x09  # NV_ITEM_UNINIT: the item did not exist and does now.
NV_FAILED = 0x0A
NV_BAD_LENGTH = 0x0C

READ_MAX = 246  # The most that one SRSP carries after status and length.


def _reset(stick: Stick, reader: Reader) -> bytes | None:
    reader.u8()  # Serial boot loader or watchdog: the result is the same for us.
    stick.boot(RESET_EXTERNAL)
    return None


def _ping(stick: Stick, reader: Reader) -> bytes:
    del stick, reader
    return u16(CAPABILITIES)


def _version(stick: Stick, reader: Reader) -> bytes:
    del stick, reader
    release = bytes((TRANSPORT, PRODUCT, MAJOR, MINOR, MAINTENANCE))
    return release + u32(REVISION) + u8(1) + u32(0xFFFFFFFF)


def _ext_addr(stick: Stick, reader: Reader) -> bytes:
    del reader
    return u64(stick.ieee)


def _nv_length(stick: Stick, reader: Reader) -> bytes:
    return u16(len(stick.memory.get(reader.u16()) or b""))


def _nv_read(stick: Stick, reader: Reader) -> bytes:
    return _part(stick.memory.get(reader.u16()), reader.u8())


def _nv_read_ext(stick: Stick, reader: Reader) -> bytes:
    return _part(stick.memory.get(reader.u16()), reader.u16())


def _nv_write(stick: Stick, reader: Reader) -> bytes:
    item, offset = reader.u16(), reader.u8()
    return u8(_write_item(stick, item, offset, reader.take(reader.u8())))


def _nv_write_ext(stick: Stick, reader: Reader) -> bytes:
    item, offset = reader.u16(), reader.u16()
    return u8(_write_item(stick, item, offset, reader.take(reader.u16())))


def _nv_init(stick: Stick, reader: Reader) -> bytes:
    item, length = reader.u16(), reader.u16()
    initial = reader.take(reader.u8())
    if stick.memory.get(item) is not None:
        return u8(SUCCESS)
    stick.memory.put(item, initial[:length].ljust(length, b"\xff"))
    return u8(NV_CREATED)


def _nv_delete(stick: Stick, reader: Reader) -> bytes:
    item, length = reader.u16(), reader.u16()
    value = stick.memory.get(item)
    if value is None:
        return u8(NV_CREATED)
    if len(value) != length:
        return u8(NV_BAD_LENGTH)
    stick.memory.delete(item)
    return u8(SUCCESS)


def _cell_create(stick: Stick, reader: Reader) -> bytes:
    key = _cell_key(reader)
    length = reader.u32()
    if stick.memory.cell(*key) is not None:
        return u8(SUCCESS)
    stick.memory.put_cell(*key, b"\xff" * length)
    return u8(NV_CREATED)


def _cell_delete(stick: Stick, reader: Reader) -> bytes:
    key = _cell_key(reader)
    if stick.memory.cell(*key) is None:
        return u8(NV_CREATED)
    stick.memory.delete_cell(*key)
    return u8(SUCCESS)


def _cell_length(stick: Stick, reader: Reader) -> bytes:
    # Four bytes as documented; a host that reads only the first sees the same number.
    return u32(len(stick.memory.cell(*_cell_key(reader)) or b""))


def _cell_read(stick: Stick, reader: Reader) -> bytes:
    key = _cell_key(reader)
    offset, length = reader.u16(), reader.u8()
    return _part(stick.memory.cell(*key), offset, length)


def _cell_write(stick: Stick, reader: Reader) -> bytes:
    key = _cell_key(reader)
    offset = reader.u16()
    part = reader.take(reader.u8())
    value = stick.memory.cell(*key)
    if value is None or offset + len(part) > len(value):
        return u8(NV_FAILED)
    stick.memory.put_cell(*key, bytes(value[:offset] + part + value[offset + len(part) :]))
    return u8(SUCCESS)


def _random(stick: Stick, reader: Reader) -> bytes:
    del reader
    return u16(stick.rng.randrange(0x10000))


def _accepted(stick: Stick, reader: Reader) -> bytes:
    del stick, reader
    return u8(SUCCESS)


def _stack_tune(stick: Stick, reader: Reader) -> bytes:
    del stick
    reader.u8()
    return u8(reader.u8())


def _part(value: bytes | bytearray | None, offset: int, length: int = READ_MAX) -> bytes:
    if value is None or offset > len(value):
        return u8(INVALID_PARAMETER) + u8(0)
    part = bytes(value[offset : offset + min(length, READ_MAX)])
    return u8(SUCCESS) + u8(len(part)) + part


def _write_item(stick: Stick, item: int, offset: int, part: bytes) -> int:
    value = stick.memory.get(item)
    if value is None or offset + len(part) > len(value):
        return NV_FAILED
    stick.memory.put(item, value[:offset] + part + value[offset + len(part) :])
    return SUCCESS


def _cell_key(reader: Reader) -> tuple[int, int, int]:
    return reader.u8(), reader.u16(), reader.u16()


HANDLERS: Mapping[int, Handler] = {
    0x4100: _reset,
    0x2101: _ping,
    0x2102: _version,
    0x2104: _ext_addr,
    0x2107: _nv_init,
    0x2108: _nv_read,
    0x2109: _nv_write,
    0x210C: _random,
    0x210F: _stack_tune,
    0x2112: _nv_delete,
    0x2113: _nv_length,
    0x2114: _accepted,  # SYS_SET_TX_POWER
    0x211C: _nv_read_ext,
    0x211D: _nv_write_ext,
    0x2130: _cell_create,
    0x2131: _cell_delete,
    0x2132: _cell_length,
    0x2133: _cell_read,
    0x2134: _cell_write,
}
