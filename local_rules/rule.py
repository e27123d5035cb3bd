"""A rule as the engine runs it: the row of the catalogue with the site's parameters filled in.

Also says what a pattern is to the engine: six functions and the names of the parameters it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from agent.core.actuation import LocalAction
from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.clock import Stamp
from agent.core.effect import Effect
from agent.core.event import Observed
from agent.core.reading import Quantity
from agent.core.text import Sentence

DRILL = "drill:"
"""Begins the subject of a drill. A drill is a subject of its own, so that a test left open can
never make the real condition look like a repeat of it."""

HOME = "home"
"""The subject of a rule that looks at the home as a whole."""

ROOM = "room:"
"""Begins the subject of a rule that looks at a room."""

Plan = TypeVar("Plan")
State = TypeVar("State")

Outcome = tuple[State | None, tuple[Effect, ...]]
"""The state after, the very same object if nothing changed, and what is to be done."""


class SubjectBy(StrEnum):
    """What the rule keeps apart: one state and one alarm for each."""

    DEVICE = "device"
    QUANTITY = "quantity"  # Each (device, quantity): a low battery and a fault are two troubles.
    CHANNEL = "channel"  # Each (device, channel): two faults of one part are two troubles.
    ROOM = "room"  # What is on in a room, and whether anybody is there.
    HOME = "home"  # One for all.


@dataclass(frozen=True, slots=True)
class Pattern(Generic[Plan, State]):
    """A small state machine that carries rules. Plan: what a row chooses. State: what is kept.

    `name`, `version` stand beside each state on disk.
    `takes`   the names of the parameters that a rule with this plan has.
    `observe` takes in one reading of a quantity that the rule listens to.
    `wake`    takes in that the timer `what` rang.
    `resume`  asks anew, after a restart, for the timers on which the state relies.
    `load`    makes a state of what `dataclasses.asdict` made of one and JSON carried.
              Errors: ValueError, TypeError or KeyError when it is no state of that rule.
    `is_kept` whether the step from one state to the next is worth the disk.
    `forgets_drills` whether what a drill began ends with it. What a device reports it takes back
              itself, and a second drill on the heels of the first is still to be known as such.
    """

    name: str
    version: int
    takes: Callable[[Plan], tuple[str, ...]]
    observe: Callable[[Rule[Plan], State | None, str, Observed], Outcome[State]]
    wake: Callable[[Rule[Plan], State, str, str, Stamp], Outcome[State]]
    resume: Callable[[Rule[Plan], State, str, Stamp], Outcome[State]]
    load: Callable[[Rule[Plan], Any], State]
    is_kept: Callable[[State | None, State], bool] = lambda before, after: True
    forgets_drills: bool = True


@dataclass(frozen=True, slots=True)
class Rule(Generic[Plan]):
    """One rule, ready to run.

    `inputs`    the quantities it listens to, each with what it means in words.
    `momentary` the device says when it begins and never when it ends (a button).
    `plan`      what the row chose of its pattern. `values`: the parameters by name.
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
    pattern: Pattern[Plan, Any]
    plan: Plan
    values: Mapping[str, float]
    actions: tuple[LocalAction, ...]

    def subject_of(self, event: Observed) -> str:
        """Return whom the event is about: `zb:…`, `zb:…/battery_low`, `hub:zigbee/stick`,
        `room:厨房`, `home`, `drill:zb:…`."""
        reading = event.reading
        by = self.subject_by
        if by is SubjectBy.HOME:
            subject = HOME
        elif by is SubjectBy.ROOM:
            subject = ROOM + event.room
        elif by is SubjectBy.QUANTITY:
            subject = f"{reading.device}/{reading.quantity}"
        elif by is SubjectBy.CHANNEL and reading.channel:
            subject = f"{reading.device}/{reading.channel}"
        else:
            subject = reading.device
        return DRILL + subject if reading.drill else subject


AnyRule = Rule[Any]
"""A rule of whatever pattern; only that pattern looks into its plan and state."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that are on, found by id and by what they listen to."""

    by_id: Mapping[RuleId, AnyRule]
    by_quantity: Mapping[Quantity, tuple[AnyRule, ...]]

    @classmethod
    def of(cls, rules: tuple[AnyRule, ...]) -> RuleBook:
        """Index `rules`; their order is the order in which they see a reading."""
        quantities = dict.fromkeys(quantity for rule in rules for quantity in rule.inputs)
        return cls(
            by_id={rule.id: rule for rule in rules},
            by_quantity={
                quantity: tuple(rule for rule in rules if quantity in rule.inputs)
                for quantity in quantities
            },
        )
