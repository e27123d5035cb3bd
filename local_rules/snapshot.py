"""Writes the state of one rule and subject as JSON, and reads it back after a restart.

What cannot be read makes that one rule start fresh for that one subject, and says so: an engine
that starts with less is better than one that does not start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.engine import EngineState, StateKey
from local_rules.patterns.report import Channel, ReportState
from local_rules.rule import Rule, RuleBook

VERSION = 1


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


def dump(state: EngineState, key: StateKey) -> str:
    """Return the state of `key` as one line of JSON. The key must be one that the state has."""
    return json.dumps({"v": VERSION, "report": asdict(state.states[key])}, separators=(",", ":"))


def restore(rows: Iterable[tuple[str, str, str]], book: RuleBook) -> Restored:
    """Return the state made of `(rule, subject, text of dump)`. Never raises for bad rows."""
    states: dict[StateKey, ReportState] = {}
    lost: list[Lost] = []
    for rule_id, subject, text in rows:
        key = StateKey(RuleId(rule_id), subject)
        rule = book.by_id.get(key.rule)
        if rule is None:
            lost.append(_lost(key, "没有这条规则", "there is no such rule"))
            continue
        try:
            states[key] = _load(text, rule)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            lost.append(_lost(key, "内容无法读取", f"it cannot be read: {error!r}"))
    return Restored(EngineState(states), tuple(lost))


def _load(text: str, rule: Rule) -> ReportState:
    """Errors: ValueError, TypeError or KeyError when it is not what `dump` wrote for `rule`."""
    outer = json.loads(text)
    if outer["v"] != VERSION:
        raise ValueError(f"version {outer['v']!r}, want {VERSION}")
    body = outer["report"]
    state = ReportState(
        device=DeviceId(_text(body["device"])),
        drill=_yes_no(body["drill"]),
        channels=tuple(_channel(channel) for channel in body["channels"]),
        since_s=_seconds_or_none(body["since_s"]),
        raised_s=_seconds_or_none(body["raised_s"]),
        standing=_yes_no(body["standing"]),
        due_s=_seconds_or_none(body["due_s"]),
    )
    if any(channel.quantity not in rule.inputs for channel in state.channels):
        raise ValueError("it tells of a quantity that the rule does not listen to")
    # A hold runs exactly while what the device says and what was raised differ.
    if (state.due_s is not None) != (state.standing != state.any_active):
        raise ValueError("its phase is none of quiet, triggering, standing, clearing")
    if rule.momentary and (state.standing or state.any_active):
        raise ValueError("a momentary rule has no condition that stays")
    return state


def _channel(body: Any) -> Channel:
    return Channel(
        quantity=Quantity(body["quantity"]),
        name=_text(body["name"]),
        active=_yes_no(body["active"]),
        seen_s=_seconds(body["seen_s"]),
        said=_yes_no(body["said"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r}, want text")
    return value


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r}, want true or false")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r}, want seconds")
    if not abs(value) < float("inf"):
        raise ValueError(f"{value!r}, want seconds")
    return value


def _seconds_or_none(value: Any) -> float | None:
    return None if value is None else _seconds(value)


def _lost(key: StateKey, zh: str, en: str) -> Lost:
    return Lost(
        key,
        Sentence(
            f"规则 {key.rule} 对 {key.subject} 的状态未能恢复（{zh}），已从头开始。",
            f"The state of rule {key.rule} for {key.subject} is not taken over ({en}); the rule "
            "starts fresh there.",
        ),
    )
