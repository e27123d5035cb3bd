"""The lifecycle of an alarm, transition by transition and as a whole."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agent
from agent.core.alarm import Alarm, AlarmId, AlarmState, Hazard, Severity
from agent.core.command import AckAlarm, ResolveAlarm
from agent.core.effect import RestoreAlarm
from agent.core.errors import CommandRefused
from agent.core.row import QUIET, Kind
from agent.response.lifecycle import CLOSED_KEPT, AlarmBook, apply
from agent.response.transitions import STATES, TABLE, Input, as_markdown, move
from tests.response.kit import DAUGHTER, NEIGHBOUR, Desk, raised, restored, stamp

PLAIN, LATCHED = Hazard.WATER_LEAK, Hazard.SMOKE

# What the house wants, written out by hand: (hazard, state, input) -> (state after, row).
WANTED: dict[tuple[Hazard, str, str], tuple[str, Kind | None]] = {
    (PLAIN, "ACTIVE", "raise"): ("ACTIVE", Kind.ALARM_REPEATED),
    (PLAIN, "ACTIVE", "restore"): ("RTN_UNACKED", Kind.ALARM_RESTORED),
    (PLAIN, "ACTIVE", "ack"): ("ACKED", Kind.ALARM_ACKED),
    (PLAIN, "ACTIVE", "resolve"): ("CLOSED", Kind.ALARM_CLOSED),
    (PLAIN, "ACKED", "raise"): ("ACTIVE", Kind.ALARM_REPEATED),
    (PLAIN, "ACKED", "restore"): ("CLOSED", Kind.ALARM_CLOSED),
    (PLAIN, "ACKED", "ack"): ("ACKED", None),
    (PLAIN, "ACKED", "resolve"): ("CLOSED", Kind.ALARM_CLOSED),
    (PLAIN, "RTN_UNACKED", "raise"): ("ACTIVE", Kind.ALARM_REPEATED),
    (PLAIN, "RTN_UNACKED", "restore"): ("RTN_UNACKED", None),
    (PLAIN, "RTN_UNACKED", "ack"): ("CLOSED", Kind.ALARM_CLOSED),
    (PLAIN, "RTN_UNACKED", "resolve"): ("CLOSED", Kind.ALARM_CLOSED),
    (PLAIN, "CLOSED", "raise"): ("ACTIVE", Kind.ALARM_RAISED),
    (PLAIN, "CLOSED", "restore"): ("CLOSED", None),
    (PLAIN, "CLOSED", "ack"): ("CLOSED", None),
    (PLAIN, "CLOSED", "resolve"): ("CLOSED", None),
    (LATCHED, "ACKED", "restore"): ("ACKED", Kind.ALARM_RESTORED),
    (LATCHED, "RTN_UNACKED", "ack"): ("ACKED", Kind.ALARM_ACKED),
    (LATCHED, "ACTIVE", "ack"): ("ACKED", Kind.ALARM_ACKED),
    (LATCHED, "ACTIVE", "restore"): ("RTN_UNACKED", Kind.ALARM_RESTORED),
}


def alarm_in(desk: Desk, hazard: Hazard, state: str) -> Alarm:
    """Bring a new alarm into `state` by the shortest way."""
    alarm = desk.begin(raised(hazard))
    if state == "ACKED":
        desk.ack(alarm)
    elif state == "RTN_UNACKED":
        desk.take(restored(hazard))
    elif state == "CLOSED":
        desk.resolve(alarm)
    found = desk.book.get(alarm.id)
    assert found is not None
    assert found.state == state
    return found


@pytest.mark.parametrize(("hazard", "state", "what"), WANTED)
def test_every_transition_is_the_one_that_was_wanted(hazard: Hazard, state: str, what: str) -> None:
    desk = Desk()
    alarm = alarm_in(desk, hazard, state)
    if what == "raise":
        change = desk.take(raised(hazard))
    elif what == "restore":
        change = desk.take(restored(hazard))
    else:
        change = desk.ack(alarm) if what == "ack" else desk.resolve(alarm)
    wanted_state, wanted_kind = WANTED[hazard, state, what]
    after = change.alarm or desk.book.get(alarm.id)
    assert after is not None
    assert (after.state, change.kind) == (wanted_state, wanted_kind)
    if wanted_kind is None and change.alarm is not None:
        assert change.alarm == alarm


REPORTS = (Input.RAISE, Input.ASK, Input.HOLD)
WAITS = (AlarmState.SHELVED, AlarmState.PRE_ALARM)


def test_a_report_is_in_the_table_for_every_state_and_leads_to_active_where_one_stands() -> None:
    for state, happened, latched in product(STATES, REPORTS, (False, True)):
        made = move(state, happened, latched=latched)
        assert made is not None
        begins = state in (AlarmState.NORMAL, AlarmState.CLOSED)
        wanted = AlarmState.ACTIVE
        if happened is Input.ASK and begins:
            wanted = AlarmState.PRE_ALARM
        elif happened is Input.HOLD and (begins or state is AlarmState.SHELVED):
            wanted = AlarmState.SHELVED
        assert made.to is wanted


def test_the_table_knows_every_state_and_every_input_and_leads_nowhere_else() -> None:
    assert set(STATES) == set(AlarmState)
    assert {state for state, _ in TABLE} == set(STATES)
    assert {happened for _, happened in TABLE} == set(Input)
    for (state, _), cell in TABLE.items():
        for made in (cell.plain, cell.latched, cell.trouble):
            assert made.to in STATES
            assert made.to is not AlarmState.NORMAL
            # Who was not told of an alarm is not told of its end, and the other way round.
            is_quiet = made.to in WAITS or (state in WAITS and made.to is AlarmState.CLOSED)
            assert (made.kind in QUIET) is is_quiet


def test_from_every_state_there_is_a_way_to_the_end_by_one_word_of_a_person() -> None:
    for state in set(STATES) - {AlarmState.NORMAL, AlarmState.CLOSED}:
        made = move(state, Input.RESOLVE, latched=True)
        assert made is not None
        assert made.to is AlarmState.CLOSED


def test_what_is_not_in_the_table_is_no_move() -> None:
    assert move(AlarmState.CLOSED, Input.ACK, latched=True) is None
    assert move(AlarmState.NORMAL, Input.RESTORE, latched=False) is None
    assert move(AlarmState.PRE_ALARM, Input.ACK, latched=False) is None, "nobody at home spoke"


def test_the_printed_table_has_every_state_and_every_input() -> None:
    lines = as_markdown().splitlines()
    assert lines[0].strip("| ").split(" | ") == list(STATES)
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == list(Input)
    assert sum(line.count("alarm.") for line in lines) == len(TABLE) + 3
    restore = next(line for line in lines if line.startswith("| RESTORE |"))
    assert "CLOSED (alarm.closed); latched: ACKED (alarm.restored)" in restore
    assert "trouble: CLOSED (alarm.closed)" in restore


def test_the_docs_have_the_table_as_it_is() -> None:
    text = Path(agent.__file__).with_name("README.md").read_text(encoding="utf-8")
    drawn = text.split("<!-- lifecycle -->\n")[1].split("<!-- end of lifecycle -->")[0]
    assert drawn == as_markdown(), "write it anew with agent.response.transitions.as_markdown()"


def test_a_fault_that_is_gone_closes_its_trouble_and_the_next_one_is_new() -> None:
    desk = Desk()
    first = desk.begin(replace(raised(Hazard.HUB_FAULT), severity=Severity.S4, latched=False))
    over = desk.take(RestoreAlarm(first.rule, first.subject))
    assert over.alarm is not None
    assert (over.alarm.state, over.kind) == (AlarmState.CLOSED, Kind.ALARM_CLOSED)
    assert over.alarm.closed is not None
    second = desk.begin(replace(raised(Hazard.HUB_FAULT), severity=Severity.S4, latched=False))
    assert second.id != first.id


# --- what an alarm remembers --------------------------------------------------------------------


def test_a_new_alarm_takes_over_what_the_rule_said() -> None:
    effect = raised(Hazard.GAS, "zb:7")
    change = apply(AlarmBook(), effect, stamp(5.0), AlarmId("0000abcd-9"))
    assert change.kind is Kind.ALARM_RAISED
    alarm = change.alarm
    assert alarm is not None
    assert (alarm.id, alarm.rule, alarm.subject) == ("0000abcd-9", "gas", "zb:7")
    assert (alarm.hazard, alarm.severity, alarm.why) == (Hazard.GAS, "S1", effect.why)
    assert (alarm.state, alarm.count, alarm.condition_active) == ("ACTIVE", 1, True)
    assert (alarm.detected, alarm.raised) == (stamp(5.0), stamp(5.0))
    assert (alarm.pre_alarm, alarm.acked, alarm.restored, alarm.closed) == (None, None, None, None)
    assert change.book.find(effect.rule, "zb:7") == alarm


def test_a_second_press_counts_and_brings_the_alarm_back_from_acked() -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SOS))
    desk.ack(alarm)
    again = desk.begin(raised(Hazard.SOS))
    assert (again.id, again.count, again.state) == (alarm.id, 2, "ACTIVE")
    assert (again.acked, again.acked_by, again.raised) == (None, "", alarm.raised)


def test_an_sos_has_no_condition_that_stays_and_waits_for_a_person_all_the_same() -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SOS))
    assert not alarm.condition_active
    assert desk.take(restored(Hazard.SOS)).kind is None
    acked = desk.ack(alarm).alarm
    assert acked is not None
    assert acked.state is AlarmState.ACKED
    closed = desk.resolve(acked, DAUGHTER).alarm
    assert closed is not None
    assert closed.state is AlarmState.CLOSED


def test_ack_restore_and_close_leave_their_time_and_name() -> None:
    desk = Desk()
    alarm = desk.begin(raised(LATCHED))
    desk.ack(alarm)
    desk.take(restored(LATCHED))
    closed = desk.resolve(alarm).alarm
    assert closed is not None
    assert (closed.acked, closed.acked_by) == (stamp(2.0), "platform:daughter")
    assert (closed.restored, closed.closed, closed.cause) == (
        stamp(3.0),
        stamp(4.0),
        "kitchen_smoke",
    )
    assert not closed.condition_active


def test_an_alarm_that_ends_by_itself_leaves_the_time_it_closed() -> None:
    desk = Desk()
    alarm = desk.begin(raised(PLAIN))
    desk.ack(alarm)
    closed = desk.take(restored(PLAIN)).alarm
    assert closed is not None
    assert (closed.restored, closed.closed) == (stamp(3.0), stamp(3.0))
    later = desk.begin(raised(PLAIN))
    desk.take(restored(PLAIN))
    closed = desk.ack(later).alarm
    assert closed is not None
    assert (closed.acked, closed.closed) == (stamp(6.0), stamp(6.0))


def test_smoke_that_ends_twice_tells_it_once() -> None:
    desk = Desk()
    alarm = desk.begin(raised(LATCHED))
    desk.ack(alarm)
    assert desk.take(restored(LATCHED)).kind is Kind.ALARM_RESTORED
    assert desk.take(restored(LATCHED)).kind is None


def test_a_restore_of_what_never_was_is_nothing() -> None:
    change = apply(AlarmBook(), restored(), stamp(1.0), AlarmId("x-1"))
    assert (change.alarm, change.kind, change.book) == (None, None, AlarmBook())


# --- who may close what -------------------------------------------------------------------------


@pytest.mark.parametrize("hazard", list(Hazard))
@pytest.mark.parametrize("state", ["ACTIVE", "ACKED"])
def test_only_on_site_is_smoke_gas_or_co_closed_while_it_holds(hazard: Hazard, state: str) -> None:
    desk = Desk()
    alarm = alarm_in(desk, hazard, state)
    if hazard in (Hazard.SMOKE, Hazard.GAS, Hazard.CO):
        with pytest.raises(CommandRefused, match="in the home") as caught:
            desk.resolve(alarm, DAUGHTER)
        assert caught.value.code == "condition_active"
        assert desk.book.get(alarm.id) == alarm
        assert desk.resolve(alarm, NEIGHBOUR).kind is Kind.ALARM_CLOSED
    else:
        assert desk.resolve(alarm, DAUGHTER).kind is Kind.ALARM_CLOSED


def test_smoke_that_is_over_may_be_closed_from_anywhere() -> None:
    desk = Desk()
    alarm = alarm_in(desk, LATCHED, "RTN_UNACKED")
    assert desk.resolve(alarm, DAUGHTER).kind is Kind.ALARM_CLOSED


def test_a_drill_may_be_closed_from_anywhere() -> None:
    desk = Desk()
    alarm = desk.begin(raised(LATCHED, "drill:zb:1", drill=True))
    assert desk.resolve(alarm, DAUGHTER).kind is Kind.ALARM_CLOSED


@pytest.mark.parametrize("make", [AckAlarm, lambda a, c: ResolveAlarm(a, c, "helped")])
def test_an_unknown_alarm_is_refused_with_the_next_step(make: type[AckAlarm]) -> None:
    with pytest.raises(CommandRefused, match="anju alarm list") as caught:
        apply(AlarmBook(), make(AlarmId("nowhere-1"), NEIGHBOUR), stamp(1.0), AlarmId("x-1"))
    assert caught.value.code == "unknown_alarm"


# --- drills -------------------------------------------------------------------------------------


@pytest.mark.parametrize("first_is_drill", [True, False])
def test_a_drill_and_the_real_thing_never_share_an_alarm(first_is_drill: bool) -> None:
    desk = Desk()
    first = desk.begin(raised(subject="zb:1", drill=first_is_drill))
    second = desk.begin(raised(subject="zb:1", drill=not first_is_drill))
    assert first.id != second.id
    assert (first.drill, second.drill) == (first_is_drill, not first_is_drill)
    assert (first.count, second.count) == (1, 1)


def test_a_restore_finds_the_alarm_of_a_drill() -> None:
    desk = Desk()
    drill = desk.begin(raised(subject="drill:zb:1", drill=True))
    real = desk.begin(raised(subject="zb:1"))
    change = desk.take(restored(subject="drill:zb:1"))
    assert change.alarm is not None
    assert change.alarm.id == drill.id
    assert desk.book.get(real.id) == real


# --- the book -----------------------------------------------------------------------------------


def test_closed_alarms_are_kept_up_to_a_bound_and_the_oldest_go_first() -> None:
    desk = Desk()
    ids = []
    for _ in range(CLOSED_KEPT + 2):
        alarm = desk.begin(raised(PLAIN))
        desk.resolve(alarm)
        ids.append(alarm.id)
    assert list(desk.book.closed) == ids[2:]
    assert desk.book.get(ids[1]) is None
    assert desk.book.get(ids[2]) is not None


def test_open_alarms_are_never_dropped() -> None:
    desk = Desk()
    for number in range(CLOSED_KEPT + 2):
        desk.begin(raised(PLAIN, f"zb:{number}"))
    assert len(desk.book.open) == CLOSED_KEPT + 2


def test_a_book_made_of_the_stored_alarms_goes_on_where_it_stopped() -> None:
    desk = Desk()
    closed = alarm_in(desk, PLAIN, "CLOSED")
    acked = desk.begin(raised(LATCHED))
    desk.ack(acked)
    book = AlarmBook.of([*desk.book.closed.values(), *desk.book.open.values()])
    assert book.open == desk.book.open
    assert book.closed == desk.book.closed
    assert book.by_key == desk.book.by_key
    assert Desk(book, 50.0).ack(closed).kind is None
    assert Desk(book, 50.0).begin(raised(LATCHED)).count == 2


def test_an_id_that_was_given_before_is_a_fault_of_the_program() -> None:
    book = apply(AlarmBook(), raised(), stamp(1.0), AlarmId("x-1")).book
    with pytest.raises(AssertionError):
        apply(book, raised(subject="zb:2"), stamp(2.0), AlarmId("x-1"))


def test_a_change_leaves_the_book_before_it_as_it_was() -> None:
    desk = Desk()
    alarm = desk.begin(raised(PLAIN))
    before = desk.book
    copies = (dict(before.open), dict(before.closed), dict(before.by_key))
    desk.resolve(alarm)
    assert (before.open, before.closed, before.by_key) == copies


def test_something_that_is_no_input_is_a_fault_of_the_program() -> None:
    nonsense: Any = "smoke"
    with pytest.raises(AssertionError):
        apply(AlarmBook(), nonsense, stamp(1.0), AlarmId("x-1"))


OPS = st.lists(
    st.tuples(
        st.sampled_from(["raise", "restore", "ack", "resolve"]),
        st.sampled_from([Hazard.SOS, Hazard.SMOKE, Hazard.WATER_LEAK]),
        st.sampled_from(["zb:1", "zb:2"]),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(OPS)
def test_whatever_happens_no_call_for_help_is_silent_and_none_is_doubled(
    ops: list[tuple[str, Hazard, str, bool]],
) -> None:
    desk = Desk()
    counts: dict[AlarmId, int] = {}
    latest: dict[tuple[Hazard, str], Alarm] = {}
    for what, hazard, subject, on_site in ops:
        caller = NEIGHBOUR if on_site else DAUGHTER
        known = latest.get((hazard, subject))
        if what == "raise":
            alarm = desk.begin(raised(hazard, subject))
            counts[alarm.id] = counts.get(alarm.id, 0) + 1
            latest[hazard, subject] = alarm
            assert alarm.state is AlarmState.ACTIVE  # Never silent.
            assert alarm.count == counts[alarm.id]
        elif what == "restore":
            desk.take(restored(hazard, subject))
        elif known is not None and what == "ack":
            desk.ack(known, caller)
        elif known is not None:
            with suppress(CommandRefused):
                desk.resolve(known, caller)
        keys = [(alarm.rule, alarm.subject) for alarm in desk.book.open.values()]
        assert len(keys) == len(set(keys))  # None is doubled.
        assert {desk.book.by_key[k] for k in desk.book.by_key} == set(desk.book.open)
        assert all(alarm.is_open for alarm in desk.book.open.values())
        assert all(alarm.closed is not None for alarm in desk.book.closed.values())
        assert not any(alarm.hushed for alarm in desk.book.closed.values())
        assert not set(desk.book.open) & set(desk.book.closed)
