"""The pattern `presence`: who is at home, as the door and the rooms tell it (4.3).

    home        there is a sign of life inside
    maybe_away  the door has moved, and since then there was no sign inside
    away        ... for `wait_s`: everybody left, at the time at which the door moved last
    unknown     it cannot be told: no door contact, or none that may be believed; or more than one
                person lives here, the door has moved and it is quiet: who left is not known

A sign within `SETTLE_S` of the door may be of who is leaving and decides nothing, unless nobody was
at home before: then somebody came. A bed that is occupied is somebody at home.

People may say that the home is empty, for a time (`away_for_s`). What the sensors see counts for
more: a sign inside is somebody at home, whatever was said. When the time is over and nobody was
seen to leave by the door, somebody is at home again: toward help.

Signs come as the pattern `life` tells them, so nothing here is of a sensor that is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from agent.core.clock import Stamp
from agent.core.device import DeviceId, hub_part
from agent.core.effect import CancelWake, Derive, Effect, OnResume, WakeAt
from agent.core.event import Observed
from agent.core.mode import AWAY_MAX_S
from agent.core.reading import Quantity, Reading
from local_rules.life import DOOR, is_door
from local_rules.patterns import stored
from local_rules.patterns.effects import wake_key
from local_rules.patterns.life import SETTLE_S
from local_rules.patterns.numbers import as_number, sign_s
from local_rules.rule import Outcome, Pattern, Rule

LOOK = "look"

HOME, MAYBE_AWAY, AWAY, UNKNOWN = "home", "maybe_away", "away", "unknown"

SAID = "said"
"""Channel of a presence that people told, not the sensors: a journey, nobody is missed."""

DOORS = 8
"""Door contacts kept; one more says nothing, which no home comes near."""


class Door(NamedTuple):
    """A contact of the home's door: `open` or not, and whether it is `lost`: silent or stuck."""

    device: DeviceId
    channel: str
    open: bool
    lost: bool = False


@dataclass(frozen=True, slots=True)
class PresenceState:
    """What is remembered of the home.

    `began_s` hub time of the first thing heard. `word` what was told last, "" before the first.
    `moved_s` hub time at which a door moved last, until it is decided what that meant.
    `left`    everybody was seen to leave, and nobody to come since.
    `in_bed`  the bed is occupied. `until_s` hub time up to which people say that nobody is here.
    `due_s`   hub time of the running timer; None when none runs.
    """

    began_s: float
    word: str = ""
    doors: tuple[Door, ...] = ()
    moved_s: float | None = None
    left: bool = False
    in_bed: bool = False
    until_s: float | None = None
    due_s: float | None = None

    @property
    def said(self) -> bool:
        """Return whether the home is empty on the word of people."""
        return self.word == AWAY and self.until_s is not None


PresenceRule = Rule[None]
PresenceOutcome = Outcome[PresenceState]


def observe(
    rule: PresenceRule, state: PresenceState | None, subject: str, event: Observed
) -> PresenceOutcome:
    """Take in a sign of life, a door, a bed, or what people say."""
    reading = event.reading
    if reading.drill or event.repeat_of is not None:
        return state, ()
    if state is None:
        state = PresenceState(reading.received.at_s)
    after = _heard(rule, state, event)
    if after is state:
        return state, ()
    return _tell(rule, state, after, subject, reading.received)


def wake(
    rule: PresenceRule, state: PresenceState, subject: str, what: str, stamp: Stamp
) -> PresenceOutcome:
    """Take in that it is time to decide."""
    if state.due_s is None or what != LOOK:
        return state, ()
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    return _tell(rule, state, _decide(rule, replace(state, due_s=None), stamp), subject, stamp)


def resume(rule: PresenceRule, state: PresenceState, subject: str, stamp: Stamp) -> PresenceOutcome:
    """Go on after a restart. A door that moved just before it is waited for anew: who was inside
    meanwhile was not seen. What people said runs on."""
    if state.moved_s is not None:
        state = replace(state, moved_s=stamp.at_s)
    return _tell(rule, state, replace(state, due_s=None), subject, stamp)


