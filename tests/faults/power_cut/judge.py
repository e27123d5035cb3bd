"""Judges what the store finds after a cut against what it had told before.

Owns the claims. Pure: values in, sentences out; no sentence, no fault.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, int]
"""journal_id and seq."""

LAST = "last"
"""The key in `rule_state` that every transaction with rows sets to the number of its last row."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the store said was on disk when the record had `at` entries.

    `rows` with the digest of their content; `removed` is an order that was taken off the list.
    """

    at: int
    rows: tuple[tuple[Key, str], ...] = ()
    removed: str | None = None


@dataclass(frozen=True, slots=True)
class Promises:
    """Everything that was told, in the order of telling, and every order whose removal was asked
    for."""

    told: tuple[Told, ...]
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row as the store has it after the cut."""

    key: Key
    kind: str
    digest: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What the product's own opening found. `trouble` is its own word, `integrity` SQLite's."""

    trouble: str
    integrity: str
    rows: tuple[FoundRow, ...]
    state: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many told rows are gone, and everything that is wrong, that included."""

    lost: int
    faults: tuple[str, ...]


def digest(kind: str, lane: str, body: Mapping[str, Any]) -> str:
    """Return a short hash of the content of a row."""
    text = json.dumps([kind, lane, body], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def seal(number: int, pad: str) -> int:
    """Return the check sum that a row carries of its own body."""
    return zlib.crc32(f"{number} {pad}".encode())


def judge(promises: Promises, found: Found, position: int) -> Verdict:
    """Return what is wrong with what was found after a cut at `position`."""
    told = [note for note in promises.told if note.at <= position]
    lost = list(_lost(told, found))
    faults = [
        *_opening(found),
        *lost,
        *_numbers(found.rows),
        *_seals(found.rows),
        *_state(promises, told, found),
    ]
    return Verdict(len(lost), tuple(faults))


def _opening(found: Found) -> Iterator[str]:
    if found.trouble:
        yield f"the store opened with trouble: {found.trouble}"
    if found.integrity != "ok":
        yield f"integrity_check: {found.integrity}"


def _lost(told: Sequence[Told], found: Found) -> Iterator[str]:
    kept = {row.key: row.digest for row in found.rows}
    for note in told:
        for key, content in note.rows:
            if key not in kept:
                yield f"row {key} was told at {note.at} and is lost"
            elif kept[key] != content:
                yield f"row {key} was told at {note.at} and has another content"


def _numbers(rows: Sequence[FoundRow]) -> Iterator[str]:
    """The rows are the first ones that were given, whatever file they went through, without a
    hole."""
    numbers = sorted(row.body["n"] for row in rows)
    if numbers != list(range(1, len(numbers) + 1)):
        missing = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
        yield f"{len(numbers)} rows up to number {max(numbers)}, missing {missing[:10]}"


def _seals(rows: Sequence[FoundRow]) -> Iterator[str]:
    for row in rows:
        if row.body["seal"] != seal(row.body["n"], row.body["pad"]):
            yield f"row {row.key} is not what was given: {row.body}"


def _state(promises: Promises, told: Sequence[Told], found: Found) -> Iterator[str]:
    """The tables are exactly what the rows made of them."""
    rows = sorted(found.rows, key=lambda row: int(row.body["n"]))
    last = str(rows[-1].body["n"]) if rows else None
    counter = found.state.get("rule_state", {}).get(LAST)
    if counter != last:
        yield f"the counter says {counter}, the last row is {last}"
    alarms: dict[str, str] = {}
    for row in rows:
        if row.kind == "alarm.closed":
            alarms.pop(row.body["alarm"], None)
        elif "alarm" in row.body:
            alarms[row.body["alarm"]] = str(row.body["n"])
    kept = dict(found.state.get("alarm", {}))
    if kept != alarms:
        yield f"alarms that differ from their rows: {sorted(set(kept.items()) ^ alarms.items())}"
    yield from _orders(promises, told, found)
    yield from _cursors(found)


def _orders(promises: Promises, told: Sequence[Told], found: Found) -> Iterator[str]:
    orders = found.state.get("effect", {})
    given = {row.body["effect"]: str(row.body["n"]) for row in found.rows if "effect" in row.body}
    for key, number in given.items():
        if orders.get(key, number) != number:
            yield f"order {key} stands as {orders[key]}, its row is {number}"
        elif key not in orders and key not in promises.asked:
            yield f"order {key} of row {number} is gone, and nobody removed it"
    for key in orders.keys() - given.keys():
        yield f"order {key} stands without its row"
    for note in told:
        if note.removed in orders:
            yield f"order {note.removed} was told removed at {note.at} and stands"


def _cursors(found: Found) -> Iterator[str]:
    ends: dict[str, int] = {}
    for journal_id, seq in (row.key for row in found.rows):
        ends[journal_id] = max(seq, ends.get(journal_id, 0))
    for key, through in found.state.get("cursor", {}).items():
        if int(through) > ends.get(key.partition("/")[0], 0):
            yield f"cursor {key} is at {through}, beyond the last row"
