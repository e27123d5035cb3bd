"""What a step asks for. Effects are values: nothing happens until they are written down and
dispatched."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.core.actuation import LocalAction
from agent.core.alarm import Hazard, RuleId, Severity, Why
from agent.core.event import WakeKey
from agent.core.reading import Reading


class OnResume(StrEnum):
    """What becomes of a timer whose time passed while the hub was off."""

    FIRE_IF_OVERDUE = "fire_if_overdue"
    RESTART = "restart"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """The condition of `rule` holds for `subject`. `actions` are done in the home, in this order.

    `latched`: the alarm ends only when a person resolves it. `momentary`: the device says when it
    begins and never when it ends (a button), so the condition does not stay active.
    `pre_alarm_s`: the person in the home may be asked, each `prompt_every_s`, and may call it off
    this long before others are told; 0 for what cannot wait.
    """

    rule: RuleId
    subject: str
    hazard: Hazard
    severity: Severity
    why: Why
    latched: bool
    momentary: bool
    drill: bool
    actions: tuple[LocalAction, ...] = ()
    pre_alarm_s: float = 0
    prompt_every_s: float = 0


@dataclass(frozen=True, slots=True)
class RestoreAlarm:
    """The condition of `rule` no longer holds for `subject`."""

    rule: RuleId
    subject: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Deliver `Woken(key)` at hub time `due_s`. The same key again moves the timer."""

    key: WakeKey
    due_s: float
    on_resume: OnResume


@dataclass(frozen=True, slots=True)
class CancelWake:
    """Forget the timer `key`; unknown keys are fine."""

    key: WakeKey


@dataclass(frozen=True, slots=True)
class Derive:
    """The rules made this reading of others (who is at home). They have taken it in themselves; it
    is only to be written down."""

    reading: Reading


Effect = RaiseAlarm | RestoreAlarm | WakeAt | CancelWake | Derive
