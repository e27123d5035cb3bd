"""The mutants that may live, each with its reason: what `survivors.toml` says."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("survivors.toml")
LEAST_WORDS = 4
"""A reason in fewer words is none."""


@dataclass(frozen=True)
class Excused:
    """One entry: which mutant, and why no test can tell it from the program."""

    name: str
    reason: str


def read(text: str) -> tuple[Excused, ...]:
    """Return the entries. Errors: ValueError for one that lacks a part or a reason."""
    found = []
    for entry in tomllib.loads(text).get("survivor", []):
        if set(entry) != {"file", "function", "mutation", "reason"}:
            raise ValueError(
                f"an entry has {sorted(entry)}: wanted file, function, mutation and reason"
            )
        name = f"{entry['file']}::{entry['function']}: {entry['mutation']}"
        if len(entry["reason"].split()) < LEAST_WORDS:
            raise ValueError(f"{name} has no reason: say why it cannot matter")
        found.append(Excused(name, entry["reason"]))
    return tuple(found)


@dataclass(frozen=True)
class Verdict:
    """`unexcused` survived without a reason. `stale` are reasons for what does not survive."""

    unexcused: tuple[str, ...]
    stale: tuple[str, ...]


def judge(
    survived: Sequence[str], every: Sequence[str], tried: Sequence[str], excused: Sequence[Excused]
) -> Verdict:
    """Hold the survivors against the reasons. `every` mutant of the files that were `tried`, for
    nothing is said about the others."""
    reasons = {entry.name for entry in excused}
    stale = [
        f"{entry.name} ({'a test notices' if entry.name in every else 'there is no such mutant'})"
        for entry in excused
        if entry.name.partition("::")[0] in tried and entry.name not in survived
    ]
    return Verdict(tuple(name for name in survived if name not in reasons), tuple(stale))
