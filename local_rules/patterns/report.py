"""The pattern `report`: the device itself says that there is an alarm.

Two kinds of device speak it. A button says when it is pressed and nothing more (momentary); a
detector says when its condition begins and when it ends (held). For the held ones there are four
phases, and the state says which without a word for it:

    quiet      no channel active, nothing standing
    triggering a channel active, nothing standing: the trigger hold runs (`due_s`)
    standing   a channel active, the alarm was raised
    clearing   no channel active, the alarm still stands: the clear hold runs (`due_s`)

Where a reading leaves room for doubt, the answer is the one that brings help. A momentary rule may
count: it raises at the `times`-th report within `times_within_s`, and then counts anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.core.clock import Stamp
from agent.core.device import DeviceId
from agent.core.effect import CancelWake, OnResume, RestoreAlarm, WakeAt
from agent.core.event import Observed
from agent.core.limits import REPEAT_WINDOW_S
from agent.core.reading import Quantity, Reading
from local_rules.explain import why
from local_rules.patterns import count, stored
from local_rules.patterns.effects import alarm_for, wake_key
from local_rules.rule import Outcome, Pattern, Rule

TRIGGER = "trigger"
CLEAR = "clear"

CHANNELS = 32
"""Inputs remembered of one subject; beyond it the oldest that is quiet goes. One that is active is
never forgotten for another: what it began would end too soon."""


@dataclass(frozen=True, slots=True)
class Counting:
    """What a row that counts chooses. `confirmed_by`: the quantity whose True, after a first
    report, stands for all that are missing; None: there is none."""

    confirmed_by: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """One input of the device. `seen_s` is the last hub time at which the rule knew it to be true
    and took note: when it began, raised or ended. `said` is what the device last said of it, which
    for a button is not the same: it is pressed, not active."""

    quantity: Quantity
    name: str
    active: bool
    seen_s: float
    said: bool = False


@dataclass(frozen=True, slots=True)
class ReportState:
    """What the rule remembers of one subject.

    `channels` every input that was true, in order of appearance, `CHANNELS` at most.
    `since_s`  hub time since which a channel has been active without a pause; None when none is.
    `raised_s` hub time of the latest raise; None before the first.
    `standing` raised and not yet restored; always False for a momentary rule.
    `due_s`    hub time at which the running hold ends; None when none runs.
    `hits`     hub times of the reports that count so far.
    """

    device: DeviceId
    drill: bool
    channels: tuple[Channel, ...] = ()
    since_s: float | None = None
    raised_s: float | None = None
    standing: bool = False
    due_s: float | None = None
    hits: tuple[float, ...] = ()

    @property
    def any_active(self) -> bool:
        """Return whether at least one channel says alarm."""
        return any(channel.active for channel in self.channels)

    def channel(self, reading: Reading) -> Channel | None:
        """Return what is known of the input that `reading` speaks of."""
        for channel in self.channels:
            if channel.name == reading.channel and channel.quantity is reading.quantity:
                return channel
        return None


ReportRule = Rule[Counting | None]
ReportOutcome = Outcome[ReportState]


def observe(
    rule: ReportRule, state: ReportState | None, subject: str, event: Observed
) -> ReportOutcome:
    """Take in one reading of a quantity that `rule` listens to.

    Values other than True and False say nothing to this pattern.
    """
    reading = event.reading
    if reading.value is True:
        known = state.channel(reading) if state is not None else None
        if event.repeat_of is not None and known is not None and _is_remembered(known, reading):
            return state, ()  # The same radio frame once more: it has had its effect.
        before = state or ReportState(reading.device, reading.drill)
        if rule.momentary:
            if reading.asked and known is not None and known.said:
                return state, ()  # Still pressed, or never let go: it has had its effect.
            return _press(rule, before, subject, reading)
        return _begin(rule, before, subject, reading)
    if reading.value is False and state is not None and event.repeat_of is None:
        # A late copy of an "all clear" could overtake a newer alarm, so copies never clear.
        return _end(rule, state, subject, reading)
    return state, ()


def wake(
    rule: ReportRule, state: ReportState, subject: str, what: str, stamp: Stamp
) -> ReportOutcome:
    """Take in that the timer `what` rang."""
    at_s = stamp.at_s
    if state.due_s is None or what != _hold_of(state):
        return state, ()  # A timer that was cancelled while it rang.
    if at_s < state.due_s:
        return state, (_timer(rule, state, subject, state.due_s),)  # Too early: ask again.
    if state.standing:
        return _restore(rule, state, subject)
    cause = next(channel for channel in state.channels if channel.active)
    # The source may have fallen silent since: what it last said was "alarm", and that stands.
    return _raise(rule, replace(state, due_s=None), subject, cause, at_s)


def resume(rule: ReportRule, state: ReportState, subject: str, stamp: Stamp) -> ReportOutcome:
    """Ask anew, after a restart, for the timer on which the state relies."""
    if state.due_s is None:
        return state, ()
    if state.standing:
        # The hub was deaf while it was off: the quiet has not been witnessed, it begins again.
        due_s = stamp.at_s + rule.values["clear_hold_s"]
    else:
        assert state.since_s is not None, "a hold runs only while a channel is active"
        due_s = state.since_s + rule.values["trigger_hold_s"]  # It may be another one now.
    return replace(state, due_s=due_s), (_timer(rule, state, subject, due_s),)


def _press(rule: ReportRule, state: ReportState, subject: str, reading: Reading) -> ReportOutcome:
    at_s = reading.received.at_s
    pressed = _mark(state, reading, active=False)
    if _is_within(state.raised_s, at_s, rule.values["debounce_s"]):
        return pressed, ()  # Measured from the latest raise, so that chatter cannot hush a button.
    cause = Channel(reading.quantity, reading.channel, active=True, seen_s=at_s)
    if rule.plan is None:
        return _raise(rule, pressed, subject, cause, at_s, reading.detail)
    return _counted(rule, rule.plan, pressed, subject, reading, cause)


def _counted(
    rule: ReportRule,
    plan: Counting,
    state: ReportState,
    subject: str,
    reading: Reading,
    cause: Channel,
) -> ReportOutcome:
    """Raise if this is the report that makes it often enough."""
    at_s = cause.seen_s
    if reading.quantity is not plan.confirmed_by:
        if state.hits and 0 <= at_s - state.hits[-1] < rule.values["debounce_s"]:
            return state, ()
        hits = count.counted(state.hits, rule.values, at_s)
        if not count.is_enough(hits, rule.values):
            return replace(state, hits=hits), ()
    else:
        hits = count.recent(state.hits, rule.values, at_s)
        if not hits:
            return state, ()  # It confirms nothing.
    after, effects = _raise(
        rule, replace(state, since_s=hits[0]), subject, cause, at_s, reading.detail
    )
    assert after is not None, "what was raised is kept"
    return replace(after, since_s=None, hits=()), effects


def _begin(rule: ReportRule, state: ReportState, subject: str, reading: Reading) -> ReportOutcome:
    at_s = reading.received.at_s
    known = state.channel(reading)
    is_fresh = known is None or not known.active
    marked = _mark(state, reading, active=True)
    if not state.standing:
        if not rule.values["trigger_hold_s"] or (state.due_s is not None and at_s >= state.due_s):
            cause = Channel(reading.quantity, reading.channel, active=True, seen_s=at_s)
            return _raise(rule, marked, subject, cause, at_s, reading.detail)
        if state.due_s is not None:
            return (marked if is_fresh else state), ()
        due_s = at_s + rule.values["trigger_hold_s"]
        waiting = replace(marked, due_s=due_s)
        return waiting, (_timer(rule, waiting, subject, due_s),)
    # A new cause, or the old one back after it had gone, is news at once. The same cause said
    # again is news only after the re-arm time, for an alarm that never ends must not tire people.
    if not _is_within(
        state.raised_s, at_s, rule.values["debounce_s"] if is_fresh else rule.values["rearm_s"]
    ):
        cause = Channel(reading.quantity, reading.channel, active=True, seen_s=at_s)
        return _raise(rule, marked, subject, cause, at_s, reading.detail)
    if not is_fresh:
        return state, ()
    return replace(marked, due_s=None), _cancel(rule, state, subject)


def _end(rule: ReportRule, state: ReportState, subject: str, reading: Reading) -> ReportOutcome:
    known = state.channel(reading)
    if known is not None and not known.active and known.said:
        return _mark(state, reading, active=False), ()  # A button was let go.
    if known is None or not known.active:
        return state, ()
    marked = _mark(state, reading, active=False)
    if marked.any_active:
        return marked, ()
    if not state.standing:
        return replace(marked, due_s=None), _cancel(rule, state, subject)
    if not rule.values["clear_hold_s"]:
        return _restore(rule, marked, subject)
    due_s = reading.received.at_s + rule.values["clear_hold_s"]
    return replace(marked, due_s=due_s), (_timer(rule, marked, subject, due_s),)


def _raise(
    rule: ReportRule,
    state: ReportState,
    subject: str,
    cause: Channel,
    at_s: float,
    detail: str = "",
) -> ReportOutcome:
    reason = why(
        rule,
        device=state.device,
        quantity=cause.quantity,
        channel=cause.name,
        drill=state.drill,
        since_s=at_s if state.since_s is None else state.since_s,
        last_s=cause.seen_s,
        detail=detail,
    )
    alarm = alarm_for(rule, subject, reason, drill=state.drill)
    after = replace(state, raised_s=at_s, standing=not rule.momentary, due_s=None)
    # The alarm comes first: what is to be done is done in this order.
    return after, (alarm, *_cancel(rule, state, subject))


def _restore(rule: ReportRule, state: ReportState, subject: str) -> ReportOutcome:
    return replace(state, standing=False, due_s=None), (RestoreAlarm(rule.id, subject),)


def _mark(state: ReportState, reading: Reading, *, active: bool) -> ReportState:
    """Note that the reading's channel is `active` from now on, and since when any is."""
    at_s = reading.received.at_s
    old = state.channel(reading)
    said = reading.value is True
    # A button that is let go was last true when it was pressed.
    seen_s = old.seen_s if old is not None and not (said or old.active) else at_s
    now = Channel(reading.quantity, reading.channel, active, seen_s, said)
    if old is None:
        channels = (*state.channels, now)
        if len(channels) > CHANNELS:
            gone = next((channel for channel in channels if not channel.active), now)
            channels = tuple(channel for channel in channels if channel is not gone)
    else:
        channels = tuple(now if channel is old else channel for channel in state.channels)
    since_s = state.since_s if state.since_s is not None else at_s
    is_active = any(channel.active for channel in channels)
    return replace(state, channels=channels, since_s=since_s if is_active else None)


