"""Reads back the parts of a state from JSON: each function returns its argument or refuses it."""

from __future__ import annotations

from typing import Any

from local_rules.patterns.numbers import as_number


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
    """Errors: TypeError when it is no number, ValueError when it is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r}, want a number")
    if as_number(value) is None:
        raise ValueError(f"{value!r}, want a finite number")
    return value


def number_or_none(value: Any) -> float | None:
    """Errors: as `number`, for all but None."""
    return None if value is None else number(value)


def whole(value: Any) -> int:
    """Errors: TypeError when it is no whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r}, want a whole number")
    return value


def whole_or_none(value: Any) -> int | None:
    """Errors: as `whole`, for all but None."""
    return None if value is None else whole(value)


def mapping(value: Any) -> dict[str, Any]:
    """Errors: TypeError when it is not a JSON object."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r}, want an object")
    return value
