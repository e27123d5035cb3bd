"""The options that many rows share, each against an oracle that sees the whole trace: counts,
figures, amounts, gates."""

from __future__ import annotations

from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.reading import Quantity, Value
from local_rules.catalog import book
from local_rules.patterns.figure import Of
from local_rules.rule import AnyRule, RuleBook
from tests.local_rules.kit import Home, says
from tests.local_rules.rehearsal import at_hour

RULES = book(
    tuned={
        "apnoea.times_within_s": 3600,
        "apnoea.debounce_s": 60,
        "medication_missed_twice.within_s": 3600.5,
        "medication_missed_twice.before_s": 0,
        "medication_missed_twice.times_within_s": 50_000,
        "weight_up_day.rearm_s": 604800,
        "weight_down_month.rearm_s": 604800,
        "electricity_unused.limit_s": 21600.5,
        "electricity_unused.least": 1,
        "electricity_unused.clear_least": 0.5,
        "electricity_unused.rearm_s": 172800,
        "breath_high.hold_s": 60.5,
        "breath_high.stale_s": 300,
        "tap_and_bath.limit_s": 900.5,
        "base_silent.limit_s": 600.5,
    }
).by_id

Trace = list[tuple[float, str]]


@st.composite
def traces(draw: st.DrawFn, gaps: list[int], words: list[str], most: int = 14) -> Trace:
    """Draw what is said and when, in order of time."""
    at_s, trace = at_hour(8), Trace()
    for _ in range(draw(st.integers(0, most))):
        at_s += draw(st.sampled_from(gaps))
        trace.append((at_s, draw(st.sampled_from(words))))
    return trace


def run(
    name: str, trace: Trace, meaning: dict[str, tuple[Quantity, Value, str]], end_s: float = 0.0
) -> list[tuple[float, str]]:
    """Return what the rule tells of the trace; `meaning`: word -> quantity, value, channel/room."""
    home = Home(RuleBook.of((RULES[RuleId(name)],)))
    for at_s, word in trace:
        quantity, value, where = meaning[word]
        is_way = quantity is Quantity.SILENT
        home.take(
            says(
                quantity, value, at_s, channel=where if is_way else "", room="" if is_way else where
            )
        )
    home.wait_until(end_s or 1e9)
    return [(at_s, what.split()[0]) for at_s, what in home.alarms()]


@settings(max_examples=300, deadline=None)
@given(traces([1, 59, 60, 61, 1200, 1800, 3600, 3601], ["apnoea"], 16))
def test_the_third_time_within_an_hour_is_told_and_then_counted_anew(trace: Trace) -> None:
    told, hits = list[tuple[float, str]](), list[float]()
    raised_s = -1e9
    for at_s, _ in trace:
        if at_s - raised_s < 60 or (hits and at_s - hits[-1] < 60):
            continue  # The same pause, told twice.
        hits.append(at_s)
        if len([hit for hit in hits if at_s - hit <= 3600]) >= 3:
            told.append((at_s, "raise"))
            hits, raised_s = [], at_s
    assert run("apnoea", trace, {"apnoea": (Quantity.APNOEA, True, "")}) == told


@settings(max_examples=300, deadline=None)
@given(traces([1, 3599, 3600, 3601, 7200, 40_000, 50_001], ["due", "due", "lid"]))
def test_two_missed_doses_in_a_day_are_told(trace: Trace) -> None:
    values = RULES[RuleId("medication_missed_twice")].values
    within_s, over_s = values["within_s"], values["times_within_s"]
    told, missed, open_s, standing, raised_s = (
        list[tuple[float, str]](),
        list[float](),
        None,
        False,
        0.0,
    )
    for at_s, word in [*trace, (1e9, "end")]:
        if open_s is not None and not standing and open_s + within_s < at_s:
            late_s = open_s + within_s
            missed, open_s = [*missed, late_s], None
            if len([then for then in missed if late_s - then <= over_s]) >= 2:
                told.append((late_s, "raise"))
                standing, raised_s = True, late_s
        if word == "due" and standing and at_s - raised_s >= values["rearm_s"]:
            told.append((at_s, "raise"))
            raised_s = at_s
        elif word == "due" and not standing and open_s is None:
            open_s = at_s
        elif word == "lid":
            if standing:
                told.append((at_s, "restore"))
            open_s, standing = None, False
    meaning: dict[str, tuple[Quantity, Value, str]] = {
        "due": (Quantity.DOSE_DUE, True, ""),
        "lid": (Quantity.LID_OPEN, True, ""),
    }
    # A lid at the very second of a dose answers it, whichever is heard first.
    assert run("medication_missed_twice", trace, meaning) == told


