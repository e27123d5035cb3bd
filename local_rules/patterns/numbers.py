"""Which values are numbers to a rule."""

from __future__ import annotations

from agent.core.reading import Value

_MOST = 1.7976931348623157e308
"""A whole number may be larger than any float, and then no sum with it comes out."""


def as_number(value: Value) -> float | None:
    """Return `value` if it is a finite number that a float can hold, which a yes or no is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_MOST <= value <= _MOST else None
