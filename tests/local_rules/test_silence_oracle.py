"""The pattern `silence` against an oracle that sees the whole trace at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.patterns.silence import Silence
from local_rules.rule import RuleBook
from tests.local_rules.kit import Home, says

REARM_S = 30_000 + 1 / 64  # Exact as a float, and never at the instant of a reading.
BOOK = book(
    tuned={
        "no_water.limit_s": 21600.5,
        "no_water.night_limit_s": 21600.5,
        "no_water.rearm_s": REARM_S,
        "inactivity.limit_s": 20000.5,
        "inactivity.night_limit_s": 20000.5,
        "inactivity.personal_least_s": 10000,
        "inactivity.personal_most_s": 40000,
        "inactivity.rearm_s": REARM_S,
    }
)
HOME_WORDS = ("home", "maybe_away", "away", "unknown")
GAPS = [1, 2, 300, 3600, 10000, 21600, 21601, 30000, 30001, 60000]


@dataclass(frozen=True)
class Said:
    """A sign (what=""), who is at home, or the personal limit."""

    at_s: float
    what: str | float


@st.composite
def traces(draw: st.DrawFn, *others: str | float) -> list[Said]:
    at_s, trace = 1000.0, [Said(1000.0, "")]
    for _ in range(draw(st.integers(0, 15))):
        at_s += draw(st.sampled_from(GAPS))
        trace.append(Said(at_s, draw(st.sampled_from(["", "", "", *others]))))
    return trace


def told(trace: list[Said], limit_s: float, end_s: float) -> list[tuple[float, str]]:
    """Say what must be told, stretch by stretch: a stretch is the time between two things said."""
    out: list[tuple[float, str]] = []
    standing, raised_s, heard_s, at_home = False, 0.0, 0.0, True
    for said, following in zip(trace, [*trace[1:], Said(end_s, "")], strict=True):
        was_home = at_home
        if said.what in HOME_WORDS:
            at_home = said.what in ("home", "maybe_away")
        ends = said.what in ("", "away")
        if standing and ends:
            out.append((said.at_s, "restore"))
        comes = at_home and not was_home and not standing
        if ends or comes:
            heard_s, standing = said.at_s, False
        # From here to the next thing said nothing happens but what time brings.
        due_s = heard_s + limit_s
        if not standing and at_home and due_s < following.at_s:
            out.append((due_s, "raise"))
            standing, raised_s = True, due_s
        while standing and raised_s + REARM_S < following.at_s:
            raised_s += REARM_S
            out.append((raised_s, "raise"))
    return out


def run(name: str, trace: list[Said], end_s: float) -> list[tuple[float, str]]:
    rule = BOOK.by_id[RuleId(name)]
    home = Home(RuleBook.of((replace(rule, plan=Silence(presence=True)),)))
    for said in trace:
        if said.what == "":
            home.take(says(Quantity.WATER_FLOW_LPH, 3.5, said.at_s))
        else:
            home.take(says(Quantity.PRESENCE, said.what, said.at_s))
    home.wait_until(end_s - 0.01)
    return [(at_s, what.split()[0]) for at_s, what in home.alarms()]


@settings(max_examples=400, deadline=None)
@given(traces(*HOME_WORDS))
def test_it_says_what_the_whole_trace_says(trace: list[Said]) -> None:
    end_s = trace[-1].at_s + 100_000
    limit_s = BOOK.by_id[RuleId("no_water")].values["limit_s"]
    assert run("no_water", trace, end_s) == told(trace, limit_s, end_s)


@settings(max_examples=200, deadline=None)
@given(traces(), st.sampled_from([1.0, 10000.0, 15000.5, 40000.0, 1e9]))
def test_the_personal_limit_holds_inside_the_rows_own_bounds(
    trace: list[Said], line_s: float
) -> None:
    end_s = trace[-1].at_s + 100_000
    home = Home(RuleBook.of((BOOK.by_id[RuleId("inactivity")],)))
    home.take(says(Quantity.ALERT_LINE_S, line_s, 999.0))
    for said in trace:
        home.take(says(Quantity.QUIET_S, 0.0, said.at_s))
    home.wait_until(end_s - 0.01)
    made = [(at_s, what.split()[0]) for at_s, what in home.alarms()]
    bounded_s = min(max(line_s, 10000), 40000)
    # A sign that comes at the very end of the limit comes too late: the timer rings first.
    if any(b.at_s - a.at_s == bounded_s for a, b in pairwise(trace)):
        return
    assert made == told(trace, bounded_s, end_s)
