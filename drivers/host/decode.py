"""What sysfs says of the hub's own parts, as values.

Owns the meaning of the kernel's words (Documentation/ABI/testing/sysfs-class-power, -rtc, -thermal,
Documentation/driver-api/mmc). What is not there is None; what is there and makes no sense is a
FrameError, for it is a part that lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.core.errors import FrameError

Attributes = Mapping[str, str]

_PLAUSIBLE_C = (-40.0, 150.0)  # What a sensor says outside of it is its way to say "not known".
_LIFE_STEP_PCT = 10
_LIFE_OVER = 0x0B  # JEDEC 5.1 (mem): past its life.


@dataclass(frozen=True, slots=True)
class Power:
    """What feeds the hub. None: it has no such part, or the part does not know."""

    mains_lost: bool | None = None
    battery_pct: int | None = None


def power(supplies: Iterable[Attributes]) -> Power:
    """Return what all power supplies together say.

    Batteries of mice and other devices do not feed the hub and are left out; of several the
    fullest counts, for on that one the hub lives longest.
    Errors: FrameError when a number is none.

    >>> power([{"type": "Mains", "online": "0"}, {"type": "Battery", "capacity": "81"}])
    Power(mains_lost=True, battery_pct=81)
    """
    mains: list[bool] = []
    levels: list[int] = []
    states: list[str] = []
    for one in supplies:
        kind = one.get("type", "")
        if kind == "Battery" and one.get("scope") != "Device" and one.get("present") != "0":
            states.append(one.get("status", ""))
            if "capacity" in one:
                levels.append(_level(one["capacity"]))
        elif (kind in ("Mains", "Wireless") or kind.startswith("USB")) and "online" in one:
            mains.append(_number("online", one["online"]) > 0)
    battery_pct = max(levels, default=None)
    if mains:
        return Power(not any(mains), battery_pct)
    if "Discharging" in states:
        return Power(True, battery_pct)
    fed = any(state in ("Charging", "Full", "Not charging") for state in states)
    return Power(False if fed else None, battery_pct)


def warmest_c(millidegrees: Iterable[str]) -> float | None:
    """Return the temperature of the warmest sensor, None when none knows.

    >>> warmest_c(["48312", "-274000"])
    48.312
    """
    low_c, high_c = _PLAUSIBLE_C
    found = [_number("temp", text) / 1000 for text in millidegrees]
    return max((temp_c for temp_c in found if low_c <= temp_c <= high_c), default=None)


def seconds(text: str) -> int:
    """Return a time of the clock chip, in seconds since 1970. Errors: FrameError."""
    return _number("since_epoch", text)


def life_used_pct(life_time: str) -> int | None:
    """Return how much of its life an eMMC has used, by its worse half; None when it does not say.

    >>> life_used_pct("0x03 0x0b")
    110
    """
    try:
        steps = [int(part, 16) for part in life_time.split()]
    except ValueError as error:
        raise FrameError(f"life_time: {life_time[:40]!r}, wanted numbers like 0x01") from error
    known = [step for step in steps if 0 < step <= _LIFE_OVER]
    return max(known) * _LIFE_STEP_PCT if known else None


def is_read_only(mountinfo: str, place: str) -> bool | None:
    """Return whether the file system that holds `place` takes no writes; None when it is in no
    line."""
    found: tuple[int, bool] | None = None
    for line in mountinfo.splitlines():
        fields = line.split()
        if len(fields) < 10 or "-" not in fields:
            continue
        point = _unescaped(fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and (found is None or len(point) >= found[0]):
            options = fields[5].split(",") + fields[-1].split(",")
            found = len(point), "ro" in options
    return None if found is None else found[1]


def _level(text: str) -> int:
    level = _number("capacity", text)
    if level < 0:
        raise FrameError(f"capacity: {level}, wanted 0-100")
    return min(level, 100)  # A gauge that has not learned its new battery goes past it.


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FrameError(f"{name}: {text[:40]!r}, wanted a number") from error


def _unescaped(field: str) -> str:
    """Return a path of mountinfo as it is: a blank stands there as \\040."""
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
