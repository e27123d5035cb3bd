"""The pattern `threshold`: a value is beyond a limit, and stays there.

One state for each input. Between two readings the last value counts as going on, for a sensor that
falls silent while it is beyond the limit must still alarm; a rule with `stale_s` trusts a value no
longer than that. Three ways to confirm:

    hold    beyond `limit` for `hold_s`; with pairs, also beyond `limit_2` for `hold_2_s`, and so on
    repeat  beyond `limit` in two measurements, `repeat_after_s` to `repeat_within_s` apart, with
            none in between that is not
    at once a hold of 0 s

What stands is over when the value has been back behind `clear_limit` for `clear_hold_s`, or in
`clear_times` measurements in a row. What is held against the limit may also be a figure of the
latest values: `figure`. With gates, a value counts only while all of them are open.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, OnResume, RestoreAlarm, WakeAt
from agent.core.event import Observed
from agent.core.reading import Quantity, Reading
from agent.core.text import Sentence
from local_rules.explain import because, span
from local_rules.patterns import figure, gate, stored
from local_rules.patterns.effects import alarm_for, wake_key
from local_rules.patterns.figure import Of, Samples
from local_rules.patterns.gate import Gate
from local_rules.patterns.numbers import as_number
from local_rules.rule import Outcome, Pattern, Rule

HOLD = "hold"
CLEAR = "clear"

APART_S = 30.0
"""Measurements closer together than this are one that was told twice, where their number counts."""

_DAMP_PCT = 4.0
"""Humidity that moved by less moves the heat index by less than a degree."""

_KEEP_S = 3600.0
"""Samples that tell of less than this are not kept over a restart."""


class Beyond(StrEnum):
    """Which side of the limit is the bad one."""

    AT_LEAST = "≥"
    ABOVE = ">"
    AT_MOST = "≤"
    BELOW = "<"


_COMPARE: Mapping[Beyond, Callable[[float, float], bool]] = {
    Beyond.AT_LEAST: operator.ge,
    Beyond.ABOVE: operator.gt,
    Beyond.AT_MOST: operator.le,
    Beyond.BELOW: operator.lt,
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a row chooses. `pairs`: how many (limit, hold) pairs there are, in any order.

    `repeat`: confirmed by a second measurement instead of a hold; then there is one limit.
    `goes_stale`: whether the value may change unseen while the device says nothing.
    `of`: what is held against the limit. `personal`: only values near the person's own count.
    `clears_by_times`: it takes `clear_times` measurements in a row to end what stands.
    `gates`: what must hold for a value to count. What is measured is the row's first input.
    """

    beyond: Beyond
    unit: str
    pairs: int = 1
    repeat: bool = False
    goes_stale: bool = False
    of: Of = Of.VALUE
    personal: bool = False
    clears_by_times: bool = False
    gates: tuple[Gate, ...] = ()
    compare: Callable[[float, float], bool] = field(init=False)
    is_plain: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compare", _COMPARE[self.beyond])
        object.__setattr__(self, "is_plain", self.of is Of.VALUE and not self.gates)

    def limits(self) -> tuple[str, ...]:
        """Return the names of the parameters that are limits."""
        return tuple(name for name, _ in _pair_names(self.pairs))

    def contradicts(self, limit: float, clear_limit: float) -> bool:
        """Return whether there is a value that both raises and ends."""
        if self.beyond is Beyond.AT_MOST:
            return clear_limit <= limit
        return clear_limit < limit if self.beyond is Beyond.BELOW else clear_limit > limit

    def is_back(self, value: float, clear_limit: float) -> bool:
        """Return whether `value` ends what stands."""
        if self.beyond in (Beyond.AT_LEAST, Beyond.ABOVE):
            return value < clear_limit
        return value >= clear_limit


@dataclass(frozen=True, slots=True)
class ThresholdState:
    """What the rule remembers of one input.

    `value`, `seen_s` the last number that mattered, and the hub time of it.
    `since_s`  for each pair the hub time since which the value is beyond its limit; None: it is
               not. For a repeat: the first measurement of the two.
    `raised_s` hub time of the latest raise; None before the first.
    `standing` raised and not yet restored.
    `due_s`    hub time at which the running hold, or the clear hold, ends; None when none runs.
    `backs`    measurements in a row that were back, for `clear_times`.
    `samples`  what a figure is made of, oldest first. `gates` which are open.
    """

    device: DeviceId
    quantity: Quantity
    channel: str
    drill: bool
    value: float
    seen_s: float
    since_s: tuple[float | None, ...]
    raised_s: float | None = None
    standing: bool = False
    due_s: float | None = None
    backs: int = 0
    samples: Samples = ()
    gates: tuple[bool, ...] = ()