def figure_of(rule: AnyRule, own: list[tuple[float, float]], at_s: float) -> float | None:
    over = [value for then_s, value in own if at_s - then_s <= rule.values["over_s"]]
    if rule.plan.of is Of.RISE:
        return over[-1] - min(over)
    if rule.plan.of is Of.FALL_PCT:
        return 100 * (max(over) - over[-1]) / max(over)
    return fmean(over) if len(over) >= rule.values["samples"] else None


@pytest.mark.parametrize(
    ("name", "quantity", "values"),
    [
        ("weight_up_day", Quantity.WEIGHT_KG, [60.0, 60.5, 61.4, 62.0, 63.0, 75.0]),
        ("weight_down_month", Quantity.WEIGHT_KG, [60.0, 59.0, 57.5, 57.0, 56.0, 40.0]),
        ("bp_systolic_mean", Quantity.BP_SYSTOLIC_MMHG, [110.0, 125.0, 135.0, 150.0]),
    ],
)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_figure_is_what_the_samples_say(
    name: str, quantity: Quantity, values: list[float], data: st.DataObject
) -> None:
    rule = RULES[RuleId(name)]
    gaps = [30, 3600, 40_000, 86_400, 90_000, 400_000]
    trace = data.draw(traces(gaps, [str(value) for value in values], 20))
    told, own, standing, raised_s = (
        list[tuple[float, str]](),
        list[tuple[float, float]](),
        False,
        0.0,
    )
    for at_s, word in trace:
        value = float(word)
        kept = [one for one in own if at_s - one[0] <= rule.values.get("keep_s", 1e12)]
        if rule.plan.personal and len(kept) >= 3:
            usual = median(number for _, number in kept)
            if abs(value - usual) > usual * 0.06:
                continue  # Somebody else was on the scale.
        own.append((at_s, value))
        found = figure_of(rule, own, at_s)
        if found is None:
            continue
        if not standing and found >= rule.values["limit"]:
            told.append((at_s, "raise"))
            standing, raised_s = True, at_s
        elif standing and found < rule.values["clear_limit"]:
            told.append((at_s, "restore"))
            standing = False
        elif (
            standing and found >= rule.values["limit"] and at_s - raised_s >= rule.values["rearm_s"]
        ):
            told.append((at_s, "raise"))
            raised_s = at_s
    meaning: dict[str, tuple[Quantity, Value, str]] = {str(v): (quantity, v, "") for v in values}
    assert run(name, trace, meaning) == told


@settings(max_examples=300, deadline=None)
@given(traces([900, 1800, 10_800, 21_600, 21_601], ["0.25", "0.5", "1.0"], 12))
def test_too_little_in_any_stretch_of_the_limit_is_told(trace: Trace) -> None:
    """The trace tells how much was used up to each reading; the meter counts it together."""
    values = RULES[RuleId("electricity_unused")].values
    limit_s, first_s = values["limit_s"], at_hour(8)
    total, said, meaning = 100.0, Trace(), dict[str, tuple[Quantity, Value, str]]()
    for at_s, word in [(first_s, "0"), *trace]:
        total += float(word)
        said.append((at_s, str(total)))
        meaning[str(total)] = (Quantity.ENERGY_KWH, total, "")
    end_s = said[-1][0] + 30_000
    # Asked at every instant at which it can begin: the end of a stretch, or of a use.
    told, standing, begun_s, raised_s = list[tuple[float, str]](), False, first_s, 0.0
    uses = [(at_s, float(word)) for at_s, word in trace]
    instants = sorted(
        {at_s for at_s, _ in uses} | {at_s + limit_s for at_s, _ in [(first_s, 0), *uses]}
    )
    for now_s in instants:
        if now_s > end_s:
            break
        if standing:
            begin_s = max(raised_s, now_s - limit_s)
            since_raise = sum(more for at_s, more in uses if begin_s < at_s <= now_s)
            if since_raise >= values["clear_least"]:
                told.append((now_s, "restore"))
                standing, begun_s = False, now_s
            continue
        used = sum(more for at_s, more in uses if now_s - limit_s < at_s <= now_s)
        if now_s - begun_s >= limit_s and used < values["least"]:
            told.append((now_s, "raise"))
            standing, raised_s = True, now_s
    assert run("electricity_unused", said, meaning, end_s) == told


