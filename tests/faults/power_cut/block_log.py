"""Reads a record of block writes, in the order in which the disk was given them.

Owns the format. Knows nothing of cuts or of what the blocks hold.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

MAGIC = 0x6A736677736872
VERSION = 1
SECTOR = 512
"""The unit of the disk's addresses, and here also that of the record itself."""

_SUPER = struct.Struct("<QQQI")  # magic, version, number of entries, sector size
_ENTRY = struct.Struct("<QQQQ")  # sector, number of sectors, flags, length of inline data


class LogError(ValueError):
    """The bytes are not a record of block writes."""


class Flag(IntFlag):
    """What a write asked of the disk besides being written."""

    FLUSH = 1
    FUA = 2
    DISCARD = 4
    MARK = 8
    METADATA = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `data` is empty for a bare flush, a discard or a mark."""

    offset: int
    data: memoryview | bytes
    flags: Flag


def parse(raw: memoryview | bytes, limit: int | None = None) -> Sequence[Entry]:
    """Return the entries of a record, at most `limit`.

    Shape:  little endian. One sector with magic, version, entries (u64 each), sector size (u32);
            then for each entry one sector with sector, sectors, flags, length of inline data (u64
            each), followed by the data, filled up to whole sectors. A discard carries no data.
    Errors: LogError on a wrong magic, version or sector size, an unknown flag, or a cut-off entry.
    Source: Linux, Documentation/admin-guide/device-mapper/log-writes.rst and
            drivers/md/dm-log-writes.c; QEMU writes the same (block/blklogwrites.c).
    """
    view = memoryview(raw)
    count = entry_count(view[: _SUPER.size])
    entries: list[Entry] = []
    at = SECTOR
    for number in range(count if limit is None else min(count, limit)):
        if at + SECTOR > len(view):
            raise LogError(f"block log: ends at byte {at}, in entry {number} of {count}")
        sector, sectors, bits, _ = _ENTRY.unpack_from(view, at)
        if bits & ~sum(Flag):
            raise LogError(f"block log: entry {number} has unknown flags {bits:#x}")
        flags = Flag(bits)
        length = 0 if flags & (Flag.DISCARD | Flag.MARK) else sectors * SECTOR
        at += SECTOR
        if at + length > len(view):
            raise LogError(f"block log: ends at byte {len(view)}, in the data of entry {number}")
        entries.append(Entry(sector * SECTOR, view[at : at + length], flags))
        at += length
    return entries


def entry_count(head: memoryview | bytes) -> int:
    """Return how many entries the first bytes of a record say there are.

    Errors: LogError when these are not the first bytes of a record with 512-byte sectors.
    """
    if len(head) < _SUPER.size:
        raise LogError(f"block log: {len(head)} bytes, want at least {_SUPER.size}")
    magic, version, count, sector = _SUPER.unpack_from(head)
    if (magic, version, sector) != (MAGIC, VERSION, SECTOR):
        raise LogError(f"block log: magic {magic:#x}, version {version}, sectors of {sector} bytes")
    return int(count)


def build(entries: Sequence[Entry]) -> bytes:
    """Return the record of these entries: the inverse of `parse`."""
    parts = [_SUPER.pack(MAGIC, VERSION, len(entries), SECTOR).ljust(SECTOR, b"\0")]
    for entry in entries:
        sectors = len(entry.data) // SECTOR
        head = _ENTRY.pack(entry.offset // SECTOR, sectors, int(entry.flags), 0)
        parts += [head.ljust(SECTOR, b"\0"), bytes(entry.data)]
    return b"".join(parts)