ThresholdRule = Rule[Threshold]
ThresholdOutcome = Outcome[ThresholdState]


def observe(
    rule: ThresholdRule, state: ThresholdState | None, subject: str, event: Observed
) -> ThresholdOutcome:
    """Take in one value. What is no finite number says nothing to this pattern."""
    reading = event.reading
    if state is None and rule.plan.is_plain:
        value = as_number(reading.value)  # Nearly all rules, and nearly all readings end here.
        if value is None or not _is_bad(rule, value):
            return None, ()
        return _valued(rule, None, subject, reading, value)
    if event.repeat_of is not None and state is not None:
        return state, ()
    if rule.plan.gates:
        if reading.quantity is not next(iter(rule.inputs)):
            return _gated(rule, state, subject, event)
        if state is not None and not all(state.gates):
            return state, ()
        if state is None and not all(gate.at_first(rule.plan.gates)):
            return None, ()
    value = as_number(reading.value)
    if value is None:
        return state, ()
    if rule.plan.of is not Of.VALUE:
        return _figured(rule, state, subject, reading, value)
    return _valued(rule, state, subject, reading, value)


def _gated(
    rule: ThresholdRule, state: ThresholdState | None, subject: str, event: Observed
) -> ThresholdOutcome:
    """Take in what opens or closes a gate."""
    was = gate.at_first(rule.plan.gates) if state is None else state.gates
    gates = gate.after(rule.plan.gates, rule.values, event, was)
    if gates is was:
        return state, ()
    before = state or _fresh(rule, event.reading, 0.0)
    after = replace(before, gates=gates)
    if all(gates) or (after.standing and not gate.is_ended(rule.plan.gates, gates)):
        return after, ()  # Doubt does not end what stands.
    cancel = _cancel(rule, after, subject)
    if after.standing:
        quiet, restored = _restore(rule, after, subject)
        return quiet, (*restored, *cancel)
    return replace(after, since_s=_none(rule), due_s=None), cancel


def _figured(
    rule: ThresholdRule,
    state: ThresholdState | None,
    subject: str,
    reading: Reading,
    value: float,
) -> ThresholdOutcome:
    """Take in one sample and judge the figure that it makes with the others."""
    at_s = reading.received.at_s if state is None else max(reading.received.at_s, state.seen_s)
    if rule.plan.of is Of.HEAT_INDEX:
        return _felt(rule, state, subject, reading, value)
    before = state or _fresh(rule, reading, value)
    keep_s = rule.values["keep_s" if rule.plan.personal else "over_s"]
    kept = before.samples
    if kept and at_s - kept[0][0] > keep_s:
        kept = tuple([sample for sample in kept if at_s - sample[0] <= keep_s])
    if rule.plan.of is Of.MEAN and kept and at_s - kept[-1][0] < APART_S:
        return state, ()
    if rule.plan.personal and not figure.is_own(kept, rule.values, value):
        return state, ()
    samples = (*kept, (at_s, value))[-figure.SAMPLES :]
    found = figure.figure(rule.plan.of, samples, rule.values)
    after = _with_samples(before, samples)
    if found is None:
        return after, ()
    return _valued(rule, after, subject, reading, found)


def _with_samples(state: ThresholdState, samples: Samples) -> ThresholdState:
    # Written out, for this is done for each temperature and `replace` takes three times as long.
    return ThresholdState(
        state.device,
        state.quantity,
        state.channel,
        state.drill,
        state.value,
        max(state.seen_s, samples[-1][0]),
        state.since_s,
        state.raised_s,
        state.standing,
        state.due_s,
        state.backs,
        samples,
        state.gates,
    )


def _felt(
    rule: ThresholdRule,
    state: ThresholdState | None,
    subject: str,
    reading: Reading,
    value: float,
) -> ThresholdOutcome:
    """Keep the humidity as the only sample; judge each temperature by it."""
    if reading.quantity is Quantity.HUMIDITY_PCT:
        before = state or _fresh(rule, reading, 0.0)
        if before.samples and abs(before.samples[0][1] - value) < _DAMP_PCT:
            return state, ()
        return _with_samples(before, ((reading.received.at_s, value),)), ()
    if state is None or not state.samples:
        return _valued(rule, state, subject, reading, value)
    felt_c = figure.heat_index_c(value, state.samples[0][1])
    return _valued(rule, state, subject, reading, round(felt_c, 1))


