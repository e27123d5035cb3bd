"""Which rules a person in the home has muted, and until when.

Owns what may be muted, for how long, and what a mute holds back. What it holds back is an alarm
that waits, and the matter of `lifecycle`. Times are hub time: no step of the wall clock makes a
mute longer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.clock import Stamp
from agent.core.command import MuteRule, UnmuteRule
from agent.core.effect import CancelWake, OnResume, RaiseAlarm, WakeAt
from agent.core.errors import CommandRefused
from agent.core.event import WakeKey
from agent.core.limits import MUTE_LEAST_S, MUTE_MAX_S
from agent.response.waiting import NEVER_WAIT

_PREFIX = "mute/"
_END = "end"


@dataclass(frozen=True, slots=True)
class Mute:
    """One muted rule. `until_s` hub time, `until_wall_s` wall time as it was known then."""

    rule: RuleId
    began_s: float
    until_s: float
    until_wall_s: float
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class MuteBook:
    """All mutes that hold. The mapping is shared between books and never written to."""

    by_rule: Mapping[RuleId, Mute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Muting:
    """What came of a command or a timer. `begun` and `ended` are the mutes that changed."""

    book: MuteBook
    begun: Mute | None = None
    ended: Mute | None = None
    timers: tuple[WakeAt | CancelWake, ...] = ()


def may_be_muted(severity: Severity, hazard: Hazard) -> bool:
    """Return whether an alarm of this kind may be held back at all: never what saves a life."""
    return severity is not Severity.S1 and hazard not in NEVER_WAIT


def mute(
    book: MuteBook, command: MuteRule, severity: Severity, hazard: Hazard, stamp: Stamp
) -> Muting:
    """Return the book in which a rule of this severity and hazard is muted from `stamp` on.

    A mute in the place of another one holds from now on; what the first has held back already keeps
    its time. Errors: CommandRefused "never_muted", "not_on_site", "bad_duration".
    """
    _on_site(command)
    if not may_be_muted(severity, hazard):
        raise CommandRefused(
            "never_muted",
            f"rule {command.rule} is of severity {severity}, for {hazard}: wanted a rule below S1. "
            "What saves a life is never muted. Answer its alarm with: anju alarm ack",
        )
    if not MUTE_LEAST_S <= command.for_s <= MUTE_MAX_S:
        raise CommandRefused(
            "bad_duration",
            f"{command.for_s:g} s: wanted {MUTE_LEAST_S:g}-{MUTE_MAX_S:g} s. "
            "Choose at most 24h, and mute again when it is over",
        )
    made = Mute(
        command.rule,
        stamp.at_s,
        stamp.at_s + command.for_s,
        stamp.wall_s + command.for_s,
        command.caller.name,
        command.why,
    )
    book = MuteBook({**book.by_rule, made.rule: made})
    return Muting(book, begun=made, timers=(_timer(made),))


def unmute(book: MuteBook, command: UnmuteRule) -> Muting:
    """Return the book in which the rule is heard again; one that was not muted is no error.

    Errors: CommandRefused "not_on_site".
    """
    _on_site(command)
    return _end(book, command.rule)


def wake(book: MuteBook, key: WakeKey, stamp: Stamp) -> Muting:
    """Return the book after a timer of a mute rang; early or for nobody it changes nothing."""
    found = book.by_rule.get(rule_of(key) or RuleId(""))
    if found is None:
        return Muting(book)
    if stamp.at_s < found.until_s:
        return Muting(book, timers=(_timer(found),))
    return _end(book, found.rule)


def resume(book: MuteBook, stamp: Stamp) -> tuple[MuteBook, tuple[WakeAt, ...]]:
    """Return the book as it goes on after a restart, and its timers; what is over rings at once.

    Where hub time has gone back with the power, a mute still lasts no longer than it was to.
    """
    found = [_bounded(one, stamp) for one in book.by_rule.values()]
    return MuteBook({one.rule: one for one in found}), tuple(map(_timer, found))


def held_until_s(book: MuteBook, effect: RaiseAlarm, stamp: Stamp) -> float | None:
    """Return until when a report of a rule is held back, None when it is not.

    Judged by what is reported, not by what the rule was when it was muted: a report of S1 always
    passes. So does a drill, which moves nothing.
    """
    found = book.by_rule.get(effect.rule)
    if found is None or effect.drill or not may_be_muted(effect.severity, effect.hazard):
        return None
    return found.until_s if stamp.at_s < found.until_s else None


def rule_of(key: WakeKey) -> RuleId | None:
    """Return the rule whose mute has this timer, None when it is not one of a mute."""
    if not key.startswith(_PREFIX):
        return None
    return RuleId(key.removeprefix(_PREFIX).rpartition("/")[0])


def encode(found: Mute) -> str:
    """Return the JSON text that `decode` takes."""
    kept = [found.began_s, found.until_s, found.until_wall_s, found.by, found.why]
    return json.dumps(kept, ensure_ascii=False)


def decode(rule: str, text: str) -> Mute:
    """Return the mute of a text made by `encode`. Errors: ValueError or TypeError."""
    began_s, until_s, until_wall_s, by, why = json.loads(text)
    found = Mute(
        RuleId(rule), float(began_s), float(until_s), float(until_wall_s), str(by), str(why)
    )
    if not all(map(math.isfinite, (found.began_s, found.until_s, found.until_wall_s))):
        raise ValueError(f"{text}: no times")
    return found


def _on_site(command: MuteRule | UnmuteRule) -> None:
    if not command.caller.on_site:
        raise CommandRefused(
            "not_on_site",
            f"{command.caller.name} is not in the home: wanted a person on site. "
            "Ask the installer or somebody at the hub",
        )


def _end(book: MuteBook, rule: RuleId) -> Muting:
    found = book.by_rule.get(rule)
    if found is None:
        return Muting(book)
    left = {other: its for other, its in book.by_rule.items() if other != rule}
    return Muting(MuteBook(left), ended=found, timers=(CancelWake(_key(rule)),))


def _bounded(found: Mute, stamp: Stamp) -> Mute:
    longest_s = min(found.until_s - found.began_s, MUTE_MAX_S)
    return replace(found, until_s=min(found.until_s, stamp.at_s + longest_s))


def _timer(found: Mute) -> WakeAt:
    return WakeAt(_key(found.rule), found.until_s, OnResume.FIRE_IF_OVERDUE)


def _key(rule: RuleId) -> WakeKey:
    return WakeKey(f"{_PREFIX}{rule}/{_END}")
