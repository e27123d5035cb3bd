"""Which values are numbers to a rule."""

from __future__ import annotations

from agent.core.reading import Value

_ENDLESS = float("inf")


def as_number(value: Value) -> float | None:
    """Return `value` if it is a finite number, which a yes or no is not."""
    kind = type(value)  # Asked of nearly every reading, by nearly every rule.
    if (kind is float or kind is int) and -_ENDLESS < value < _ENDLESS:  # type: ignore[operator]
        return value  # type: ignore[return-value]
    return None
