"""Which values are numbers to a rule."""

from __future__ import annotations

from agent.core.reading import Value


def as_number(value: Value) -> float | None:
    """Return `value` if it is a finite number, which a yes or no is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < float("inf") else None