def _hold_of(state: ReportState) -> str:
    return CLEAR if state.standing else TRIGGER


def _timer(rule: ReportRule, state: ReportState, subject: str, due_s: float) -> WakeAt:
    # After a power cut an overdue trigger hold rings at once: nobody said that it was over. A
    # clear hold starts again: nobody was there to hear the condition come back. Both toward help.
    policy = OnResume.RESTART if state.standing else OnResume.FIRE_IF_OVERDUE
    return WakeAt(wake_key(rule.id, subject, _hold_of(state)), due_s, policy)


def _cancel(rule: ReportRule, state: ReportState, subject: str) -> tuple[CancelWake, ...]:
    if state.due_s is None:
        return ()
    return (CancelWake(wake_key(rule.id, subject, _hold_of(state))),)


def _is_within(start_s: float | None, at_s: float, span_s: float) -> bool:
    """Return whether `at_s` is less than `span_s` after `start_s`. A time before it is not."""
    return start_s is not None and 0 <= at_s - start_s < span_s


def _is_remembered(channel: Channel, reading: Reading) -> bool:
    return channel.active or reading.received.at_s - channel.seen_s <= REPEAT_WINDOW_S


def _takes(plan: Counting | None) -> tuple[str, ...]:
    counts = () if plan is None else count.TAKES
    return (*counts, "debounce_s", "trigger_hold_s", "clear_hold_s", "rearm_s")


