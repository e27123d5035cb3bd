"""Which values are numbers to a rule."""

from __future__ import annotations

from agent.core.reading import Value

MOST = 1e15
"""More than any sensor measures. What a device says beyond it counts as this much: it may well be
beyond a limit, but sums and squares of it must stay numbers."""

_FLOAT_MOST = 1.7976931348623157e308
"""A whole number may be larger than any float, and then no sum with it comes out."""


def as_number(value: Value) -> float | None:
    """Return `value` if it is a finite number that a float can hold, which a yes or no is not; one
    beyond `MOST` as `MOST`."""
    kind = type(value)  # Asked of nearly every reading, by nearly every rule.
    if kind is float or kind is int:
        if -MOST <= value <= MOST:  # type: ignore[operator]
            return value  # type: ignore[return-value]
        if -_FLOAT_MOST <= value <= _FLOAT_MOST:  # type: ignore[operator]
            return MOST if value > 0 else -MOST  # type: ignore[operator]
    return None


def sign_s(quiet_s: Value, at_s: float) -> float | None:
    """Return the hub time of the last sign of life, of which it was told at `at_s` how long ago it
    was; None when that is no number. Never before hub time 0, nor after `at_s`."""
    number = as_number(quiet_s)
    return None if number is None else min(max(at_s - number, 0.0), at_s)
