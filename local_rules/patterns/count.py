"""How often something happened lately, for rules that tell the third time and not the first."""

from __future__ import annotations

from collections.abc import Mapping

TAKES = ("times", "times_within_s")
"""The parameters of a rule that counts: how often, and within how long."""


def counted(hits: tuple[float, ...], values: Mapping[str, float], at_s: float) -> tuple[float, ...]:
    """Return the hub times that count with one at `at_s`: the latest, `times` of them at most."""
    return (*recent(hits, values, at_s), at_s)[-int(values["times"]) :]


def recent(hits: tuple[float, ...], values: Mapping[str, float], at_s: float) -> tuple[float, ...]:
    """Return those of the hub times that are not too old at `at_s`."""
    return tuple(hit for hit in hits if 0 <= at_s - hit <= values["times_within_s"])


def is_enough(hits: tuple[float, ...], values: Mapping[str, float]) -> bool:
    """Return whether it has happened often enough."""
    return len(hits) >= values["times"]
