"""A rule as the engine runs it: the row of the catalogue with the site's parameters filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.effect import LocalAction
from agent.core.reading import Quantity, Reading
from agent.core.text import Sentence

DRILL = "drill:"
"""Begins the subject of a drill. A drill is a subject of its own, so that a test left open can
never make the real condition look like a repeat of it."""


class SubjectBy(StrEnum):
    """What the rule keeps apart: one state and one alarm for each."""

    DEVICE = "device"
    QUANTITY = "quantity"  # Each (device, quantity): a low battery and a fault are two troubles.
    CHANNEL = "channel"  # Each (device, channel): two faults of one part are two troubles.


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to run.

    `inputs`         the quantities it listens to, each with what its True means in words.
    `momentary`      the device says when it begins and never when it ends (a button).
    `debounce_s`     two fresh causes closer together than this are one.
    `trigger_hold_s` the condition holds this long before it is an alarm (0: at once).
    `clear_hold_s`   all inputs are quiet this long before the condition is over (0: at once).
    `rearm_s`        a cause that is reported again and again raises again after this time.
    """

    id: RuleId
    number: int
    name: Sentence
    hazard: Hazard
    severity: Severity
    inputs: Mapping[Quantity, Sentence]
    subject_by: SubjectBy
    latched: bool
    momentary: bool
    debounce_s: float
    trigger_hold_s: float
    clear_hold_s: float
    rearm_s: float
    actions: tuple[LocalAction, ...]

    def subject_of(self, reading: Reading) -> str:
        """Return whom the reading is about: `zb:…`, `zb:…/battery_low`, `hub:zigbee/stick`,
        `drill:zb:…`."""
        subject: str = reading.device
        if self.subject_by is SubjectBy.QUANTITY:
            subject = f"{subject}/{reading.quantity}"
        elif self.subject_by is SubjectBy.CHANNEL and reading.channel:
            subject = f"{subject}/{reading.channel}"
        return DRILL + subject if reading.drill else subject


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that are on, found by id and by what they listen to."""

    by_id: Mapping[RuleId, Rule]
    by_quantity: Mapping[Quantity, tuple[Rule, ...]]

    @classmethod
    def of(cls, rules: tuple[Rule, ...]) -> RuleBook:
        """Index `rules`; their order is the order in which they see a reading."""
        quantities = dict.fromkeys(quantity for rule in rules for quantity in rule.inputs)
        return cls(
            by_id={rule.id: rule for rule in rules},
            by_quantity={
                quantity: tuple(rule for rule in rules if quantity in rule.inputs)
                for quantity in quantities
            },
        )
