"""Who is at home, as the door and the rooms tell it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import RuleId
from agent.core.device import DeviceId
from agent.core.effect import Derive, RaiseAlarm
from agent.core.reading import Quantity, Value
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.patterns.presence import DOORS, SAID, PresenceState
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import Home, says, woken

WHOLE = book()
ALONE = RuleBook.of((WHOLE.by_id[RuleId("presence")],))
TWO = RuleBook.of((book(tuned={"presence.residents": 2}).by_id[RuleId("presence")],))
DOOR = DeviceId("zb:door")
DAY = 86_400.0


@dataclass
class House:
    """A home in which people walk about."""

    home: Home

    def door(self, at_s: float, is_open: bool, device: DeviceId = DOOR) -> None:
        self.home.take(says(Quantity.CONTACT_OPEN, is_open, at_s, device=device, room="玄关"))

    def passes(self, at_s: float) -> None:
        self.door(at_s, True)
        self.door(at_s + 5, False)

    def inside(self, at_s: float, ago_s: float = 0.0) -> None:
        self.home.take(says(Quantity.QUIET_S, ago_s, at_s, channel="motion"))

    def says(self, quantity: Quantity, value: Value, at_s: float, device: DeviceId = DOOR) -> None:
        self.home.take(says(quantity, value, at_s, device=device))

    def told(self, until_s: float | None = None) -> list[tuple[float, str]]:
        if until_s is not None:
            self.home.wait_until(until_s)
        return [
            (at_s, f"{e.reading.value}{'!' if e.reading.channel == SAID else ''}")
            for at_s, e in self.home.done
            if isinstance(e, Derive) and e.reading.quantity is Quantity.PRESENCE
        ]

    def words(self, until_s: float | None = None) -> list[str]:
        return [word for _, word in self.told(until_s)]


def house(rules: RuleBook = ALONE) -> House:
    """Return a home whose door is known and in which somebody was seen."""
    made = House(Home(rules))
    made.door(0.0, False)
    made.inside(10.0)
    assert made.words() == ["home"]
    return made


def test_who_leaves_is_away_from_when_the_door_moved_last() -> None:
    one = house()
    one.passes(1000.0)
    one.inside(1030.0)  # The sensor in the hall still sees who is leaving.
    assert one.told(5000.0)[1:] == [(1000.0, "maybe_away"), (1305.0, "away")]


def test_who_is_seen_well_after_the_door_is_at_home() -> None:
    one = house()
    one.passes(1000.0)
    one.inside(1065.0)
    assert one.told(5000.0)[1:] == [(1000.0, "maybe_away"), (1065.0, "home")]


def test_a_sign_that_is_told_late_counts_from_when_it_was() -> None:
    one = house()
    one.passes(1000.0)
    one.inside(1250.0, ago_s=200.0)
    assert one.words() == ["home", "maybe_away"]
    one.inside(1260.0, ago_s=100.0)
    assert one.words() == ["home", "maybe_away", "home"]


def test_who_comes_home_is_there_with_the_first_sign() -> None:
    one = house()
    one.passes(1000.0)
    one.passes(9000.0)
    one.inside(9010.0)
    assert one.words(20_000.0) == ["home", "maybe_away", "away", "maybe_away", "home"]


def test_a_door_that_moves_at_an_empty_home_leaves_it_empty() -> None:
    one = house()
    one.passes(1000.0)
    one.passes(9000.0)
    assert one.told(20_000.0)[2:] == [(1305.0, "away"), (9000.0, "maybe_away"), (9305.0, "away")]


def test_a_sign_in_an_empty_home_is_somebody() -> None:
    one = house()
    one.passes(1000.0)
    one.home.wait_until(2000.0)
    one.inside(8000.0)
    assert one.told()[-1] == (8000.0, "home")


def test_an_occupied_bed_is_somebody_at_home() -> None:
    one = house()
    one.says(Quantity.IN_BED, True, 500.0)
    one.says(Quantity.IN_BED, True, 501.0)
    one.says(Quantity.IN_BED, 1.0, 502.0)
    one.passes(1000.0)
    assert one.told(5000.0)[-1] == (1305.0, "home")
    one.says(Quantity.IN_BED, False, 6000.0)
    one.passes(7000.0)
    assert one.words(9000.0)[-1] == "away"


def test_a_cupboard_or_a_door_that_says_again_what_it_said_is_no_leaving() -> None:
    one = house()
    one.home.take(says(Quantity.CONTACT_OPEN, True, 900.0, room="厨房"))
    one.door(1000.0, False)
    one.says(Quantity.CONTACT_OPEN, "open", 1001.0)
    assert one.words(5000.0) == ["home"]


class TestTwoResidents:
    def test_general_rule_e_who_left_is_not_known_and_it_is_said_once(self) -> None:
        one = house(TWO)
        one.passes(1000.0)
        assert one.told(50_000.0)[1:] == [(1000.0, "maybe_away"), (1305.0, "unknown")]
        one.inside(60_000.0)
        assert one.words()[-1] == "home"


class TestNoDoor:
    def test_a_home_without_a_door_contact_is_told_to_be_unknown_after_a_day_and_once(self) -> None:
        one = House(Home(ALONE))
        for hour in range(48):
            one.inside(hour * 3600.0)
        assert one.told(3 * DAY) == [(0.0, "home"), (90_000.0, "unknown")]
        one.door(4 * DAY, False)
        one.inside(4 * DAY + 10)
        assert one.words()[-1] == "home"

    def test_inactivity_goes_on_with_its_long_limit_and_it_is_said_that_it_is_blind(self) -> None:
        home = Home(WHOLE)
        at_s = 0.0
        while at_s < 95_000:
            home.take(says(Quantity.MOTION, True, at_s, room="客厅"))
            at_s += 1000.0
        home.wait_until(at_s + 2 * DAY)
        raised = [(at_s, e) for at_s, e in home.done if isinstance(e, RaiseAlarm)]
        first_s = {str(e.rule): at_s for at_s, e in reversed(raised)}
        assert first_s["presence_unknown"] == 90_000.0 + 3600.0
        assert first_s["inactivity"] == 94_000.0 + 50_400.0
        assert first_s["inactivity_long"] == 94_000.0 + 86_400.0
        why = next(e.why for _, e in raised if e.rule == "inactivity")
        assert "最后一次检测到活动，此后已 14 小时没有任何动静（" in why.sentence.zh

    @pytest.mark.parametrize("why", [Quantity.SILENT, Quantity.STUCK])
    def test_a_door_contact_that_is_not_believed_is_none(self, why: Quantity) -> None:
        one = house()
        one.says(why, True, 500.0, DeviceId("zb:other"))
        one.says(why, "x", 500.0)
        assert one.words() == ["home"]
        one.says(why, True, 600.0)
        one.says(why, True, 601.0)
        assert one.words() == ["home", "unknown"]
        one.inside(700.0)
        one.passes(1000.0)
        assert one.words(5000.0) == ["home", "unknown"]
        one.says(why, False, 6000.0)
        assert one.words() == ["home", "unknown", "home"]

    def test_an_empty_home_whose_door_falls_silent_may_be_empty_or_not(self) -> None:
        one = house()
        one.passes(1000.0)
        one.says(Quantity.SILENT, True, 100_000.0)
        assert one.words() == ["home", "maybe_away", "away", "unknown"]

    def test_one_of_two_doors_is_enough(self) -> None:
        one = house()
        one.door(20.0, False, DeviceId("zb:back"))
        one.says(Quantity.SILENT, True, 600.0)
        assert one.words() == ["home"]
        one.door(1000.0, True, DeviceId("zb:back"))
        assert one.words(5000.0)[-1] == "away"
        one.says(Quantity.SILENT, True, 6000.0, DeviceId("zb:back"))
        one.says(Quantity.SILENT, False, 7000.0)
        assert one.words()[-2:] == ["unknown", "home"]

    def test_a_door_that_comes_back_decides_nothing_for_a_journey(self) -> None:
        one = house()
        one.says(Quantity.AWAY_FOR_S, 5 * DAY, 100.0)
        one.says(Quantity.SILENT, True, 600.0)
        one.says(Quantity.SILENT, False, 700.0)
        assert one.words() == ["home", "away!"]


class TestWhatPeopleSay:
    def test_the_home_is_empty_for_as_long_as_they_say(self) -> None:
        one = house()
        one.says(Quantity.AWAY_FOR_S, 2 * DAY, 100.0)
        assert one.told(9 * DAY)[1:] == [(100.0, "away!"), (100.0 + 2 * DAY, "home")]

    def test_who_then_leaves_by_the_door_is_on_the_journey_and_missed_when_it_is_over(self) -> None:
        one = house()
        one.says(Quantity.AWAY_FOR_S, 2 * DAY, 100.0)
        one.inside(200.0)
        one.passes(1000.0)
        assert one.words(DAY) == ["home", "away!", "home", "maybe_away", "away!"]
        assert one.told(9 * DAY)[-1] == (100.0 + 2 * DAY, "away")

    def test_they_may_say_that_somebody_is_there_after_all(self) -> None:
        one = house()
        one.passes(1000.0)
        one.home.wait_until(2000.0)
        one.says(Quantity.AWAY_FOR_S, 0, 3000.0)
        assert one.told(9 * DAY)[-1] == (3000.0, "home")
        one.says(Quantity.AWAY_FOR_S, 0, 10 * DAY)
        one.says(Quantity.AWAY_FOR_S, -5, 10 * DAY)
        one.says(Quantity.AWAY_FOR_S, "long", 10 * DAY)
        assert one.told()[-1] == (3000.0, "home")

    def test_without_a_door_it_is_not_known_afterwards(self) -> None:
        one = House(Home(ALONE))
        one.inside(0.0)
        one.says(Quantity.AWAY_FOR_S, 2 * DAY, 100_000.0)
        assert one.words(9 * DAY) == ["home", "unknown", "away!", "unknown"]

    def test_nobody_is_away_for_ever(self) -> None:
        one = house()
        one.says(Quantity.AWAY_FOR_S, 1e12, 100.0)
        assert one.told(200 * DAY)[-1] == (100.0 + 90 * DAY, "home")


def test_a_drill_moves_nobody_and_a_repeated_frame_says_nothing() -> None:
    one = house()
    before = one.home.state
    one.home.take(says(Quantity.CONTACT_OPEN, True, 100.0, device=DOOR, room="玄关", drill=True))
    one.home.take(says(Quantity.CONTACT_OPEN, True, 100.0, device=DOOR, room="玄关", repeat_of=4))
    one.says(Quantity.QUIET_S, "x", 101.0)
    one.says(Quantity.TEMP_C, 20.0, 102.0)
    assert one.home.state is before


def test_the_memory_is_bounded() -> None:
    one = house()
    for number in range(DOORS + 4):
        one.door(100.0 + number, True, DeviceId(f"zb:{number}"))
    (state,) = one.home.state.states.values()
    assert isinstance(state, PresenceState)
    assert len(state.doors) == DOORS


def test_a_timer_that_was_cancelled_or_rings_early_decides_nothing() -> None:
    one = house()
    made = step(one.home.state, woken("presence/home/look", 500.0), ALONE)
    assert (made.state, made.effects) == (one.home.state, ())
    one.passes(1000.0)
    made = step(one.home.state, woken("presence/home/look", 1100.0), ALONE)
    assert made.state == one.home.state
    assert len(made.effects) == 1
    one.inside(1100.0)
    assert one.home.timers == {}


def test_after_a_power_cut_a_door_that_moved_is_waited_for_anew() -> None:
    one = house()
    one.passes(1000.0)
    texts = [(k.rule, k.subject, dump(one.home.state, k, ALONE)) for k in one.home.state.states]
    made = restore(texts, ALONE)
    assert (made.lost, made.state) == ((), one.home.state)
    one.home.restart(made.state, 50_000.0)
    assert one.told(60_000.0)[-1] == (50_300.0, "away")
    one.says(Quantity.AWAY_FOR_S, DAY, 61_000.0)
    one.home.restart(one.home.state, 70_000.0)
    assert one.told(9 * DAY)[-1] == (61_000.0 + DAY, "away")


@pytest.mark.parametrize("bad", ['"word":"gone"', '"doors":[["zb:1","",1,false]]', '"left":0'])
def test_a_state_that_is_not_whole_starts_fresh(bad: str) -> None:
    ((key, _),) = house().home.state.states.items()
    name = bad.split(":")[0]
    text = dump(house().home.state, key, ALONE).replace(f"{name}:", f'{bad},{name[:-1]}_old":', 1)
    made = restore([(key.rule, key.subject, text)], ALONE)
    assert made.state == EngineState()
    assert len(made.lost) == 1


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([5, 59, 60, 61, 240, 299, 301, 4000]), st.booleans()),
        max_size=14,
    )
)
def test_it_says_what_the_whole_trace_says(trace: list[tuple[int, bool]]) -> None:
    """Against an oracle that looks at the whole trace: a door (True) or a sign inside."""
    one, at_s, said, is_open = house(), 1000.0, list[tuple[float, bool]](), False
    for gap_s, is_door in trace:
        at_s += gap_s + 1 / 64  # Never at the instant of a decision.
        said.append((at_s, is_door))
        is_open = is_open is not is_door
        if is_door:
            one.door(at_s, is_open)
        else:
            one.inside(at_s)
    end_s = at_s + 10_000.0
    assert one.words(end_s)[-1] == _oracle(said, end_s)


def _oracle(said: list[tuple[float, bool]], end_s: float) -> str:
    """Say who is at home at the end, going from door to door: what counts between two of them is
    whether there was a sign, and when."""
    doors = [at_s for at_s, is_door in said if is_door]
    empty = False
    for door_s, next_s in zip(doors, [*doors, end_s][1:], strict=True):
        signs = [at_s for at_s, is_door in said if not is_door and door_s < at_s < next_s]
        settled = [at_s for at_s in signs if empty or at_s >= door_s + 60]
        left = [at_s for at_s in signs if at_s > door_s + 300]
        empty = not settled and (empty or next_s > door_s + 300) and not left
    return "away" if empty else "home"
