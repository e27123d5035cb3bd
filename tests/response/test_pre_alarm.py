"""The person at home is asked first: for how long, how often, and what ends it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from agent.core.actuation import ActuationKind
from agent.core.alarm import AlarmId, AlarmState, Hazard, Severity
from agent.core.device import DeviceKind
from agent.core.effect import CancelWake
from agent.core.event import WakeKey, Woken
from agent.core.row import Kind
from agent.response import lifecycle, prompts, waiting
from agent.response.lifecycle import AlarmBook, answered_by
from agent.response.silence import siren_wanted
from agent.response.waiting import NEVER_WAIT, PRE_ALARM_MAX_S, wake_key
from tests.response.kit import (
    DAUGHTER,
    NEIGHBOUR,
    Desk,
    asking,
    only_timer,
    raised,
    restored,
    ring,
    siren,
    stamp,
)


def test_the_person_is_asked_at_once_and_again_and_then_help_is_called() -> None:
    desk = Desk()
    first = desk.take(asking())  # At 1 s.
    assert first.alarm is not None
    assert (first.alarm.state, first.kind) == ("PRE_ALARM", Kind.ALARM_PRE_ALARM)
    assert (first.alarm.pre_alarm, first.alarm.raised) == (stamp(1.0), None)
    assert first.actions == (), "the siren waits for help to be called"
    assert only_timer(first).due_s == 51.0
    again = ring(desk, first.alarm, 51.0)
    assert again.alarm is not None
    assert again.alarm.waiting is not None
    assert (again.kind, again.alarm.waiting.prompts) == (Kind.ALARM_PROMPTED, 2)
    assert only_timer(again).due_s == 101.0
    last = ring(desk, first.alarm, 101.0)
    assert only_timer(last).due_s == 121.0, "151 s would be after the end"
    due = ring(desk, first.alarm, 121.0)
    assert due.alarm is not None
    assert (due.alarm.state, due.kind) == ("ACTIVE", Kind.ALARM_RAISED)
    assert due.actions == (siren(60),)
    assert due.timers == (CancelWake(only_timer(last).key),)
    alarm = due.alarm
    assert (alarm.id, alarm.count, alarm.waiting) == (first.alarm.id, 1, None)
    assert (alarm.detected, alarm.pre_alarm, alarm.raised) == (stamp(1.0), stamp(1.0), stamp(121.0))


def test_no_siren_is_wanted_before_help_is_called() -> None:
    desk = Desk()
    alarm = desk.begin(asking())
    assert not siren_wanted(desk.book)
    ring(desk, alarm, 121.0)
    assert siren_wanted(desk.book)


@pytest.mark.parametrize("hazard", NEVER_WAIT)
@pytest.mark.parametrize("severity", Severity)
def test_sos_smoke_fire_gas_and_co_never_wait(hazard: Hazard, severity: Severity) -> None:
    effect = replace(raised(hazard), severity=severity, pre_alarm_s=900, prompt_every_s=60)
    change = Desk().take(effect)
    assert change.alarm is not None
    assert (change.alarm.state, change.kind) == ("ACTIVE", Kind.ALARM_RAISED)


@pytest.mark.parametrize("nonsense", [0.0, -1.0, -math.inf, math.nan])
def test_what_is_no_time_is_not_waited_for(nonsense: float) -> None:
    assert Desk().begin(asking(nonsense)).state is AlarmState.ACTIVE


@pytest.mark.parametrize("endless", [1801.0, 1e300, math.inf])
def test_nobody_is_asked_for_longer_than_half_an_hour(endless: float) -> None:
    alarm = Desk().begin(asking(endless))
    assert alarm.waiting is not None
    assert alarm.waiting.until_s == 1.0 + PRE_ALARM_MAX_S


@pytest.mark.parametrize(
    ("every_s", "due_s"),
    [(0.0, 121.0), (-3.0, 121.0), (math.nan, 121.0), (math.inf, 121.0), (0.001, 16.0)],
)
def test_a_question_is_put_once_or_with_time_to_answer_it(every_s: float, due_s: float) -> None:
    assert only_timer(Desk().take(asking(every_s=every_s))).due_s == due_s


# --- what ends it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("latched", [True, False])
@pytest.mark.parametrize("momentary", [True, False])
def test_a_condition_that_ends_calls_it_off(latched: bool, momentary: bool) -> None:
    desk = Desk()
    alarm = desk.begin(replace(asking(), latched=latched, momentary=momentary))
    change = desk.take(restored(Hazard.DWELL))
    assert change.alarm is not None
    assert (change.alarm.state, change.kind) == ("CLOSED", Kind.ALARM_CALLED_OFF)
    assert (change.alarm.cause, change.alarm.raised) == ("restored", None)
    assert (change.alarm.restored, change.alarm.closed) == (stamp(2.0), stamp(2.0))
    assert change.timers == (CancelWake(wake_key(alarm.id, waiting.WAIT)),)
    assert ring(desk, alarm, 121.0).kind is None, "its timer rings for nobody"


def test_a_person_in_the_home_answers_and_nobody_is_told() -> None:
    desk = Desk()
    change = desk.ack(desk.begin(asking()), NEIGHBOUR)
    assert change.alarm is not None
    assert (change.alarm.state, change.kind) == ("CLOSED", Kind.ALARM_CALLED_OFF)
    assert (change.alarm.cause, change.alarm.acked_by) == ("answered", "cli:neighbour")
    assert change.alarm.waiting is None


def test_an_ack_from_afar_says_nothing_of_the_person_and_changes_nothing() -> None:
    desk = Desk()
    alarm = desk.begin(asking())
    change = desk.ack(alarm, DAUGHTER)
    assert (change.alarm, change.kind, change.timers) == (alarm, None, ())


def test_an_alarm_that_is_asked_about_may_be_resolved_from_anywhere() -> None:
    desk = Desk()
    change = desk.resolve(desk.begin(asking()), DAUGHTER)
    assert change.alarm is not None
    assert (change.kind, change.alarm.cause) == (Kind.ALARM_CALLED_OFF, "kitchen_smoke")


def test_a_press_for_help_answers_every_question_and_stays_a_call_for_help() -> None:
    desk = Desk()
    dwell, quiet = desk.begin(asking()), desk.begin(asking(hazard=Hazard.INACTIVITY))
    desk.begin(replace(asking(), subject="drill:home", drill=True))
    press = raised(Hazard.SOS, "zb:7")
    sos = desk.begin(press)
    answers = answered_by(desk.book, press)
    assert [answer.alarm for answer in answers] == [dwell.id, quiet.id]
    for answer in answers:
        change = desk.take(answer)
        assert change.alarm is not None
        assert (change.alarm.cause, change.alarm.acked_by) == ("answered", "button:zb:7")
    assert sos.state is AlarmState.ACTIVE
    assert desk.book.get(sos.id) == sos


@pytest.mark.parametrize(
    "what",
    [
        replace(raised(Hazard.SOS), drill=True),
        raised(Hazard.SMOKE),
        restored(Hazard.DWELL),
    ],
)
def test_neither_a_drill_nor_a_detector_answers_for_the_person(what: lifecycle.Cause) -> None:
    desk = Desk()
    desk.begin(asking())
    assert answered_by(desk.book, what) == ()


# --- a second report ------------------------------------------------------------------------------


@pytest.mark.parametrize("pre_alarm_s", [0, 120])
def test_a_second_report_while_asking_calls_for_help_at_once(pre_alarm_s: float) -> None:
    desk = Desk()
    first = desk.begin(asking())
    change = desk.take(asking(pre_alarm_s))
    assert change.alarm is not None
    assert (change.alarm.id, change.alarm.state) == (first.id, "ACTIVE")
    assert (change.kind, change.alarm.count) == (Kind.ALARM_RAISED, 2)
    assert (change.alarm.detected, change.alarm.raised) == (stamp(1.0), stamp(2.0))
    assert change.actions == (siren(60),)


def test_a_graver_report_makes_the_alarm_graver_and_a_milder_one_does_not_make_it_milder() -> None:
    desk = Desk()
    desk.begin(replace(asking(), severity=Severity.S3))
    worse = replace(asking(), severity=Severity.S2, why=replace(asking().why, value="worse"))
    graver = desk.begin(worse)
    assert (graver.severity, graver.why.value, graver.state) == ("S2", "worse", "ACTIVE")
    milder = desk.begin(replace(asking(), severity=Severity.S3))
    assert (milder.severity, milder.why.value, milder.count) == ("S2", "worse", 3)


def test_after_it_was_called_off_the_next_report_asks_anew() -> None:
    desk = Desk()
    first = desk.begin(asking())
    desk.ack(first, NEIGHBOUR)
    second = desk.begin(asking())
    assert (second.state, second.count) == ("PRE_ALARM", 1)
    assert second.id != first.id


def test_what_was_acked_after_help_was_called_is_not_asked_about_again() -> None:
    desk = Desk()
    alarm = desk.begin(asking())
    ring(desk, alarm, 121.0)
    desk.ack(alarm, DAUGHTER)
    again = desk.begin(asking())
    assert (again.state, again.raised) == ("ACTIVE", stamp(121.0))


def test_a_drill_asks_as_the_real_thing_does_and_wants_no_siren() -> None:
    desk = Desk()
    drill = desk.begin(replace(asking(), subject="drill:home", drill=True))
    assert drill.state is AlarmState.PRE_ALARM
    due = ring(desk, drill, 121.0).alarm
    assert due is not None
    assert (due.state, due.siren_until_s) == ("ACTIVE", None)


# --- timers and restarts --------------------------------------------------------------------------


def test_a_timer_that_rings_early_or_for_nobody_changes_nothing() -> None:
    desk = Desk()
    alarm = desk.begin(asking())
    before = desk.book
    early = ring(desk, alarm, 30.0)
    assert (early.kind, only_timer(early).due_s) == (None, 51.0)
    other = raised(Hazard.SMOKE, "zb:9")
    for standing in (AlarmId("x-1"), desk.begin(other).id):
        change = desk.take(Woken(wake_key(standing, waiting.WAIT), 9.0, stamp(9.0)))
        assert (change.alarm, change.kind, change.timers) == (None, None, ())
    assert desk.take(Woken(WakeKey("smoke/zb:9/clear"), 9.0, stamp(9.0))).alarm is None
    assert desk.book.get(alarm.id) == before.get(alarm.id)


def test_questions_that_came_due_while_the_hub_slept_are_not_made_up_for() -> None:
    desk = Desk()
    alarm = desk.begin(asking(600, 60))
    late = ring(desk, alarm, 350.0)
    assert late.alarm is not None
    assert late.alarm.waiting is not None
    assert (late.kind, late.alarm.waiting.prompts) == (Kind.ALARM_PROMPTED, 2)
    assert only_timer(late).due_s == 410.0


def test_a_restart_goes_on_with_what_is_left() -> None:
    desk = Desk()
    alarm = desk.begin(asking())
    book, timers = lifecycle.resume(AlarmBook.of(desk.book.open.values()), stamp(90.0))
    assert book.open == desk.book.open
    assert [(timer.key, timer.due_s) for timer in timers] == [
        (wake_key(alarm.id, waiting.WAIT), 51.0)
    ]
    due = ring(Desk(book), alarm, 500.0).alarm
    assert due is not None
    assert (due.state, due.raised) == ("ACTIVE", stamp(500.0)), "overdue: at once"


def test_hub_time_that_went_back_with_the_power_makes_no_alarm_wait_longer() -> None:
    desk = Desk()
    desk.at_s = 1000.0
    desk.begin(asking())  # At 1001 s: until 1121 s.
    book, (timer,) = lifecycle.resume(desk.book, stamp(960.0))
    (alarm,) = book.open.values()
    assert alarm.waiting is not None
    assert (alarm.waiting.until_s, alarm.waiting.prompt_s) == (1080.0, 1010.0)
    assert timer.due_s == 1010.0
    assert timer.on_resume == "fire_if_overdue"


def test_an_alarm_without_waiting_asks_for_no_timer_after_a_restart() -> None:
    desk = Desk()
    desk.begin(raised())
    assert lifecycle.resume(desk.book, stamp(5.0)) == (desk.book, ())


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hazard", [one for one in Hazard if one not in NEVER_WAIT])
def test_the_question_says_what_is_wrong_what_to_do_and_what_comes_then(hazard: Hazard) -> None:
    alarm = Desk().begin(asking(900, hazard=hazard))
    said = prompts.sentence(alarm, stamp(1.0))
    assert "15 分钟" in said.zh
    assert "within 15 minutes" in said.en
    assert "紧急按钮" in said.zh
    assert "red button" in said.en
    assert max(len(said.zh), len(said.en)) <= 200, "as long as the platform may let speak"
    assert "zb:" not in said.en


def test_the_question_goes_to_every_speaker_in_the_language_of_the_home() -> None:
    alarm = Desk().begin(asking(60))
    for language, word in (("zh", "马上"), ("en", "very soon")):
        action = prompts.question(alarm, stamp(1.0), language)
        assert action.target is DeviceKind.SPEAKER
        assert action.actuation.kind is ActuationKind.SPEAK
        speech = action.actuation.speech
        assert speech is not None
        assert (speech.language, word in speech.text) == (language, True)
