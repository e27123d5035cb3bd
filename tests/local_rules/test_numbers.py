"""What is a number to a rule, and what may be one on the disk."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from agent.core.reading import Value
from local_rules.patterns import stored
from local_rules.patterns.numbers import MOST, as_number, sign_s


@pytest.mark.parametrize("value", [0, -0.0, 1, 2.5, MOST, -MOST, int(MOST)])
def test_a_number_that_a_sensor_may_measure_is_one(value: float) -> None:
    assert as_number(value) == value
    assert stored.number(value) == value
    assert stored.number_or_none(value) == value


@pytest.mark.parametrize("value", [MOST * 1.01, sys.float_info.max, int(sys.float_info.max)])
def test_what_no_sensor_measures_counts_as_the_most_that_one_does(value: float) -> None:
    """It is as far beyond a limit as anything can be, and sums of it stay numbers."""
    assert (as_number(value), as_number(-value)) == (MOST, -MOST)


@pytest.mark.parametrize(
    ("read", "most", "error"),
    [(stored.number, stored.MOST, "finite"), (stored.whole, stored.WHOLE_MOST, "days")],
)
def test_what_is_on_the_disk_can_be_reckoned_with(read: Any, most: Any, error: str) -> None:
    assert (read(most), read(-most)) == (most, -most)
    for bad in (most * 2, -most * 2):
        with pytest.raises(ValueError, match=error):
            read(bad)


@pytest.mark.parametrize(
    ("quiet_s", "last_s"),
    [(0, 50.0), (20, 30.0), (50.0, 0.0), (51, 0.0), (1.7e308, 0.0), (-1, 50.0), ("20", None)],
)
def test_the_last_sign_of_life_was_after_the_beginning_and_not_tomorrow(
    quiet_s: Value, last_s: float | None
) -> None:
    assert sign_s(quiet_s, 50.0) == last_s


@pytest.mark.parametrize(
    "value", [True, False, "1", "", float("inf"), -float("inf"), float("nan"), 10**309, -(10**309)]
)
def test_whatever_else_there_is_is_none(value: Value) -> None:
    assert as_number(value) is None
    with pytest.raises((TypeError, ValueError), match="want a"):
        stored.number(value)
    with pytest.raises((TypeError, ValueError), match="want a"):
        stored.number_or_none(value)


@pytest.mark.parametrize(
    ("read", "good", "bad", "said"),
    [
        (stored.text, "", 7, "7, want text"),
        (stored.text, "zb:1", None, "None, want text"),
        (stored.yes_no, False, 0, "0, want true or false"),
        (stored.yes_no, True, "true", "'true', want true or false"),
        (stored.number, 0, True, "True, want a number"),
        (stored.number, 1.5, "1.5", "'1.5', want a number"),
    ],
)
def test_a_part_of_a_state_is_returned_or_refused_with_what_was_wanted(
    read: Any, good: Any, bad: Any, said: str
) -> None:
    assert read(good) == good
    with pytest.raises(TypeError) as caught:
        read(bad)
    assert str(caught.value) == said


def test_nothing_is_no_number_and_may_stand_for_one() -> None:
    assert stored.number_or_none(None) is None
    with pytest.raises(ValueError, match="inf, want a finite number"):
        stored.number(float("inf"))
