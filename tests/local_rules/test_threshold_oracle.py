"""The pattern `threshold` against an oracle that sees the whole trace at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.rule import AnyRule, RuleBook
from tests.local_rules.kit import DEVICE, Home, says

# Readings come on whole seconds and holds end on halves, so that no timer rings at the instant of a
# reading, where the order is a matter of taste.
TUNED = book(
    tuned={
        "co_ppm.hold_s": 3600.5,
        "co_ppm.hold_2_s": 1800.5,
        "co_ppm.hold_3_s": 300.5,
        "co_ppm.hold_4_s": 0,
        "co_ppm.clear_hold_s": 180.5,
        "pulse_high.hold_s": 60.5,
        "pulse_high.stale_s": 30,
        "bp_systolic_high.repeat_after_s": 300,
        "bp_systolic_high.repeat_within_s": 1800,
        "cold.hold_s": 3600.5,
        "cold.clear_hold_s": 600.5,
    }
)
VALUES: dict[str, list[float]] = {
    "co_ppm": [0, 24.8, 24.9, 29, 30, 49, 50, 99, 100, 299, 300, 400],
    "pulse_high": [70, 110, 111, 130, 131, 150],
    "bp_systolic_high": [120, 159, 160, 179, 180, 200],
    "cold": [10, 15.9, 16, 16.9, 17, 20],
}
GAPS = [0, 1, 29, 30, 31, 60, 61, 180, 181, 299, 300, 301, 600, 1800, 1801, 3600, 3601, 30000]

Trace = list[tuple[float, float]]


def pairs(rule: AnyRule) -> list[tuple[float, float]]:
    values = rule.values
    more = [(values[f"limit_{n}"], values[f"hold_{n}_s"]) for n in range(2, rule.plan.pairs + 1)]
    return [(values["limit"], values.get("hold_s", 0)), *more]


def is_bad(rule: AnyRule, value: float, limit: float) -> bool:
    return value < limit if rule.id == "cold" else value >= limit


def is_back(rule: AnyRule, value: float) -> bool:
    clear = rule.values["clear_limit"]
    return value >= clear if rule.id == "cold" else value < clear


def run_end(trace: Trace, start: int, good: list[bool], stale_s: float) -> float:
    """Return until when what began at index `start` is known to go on."""
    end = start
    while end + 1 < len(trace) and good[end + 1] and trace[end + 1][0] - trace[end][0] <= stale_s:
        end += 1
    next_s = trace[end + 1][0] if end + 1 < len(trace) else float("inf")
    return min(next_s, trace[end][0] + stale_s)


def held_from(rule: AnyRule, trace: Trace, first: int) -> float | None:
    """Return when the alarm is raised for the readings from index `first` on, None: never."""
    stale_s = rule.values.get("stale_s", float("inf"))
    found = []
    for limit, hold_s in pairs(rule):
        bad = [is_bad(rule, value, limit) for _, value in trace]
        for start in range(first, len(trace)):
            until_s = run_end(trace, start, bad, stale_s)
            if bad[start] and trace[start][0] + hold_s <= until_s:
                found.append(trace[start][0] + hold_s)
    return min(found, default=None)


def repeated_from(rule: AnyRule, trace: Trace, first: int) -> float | None:
    after_s, within_s = rule.values["repeat_after_s"], rule.values["repeat_within_s"]
    start = first
    while start < len(trace):
        # One occasion: bad measurements in a row, none later than `within_s` after the first.
        end = start
        while end < len(trace) and is_bad(rule, trace[end][1], rule.values["limit"]):
            if trace[end][0] - trace[start][0] > within_s:
                break
            if trace[end][0] - trace[start][0] >= after_s:
                return trace[end][0]
            end += 1
        start = max(end, start + 1)
    return None


def expect(rule: AnyRule, trace: Trace) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    first = 0
    while True:
        search = repeated_from if rule.plan.repeat else held_from
        raised_s = search(rule, trace, first)
        if raised_s is None:
            return told
        told.append((raised_s, f"raise {DEVICE}"))
        index = next_index(rule, trace, first, raised_s)
        back = [is_back(rule, value) for _, value in trace]
        clear_s, last_raise_s = rule.values["clear_hold_s"], raised_s
        restored_s, backs, back_s = None, 0, 0.0
        while index < len(trace) and restored_s is None:
            at_s, value = trace[index]
            worst = any(is_bad(rule, value, limit) for limit, _ in pairs(rule))
            if worst and at_s - last_raise_s >= rule.values["rearm_s"]:
                last_raise_s = at_s
                told.append((at_s, f"raise {DEVICE}"))
            if not back[index]:
                backs = 0
            elif backs and at_s - back_s < 30:
                pass  # The same measurement, told twice.
            elif backs + 1 < rule.values.get("clear_times", 1):
                backs, back_s = backs + 1, at_s
            else:
                until_s = run_end(trace, index, back, float("inf"))
                if at_s + clear_s <= until_s:
                    restored_s = at_s + clear_s
            index += 1
        if restored_s is None:
            return told
        told.append((restored_s, f"restore {DEVICE}"))
        first = index if not clear_s else next_index(rule, trace, index, restored_s)


def next_index(rule: AnyRule, trace: Trace, first: int, at_s: float) -> int:
    """Return the first reading after the one, or the timer, that did something at `at_s`."""
    if at_s % 1:
        return next((n for n in range(first, len(trace)) if trace[n][0] > at_s), len(trace))
    limit = rule.values.get("limit_4", rule.values["limit"])
    for n in range(first, len(trace)):
        bad_before = [m for m in range(first, n) if is_bad(rule, trace[m][1], limit)]
        did = trace[n][0] == at_s and is_bad(rule, trace[n][1], limit)
        if did and (not rule.plan.repeat or bad_before):
            return n + 1
    return len(trace)


@pytest.mark.parametrize("name", list(VALUES))
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_it_says_what_the_whole_trace_says(name: str, data: st.DataObject) -> None:
    rule = TUNED.by_id[RuleId(name)]
    quantity = next(iter(rule.inputs))
    steps = data.draw(
        st.lists(st.tuples(st.sampled_from(GAPS), st.sampled_from(VALUES[name])), max_size=20)
    )
    at_s, trace = 0.0, []
    for gap_s, value in steps:
        at_s += gap_s
        trace.append((at_s, float(value)))
    home = Home(RuleBook.of((rule,)))
    for then_s, value in trace:
        home.take(says(quantity, value, then_s))
    home.wait_until(1e9)
    assert home.alarms() == expect(rule, trace)


def test_the_pairs_of_the_standard_are_the_ones_that_run() -> None:
    rule = book().by_id[RuleId("co_ppm")]
    for ppm, wanted_s in ((30, 7200), (49, 7200), (50, 3600), (100, 600), (300, 0), (29.9, None)):
        home = Home(RuleBook.of((rule,)))
        home.take(says(Quantity.CO_PPM, ppm, 0.0))
        home.wait_until(1e6)
        assert [at_s for at_s, _ in home.alarms()] == ([] if wanted_s is None else [wanted_s])