def _valued(
    rule: ThresholdRule,
    state: ThresholdState | None,
    subject: str,
    reading: Reading,
    value: float,
) -> ThresholdOutcome:
    """Judge what is to be held against the limit."""
    is_bad = _is_bad(rule, value)
    if state is None:
        if not is_bad:
            return None, ()
        state = _fresh(rule, reading, value)
    elif not is_bad and not state.standing and not any(s is not None for s in state.since_s):
        return state, ()
    at_s = max(reading.received.at_s, state.seen_s)  # Hub time does not run back.
    if reading.quantity is not state.quantity or reading.device != state.device:
        # What was heard first was a gate, the humidity, or of another device of the home.
        state = replace(
            state, device=reading.device, quantity=reading.quantity, channel=reading.channel
        )
    if state.standing:
        return _while_standing(rule, state, subject, value, at_s)
    if rule.plan.repeat:
        return _measured(rule, state, subject, value, at_s)
    since_s = _since(rule, state, value, at_s)
    return _judge(rule, replace(state, value=value, seen_s=at_s, since_s=since_s), subject, at_s)


def wake(
    rule: ThresholdRule, state: ThresholdState, subject: str, what: str, stamp: Stamp
) -> ThresholdOutcome:
    """Take in that the timer `what` rang."""
    at_s = stamp.at_s
    if state.due_s is None or what != _hold_of(state):
        return state, ()  # A timer that was cancelled while it rang.
    if at_s < state.due_s:
        return state, (_timer(rule, state, subject, state.due_s),)
    if state.standing:
        return _restore(rule, state, subject)
    if rule.plan.goes_stale and state.due_s - state.seen_s > rule.values["stale_s"]:
        quiet = replace(state, since_s=_none(rule), due_s=None)
        return quiet, ()  # Nobody knows what the value was at the end of the hold.
    return _judge(rule, replace(state, due_s=None), subject, at_s)


def resume(
    rule: ThresholdRule, state: ThresholdState, subject: str, stamp: Stamp
) -> ThresholdOutcome:
    """Ask anew, after a restart, for the timer on which the state relies."""
    if state.due_s is None:
        return state, ()
    if state.standing:
        # The hub was deaf while it was off: the value may have been bad meanwhile.
        due_s = stamp.at_s + rule.values["clear_hold_s"]
    else:
        ends_s = _end_of_hold(rule, state)  # The hold may be another one than it was.
        assert ends_s is not None, "a hold runs only while the value is beyond a limit"
        due_s = ends_s
    return replace(state, due_s=due_s), (_timer(rule, state, subject, due_s),)


def _judge(
    rule: ThresholdRule, state: ThresholdState, subject: str, at_s: float
) -> ThresholdOutcome:
    """Raise if a hold is over at `at_s`, or see to it that the timer rings when the next one is."""
    due_s = _end_of_hold(rule, state)
    if due_s is not None and due_s <= at_s:
        return _raise(rule, state, subject, at_s)
    if due_s == state.due_s:
        return state, ()
    if due_s is None:
        return replace(state, due_s=None), _cancel(rule, state, subject)
    return replace(state, due_s=due_s), (_timer(rule, state, subject, due_s),)


def _end_of_hold(rule: ThresholdRule, state: ThresholdState) -> float | None:
    ends = (
        since + hold_s
        for since, (_, hold_s) in zip(state.since_s, _pairs(rule), strict=True)
        if since is not None
    )
    return min(ends, default=None)


def _measured(
    rule: ThresholdRule, state: ThresholdState, subject: str, value: float, at_s: float
) -> ThresholdOutcome:
    now = replace(state, value=value, seen_s=at_s)
    if not _is_beyond(rule, value, rule.values["limit"]):
        return replace(now, since_s=(None,)), ()
    (first_s,) = state.since_s
    if first_s is None or at_s - first_s > rule.values["repeat_within_s"]:
        return replace(now, since_s=(at_s,)), ()
    if at_s - first_s < rule.values["repeat_after_s"]:
        return now, ()
    return _raise(rule, now, subject, at_s)


