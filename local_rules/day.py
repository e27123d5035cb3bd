"""The time of day in the home, and limits that differ between day and night.

Owns what a rule does while the time is not known: it takes the shorter limit and every window
counts, so that a wrong clock never mutes an alarm.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.clock import Stamp, TimeQuality

ZONE_S = 8 * 3600  # UTC+8 all year; there is no summer time (2.7).
DAY_S = 86_400.0

WINDOW = ("from_h", "to_h")
"""The parameters of a window of the day: hours since midnight, the end not included. A window may
run over midnight; one that ends where it begins is the whole day."""

PERIODS = ("limit_s", "night_limit_s", *WINDOW)
"""The parameters of a limit by day and another at night."""


def local_s(stamp: Stamp) -> float | None:
    """Return the seconds of the local calendar since 1970, None while the time is not known."""
    return None if stamp.quality is TimeQuality.UNKNOWN else stamp.wall_s + ZONE_S


def second_of_day(stamp: Stamp) -> float | None:
    """Return the seconds since local midnight, None while the time is not known."""
    now_s = local_s(stamp)
    return None if now_s is None else now_s % DAY_S


def is_hour_in_window(values: Mapping[str, float], hour: int) -> bool:
    """Return whether the hour of the day `hour` begins between `from_h` and `to_h`."""
    return _is_between(hour * 3600.0, values["from_h"] * 3600, values["to_h"] * 3600)


def is_in_window(values: Mapping[str, float], stamp: Stamp) -> bool:
    """Return whether it is between `from_h` and `to_h`; yes while the time is not known."""
    now_s = second_of_day(stamp)
    return now_s is None or _is_between(now_s, values["from_h"] * 3600, values["to_h"] * 3600)


def due_s(values: Mapping[str, float], since_s: float, stamp: Stamp) -> float:
    """Return the hub time at which what began at `since_s` is to be looked at (again).

    It has lasted too long exactly when the answer is not after `stamp`. `night_limit_s` holds from
    `from_h` to `to_h` where the values have one.
    """
    limit_s = values["limit_s"]
    if "night_limit_s" not in values:
        return since_s + limit_s
    night_limit_s = values["night_limit_s"]
    now_s = second_of_day(stamp)
    if now_s is None or limit_s == night_limit_s:
        return since_s + min(limit_s, night_limit_s)
    from_s, to_s = values["from_h"] * 3600, values["to_h"] * 3600
    is_night = _is_between(now_s, from_s, to_s)
    over_s = since_s + (night_limit_s if is_night else limit_s)
    # At the border of the night the other limit begins to hold, and may be over already.
    to_border_s = ((to_s if is_night else from_s) - now_s) % DAY_S
    return min(over_s, stamp.at_s + max(1.0, to_border_s))


def _is_between(now_s: float, from_s: float, to_s: float) -> bool:
    if from_s < to_s:
        return from_s <= now_s < to_s
    return now_s >= from_s or now_s < to_s
