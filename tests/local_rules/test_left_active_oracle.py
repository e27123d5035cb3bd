"""The pattern `left_active` against an oracle that asks of every half second what the whole trace
says of it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.clock import TimeQuality
from agent.core.reading import Quantity
from local_rules import day
from local_rules.catalog import book
from local_rules.rule import AnyRule, RuleBook
from tests.local_rules.kit import Home, says, stamp
from tests.local_rules.rehearsal import at_hour

# Events fall on whole seconds, limits and holds end on halves.
TUNED = book(
    tuned={
        "appliance_on.limit_s": 600.5,
        "appliance_on.pause_s": 20,
        "appliance_on.clear_hold_s": 30.5,
        "appliance_on.rearm_s": 3600,
        "water_running.limit_s": 1800.5,
        "water_running.night_limit_s": 600.5,
        "water_running.pause_s": 60,
        "water_running.clear_hold_s": 60.5,
        "door_open.limit_s": 600.5,
        "door_open.night_limit_s": 300.5,
        "door_open.pause_s": 20,
        "door_open.clear_hold_s": 0,
    }
)
GAPS = [0, 1, 19, 20, 21, 30, 31, 60, 61, 300, 301, 600, 601, 1200, 1800]


@dataclass(frozen=True)
class Said:
    at_s: float
    source: str  # "a", "b", or "person" for who attends to it.
    on: bool


@st.composite
def traces(draw: st.DrawFn, start_s: float, sources: tuple[str, ...]) -> list[Said]:
    """Draw changes and repetitions of what each source says, in order of time."""
    at_s, trace = start_s, list[Said]()
    for _ in range(draw(st.integers(0, 10))):
        at_s += draw(st.sampled_from(GAPS))
        trace.append(Said(at_s, draw(st.sampled_from(sources)), draw(st.booleans())))
    return trace


class Oracle:
    """Knows the whole trace, and asks it anew for each half second."""

    def __init__(self, rule: AnyRule, trace: list[Said]) -> None:
        self.rule, self.trace = rule, trace
        self.runs = list[tuple[float, float]]()
        active: set[str] = set()
        for said in trace:
            if said.source == "person":
                continue
            after = active | {said.source} if said.on else active - {said.source}
            if after and not active:
                self.runs.append((said.at_s, float("inf")))
            if active and not after:
                self.runs[-1] = (self.runs[-1][0], said.at_s)
            active = after

    def is_on(self, at_s: float) -> bool:
        return any(start <= at_s < end for start, end in self.runs)

    def since(self, at_s: float, free_s: float) -> float:
        """Return since when it has been on at `at_s`, pauses bridged, but for one in which an
        alarm ended, or since when nobody has seen to it."""
        begun = -1.0
        for number, (start, _) in enumerate(self.runs):
            if start > at_s:
                break
            before = self.runs[number - 1][1] if number else -1e9
            is_bridged = start - before <= self.rule.values["pause_s"] and not before <= free_s
            begun = begun if is_bridged else start
        seen = [s.at_s for s in self.attended() if s.at_s <= at_s]
        return max([begun, *seen])

    def attended(self) -> list[Said]:
        return [said for said in self.trace if said.source == "person" and said.on]

    def limit(self, at_s: float) -> float:
        values = self.rule.values
        now_s = day.second_of_day(stamp(at_s))
        if "night_limit_s" not in values or now_s is None:
            return values["limit_s"]
        is_night = now_s >= values["from_h"] * 3600 or now_s < values["to_h"] * 3600
        return values["night_limit_s"] if is_night else values["limit_s"]

    def told(self, end_s: float) -> list[tuple[float, str]]:
        told, standing, free_s, raised_s = list[tuple[float, str]](), False, -1.0, 0.0
        clear_s = self.rule.values["clear_hold_s"]
        half = self.trace[0].at_s if self.trace else end_s
        while half <= end_s:
            attended = any(said.at_s == half for said in self.attended())
            if standing:
                ends = [end for _, end in self.runs if end <= half]
                is_over = not self.is_on(half) and half - max(ends, default=0.0) >= clear_s
                if attended or is_over:
                    told.append((half, "restore"))
                    standing, free_s = False, half
                elif self.said_again(half) and half - raised_s >= self.rule.values["rearm_s"]:
                    told.append((half, "raise"))
                    raised_s = half
            waited_s = half - self.since(half, free_s) if self.is_on(half) else 0.0
            if not standing and waited_s >= self.limit(half):
                told.append((half, "raise"))
                standing, raised_s = True, half
            half += 0.5
        return told

    def said_again(self, at_s: float) -> bool:
        """Return whether a source that is on says so once more at `at_s`."""
        on: set[str] = set()
        for said in self.trace:
            if said.source == "person":
                continue
            if said.on and said.at_s == at_s and said.source in on:
                return True
            on = on | {said.source} if said.on else on - {said.source}
        return False


def run(rule: AnyRule, trace: list[Said], end_s: float) -> list[tuple[float, str]]:
    home = Home(RuleBook.of((rule,)))
    active = next(q for q in rule.inputs if q is not rule.plan.attended_by)
    for said in trace:
        if said.source == "person":
            home.take(says(Quantity.MOTION, said.on, said.at_s, room="玄关"))
        else:
            value = (1e4 if said.on else 0.0) if rule.plan.counted else said.on
            home.take(says(active, value, said.at_s, channel=said.source, room="玄关"))
    home.wait_until(end_s)
    return [(at_s, what.split()[0]) for at_s, what in home.alarms()]


def check(name: str, trace: list[Said]) -> None:
    rule = TUNED.by_id[RuleId(name)]
    # Two things at one instant: which was first is a matter of taste.
    trace = list({said.at_s: said for said in reversed(trace)}.values())[::-1]
    end_s = (trace[-1].at_s if trace else 0.0) + 2000
    assert run(rule, trace, end_s) == Oracle(rule, trace).told(end_s)


@settings(max_examples=60, deadline=None)
@given(traces(at_hour(10), ("a", "a", "b", "person")))
def test_an_appliance_with_pauses_and_somebody_about(trace: list[Said]) -> None:
    check("appliance_on", trace)


@settings(max_examples=40, deadline=None)
@given(traces(at_hour(21.7), ("a", "b")))
def test_water_that_runs_into_the_night(trace: list[Said]) -> None:
    check("water_running", trace)


@settings(max_examples=40, deadline=None)
@given(traces(at_hour(5.8), ("a",)))
def test_a_door_that_is_open_at_the_end_of_the_night(trace: list[Said]) -> None:
    check("door_open", trace)


def test_while_the_time_is_not_known_the_shorter_limit_holds() -> None:
    unknown = stamp(at_hour(10))
    unknown = type(unknown)(0.0, 0, unknown.boot_id, 0.0, TimeQuality.UNKNOWN)
    values = TUNED.by_id[RuleId("door_open")].values
    assert day.due_s(values, 0.0, unknown) == 300.5
