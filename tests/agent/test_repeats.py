"""The same radio frame within seconds is a retransmission, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.device import DeviceId
from agent.core.limits import REPEAT_WINDOW_S
from agent.core.reading import Quantity, Reading
from agent.repeats import Repeats
from tests.clocks import HandClock

BUTTON = DeviceId("zb:0000000000000001")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def press(clock: HandClock, frame: str | None = "1.0500.07.0100") -> Reading:
    return Reading(BUTTON, Quantity.SOS, True, clock.now(), "alarm1", frame=frame)


def test_a_frame_is_new_the_first_time(clock: HandClock) -> None:
    assert Repeats().seq_of(press(clock)) is None


@pytest.mark.parametrize("after_s", [0.0, 0.001, 11.0, REPEAT_WINDOW_S])
def test_the_same_frame_within_the_window_is_known_by_its_row(
    clock: HandClock, after_s: float
) -> None:
    repeats = Repeats()
    repeats.remember(press(clock), 42)
    clock.advance(after_s)
    assert repeats.seq_of(press(clock)) == 42


@pytest.mark.parametrize("after_s", [REPEAT_WINDOW_S + 0.001, 60.0, 86_400.0])
def test_the_same_frame_after_the_window_is_new(clock: HandClock, after_s: float) -> None:
    repeats = Repeats()
    repeats.remember(press(clock), 42)
    clock.advance(after_s)
    assert repeats.seq_of(press(clock)) is None


def test_a_reading_without_frame_is_never_a_repeat(clock: HandClock) -> None:
    repeats = Repeats()
    repeats.remember(press(clock, frame=None), 42)
    assert repeats.seq_of(press(clock, frame=None)) is None


def test_another_device_input_or_quantity_of_the_same_frame_is_new(clock: HandClock) -> None:
    repeats = Repeats()
    first = press(clock)
    repeats.remember(first, 42)
    assert repeats.seq_of(replace(first, device=DeviceId("zb:2"))) is None
    assert repeats.seq_of(replace(first, channel="alarm2")) is None
    assert repeats.seq_of(replace(first, quantity=Quantity.TAMPER)) is None
    assert repeats.seq_of(replace(first, value=False)) == 42, "the frame is what counts"


def test_what_the_journal_remembers_counts_as_heard(clock: HandClock) -> None:
    repeats = Repeats()
    key = (BUTTON, Quantity.SOS, "alarm1", "1.0500.07.0100")
    repeats.restore(key, 9, clock.now().at_s - 14.0)
    assert repeats.seq_of(press(clock)) == 9
    clock.advance(1.5)
    assert repeats.seq_of(press(clock)) is None


def test_a_row_without_frame_is_not_restored(clock: HandClock) -> None:
    repeats = Repeats()
    repeats.restore((BUTTON, Quantity.SOS, "alarm1", ""), 9, clock.now().at_s)
    assert repeats.seq_of(press(clock, frame="")) is None


def test_a_storm_forgets_the_oldest_frames_and_keeps_the_newest(clock: HandClock) -> None:
    repeats = Repeats()
    for number in range(5_000):
        repeats.remember(press(clock, frame=f"f{number}"), number)
    assert repeats.seq_of(press(clock, frame="f0")) is None, "the memory has a bound"
    assert repeats.seq_of(press(clock, frame="f4999")) == 4_999
    assert repeats.seq_of(press(clock, frame="f904")) == 904


def test_a_frame_remembered_anew_is_as_young_as_the_newest(clock: HandClock) -> None:
    repeats = Repeats()
    repeats.remember(press(clock, frame="kept"), 1)
    for number in range(4_000):
        repeats.remember(press(clock, frame=f"f{number}"), number)
    repeats.remember(press(clock, frame="kept"), 2)
    for number in range(4_000):
        repeats.remember(press(clock, frame=f"g{number}"), number)
    assert repeats.seq_of(press(clock, frame="kept")) == 2