def held(spans: list[tuple[float, float]], hold_s: float) -> list[tuple[float, str]]:
    """Return what is told of spans in which something is so: at `hold_s`, and at its end."""
    told = list[tuple[float, str]]()
    for begin_s, end_s in spans:
        if begin_s + hold_s < end_s:
            told.append((begin_s + hold_s, "raise"))
            if end_s < 1e8:
                told.append((end_s, "restore"))
    return told


def spans_of(trace: Trace, is_so: list[bool]) -> list[tuple[float, float]]:
    spans = list[tuple[float, float]]()
    for (at_s, _), so in zip(trace, is_so, strict=True):
        if so and (not spans or spans[-1][1] < 1e9):
            spans.append((at_s, 1e9))
        elif not so and spans and spans[-1][1] == 1e9:
            spans[-1] = (spans[-1][0], at_s)
    return spans


@settings(max_examples=300, deadline=None)
@given(traces([1, 60, 600, 901], ["on", "on", "off", "bath", "bath", "hall", "door"]))
def test_a_tap_counts_only_while_the_bathroom_is_the_last_room(trace: Trace) -> None:
    flows, in_bath, so = False, False, list[bool]()
    for _, word in trace:
        flows = {"on": True, "off": False}.get(word, flows)
        in_bath = {"bath": True, "hall": False, "door": False}.get(word, in_bath)
        so.append(flows and in_bath)
    meaning: dict[str, tuple[Quantity, Value, str]] = {
        "on": (Quantity.WATER_FLOW_LPH, 300.0, ""),
        "off": (Quantity.WATER_FLOW_LPH, 0, ""),
        "bath": (Quantity.MOTION, True, "卫生间"),
        "hall": (Quantity.MOTION, True, "客厅"),
        "door": (Quantity.CONTACT_OPEN, True, "玄关"),
    }
    wanted = held(spans_of(trace, so), 900.5)
    assert run("tap_and_bath", trace, meaning, at_hour(8) + 21_000) == [
        one for one in wanted if one[0] <= at_hour(8) + 21_000
    ]


@settings(max_examples=300, deadline=None)
@given(traces([1, 60, 600, 601], ["+sos", "-sos", "+motion", "-motion"]))
def test_two_of_the_base_kit_must_be_silent_at_once(trace: Trace) -> None:
    down, so = set[str](), list[bool]()
    for _, word in trace:
        down = down | {word[1:]} if word[0] == "+" else down - {word[1:]}
        so.append(len(down) == 2)
    meaning: dict[str, tuple[Quantity, Value, str]] = {
        sign + way: (Quantity.SILENT, sign == "+", way)
        for sign in "+-"
        for way in ("sos", "motion")
    }
    end_s = at_hour(8) + 14 * 601 + 700
    wanted = [one for one in held(spans_of(trace, so), 600.5) if one[0] <= end_s]
    assert run("base_silent", trace, meaning, end_s) == wanted


@settings(max_examples=300, deadline=None)
@given(traces([1, 29, 30, 31], ["28", "28", "15", "in", "out", "good", "bad"]))
def test_breath_counts_only_in_bed_and_with_a_good_signal(trace: Trace) -> None:
    """Out of bed ends it; a bad signal begins nothing and ends nothing."""
    in_bed, good, since_s, standing = True, True, None, False
    told = list[tuple[float, str]]()
    for (at_s, word), (next_s, _) in zip(
        trace, [*trace[1:], (trace[-1][0] + 200, "")] if trace else [], strict=True
    ):
        in_bed = {"in": True, "out": False}.get(word, in_bed)
        good = {"good": True, "bad": False}.get(word, good)
        if not in_bed and standing:
            told.append((at_s, "restore"))
            standing = False
        if not (in_bed and good):
            since_s = None
        elif word == "28" and not standing:
            since_s = at_s if since_s is None else since_s
        elif word == "15":
            if standing:
                told.append((at_s, "restore"))
            since_s, standing = None, False
        if since_s is not None and since_s + 60.5 < next_s:
            told.append((since_s + 60.5, "raise"))
            since_s, standing = None, True
    meaning: dict[str, tuple[Quantity, Value, str]] = {
        "28": (Quantity.RESPIRATION_BPM, 28, ""),
        "15": (Quantity.RESPIRATION_BPM, 15, ""),
        "in": (Quantity.IN_BED, True, ""),
        "out": (Quantity.IN_BED, False, ""),
        "good": (Quantity.SIGNAL_OK, True, ""),
        "bad": (Quantity.SIGNAL_OK, False, ""),
    }
    assert run("breath_high", trace, meaning, (trace[-1][0] if trace else 0) + 200) == told
