"""The pattern `sequence` against an oracle that sees the whole trace at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.reading import Quantity
from local_rules import day
from local_rules.catalog import book
from local_rules.rule import AnyRule, RuleBook
from tests.local_rules.kit import Home, says, stamp
from tests.local_rules.rehearsal import at_hour

BOOK = book(
    tuned={
        "medication_missed.within_s": 3600.5,
        "medication_missed.before_s": 1800,
        "medication_missed.rearm_s": 3600,
        "night_exit.within_s": 180.5,
        "night_exit.rearm_s": 3600,
    }
)
GAPS = [1, 59, 60, 61, 179, 180, 181, 900, 1799, 1800, 1801, 3600, 3601, 7200, 20000]


@dataclass(frozen=True)
class Said:
    at_s: float
    is_first: bool


@st.composite
def traces(draw: st.DrawFn) -> list[Said]:
    at_s, trace = at_hour(21.5), list[Said]()
    for _ in range(draw(st.integers(0, 15))):
        at_s += draw(st.sampled_from(GAPS))
        trace.append(Said(at_s, draw(st.booleans())))
    return trace


def counts(rule: AnyRule, at_s: float) -> bool:
    """Return whether an A at this time is inside the window, if there is one."""
    if "from_h" not in rule.values:
        return True
    hour = (day.second_of_day(stamp(at_s)) or 0.0) / 3600
    return hour >= rule.values["from_h"] or hour < rule.values["to_h"]


def told(rule: AnyRule, trace: list[Said]) -> list[tuple[float, str]]:
    """Say what must be told, from the stretches between one B and the next."""
    values, out = rule.values, list[tuple[float, str]]()
    ends = [said.at_s for said in trace if not said.is_first]
    if "settle_s" in values:
        ends = settled(rule, trace)
    for start_s, end_s in pairwise([float("-inf"), *ends, float("inf")]):
        firsts = [
            said.at_s
            for said in trace
            if said.is_first
            and start_s < said.at_s < end_s
            and counts(rule, said.at_s)
            and said.at_s - start_s > values.get("before_s", -1)
        ]
        if not firsts or firsts[0] + values["within_s"] >= end_s:
            continue
        raised = [firsts[0] + values["within_s"]]
        for at_s in firsts:
            if at_s - raised[-1] >= values["rearm_s"]:
                raised.append(at_s)
        out += [(at_s, "raise") for at_s in raised]
        if end_s != float("inf"):
            out.append((end_s, "restore"))
    return out


def settled(rule: AnyRule, trace: list[Said]) -> list[float]:
    """Return the times of the B that end something: not those that still belong to an A."""
    ends, since_s, values = list[float](), float("inf"), rule.values
    for said in trace:
        if said.is_first:
            if since_s == float("inf") and counts(rule, said.at_s):
                since_s = said.at_s
        elif not said.at_s - since_s < values["settle_s"] or since_s == float("inf"):
            ends.append(said.at_s)
            since_s = float("inf")
    return ends


def run(name: str, first: Quantity, then: Quantity, trace: list[Said]) -> list[tuple[float, str]]:
    home = Home(RuleBook.of((BOOK.by_id[RuleId(name)],)))
    for said in trace:
        home.take(says(first if said.is_first else then, True, said.at_s))
    home.wait_until(1e9)
    return [(at_s, what.split()[0]) for at_s, what in home.alarms()]


@settings(max_examples=400, deadline=None)
@given(traces())
def test_a_dose_is_answered_before_or_after_it_is_due(trace: list[Said]) -> None:
    made = run("medication_missed", Quantity.DOSE_DUE, Quantity.LID_OPEN, trace)
    assert made == told(BOOK.by_id[RuleId("medication_missed")], trace)


@settings(max_examples=400, deadline=None)
@given(traces())
def test_a_door_counts_inside_the_window_only(trace: list[Said]) -> None:
    made = run("night_exit", Quantity.CONTACT_OPEN, Quantity.MOTION, trace)
    assert made == told(BOOK.by_id[RuleId("night_exit")], trace)
