"""A rule that a person in the home has muted: for how long, which never, and what becomes of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.command import MuteRule, UnmuteRule
from agent.core.effect import CancelWake, WakeAt
from agent.core.errors import CommandRefused
from agent.core.event import WakeKey
from agent.core.limits import MUTE_MAX_S
from agent.core.row import Kind
from agent.response import mutes
from agent.response.lifecycle import Held, held_of
from agent.response.mutes import Mute, MuteBook, may_be_muted
from agent.response.silence import siren_wanted
from agent.response.waiting import NEVER_WAIT
from local_rules import catalog
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

DOOR = RuleId("door_open")
HOUR = MuteRule(DOOR, 3600, NEIGHBOUR, "airing")
REPORT = replace(
    raised(Hazard.DOOR_OPEN, latched=False, actions=(siren(10),)), severity=Severity.S2, rule=DOOR
)


def muted(command: MuteRule = HOUR, at_s: float = 10.0) -> MuteBook:
    return mutes.mute(MuteBook(), command, Severity.S3, Hazard.DOOR_OPEN, stamp(at_s)).book


def test_a_mute_holds_for_its_time_and_has_a_timer() -> None:
    done = mutes.mute(MuteBook(), HOUR, Severity.S3, Hazard.DOOR_OPEN, stamp(10.0))
    assert done.begun == Mute(
        DOOR, 10.0, 3610.0, stamp(10.0).wall_s + 3600, "cli:neighbour", "airing"
    )
    (timer,) = done.timers
    assert isinstance(timer, WakeAt)
    assert (mutes.rule_of(timer.key), timer.due_s) == (DOOR, 3610.0)
    for at_s, until_s in ((10.0, 3610.0), (3609.9, 3610.0), (3610.0, None), (9e9, None)):
        assert mutes.held_until_s(done.book, REPORT, stamp(at_s)) == until_s
    other = replace(REPORT, rule=RuleId("stove"))
    assert mutes.held_until_s(done.book, other, stamp(11.0)) is None


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.id)
def test_no_rule_that_saves_a_life_is_ever_muted(row: catalog.Row) -> None:
    command = MuteRule(row.id, 3600, NEIGHBOUR)
    if row.severity is not Severity.S1 and row.hazard not in NEVER_WAIT:
        assert mutes.mute(MuteBook(), command, row.severity, row.hazard, stamp(1.0)).begun
        return
    with pytest.raises(CommandRefused, match="anju alarm ack") as caught:
        mutes.mute(MuteBook(), command, row.severity, row.hazard, stamp(1.0))
    assert caught.value.code == "never_muted"


def test_rules_1_3_5_and_6_are_among_those_that_are_never_muted() -> None:
    numbers = {row.number for row in catalog.ROWS if not may_be_muted(row.severity, row.hazard)}
    assert {1, 3, 5, 6} <= numbers


def test_no_rule_is_called_like_the_timers_of_alarms_and_mutes() -> None:
    assert not {"alarm", "mute"} & {row.id for row in catalog.ROWS}


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("hazard", NEVER_WAIT)
def test_sos_smoke_fire_gas_and_co_pass_whatever_is_muted(
    hazard: Hazard, severity: Severity
) -> None:
    report = replace(REPORT, hazard=hazard, severity=severity)
    assert mutes.held_until_s(muted(), report, stamp(11.0)) is None


def test_a_report_that_has_become_grave_passes_and_so_does_a_drill() -> None:
    assert mutes.held_until_s(muted(), replace(REPORT, severity=Severity.S1), stamp(11.0)) is None
    assert mutes.held_until_s(muted(), replace(REPORT, drill=True), stamp(11.0)) is None


@pytest.mark.parametrize("for_s", [0.0, -5.0, 59.9, MUTE_MAX_S + 1, math.inf, math.nan])
def test_a_mute_of_no_time_or_of_more_than_a_day_is_refused(for_s: float) -> None:
    with pytest.raises(CommandRefused, match="24h") as caught:
        muted(replace(HOUR, for_s=for_s))
    assert caught.value.code == "bad_duration"


def test_nobody_outside_the_home_mutes_or_unmutes() -> None:
    for attempt in (
        lambda: muted(replace(HOUR, caller=DAUGHTER)),
        lambda: mutes.unmute(muted(), UnmuteRule(DOOR, DAUGHTER)),
    ):
        with pytest.raises(CommandRefused, match="on site") as caught:
            attempt()
        assert caught.value.code == "not_on_site"


def test_a_mute_ends_by_itself_and_not_before() -> None:
    book = muted()
    key = WakeKey(f"mute/{DOOR}/end")
    early = mutes.wake(book, key, stamp(100.0))
    assert (early.book, early.ended, len(early.timers)) == (book, None, 1)
    done = mutes.wake(book, key, stamp(3610.0))
    assert (done.book, done.timers) == (MuteBook(), (CancelWake(key),))
    assert done.ended is not None
    assert mutes.wake(done.book, key, stamp(3611.0)) == mutes.Muting(MuteBook())
    assert mutes.wake(book, WakeKey("alarm/x-1/wait"), stamp(9e9)) == mutes.Muting(book)


def test_a_second_mute_takes_the_place_of_the_first_and_unmute_ends_it() -> None:
    first = muted()
    again = mutes.mute(first, replace(HOUR, for_s=60), Severity.S3, Hazard.DOOR_OPEN, stamp(20.0))
    assert again.book.by_rule[DOOR].until_s == 80.0
    assert mutes.unmute(again.book, UnmuteRule(DOOR, NEIGHBOUR)).book == MuteBook()
    assert mutes.unmute(MuteBook(), UnmuteRule(DOOR, NEIGHBOUR)).ended is None
    assert first.by_rule[DOOR].until_s == 3610.0, "books are values"


def test_a_restart_makes_no_mute_longer_wherever_hub_time_went() -> None:
    for now_s, until_s in ((20.0, 3610.0), (9000.0, 3610.0), (4.0, 3604.0), (-500.0, 3100.0)):
        book, (timer,) = mutes.resume(muted(), stamp(now_s))
        assert (book.by_rule[DOOR].until_s, timer.due_s) == (until_s, until_s)
    forged = MuteBook({DOOR: Mute(DOOR, 0.0, 1e12, 1e12, "x")})
    book, _ = mutes.resume(forged, stamp(7.0))
    assert book.by_rule[DOOR].until_s == 7.0 + MUTE_MAX_S


def test_a_mute_survives_json_and_rubbish_is_refused() -> None:
    one = muted().by_rule[DOOR]
    assert mutes.decode(DOOR, mutes.encode(one)) == one
    for text in ("", "7", "[]", "[1,2]", '["a",1,2,"b","c"]', '[1,NaN,2,"b","c"]', "{}", "null"):
        with pytest.raises((ValueError, TypeError)):
            mutes.decode(DOOR, text)


# --- what it holds back ---------------------------------------------------------------------------


def test_what_is_held_back_is_an_alarm_that_waits_and_is_raised_at_the_end() -> None:
    desk = Desk()
    change = desk.take(Held(REPORT, 3610.0))
    alarm = change.alarm
    assert alarm is not None
    assert (alarm.state, change.kind, change.actions) == ("SHELVED", Kind.ALARM_SHELVED, ())
    assert only_timer(change).due_s == 3610.0
    assert not siren_wanted(desk.book)
    due = ring(desk, alarm, 3610.0)
    assert due.alarm is not None
    assert (due.alarm.state, due.kind, due.actions) == ("ACTIVE", Kind.ALARM_RAISED, (siren(10),))
    assert (due.alarm.detected, due.alarm.raised) == (stamp(1.0), stamp(3610.0))


def test_what_ended_while_it_was_held_back_is_called_off() -> None:
    desk = Desk()
    alarm = desk.begin(REPORT)  # The desk knows no mutes: it stands.
    desk.resolve(alarm)
    held = desk.take(Held(REPORT, 100.0)).alarm
    change = desk.take(replace(restored(Hazard.DOOR_OPEN), rule=DOOR))
    assert held is not None
    assert change.alarm is not None
    assert (change.alarm.id, change.kind) == (held.id, Kind.ALARM_CALLED_OFF)
    assert (change.alarm.cause, change.alarm.raised) == ("restored", None)


def test_a_report_again_while_held_back_counts_and_keeps_the_first_end() -> None:
    desk = Desk()
    desk.take(Held(REPORT, 3610.0))
    again = desk.take(Held(REPORT, 90_000.0)).alarm
    assert again is not None
    assert again.waiting is not None
    assert (again.count, again.waiting.until_s, again.state) == (2, 3610.0, "SHELVED")


def test_a_grave_report_of_what_is_held_back_calls_for_help_at_once() -> None:
    desk = Desk()
    desk.take(Held(REPORT, 3610.0))
    change = desk.take(replace(REPORT, severity=Severity.S1))
    assert change.alarm is not None
    assert (change.alarm.state, change.alarm.severity) == ("ACTIVE", "S1")


def test_an_ack_answers_nothing_that_is_held_back() -> None:
    desk = Desk()
    alarm = desk.take(Held(REPORT, 3610.0)).alarm
    assert alarm is not None
    assert desk.ack(alarm, NEIGHBOUR).kind is None
    assert desk.resolve(alarm, DAUGHTER).kind is Kind.ALARM_CALLED_OFF


def test_a_mute_leaves_alone_what_stands_already() -> None:
    desk = Desk()
    alarm = desk.begin(REPORT)
    desk.ack(alarm, NEIGHBOUR)
    change = desk.take(Held(REPORT, 3610.0))
    assert change.alarm is not None
    assert (change.alarm.id, change.alarm.state) == (alarm.id, "ACTIVE")


def test_when_the_mute_is_taken_back_all_it_held_is_let_go_of_and_nothing_else() -> None:
    desk = Desk()
    first = desk.take(Held(REPORT, 3610.0)).alarm
    second = desk.take(Held(replace(REPORT, subject="zb:2"), 3610.0)).alarm
    asked = desk.begin(asking())
    assert first is not None
    assert second is not None
    releases = held_of(desk.book, DOOR)
    assert [release.alarm for release in releases] == [first.id, second.id]
    for release in releases:
        assert desk.take(release).kind is Kind.ALARM_RAISED
        assert desk.take(release).kind is None, "once"
    assert held_of(desk.book, DOOR) == ()
    assert held_of(desk.book, asked.rule) == ()
