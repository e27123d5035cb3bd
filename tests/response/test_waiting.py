"""What may wait, for how long, and when the person at home is asked again."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from agent.core.alarm import Hazard
from agent.response import waiting
from agent.response.waiting import asked, asking, asks_again, shelved
from tests.response.kit import asking as report
from tests.response.kit import stamp


def test_the_bounds_of_waiting_are_these() -> None:
    """Written out once more, for whoever takes one of them away must meet somebody."""
    assert set(waiting.NEVER_WAIT) == {
        Hazard.SOS,
        Hazard.SMOKE,
        Hazard.FIRE_HEAT,
        Hazard.GAS,
        Hazard.CO,
    }
    assert (waiting.PRE_ALARM_MAX_S, waiting.PROMPT_LEAST_S, waiting.WAIT) == (1800, 15, "wait")


@pytest.mark.parametrize(
    ("asks_s", "every_s", "next_s"),
    [
        (120, 50, 150.0),
        (120, 119, 219.0),
        (120, 120, None),  # That is the end: help is called then.
        (120, 200, None),
        (120, 0, None),
        (120, 0.5, 115.0),
    ],
)
def test_the_next_question_comes_before_the_end_or_not_at_all(
    asks_s: float, every_s: float, next_s: float | None
) -> None:
    begun = asking(report(asks_s, every_s), stamp(100.0))
    assert (begun.prompt_s, begun.prompts, begun.until_s) == (next_s, 1, 100.0 + asks_s)


def test_a_short_time_between_questions_is_one_all_the_same() -> None:
    every = replace(asking(report(120, 50), stamp(100.0)), prompt_every_s=0.5)
    assert asked(every, stamp(100.0)).prompt_s == 100.5


def test_nobody_is_asked_again_before_it_is_time_or_where_no_question_is_left() -> None:
    begun = asking(report(120, 50), stamp(100.0))
    assert [asks_again(begun, stamp(at_s)) for at_s in (149.9, 150.0, 151.0)] == [False, True, True]
    assert not asks_again(replace(begun, prompt_s=None), stamp(219.0))


def test_what_a_mute_holds_back_at_its_very_end_waits_no_time() -> None:
    assert [
        shelved(report(), stamp(at_s), 100.0).span_s for at_s in (40.0, 99.5, 100.0, 101.0)
    ] == [
        60.0,
        0.5,
        0.0,
        0.0,
    ]


def test_half_a_second_is_a_wait_and_no_time_between_questions_is_endless() -> None:
    assert waiting.pre_alarm_s(report(0.5)) == 0.5
    for every_s in (math.inf, math.nan, -1.0):
        assert asking(report(120, every_s), stamp(100.0)).prompt_every_s == 0.0
