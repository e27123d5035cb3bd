"""When a siren sounds and when it falls silent.

Owns that decision. Sirens stop by themselves after the duration they were given; this is about
stopping one sooner, and about never letting a shorter sound cut off a longer one.
"""

from __future__ import annotations

import math
from dataclasses import replace

from agent.core.actuation import Actuation, ActuationKind, LocalAction
from agent.core.alarm import Alarm, AlarmState, Severity
from agent.core.clock import Stamp
from agent.core.device import DeviceKind
from agent.response.lifecycle import AlarmBook

SOUNDING = (Severity.S1, Severity.S2)
"""The grades that people in the home must hear of at once."""

_OFF = LocalAction(DeviceKind.SIREN, Actuation(ActuationKind.SIREN_OFF))


def demands_siren(alarm: Alarm) -> bool:
    """Return whether `alarm` wants to be heard, and still does.

    It no longer does once it is closed, or a person in the home has acknowledged it, or somebody
    anywhere has and the condition is over. An ack from afar does not silence what still burns. What
    waits before it calls for help does not sound yet.
    """
    if alarm.drill or alarm.severity not in SOUNDING or not alarm.is_open:
        return False
    if alarm.hushed or alarm.waiting is not None:
        return False
    return alarm.state is not AlarmState.ACKED or alarm.condition_active


def siren_wanted(book: AlarmBook) -> bool:
    """Return whether any alarm in the book still wants to be heard."""
    return any(demands_siren(alarm) for alarm in book.open.values())


def siren_effects(before: AlarmBook, after: AlarmBook) -> tuple[LocalAction, ...]:
    """Return what is to be done with the sirens because `before` became `after`: off, or nothing.

    Turning on is not here: it is among the actions of the rule that fired.
    """
    return (_OFF,) if siren_wanted(before) and not siren_wanted(after) else ()


def lasting(
    book: AlarmBook, actions: tuple[LocalAction, ...], stamp: Stamp
) -> tuple[LocalAction, ...]:
    """Return `actions` with each siren sounding at least as long as any alarm in the book still
    wants it to.

    A siren obeys its latest order: without this the 60 s of an SOS press would cut short the 300 s
    of the smoke alarm that made the person press.
    """
    until_s = max(
        (
            alarm.siren_until_s
            for alarm in book.open.values()
            if alarm.siren_until_s is not None and demands_siren(alarm)
        ),
        default=stamp.at_s,
    )
    left_s = math.ceil(until_s - stamp.at_s)
    return tuple(
        replace(a, actuation=replace(a.actuation, duration_s=max(a.actuation.duration_s, left_s)))
        if a.actuation.kind is ActuationKind.SIREN_ON
        else a
        for a in actions
    )
