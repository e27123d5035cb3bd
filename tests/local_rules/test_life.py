"""What counts as a sign of life, and which sensors are not believed (general rule b, rule 45)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.alarm import AlarmId, RuleId
from agent.core.command import AckAlarm, Caller, Command, ResolveAlarm, Role
from agent.core.device import DeviceId
from agent.core.effect import Derive, RaiseAlarm
from agent.core.event import Commanded, Observed
from agent.core.reading import Quantity, Value
from local_rules.catalog import book
from local_rules.engine import EngineState, step
from local_rules.life import SIGNS, Way
from local_rules.patterns.life import SOURCES, WINDOW_S, LifeState
from local_rules.rule import RuleBook
from local_rules.snapshot import dump, restore
from tests.local_rules.kit import DEVICE, Home, says, stamp, woken

WHOLE = book()
ALONE = RuleBook.of((WHOLE.by_id[RuleId("life")],))
OTHER = DeviceId("zb:00124b00000000ff")
HOUR = 3600.0


def told(home: Home, quantity: Quantity) -> list[tuple[float, str, Value]]:
    """Return when which device was told to have given `quantity`."""
    return [
        (at_s, effect.reading.device, effect.reading.value)
        for at_s, effect in home.done
        if isinstance(effect, Derive) and effect.reading.quantity is quantity
    ]


def signs(home: Home) -> list[tuple[float, str]]:
    """Return when the signs were that were told, and what they are called."""
    return [
        (at_s - effect.reading.value, effect.reading.channel)
        for at_s, effect in home.done
        if isinstance(effect, Derive)
        and effect.reading.quantity is Quantity.QUIET_S
        and isinstance(effect.reading.value, float)
    ]


def live(rules: RuleBook, *events: Observed) -> Home:
    home = Home(rules)
    for event in events:
        home.take(event)
    return home


def begun(quantity: Quantity) -> tuple[Value, Value]:
    """Return what says that nothing is, and what then is a sign."""
    if SIGNS[quantity].way in (Way.STEPPED, Way.TAKEN):
        return 0.0, 900.0
    return (0.0, 12.5) if quantity is Quantity.WATER_FLOW_LPH else (False, True)


every_sign = pytest.mark.parametrize("quantity", SIGNS)


@every_sign
def test_general_rule_b_what_a_person_does_is_a_sign(quantity: Quantity) -> None:
    before, after = begun(quantity)
    home = live(ALONE, says(quantity, before, 10.0), says(quantity, after, 5000.0))
    name = "door" if quantity is Quantity.CONTACT_OPEN else quantity
    assert (5000.0, name) in signs(home)
    assert not [name for at_s, name in signs(home) if at_s < 5000.0 and name]


@every_sign
def test_general_rule_b_a_drill_or_what_the_hub_asked_for_is_none(quantity: Quantity) -> None:
    before, after = begun(quantity)
    for how in ({"drill": True}, {"asked": True}, {"repeat_of": 7}):
        home = live(ALONE, says(quantity, before, 10.0))
        state = home.state
        home.take(says(quantity, after, 5000.0, **how))
        assert home.state is state
        assert signs(home) == []


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        (Quantity.CONTACT_OPEN, True),
        (Quantity.CONTACT_OPEN, False),
        (Quantity.WATER_FLOW_LPH, 30.0),
        (Quantity.IN_BED, True),
        (Quantity.POWER_W, 900.0),
        (Quantity.MOTION, False),
        (Quantity.STOVE_ON, True),
    ],
)
def test_a_report_that_says_again_what_it_said_is_none(quantity: Quantity, value: Value) -> None:
    home = live(ALONE, says(quantity, value, 10.0))
    count = len(signs(home))
    for hour in range(1, 5):
        home.take(says(quantity, value, hour * HOUR))
    assert len(signs(home)) == count


@pytest.mark.parametrize(
    "quantity",
    [Quantity.TEMP_C, Quantity.HEART_RATE_BPM, Quantity.SWITCHED_ON, Quantity.BATTERY_PCT],
)
def test_what_comes_unattended_is_none(quantity: Quantity) -> None:
    assert step(EngineState(), says(quantity, True, 1.0), ALONE).state == EngineState()


@every_sign
@pytest.mark.parametrize("value", ["on", "", float("nan"), float("inf")])
def test_a_value_that_makes_no_sense_is_none(quantity: Quantity, value: Value) -> None:
    assert step(EngineState(), says(quantity, value, 1.0), ALONE).state == EngineState()


@pytest.mark.parametrize(
    ("quantity", "on", "off"),
    [(Quantity.WATER_FLOW_LPH, 12.5, 0.0), (Quantity.STOVE_ON, True, False)],
)
def test_what_may_end_by_itself_is_a_sign_when_it_begins_only(
    quantity: Quantity, on: Value, off: Value
) -> None:
    home = live(ALONE, says(quantity, on, 5000.0), says(quantity, off, 9000.0))
    assert signs(home) == [(5000.0, quantity)]


def test_a_storm_of_one_sensor_is_one_sign() -> None:
    home = live(ALONE, says(Quantity.MOTION, True, 5000.0))
    state = home.state
    home.take(says(Quantity.MOTION, True, 5000.5))
    assert home.state is state


def test_what_switches_itself_is_none() -> None:
    """A heater with a thermostat goes on every twenty minutes, all night."""
    home = Home(ALONE)
    for number in range(30):
        home.take(says(Quantity.POWER_W, 1500.0 if number % 2 else 5.0, 5000.0 + number * 600))
    assert len(signs(home)) == 1
    for watts in (60.0, 180.0, 20.0):  # A fridge.
        home.take(says(Quantity.POWER_W, watts, 1e6, device=OTHER))
    assert len(signs(home)) == 1


def test_with_a_pet_motion_does_not_count_where_the_installer_says_so() -> None:
    """General rule (f)."""
    rules = book(tuned={"life.motion_counts": 0})
    home = live(RuleBook.of((rules.by_id[RuleId("life")],)), says(Quantity.MOTION, True, 10.0))
    assert signs(home) == []
    home.take(says(Quantity.LID_OPEN, True, 20.0))
    assert signs(home) == [(20.0, "lid_open")]


@pytest.mark.parametrize("kind", [AckAlarm, ResolveAlarm])
def test_who_answers_at_the_hub_is_alive_and_who_answers_from_afar_may_not_be_there(
    kind: type[AckAlarm] | type[ResolveAlarm],
) -> None:
    home = live(WHOLE, says(Quantity.MOTION, True, 10.0))
    home.wait_until(60_000.0)
    assert {"inactivity", "inactivity_long"} <= {
        effect.rule for _, effect in home.done if isinstance(effect, RaiseAlarm)
    }
    for on_site, at_s in ((False, 60_001.0), (True, 60_002.0)):
        command: Command = kind(AlarmId("a"), Caller(Role.OPERATOR, "x", on_site), "helped")
        home.take(Commanded(command, stamp(at_s)))
    assert [at_s for at_s, what in home.alarms() if what == "restore home"] == [60_002.0] * 2


def test_signs_of_a_while_are_told_as_the_first_and_the_latest() -> None:
    home = live(ALONE, *(says(Quantity.MOTION, True, 1000.0 + n) for n in range(0, 200, 20)))
    home.wait_until(1e5)
    assert signs(home) == [(1000.0, "motion"), (1180.0, "motion")]
    assert home.timers == {}


def test_what_moves_at_the_door_is_told_at_once_and_the_first_sign_inside_after_it() -> None:
    home = live(
        ALONE,
        says(Quantity.MOTION, True, 1000.0),
        says(Quantity.CONTACT_OPEN, True, 1010.0, device=OTHER),
        says(Quantity.CONTACT_OPEN, False, 1015.0, device=OTHER),
        says(Quantity.MOTION, True, 1030.0),
        says(Quantity.MOTION, True, 1076.0),
        says(Quantity.MOTION, True, 1090.0),
    )
    assert signs(home) == [
        (1000.0, "motion"),
        (1010.0, "door"),
        (1015.0, "door"),
        (1076.0, "motion"),
    ]


class TestStuck:
    def test_motion_without_a_pause_is_none_and_what_it_said_was_none(self) -> None:
        home = live(
            ALONE,
            says(Quantity.MOTION, True, 1000.0, device=OTHER),
            says(Quantity.MOTION, False, 4000.0),
            says(Quantity.MOTION, True, 5000.0),
        )
        home.wait_until(6799.0)
        assert told(home, Quantity.STUCK) == []
        home.wait_until(6800.0)
        assert told(home, Quantity.STUCK) == [(6800.0, DEVICE, True)]
        assert signs(home)[-1] == (1000.0, "motion")
        home.take(says(Quantity.MOTION, True, 7000.0))
        assert len(signs(home)) == 3
        home.take(says(Quantity.MOTION, False, 8000.0))
        assert told(home, Quantity.STUCK)[-1] == (8000.0, DEVICE, False)
        home.take(says(Quantity.MOTION, True, 8100.0))
        assert signs(home)[-1] == (8100.0, "motion")

    def test_a_mat_on_a_chair_may_be_on_for_half_as_long_again_as_ever_before(self) -> None:
        home = live(ALONE, says(Quantity.MOTION, False, 900.0), says(Quantity.MOTION, True, 1000.0))
        home.take(says(Quantity.MOTION, False, 1000.0 + 7200))
        assert [value for _, _, value in told(home, Quantity.STUCK)] == [True, False]
        assert signs(home) == [(1000.0, "motion"), (900.0, "")]
        home.take(says(Quantity.MOTION, True, 20_000.0))
        home.take(says(Quantity.MOTION, False, 20_000.0 + 10_799))
        assert signs(home)[-2:] == [(20_000.0, "motion"), (30_799.0, "motion")]
        home.take(says(Quantity.MOTION, True, 40_000.0))
        home.wait_until(140_000.0)
        assert told(home, Quantity.STUCK)[-1] == (40_000.0 + 1.5 * 10_799, DEVICE, True)
        home.take(says(Quantity.MOTION, False, 140_000.0))
        home.take(says(Quantity.MOTION, True, 150_000.0))
        home.wait_until(400_000.0)
        assert told(home, Quantity.STUCK)[-1] == (150_000.0 + 12 * HOUR, DEVICE, True)

    def test_a_sensor_that_never_says_none_is_not_found_on(self) -> None:
        home = live(ALONE, says(Quantity.MOTION, True, 1000.0))
        home.wait_until(1e6)
        assert told(home, Quantity.STUCK) == []

    def test_the_only_source_of_a_day_is_none_until_another_one_moves(self) -> None:
        home = live(ALONE, says(Quantity.LID_OPEN, True, 500.0, device=OTHER))
        for hour in range(26):
            home.take(says(Quantity.MOTION, True, 1000.0 + hour * HOUR))
        assert told(home, Quantity.STUCK) == [(1000.0 + 24 * HOUR, DEVICE, True)]
        assert signs(home)[-1] == (500.0, "lid_open")
        home.take(says(Quantity.LID_OPEN, False, 1e5, device=OTHER))
        assert told(home, Quantity.STUCK)[-1] == (1e5, DEVICE, False)
        home.take(says(Quantity.MOTION, True, 1e5 + 400))
        assert signs(home)[-1] == (1e5 + 400, "motion")

    def test_the_only_sensor_of_a_home_contradicts_nothing(self) -> None:
        home = Home(ALONE)
        for hour in range(100):
            home.take(says(Quantity.MOTION, True, 1000.0 + hour * HOUR))
        assert told(home, Quantity.STUCK) == []

    def test_a_door_that_says_open_in_a_quiet_house(self) -> None:
        home = live(
            ALONE,
            says(Quantity.MOTION, True, 900.0, device=OTHER),
            says(Quantity.CONTACT_OPEN, True, 1000.0),
            says(Quantity.MOTION, True, 2000.0, device=OTHER),
        )
        home.wait_until(1e5)
        assert told(home, Quantity.STUCK) == [(2000.0 + 6 * HOUR, DEVICE, True)]
        home.take(says(Quantity.CONTACT_OPEN, False, 1e5))
        assert told(home, Quantity.STUCK)[-1] == (1e5, DEVICE, False)

    def test_a_measurement_of_another_person(self) -> None:
        home = live(ALONE, says(Quantity.USER_MISMATCH, False, 10.0))
        assert home.state == EngineState()
        home.take(says(Quantity.USER_MISMATCH, "?", 10.0))
        assert home.state == EngineState()
        home.take(says(Quantity.USER_MISMATCH, True, 20.0))
        home.take(says(Quantity.USER_MISMATCH, True, 21.0))
        home.take(says(Quantity.BP_SYSTOLIC_MMHG, 120.0, 22.0))
        assert signs(home) == []
        home.take(says(Quantity.USER_MISMATCH, False, 30.0))
        home.take(says(Quantity.BP_SYSTOLIC_MMHG, 120.0, 31.0))
        assert signs(home) == [(31.0, "bp_systolic_mmhg")]
        assert [value for _, _, value in told(home, Quantity.STUCK)] == [True, False]

    def test_the_last_sign_may_have_been_none_at_all(self) -> None:
        home = live(ALONE, says(Quantity.BP_SYSTOLIC_MMHG, 120.0, 22.0))
        home.take(says(Quantity.USER_MISMATCH, True, 40.0))
        assert signs(home) == [(22.0, "bp_systolic_mmhg"), (22.0, "")]

    def test_rule_45_raises_and_inactivity_counts_from_the_last_sign_of_the_others(self) -> None:
        home = live(
            WHOLE,
            says(Quantity.MOTION, True, 1000.0, device=OTHER),
            says(Quantity.MOTION, False, 30_000.0),
            says(Quantity.MOTION, True, 40_000.0),
        )
        home.wait_until(43_300.0)
        raised = [(at_s, e.rule) for at_s, e in home.done if isinstance(e, RaiseAlarm)]
        assert (41_800.0, "sensor_stuck") in raised
        assert (43_000.0 + 1200.0, "inactivity") not in raised
        home.wait_until(60_000.0)
        raised = [(at_s, e.rule) for at_s, e in home.done if isinstance(e, RaiseAlarm)]
        ((at_s, _),) = [one for one in raised if one[1] == "inactivity"]
        assert at_s - 1000.0 <= 50_400.0


def test_the_memory_is_bounded() -> None:
    home = Home(ALONE)
    for number in range(SOURCES + 10):
        home.take(says(Quantity.MOTION, True, 100.0 + number, device=DeviceId(f"zb:{number}")))
    (state,) = home.state.states.values()
    assert isinstance(state, LifeState)
    assert len(state.sources) == SOURCES
    (key,) = home.state.states
    assert len(dump(home.state, key, ALONE)) < 20_000


def test_a_timer_that_was_not_asked_for_or_rings_early_changes_nothing() -> None:
    home = live(ALONE, says(Quantity.MOTION, True, 1000.0))
    made = step(home.state, woken("life/home/look", 2000.0), ALONE)
    assert (made.state, made.effects) == (home.state, ())
    home.take(says(Quantity.MOTION, True, 1010.0))
    made = step(home.state, woken("life/home/look", 1020.0), ALONE)
    assert made.state == home.state
    assert len(made.effects) == 1


def test_after_a_power_cut_what_was_on_begins_again_for_nobody_listened() -> None:
    home = live(ALONE, says(Quantity.MOTION, False, 1000.0), says(Quantity.MOTION, True, 2000.0))
    texts = [(k.rule, k.subject, dump(home.state, k, ALONE)) for k in home.state.states]
    made = restore(texts, ALONE)
    assert (made.lost, made.state) == ((), home.state)
    home.restart(made.state, 50_000.0)
    home.wait_until(51_799.0)
    assert told(home, Quantity.STUCK) == []
    home.wait_until(51_800.0)
    assert told(home, Quantity.STUCK) == [(51_800.0, DEVICE, True)]
    home.restart(home.state, 52_000.0)
    assert home.timers == {}


def test_a_front_door_that_moves_alone_for_days_contradicts_nothing() -> None:
    def door(at_s: float, is_open: bool) -> Observed:
        return says(Quantity.CONTACT_OPEN, is_open, at_s, room="玄关")

    home = live(ALONE, says(Quantity.MOTION, True, 0.0, device=OTHER, room="客厅"))
    for number in range(1, 12):  # A neighbour looks after the flowers of who is away.
        home.take(door(number * 12 * HOUR, True))
        home.take(door(number * 12 * HOUR + 60, False))
    assert told(home, Quantity.STUCK) == []


@pytest.mark.parametrize("bad", ['"told_s":null', '"sources":[]', '"stuck":[1]', '"alone":3'])
def test_a_state_that_is_not_whole_starts_fresh(bad: str) -> None:
    home = live(ALONE, says(Quantity.MOTION, True, 1000.0))
    ((key, _),) = home.state.states.items()
    name = bad.split(":")[0]
    text = dump(home.state, key, ALONE).replace(f"{name}:", f'{bad},{name[:-1]}_old":', 1)
    made = restore([(key.rule, key.subject, text)], ALONE)
    assert made.state == EngineState()
    assert len(made.lost) == 1


def test_more_sources_than_are_kept_are_no_state() -> None:
    home = live(ALONE, says(Quantity.MOTION, True, 1000.0))
    ((key, _),) = home.state.states.items()
    one = '["zb:1","motion",true,1.0,1.0,false,0.0]'
    many = ",".join(f'"{n}":{one}' for n in range(SOURCES + 1))
    text = dump(home.state, key, ALONE).replace('"sources":{', f'"sources":{{{many},', 1)
    assert len(restore([(key.rule, key.subject, text)], ALONE).lost) == 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([2, 59, 61, 299, 301, 1799, 1801, 4000, 22_000, 87_000]),
            st.sampled_from(["a", "b", "c"]),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_the_last_trusted_sign_is_what_the_whole_trace_says(
    trace: list[tuple[int, str, bool]],
) -> None:
    """Against an oracle that looks at all of it, each time anew. The sensors are cupboards and
    motion; `c` is a door inside, which turns."""
    rules = ALONE.by_id[RuleId("life")].values
    home, at_s, said = Home(ALONE), 1000.0, list[tuple[float, str, bool]]()
    for gap_s, name, value in trace:
        at_s += gap_s
        said.append((at_s, name, value))
        quantity = Quantity.LID_OPEN if name == "c" else Quantity.MOTION
        home.take(says(quantity, value, at_s, device=DeviceId(name)))
    end_s = at_s + WINDOW_S
    home.wait_until(end_s)
    assert _last_told(home) == _oracle(said, end_s, rules["on_s"], rules["alone_s"])


def _last_told(home: Home) -> float | None:
    last = signs(home)
    return last[-1][0] if last else None


def _oracle(
    said: list[tuple[float, str, bool]], end_s: float, on_s: float, alone_s: float
) -> float | None:
    """Return when the last sign was that is believed at `end_s`."""
    given, on, longest, stuck = (
        dict[str, float](),
        dict[str, float](),
        dict[str, float](),
        dict[str, str](),
    )
    value_of, run, ever = dict[str, bool](), ("", 0.0), False
    for at_s, name, value in [*said, (end_s, "", False)]:
        for other, since_s in on.items():
            may_s = max(on_s, min(1.5 * longest.get(other, 0.0), 43_200.0))
            if other in longest and other not in stuck and at_s >= since_s + may_s:
                stuck[other] = "on"
        if not name:
            break
        was, freed = value_of.get(name, False), False
        value_of[name] = value
        is_sign = value is not was if name == "c" else value
        if name != "c" and value:
            on.setdefault(name, at_s)
        elif name != "c":
            is_sign = was and longest.get(name, 0.0) > on_s
            lasted_s = at_s - on.pop(name, at_s)
            longest[name] = max(longest.get(name, 0.0), lasted_s)
            if stuck.get(name) == "on":
                del stuck[name]
                given.pop(name, None)
                freed = True
        if not is_sign or freed:
            continue
        given[name], ever = at_s, True
        for other in [o for o, why in stuck.items() if why == "alone" and o != name]:
            del stuck[other], given[other]
        if name in stuck:
            continue
        if run[0] != name:
            run = (name, at_s)
        elif at_s - run[1] >= alone_s and len(given) > 1:
            stuck[name] = "alone"
    believed = [at_s for name, at_s in given.items() if name not in stuck]
    return max(believed, default=said[0][0]) if ever else None
