"""Whether other limits, put in force now, would forget what a rule is in the middle of.

Limits of a rule at rest can be changed at any time. A rule that asks the person at this moment, or
one that saves a life and counts a hold, goes on by the limits it began with until that is over.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.core.alarm import Alarm, AlarmState, RuleId, Severity
from agent.core.text import Sentence
from local_rules.engine import EngineState
from local_rules.rule import AnyRule, RuleBook


def forgotten(
    state: EngineState, alarms: Iterable[Alarm], before: RuleBook, after: RuleBook
) -> Sentence | None:
    """Return what going from `before` to `after` would forget, None when nothing."""
    differ = {
        rule.id: rule for rule in before.by_id.values() if _differs(rule, after.by_id.get(rule.id))
    }
    for alarm in alarms:
        if alarm.rule in differ and alarm.waiting is not None and not alarm.drill:
            is_asked = alarm.state is AlarmState.PRE_ALARM
            what = Sentence("预警等待", "pre-alarm") if is_asked else Sentence("静音", "mute")
            return _busy(alarm.rule, alarm.subject, what)
    for key, held in state.states.items():
        rule = differ.get(key.rule)
        is_vital = rule is not None and rule.severity is Severity.S1
        if is_vital and getattr(held, "due_s", None) is not None:
            return _busy(key.rule, key.subject, Sentence("计时", "hold"))
    return None


def _differs(rule: AnyRule, other: AnyRule | None) -> bool:
    return other is None or (rule.values, rule.severity) != (other.values, other.severity)


def _busy(rule: RuleId, subject: str, what: Sentence) -> Sentence:
    return Sentence(
        f"规则 {rule} 对 {subject} 的{what.zh}正在进行，现在改动会丢失它：应等它结束。"
        "现行规则继续有效，请稍后再试。",
        f"rule {rule} is in the middle of a {what.en} for {subject} that the change would forget: "
        "wanted a rule at rest. What holds goes on; ask again when it is over.",
    )
