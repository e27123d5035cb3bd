"""What the person at home hears and sees of the alarms: tone, lamp, words.

Owns the table and the order among several alarms: the most urgent one has tone and lamp, and each
that moves has its words. A drill is neither heard nor seen. How it is played is the speaker's
matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.core.alarm import Alarm, AlarmId, AlarmState, Severity
from agent.core.signal import Lamp, Urgency
from agent.response import phrases
from agent.response.lifecycle import AlarmBook
from agent.response.phrases import Phrase
from agent.response.silence import demands_siren
from agent.response.tones import Tone


@dataclass(frozen=True, slots=True)
class Shown:
    """What goes on until the alarms change: a tone again and again (None: none) and the lamp.
    `alarm` is the one that it is about."""

    urgency: Urgency = Urgency.NOTICE
    tone: Tone | None = None
    lamp: Lamp = Lamp.OFF
    alarm: Alarm | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is said once about an alarm. `tone` comes before the words."""

    alarm: AlarmId
    urgency: Urgency
    tone: Tone | None
    phrase: Phrase


_GRADE: Mapping[Severity, tuple[Urgency, Tone, Lamp]] = {
    Severity.S1: (Urgency.HIGH, Tone.HIGH, Lamp.FAST),
    Severity.S2: (Urgency.MEDIUM, Tone.MEDIUM, Lamp.SLOW),
    Severity.S3: (Urgency.LOW, Tone.LOW, Lamp.STEADY),
}
"""What is not in it, a trouble or a hint, is no matter of the older person."""

_UNANSWERED = (AlarmState.ACTIVE, AlarmState.RTN_UNACKED)
_HEARD = (AlarmState.PRE_ALARM, *_UNANSWERED, AlarmState.ACKED)
"""Where the person has noticed something of it; what was held back ends as it was, unheard."""
_CALLED_OFF = ("cancelled", "false_press", "answered")
"""Causes that mean: it was nothing, and the person knows."""

STANDING: Mapping[Urgency, tuple[float, float, float]] = {
    # Every, for how long, and every after that (seconds). Inside the pauses between bursts of IEC
    # 60601-1-8 (mem: 2.5-15 s high, 2.5-30 s medium, over 15 s low) while it is new. After that
    # it is rarer (Design): who lies on the floor for an hour must be able to talk to a helper.
    Urgency.HIGH: (8.0, 120.0, 30.0),
    Urgency.MEDIUM: (20.0, 120.0, 60.0),
    Urgency.LOW: (60.0, 300.0, 900.0),
}


def shown(book: AlarmBook) -> Shown:
    """Return tone and lamp for the alarms of `book`: those of the most urgent that nobody has
    answered, else of the most urgent; of equals the oldest."""
    found = Shown()
    for alarm in book.open.values():
        one = _of(alarm)
        # One that sounds goes before one that somebody has taken on, however grave.
        if (one.tone is not None, one.urgency) > (found.tone is not None, found.urgency):
            found = one
    return found


def prompts(before: AlarmBook, after: AlarmBook) -> Sequence[Prompt]:
    """Return what is to be said because `before` became `after`, the most urgent first."""
    if before.open is after.open:
        return ()
    moved = [_prompt(before.get(i), alarm) for i, alarm in after.open.items()]
    moved += [_prompt(before.open[i], after.get(i)) for i in before.open.keys() - after.open.keys()]
    return sorted((prompt for prompt in moved if prompt is not None), key=lambda one: -one.urgency)


def _of(alarm: Alarm) -> Shown:
    if alarm.drill or alarm.severity not in _GRADE:
        return Shown()
    urgency, tone, lamp = _GRADE[alarm.severity]
    match alarm.state:
        case AlarmState.PRE_ALARM:
            # Only the question is heard, but it is seen that there is one.
            return Shown(urgency, None, Lamp.SLOW, alarm)
        case AlarmState.ACTIVE | AlarmState.RTN_UNACKED | AlarmState.ACKED:
            sounds = _sounds(alarm)
            return Shown(urgency, tone if sounds else None, lamp if sounds else Lamp.STEADY, alarm)
        case _:
            return Shown()


def _sounds(alarm: Alarm) -> bool:
    if alarm.severity is Severity.S3:
        return alarm.state in _UNANSWERED
    return demands_siren(alarm)


def _prompt(before: Alarm | None, after: Alarm | None) -> Prompt | None:
    """Return the words for one alarm that became `after`."""
    if after is None or after.drill or after.severity not in _GRADE or before is after:
        return None
    if after.state is AlarmState.ACTIVE and _is_new(before, after):
        urgency, tone, _ = _GRADE[after.severity]
        return Prompt(after.id, urgency, tone, phrases.raised(after.hazard, after.severity))
    if after.acked is not None and (before is None or before.acked is None) and not _asked(before):
        return Prompt(after.id, Urgency.MESSAGE, Tone.NOTE, _answer(after.acked_by))
    if after.state is AlarmState.CLOSED and before is not None and before.state in _HEARD:
        called_off = after.cause in _CALLED_OFF or _asked(before)
        phrase = Phrase.CANCELLED if called_off else Phrase.OVER
        return Prompt(after.id, Urgency.NOTICE, None, phrase)
    return None


def _asked(before: Alarm | None) -> bool:
    """Return whether the person was being asked: an answer to that calls the alarm off."""
    return before is not None and before.state is AlarmState.PRE_ALARM


def _is_new(before: Alarm | None, after: Alarm) -> bool:
    """Return whether help is called now: for the first time, or once more."""
    return before is None or before.state is not AlarmState.ACTIVE or before.count != after.count


def _answer(by: str) -> Phrase:
    """Return who has answered, by the name that the journal gives them."""
    if by.startswith("platform:"):
        return Phrase.OPERATOR_ANSWERED
    return Phrase.CONTACT_ANSWERED if by.startswith("contact:") else Phrase.HEARD_HERE