def _while_standing(
    rule: ThresholdRule, state: ThresholdState, subject: str, value: float, at_s: float
) -> ThresholdOutcome:
    if rule.plan.is_back(value, rule.values["clear_limit"]):
        if state.due_s is not None:
            return state, ()
        if state.backs and at_s - state.seen_s < APART_S:
            return state, ()
        if state.backs + 1 < rule.values.get("clear_times", 0):
            return replace(state, value=value, seen_s=at_s, backs=state.backs + 1), ()
        if not rule.values["clear_hold_s"]:
            return _restore(rule, replace(state, value=value, seen_s=at_s), subject)
        due_s = at_s + rule.values["clear_hold_s"]
        clearing = replace(state, value=value, seen_s=at_s, due_s=due_s)
        return clearing, (_timer(rule, clearing, subject, due_s),)
    state = replace(state, backs=0) if state.backs else state
    assert state.raised_s is not None, "what stands was raised"
    if at_s - state.raised_s >= rule.values["rearm_s"] and _is_bad(rule, value):
        return _raise(rule, replace(state, value=value, seen_s=at_s), subject, at_s)
    if state.due_s is None:
        return state, ()
    return replace(state, value=value, seen_s=at_s, due_s=None), _cancel(rule, state, subject)


def _since(
    rule: ThresholdRule, state: ThresholdState, value: float, at_s: float
) -> tuple[float | None, ...]:
    """Return for each pair since when the value is beyond its limit, now that it is `value`."""
    is_old = rule.plan.goes_stale and at_s - state.seen_s > rule.values["stale_s"]
    return tuple(
        None if not _is_beyond(rule, value, limit) else (at_s if since is None or is_old else since)
        for since, (limit, _) in zip(state.since_s, _pairs(rule), strict=True)
    )


def _raise(
    rule: ThresholdRule, state: ThresholdState, subject: str, at_s: float
) -> ThresholdOutcome:
    after = replace(state, since_s=_none(rule), raised_s=at_s, standing=True, due_s=None, backs=0)
    limit, hold_s, since_s = _worst(rule, state, at_s)
    unit, sign = rule.plan.unit, rule.plan.beyond
    what = rule.inputs[state.quantity]
    held = span(hold_s)
    confirmed = (
        Sentence("，两次测量一致", ", measured twice") if rule.plan.repeat else Sentence("", "")
    )
    if hold_s:
        confirmed = Sentence(f"，已持续 {held.zh}", f" for {held.en}")
    said = Sentence(
        f"{what.zh} {state.value:g} {unit}（限值 {sign} {limit:g} {unit}）{confirmed.zh}",
        f"reports {what.en} {state.value:g} {unit} (limit {sign} {limit:g} {unit}){confirmed.en}",
    )
    reason = because(
        rule,
        device=state.device,
        quantity=state.quantity,
        channel=state.channel,
        value=f"{state.value:g}",
        limit=f"{sign} {limit:g} {unit} for {hold_s:g} s",
        drill=state.drill,
        since_s=since_s,
        last_s=state.seen_s,
        says=said,
    )
    alarm = alarm_for(rule, subject, reason, drill=state.drill)
    return after, (alarm, *_cancel(rule, state, subject))


def _worst(rule: ThresholdRule, state: ThresholdState, at_s: float) -> tuple[float, float, float]:
    """Return limit, hold and since when of the pair whose hold is over; while the alarm stands,
    of one that the value is beyond."""
    pairs = _pairs(rule)
    over = [
        (limit, hold_s, since)
        for (limit, hold_s), since in zip(pairs, state.since_s, strict=True)
        if since is not None and since + hold_s <= at_s
    ]
    again = [(*pair, state.seen_s) for pair in pairs if _is_beyond(rule, state.value, pair[0])]
    limit, hold_s, since = (over or again)[-1]
    # A figure has its evidence in the samples that it is made of.
    is_made = len(state.samples) > 1
    return limit, hold_s, state.samples[0][0] if is_made else since


def _restore(rule: ThresholdRule, state: ThresholdState, subject: str) -> ThresholdOutcome:
    return replace(state, standing=False, due_s=None), (RestoreAlarm(rule.id, subject),)


def _pairs(rule: ThresholdRule) -> tuple[tuple[float, float], ...]:
    values = rule.values
    if rule.plan.pairs == 1:
        return ((values["limit"], values.get("hold_s", 0)),)
    return tuple((values[limit], values[hold]) for limit, hold in _pair_names(rule.plan.pairs))


