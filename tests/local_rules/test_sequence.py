"""The pattern `sequence`, where the rehearsals and the oracle do not look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from agent.core.effect import OnResume, RaiseAlarm, WakeAt
from agent.core.reading import Quantity, Value
from agent.core.room import RoomKind
from local_rules.catalog import book
from local_rules.engine import EngineState, Step, resume, step
from local_rules.patterns.sequence import Match, Sequence, SequenceState
from local_rules.rule import RuleBook
from tests.local_rules.kit import Home, says, stamp

ANY = Match(Quantity.MOTION)
FREE = Match(Quantity.PRESENCE, values=())
ENTRY = Match(Quantity.MOTION, rooms=frozenset({RoomKind.ENTRY}))
INSIDE = Match(Quantity.MOTION, rooms=frozenset({RoomKind.ENTRY}), elsewhere=True)
OTHER = Match(Quantity.MOTION, other_room=True)


@pytest.mark.parametrize(
    ("match", "value", "room", "first_room", "fits"),
    [
        (ANY, True, "", "", True),
        (ANY, False, "", "", False),
        (ANY, 1, "", "", False),
        (ANY, 1.0, "", "", False),
        (ENTRY, True, "玄关", "", True),
        (ENTRY, True, "厨房", "", False),
        (ENTRY, True, "", "", False),
        (INSIDE, True, "玄关", "", False),
        (INSIDE, True, "厨房", "", True),
        (OTHER, True, "厨房", "卧室", True),
        (OTHER, True, "卧室", "卧室", False),
        (OTHER, True, "", "卧室", False),
        (OTHER, True, "厨房", "", False),
        (OTHER, False, "厨房", "卧室", False),
    ],
)
def test_which_readings_fit(
    match: Match, value: Value, room: str, first_room: str, fits: bool
) -> None:
    event = says(Quantity.MOTION, value, 1.0, room=room)
    assert match.fits(event, first_room) is fits
    asked = says(Quantity.MOTION, value, 1.0, room=room, asked=True)
    assert match.fits(asked, first_room) is False
    assert match.fits(says(Quantity.SOS, value, 1.0, room=room), first_room) is False


def test_without_values_any_word_fits() -> None:
    assert FREE.fits(says(Quantity.PRESENCE, "away", 1.0))
    assert FREE.fits(says(Quantity.PRESENCE, False, 1.0))


RULE = book().by_id[RuleId("medication_missed")]
BOOK = RuleBook.of((RULE,))
WITHIN_S = RULE.values["within_s"]
OTHER_BOX = DeviceId("zb:2")


def state_of(home: Home) -> SequenceState:
    (state,) = home.state.states.values()
    assert isinstance(state, SequenceState)
    return state


def due() -> Home:
    home = Home(BOOK)
    home.take(says(Quantity.DOSE_DUE, True, 100_000.0, channel="morning"))
    return home


def test_a_copy_neither_begins_nor_ends_the_wait_but_counts_when_it_is_the_first() -> None:
    home = due()
    copy = says(Quantity.LID_OPEN, True, 100_100.0, repeat_of=1)
    assert step(home.state, copy, BOOK) == Step(home.state)
    first = step(EngineState(), says(Quantity.LID_OPEN, True, 1.0, repeat_of=1), BOOK)
    assert len(first.changed) == 1


def test_the_state_tells_of_the_latest_wait() -> None:
    home = due()
    home.take(says(Quantity.LID_OPEN, True, 100_100.0, channel="lid"))
    home.take(
        says(Quantity.DOSE_DUE, True, 200_000.0, channel="evening", room="厨房", device=OTHER_BOX)
    )
    state = state_of(home)
    assert state.device == OTHER_BOX
    assert (state.quantity, state.channel, state.value, state.room) == (
        Quantity.DOSE_DUE,
        "evening",
        "true",
        "厨房",
    )
    assert (state.since_s, state.due_s) == (200_000.0, 200_000.0 + WITHIN_S)


def test_an_answer_before_the_question_holds_for_its_time_and_no_longer() -> None:
    before_s = RULE.values["before_s"]
    for later_s, waits in ((before_s, False), (before_s + 0.5, True)):
        home = Home(BOOK)
        home.take(says(Quantity.LID_OPEN, True, 100_000.0))
        home.take(says(Quantity.DOSE_DUE, True, 100_000.0 + later_s))
        assert (state_of(home).since_s is not None) is waits


def test_an_answer_takes_the_timer_back() -> None:
    home = due()
    (key,) = home.timers
    home.take(says(Quantity.LID_OPEN, True, 100_100.0))
    assert home.timers == {}
    assert key.endswith("/wait")


def test_a_question_that_is_asked_again_finds_out_that_the_timer_is_late() -> None:
    home = due()
    early = says(Quantity.DOSE_DUE, True, 100_000.0 + WITHIN_S - 0.5)
    assert step(home.state, early, BOOK) == Step(home.state)
    late = step(home.state, says(Quantity.DOSE_DUE, True, 100_000.0 + WITHIN_S), BOOK)
    assert isinstance(late.effects[0], RaiseAlarm)
    assert [type(effect).__name__ for effect in late.effects] == ["RaiseAlarm", "CancelWake"]


def test_after_a_restart_the_wait_has_the_length_of_today() -> None:
    home = due()
    longer = book(tuned={"medication_missed.within_s": WITHIN_S + 600}).by_id[RULE.id]
    made = resume(home.state, stamp(100_001.0), RuleBook.of((longer,)))
    (timer,), (state,) = made.effects, made.state.states.values()
    assert isinstance(timer, WakeAt)
    assert timer.due_s == state.due_s == 100_000.0 + WITHIN_S + 600
    assert timer.on_resume is OnResume.FIRE_IF_OVERDUE


def test_a_rule_that_asks_for_no_answer_before_remembers_none() -> None:
    night = RuleBook.of((book().by_id[RuleId("night_exit")],))
    made = step(EngineState(), says(Quantity.MOTION, True, 1.0, room="客厅"), night)
    assert made == Step(EngineState())


def test_the_limit_is_told_without_needless_digits() -> None:
    rule = replace(RULE, values={name: float(value) for name, value in RULE.values.items()})
    home = Home(RuleBook.of((rule,)))
    home.take(says(Quantity.DOSE_DUE, True, 100_000.0))
    home.wait_until(100_000.0 + WITHIN_S)
    (alarm,) = [effect for _, effect in home.done if isinstance(effect, RaiseAlarm)]
    assert alarm.why.limit == f"followed within {int(WITHIN_S)} s"


def test_any_of_several_beginnings_begins_the_wait() -> None:
    plan = Sequence((Match(Quantity.MOTION), Match(Quantity.SOS)), (Match(Quantity.LID_OPEN),))
    inputs = dict.fromkeys((Quantity.MOTION, Quantity.SOS, Quantity.LID_OPEN), RULE.name)
    rules = RuleBook.of((replace(RULE, plan=plan, inputs=inputs),))
    for quantity in (Quantity.MOTION, Quantity.SOS):
        (state,) = step(EngineState(), says(quantity, True, 1.0), rules).state.states.values()
        assert state.since_s == 1.0


def test_before_anything_has_begun_no_room_is_another_one() -> None:
    plan = Sequence((Match(Quantity.SOS),), (OTHER,), answered_before=True)
    inputs = dict.fromkeys((Quantity.MOTION, Quantity.SOS), RULE.name)
    rules = RuleBook.of((replace(RULE, plan=plan, inputs=inputs),))
    event = says(Quantity.MOTION, True, 1.0, room="厨房")
    assert step(EngineState(), event, rules) == Step(EngineState())


def test_a_wait_that_begins_after_an_answer_tells_of_the_question() -> None:
    home = Home(BOOK)
    home.take(says(Quantity.LID_OPEN, True, 1000.0))
    assert (state_of(home).value, state_of(home).room) == ("", "")
    home.take(says(Quantity.DOSE_DUE, True, 90_000.0, device=OTHER_BOX))
    assert (state_of(home).quantity, state_of(home).device) == (Quantity.DOSE_DUE, OTHER_BOX)


def test_what_may_not_wait_at_all_asks_for_no_timer() -> None:
    rules = RuleBook.of((replace(RULE, values={**RULE.values, "within_s": 0}),))
    made = step(EngineState(), says(Quantity.DOSE_DUE, True, 1.0), rules)
    assert [type(effect) for effect in made.effects] == [RaiseAlarm]


def test_an_answer_to_nothing_is_no_news() -> None:
    plan = replace(RULE.plan, answered_before=False)
    rules = RuleBook.of((replace(RULE, plan=plan),))
    begun = step(EngineState(), says(Quantity.DOSE_DUE, True, 1.0), rules).state
    over = step(begun, says(Quantity.LID_OPEN, True, 2.0), rules).state
    assert step(over, says(Quantity.LID_OPEN, True, 3.0), rules) == Step(over)


def test_a_word_is_kept_as_it_was_said() -> None:
    plan = Sequence((Match(Quantity.PRESENCE, ("Away",)),), (Match(Quantity.MOTION),))
    inputs = dict.fromkeys((Quantity.PRESENCE, Quantity.MOTION), RULE.name)
    rules = RuleBook.of((replace(RULE, plan=plan, inputs=inputs),))
    (state,) = step(
        EngineState(), says(Quantity.PRESENCE, "Away", 1.0), rules
    ).state.states.values()
    assert state.value == "Away"
    assert not OTHER.fits(says(Quantity.MOTION, True, 1.0, room="厨房"))
