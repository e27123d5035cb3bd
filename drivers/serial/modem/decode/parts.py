"""Long texts come in parts, in any order, doubled or not at all: this puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from drivers.serial.modem.decode.pdu import Deliver

WAIT_S = 600.0  # Parts follow one another within seconds; after this the rest is not to come.
TEXTS = 16
"""Texts that may be incomplete at once. Beyond it the oldest is taken as it is."""

MISSING = "…"

Key = tuple[str, int, int]  # Sender, reference, number of parts.


@dataclass(frozen=True, slots=True)
class Whole:
    """One text, complete or given up on; a part that is missing is shown as "…"."""

    sender: str
    text: str
    sent_at_s: float | None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class _Waiting:
    since_s: float
    sent_at_s: float | None
    parts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """The texts that lack parts, oldest first."""

    waiting: Mapping[Key, _Waiting] = field(default_factory=lambda: MappingProxyType({}))


def join(kept: Kept, deliver: Deliver, now_s: float) -> tuple[Kept, tuple[Whole, ...]]:
    """Take one message; return what waits now, and the texts that are whole or given up."""
    part = deliver.part
    if part is None:
        return kept, (Whole(deliver.sender, deliver.text, deliver.sent_at_s),)
    key = (deliver.sender, part.reference, part.total)
    before = kept.waiting.get(key, _Waiting(now_s, deliver.sent_at_s, {}))
    now = replace(before, parts={**before.parts, part.number: deliver.text})
    others = {other: entry for other, entry in kept.waiting.items() if other != key}
    if len(now.parts) == part.total:
        return Kept(others), (_whole(key, now),)
    waiting = {**others, key: now}
    given_up: tuple[Whole, ...] = ()
    if len(waiting) > TEXTS:
        oldest = next(iter(waiting))
        given_up = (_whole(oldest, waiting.pop(oldest)),)
    return Kept(waiting), given_up


def expire(kept: Kept, now_s: float) -> tuple[Kept, tuple[Whole, ...]]:
    """Give up waiting for parts that should have come; return what is left and those texts."""
    late = {key: one for key, one in kept.waiting.items() if now_s - one.since_s >= WAIT_S}
    left = {key: one for key, one in kept.waiting.items() if key not in late}
    return Kept(left), tuple(_whole(key, one) for key, one in late.items())


def _whole(key: Key, waiting: _Waiting) -> Whole:
    sender, _, total = key
    texts = [waiting.parts.get(number, MISSING) for number in range(1, total + 1)]
    return Whole(sender, "".join(texts), waiting.sent_at_s, len(waiting.parts) == total)
