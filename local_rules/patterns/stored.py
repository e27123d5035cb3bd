"""Reads back the parts of a state from JSON: each function returns its argument or refuses it."""

from __future__ import annotations

from typing import Any

MOST = 1e100
"""More than any sum of what devices say. Beyond it squares and sums are no numbers any more."""

WHOLE_MOST = 10**9
"""More days than a hub lives."""


def text(value: Any) -> str:
    """Errors: TypeError when it is not text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r}, want text")
    return value


def yes_no(value: Any) -> bool:
    """Errors: TypeError when it is not a yes or a no."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r}, want true or false")
    return value


def number(value: Any) -> float:
    """Errors: TypeError when it is no number, ValueError when none can be reckoned with."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r}, want a number")
    if not -MOST <= value <= MOST:
        raise ValueError(f"{value!r}, want a finite number")
    return value


def number_or_none(value: Any) -> float | None:
    """Errors: as `number`, for all but None."""
    return None if value is None else number(value)


def whole(value: Any) -> int:
    """Errors: TypeError when it is no whole number, ValueError when it counts nothing."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r}, want a whole number")
    if not -WHOLE_MOST <= value <= WHOLE_MOST:
        raise ValueError(f"{value!r:.20}, want a whole number of days")
    return value


def whole_or_none(value: Any) -> int | None:
    """Errors: as `whole`, for all but None."""
    return None if value is None else whole(value)


def mapping(value: Any) -> dict[str, Any]:
    """Errors: TypeError when it is not a JSON object."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r}, want an object")
    return value
