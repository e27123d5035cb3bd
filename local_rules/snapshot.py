"""Writes the state of one rule and subject as JSON, and reads it back after a restart.

What cannot be read, or was written by another version of its pattern, makes that one rule start
fresh for that one subject, and says so: an engine that starts with less is better than one that
does not start. No alarm is lost by it: alarms are kept apart from this, and a rule that starts
fresh does not restore what it does not know to stand. It stands until the condition is seen again
and ends, or a person resolves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from agent.core.alarm import RuleId
from agent.core.mode import AWAY_MAX_S
from agent.core.text import Sentence
from local_rules.day import DAY_S
from local_rules.engine import EngineState, StateKey
from local_rules.rule import AnyRule, RuleBook

AHEAD_S = 3600.0
"""Hub time may begin again a little before the latest state: its own mark is written less often.
As little lies before its beginning: what was on at the first reading was on before it."""

_LENGTHS = ("personal_s", "usual_s", "longest_s")
"""Fields in seconds that are no time but a length, which the pattern bounds itself."""

_TO_COME = {"until_s": AWAY_MAX_S, "shy_s": DAY_S, "since_s": AHEAD_S}
"""Fields that may tell of a time that has not come, and how far ahead: people are away until then,
nothing is learned until then, somebody at the stove has asked for half an hour more."""

_TIMED = ("samples", "parts", "days")
"""Fields whose parts each begin with a time."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A state that could not be taken over. `sentence` is for the technician."""

    key: StateKey
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Restored:
    """The state to go on with, and what is missing from it."""

    state: EngineState
    lost: tuple[Lost, ...]


def dump(state: EngineState, key: StateKey, book: RuleBook) -> str:
    """Return the state of `key` as one line of JSON. The key must be one that both have."""
    pattern = book.by_id[key.rule].pattern
    body = {"v": pattern.version, pattern.name: asdict(state.states[key])}
    return json.dumps(body, separators=(",", ":"))


def restore(
    rows: Iterable[tuple[str, str, str]], book: RuleBook, now_s: float = float("inf")
) -> Restored:
    """Return the state made of `(rule, subject, text of dump)`. Never raises for bad rows.

    A state that remembers what is not yet at hub time `now_s` is damaged: a rule that waits for
    next year would be mute until then.
    """
    states: dict[StateKey, Any] = {}
    lost: list[Lost] = []
    for rule_id, subject, text in rows:
        key = StateKey(RuleId(rule_id), subject)
        rule = book.by_id.get(key.rule)
        if rule is None:
            lost.append(_lost(key, "没有这条规则", "there is no such rule"))
            continue
        try:
            states[key] = _load(text, rule, now_s + AHEAD_S)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            lost.append(_lost(key, "内容无法读取", f"it cannot be read: {error!r}"))
    return Restored(EngineState(states), tuple(lost))


def _load(text: str, rule: AnyRule, latest_s: float) -> Any:
    """Errors: ValueError, TypeError or KeyError when it is not what `dump` wrote for `rule`."""
    outer, pattern = json.loads(text), rule.pattern
    if outer["v"] != pattern.version:
        raise ValueError(f"version {outer['v']!r}, want {pattern.version}")
    state = pattern.load(rule, outer[pattern.name])
    for name, at_s in _times("", state):
        if at_s < -AHEAD_S or (at_s > latest_s + _TO_COME.get(name, 0.0) and name != "due_s"):
            raise ValueError(f"{name} is {at_s!r}, a time that never was or has not come")
    return state


def _times(name: str, part: Any) -> Iterator[tuple[str, float]]:
    """Yield every time that a part of a state tells of, with the name of it."""
    if is_dataclass(part):
        for field in fields(part):
            yield from _times(field.name, getattr(part, field.name))
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _times(name, value)
    elif isinstance(part, tuple):
        if name in _TIMED:
            name, part = f"{name}_s", tuple(one[0] for one in part)
        names = getattr(part, "_fields", (name,) * len(part))
        for own, value in zip(names, part, strict=True):
            yield from _times(own, value)
    elif name.endswith("_s") and name not in _LENGTHS and isinstance(part, int | float):
        yield name, part


def _lost(key: StateKey, zh: str, en: str) -> Lost:
    return Lost(
        key,
        Sentence(
            f"规则 {key.rule} 对 {key.subject} 的状态未能恢复（{zh}），已从头开始。",
            f"The state of rule {key.rule} for {key.subject} is not taken over ({en}); the rule "
            "starts fresh there.",
        ),
    )
