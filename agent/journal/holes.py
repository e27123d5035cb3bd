"""Which missing seqs of a journal are accounted for. Pure.

Owns the comparison of holes with what `gap` rows tell of. Knows nothing of files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Hole:
    """Seqs that are missing, both ends included, and when the rows beside it were recorded (wall
    seconds; -inf when there is none before)."""

    first: int
    last: int
    after_s: float
    before_s: float

    @property
    def rows(self) -> int:
        """Return how many seqs are missing."""
        return self.last - self.first + 1


@dataclass(slots=True)
class Told:
    """What the `gap` rows tell of one journal: ranges of seqs, and how many rows went in them. A
    range may well hold rows that stayed."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    rows: int = 0

    def take(self, body: Mapping[str, Any]) -> None:
        """Take one `gap` row; one that tells of no seqs changes nothing."""
        first, last, count = (body.get(key) for key in ("first_seq", "last_seq", "count"))
        if isinstance(first, int) and isinstance(last, int) and first <= last:
            self.ranges.append((first, last))
            self.rows += count if isinstance(count, int) else 0

    @property
    def last_seq(self) -> int:
        """Return the last seq that is told of, 0 when none is."""
        return max((last for _, last in self.ranges), default=0)


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges sorted, with those that touch made one.

    >>> joined([(5, 9), (1, 2), (3, 3), (8, 12)])
    [(1, 3), (5, 12)]
    """
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def untold(hole: Hole, ranges: Sequence[tuple[int, int]]) -> Iterator[Hole]:
    """Yield the parts of a hole that lie in none of the `joined` ranges.

    >>> [(part.first, part.last) for part in untold(Hole(1, 9, 0.0, 1.0), [(2, 3), (8, 20)])]
    [(1, 1), (4, 7)]
    """
    first = hole.first
    at = bisect_left(ranges, (hole.first, 0))
    for start, end in ranges[max(0, at - 1) :]:
        if start > hole.last:
            break
        if end < first:
            continue
        if start > first:
            yield replace(hole, first=first, last=start - 1)
        first = end + 1
    if first <= hole.last:
        yield replace(hole, first=first)
