"""What is left on a disk with a volatile cache when the power goes at a given moment.

Pure: a record of writes and a seed give the same disk every time.

A write is safe when a flush that began after it has completed, or when it was a FUA write. Of the
others any set may have reached the medium, in any order. Since a later write to a sector replaces
an earlier one in the cache too, every order leaves each sector with one of its versions: so leaving
writes out, in the recorded order, reaches every state that a reordering disk can leave.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.power_cut.block_log import SECTOR, Entry, Flag


class Fate(StrEnum):
    """What becomes of the writes that no flush has made safe."""

    NONE = "none"
    ALL = "all"
    SOME = "some"  # Whole writes are left out.
    TORN = "torn"  # Single sectors are left out.


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes when the first `position` entries have been given to the disk."""

    position: int
    fate: Fate
    seed: int


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that are on the medium."""

    offset: int
    data: memoryview | bytes


def plan(
    rng: random.Random, count: int, *, first: int, last: int, told: Sequence[int]
) -> list[Cut]:
    """Return `count` cuts at random moments from `first` to `last`, in order of their moment.

    Half of them come within a few requests after the store told something (`told`, ascending):
    that is where a promise is broken if it can be.
    """
    inside = [at for at in told if first <= at <= last]
    cuts = []
    for _ in range(count):
        position = rng.randint(first, last)
        if inside and rng.random() < 0.5:
            position = min(last, rng.choice(inside) + rng.choice((0, 0, 1, 2, 3, 5, 8)))
        cuts.append(Cut(position, rng.choice(tuple(Fate)), rng.getrandbits(32)))
    return sorted(cuts, key=lambda cut: cut.position)


def safe_until(flushes: Sequence[int], position: int) -> int:
    """Return the number of entries that the last flush before `position` has made safe.

    `flushes` are the indexes of the entries with a flush, ascending. The data of a flushing entry
    itself comes after its flush.
    """
    at = bisect.bisect_left(flushes, position)
    return flushes[at - 1] if at else 0


def flushes(entries: Sequence[Entry]) -> list[int]:
    """Return the indexes of the entries with a flush."""
    return [number for number, entry in enumerate(entries) if entry.flags & Flag.FLUSH]


def surviving(unsafe: Sequence[Entry], cut: Cut) -> Iterator[Write]:
    """Yield what the medium has of the entries that no flush has made safe, in their order."""
    rng = random.Random(cut.seed)
    share = rng.choice((0.1, 0.5, 0.9))
    for entry in unsafe:
        if not entry.data:
            continue
        lucky = cut.fate is Fate.ALL or (cut.fate is Fate.SOME and rng.random() < share)
        if lucky or entry.flags & Flag.FUA:
            yield Write(entry.offset, entry.data)
        elif cut.fate is Fate.TORN:
            yield from _torn(entry, rng, share)


def _torn(entry: Entry, rng: random.Random, share: float) -> Iterator[Write]:
    for at in range(0, len(entry.data), SECTOR):
        if rng.random() < share:
            yield Write(entry.offset + at, entry.data[at : at + SECTOR])
