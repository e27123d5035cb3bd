"""Pre-alarms, mutes, people, time and power cuts in every order, against a naive model.

The model knows no table: for each thing that is wrong it only remembers until when help may wait.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.core.alarm import AlarmId, AlarmState, Hazard, RuleId, Severity
from agent.core.command import AckAlarm, MuteRule, ResolveAlarm, UnmuteRule
from agent.core.effect import CancelWake, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.event import WakeKey, Woken
from agent.core.row import QUIET, Kind
from agent.response import lifecycle, mutes, waiting
from agent.response.lifecycle import AlarmBook, Cause, Change, Held, apply
from agent.response.mutes import MuteBook
from agent.response.record import alarm_from_body, alarm_to_body
from tests.response.kit import DAUGHTER, NEIGHBOUR, asking, raised, stamp

ASKS_S, EVERY_S = 120.0, 50.0
RULE = RuleId("dwell")
SUBJECTS = ("home", "room:bath")
REPORT = asking(ASKS_S, EVERY_S)

subjects = st.sampled_from(SUBJECTS)


@dataclass
class Wrong:
    """What the model knows of one thing that is wrong. `help_s` until when help may wait, None when
    it was called; `span_s` how long it was to wait; `asks`: the person is being asked."""

    help_s: float | None
    span_s: float
    asks: bool


class Waiting(RuleBasedStateMachine):
    """The pure parts as the pipeline puts them together, with timers in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s, self.number = 1000.0, 0
        self.book, self.mutes = AlarmBook(), MuteBook()
        self.timers: dict[WakeKey, float] = {}
        self.told: list[tuple[Kind, str]] = []
        self.model: dict[str, Wrong] = {}
        self.muted_until_s: float | None = None

    # --- the shell, in miniature ------------------------------------------------------------------

    def take(self, cause: Cause) -> None:
        if isinstance(cause, RaiseAlarm):
            until_s = mutes.held_until_s(self.mutes, cause, stamp(self.at_s))
            cause = cause if until_s is None else Held(cause, until_s)
        self.number += 1
        new_id = AlarmId(f"0000abcd-{self.number}")
        change: Change = apply(self.book, cause, stamp(self.at_s), new_id)
        self.book = change.book
        self.set(change.timers)
        if change.kind is not None:
            assert change.alarm is not None
            self.told.append((change.kind, change.alarm.subject))
        for answer in lifecycle.answered_by(self.book, cause):
            self.take(answer)

    def set(self, timers: tuple[WakeAt | CancelWake, ...]) -> None:
        for timer in timers:
            if isinstance(timer, WakeAt):
                self.timers[timer.key] = timer.due_s
            else:
                self.timers.pop(timer.key, None)

    def muting(self, change: mutes.Muting) -> None:
        self.mutes = change.book
        self.set(change.timers)
        if change.ended is not None:
            for release in lifecycle.held_of(self.book, change.ended.rule):
                self.take(release)

    def ring(self) -> None:
        """Deliver every timer that is due, in order; one that is asked for anew rings again."""
        while due := [(due_s, key) for key, due_s in self.timers.items() if due_s <= self.at_s]:
            due_s, key = min(due)
            del self.timers[key]
            if waiting.alarm_of(key) is not None:
                self.take(Woken(key, due_s, stamp(self.at_s)))
            else:
                self.muting(mutes.wake(self.mutes, key, stamp(self.at_s)))

    def model_passes(self) -> None:
        for wrong in self.model.values():
            if wrong.help_s is not None and wrong.help_s <= self.at_s:
                wrong.help_s, wrong.asks = None, False
        if self.muted_until_s is not None and self.muted_until_s <= self.at_s:
            self.model_unmutes()

    def model_unmutes(self) -> None:
        self.muted_until_s = None
        for wrong in self.model.values():
            if wrong.help_s is not None and not wrong.asks:
                wrong.help_s = None

    def alarm_of(self, subject: str) -> AlarmId | None:
        found = self.book.find(RULE, subject)
        return None if found is None else found.id

    # --- what happens -----------------------------------------------------------------------------

    @rule(subject=subjects)
    def it_is_reported(self, subject: str) -> None:
        self.take(replace(REPORT, subject=subject))
        known = self.model.get(subject)
        if known is not None:
            is_held = known.help_s is not None and not known.asks
            if not (is_held and self.muted_until_s is not None):
                known.help_s, known.asks = None, False
        elif self.muted_until_s is not None:
            span_s = self.muted_until_s - self.at_s
            self.model[subject] = Wrong(self.muted_until_s, span_s, asks=False)
        else:
            self.model[subject] = Wrong(self.at_s + ASKS_S, ASKS_S, asks=True)
        self.is_respanned(subject)

    def is_respanned(self, subject: str) -> None:
        """A report again of what is held back starts its bound anew, not its end."""
        known = self.model[subject]
        if known.help_s is not None and not known.asks:
            known.span_s = known.help_s - self.at_s

    @rule(subject=subjects)
    def it_is_over(self, subject: str) -> None:
        self.take(RestoreAlarm(RULE, subject))
        known = self.model.get(subject)
        if known is None:
            return
        found = self.book.find(RULE, subject)
        if known.help_s is not None or found is None:
            del self.model[subject]

    @rule(subject=subjects, on_site=st.booleans())
    def somebody_answers(self, subject: str, on_site: bool) -> None:
        alarm = self.alarm_of(subject)
        if alarm is None:
            return
        self.take(AckAlarm(alarm, NEIGHBOUR if on_site else DAUGHTER))
        known = self.model[subject]
        is_told = known.help_s is None  # Then what an ack does is the matter of other tests.
        if (known.asks and on_site) or (is_told and self.alarm_of(subject) is None):
            del self.model[subject]

    @rule(subject=subjects)
    def somebody_deals_with_it(self, subject: str) -> None:
        alarm = self.alarm_of(subject)
        if alarm is not None:
            self.take(ResolveAlarm(alarm, DAUGHTER, "helped"))
            del self.model[subject]

    @rule()
    def the_button_is_pressed(self) -> None:
        self.take(raised(Hazard.SOS, "zb:9"))
        sos = self.book.find(RuleId("sos"), "zb:9")
        assert sos is not None
        assert sos.state is AlarmState.ACTIVE
        self.model = {s: wrong for s, wrong in self.model.items() if not wrong.asks}

    @rule(for_s=st.sampled_from([60.0, 100.0, 3600.0]))
    def the_rule_is_muted(self, for_s: float) -> None:
        command = MuteRule(RULE, for_s, NEIGHBOUR)
        self.muting(mutes.mute(self.mutes, command, Severity.S2, Hazard.DWELL, stamp(self.at_s)))
        self.muted_until_s = self.at_s + for_s

    @rule()
    def the_rule_is_unmuted(self) -> None:
        self.muting(mutes.unmute(self.mutes, UnmuteRule(RULE, NEIGHBOUR)))
        self.model_unmutes()

    @rule(seconds=st.sampled_from([1.0, 10.0, 49.0, 50.0, 60.0, 119.0, 120.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        end_s = self.at_s + seconds
        while self.timers and min(self.timers.values()) <= end_s:
            self.at_s = max(self.at_s, min(self.timers.values()))
            self.ring()
            self.model_passes()
        self.at_s = end_s
        self.model_passes()

    @rule(seconds=st.sampled_from([-60.0, -10.0, 0.0, 5.0, 60.0, 500.0, 100_000.0]))
    def the_power_is_cut(self, seconds: float) -> None:
        """What is on disk is all that is left, and hub time may be found a minute back."""
        self.at_s += seconds
        bodies = [json.dumps(alarm_to_body(alarm)) for alarm in self.book.open.values()]
        kept = {one.rule: mutes.encode(one) for one in self.mutes.by_rule.values()}
        self.timers = {}
        alarms = [alarm_from_body(json.loads(body)) for body in bodies]
        assert alarms == list(self.book.open.values())
        self.book, timers = lifecycle.resume(AlarmBook.of(alarms), stamp(self.at_s))
        self.set(timers)
        held = MuteBook({key: mutes.decode(key, text) for key, text in kept.items()})
        length_s = [one.until_s - one.began_s for one in held.by_rule.values()]
        self.mutes, ends = mutes.resume(held, stamp(self.at_s))
        self.set(ends)
        for wrong in self.model.values():
            if wrong.help_s is not None:
                wrong.help_s = min(wrong.help_s, self.at_s + wrong.span_s)
        if self.muted_until_s is not None:
            self.muted_until_s = min(self.muted_until_s, self.at_s + length_s[0])
        self.ring()
        self.model_passes()

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def help_is_called_exactly_when_it_must_be(self) -> None:
        waits = (AlarmState.SHELVED, AlarmState.PRE_ALARM)
        found = {a.subject: a for a in self.book.open.values() if a.rule == RULE}
        assert found.keys() == self.model.keys()
        for subject, wrong in self.model.items():
            alarm = found[subject]
            assert (alarm.state in waits) is (wrong.help_s is not None)
            assert (alarm.state is AlarmState.PRE_ALARM) is wrong.asks
            assert (alarm.raised is None) is (wrong.help_s is not None)
            if alarm.waiting is not None:
                assert alarm.waiting.until_s == wrong.help_s

    @invariant()
    def every_alarm_that_waits_has_its_timer_and_no_other_has_one(self) -> None:
        alarms = {
            waiting.wake_key(alarm.id, waiting.WAIT)
            for alarm in self.book.open.values()
            if alarm.waiting is not None
        }
        ends = {key for key in self.timers if waiting.alarm_of(key) is None}
        assert self.timers.keys() - ends == alarms
        assert len(ends) == len(self.mutes.by_rule)

    @invariant()
    def the_rule_is_muted_exactly_as_long_as_was_said(self) -> None:
        known = self.mutes.by_rule.get(RULE)
        assert (known.until_s if known is not None else None) == self.muted_until_s

    @precondition(lambda self: bool(self.told))
    @invariant()
    def nobody_is_told_of_what_was_called_off_and_nothing_follows_the_end(self) -> None:
        for subject in SUBJECTS:
            kinds = [kind for kind, about in self.told if about == subject]
            loud = False
            for kind in kinds:
                if kind is Kind.ALARM_CALLED_OFF:
                    assert not loud
                elif kind in (Kind.ALARM_PRE_ALARM, Kind.ALARM_PROMPTED, Kind.ALARM_SHELVED):
                    assert not loud, "what is ACTIVE is not asked about"
                elif kind is Kind.ALARM_RAISED:
                    assert not loud, "help is called once"
                    loud = True
                else:
                    assert loud
                    assert kind not in QUIET
                    loud = kind is not Kind.ALARM_CLOSED


TestWaiting = Waiting.TestCase
TestWaiting.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
