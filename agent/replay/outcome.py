"""What came of a replay: the alarms, how often in 30 days, and how two replays differ. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from agent.core.alarm import AlarmId, AlarmState
from agent.core.errors import ConfigError
from agent.core.row import Kind
from agent.core.text import Sentence
from agent.replay.home import News
from agent.replay.lines import CHINA, time_of

DAY_S = 86_400.0
MOVED_WITHIN_S = DAY_S
"""The same rule for the same subject at another time within a day is the same alarm, moved."""

_SAME_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """One alarm that others were told of, as of then. `at_s`, `asked_s` (when the person was first
    asked), `over_s` (when the condition was) in wall seconds; `count` with every repeat; `graver`
    the severity that it rose to later, if it did."""

    rule: str
    severity: str
    at_s: float
    why: Sentence
    subject: str
    limit: str = ""
    drill: bool = False
    asked_s: float | None = None
    over_s: float | None = None
    count: int = 1
    graver: str = ""


@dataclass(slots=True)
class Outcome:
    """Gathers the alarms of one replay as they change. `called_off`: pre-alarms that came to
    nothing."""

    called_off: int = 0
    _told: dict[AlarmId, Told] = field(default_factory=dict)
    _asked: dict[AlarmId, float] = field(default_factory=dict)

    @property
    def alarms(self) -> list[Told]:
        """Return the alarms in the order in which they were raised."""
        return sorted(self._told.values(), key=lambda told: told.at_s)

    def take(self, news: News) -> None:
        """Take in a change of an alarm."""
        alarm, at_s = news.alarm, news.stamp.wall_s
        told = self._told.get(alarm.id)
        if told is None:
            self._first(news)
            return
        if alarm.condition_active is False and told.over_s is None:
            told = replace(told, over_s=at_s)
        elif news.kind is Kind.ALARM_REPEATED:
            told = replace(told, over_s=None)
        graver = alarm.severity.value if alarm.severity.value < told.severity else told.graver
        self._told[alarm.id] = replace(told, count=alarm.count, graver=graver)

    def _first(self, news: News) -> None:
        alarm, at_s = news.alarm, news.stamp.wall_s
        if alarm.state is AlarmState.PRE_ALARM:
            self._asked.setdefault(alarm.id, at_s)
        elif alarm.state is AlarmState.ACTIVE:
            self._told[alarm.id] = Told(
                alarm.rule,
                alarm.severity.value,
                at_s,
                alarm.why.sentence,
                alarm.subject,
                alarm.why.limit,
                alarm.drill,
                self._asked.pop(alarm.id, None),
            )
        elif self._asked.pop(alarm.id, None) is not None:
            self.called_off += 1


def per_30_days(alarms: Iterable[Told], days: float) -> dict[str, dict[str, float]]:
    """Return how often in 30 days, by severity and by rule, in a home where nothing happened: then
    each is a false alarm. Drills are none."""
    real = [told for told in alarms if not told.drill]
    counted = {
        "severity": Counter(told.severity for told in real),
        "rule": Counter(told.rule for told in real),
    }
    factor = 30 / days if days > 0 else 0.0
    return {
        what: {key: round(count * factor, 2) for key, count in sorted(found.items())}
        for what, found in counted.items()
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second replay has that the first has not, and the other way round. `moved`: the
    same alarm at another time or of another severity."""

    same: int
    only_first: tuple[Told, ...]
    only_second: tuple[Told, ...]
    moved: tuple[tuple[Told, Told], ...]


def difference(first: Iterable[Told], second: Iterable[Told]) -> Difference:
    """Return how two replays of the same trace differ, each alarm matched once: first those that
    are the same, then the nearest in time."""
    rest: dict[tuple[str, str, bool], list[Told]] = {}
    for told in second:
        rest.setdefault((told.rule, told.subject, told.drill), []).append(told)
    unmatched: list[Told] = []
    same = 0
    for told in first:
        twin = _near(told, rest, _SAME_WITHIN_S)
        if twin is not None and twin.severity == told.severity:
            rest[told.rule, told.subject, told.drill].remove(twin)
            same += 1
        else:
            unmatched.append(told)
    moved, only = [], []
    for told in unmatched:
        twin = _near(told, rest, MOVED_WITHIN_S)
        if twin is None:
            only.append(told)
        else:
            rest[told.rule, told.subject, told.drill].remove(twin)
            moved.append((told, twin))
    left = sorted((told for some in rest.values() for told in some), key=lambda told: told.at_s)
    return Difference(same, tuple(only), tuple(left), tuple(moved))


def _near(
    told: Told, among: Mapping[tuple[str, str, bool], list[Told]], within_s: float
) -> Told | None:
    known = among.get((told.rule, told.subject, told.drill), [])
    near = [other for other in known if abs(other.at_s - told.at_s) <= within_s]
    return min(near, key=lambda other: abs(other.at_s - told.at_s), default=None)


def as_json(told: Told) -> dict[str, Any]:
    """Return the alarm for programs."""
    return {
        "rule": told.rule,
        "severity": told.severity,
        "at": iso(told.at_s),
        "at_s": told.at_s,
        "why": {"zh": told.why.zh, "en": told.why.en},
        "subject": told.subject,
        "limit": told.limit,
        "drill": told.drill,
        "asked_at": None if told.asked_s is None else iso(told.asked_s),
        "over_at": None if told.over_s is None else iso(told.over_s),
        "count": told.count,
        "graver": told.graver,
    }


def from_json(found: Any) -> list[Told]:
    """Return the alarms of an earlier replay's JSON, this or another version's.

    Errors: ConfigError when it is none.
    """
    try:
        return [_told(one) for one in found["alarms"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"not the JSON of a replay: {error!r}") from error


def _told(one: Any) -> Told:
    why = one.get("why", "")
    sentence = Sentence(why["zh"], why["en"]) if isinstance(why, dict) else Sentence(why, why)
    at_s = time_of(str(one["at"]))
    subject, drill = str(one.get("subject", "")), bool(one.get("drill", False))
    return Told(str(one["rule"]), str(one["severity"]), at_s, sentence, subject, drill=drill)


def iso(wall_s: float) -> str:
    """Return a time as the home's own, in ISO 8601."""
    return datetime.fromtimestamp(wall_s, CHINA).isoformat(timespec="seconds")
