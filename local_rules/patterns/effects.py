"""What every pattern asks for in the same words: an alarm of its rule, a timer of its own."""

from __future__ import annotations

from agent.core.alarm import RuleId, Why
from agent.core.effect import RaiseAlarm
from agent.core.event import WakeKey
from local_rules.rule import AnyRule


def alarm_for(rule: AnyRule, subject: str, reason: Why, *, drill: bool) -> RaiseAlarm:
    """Return the alarm of `rule` for `subject`, as the row wants it."""
    return RaiseAlarm(
        rule=rule.id,
        subject=subject,
        hazard=rule.hazard,
        severity=rule.severity,
        why=reason,
        latched=rule.latched,
        momentary=rule.momentary,
        drill=drill,
        actions=rule.actions,
        pre_alarm_s=rule.values.get("pre_alarm_s", 0),
        prompt_every_s=rule.values.get("prompt_every_s", 0),
    )


def wake_key(rule: RuleId, subject: str, what: str) -> WakeKey:
    """Return the name of the timer `what`. A subject may hold slashes, the other two may not."""
    return WakeKey(f"{rule}/{subject}/{what}")
