"""One line of a CSV of readings: its time, quantity and value. Pure.

Owns what may be written in each column. Knows neither files nor the order of lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from agent.core.reading import Quantity, Value

COLUMNS = ("time", "device", "quantity", "value")

CHINA = timezone(timedelta(hours=8))
"""A time without an offset is the home's own: UTC+8 all year."""

WORDS: Mapping[Quantity, tuple[str, ...]] = {
    Quantity.PRESENCE: ("home", "maybe_away", "away", "unknown"),
}
"""Quantities whose value is one of these words."""

_YES = frozenset(("true", "on", "open", "yes", "1"))
_NO = frozenset(("false", "off", "closed", "close", "no", "0"))
_LAST_S = 253_402_300_799.0  # 9999-12-31.
_UNITS = frozenset(
    ("pct", "v", "c", "lx", "w", "kwh", "ppm", "lph", "l", "kg", "mmhg", "bpm", "mmoll", "s", "min")
)
_COUNTS = frozenset((Quantity.NIGHT_RISINGS,))

QUANTITIES: Mapping[str, Quantity] = {quantity.value: quantity for quantity in Quantity}
NUMBERS = frozenset(
    quantity
    for quantity in Quantity
    if quantity in _COUNTS or quantity.value.rpartition("_")[2] in _UNITS
)
"""Quantities whose value is a number; the unit is the last part of the name."""


class BadLine(ValueError):
    """A line that is not what it should be: got and wanted."""


def time_of(text: str) -> float:
    """Return a time as seconds since 1970. Errors: BadLine.

    >>> time_of("2026-11-01 08:00") == time_of("2026-11-01T00:00:00Z") == time_of("1793491200")
    True
    """
    try:
        if "-" in text[1:] or ":" in text:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=CHINA)
            wall_s = moment.timestamp()
        else:
            wall_s = float(text)
    except (ValueError, OverflowError):
        wall_s = -1.0
    if 0 <= wall_s <= _LAST_S:
        return wall_s
    raise BadLine(f"time {text!r}: wanted 2026-11-01T08:00:00+08:00, or seconds since 1970")


def quantity_of(text: str) -> Quantity:
    """Return the quantity of that name. Errors: BadLine."""
    found = QUANTITIES.get(text)
    if found is None:
        raise BadLine(f"quantity {text!r}: wanted one of {', '.join(QUANTITIES)}")
    return found


def value_of(quantity: Quantity, text: str) -> Value:
    """Return the value that `text` is for `quantity`. Errors: BadLine.

    >>> value_of(Quantity.CONTACT_OPEN, "closed"), value_of(Quantity.TEMP_C, "21.5")
    (False, 21.5)
    """
    if quantity in NUMBERS:
        return _number(quantity, text)
    plain = text.lower()
    words = WORDS.get(quantity)
    if words is not None:
        if plain in words:
            return plain
        raise BadLine(f"{quantity} {text!r}: wanted one of {', '.join(words)}")
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise BadLine(f"{quantity} {text!r}: wanted true/on/open/1 or false/off/closed/0")


def _number(quantity: Quantity, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if abs(number) < 1e15:
        return number
    raise BadLine(f"{quantity} {text!r}: wanted a number")
