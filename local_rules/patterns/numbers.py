"""Which values are numbers to a rule."""

from __future__ import annotations

from agent.core.reading import Value

_MOST = 1.7976931348623157e308
"""A whole number may be larger than any float, and then no sum with it comes out."""


def as_number(value: Value) -> float | None:
    """Return `value` if it is a finite number that a float can hold, which a yes or no is not."""
    kind = type(value)  # Asked of nearly every reading, by nearly every rule.
    if (kind is float or kind is int) and -_MOST <= value <= _MOST:  # type: ignore[operator]
        return value  # type: ignore[return-value]
    return None
