"""Says which rules are blind: those whose inputs come from a device that has fallen silent.

A rule that cannot be evaluated must not look as if all were well (general rule h). The trouble
itself is the alarm of the rule `device_silent`; this is what hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from local_rules.engine import EngineState
from local_rules.patterns.silence import SilenceState
from local_rules.rule import RuleBook


@dataclass(frozen=True, slots=True)
class Blind:
    """`rule` does not hear `device`, on which it relies, since hub time `since_s`."""

    rule: RuleId
    device: DeviceId
    since_s: float


def blind(state: EngineState, book: RuleBook) -> tuple[Blind, ...]:
    """Return which rules are blind for which device, in the order of the devices and the book."""
    return tuple(
        Blind(rule.id, held.device, held.heard_s)
        for key, held in state.states.items()
        if isinstance(held, SilenceState) and held.standing
        for rule in book.by_id.values()
        if rule.id != key.rule and any(quantity in rule.inputs for quantity in held.given)
    )
