"""Rows about what this person does each day: gets up, goes to bed, comes back. A row each learns
how long that takes and says when it is overdue; another one raises on it."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.room import RoomKind
from agent.core.text import Sentence
from local_rules.patterns.habit import HABIT, Habit
from local_rules.patterns.presence import SAID
from local_rules.patterns.sequence import SEQUENCE, Match, Sequence
from local_rules.patterns.tally import TALLY, Tally
from local_rules.row import BLIND_SILENT, NIGHT, REARM_S3, Parameter, Row
from local_rules.rule import SubjectBy

_NOTHING = Sentence("只产生读数，不报警。", "It makes readings and raises nothing.")
_MOTION = {Quantity.MOTION: Sentence("检测到活动", "motion")}
_PRESENCE = {Quantity.PRESENCE: Sentence("在家状态改变", "presence changed")}
_BED = {Quantity.IN_BED: Sentence("上床", "the bed was entered")}
_MOVED = {Quantity.CONTACT_OPEN: Sentence("门开合", "a door moved")}
_BEDROOM = frozenset({RoomKind.BEDROOM})
_UP = Match(Quantity.MOTION, rooms=_BEDROOM, elsewhere=True)
# Opened, not closed: a contact repeats each few hours that it is closed, and nobody moved it.
_OPENED = Match(Quantity.CONTACT_OPEN)
_OUT = Match(Quantity.PRESENCE, values=("away",))
_BACK = Match(Quantity.PRESENCE, values=("home",))
_DAYS_MIN = Parameter(7, 3, 28, "d", "Design: a week, 4.2: better 14 d")
_BLIND = Sentence(
    "传感器离线或时间未知时失明。",
    "Blind while its sensors are offline, or while the time is not known.",
)


def _learns(
    rule: str,
    number: int,
    name: Sentence,
    inputs: dict[Quantity, Sentence],
    plan: Habit,
    parameters: dict[str, Parameter],
    pitfalls: Sentence,
) -> Row:
    return Row(
        id=RuleId(rule),
        number=number,
        name=name,
        hazard=Hazard.INACTIVITY,
        severity=Severity.S5,
        inputs=inputs,
        pattern=HABIT,
        plan=plan,
        parameters={**parameters, "days_min": _DAYS_MIN},
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=_NOTHING,
        blind=_BLIND,
        pitfalls=pitfalls,
        derives=(plan.makes,),
    )


def _raises(
    rule: str,
    number: int,
    name: Sentence,
    hazard: Hazard,
    severity: Severity,
    due: tuple[Quantity, Sentence],
    inputs: dict[Quantity, Sentence],
    then: tuple[Match, ...],
    within_s: Parameter,
    clears: Sentence,
    pitfalls: Sentence,
) -> Row:
    quantity, says = due
    return Row(
        id=RuleId(rule),
        number=number,
        name=name,
        hazard=hazard,
        severity=severity,
        inputs={quantity: says, **inputs},
        pattern=SEQUENCE,
        plan=Sequence(first=(Match(quantity),), then=then),
        parameters={"within_s": within_s, "rearm_s": REARM_S3},
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=clears,
        blind=BLIND_SILENT,
        pitfalls=pitfalls,
    )


_MORNING_DUE = (
    Quantity.MORNING_DUE,
    Sentence("已过平时早晨活动的最晚时间", "the morning is late, as mornings of this person go"),
)
_BED_DUE = (
    Quantity.BED_DUE,
    Sentence("已过平时上床的最晚时间", "bedtime is late, as nights of this person go"),
)
_RETURN_DUE = (
    Quantity.RETURN_DUE,
    Sentence("外出已超过平时最长时间", "the outing is long, as outings of this person go"),
)
_TRIPS = Sentence("旅行：由家属设置外出。", "Trips: the family sets away.")


def _adds_up(
    rule: str,
    number: int,
    name: Sentence,
    inputs: dict[Quantity, Sentence],
    plan: Tally,
    parameters: dict[str, Parameter],
    pitfalls: Sentence,
) -> Row:
    return Row(
        id=RuleId(rule),
        number=number,
        name=name,
        hazard=Hazard.TREND,
        severity=Severity.S5,
        inputs={**inputs, plan.makes: Sentence("设备自带合计", "a sum that a device gives")},
        pattern=TALLY,
        plan=plan,
        parameters=parameters,
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=_NOTHING,
        blind=_BLIND,
        pitfalls=pitfalls,
        derives=(plan.makes,),
    )


HABITS: tuple[Row, ...] = (
    _adds_up(
        "water_day",
        11,
        Sentence("日用水量合计", "water of a day"),
        {Quantity.WATER_FLOW_LPH: Sentence("用水", "water used")},
        Tally(Quantity.WATER_DAY_L),
        {
            "to_h": Parameter(24, 0, 24, "h", "rule 11: a day"),
            "goes_on_s": Parameter(3600, 60, 7200, "s", "Design: a meter speaks once an hour"),
        },
        Sentence("水表延迟上报。", "Meters that report late."),
    ),
    _adds_up(
        "risings",
        20,
        Sentence("夜间离床计数", "risings of a night"),
        {Quantity.IN_BED: Sentence("离床", "the bed was left")},
        Tally(Quantity.NIGHT_RISINGS, Match(Quantity.IN_BED, values=(False,))),
        {**NIGHT},
        Sentence("床垫传感器松脱。", "The bed sensor lifts."),
    ),
    _learns(
        "morning",
        18,
        Sentence("早晨活动习惯", "usual morning"),
        {**_MOTION, **_PRESENCE},
        Habit(Quantity.MORNING_DUE, ends=(_UP,), quantile=0.95, calls_off=(_OUT,)),
        {
            "begin_h": Parameter(4, 2, 6, "h", "Design: who is up before has not slept"),
            "cold_s": Parameter(21600, 14400, 36000, "s", "rule 18: cold start 10:00"),
            "plus_s": Parameter(5400, 1800, 14400, "s", "rule 18: personal p95 + 90 min"),
            "least_s": Parameter(10800, 3600, 21600, "s", "Design: not before 07:00"),
            "most_s": Parameter(36000, 21600, 43200, "s", "Design: 14:00 is no morning"),
        },
        Sentence("赖床、节假日。", "A lie-in, a holiday."),
    ),
    _raises(
        "no_morning",
        18,
        Sentence("早晨无活动", "no morning activity"),
        Hazard.INACTIVITY,
        Severity.S3,
        _MORNING_DUE,
        {**_MOTION, **_PRESENCE},
        (_UP, _OUT),
        Parameter(600, 60, 3600, "s", "rule 18: voice 10 min"),
        Sentence("卧室以外有活动，或已外出。", "Motion outside the bedroom, or nobody is at home."),
        Sentence("赖床、节假日。", "A lie-in, a holiday."),
    ),
    _learns(
        "bedtime",
        21,
        Sentence("上床习惯", "usual bedtime"),
        {**_BED, **_PRESENCE},
        Habit(
            Quantity.BED_DUE,
            ends=(Match(Quantity.IN_BED),),
            quantile=0.99,
            calls_off=(_OUT,),
            cold=False,
        ),
        {
            "begin_h": Parameter(18, 16, 20, "h", "Design: earlier is a nap"),
            "plus_s": Parameter(7200, 3600, 14400, "s", "rule 21: p99 + 120 min"),
            "least_s": Parameter(14400, 10800, 21600, "s", "Design: not before 22:00"),
            "most_s": Parameter(36000, 28800, 43200, "s", "Design: 04:00 is up all night"),
        },
        Sentence("节假日、看电视。", "Holidays, television."),
    ),
    _raises(
        "not_in_bed",
        21,
        Sentence("深夜未上床", "not in bed"),
        Hazard.INACTIVITY,
        Severity.S3,
        _BED_DUE,
        {**_BED, **_PRESENCE},
        (Match(Quantity.IN_BED), _OUT),
        Parameter(600, 60, 3600, "s", "Design: as rule 18"),
        Sentence("上床，或已外出。", "The bed is entered, or nobody is at home."),
        Sentence("节假日、看电视。", "Holidays, television."),
    ),
    _learns(
        "bedroom_stay",
        16,
        Sentence("卧室停留习惯", "usual stay in the bedroom"),
        {**_MOTION, **_MOVED, **_PRESENCE},
        Habit(
            Quantity.DWELL_DUE,
            begins=(Match(Quantity.MOTION, rooms=_BEDROOM),),
            ends=(_UP, _OPENED),
            calls_off=(_OUT,),
            quantile=0.99,
        ),
        {
            "cold_s": Parameter(50400, 36000, 57600, "s", "Design: a night and a long morning"),
            "plus_s": Parameter(7200, 3600, 14400, "s", "Design: as rule 23"),
            "least_s": Parameter(36000, 28800, 43200, "s", "rule 16: bedroom >= 10 h [12]"),
            "most_s": Parameter(57600, 43200, 86400, "s", "Design: a night and a morning"),
        },
        Sentence("生病卧床；在椅子上睡着。", "A sick day; sleeping in a chair."),
    ),
    _raises(
        "bedroom_dwell",
        16,
        Sentence("卧室滞留", "bedroom dwell"),
        Hazard.DWELL,
        Severity.S3,
        (
            Quantity.DWELL_DUE,
            Sentence("在卧室停留已超过平时最长时间", "the stay in the bedroom is unusually long"),
        ),
        {**_MOTION, **_MOVED, **_PRESENCE},
        (_UP, _OPENED, _OUT),
        Parameter(600, 60, 3600, "s", "rule 16: voice"),
        Sentence("别处有活动或门开关。", "Motion elsewhere, or a door moves."),
        Sentence("生病卧床；其他房间尚未监测。", "A sick day; other rooms are not watched."),
    ),
    _learns(
        "outing",
        23,
        Sentence("外出习惯", "usual outing"),
        _PRESENCE,
        Habit(
            Quantity.RETURN_DUE,
            begins=(Match(Quantity.PRESENCE, values=("away",), channel=""),),
            ends=(_BACK,),
            calls_off=(
                Match(Quantity.PRESENCE, values=("unknown",)),
                Match(Quantity.PRESENCE, values=("away",), channel=SAID),
            ),
            quantile=0.99,
            by_hour=True,
        ),
        {
            "cold_s": Parameter(43200, 14400, 86400, "s", "rule 23: 12 h; p99 6.3 h [replay]"),
            "by_h": Parameter(21, 18, 24, "h", "rule 23: after 21:00"),
            "by_least_s": Parameter(7200, 0, 14400, "s", "Design: who left just now is not late"),
            "plus_s": Parameter(7200, 3600, 14400, "s", "rule 23: p99 + 2 h"),
            "least_s": Parameter(43200, 14400, 86400, "s", "rule 23: 12 h"),
            "most_s": Parameter(86400, 43200, 172800, "s", "Design: a day is no outing"),
        },
        _TRIPS,
    ),
    _raises(
        "not_returned",
        23,
        Sentence("外出未归", "not returned"),
        Hazard.NOT_RETURNED,
        Severity.S3,
        _RETURN_DUE,
        _PRESENCE,
        (_BACK,),
        Parameter(900, 60, 3600, "s", "rule 23: phone to the person first"),
        Sentence("回到家中。", "Back at home."),
        _TRIPS,
    ),
    _raises(
        "not_returned_long",
        23,
        Sentence("外出久未归", "not returned for long"),
        Hazard.NOT_RETURNED,
        Severity.S2,
        _RETURN_DUE,
        _PRESENCE,
        (_BACK,),
        Parameter(7200, 3600, 14400, "s", "rule 23: S2 at +2 h"),
        Sentence("回到家中。", "Back at home."),
        _TRIPS,
    ),
)
