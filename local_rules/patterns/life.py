"""The pattern `life`: when the last sign of life was that may be believed.

It keeps, for each source of signs, what it said last and when its last sign was. A sensor that
contradicts the home (rule 45) is found `stuck`, and then nothing it says counts, nor what it said:
the last sign of life is the last one of the others. It counts again from when it behaves again.

    stuck because      when                                          until
    on                 motion without a pause for `on_s`             it says that there is none
    alone              the only source inside that moves, `alone_s`  another one moves
    open               a door open, and no sign at all for `open_s`  it is closed
    user               a measurement is another person's             one is this person's

A motion sensor that never says "none" cannot be on for long: it is not known to end. One that was
on for longer before, and ended it by itself, is no plain motion sensor (a radar, a mat on a chair):
it may be on for half as long again, and that somebody gets up from it is a sign as well.

Signs come often, so not each is told: the first of a while at once, the latest when the while is
over (`WINDOW_S`). At once, too, what moves at the door, and the first sign inside when it has been
shut for `SETTLE_S`: who is at home hangs on these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from agent.core.clock import Stamp
from agent.core.device import DeviceId, hub_part
from agent.core.effect import Derive, Effect, OnResume, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from local_rules import life
from local_rules.life import DOOR, SIGNS, Way
from local_rules.patterns import stored
from local_rules.patterns.effects import wake_key
from local_rules.patterns.numbers import as_number
from local_rules.rule import Outcome, Pattern, Rule

LOOK = "look"

WINDOW_S = 300.0
"""Signs closer together than this are told as two: the first and the latest."""

SETTLE_S = 60.0
"""After the door has moved a sensor still sees who is leaving (4.2: > 60 s after a door event)."""

NEWS_S = 1.0
"""Signs of one source closer together than this are one: a storm of readings costs nothing."""

STEP_APART_S = 3600.0
"""What rises again sooner switches itself: a fridge, the thermostat of a heater."""

KEEP_S = 3600.0
"""The state goes to the disk this often while there are signs: an SD card wears out by writing.
What was told is kept by those whom it was told."""

LONGER = 1.5
"""How much longer than ever before a sensor may be on."""

ON_MOST_S = 43_200.0
"""... but no longer than this: a long night on a mat."""

SOURCES = 128
"""Sources kept; one more gives no sign, which is toward help, and which no home comes near."""

ON, ALONE, OPEN, USER = "on", "alone", "open", "user"

_WHY: Mapping[str, str] = {
    ON: "一直报告有人活动 / motion without a pause",
    ALONE: "只有它在动，别处都没有动静 / nothing but this one moves in the home",
    OPEN: "一直报告门开着，家中却没有动静 / says open while the home is quiet",
    USER: "测量的像是别人 / what it measures seems to be of another person",
}


class Source(NamedTuple):
    """One input that can give signs. `name` is what its signs are called, `value` what it said
    last, since `since_s` (for a power: the level, and the last rise). `sign_s` hub time of its last
    sign, None: none. `falls`: it is known to say when motion ends; `longest_s` the longest that it
    was on."""

    device: DeviceId
    name: str
    value: bool | float
    since_s: float
    sign_s: float | None = None
    falls: bool = False
    longest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LifeState:
    """What is remembered of the home.

    `began_s`   hub time of the first thing heard: before it nobody can have been seen.
    `sources`   by device, quantity and channel.
    `stuck`     the devices that are not believed, each with why.
    `device`, `name`, `sign_s` the last trusted sign; name "" is the beginning.
    `told_s`    hub time at which a sign was told last; `told_sign_s` the sign that was told.
    `alone`, `alone_s` the device of the last sign, and since when no other one has given any.
    `door_s`    hub time at which the door moved last, until a sign inside is told after it.
    `kept_s`    hub time at which the state went to the disk.
    `due_s`     hub time of the running timer; it may ring before anything is due.
    """

    began_s: float
    device: DeviceId
    name: str
    sign_s: float
    sources: Mapping[str, Source] = field(default_factory=dict)
    stuck: tuple[tuple[DeviceId, str], ...] = ()
    told_s: float | None = None
    told_sign_s: float | None = None
    alone: str = ""
    alone_s: float = 0.0
    door_s: float | None = None
    kept_s: float = 0.0
    due_s: float | None = None


LifeRule = Rule[None]
LifeOutcome = Outcome[LifeState]


def observe(rule: LifeRule, state: LifeState | None, subject: str, event: Observed) -> LifeOutcome:
    """Take in what a device says, be it a sign of life or the end of one."""
    reading = event.reading
    if reading.drill or reading.asked or event.repeat_of is not None:
        return state, ()
    stamp, quantity = reading.received, reading.quantity
    if quantity is Quantity.USER_MISMATCH:
        return _mismatch(state, reading)
    known = state.sources if state is not None else {}
    key = f"{reading.device}/{quantity}/{reading.channel}"
    before = known.get(key)
    after, is_sign = _see(rule, before, event)
    if after is None or after is before or (before is None and len(known) >= SOURCES):
        return state, ()
    if state is None:
        state = _fresh(stamp)
    sources: Mapping[str, Source] = {**known, key: after}
    effects: tuple[Effect, ...] = ()
    if state.stuck:
        state, effects, is_sign = _among_stuck(state, sources, stamp, after, is_sign=is_sign)
        sources = state.sources
    if is_sign:
        state, more = _live(rule, state, sources, stamp, after)
        effects = (*effects, *more)
    else:
        state = replace(state, sources=sources)
    return _await(rule, state, subject, after, effects)


def wake(rule: LifeRule, state: LifeState, subject: str, what: str, stamp: Stamp) -> LifeOutcome:
    """Take in that it is time to look at what is on or open, and to tell what was not told."""
    if state.due_s is None or what != LOOK:
        return state, ()
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    return _look(rule, replace(state, due_s=None), subject, stamp)


def resume(rule: LifeRule, state: LifeState, subject: str, stamp: Stamp) -> LifeOutcome:
    """Go on after a restart: what was on or open may have ended while nobody listened, so its time
    begins again."""
    at_s = stamp.at_s
    sources = {
        key: source._replace(since_s=at_s) if source.value is True else source
        for key, source in state.sources.items()
    }
    return _look(rule, replace(state, sources=sources, due_s=None), subject, stamp)


def _fresh(stamp: Stamp) -> LifeState:
    return LifeState(stamp.at_s, hub_part("life"), "", stamp.at_s, kept_s=stamp.at_s)


def _see(rule: LifeRule, before: Source | None, event: Observed) -> tuple[Source | None, bool]:
    """Return what is known of the source now, the same object if that is nothing new, and whether
    it gave a sign."""
    reading, at_s = event.reading, event.reading.received.at_s
    quantity, value = reading.quantity, reading.value
    way = SIGNS[quantity].way
    if way in (Way.STEPPED, Way.TAKEN) or quantity is Quantity.WATER_FLOW_LPH:
        number = as_number(value)
        if number is None:
            return before, False
        value = number if way is Way.STEPPED else number > 0
    elif not isinstance(value, bool):
        return before, False
    if before is None:
        name = DOOR if life.is_door(event) else str(quantity)
        before = Source(reading.device, name, False, at_s, falls=value is False)
        if way is Way.STEPPED:
            return before._replace(value=value, since_s=at_s - STEP_APART_S), False
        if value is False:
            return before, False
    if way is Way.STEPPED:
        return _step(rule, before, float(value), at_s)
    turned = value is not before.value
    if not turned and before.sign_s is not None and at_s - before.sign_s < NEWS_S:
        return before, False
    is_sign = bool(value) if way in (Way.PRESSED, Way.TAKEN) else turned
    if way is Way.BEGUN and not value:
        is_sign = False
    longest_s = before.longest_s
    if quantity is Quantity.MOTION:
        if turned and not value:
            longest_s = max(longest_s, at_s - before.since_s)
            is_sign = before.longest_s > rule.values["on_s"]
        if not rule.values["motion_counts"]:
            is_sign = False
    if not turned and not is_sign:
        return before, False
    return Source(
        before.device,
        before.name,
        bool(value),
        at_s if turned else before.since_s,
        at_s if is_sign else before.sign_s,
        before.falls or value is False,
        longest_s,
    ), is_sign


def _step(rule: LifeRule, before: Source, value: float, at_s: float) -> tuple[Source, bool]:
    rise, step_w = value - before.value, rule.values["power_step_w"]
    if abs(rise) < step_w:
        return before, False
    if rise < 0:
        return before._replace(value=value), False
    is_sign = at_s - before.since_s >= STEP_APART_S
    sign_s = at_s if is_sign else before.sign_s
    return before._replace(value=value, since_s=at_s, sign_s=sign_s), is_sign


def _among_stuck(
    state: LifeState,
    sources: Mapping[str, Source],
    stamp: Stamp,
    source: Source,
    *,
    is_sign: bool,
) -> tuple[LifeState, tuple[Effect, ...], bool]:
    """Take in `source` while something is not believed: return whether it gave a sign that is."""
    effects: tuple[Effect, ...] = ()
    state = replace(state, sources=sources)
    if source.value is False:
        state, effects = _free(state, stamp, source.device, (ON, OPEN))
        is_sign = is_sign and not effects  # What ends the contradiction is no sign yet.
    if is_sign:
        for other, _ in state.stuck:
            if other != source.device:
                state, freed = _free(state, stamp, other, (ALONE,))
                effects = (*effects, *freed)
    return state, effects, is_sign and all(other != source.device for other, _ in state.stuck)


def _live(
    rule: LifeRule, state: LifeState, sources: Mapping[str, Source], stamp: Stamp, source: Source
) -> tuple[LifeState, tuple[Effect, ...]]:
    """Take in a sign of `source`."""
    at_s, device = stamp.at_s, source.device
    alone_s = state.alone_s
    if state.alone != device or source.name == DOOR:
        alone_s = at_s  # While everybody is away only the door moves, if anything does.
    elif at_s - alone_s >= rule.values["alone_s"] and _has_others(sources, device):
        return _distrust(replace(state, sources=sources), stamp, device, ALONE)
    is_door = source.name == DOOR
    told = (
        is_door
        or state.told_s is None
        or at_s - state.told_s >= WINDOW_S
        or (state.door_s is not None and at_s >= state.door_s + SETTLE_S)
    )
    # Written out, for this is done for each sign and `replace` takes three times as long.
    after = LifeState(
        state.began_s,
        device,
        source.name,
        at_s,
        sources,
        state.stuck,
        at_s if told else state.told_s,
        at_s if told else state.told_sign_s,
        device,
        alone_s,
        _door_s(state, is_door, at_s),
        at_s if told and at_s - state.kept_s >= KEEP_S else state.kept_s,
        state.due_s,
    )
    return after, (_quiet(after, stamp),) if told else ()


def _door_s(state: LifeState, is_door: bool, at_s: float) -> float | None:
    if is_door:
        return at_s
    if state.door_s is not None and at_s >= state.door_s + SETTLE_S:
        return None
    return state.door_s


def _has_others(sources: Mapping[str, Source], device: DeviceId) -> bool:
    """Return whether anything else in the home has ever given a sign: one sensor by itself cannot
    contradict the others."""
    return any(source.sign_s is not None and source.device != device for source in sources.values())


def _mismatch(state: LifeState | None, reading: Reading) -> LifeOutcome:
    stamp, device = reading.received, reading.device
    if not isinstance(reading.value, bool):
        return state, ()
    is_known = state is not None and (device, USER) in state.stuck
    if reading.value is is_known:
        return state, ()
    state = state or _fresh(stamp)
    if reading.value and len(state.stuck) >= SOURCES:
        return state, ()
    if not reading.value:
        return _free(state, stamp, device, (USER,))
    return _distrust(state, stamp, device, USER)


def _distrust(
    state: LifeState, stamp: Stamp, device: DeviceId, why: str
) -> tuple[LifeState, tuple[Effect, ...]]:
    """Believe nothing that `device` says, or said: the last sign is the last one of the others."""
    state = replace(state, stuck=(*(s for s in state.stuck if s[0] != device), (device, why)))
    told: tuple[Effect, ...] = (_stuck(stamp, device, why, True),)
    if state.device != device:
        return state, told
    doubted = {other for other, _ in state.stuck}
    believed = [
        source
        for source in state.sources.values()
        if source.sign_s is not None and source.device not in doubted
    ]
    last = max(believed, key=lambda source: source.sign_s or 0.0, default=None)
    device, name, sign_s = hub_part("life"), "", state.began_s
    if last is not None and last.sign_s is not None:
        device, name, sign_s = last.device, last.name, last.sign_s
    state = replace(
        state, device=device, name=name, sign_s=sign_s, told_s=stamp.at_s, told_sign_s=sign_s
    )
    return state, (*told, _quiet(state, stamp))


def _free(
    state: LifeState, stamp: Stamp, device: DeviceId, reasons: tuple[str, ...]
) -> tuple[LifeState, tuple[Effect, ...]]:
    """Believe `device` again, from now on, if it was not for one of `reasons`."""
    left = tuple(s for s in state.stuck if s[0] != device or s[1] not in reasons)
    if left == state.stuck:
        return state, ()
    sources = {
        key: source._replace(sign_s=None) if source.device == device else source
        for key, source in state.sources.items()
    }
    return replace(state, sources=sources, stuck=left), (_stuck(stamp, device, "", False),)


def _await(
    rule: LifeRule, state: LifeState, subject: str, source: Source, effects: tuple[Effect, ...]
) -> LifeOutcome:
    """See to it that what `source` began is looked at in time."""
    due_s = state.due_s
    limits = _limits(rule, state, source) if source.value is True else ()
    for then_s in (*limits, *_untold(state)):
        due_s = then_s if due_s is None else min(due_s, then_s)
    if due_s is None or due_s == state.due_s:
        return state, effects
    return replace(state, due_s=due_s), (*effects, _timer(rule, subject, due_s))


def _untold(state: LifeState) -> tuple[float, ...]:
    """Return when the latest sign is to be told, if it was not."""
    if state.told_s is None or state.told_sign_s == state.sign_s:
        return ()
    return (state.told_s + WINDOW_S,)


def _limits(rule: LifeRule, state: LifeState, source: Source) -> Iterator[float]:
    """Yield when `source`, which is on or open, will have been so for too long."""
    if source.name == Quantity.MOTION and source.falls:
        longest_s = min(LONGER * source.longest_s, ON_MOST_S)
        yield source.since_s + max(rule.values["on_s"], longest_s)
    if source.name == DOOR:
        yield max(source.since_s, state.sign_s) + rule.values["open_s"]


def _look(rule: LifeRule, state: LifeState, subject: str, stamp: Stamp) -> LifeOutcome:
    """Tell what is due, and ask to be woken for what is next."""
    effects: tuple[Effect, ...] = ()
    next_s: list[float] = []
    for source in state.sources.values():
        doubted = {device for device, _ in state.stuck}
        if source.value is not True or source.device in doubted:
            continue
        for then_s in _limits(rule, state, source):
            if then_s > stamp.at_s:
                next_s.append(then_s)
                continue
            why = OPEN if source.name == DOOR else ON
            state, found = _distrust(state, stamp, source.device, why)
            effects = (*effects, *found)
    for then_s in _untold(state):
        if then_s > stamp.at_s:
            next_s.append(then_s)
            continue
        state = replace(state, told_s=stamp.at_s, told_sign_s=state.sign_s)
        effects = (*effects, _quiet(state, stamp))
    if not next_s:
        return state, effects
    return replace(state, due_s=min(next_s)), (*effects, _timer(rule, subject, min(next_s)))


def _quiet(state: LifeState, stamp: Stamp) -> Derive:
    quiet_s = stamp.at_s - state.sign_s
    return Derive(Reading(state.device, Quantity.QUIET_S, quiet_s, stamp, state.name))


def _stuck(stamp: Stamp, device: DeviceId, why: str, is_stuck: bool) -> Derive:
    return Derive(Reading(device, Quantity.STUCK, is_stuck, stamp, detail=_WHY.get(why, "")))


def _timer(rule: LifeRule, subject: str, due_s: float) -> WakeAt:
    return WakeAt(wake_key(rule.id, subject, LOOK), due_s, OnResume.RESTART)


def _takes(plan: None) -> tuple[str, ...]:
    return ("motion_counts", "power_step_w", "on_s", "alone_s", "open_s")


def _is_kept(before: LifeState | None, after: LifeState) -> bool:
    return before is None or (before.stuck, before.kept_s) != (after.stuck, after.kept_s)


def _load(rule: LifeRule, body: Any) -> LifeState:
    state = LifeState(
        began_s=stored.number(body["began_s"]),
        device=DeviceId(stored.text(body["device"])),
        name=stored.text(body["name"]),
        sign_s=stored.number(body["sign_s"]),
        sources={
            stored.text(key): _source(one) for key, one in stored.mapping(body["sources"]).items()
        },
        stuck=tuple((DeviceId(stored.text(one)), stored.text(why)) for one, why in body["stuck"]),
        told_s=stored.number_or_none(body["told_s"]),
        told_sign_s=stored.number_or_none(body["told_sign_s"]),
        alone=stored.text(body["alone"]),
        alone_s=stored.number(body["alone_s"]),
        door_s=stored.number_or_none(body["door_s"]),
        kept_s=stored.number(body["kept_s"]),
        due_s=stored.number_or_none(body["due_s"]),
    )
    if (state.told_s is None) != (state.told_sign_s is None):
        raise ValueError("a sign was told, but not when")
    if len(state.sources) > SOURCES:
        raise ValueError(f"{len(state.sources)} sources, want at most {SOURCES}")
    return state


def _source(body: Any) -> Source:
    device, name, value, since_s, sign_s, falls, longest_s = body
    return Source(
        DeviceId(stored.text(device)),
        stored.text(name),
        value if isinstance(value, bool) else stored.number(value),
        stored.number(since_s),
        stored.number_or_none(sign_s),
        stored.yes_no(falls),
        stored.number(longest_s),
    )


LIFE: Pattern[None, LifeState] = Pattern("life", 1, _takes, observe, wake, resume, _load, _is_kept)