def _pair_names(count: int) -> tuple[tuple[str, str], ...]:
    more = ((f"limit_{n}", f"hold_{n}_s") for n in range(2, count + 1))
    return (("limit", "hold_s"), *more)


def _is_beyond(rule: ThresholdRule, value: float, limit: float) -> bool:
    return rule.plan.compare(value, limit)


def _is_bad(rule: ThresholdRule, value: float) -> bool:
    """Return whether the value is beyond any limit."""
    if rule.plan.pairs == 1:
        return rule.plan.compare(value, rule.values["limit"])
    return any(_is_beyond(rule, value, limit) for limit, _ in _pairs(rule))


def _fresh(rule: ThresholdRule, reading: Reading, value: float) -> ThresholdState:
    return ThresholdState(
        device=reading.device,
        quantity=reading.quantity,
        channel=reading.channel,
        drill=reading.drill,
        value=value,
        seen_s=reading.received.at_s,
        since_s=_none(rule),
        gates=gate.at_first(rule.plan.gates),
    )


def _none(rule: ThresholdRule) -> tuple[None, ...]:
    return (None,) * rule.plan.pairs


def _hold_of(state: ThresholdState) -> str:
    return CLEAR if state.standing else HOLD


def _timer(rule: ThresholdRule, state: ThresholdState, subject: str, due_s: float) -> WakeAt:
    # As for what a device reports: an overdue hold rings at once, a clear hold begins again.
    policy = OnResume.RESTART if state.standing else OnResume.FIRE_IF_OVERDUE
    return WakeAt(wake_key(rule.id, subject, _hold_of(state)), due_s, policy)


def _cancel(rule: ThresholdRule, state: ThresholdState, subject: str) -> tuple[CancelWake, ...]:
    if state.due_s is None:
        return ()
    return (CancelWake(wake_key(rule.id, subject, _hold_of(state))),)


def _takes(plan: Threshold) -> tuple[str, ...]:
    names = [name for pair in _pair_names(plan.pairs) for name in pair]
    if plan.repeat:
        names = ["limit", "repeat_after_s", "repeat_within_s"]
    if plan.goes_stale:
        names.append("stale_s")
    if plan.clears_by_times:
        names.append("clear_times")
    names += [*figure.takes(plan.of, personal=plan.personal), *gate.takes(plan.gates)]
    return (*names, "clear_limit", "clear_hold_s", "rearm_s")


def _is_kept(before: ThresholdState | None, after: ThresholdState) -> bool:
    """Return whether more than samples of the last minutes differs: those are worth no disk."""
    if before is None or before.samples is after.samples:
        return True
    if after.samples[-1][0] - after.samples[0][0] >= _KEEP_S:
        return True
    return _with_samples(before, after.samples) != after


def _load(rule: ThresholdRule, body: Any) -> ThresholdState:
    state = ThresholdState(
        device=DeviceId(stored.text(body["device"])),
        quantity=Quantity(body["quantity"]),
        channel=stored.text(body["channel"]),
        drill=stored.yes_no(body["drill"]),
        value=stored.number(body["value"]),
        seen_s=stored.number(body["seen_s"]),
        since_s=tuple(stored.number_or_none(since) for since in body["since_s"]),
        raised_s=stored.number_or_none(body["raised_s"]),
        standing=stored.yes_no(body["standing"]),
        due_s=stored.number_or_none(body["due_s"]),
        backs=int(stored.number(body["backs"])),
        samples=tuple(
            (stored.number(at_s), stored.number(value)) for at_s, value in body["samples"]
        ),
        gates=tuple(stored.yes_no(is_open) for is_open in body["gates"]),
    )
    if len(state.gates) != len(rule.plan.gates):
        raise ValueError("it has other gates than the rule")
    if state.quantity not in rule.inputs or len(state.since_s) != rule.plan.pairs:
        raise ValueError("it is the state of another rule")
    if state.standing and state.raised_s is None:
        raise ValueError("it stands, but was never raised")
    if (
        not state.standing
        and state.due_s is not None
        and not any(since is not None for since in state.since_s)
    ):
        raise ValueError("a hold runs, but nothing is beyond a limit")
    return state


THRESHOLD: Pattern[Threshold, ThresholdState] = Pattern(
    "threshold", 2, _takes, observe, wake, resume, _load, _is_kept
)
