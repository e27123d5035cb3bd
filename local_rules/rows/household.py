"""Rules that watch what is open, running or on: water, doors, the stove, appliances."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.room import RoomKind
from agent.core.text import Sentence
from local_rules.patterns.left_active import LEFT_ACTIVE, LeftActive
from local_rules.patterns.trend import TREND, Side, Trend
from local_rules.row import BLIND_SILENT, CLOSE_GAS, NIGHT, REARM_S3, Act, Parameter, Row
from local_rules.rule import SubjectBy

_NO_PAUSE = Parameter(0, 0, 60, "s", "Design: what is closed is closed")
_CLEAR = Parameter(0, 0, 600, "s", "Design: at once")
# A contact without a room is taken for the door: the kit has one door contact and that is it.
_DOOR = frozenset({RoomKind.ENTRY, RoomKind.UNKNOWN})
_SAYS_DOOR = Sentence("门开着", "the door has been open")
_SAYS_MOTION = Sentence("有人活动", "motion")
_CLOSED = Sentence("门关上。", "The door is closed.")
_DOOR_PITFALLS = Sentence(
    "正常开门的 95 % 不超过 32 秒；搬家具、通风。",
    "95 % of openings are below 32 s; moving furniture, airing.",
)
_STOVE_PITFALLS = Sentence("煲汤时人不在厨房。", "Soup that simmers by itself.")


def _stove(
    rule: str, name: Sentence, limit_s: Parameter, clears: Sentence, acts: tuple[Act, ...] = ()
) -> Row:
    return Row(
        id=RuleId(rule),
        number=26,
        name=name,
        hazard=Hazard.STOVE,
        severity=Severity.S2,
        inputs={
            Quantity.STOVE_ON: Sentence("灶具开着", "the stove has been on"),
            Quantity.MOTION: _SAYS_MOTION,
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(attended_by=Quantity.MOTION),
        parameters={
            "limit_s": limit_s,
            "pause_s": _NO_PAUSE,
            "clear_hold_s": _CLEAR,
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.ROOM,
        acts=acts,
        clears=clears,
        blind=BLIND_SILENT,
        pitfalls=_STOVE_PITFALLS,
    )


HOUSEHOLD: tuple[Row, ...] = (
    Row(
        id=RuleId("water_running"),
        number=8,
        name=Sentence("长时间流水", "water running"),
        hazard=Hazard.WATER_RUNNING,
        severity=Severity.S3,
        inputs={Quantity.WATER_FLOW_LPH: Sentence("水流不断", "water has been running")},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(counted=True, by_night=True),
        parameters={
            "on_above": Parameter(0, 0, 20, "L/h", "rule 8: flow > 0"),
            "limit_s": Parameter(3600, 1800, 7200, "s", "rule 8: 60 min; 120 min 0x [replay]"),
            "night_limit_s": Parameter(1800, 600, 7200, "s", "rule 8: 30 min, nobody awake"),
            **NIGHT,
            "pause_s": Parameter(120, 0, 300, "s", "rule 8: pauses <= 2 min"),
            "clear_hold_s": Parameter(600, 60, 1800, "s", "rule 8: 0 flow 10 min"),
            "rearm_s": REARM_S3,
            "pre_alarm_s": Parameter(300, 0, 600, "s", "rule 8: voice 5 min"),
            "prompt_every_s": Parameter(150, 60, 300, "s", "Design"),
        },
        latched=False,
        clears=Sentence("无水流满 clear_hold_s。", "There is no flow for clear_hold_s."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "洗衣机、浇花；家中无人时的更短限值尚未使用。",
            "Washing machine, garden; a shorter limit for an empty home is not used.",
        ),
    ),
    Row(
        id=RuleId("door_open"),
        number=25,
        name=Sentence("门未关", "door left open"),
        hazard=Hazard.DOOR_OPEN,
        severity=Severity.S3,
        inputs={Quantity.CONTACT_OPEN: _SAYS_DOOR},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(by_night=True, rooms=_DOOR),
        parameters={
            "limit_s": Parameter(300, 60, 1200, "s", "rule 25: 5 min by day"),
            "night_limit_s": Parameter(120, 30, 1200, "s", "rule 25: 2 min at night"),
            **NIGHT,
            "pause_s": _NO_PAUSE,
            "clear_hold_s": _CLEAR,
            "rearm_s": REARM_S3,
        },
        latched=False,
        clears=_CLOSED,
        ladder="L2",
        blind=BLIND_SILENT,
        pitfalls=_DOOR_PITFALLS,
    ),
    Row(
        id=RuleId("door_open_long"),
        number=25,
        name=Sentence("门长时间未关", "door open for long"),
        hazard=Hazard.DOOR_OPEN,
        severity=Severity.S2,
        inputs={Quantity.CONTACT_OPEN: _SAYS_DOOR},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(rooms=_DOOR),
        parameters={
            "limit_s": Parameter(1800, 900, 7200, "s", "rule 25: S2 at 30 min"),
            "pause_s": _NO_PAUSE,
            "clear_hold_s": _CLEAR,
            "rearm_s": REARM_S3,
        },
        latched=False,
        clears=_CLOSED,
        blind=BLIND_SILENT,
        pitfalls=_DOOR_PITFALLS,
    ),
    _stove(
        "stove_unattended",
        Sentence("灶具无人照看", "stove unattended"),
        Parameter(1200, 600, 3600, "s", "rule 26: kitchen without motion >= 20 min"),
        Sentence("厨房有人或灶具关闭。", "Somebody is in the kitchen, or the stove is off."),
    ),
    _stove(
        "stove_shut",
        Sentence("灶具无人照看，关闭燃气", "stove unattended, gas shut"),
        Parameter(1800, 1200, 5400, "s", "rule 26: shut the gas valve at 30 min"),
        Sentence(
            "厨房有人或灶具关闭；阀门只能在现场手动打开。",
            "Somebody is in the kitchen, or the stove is off; the valve is opened by hand on site "
            "only.",
        ),
        (CLOSE_GAS,),
    ),
    Row(
        id=RuleId("appliance_on"),
        number=27,
        name=Sentence("电器无人照看", "appliance left on"),
        hazard=Hazard.APPLIANCE,
        severity=Severity.S3,
        inputs={
            Quantity.POWER_W: Sentence("电器开着", "an appliance has been on"),
            Quantity.MOTION: _SAYS_MOTION,
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(attended_by=Quantity.MOTION, counted=True),
        parameters={
            "on_above": Parameter(300, 100, 3000, "W", "rule 27: plug > 300 W"),
            "limit_s": Parameter(1800, 600, 14400, "s", "rule 27: nobody in the room 30 min"),
            "pause_s": Parameter(120, 0, 600, "s", "Design: a thermostat pauses an iron"),
            "clear_hold_s": Parameter(120, 0, 600, "s", "Design: as the pause"),
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.ROOM,
        clears=Sentence("有人到场或电器关闭。", "Somebody comes, or it is switched off."),
        ladder="L4",
        blind=BLIND_SILENT,
        pitfalls=Sentence("夜间需要的取暖器应排除。", "Heaters that are needed at night."),
    ),
    Row(
        id=RuleId("water_day_high"),
        number=11,
        name=Sentence("日用水量异常", "unusual daily water"),
        hazard=Hazard.TREND,
        severity=Severity.S4,
        inputs={Quantity.WATER_DAY_L: Sentence("日用水量", "daily water")},
        pattern=TREND,
        plan=Trend(Side.HIGH, "L"),
        parameters={
            "z": Parameter(4, 3, 8, "", "rule 11: mean + 4 sd, made robust (4.3)"),
            "least": Parameter(20, 1, 200, "L", "Design: a bucket is no trend"),
            "days_min": Parameter(14, 7, 28, "d", "4.2: >= 14 d of training"),
            "days": Parameter(1, 1, 7, "d", "rule 11: any day"),
            "rearm_s": Parameter(86400, 86400, 604800, "s", "rule 11: next day"),
        },
        latched=False,
        clears=Sentence("7 天内无异常日。", "No such day among the last seven."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("来客、大扫除 [8]。", "Guests, cleaning [8]."),
    ),
)
