"""The time of day, at its borders, against the clock on the wall."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.clock import Stamp, TimeQuality
from local_rules.day import DAY_S, due_s, is_in_window, second_of_day
from tests.local_rules.kit import stamp

NIGHT = {"from_h": 22.0, "to_h": 6.0}
NOON = {"from_h": 11.0, "to_h": 13.0}
LIMITS = {**NIGHT, "limit_s": 7200.0, "night_limit_s": 600.0}


def at(hour: float, at_s: float = 1000.0) -> Stamp:
    """Return an instant at `hour` o'clock in China; midnight there is 16 o'clock UTC."""
    wall_s = (hour - 8) * 3600 + 20_000 * 86_400
    return replace(stamp(at_s), wall_s=wall_s)


def unknown(at_s: float = 1000.0) -> Stamp:
    return replace(at(12, at_s), quality=TimeQuality.UNKNOWN)


def test_the_day_begins_at_midnight_in_china_and_has_86400_seconds() -> None:
    assert second_of_day(replace(stamp(0), wall_s=0.0)) == 8 * 3600
    assert second_of_day(replace(stamp(0), wall_s=16 * 3600.0 - 1)) == 86_399
    assert second_of_day(replace(stamp(0), wall_s=16 * 3600.0)) == 0
    assert second_of_day(unknown()) is None
    assert DAY_S == 86_400


@pytest.mark.parametrize(
    ("window", "hour", "inside"),
    [
        (NIGHT, 21 + 3599 / 3600, False),
        (NIGHT, 22, True),
        (NIGHT, 0, True),
        (NIGHT, 5 + 3599 / 3600, True),
        (NIGHT, 6, False),
        (NOON, 10 + 3599 / 3600, False),
        (NOON, 11, True),
        (NOON, 12 + 3599 / 3600, True),
        (NOON, 13, False),
        ({"from_h": 6.0, "to_h": 6.0}, 6, True),
        ({"from_h": 6.0, "to_h": 6.0}, 5, True),
        ({"from_h": 6.0, "to_h": 6.0}, 18, True),
    ],
)
def test_a_window_has_its_begin_and_not_its_end(
    window: dict[str, float], hour: float, inside: bool
) -> None:
    assert is_in_window(window, at(hour)) is inside
    assert is_in_window(window, unknown()) is True


@pytest.mark.parametrize(
    ("hour", "since_s", "wanted_s"),
    [
        (12, 1000.0, 8200.0),  # By day the longer limit; the night is far.
        (23, 1000.0, 1600.0),  # By night the shorter one.
        (21.5, 1000.0, 2800.0),  # The night begins sooner than the limit is over: looked at then.
        (5.95, 1000.0, 1180.0),  # The day begins sooner.
        (22, 500.0, 1100.0),
        (6, 0.0, 7200.0),
        (21 + 3599.5 / 3600, 1000.0, 1001.0),  # Never at once again: the timer must not spin.
    ],
)
def test_a_limit_by_day_and_another_at_night(hour: float, since_s: float, wanted_s: float) -> None:
    assert due_s(LIMITS, since_s, at(hour)) == pytest.approx(wanted_s, abs=1e-3)


def test_while_nobody_knows_the_time_the_shorter_limit_holds() -> None:
    assert due_s(LIMITS, 1000.0, unknown()) == 1600.0
    assert due_s({**LIMITS, "limit_s": 60.0}, 1000.0, unknown()) == 1060.0


def test_a_limit_that_is_the_same_by_day_needs_no_look_at_the_border() -> None:
    same = {**LIMITS, "night_limit_s": 7200.0}
    assert due_s(same, 1000.0, at(21.5)) == 8200.0
    assert due_s({"limit_s": 7200.0}, 1000.0, at(21.5)) == 8200.0