def _heard(rule: PresenceRule, state: PresenceState, event: Observed) -> PresenceState:
    reading, value = event.reading, event.reading.value
    at_s = reading.received.at_s
    match reading.quantity:
        case Quantity.QUIET_S:
            last_s = sign_s(value, at_s)
            if last_s is None or reading.channel == DOOR:
                return state
            return _inside(rule, state, last_s, at_s)
        case Quantity.CONTACT_OPEN:
            if not isinstance(value, bool) or not is_door(event):
                return state
            return _moved(state, Door(reading.device, reading.channel, value), at_s)
        case Quantity.AWAY_FOR_S:
            seconds = as_number(value)
            if seconds is None or seconds < 0:
                return state
            return _told(state, min(seconds, AWAY_MAX_S), at_s)
        case Quantity.IN_BED:
            if not isinstance(value, bool) or value is state.in_bed:
                return state
            return replace(state, in_bed=value)
        case _:  # SILENT and STUCK.
            if not isinstance(value, bool):
                return state
            return _trust(state, reading.device, lost=value)


def _inside(rule: PresenceRule, state: PresenceState, last_s: float, at_s: float) -> PresenceState:
    """Take in a sign inside the home."""
    if not _can_tell(state):
        # A new home is given time to let its door contact be heard once.
        is_new = not state.doors and at_s - state.began_s < rule.values["no_door_s"]
        word = HOME if is_new else UNKNOWN
        return state if word == state.word else replace(_home(state), word=word)
    if state.moved_s is not None:
        if last_s < state.moved_s + (0.0 if state.left else SETTLE_S):
            return state
    elif state.word == HOME:
        return state
    return _home(state)


def _home(state: PresenceState) -> PresenceState:
    return replace(state, word=HOME, moved_s=None, left=False)


def _back(state: PresenceState) -> PresenceState:
    """Somebody is at home without having been seen: as far as can be told, that is."""
    return _home(state) if _can_tell(state) else replace(_home(state), word=UNKNOWN)


def _moved(state: PresenceState, door: Door, at_s: float) -> PresenceState:
    """Take in what a door says: news if it moved."""
    before = next((d for d in state.doors if d[:2] == door[:2]), None)
    if before is not None and before.open is door.open:
        return state
    if before is None and len(state.doors) >= DOORS:
        return state
    others = tuple(d for d in state.doors if d is not before)
    lost = before is not None and before.lost
    after = replace(state, doors=(*others, door._replace(lost=lost)))
    if (before is None and not door.open) or not _can_tell(after):
        return after  # It only says how it stands, or may not be believed.
    return replace(after, word=MAYBE_AWAY, moved_s=at_s)


def _told(state: PresenceState, for_s: float, at_s: float) -> PresenceState:
    """Take in what people say of the home."""
    if for_s:
        return replace(state, word=AWAY, until_s=at_s + for_s, moved_s=None)
    return replace(state if state.word == HOME else _back(state), until_s=None)


def _trust(state: PresenceState, device: DeviceId, *, lost: bool) -> PresenceState:
    """Take in that a door contact may not be believed any more, or may be again."""
    if all(d.lost is lost for d in state.doors if d.device == device):
        return state
    doors = tuple(d._replace(lost=lost) if d.device == device else d for d in state.doors)
    could, after = _can_tell(state), replace(state, doors=doors)
    if _can_tell(after) is could:
        return after
    if could:
        # Even "away" hung on this door; only what people said does not.
        return after if state.said else replace(_home(after), word=UNKNOWN)
    return _home(after) if state.word == UNKNOWN else after


