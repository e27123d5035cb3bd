"""What an alarm keeps and lets go at each turn of its life, and the words of its refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.actuation import Actuation, ActuationKind, LocalAction
from agent.core.alarm import AlarmId, AlarmState, Hazard, Severity
from agent.core.device import DeviceKind
from agent.core.errors import CommandRefused
from agent.response.lifecycle import CLOSED_KEPT, TROUBLE, AlarmBook, apply
from agent.response.transitions import Input, as_markdown, move
from tests.response.kit import DAUGHTER, NEIGHBOUR, Desk, raised, restored, siren, stamp


def test_smoke_that_comes_back_holds_again_and_has_no_end_yet() -> None:
    desk = Desk()
    desk.begin(raised())
    over = desk.take(restored()).alarm
    assert over is not None
    assert (over.condition_active, over.restored) == (False, stamp(2))
    again = desk.begin(raised())
    assert (again.condition_active, again.restored) == (True, None)


def test_a_button_pressed_again_has_no_condition_that_stays() -> None:
    desk = Desk()
    desk.begin(raised(Hazard.SOS))
    assert desk.begin(raised(Hazard.SOS)).condition_active is False


def test_a_siren_sounds_as_long_as_the_longest_and_a_lamp_sounds_not_at_all() -> None:
    lamp = LocalAction(DeviceKind.LIGHT, Actuation(ActuationKind.SWITCH_ON, 900))
    desk = Desk()
    alarm = desk.begin(raised(actions=(siren(60), lamp, siren(300), siren(10))))
    assert alarm.siren_until_s == 301.0
    shorter = desk.begin(raised(actions=(siren(10),)))
    assert (shorter.id, shorter.siren_until_s) == (alarm.id, 301.0)
    silent = desk.begin(raised(Hazard.GAS, "zb:2", actions=(lamp,)))
    assert silent.siren_until_s is None
    drill = desk.begin(raised(Hazard.CO, "zb:3", drill=True, actions=(siren(60),)))
    assert drill.siren_until_s is None


def test_what_is_not_closed_has_no_time_of_closing() -> None:
    desk = Desk()
    alarm = desk.begin(raised(latched=False))
    acked = desk.ack(alarm).alarm
    assert acked is not None
    assert (acked.acked, acked.closed) == (stamp(2), None)
    other = desk.begin(raised(Hazard.CO, "zb:2", latched=False))
    over = desk.take(restored(Hazard.CO, "zb:2")).alarm
    assert over is not None
    assert (over.state, over.closed, over.raised) == (AlarmState.RTN_UNACKED, None, other.raised)


@pytest.mark.parametrize(
    ("severity", "state"),
    [
        (Severity.S1, AlarmState.RTN_UNACKED),
        (Severity.S2, AlarmState.RTN_UNACKED),
        (Severity.S3, AlarmState.RTN_UNACKED),
        (Severity.S4, AlarmState.CLOSED),
        (Severity.S5, AlarmState.CLOSED),
    ],
)
def test_only_a_trouble_closes_by_itself(severity: Severity, state: AlarmState) -> None:
    desk = Desk()
    desk.begin(replace(raised(latched=False), severity=severity))
    over = desk.take(restored()).alarm
    assert over is not None
    assert over.state is state
    assert set(TROUBLE) == {Severity.S4, Severity.S5}


def test_an_alarm_that_is_over_already_cannot_end_again_whatever_its_record_says() -> None:
    """A stored alarm may be odd: over, and its condition still marked as holding."""
    alarm = replace(Desk().begin(raised()), state=AlarmState.RTN_UNACKED, condition_active=True)
    book = AlarmBook.of([alarm])
    change = apply(book, restored(), stamp(9), AlarmId("new"))
    assert (change.alarm, change.kind, change.book) == (alarm, None, book)


def test_a_closed_alarm_leaves_nothing_behind_and_takes_nothing_of_the_others() -> None:
    desk = Desk()
    smoke = desk.begin(raised(actions=(siren(60),)))
    gas = desk.begin(raised(Hazard.GAS, "zb:2", actions=(siren(60),)))
    desk.ack(smoke, NEIGHBOUR)
    desk.ack(gas, NEIGHBOUR)
    assert [alarm.hushed for alarm in desk.book.open.values()] == [True, True]
    desk.resolve(smoke)
    assert [(alarm.hushed, alarm.siren_until_s) for alarm in desk.book.open.values()] == [
        (True, gas.siren_until_s)
    ]
    assert set(desk.book.open) == {gas.id}
    assert set(desk.book.by_key.values()) == {gas.id}
    assert list(desk.book.closed) == [smoke.id]


def test_so_many_closed_alarms_are_kept() -> None:
    assert CLOSED_KEPT == 256


def test_a_refusal_says_what_was_asked_why_not_and_what_to_do() -> None:
    desk = Desk()
    alarm = desk.begin(raised())
    with pytest.raises(CommandRefused) as caught:
        desk.resolve(alarm, DAUGHTER)
    assert str(caught.value).endswith(
        f"alarm {alarm.id} cannot be closed from outside the home: zb:1 still reports smoke. "
        "Acknowledge it, send somebody there, and close it in the home or once the detector is "
        "clear."
    )
    with pytest.raises(CommandRefused) as caught:
        desk.ack(replace(alarm, id=AlarmId("none")))
    assert str(caught.value).endswith(
        "alarm none is not known here: wanted one that is open or was closed lately. See the list "
        "with: anju alarm list"
    )


def test_the_drawing_of_the_lifecycle_is_the_table_and_a_table() -> None:
    head, rule, *lines = as_markdown().splitlines()
    assert head == "| | NORMAL | SHELVED | PRE_ALARM | ACTIVE | ACKED | RTN_UNACKED | CLOSED |"
    assert rule == "|---" * 8 + "|"
    assert [line.split(" | ")[0] for line in lines] == [f"| {happened}" for happened in Input]
    assert lines[3] == "| PROMPT | - | - | PRE_ALARM (alarm.prompted) | - | - | - | - |"
    assert lines[5] == (
        "| RESTORE | - | CLOSED (alarm.called_off) | CLOSED (alarm.called_off) | "
        "RTN_UNACKED (alarm.restored); trouble: CLOSED (alarm.closed) | "
        "CLOSED (alarm.closed); latched: ACKED (alarm.restored) | - | - |"
    )


def test_an_alarm_is_no_trouble_unless_it_is_said_to_be() -> None:
    plain = move(AlarmState.ACTIVE, Input.RESTORE, latched=False)
    assert plain is not None
    assert plain.to is AlarmState.RTN_UNACKED
    trouble = move(AlarmState.RTN_UNACKED, Input.ACK, latched=False, trouble=True)
    assert trouble == move(AlarmState.RTN_UNACKED, Input.ACK, latched=False)
