"""How long this person is usually quiet at each hour of the day, and how long is too long (4.3).

For each of the 24 hours the longest ages of the last sign of life are kept, one a day at most, with
the day of learning on which they were seen. Days are counted as they are learned, not by the
calendar: a clock that is ten years off, or a journey of three months, forgets nothing.

Nothing is known of an hour through which nobody has lived yet, and little of one with few days: the
first night is no proof that nobody sleeps.

An age that was seen once, weeks ago, does not hold the line up for ever: an age counts as usual
when the days on which the person was quiet at least as long weigh enough together, and a day weighs
half after `HALF_LIFE_DAYS`. Weekdays and weekends are not kept apart: to halve what is known of an
hour costs more than the little in which they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HOUR_S = 3600.0
HOURS = 24

HALF_LIFE_DAYS = 14
KEPT_DAYS = 28
TOP = 5
"""Ages kept of each hour (4.3)."""

LEAST_AGE_S = 1800.0
"""Shorter ages say nothing: no line is ever that short."""

EARLY_DAYS = 5
EARLY_DAY, EARLY_NIGHT = 1, 3
"""Up to here so many more hours count on each side: few mornings are known yet, and fewer nights
that were slept through."""

ASK_WEIGHT = 0.8
"""An age counts for asking while one day of it is less than five days old."""
HELP_WEIGHT = 0.5
"""... and for sending help while it is less than fourteen."""

ASK_AROUND, HELP_AROUND = 1, 3
"""So many hours on each side count for asking (4.3) and for sending help: who rises late once a
month is asked, and not sent help for."""

Ages = tuple[tuple[tuple[float, int], ...], ...]
"""For each hour of the day its longest ages, longest first, each with the day of learning."""

NONE: Ages = ((),) * HOURS

Lived = tuple[tuple[int, int], ...]
"""For each hour of the day on how many days of learning somebody lived through it, and the last."""

NEVER: Lived = ((0, -1),) * HOURS


@dataclass(frozen=True, slots=True)
class Lines:
    """The limits of one hour: `ask_s` for a welfare check, `help_s` for help; `usual_s` is the
    longest that is usual at this hour, 0: nothing is known."""

    ask_s: float
    help_s: float
    usual_s: float


def learn(ages: Ages, day: int, local_s: float, age_s: float) -> Ages:
    """Return `ages` with a quiet stretch that has lasted `age_s` when it ended at `local_s`, the
    seconds of the local calendar, on the day of learning `day`."""
    if age_s < LEAST_AGE_S:
        return ages
    hours = list(ages)
    for hour, seen_s in _ages_of(local_s, age_s):
        hours[hour] = _longest(hours[hour], seen_s, day)
    return tuple(hours)


def live(lived: Lived, day: int, local_s: float, age_s: float) -> Lived:
    """Return `lived` with a stretch, however short, that ended at `local_s`."""
    hours = list(lived)
    for hour, _ in _ages_of(local_s, age_s):
        count, last = hours[hour]
        if last != day:
            hours[hour] = (count + 1, day)
    return lived if hours == list(lived) else tuple(hours)


def _ages_of(local_s: float, age_s: float) -> Iterable[tuple[int, float]]:
    """Yield each hour that the stretch ran through, with its age at the end of that hour."""
    yield int(local_s // HOUR_S) % HOURS, age_s
    back_s = local_s % HOUR_S
    for _ in range(HOURS - 1):
        if back_s >= age_s:
            return
        yield int((local_s - back_s) // HOUR_S - 1) % HOURS, age_s - back_s
        back_s += HOUR_S


def _longest(
    known: tuple[tuple[float, int], ...], age_s: float, day: int
) -> tuple[tuple[float, int], ...]:
    same = max((one[0] for one in known if one[1] == day), default=0.0)
    others = (one for one in known if one[1] != day and day - one[1] < KEPT_DAYS)
    return tuple(sorted((*others, (max(age_s, same), day)), reverse=True)[:TOP])


def usual_s(ages: Ages, day: int, hour: int, *, around: int, weight: float) -> float:
    """Return the longest age that counts as usual `around` so many hours of `hour`; 0: none."""
    by_day: dict[int, float] = {}
    for near in range(hour - around, hour + around + 1):
        for age_s, seen in ages[near % HOURS]:
            if day - seen < KEPT_DAYS:
                by_day[seen] = max(by_day.get(seen, 0.0), age_s)
    total = 0.0
    for age_s, seen in sorted(((age_s, seen) for seen, age_s in by_day.items()), reverse=True):
        total += 0.5 ** ((day - seen) / HALF_LIFE_DAYS)
        if total >= weight:
            return age_s
    return 0.0


def lines(
    values: Mapping[str, float], ages: Ages, lived: Lived, day: int, hour: int, *, is_night: bool
) -> Lines:
    """Return the limits of `hour` on the day of learning `day`.

    The margin is wide while little is known and narrows as days are learned: to wait for fourteen
    days with a limit of twelve hours would leave the person alone for two weeks.
    """
    most_s = values["night_most_s" if is_night else "most_s"]
    least_s = values["night_least_s" if is_night else "least_s"]
    count, early = lived[hour][0], 0
    if count < EARLY_DAYS:
        early = EARLY_NIGHT if is_night else EARLY_DAY
        count = min(lived[near % HOURS][0] for near in range(hour - early, hour + early + 1))
    if not count:
        return Lines(most_s, most_s + values["urgent_s"], 0.0)
    factor = values["factor"] + values["early_factor"] / count
    margin_s = values["margin_s"] + values["early_margin_s"] / count

    def limit_s(around: int, weight: float, more: float) -> float:
        usual = usual_s(ages, day, hour, around=around + early, weight=weight)
        return min(max((factor + more) * usual + margin_s, least_s), most_s)

    ask_s = limit_s(ASK_AROUND, ASK_WEIGHT, 0.0)
    return Lines(
        ask_s,
        max(ask_s + values["urgent_s"], limit_s(HELP_AROUND, HELP_WEIGHT, values["help_factor"])),
        usual_s(ages, day, hour, around=0, weight=ASK_WEIGHT),
    )