def _decide(rule: PresenceRule, state: PresenceState, stamp: Stamp) -> PresenceState:
    """Decide what time decides: that everybody left, that a journey is over, that there is no
    door."""
    at_s, wait_s = stamp.at_s, rule.values["wait_s"]
    if state.until_s is not None and at_s >= state.until_s:
        unseen = state.said and not state.left
        state = replace(_back(state) if unseen else state, until_s=None)
    if state.moved_s is not None and at_s >= state.moved_s + wait_s:
        if state.in_bed:
            return _home(state)
        if rule.values["residents"] > 1 and not state.left:
            return replace(_home(state), word=UNKNOWN)
        return replace(state, word=AWAY, moved_s=None, left=True)
    if not state.doors and state.word == HOME and at_s >= state.began_s + rule.values["no_door_s"]:
        return replace(state, word=UNKNOWN)
    return state


def _can_tell(state: PresenceState) -> bool:
    return any(not door.lost for door in state.doors)


def _tell(
    rule: PresenceRule, before: PresenceState, after: PresenceState, subject: str, stamp: Stamp
) -> PresenceOutcome:
    """Tell what is new, and ask to be woken for the next decision."""
    due_s = _due_s(rule, after)
    effects: tuple[Effect, ...] = ()
    if (after.word, after.said) != (before.word, before.said) and after.word:
        channel = SAID if after.said else ""
        detail = _why(after)
        told = Reading(
            hub_part("presence"), Quantity.PRESENCE, after.word, stamp, channel, detail=detail
        )
        effects = (Derive(told),)
    if due_s is None and after.due_s is not None:
        effects = (*effects, CancelWake(wake_key(rule.id, subject, LOOK)))
    elif due_s is not None and due_s != after.due_s:
        effects = (*effects, _timer(rule, subject, due_s))
    return replace(after, due_s=due_s), effects


def _due_s(rule: PresenceRule, state: PresenceState) -> float | None:
    due = [] if state.until_s is None else [state.until_s]
    if state.moved_s is not None:
        due.append(state.moved_s + rule.values["wait_s"])
    if not state.doors and state.word == HOME:
        due.append(state.began_s + rule.values["no_door_s"])
    return min(due, default=None)


def _why(state: PresenceState) -> str:
    if state.word == HOME:
        return "屋内有活动 / a sign of life inside"
    if state.said:
        return "家属或平台告知外出 / said by the family or the platform"
    if state.word == MAYBE_AWAY:
        return "门开合 / the door moved"
    if state.word == AWAY:
        return "门开合后屋内没有活动 / no sign inside since the door moved"
    if not state.doors:
        return "没有门磁，无法判断 / no door contact to tell by"
    if not _can_tell(state):
        return "门磁失联或不可信，无法判断 / the door contact is silent or not believed"
    return "多人同住，无法判断谁外出 / several live here: who left is not known"


def _timer(rule: PresenceRule, subject: str, due_s: float) -> WakeAt:
    return WakeAt(wake_key(rule.id, subject, LOOK), due_s, OnResume.FIRE_IF_OVERDUE)


def _takes(plan: None) -> tuple[str, ...]:
    return ("wait_s", "no_door_s", "residents")


def _load(rule: PresenceRule, body: Any) -> PresenceState:
    state = PresenceState(
        began_s=stored.number(body["began_s"]),
        word=stored.text(body["word"]),
        doors=tuple(_door(door) for door in body["doors"]),
        moved_s=stored.number_or_none(body["moved_s"]),
        left=stored.yes_no(body["left"]),
        in_bed=stored.yes_no(body["in_bed"]),
        until_s=stored.number_or_none(body["until_s"]),
        due_s=stored.number_or_none(body["due_s"]),
    )
    if state.word not in ("", HOME, MAYBE_AWAY, AWAY, UNKNOWN):
        raise ValueError(f"{state.word!r} is no presence")
    return state


def _door(body: Any) -> Door:
    device, channel, is_open, lost = body
    return Door(
        DeviceId(stored.text(device)),
        stored.text(channel),
        stored.yes_no(is_open),
        stored.yes_no(lost),
    )


PRESENCE: Pattern[None, PresenceState] = Pattern(
    "presence", 1, _takes, observe, wake, resume, _load
)