def _load(rule: ReportRule, body: Any) -> ReportState:
    state = ReportState(
        device=DeviceId(stored.text(body["device"])),
        drill=stored.yes_no(body["drill"]),
        channels=tuple(_channel(channel) for channel in body["channels"]),
        since_s=stored.number_or_none(body["since_s"]),
        raised_s=stored.number_or_none(body["raised_s"]),
        standing=stored.yes_no(body["standing"]),
        due_s=stored.number_or_none(body["due_s"]),
        hits=tuple(stored.number(hit) for hit in body["hits"]),
    )
    if any(channel.quantity not in rule.inputs for channel in state.channels):
        raise ValueError("it tells of a quantity that the rule does not listen to")
    # A hold runs exactly while what the device says and what was raised differ.
    if (state.due_s is not None) != (state.standing != state.any_active):
        raise ValueError("its phase is none of quiet, triggering, standing, clearing")
    if state.any_active and state.since_s is None:
        raise ValueError("a channel is active, but not since when")
    if rule.momentary and (state.standing or state.any_active):
        raise ValueError("a momentary rule has no condition that stays")
    return state


def _channel(body: Any) -> Channel:
    return Channel(
        quantity=Quantity(body["quantity"]),
        name=stored.text(body["name"]),
        active=stored.yes_no(body["active"]),
        seen_s=stored.number(body["seen_s"]),
        said=stored.yes_no(body["said"]),
    )


REPORT: Pattern[Counting | None, ReportState] = Pattern(
    "report", 2, _takes, observe, wake, resume, _load, forgets_drills=False
)
