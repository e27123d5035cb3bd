"""How long an alarm waits before it calls for help, and when it wakes meanwhile.

Owns the bounds of waiting and the names of the timers that alarms ask for. Knows nothing of what
becomes of the alarm then: that is the matter of `lifecycle`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from agent.core.alarm import Alarm, AlarmId, Hazard, Waiting
from agent.core.clock import Stamp
from agent.core.effect import CancelWake, OnResume, RaiseAlarm, WakeAt
from agent.core.event import WakeKey

NEVER_WAIT = (Hazard.SOS, Hazard.SMOKE, Hazard.FIRE_HEAT, Hazard.GAS, Hazard.CO)
"""Help for these is called at once, whatever a row of the table or a site says (rules 1, 3-6)."""

PRE_ALARM_MAX_S = 1800.0
"""The longest pre-alarm of the catalogue: half an hour on the floor is what help must beat."""

PROMPT_LEAST_S = 15.0
"""A question that comes sooner again talks over the answer (rule 12: voice 2x 15 s)."""

WAIT = "wait"
"""The one timer of an alarm that waits: the next question, or the end of the waiting."""

_PREFIX = "alarm/"


def wake_key(alarm: AlarmId, what: str) -> WakeKey:
    """Return the name of the timer `what` of an alarm; no rule's timer has such a name."""
    return WakeKey(f"{_PREFIX}{alarm}/{what}")


def alarm_of(key: WakeKey) -> AlarmId | None:
    """Return the alarm whose timer this is, None when it is not one of an alarm.

    >>> alarm_of(wake_key(AlarmId("0badcafe-7"), WAIT)), alarm_of(WakeKey("smoke/zb:1/clear"))
    ('0badcafe-7', None)
    """
    if not key.startswith(_PREFIX):
        return None
    return AlarmId(key.removeprefix(_PREFIX).rpartition("/")[0])


def pre_alarm_s(effect: RaiseAlarm) -> float:
    """Return for how long the person at home is asked before help is called; 0: not at all.

    What is no length of time (negative, NaN) waits not at all, what is too long no longer than
    `PRE_ALARM_MAX_S`.
    """
    if effect.hazard in NEVER_WAIT or not effect.pre_alarm_s > 0:
        return 0.0
    return min(effect.pre_alarm_s, PRE_ALARM_MAX_S)


def asking(effect: RaiseAlarm, stamp: Stamp) -> Waiting:
    """Return the pre-alarm of `effect`, whose first question is put at `stamp`."""
    span_s = pre_alarm_s(effect)
    every_s = effect.prompt_every_s
    every_s = max(every_s, PROMPT_LEAST_S) if 0 < every_s < math.inf else 0.0
    waiting = Waiting(stamp.at_s + span_s, span_s, None, every_s, 0, effect.actions)
    return asked(waiting, stamp)


def shelved(effect: RaiseAlarm, stamp: Stamp, until_s: float) -> Waiting:
    """Return the waiting of an alarm that a mute holds back until hub time `until_s`."""
    return Waiting(until_s, max(until_s - stamp.at_s, 0.0), actions=effect.actions)


def asked(waiting: Waiting, stamp: Stamp) -> Waiting:
    """Return the pre-alarm after a question was put at `stamp`.

    Questions that came due while the hub was off are not made up for, and none is put at the very
    end: then help is called.
    """
    next_s = stamp.at_s + waiting.prompt_every_s
    again = waiting.prompt_every_s > 0 and next_s < waiting.until_s
    return replace(waiting, prompt_s=next_s if again else None, prompts=waiting.prompts + 1)


def is_over(waiting: Waiting, stamp: Stamp) -> bool:
    """Return whether help is due."""
    return stamp.at_s >= waiting.until_s


def asks_again(waiting: Waiting, stamp: Stamp) -> bool:
    """Return whether the next question is due."""
    return waiting.prompt_s is not None and stamp.at_s >= waiting.prompt_s


def timer(alarm: Alarm) -> WakeAt:
    """Return the timer that an alarm which waits relies on. Overdue, it is to ring at once."""
    waiting = alarm.waiting
    assert waiting is not None, f"alarm {alarm.id} does not wait"
    due_s = waiting.until_s
    if waiting.prompt_s is not None:
        due_s = min(due_s, waiting.prompt_s)
    return WakeAt(wake_key(alarm.id, WAIT), due_s, OnResume.FIRE_IF_OVERDUE)


def no_timer(alarm: Alarm) -> CancelWake:
    """Return what ends the timer of an alarm that waits no longer."""
    return CancelWake(wake_key(alarm.id, WAIT))


def bounded(waiting: Waiting, stamp: Stamp) -> Waiting:
    """Return the waiting as it goes on after a restart at `stamp`: for what is left.

    After a power cut a board without a clock of its own may find its hub time a minute back. No
    alarm waits longer than it would have from its beginning, and no question is put off for longer
    than they are apart.
    """
    prompt_s = waiting.prompt_s
    if prompt_s is not None:
        prompt_s = min(prompt_s, stamp.at_s + waiting.prompt_every_s)
    until_s = min(waiting.until_s, stamp.at_s + waiting.span_s)
    return replace(waiting, until_s=until_s, prompt_s=prompt_s)
