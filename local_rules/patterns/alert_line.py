"""The pattern `alert_line`: learns how long this person is usually quiet, and tells the limits.

It learns from each stretch without a sign that ends with one, while somebody is at home. Nothing is
learned while the time is not known, while nobody knows who is at home, while a device that gives
signs is silent or stuck, and for a day after an SOS or a fall. What outlasts the line of help is
learned as if it had ended there: an emergency that looks like a long sleep moves the line little,
and a new habit moves it within days.

Told are, when they change, the limits of the present hour (`alert_line_s`: to ask, `urgent` to send
help, `usual` for the sentence), and once a day the limits of all hours (`alert_table`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import DeviceId, hub_part
from agent.core.effect import Derive, OnResume, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading, Value
from local_rules import alert_line, day
from local_rules.alert_line import HOUR_S, HOURS, NEVER, NONE, Ages, Lines, Lived
from local_rules.explain import span
from local_rules.patterns import stored
from local_rules.patterns.effects import wake_key
from local_rules.patterns.numbers import sign_s
from local_rules.patterns.silence import AT_HOME, URGENT, USUAL
from local_rules.rule import Outcome, Pattern, Rule

HOUR = "hour"

SHY_S = day.DAY_S
"""Nothing is learned for so long after an emergency: the day is not like others."""

APART_S = day.DAY_S / 2
"""Two days of learning are at least this far apart, whatever the wall clock does."""

SIGNERS = 64
"""Devices known to give signs; of one more it is not minded whether it falls silent."""


@dataclass(frozen=True, slots=True)
class AlertLineState:
    """What is remembered of the person.

    `ages`, `lived` see `local_rules.alert_line`. `day` how many days have been learned.
    `date`    the local day on which the last of them began; `day_s` hub time of that.
    `sign_s`  hub time of the last sign; None: the next one begins a stretch.
    `at_home` whether stretches count. `shy_s` hub time up to which nothing is learned.
    `signers` devices that give signs; `lost` those of them that are silent or stuck.
    `told`    the limits told last: to ask, to help, usual. `told_date` the day of the last table.
    `due_s`   hub time of the running timer: the next hour.
    """

    ages: Ages = NONE
    lived: Lived = NEVER
    day: int = 0
    date: int | None = None
    day_s: float | None = None
    sign_s: float | None = None
    at_home: bool = True
    shy_s: float = 0.0
    signers: tuple[DeviceId, ...] = ()
    lost: tuple[DeviceId, ...] = ()
    told: tuple[float, float, float] | None = None
    told_date: int | None = None
    due_s: float | None = None


AlertLineRule = Rule[None]
AlertLineOutcome = Outcome[AlertLineState]


def observe(
    rule: AlertLineRule, state: AlertLineState | None, subject: str, event: Observed
) -> AlertLineOutcome:
    """Take in a sign of life, who is at home, a device that is lost, or an emergency."""
    reading, stamp = event.reading, event.reading.received
    if reading.drill or event.repeat_of is not None:
        return state, ()
    before = state or AlertLineState()
    after = _heard(before, reading)
    if after is before:
        return state, ()
    if state is None or (after.ages, after.lived) != (before.ages, before.lived):
        return _tell(rule, after, subject, stamp)
    return after, ()


def wake(
    rule: AlertLineRule, state: AlertLineState, subject: str, what: str, stamp: Stamp
) -> AlertLineOutcome:
    """Take in that another hour has begun."""
    if state.due_s is None or what != HOUR:
        return state, ()
    if stamp.at_s < state.due_s:
        return state, (_timer(rule, subject, state.due_s),)
    return _tell(rule, replace(state, due_s=None), subject, stamp)


def resume(
    rule: AlertLineRule, state: AlertLineState, subject: str, stamp: Stamp
) -> AlertLineOutcome:
    """Go on after a restart: the stretch in which the hub was off is not learned."""
    return _tell(rule, replace(state, sign_s=None, due_s=None), subject, stamp)


def _heard(state: AlertLineState, reading: Reading) -> AlertLineState:
    value, stamp = reading.value, reading.received
    match reading.quantity:
        case Quantity.QUIET_S:
            last_s = sign_s(value, stamp.at_s)
            return state if last_s is None else _sign(state, reading.device, last_s, stamp)
        case Quantity.PRESENCE:
            at_home = value in AT_HOME
            if at_home is state.at_home:
                return state
            # Who comes home gives a sign: the night after a late evening out is a stretch too.
            return replace(state, at_home=at_home, sign_s=stamp.at_s if at_home else None)
        case Quantity.SILENT | Quantity.STUCK:
            is_known = reading.device in state.lost
            if not isinstance(value, bool) or value is is_known:
                return state
            if not value:
                lost = tuple(device for device in state.lost if device != reading.device)
                return replace(state, lost=lost, sign_s=None)
            if reading.device not in state.signers:
                return state
            return replace(state, lost=(*state.lost, reading.device))
        case _:  # An emergency.
            return replace(state, shy_s=stamp.at_s + SHY_S) if value is True else state


def _sign(state: AlertLineState, device: DeviceId, last_s: float, stamp: Stamp) -> AlertLineState:
    since_s = state.sign_s
    if device not in state.signers and len(state.signers) < SIGNERS:
        state = replace(state, signers=(*state.signers, device))
    local_s = day.local_s(stamp)
    if local_s is None or not state.at_home or state.lost or stamp.at_s < state.shy_s:
        return state if since_s is None else replace(state, sign_s=None)
    date = int(local_s // day.DAY_S)
    if state.day_s is None or (date != state.date and stamp.at_s - state.day_s >= APART_S):
        # The day on which it begins is none yet: what it saw of it is too little.
        count = state.day if state.day_s is None else state.day + 1
        state = replace(state, day=count, date=date, day_s=stamp.at_s)
    if since_s is None or last_s <= since_s:
        return replace(state, sign_s=last_s)
    age_s = last_s - since_s
    assert state.told is not None, "whoever hears a second sign has told the limits at the first"
    age_s = min(age_s, state.told[1])
    ended_s = local_s - (stamp.at_s - last_s)
    ages = alert_line.learn(state.ages, state.day, ended_s, age_s)
    lived = alert_line.live(state.lived, state.day, ended_s, age_s)
    return replace(state, sign_s=last_s, ages=ages, lived=lived)


def _tell(
    rule: AlertLineRule, state: AlertLineState, subject: str, stamp: Stamp
) -> AlertLineOutcome:
    """Tell what is new of the limits of this hour, and ask to be woken in the next one."""
    local_s = day.local_s(stamp)
    now = _lines(rule, state, local_s)
    told = (round(now.ask_s), round(now.help_s), round(now.usual_s))
    effects = list(_limits(state.told, told, stamp))
    date = None if local_s is None else int(local_s // day.DAY_S)
    if date is not None and date != state.told_date:
        effects.append(_said(Quantity.ALERT_TABLE, _table(rule, state), stamp))
    to_hour_s = HOUR_S - (local_s or 0.0) % HOUR_S
    due_s = stamp.at_s + to_hour_s if state.due_s is None else state.due_s
    timer = () if due_s == state.due_s else (_timer(rule, subject, due_s),)
    told_date = state.told_date if date is None else date
    after = replace(state, told=told, told_date=told_date, due_s=due_s)
    return after, (*effects, *timer)


def _lines(rule: AlertLineRule, state: AlertLineState, local_s: float | None) -> Lines:
    if local_s is None:
        # Of no hour: the limit of what is not known, the shorter of day and night.
        most_s = min(rule.values["most_s"], rule.values["night_most_s"])
        return Lines(most_s, most_s + rule.values["urgent_s"], 0.0)
    return _lines_of(rule, state, int(local_s // HOUR_S) % HOURS)


def _lines_of(rule: AlertLineRule, state: AlertLineState, hour: int) -> Lines:
    is_night = day.is_hour_in_window(rule.values, hour)
    return alert_line.lines(
        rule.values, state.ages, state.lived, state.day, hour, is_night=is_night
    )


def _limits(
    before: tuple[float, float, float] | None, now: tuple[float, float, float], stamp: Stamp
) -> list[Derive]:
    usual = span(now[2])
    detail = f"平时此时段最长 {usual.zh} / usually {usual.en} at most" if now[2] else ""
    return [
        # What is usual goes first, for it is said in the sentence of what follows from the others.
        _said(Quantity.ALERT_LINE_S, now[part], stamp, channel, detail)
        for part, channel in ((2, USUAL), (0, ""), (1, URGENT))
        if before is None or before[part] != now[part]
    ]


def _table(rule: AlertLineRule, state: AlertLineState) -> str:
    return " ".join(f"{_lines_of(rule, state, hour).ask_s / 60:.0f}" for hour in range(HOURS))


def _said(
    quantity: Quantity, value: Value, stamp: Stamp, channel: str = "", detail: str = ""
) -> Derive:
    return Derive(Reading(hub_part("alert_line"), quantity, value, stamp, channel, detail=detail))


def _timer(rule: AlertLineRule, subject: str, due_s: float) -> WakeAt:
    return WakeAt(wake_key(rule.id, subject, HOUR), due_s, OnResume.RESTART)


def _takes(plan: None) -> tuple[str, ...]:
    return (
        "factor",
        "margin_s",
        "help_factor",
        "early_factor",
        "early_margin_s",
        "least_s",
        "most_s",
        "night_least_s",
        "night_most_s",
        *day.WINDOW,
        "urgent_s",
    )


def _is_kept(before: AlertLineState | None, after: AlertLineState) -> bool:
    """Return whether more than the time of the last sign differs."""
    return before is None or replace(before, sign_s=None) != replace(after, sign_s=None)


def _load(rule: AlertLineRule, body: Any) -> AlertLineState:
    ages: Ages = tuple(
        tuple((stored.number(age_s), stored.whole(seen)) for age_s, seen in hour)
        for hour in body["ages"]
    )
    lived: Lived = tuple((stored.whole(count), stored.whole(last)) for count, last in body["lived"])
    if (len(ages), len(lived)) != (HOURS, HOURS):
        raise ValueError(f"{len(ages)} and {len(lived)} hours, want {HOURS}")
    today = stored.whole(body["day"])
    seen = [day for hour in ages for _, day in hour] + [last for _, last in lived]
    if any(day > today for day in seen) or any(count < 0 for count, _ in lived):
        raise ValueError(f"it was learned on days after day {today}, or on fewer than none")
    return AlertLineState(
        ages=ages,
        lived=lived,
        day=today,
        date=stored.whole_or_none(body["date"]),
        day_s=stored.number_or_none(body["day_s"]),
        sign_s=stored.number_or_none(body["sign_s"]),
        at_home=stored.yes_no(body["at_home"]),
        shy_s=stored.number(body["shy_s"]),
        signers=tuple(DeviceId(stored.text(one)) for one in body["signers"]),
        lost=tuple(DeviceId(stored.text(one)) for one in body["lost"]),
        told=_told(body["told"]),
        told_date=stored.whole_or_none(body["told_date"]),
        due_s=stored.number_or_none(body["due_s"]),
    )


def _told(body: Any) -> tuple[float, float, float]:
    ask_s, help_s, usual_s = body
    return stored.number(ask_s), stored.number(help_s), stored.number(usual_s)


ALERT_LINE: Pattern[None, AlertLineState] = Pattern(
    "alert_line", 1, _takes, observe, wake, resume, _load, _is_kept
)
