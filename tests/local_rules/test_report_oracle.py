"""The pattern `report` against an oracle that sees the whole trace at once."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.event import Observed
from agent.core.limits import REPEAT_WINDOW_S
from agent.core.reading import Quantity
from local_rules.catalog import book
from local_rules.rule import AnyRule
from tests.local_rules.kit import DEVICE, Home, all_but, says

# Events fall on whole seconds and holds end on halves, so that no timer rings at the instant of an
# event, where the order is a matter of taste.
LEAK = book(
    tuned={
        "water_leak.debounce_s": 3,
        "water_leak.trigger_hold_s": 4.5,
        "water_leak.clear_hold_s": 60.5,
        "water_leak.rearm_s": 600,
    },
    off=all_but("report"),
)
SMOKE = book(tuned={"smoke.clear_hold_s": 60.5, "smoke.rearm_s": 60}, off=all_but("report"))
SOS = book(tuned={"sos.debounce_s": 1}, off=all_but("report"))


@dataclass(frozen=True)
class Said:
    """One frame of the device, or a late copy of one, or a drill."""

    at_s: int
    channel: str
    value: bool
    drill: bool = False
    repeat: bool = False


@st.composite
def traces(draw: st.DrawFn) -> list[Said]:
    """Draw frames in order of time, with copies of up to 15 s ago and drills in between."""
    at_s, trace = 0, list[Said]()
    for _ in range(draw(st.integers(0, 25))):
        at_s += draw(st.sampled_from([0, 1, 2, 3, 4, 5, 14, 15, 16, 59, 60, 61, 62, 300, 599, 600]))
        recent = [s for s in trace if not s.repeat and at_s - s.at_s <= REPEAT_WINDOW_S]
        if recent and draw(st.integers(0, 3)) == 0:
            first = draw(st.sampled_from(recent))
            trace.append(Said(at_s, first.channel, first.value, first.drill, repeat=True))
        else:
            channel, value = draw(st.sampled_from("ab")), draw(st.booleans())
            trace.append(Said(at_s, channel, value, drill=draw(st.integers(0, 4)) == 0))
    return trace


def run(rule: AnyRule, home: Home, trace: list[Said]) -> list[tuple[float, str]]:
    """Return what the engine made of the trace."""
    (quantity,) = rule.inputs
    for said in trace:
        home.take(event_of(quantity, said))
    home.wait_until(1e9)
    return home.alarms()


def event_of(quantity: Quantity, said: Said) -> Observed:
    repeat_of = 1 if said.repeat else None
    return says(
        quantity,
        said.value,
        said.at_s,
        channel=said.channel,
        repeat_of=repeat_of,
        drill=said.drill,
    )


def held_oracle(rule: AnyRule, subject: str, trace: list[Said]) -> list[tuple[float, str]]:
    """Say what must be told: from spans of "any channel active", not from one event after the
    other. Copies are not even looked at."""
    spans, trues = spans_and_trues(trace)
    told: list[tuple[float, str]] = []
    for start_s, end_s in standing_spans(rule, spans):
        raised_s = start_s
        told.append((start_s, f"raise {subject}"))
        for at_s, is_fresh in trues:
            # At the instant of the start, whatever comes after the first is within the debounce.
            if start_s <= at_s < end_s and at_s - raised_s >= (
                rule.values["debounce_s"] if is_fresh else rule.values["rearm_s"]
            ):
                raised_s = at_s
                told.append((at_s, f"raise {subject}"))
        if end_s != float("inf"):
            told.append((end_s, f"restore {subject}"))
    return told


def spans_and_trues(
    trace: list[Said],
) -> tuple[list[tuple[float, float]], list[tuple[float, bool]]]:
    """Return the spans in which any channel was active, and each True with whether it was fresh."""
    active: set[str] = set()
    spans, trues = list[tuple[float, float]](), list[tuple[float, bool]]()
    since_s = 0.0
    for said in trace:
        if said.value:
            trues.append((said.at_s, said.channel not in active))
        after = active | {said.channel} if said.value else active - {said.channel}
        if after and not active:
            since_s = said.at_s
        if active and not after:
            spans.append((since_s, said.at_s))
        active = after
    if active:
        spans.append((since_s, float("inf")))
    return spans, trues


def standing_spans(rule: AnyRule, spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return from when to when the alarm stood."""
    standing: list[tuple[float, float]] = []
    for start_s, end_s in spans:
        if standing and start_s < standing[-1][1]:  # Back before the clear hold was over.
            standing[-1] = (standing[-1][0], end_s + rule.values["clear_hold_s"])
        elif end_s - start_s >= rule.values["trigger_hold_s"]:
            standing.append(
                (start_s + rule.values["trigger_hold_s"], end_s + rule.values["clear_hold_s"])
            )
    return standing


def expect(rule: AnyRule, trace: list[Said]) -> list[tuple[float, str]]:
    firsts = [said for said in trace if not said.repeat]
    real = held_oracle(rule, DEVICE, [said for said in firsts if not said.drill])
    drill = held_oracle(rule, f"drill:{DEVICE}", [said for said in firsts if said.drill])
    return sorted(real + drill)


@settings(max_examples=400)
@given(traces())
def test_a_rule_with_holds_says_what_the_whole_trace_says(trace: list[Said]) -> None:
    rule = LEAK.by_quantity[Quantity.WATER_LEAK][0]
    assert sorted(run(rule, Home(LEAK), trace)) == expect(rule, trace)


@settings(max_examples=400)
@given(traces())
def test_a_rule_that_fires_at_once_says_what_the_whole_trace_says(trace: list[Said]) -> None:
    rule = SMOKE.by_quantity[Quantity.SMOKE][0]
    assert sorted(run(rule, Home(SMOKE), trace)) == expect(rule, trace)


@settings(max_examples=200)
@given(traces())
def test_a_button_says_what_the_whole_trace_says(trace: list[Said]) -> None:
    told = run(SOS.by_quantity[Quantity.SOS][0], Home(SOS), trace)
    for drill, subject in ((False, DEVICE), (True, f"drill:{DEVICE}")):
        presses = [s.at_s for s in trace if s.value and not s.repeat and s.drill is drill]
        wanted = sorted(set(presses))  # Whole seconds apart, or the same press.
        assert [at_s for at_s, what in told if what == f"raise {subject}"] == wanted


@settings(max_examples=200)
@given(traces())
def test_copies_and_drills_change_nothing_for_the_real_alarm(trace: list[Said]) -> None:
    rule = LEAK.by_quantity[Quantity.WATER_LEAK][0]
    plain = [said for said in trace if not said.repeat and not said.drill]
    mixed = run(rule, Home(LEAK), trace)
    assert [told for told in mixed if "drill:" not in told[1]] == run(rule, Home(LEAK), plain)
