"""The pattern `silence`: nothing for too long.

Each sign (a yes, a number above zero; for supervision anything at all) starts the time again and
ends what stands. A row that minds presence counts only while somebody is at home: while the home is
known to be empty, or nobody knows, the time stands still, and it starts again when somebody comes
in. A row with `unknown_s` goes on while nobody knows, with that limit: not to know who is at home
must never mean that nobody is looked after. A row with a personal limit takes the one that is
passed in as a reading, inside its hard range.

A row that hears of life (`quiet_s`) takes the time of the last sign as it is told, also backwards:
when a sensor is found stuck, what it said was no sign.

A row may want an amount: then the signs count once those since the last time add up to it. A row
for devices may know how often they promised to speak, and tell other rules which is silent.

A sign that is played for a drill is none, and begins no wait of its own either: it would ring
hours after the drill, for nobody.

Signs come often, so the timer is not moved by each: it rings, finds out, and asks again. Nor is
each of them worth the disk: after a power cut a sign may seem older by `KEEP_S`, never newer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import DeviceId, PowerClass
from agent.core.effect import CancelWake, Derive, OnResume, RestoreAlarm, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from agent.core.room import RoomKind, room_kind
from agent.core.text import Sentence
from local_rules import day
from local_rules.explain import because, span
from local_rules.life import WORDS
from local_rules.patterns import amount, gate, stored
from local_rules.patterns.effects import alarm_for, wake_key
from local_rules.patterns.gate import Gate
from local_rules.patterns.numbers import as_number, sign_s
from local_rules.rule import Outcome, Pattern, Rule

LIMIT = "limit"

KEEP_S = 300.0
"""A sign goes to the disk if the one there is this much older: an SD card wears out by writing."""

_PACES = ("mains_limit_s", "promised_limit_s")

_ASKED_OFTEN = (Quantity.SWITCHED_ON, Quantity.POWER_W)
"""What the hub asks devices to report every few minutes whether or not it changes."""

NEWS_S = 1.0
"""Signs closer together than this are one: a storm of readings costs nothing here."""

DEVICE_NEWS_S = 60.0
"""The same for devices: they are given many minutes, and a busy one says little new in one."""

AT_HOME = ("home", "maybe_away")
"""The values of `presence` under which silence counts."""

URGENT = "urgent"
"""Channel of the alert line after which help is sent, not only asked for (4.3)."""

USUAL = "usual"
"""Channel of the alert line that is only told: how long it is usually quiet at this hour."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What a row chooses.

    `anything`  every reading is a sign, whatever it says, asked for or not: the device lives.
    `presence`  counts only while somebody is at home, as the quantity `presence` says; until it
                says anything somebody is.
    `personal`  the limit is `alert_line_s` where one is passed in; `line` is the channel of it.
    `unsure`    goes on, with the limit `unknown_s`, while nobody knows who is at home.
    `by_night`  another limit holds at night.
    `rooms`     only signs from such a room count; empty: from everywhere.
    `gates`     counts only while they are open.
    `amount`    a sign is what adds up to the parameter `least`; the inputs are counters (their
                quantity is in `amount`) or rates an hour.
    `paced`     of devices: who promised to speak often has `mains_limit_s` or `promised_limit_s`.
    `tells`     derives SILENT of a device of which one of these was heard, by the channel of it.
    """

    anything: bool = False
    presence: bool = False
    personal: bool = False
    line: str = ""
    unsure: bool = False
    by_night: bool = False
    rooms: frozenset[RoomKind] = frozenset()
    gates: tuple[Gate, ...] = ()
    amount: frozenset[Quantity] = frozenset()
    paced: bool = False
    tells: tuple[Quantity, ...] = ()


@dataclass(frozen=True, slots=True)
class SilenceState:
    """What the rule remembers of one subject.

    `device`, `quantity`, `channel` the last sign. `heard_s` hub time since which there is none.
    `kept_s`     `heard_s` as it is on disk.
    `counts`     whether silence counts now, with the limit `unknown_s` if `unsure`.
    `counts_s`   hub time since which it may have been silent: nobody was there before.
    `personal_s` the limit passed in, None: none was. `usual_s` how long it is usually quiet now.
    `due_s`      hub time of the running timer; None when none runs. It may ring before the limit.
    `given`      what the device has ever said anything of, for who is blind without it; for
                 supervision only.
    `gates`      which are open. `pace` the parameter of the limit that holds for this device.
    `used`       what was used lately, for an amount.
    """

    device: DeviceId
    quantity: Quantity
    channel: str
    heard_s: float
    kept_s: float
    counts: bool = True
    personal_s: float | None = None
    raised_s: float | None = None
    standing: bool = False
    due_s: float | None = None
    given: tuple[Quantity, ...] = ()
    gates: tuple[bool, ...] = ()
    pace: str = ""
    used: amount.Used = amount.NOTHING
    counts_s: float = 0.0
    unsure: bool = False
    usual_s: float | None = None


SilenceRule = Rule[Silence]
SilenceOutcome = Outcome[SilenceState]


def observe(
    rule: SilenceRule, state: SilenceState | None, subject: str, event: Observed
) -> SilenceOutcome:
    """Take in a sign, or who is at home, or the personal limit."""
    reading = event.reading
    if reading.drill:
        return state, ()
    if rule.plan.presence and reading.quantity is Quantity.PRESENCE:
        return _presence(rule, state, subject, reading)
    if rule.plan.personal and reading.quantity is Quantity.ALERT_LINE_S:
        return _personal(rule, state, subject, reading)
    if reading.quantity is Quantity.QUIET_S and event.repeat_of is None:
        return _quiet(rule, state, subject, reading)
    plan = rule.plan
    if plan.gates and gate.listens(plan.gates, reading.quantity):
        return _gated(rule, state, subject, event)
    if plan.amount:
        return _measured(rule, state, subject, event)
    if not plan.anything:
        if reading.asked or not _is_sign(reading):
            return state, ()
        if rule.plan.rooms and room_kind(event.room) not in rule.plan.rooms:
            return state, ()
    if event.repeat_of is not None and state is not None:
        return state, ()
    stamp = reading.received
    if state is None:
        fresh = _given(rule, _fresh(rule, reading), event)
        return _watch(rule, fresh, subject, stamp) if fresh.counts else (fresh, ())
    known, state = state, _given(rule, state, event)
    if state.pace != known.pace and not state.standing:
        return _watch(rule, _hear(state, reading, stamp.at_s), subject, stamp)
    news_s = DEVICE_NEWS_S if plan.anything else NEWS_S
    if stamp.at_s - state.heard_s < news_s and not state.standing:
        return state, ()
    heard = _hear(state, reading, stamp.at_s)
    if heard.due_s is None and heard.counts and plan.gates:
        return _watch(rule, heard, subject, stamp)
    return _again(rule, heard, subject, stamp) if heard.standing else (heard, ())


def _gated(
    rule: SilenceRule, state: SilenceState | None, subject: str, event: Observed
) -> SilenceOutcome:
    """Take in what opens or closes a gate. The silence counts from when all are open."""
    was = gate.at_first(rule.plan.gates) if state is None else state.gates
    gates = gate.after(rule.plan.gates, rule.values, event, was)
    if gates is was:
        return state, ()
    before = state or _fresh(rule, event.reading)
    counts = all(gates)
    if before.standing and not gate.is_ended(rule.plan.gates, gates):
        return replace(before, gates=gates, counts=counts), ()  # Doubt ends nothing.
    at_s = max(event.stamp.at_s, before.heard_s)
    after = replace(before, gates=gates, counts=counts, heard_s=at_s, kept_s=at_s)
    if gate.listens(rule.plan.gates, before.quantity):
        return after, ()  # It never gave a sign: a bed mat that measures no breath is not silent.
    return _again(rule, after, subject, event.stamp)


def _measured(
    rule: SilenceRule, state: SilenceState | None, subject: str, event: Observed
) -> SilenceOutcome:
    """Take in what a meter says. The time runs from when `least` was last being used."""
    reading, values = event.reading, rule.values
    number = as_number(reading.value)
    if number is None or reading.asked or (event.repeat_of is not None and state is not None):
        return state, ()
    at_s, source = reading.received.at_s, f"{reading.device}/{reading.channel}"
    before = state or _fresh(rule, reading)
    is_counter = reading.quantity in rule.plan.amount
    keep_s = max(values["limit_s"], values.get("night_limit_s", 0))
    used = amount.taken(before.used, source, is_counter, at_s, number, keep_s)
    heard = replace(
        before,
        device=reading.device,
        quantity=reading.quantity,
        channel=reading.channel,
        used=used,
    )
    if heard.due_s is None and heard.counts:
        return _watch(rule, heard, subject, reading.received)
    if heard.standing:
        since_s = heard.raised_s if heard.raised_s is not None else 0.0
        if amount.since(used, since_s) < values["clear_least"]:
            return heard, ()
        return _again(rule, replace(heard, heard_s=at_s, kept_s=at_s), subject, reading.received)
    enough_s = amount.enough_s(used, values["least"])
    if enough_s is None or enough_s <= heard.heard_s:
        return heard, ()
    is_kept = enough_s - heard.kept_s >= KEEP_S
    return replace(heard, heard_s=enough_s, kept_s=enough_s if is_kept else heard.kept_s), ()


def wake(
    rule: SilenceRule, state: SilenceState, subject: str, what: str, stamp: Stamp
) -> SilenceOutcome:
    """Take in that the timer rang."""
    if state.due_s is None or what != LIMIT:
        return state, ()  # A timer that was cancelled while it rang.
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    if state.standing:
        return _raise(rule, state, subject, stamp)  # Still nothing: said again.
    return _watch(rule, state, subject, stamp)


def resume(rule: SilenceRule, state: SilenceState, subject: str, stamp: Stamp) -> SilenceOutcome:
    """Ask anew, after a restart, for the timer on which the state relies. The time that the hub
    was off counts for a person, who was there; for a device it begins again, for nobody listened.
    """
    if state.due_s is None:
        return state, ()
    if state.standing:
        return state, (_timer(rule, subject, state.due_s),)
    if rule.plan.anything:
        state = replace(state, heard_s=stamp.at_s, kept_s=stamp.at_s)
    due_s = _due_s(rule, state, stamp)
    return replace(state, due_s=due_s), (_timer(rule, subject, due_s),)


def _quiet(
    rule: SilenceRule, state: SilenceState | None, subject: str, reading: Reading
) -> SilenceOutcome:
    """Take in when the last sign of life was."""
    stamp = reading.received
    last_s = sign_s(reading.value, stamp.at_s)
    if last_s is None:
        return state, ()
    if state is None:
        return _watch(rule, replace(_fresh(rule, reading), heard_s=last_s), subject, stamp)
    if last_s == state.heard_s:
        return state, ()  # The same sign, told again.
    if last_s > state.heard_s:
        heard = _hear(state, reading, last_s)
        return _again(rule, heard, subject, stamp) if heard.standing else (heard, ())
    heard_s = max(last_s, state.counts_s)
    back = replace(
        state, device=reading.device, channel=reading.channel, heard_s=heard_s, kept_s=heard_s
    )
    if back.standing or not back.counts:
        return back, ()
    return _watch(rule, back, subject, stamp)


def _presence(
    rule: SilenceRule, state: SilenceState | None, subject: str, reading: Reading
) -> SilenceOutcome:
    unsure = rule.plan.unsure and reading.value == "unknown"
    counts = unsure or reading.value in AT_HOME
    at_s = reading.received.at_s
    if state is None:
        if Quantity.QUIET_S not in rule.inputs:
            return None, ()  # A home without a water meter is not silent of water.
        fresh = replace(_fresh(rule, reading), counts=counts, counts_s=at_s, unsure=unsure)
        return _watch(rule, fresh, subject, reading.received) if counts else (fresh, ())
    if state.standing and reading.value != "away":
        # No sign of life: what was found stands, whether or not silence counts from now on.
        if (counts, unsure) == (state.counts, state.unsure):
            return state, ()
        return replace(state, counts=counts, unsure=unsure), ()
    if counts is state.counts and not state.standing:
        if unsure is state.unsure:
            return state, ()
        # Somebody is at home as before, or may be: the silence goes on, with another limit.
        other = replace(state, unsure=unsure)
        return _watch(rule, other, subject, reading.received) if counts else (other, ())
    at_s = max(at_s, state.heard_s)
    after = replace(state, counts=counts, counts_s=at_s, unsure=unsure, heard_s=at_s, kept_s=at_s)
    return _again(rule, after, subject, reading.received)


def _personal(
    rule: SilenceRule, state: SilenceState | None, subject: str, reading: Reading
) -> SilenceOutcome:
    number = as_number(reading.value)
    if number is None:
        return state, ()
    if reading.channel == USUAL:
        if state is None or state.usual_s == number:
            return state, ()
        return replace(state, usual_s=number), ()
    if reading.channel != rule.plan.line or (state is not None and number == state.personal_s):
        return state, ()
    if state is None:
        fresh = replace(_fresh(rule, reading), personal_s=number)
        return _watch(rule, fresh, subject, reading.received)
    after = replace(state, personal_s=number)
    if state.due_s is None or state.standing:
        return after, ()
    return _watch(rule, after, subject, reading.received)


def _again(rule: SilenceRule, state: SilenceState, subject: str, stamp: Stamp) -> SilenceOutcome:
    """Begin to wait anew after a sign; what stood is over."""
    cancel, restored = _cancel(rule, state, subject), _restored(rule, state, subject, stamp)
    quiet = replace(state, standing=False, due_s=None)
    if not quiet.counts:
        return quiet, (*cancel, *restored)
    after, more = _watch(rule, quiet, subject, stamp)
    return after, (*cancel, *restored, *more)


def _watch(rule: SilenceRule, state: SilenceState, subject: str, stamp: Stamp) -> SilenceOutcome:
    """Raise if there has been nothing for too long, or ask to be woken when that may be."""
    due_s = _due_s(rule, state, stamp)
    if due_s <= stamp.at_s:
        return _raise(rule, state, subject, stamp)
    return replace(state, due_s=due_s), (_timer(rule, subject, due_s),)


def _due_s(rule: SilenceRule, state: SilenceState, stamp: Stamp) -> float:
    if state.pace:
        return state.heard_s + rule.values[state.pace]
    if state.unsure:
        return state.heard_s + rule.values["unknown_s"]
    if state.personal_s is None:
        return day.due_s(rule.values, state.heard_s, stamp)
    # What is learned may be wrong; the row's own bounds hold whatever is passed in.
    least_s, most_s = rule.values["personal_least_s"], rule.values["personal_most_s"]
    return state.heard_s + min(max(state.personal_s, least_s), most_s)


def _raise(rule: SilenceRule, state: SilenceState, subject: str, stamp: Stamp) -> SilenceOutcome:
    silent_s = stamp.at_s - state.heard_s
    silent, what = span(silent_s), _what(rule, state)
    usual_zh, usual_en = _usually(state)
    reason = because(
        rule,
        device=state.device,
        quantity=state.quantity,
        channel="" if state.quantity is Quantity.QUIET_S else state.channel,
        value="",
        limit=f"nothing for {silent_s:.0f} s",
        drill=False,
        since_s=state.heard_s,
        last_s=state.heard_s,
        says=Sentence(
            f"最后一次{what.zh}，此后已 {silent.zh}没有任何动静{usual_zh}",
            f"gave the last sign ({what.en}), and there has been none for {silent.en}{usual_en}",
        ),
    )
    due_s = stamp.at_s + rule.values["rearm_s"]
    after = replace(state, raised_s=stamp.at_s, standing=True, due_s=due_s)
    alarm = alarm_for(rule, subject, reason, drill=False)
    said = () if state.standing else _said(rule, state, stamp, is_silent=True)
    return after, (alarm, *said, _timer(rule, subject, due_s))


def _what(rule: SilenceRule, state: SilenceState) -> Sentence:
    """Return what to call the last sign."""
    if state.quantity is Quantity.QUIET_S and state.channel in WORDS:
        return WORDS[state.channel]
    return rule.inputs[state.quantity]


def _usually(state: SilenceState) -> tuple[str, str]:
    if not state.usual_s or state.unsure:
        return "", ""
    usual = span(state.usual_s)
    return f"，平时此时段最长 {usual.zh}", f"; at this hour it is usually {usual.en} at most"


def _hear(state: SilenceState, reading: Reading, at_s: float) -> SilenceState:
    at_s = max(at_s, state.heard_s)  # Hub time does not run back.
    is_kept = at_s - state.kept_s >= KEEP_S or state.standing
    # Written out, for this is done for each sign and `replace` takes three times as long.
    return SilenceState(
        reading.device,
        reading.quantity,
        reading.channel,
        at_s,
        at_s if is_kept else state.kept_s,
        state.counts,
        state.personal_s,
        state.raised_s,
        state.standing,
        state.due_s,
        state.given,
        state.gates,
        state.pace,
        state.used,
        state.counts_s,
        state.unsure,
        state.usual_s,
    )


def _given(rule: SilenceRule, state: SilenceState, event: Observed) -> SilenceState:
    """Note what a device gives, and what that says of how often it is to speak."""
    quantity = event.reading.quantity
    if not rule.plan.anything:
        return state
    if quantity is Quantity.SUPERVISION_REPORTS and rule.plan.paced:
        state = _at_pace(state, event)
    elif quantity in state.given:
        return state
    after = state if quantity in state.given else replace(state, given=(*state.given, quantity))
    return _at_pace(after, event) if rule.plan.paced else after


def _at_pace(state: SilenceState, event: Observed) -> SilenceState:
    """A mains device that switches or measures power was asked to report each few minutes; one
    that sets its supervision bit promises to; of all others nothing is known."""
    pace = state.pace
    if event.power is PowerClass.MAINS and event.reading.quantity in _ASKED_OFTEN:
        pace = "mains_limit_s"
    elif event.reading.quantity is Quantity.SUPERVISION_REPORTS and pace != "mains_limit_s":
        pace = "promised_limit_s" if event.reading.value is True else ""
    return state if pace == state.pace else replace(state, pace=pace)


def _is_sign(reading: Reading) -> bool:
    if isinstance(reading.value, bool):
        return reading.value
    number = as_number(reading.value)
    return number is not None and number > 0


def _fresh(rule: SilenceRule, reading: Reading) -> SilenceState:
    at_s, gates = reading.received.at_s, gate.at_first(rule.plan.gates)
    return SilenceState(
        reading.device,
        reading.quantity,
        reading.channel,
        heard_s=at_s,
        kept_s=at_s,
        counts=all(gates),
        gates=gates,
    )


def _restored(
    rule: SilenceRule, state: SilenceState, subject: str, stamp: Stamp
) -> tuple[RestoreAlarm | Derive, ...]:
    if not state.standing:
        return ()
    return (RestoreAlarm(rule.id, subject), *_said(rule, state, stamp, is_silent=False))


def _said(
    rule: SilenceRule, state: SilenceState, stamp: Stamp, *, is_silent: bool
) -> tuple[Derive, ...]:
    """Return what other rules are to know of it: that a device is not heard, or is again; once for
    each of `tells` that it gave."""
    if not rule.plan.anything:
        return ()
    channels: list[str] = [quantity for quantity in rule.plan.tells if quantity in state.given]
    return tuple(
        Derive(Reading(state.device, Quantity.SILENT, is_silent, stamp, channel=channel))
        for channel in channels or [""]
    )


def _timer(rule: SilenceRule, subject: str, due_s: float) -> WakeAt:
    policy = OnResume.RESTART if rule.plan.anything else OnResume.FIRE_IF_OVERDUE
    return WakeAt(wake_key(rule.id, subject, LIMIT), due_s, policy)


def _cancel(rule: SilenceRule, state: SilenceState, subject: str) -> tuple[CancelWake, ...]:
    return () if state.due_s is None else (CancelWake(wake_key(rule.id, subject, LIMIT)),)


def _is_kept(before: SilenceState | None, after: SilenceState) -> bool:
    """Return whether more than the time of the last sign differs."""
    if before is None or before.kept_s != after.kept_s or before.due_s != after.due_s:
        return True
    if before.pace != after.pace or before.gates != after.gates:
        return True
    return (before.counts, before.unsure, before.personal_s, before.given) != (
        after.counts,
        after.unsure,
        after.personal_s,
        after.given,
    )


def _takes(plan: Silence) -> tuple[str, ...]:
    limits = day.PERIODS if plan.by_night else ("limit_s",)
    personal = ("personal_least_s", "personal_most_s") if plan.personal else ()
    unsure = ("unknown_s",) if plan.unsure else ()
    paced = _PACES if plan.paced else ()
    least = ("least", "clear_least") if plan.amount else ()
    return (*limits, *personal, *unsure, *paced, *least, *gate.takes(plan.gates), "rearm_s")


def _load(rule: SilenceRule, body: Any) -> SilenceState:
    state = SilenceState(
        device=DeviceId(stored.text(body["device"])),
        quantity=Quantity(body["quantity"]),
        channel=stored.text(body["channel"]),
        heard_s=stored.number(body["heard_s"]),
        kept_s=stored.number(body["kept_s"]),
        counts=stored.yes_no(body["counts"]),
        personal_s=stored.number_or_none(body["personal_s"]),
        raised_s=stored.number_or_none(body["raised_s"]),
        standing=stored.yes_no(body["standing"]),
        due_s=stored.number_or_none(body["due_s"]),
        given=tuple(Quantity(quantity) for quantity in body["given"]),
        gates=tuple(stored.yes_no(is_open) for is_open in body["gates"]),
        pace=stored.text(body["pace"]),
        used=amount.load(body["used"]),
        counts_s=stored.number(body["counts_s"]),
        unsure=stored.yes_no(body["unsure"]),
        usual_s=stored.number_or_none(body["usual_s"]),
    )
    if len(state.gates) != len(rule.plan.gates) or (state.unsure and not rule.plan.unsure):
        raise ValueError("it is the state of another rule")
    if state.pace and (not rule.plan.paced or state.pace not in _PACES):
        raise ValueError(f"{state.pace!r} is no pace of a device")
    if state.standing and (state.raised_s is None or state.due_s is None):
        raise ValueError("it stands, but was never raised, or is never said again")
    if state.due_s is None and state.counts and not rule.plan.gates:
        raise ValueError("silence counts, but no timer runs")
    if state.quantity not in rule.inputs:
        raise ValueError("it tells of a quantity that the rule does not listen to")
    if state.personal_s is not None and not rule.plan.personal:
        raise ValueError("it has a personal limit, which the rule does not take")
    return state


SILENCE: Pattern[Silence, SilenceState] = Pattern(
    "silence", 2, _takes, observe, wake, resume, _load, _is_kept
)
