"""What a threshold is held against when it is not the value itself: how it rose, its mean, how hot
it feels. Worked out of the samples that the rule keeps, each (hub time, value)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from statistics import fmean, median

from local_rules.patterns.numbers import as_number

Samples = tuple[tuple[float, float], ...]

SAMPLES = 64
"""Kept of one input: two a day for a month."""

MEDIAN_OF = 3
"""Samples before anything is known of what is usual for this person."""


class Of(StrEnum):
    """What is held against the limit."""

    VALUE = "value"
    RISE = "rise"  # Above the lowest sample of the last `over_s`.
    FALL_PCT = "fall_pct"  # Below the highest sample of the last `over_s`, in percent of it.
    MEAN = "mean"  # Of the samples of the last `over_s`, if there are `samples` of them.
    HEAT_INDEX = "heat_index"  # How hot the air feels, from temperature and humidity.


def takes(of: Of, *, personal: bool) -> tuple[str, ...]:
    """Return the parameters that the figure needs."""
    mine = ("keep_s", "within_pct") if personal else ()
    if of is Of.MEAN:
        return (*mine, "over_s", "samples")
    return (*mine, "over_s") if of in (Of.RISE, Of.FALL_PCT) else mine


def is_own(samples: Samples, values: Mapping[str, float], value: float) -> bool:
    """Return whether `value` is near enough to this person's own; a guest's is not."""
    if len(samples) < MEDIAN_OF:
        return True
    usual = median(value for _, value in samples)
    return abs(value - usual) <= abs(usual) * values["within_pct"] / 100


def figure(of: Of, samples: Samples, values: Mapping[str, float]) -> float | None:
    """Return what is held against the limit now; None while there are too few samples."""
    at_s, value = samples[-1]
    if of is Of.RISE and len(samples) == 1:
        return 0.0
    over = [number for then_s, number in samples if at_s - then_s <= values["over_s"]]
    if of is Of.RISE:
        return value - min(over)
    if of is Of.FALL_PCT:
        # A sample of next to nothing is no weight to be a part of.
        return as_number(100 * (max(over) - value) / max(over)) if max(over) > 0 else None
    return fmean(over) if len(over) >= values["samples"] else None


def heat_index_c(temp_c: float, humidity_pct: float) -> float:
    """Return how hot air feels, by Rothfusz's regression (mem: verify the coefficients).

    It holds from 26.7 C and 40 % on; below, the air feels as hot as it is.

    >>> round(heat_index_c(32.0, 70.0), 1), heat_index_c(20.0, 90.0)
    (40.4, 20.0)
    """
    if temp_c < 26.7 or humidity_pct < 40:
        return temp_c
    t, h = temp_c * 1.8 + 32, min(humidity_pct, 100.0)
    felt_f = (
        -42.379
        + 2.04901523 * t
        + 10.14333127 * h
        - 0.22475541 * t * h
        - 6.83783e-3 * t * t
        - 5.481717e-2 * h * h
        + 1.22874e-3 * t * t * h
        + 8.5282e-4 * t * h * h
        - 1.99e-6 * t * t * h * h
    )
    return (felt_f - 32) / 1.8
