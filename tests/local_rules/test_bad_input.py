"""What no sensor measures and no hub wrote: it raises nothing, spoils nothing and mutes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId, Severity
from agent.core.reading import Quantity, Value
from local_rules import day
from local_rules.catalog import ROWS, Row
from local_rules.engine import EngineState, resume, step
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says, stamp
from tests.local_rules.rehearsal import Line, play_of
from tests.local_rules.synthetic import Person, days
from tests.local_rules.test_every_rule import WHOLE, alone, every_row, first_raise, rule_of

DERIVING = {row.id for row in ROWS if row.derives and row.pattern.name != "silence"}

ABSURD: tuple[Value, ...] = (
    float("nan"),
    float("inf"),
    -float("inf"),
    1.7e308,
    -1.7e308,
    5e-324,
    -0.0,
    10**400,
    -(10**400),
    10**5000,
    "",
    "nan",
    "是",
    "\x00",
    "\ud800",
    "x" * 1_000_000,
    True,
    False,
)
"""Also a whole number that no float holds, and one that Python refuses to write down."""


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value in what `asdict` or JSON made."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def assert_sound(home: Home) -> None:
    """The state holds no number that is none, fits on the disk, and reads back."""
    for key, held in home.state.states.items():
        assert all(math.isfinite(leaf) for leaf in leaves(asdict(held)) if isinstance(leaf, float))
        text = dump(home.state, key, home.book)
        json.loads(text, parse_constant=pytest.fail)
        made = restore([(key.rule, key.subject, text)], home.book)
        assert (made.lost, made.state.states) == ((), {key: held})


@every_row
@pytest.mark.parametrize("value", ABSURD, ids=lambda value: f"{type(value).__name__}")
def test_no_value_breaks_a_rule_or_poisons_its_state(row: Row, value: Value) -> None:
    play = play_of(rule_of(row))
    end = play.end(play.raise_s + play.stands_s)
    stages: tuple[tuple[Line, ...], ...] = ((), play.begin[:1], play.begin, (*play.begin, *end))
    for lines in stages:
        home = Home(alone(row))
        for line in lines:
            home.take(line.event())
        at_s = lines[-1].at_s if lines else play.begin[0].at_s
        if lines == play.begin:
            home.wait_until(play.raise_s)
            at_s = max(at_s, play.raise_s)
        for quantity in row.inputs:
            home.take(says(quantity, value, at_s, room="玄关"))
        home.wait_until(at_s + day.DAY_S)
        assert_sound(home)


@every_row
def test_what_no_sensor_measures_holds_no_alarm_back(row: Row) -> None:
    """The absurd comes between the readings of the rehearsal; the alarm comes as if it had not."""
    play = play_of(rule_of(row))
    if row.pattern.name == "silence":
        return  # There a reading of any kind may be the sign that ends it.
    home = Home(alone(row))
    quantity = play.begin[-1].quantity  # Who is at home is told by the hub itself.
    for line in play.begin:
        home.take(line.event())
        for value in ABSURD:
            if not isinstance(value, bool) and (isinstance(value, str) or not abs(value) < 1e300):
                if isinstance(value, float) and math.isfinite(value):
                    continue  # Large, but a number: it may well be beyond a limit.
                home.take(says(quantity, value, line.at_s, room=line.room))
    home.wait_until(play.raise_s)
    assert first_raise(home) == play.raise_s


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Quantity)),
            st.one_of(
                st.booleans(),
                st.floats(),
                st.integers(),
                st.text(max_size=20),
                st.sampled_from(ABSURD[:15]),
            ),
            st.floats(0, 1e6),
            st.sampled_from(["", "玄关", "厨房", "卫生间", "x" * 1000]),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_the_whole_book_takes_anything(
    said: list[tuple[Quantity, Value, float, str, bool]],
) -> None:
    """Any quantity, any value, at any time, back and forth: no error, and a sound state."""
    home = Home(WHOLE)
    for quantity, value, at_s, room, drill in said:
        made = step(home.state, says(quantity, value, at_s, room=room, drill=drill), WHOLE)
        home.state = made.state
    assert_sound(home)


# Damage on the disk

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.integers(-5, 5),
    st.floats(),
    st.sampled_from([0.0, -1e300, 1e300, 1e12, ""]),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)


@cache
def bodies(rule: RuleId) -> list[dict[str, Any]]:
    """Return what the disk holds of the rule at each point of its rehearsal."""
    row = next(row for row in ROWS if row.id == rule)
    play, home, found = play_of(rule_of(row)), Home(alone(row)), []
    for line in (*play.begin, *play.end(play.raise_s + play.stands_s)):
        home.take(line.event())
        for key in home.state.states:
            found.append(json.loads(dump(home.state, key, home.book)))
    return found


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        yield (*before, name)
        if isinstance(part, dict | list):
            yield from paths(part, (*before, name))


def damaged(body: dict[str, Any], damage: list[tuple[int, Any]]) -> str:
    """Return the text of `body` with junk in some of its places."""
    body = json.loads(json.dumps(body))
    for number, junk in damage:
        ways = list(paths(body))
        *way, last = ways[number % len(ways)]
        holder = body
        for part in way:
            holder = holder[part]
        holder[last] = junk
    return json.dumps(body)


@every_row
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_whatever_is_on_the_disk_the_next_alarm_is_told(row: Row, data: st.DataObject) -> None:
    """A damaged state is refused, or does no harm: what saves a life is told all the same."""
    play = play_of(rule_of(row))
    body = data.draw(st.sampled_from(bodies(row.id)))
    damage = data.draw(st.lists(st.tuples(st.integers(0, 200), JUNK), min_size=1, max_size=3))
    now_s = play.raise_s + 30 * day.DAY_S
    made = restore([(row.id, DEVICE, damaged(body, damage))], alone(row), now_s)
    assert len(made.lost) + len(made.state.states) == 1
    home = Home(alone(row))
    home.restart(made.state, now_s)
    home.wait_until(now_s + 2 * day.DAY_S)
    assert_sound(home)
    if row.severity is not Severity.S1:
        return
    # All is well for as long as it takes to be over; then it happens again. A gate that the damage
    # closed is a state like any other: the bed tells once more that it is occupied.
    for gate in getattr(row.plan, "gates", ()):
        for match in gate.opens[:1]:
            home.take(says(match.quantity, match.values[0], now_s + 2 * day.DAY_S))
    for line in play.quiet:
        home.take(replace(line, at_s=now_s + 2 * day.DAY_S).event())
    home.wait_until(now_s + 3 * day.DAY_S)
    known = len(home.alarms())
    for line in play.begin:
        later = line.at_s - play.begin[0].at_s
        home.take(replace(line, at_s=now_s + 3 * day.DAY_S + later).event())
    home.wait_until(now_s + 4 * day.DAY_S)
    assert any(what.startswith("raise") for _, what in home.alarms()[known:])


@cache
def lived() -> list[tuple[RuleId, dict[str, Any]]]:
    """Return what the disk holds of the rules that derive, every few hours of a fortnight."""
    home, found = Home(WHOLE), []
    for number, event in enumerate(days(Person(), 14, seed=5)):
        home.take(event)
        if number % 60 == 0:
            for key in home.state.states:
                if key.rule in DERIVING:
                    found.append((key.rule, json.loads(dump(home.state, key, WHOLE))))
    assert {rule for rule, _ in found} >= {"life", "presence", "alert_line", "morning", "outing"}
    return found


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_what_was_learned_and_is_damaged_is_refused_or_goes_on(data: st.DataObject) -> None:
    """What others go by must neither break nor make a state that does; after a quiet day somebody
    is missed all the same."""
    rule, body = data.draw(st.sampled_from(lived()))
    damage = data.draw(st.lists(st.tuples(st.integers(0, 2000), JUNK), min_size=1, max_size=3))
    now_s = 40 * day.DAY_S
    made = restore([(rule, "home", damaged(body, damage))], WHOLE, now_s)
    assert len(made.lost) + len(made.state.states) == 1
    home = Home(WHOLE)
    home.restart(made.state, now_s)
    home.wait_until(now_s + day.DAY_S)
    assert_sound(home)
    home.take(says(Quantity.CONTACT_OPEN, False, now_s + day.DAY_S, room="玄关"))
    home.take(says(Quantity.MOTION, True, now_s + day.DAY_S + 120, room="厨房"))
    known = len(home.alarms())
    home.wait_until(now_s + 3 * day.DAY_S)
    assert_sound(home)
    assert "raise home" in [what for _, what in home.alarms()[known:]]


def test_a_state_from_a_time_that_has_not_come_is_refused_and_said() -> None:
    row = next(row for row in ROWS if row.id == "co_ppm")
    (body, *_) = bodies(row.id)
    now_s = body["threshold"]["seen_s"]
    good = restore([(row.id, DEVICE, json.dumps(body))], WHOLE, now_s - 3600)
    assert good.lost == ()
    late = restore([(row.id, DEVICE, json.dumps(body))], WHOLE, now_s - 3601)
    assert late.state == EngineState()
    assert f"seen_s is {now_s}" in late.lost[0].sentence.en
    assert "not come" in late.lost[0].sentence.en
    assert resume(late.state, stamp(now_s), WHOLE).effects == ()
