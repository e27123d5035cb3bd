"""When a siren falls silent, and when it must not."""

from __future__ import annotations

import pytest

from agent.core.actuation import Actuation, ActuationKind, LocalAction
from agent.core.alarm import Alarm, Hazard
from agent.core.command import AckAlarm, Caller
from agent.core.device import DeviceKind
from agent.response.lifecycle import Cause
from agent.response.silence import lasting, siren_effects, siren_wanted
from tests.response.kit import DAUGHTER, NEIGHBOUR, Desk, raised, restored, siren, stamp

OFF = (LocalAction(DeviceKind.SIREN, Actuation(ActuationKind.SIREN_OFF)),)
BURNING = [Hazard.SMOKE, Hazard.GAS, Hazard.CO]


def sirens_after(desk: Desk, what: Cause) -> tuple[LocalAction, ...]:
    before = desk.book
    return siren_effects(before, desk.take(what).book)


def acked(alarm: Alarm, caller: Caller) -> AckAlarm:
    return AckAlarm(alarm.id, caller)


@pytest.mark.parametrize("hazard", BURNING)
def test_an_ack_from_afar_does_not_silence_what_still_burns(hazard: Hazard) -> None:
    desk = Desk()
    alarm = desk.begin(raised(hazard))
    assert sirens_after(desk, acked(alarm, DAUGHTER)) == ()
    assert siren_wanted(desk.book)


@pytest.mark.parametrize("hazard", BURNING)
def test_after_an_ack_from_afar_the_siren_stops_when_the_air_is_clear(hazard: Hazard) -> None:
    desk = Desk()
    desk.ack(desk.begin(raised(hazard)), DAUGHTER)
    assert sirens_after(desk, restored(hazard)) == OFF


@pytest.mark.parametrize("hazard", BURNING)
def test_a_person_in_the_home_may_hush_the_siren(hazard: Hazard) -> None:
    desk = Desk()
    alarm = desk.begin(raised(hazard))
    assert sirens_after(desk, acked(alarm, NEIGHBOUR)) == OFF


def test_a_person_in_the_home_may_hush_what_was_acked_from_afar_before() -> None:
    desk = Desk()
    alarm = desk.begin(raised())
    assert sirens_after(desk, acked(alarm, DAUGHTER)) == ()
    assert sirens_after(desk, acked(alarm, NEIGHBOUR)) == OFF
    assert sirens_after(desk, acked(alarm, NEIGHBOUR)) == ()


def test_an_sos_that_somebody_took_on_need_not_sound_any_longer() -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SOS))
    assert sirens_after(desk, acked(alarm, DAUGHTER)) == OFF


def test_smoke_that_cleared_by_itself_still_wants_somebody_to_come() -> None:
    desk = Desk()
    alarm = desk.begin(raised())
    assert sirens_after(desk, restored()) == ()
    assert sirens_after(desk, acked(alarm, DAUGHTER)) == OFF


def test_closing_an_alarm_stops_the_siren() -> None:
    desk = Desk()
    alarm = desk.begin(raised())
    before = desk.book
    assert siren_effects(before, desk.resolve(alarm).book) == OFF


@pytest.mark.parametrize("other", [*BURNING, Hazard.SOS, Hazard.WATER_LEAK])
def test_the_siren_goes_on_while_another_alarm_wants_it(other: Hazard) -> None:
    desk = Desk()
    alarm = desk.begin(raised(Hazard.SMOKE, "zb:1"))
    second = desk.begin(raised(other, "zb:2"))
    assert sirens_after(desk, acked(alarm, NEIGHBOUR)) == ()
    assert sirens_after(desk, acked(second, NEIGHBOUR)) == OFF


@pytest.mark.parametrize("other", [Hazard.TAMPER, Hazard.HUB_FAULT, Hazard.DEVICE_FAULT])
def test_technical_troubles_never_want_a_siren(other: Hazard) -> None:
    desk = Desk()
    desk.begin(raised(other, "zb:2"))
    assert not siren_wanted(desk.book)
    alarm = desk.begin(raised())
    assert sirens_after(desk, acked(alarm, NEIGHBOUR)) == OFF


def test_a_drill_neither_wants_a_siren_nor_stops_one() -> None:
    desk = Desk()
    drill = desk.begin(raised(subject="drill:zb:1", drill=True))
    assert not siren_wanted(desk.book)
    desk.begin(raised())
    assert sirens_after(desk, acked(drill, NEIGHBOUR)) == ()


def test_a_hushed_alarm_that_is_raised_again_wants_to_be_heard_again() -> None:
    desk = Desk()
    desk.ack(desk.begin(raised()), NEIGHBOUR)
    assert not siren_wanted(desk.book)
    desk.begin(raised())
    assert siren_wanted(desk.book)


# --- how long -----------------------------------------------------------------------------------


def test_a_short_siren_never_cuts_off_a_longer_one() -> None:
    desk = Desk()
    desk.begin(raised(Hazard.SMOKE, actions=(siren(300),)))  # At 1 s: until 301 s.
    desk.begin(raised(Hazard.SOS, "zb:2", actions=(siren(60),)))
    assert lasting(desk.book, (siren(60),), stamp(11.0)) == (siren(290),)
    assert lasting(desk.book, (siren(60),), stamp(11.5)) == (siren(290),)
    assert lasting(desk.book, (siren(60),), stamp(240.0)) == (siren(61),)
    assert lasting(desk.book, (siren(60),), stamp(242.0)) == (siren(60),)
    assert lasting(desk.book, (siren(60),), stamp(9000.0)) == (siren(60),)


def test_a_longer_siren_sounds_as_long_as_it_was_asked_to() -> None:
    desk = Desk()
    desk.begin(raised(Hazard.SOS, actions=(siren(60),)))
    assert lasting(desk.book, (siren(300),), stamp(2.0)) == (siren(300),)


def test_without_any_alarm_a_siren_sounds_as_long_as_it_was_asked_to() -> None:
    assert lasting(Desk().book, (siren(60),), stamp(2.0)) == (siren(60),)


def test_a_second_press_never_shortens_what_the_first_one_asked_for() -> None:
    desk = Desk()
    desk.begin(raised(Hazard.SOS, actions=(siren(300),)))
    desk.begin(raised(Hazard.SOS, actions=(siren(10),)))
    assert lasting(desk.book, (siren(10),), stamp(2.0)) == (siren(299),)


def test_a_hushed_alarm_no_longer_lengthens_a_siren() -> None:
    desk = Desk()
    desk.ack(desk.begin(raised(Hazard.SMOKE, actions=(siren(300),))), NEIGHBOUR)
    assert lasting(desk.book, (siren(60),), stamp(3.0)) == (siren(60),)


def test_a_drill_lengthens_no_siren() -> None:
    desk = Desk()
    drill = desk.begin(raised(subject="drill:zb:1", drill=True, actions=(siren(300),)))
    assert lasting(desk.book, (siren(60),), stamp(2.0)) == (siren(60),)
    assert drill.siren_until_s is None


def test_only_sirens_are_lengthened() -> None:
    desk = Desk()
    close = LocalAction(DeviceKind.VALVE, Actuation(ActuationKind.VALVE_CLOSE))
    desk.begin(raised(Hazard.GAS, actions=(siren(300), close)))
    assert lasting(desk.book, (close, *OFF), stamp(2.0)) == (close, *OFF)
