"""How much was used lately, from a meter's counter or from a rate.

Kept as parts of a quarter of an hour, so that a day is a hundred numbers at most and a dripping tap
no more than a bath.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from local_rules.patterns import stored

PART_S = 900.0
RATE_S = 600.0
"""A rate counts for no longer than this after it was said: a meter that falls silent uses none."""

SOURCES = 8
"""Meters of one home."""


class Meter(NamedTuple):
    """What one meter last said, and when: a count, or a rate an hour."""

    source: str
    number: float
    at_s: float


class Used(NamedTuple):
    """What was used: parts (hub time of the end, how much), oldest first, and the meters."""

    parts: tuple[tuple[float, float], ...]
    meters: tuple[Meter, ...]


NOTHING = Used((), ())


def taken(
    used: Used, source: str, is_counter: bool, at_s: float, number: float, keep_s: float
) -> Used:
    """Return what was used after a meter said `number`; parts older than `keep_s` are forgotten."""
    before = next((meter for meter in used.meters if meter.source == source), None)
    others = tuple(meter for meter in used.meters if meter.source != source)
    if before is None and len(others) >= SOURCES:
        return used
    more = 0.0
    if before is not None and at_s >= before.at_s:
        # A counter that went back was replaced, or began again.
        passed_s = min(at_s - before.at_s, RATE_S)
        more = number - before.number if is_counter else before.number * passed_s / 3600
    parts = tuple(part for part in used.parts if at_s - part[0] <= keep_s)
    if more > 0:
        if parts and at_s // PART_S == parts[-1][0] // PART_S:
            parts = (*parts[:-1], (at_s, parts[-1][1] + more))
        else:
            parts = (*parts, (at_s, more))
    return Used(parts, (*others, Meter(source, number, at_s)))


def enough_s(used: Used, least: float) -> float | None:
    """Return since when, reckoned back from now, `least` has been used; None: not even in all."""
    total = 0.0
    for at_s, more in reversed(used.parts):
        total += more
        if total >= least:
            return at_s
    return None


def since(used: Used, then_s: float) -> float:
    """Return how much was used after `then_s`."""
    return sum(more for at_s, more in used.parts if at_s > then_s)


def load(body: Any) -> Used:
    """Errors: TypeError or ValueError when it is not what JSON makes of `Used`."""
    parts, meters = body
    return Used(
        tuple((stored.number(at_s), stored.number(more)) for at_s, more in parts),
        tuple(
            Meter(stored.text(source), stored.number(number), stored.number(at_s))
            for source, number, at_s in meters
        ),
    )
