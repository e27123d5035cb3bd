"""Rules that watch what is open, running or on: water, doors, the stove, appliances."""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.room import RoomKind
from agent.core.text import Sentence
from local_rules.patterns.gate import Gate
from local_rules.patterns.left_active import LEFT_ACTIVE, LeftActive
from local_rules.patterns.sequence import Match
from local_rules.patterns.silence import SILENCE, Silence
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
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
_WATER = Sentence("水流不断", "water has been running")
_WATER_PITFALLS = Sentence(
    "60 分钟限值在两年内误报 16 次，120 分钟 0 次；洗衣机、浇花。",
    "At 60 min 16 false in 730 d, at 120 min none [replay]; washing machine, garden.",
)
_NO_FLOW = Sentence("无水流满 clear_hold_s。", "There is no flow for clear_hold_s.")
_ON_ABOVE = Parameter(0, 0, 20, "L/h", "rule 8: flow > 0")
_BATHROOM = frozenset({RoomKind.BATHROOM})
_BY_WEATHER = Parameter(180, 60, 600, "s", "rule 25: cold or hot 3 min")
_HEATERS = ("取暖", "电热", "油汀", "heater", "blanket")
_STOVE_PITFALLS = Sentence("煲汤时人不在厨房。", "Soup that simmers by itself.")


def _stove(
    rule: str,
    name: Sentence,
    limit_s: Parameter,
    clears: Sentence,
    acts: tuple[Act, ...] = (),
    asks: Mapping[str, Parameter] | None = None,
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
            Quantity.EXTENDED: Sentence("按下延长按钮", "the extend button"),
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(attended_by=Quantity.MOTION, extended_by=Quantity.EXTENDED),
        parameters={
            "limit_s": limit_s,
            "extend_s": Parameter(1800, 600, 3600, "s", "rule 26: extend button +30 min"),
            **(asks or {}),
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


def _door_by_weather(rule: str, name: Sentence, given: Parameter, *, below: bool) -> Row:
    return Row(
        id=RuleId(rule),
        number=25,
        name=name,
        hazard=Hazard.DOOR_OPEN,
        severity=Severity.S3,
        inputs={
            Quantity.CONTACT_OPEN: _SAYS_DOOR,
            Quantity.TEMP_C: Sentence("报告温度", "temperature"),
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(
            rooms=_DOOR,
            gates=(Gate(level=Quantity.TEMP_C, below=below, at_first=False),),
        ),
        parameters={
            "given": given,
            "limit_s": _BY_WEATHER,
            "pause_s": _NO_PAUSE,
            "clear_hold_s": _CLEAR,
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("门关上或温度恢复。", "The door is closed, or the temperature is back."),
        blind=Sentence(
            "门磁离线或没有温度传感器时失明。",
            "Blind while the contact is offline, or without a temperature sensor.",
        ),
        pitfalls=Sentence(
            "多个温度传感器时以最近一次上报为准；通风。",
            "With several sensors the latest report counts; airing.",
        ),
    )


HOUSEHOLD: tuple[Row, ...] = (
    Row(
        id=RuleId("water_running"),
        number=8,
        name=Sentence("长时间流水", "water running"),
        hazard=Hazard.WATER_RUNNING,
        severity=Severity.S3,
        inputs={Quantity.WATER_FLOW_LPH: _WATER},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(counted=True, by_night=True),
        parameters={
            "on_above": _ON_ABOVE,
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
        clears=_NO_FLOW,
        blind=BLIND_SILENT,
        pitfalls=_WATER_PITFALLS,
    ),
    Row(
        id=RuleId("water_running_away"),
        number=8,
        name=Sentence("家中无人流水", "water running in an empty home"),
        hazard=Hazard.WATER_RUNNING,
        severity=Severity.S2,
        inputs={
            Quantity.WATER_FLOW_LPH: _WATER,
            Quantity.PRESENCE: Sentence("在家状态改变", "presence changed"),
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(
            counted=True,
            gates=(
                Gate(
                    opens=(Match(Quantity.PRESENCE, values=("away",)),),
                    closes=(Match(Quantity.PRESENCE, values=()),),
                    at_first=False,
                ),
            ),
        ),
        parameters={
            "on_above": _ON_ABOVE,
            "limit_s": Parameter(1800, 600, 7200, "s", "rule 8: 30 min if nobody is at home"),
            "pause_s": Parameter(120, 0, 300, "s", "rule 8: pauses <= 2 min"),
            "clear_hold_s": Parameter(600, 60, 1800, "s", "rule 8: 0 flow 10 min"),
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence(
            "无水流或有人回家，满 clear_hold_s。", "No flow or somebody at home, for clear_hold_s."
        ),
        blind=Sentence(
            "水表离线或无法判断是否在家时失明。",
            "Blind while the meter is offline, or nobody knows who is at home.",
        ),
        pitfalls=Sentence(
            "外出时洗衣机仍在运转。", "A washing machine that runs on while one is out."
        ),
    ),
    Row(
        id=RuleId("water_never_stops"),
        number=8,
        name=Sentence("全天每半小时都用水", "water used in every half-hour"),
        hazard=Hazard.WATER_RUNNING,
        severity=Severity.S3,
        inputs={Quantity.WATER_FLOW_LPH: _WATER},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(counted=True),
        parameters={
            "on_above": _ON_ABOVE,
            "limit_s": Parameter(86400, 43200, 172800, "s", "rule 8: all 48 half-hours [3]"),
            "pause_s": Parameter(1800, 900, 3600, "s", "rule 8: none of a half-hour [3]"),
            "clear_hold_s": Parameter(3600, 1800, 7200, "s", "Design: an hour without"),
            "rearm_s": Parameter(86400, 21600, 172800, "s", "Design: once a day"),
        },
        latched=False,
        clears=_NO_FLOW,
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "以用水间隔不超过半小时代替逐个半小时计数；净水器。",
            "Judged by pauses of no more than half an hour, not by the clock; water purifiers.",
        ),
    ),
    Row(
        id=RuleId("tap_and_bath"),
        number=9,
        name=Sentence("忘关水龙头或洗浴过久", "tap forgotten, or long in the bath"),
        hazard=Hazard.WATER_RUNNING,
        severity=Severity.S2,
        inputs={
            Quantity.WATER_FLOW_LPH: _WATER,
            Quantity.MOTION: _SAYS_MOTION,
            Quantity.CONTACT_OPEN: Sentence("门开关", "a door moved"),
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(
            counted=True,
            gates=(
                Gate(
                    opens=(Match(Quantity.MOTION, rooms=_BATHROOM),),
                    closes=(
                        Match(Quantity.MOTION, rooms=_BATHROOM, elsewhere=True),
                        Match(Quantity.CONTACT_OPEN),
                    ),
                    at_first=False,
                ),
            ),
        ),
        parameters={
            "on_above": _ON_ABOVE,
            "limit_s": Parameter(1500, 900, 3600, "s", "rule 9: flow >= 25 min"),
            "pause_s": Parameter(0, 0, 120, "s", "Design: a forgotten tap does not pause"),
            "clear_hold_s": _CLEAR,
            "rearm_s": REARM_S3,
            "pre_alarm_s": Parameter(120, 0, 600, "s", "rule 9: voice 2 min"),
            "prompt_every_s": Parameter(60, 30, 300, "s", "Design: twice"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence(
            "别处有活动、门开关或水流停止。", "Motion elsewhere, a door moves, or no flow."
        ),
        blind=Sentence(
            "水表离线或卫生间没有人体红外时失明。",
            "Blind while the meter is offline, or without a motion sensor in the bathroom.",
        ),
        pitfalls=Sentence("淋浴时间长。", "Long showers."),
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
    _door_by_weather(
        "door_open_cold",
        Sentence("寒冷时门未关", "door open in the cold"),
        Parameter(12, 5, 16, "°C", "rule 25: cold; the limit is Design"),
        below=True,
    ),
    _door_by_weather(
        "door_open_hot",
        Sentence("炎热时门未关", "door open in the heat"),
        Parameter(32, 30, 38, "°C", "rule 25: hot; the limit is Design"),
        below=False,
    ),
    _stove(
        "stove_unattended",
        Sentence("灶具无人照看", "stove unattended"),
        Parameter(900, 300, 3600, "s", "rule 26: warn at 15 min, 20 min with the pre-alarm"),
        Sentence("厨房有人或灶具关闭。", "Somebody is in the kitchen, or the stove is off."),
        asks={
            "pre_alarm_s": Parameter(300, 0, 900, "s", "rule 26: 15 min to 20 min"),
            "prompt_every_s": Parameter(150, 60, 300, "s", "rule 26: voice 2x"),
        },
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
        plan=LeftActive(attended_by=Quantity.MOTION, counted=True, not_named=_HEATERS),
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
        pitfalls=Sentence(
            "名称含“取暖”“电热”“heater”的设备不计：夜间需要。",
            "What is called a heater or blanket in the ledger is left out: it is needed at night.",
        ),
    ),
    Row(
        id=RuleId("light_left_on"),
        number=28,
        name=Sentence("灯整夜未关", "light left on at night"),
        hazard=Hazard.ELECTRICITY,
        severity=Severity.S3,
        inputs={Quantity.LIGHT_ON: Sentence("灯亮着", "a light has been on")},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(by_night=True),
        parameters={
            "limit_s": Parameter(86400, 43200, 172800, "s", "Design: a whole day and night"),
            "night_limit_s": Parameter(3600, 1800, 14400, "s", "rule 28: > 60 min [9]"),
            # On for an hour since midnight is on at one o'clock and for an hour.
            "from_h": Parameter(1, 0, 4, "h", "rule 28: 00-05, after the first hour"),
            "to_h": Parameter(5, 3, 8, "h", "rule 28: 00-05"),
            "pause_s": Parameter(0, 0, 600, "s", "Design: what is off is off"),
            "clear_hold_s": _CLEAR,
            "rearm_s": REARM_S3,
        },
        latched=False,
        clears=Sentence("灯关闭。", "The light is off."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("长明的夜灯应关闭本规则。", "A night light that always burns: off."),
    ),
    Row(
        id=RuleId("electricity_unused"),
        number=28,
        name=Sentence("长时间未用电", "electricity not used"),
        hazard=Hazard.ELECTRICITY,
        severity=Severity.S3,
        inputs={
            Quantity.ENERGY_KWH: Sentence("用电", "electricity used"),
            Quantity.PRESENCE: Sentence("在家状态改变", "presence changed"),
            Quantity.MAINS_LOST: Sentence("市电中断", "the mains lost"),
        },
        pattern=SILENCE,
        plan=Silence(
            presence=True,
            amount=frozenset({Quantity.ENERGY_KWH}),
            gates=(
                Gate(
                    opens=(Match(Quantity.MAINS_LOST, values=(False,)),),
                    closes=(Match(Quantity.MAINS_LOST),),
                ),
            ),
        ),
        parameters={
            "limit_s": Parameter(43200, 21600, 86400, "s", "rule 28: in 12 h"),
            "least": Parameter(0.05, 0.01, 2, "kWh", "rule 28: < 0.05 kWh above the base load"),
            "clear_least": Parameter(0.01, 0.001, 1, "kWh", "rule 28: use"),
            "rearm_s": Parameter(86400, 21600, 172800, "s", "Design: once a day"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("用电达到 clear_least。", "clear_least is used."),
        blind=Sentence(
            "电表离线、停电或无法判断是否在家时失明。",
            "Blind while the meter is offline, the mains are lost, or nobody knows who is at home.",
        ),
        pitfalls=Sentence(
            "冰箱等底载：least 应高于 12 小时底载；先看是否停电。",
            "The base load of a fridge: least is to be above that of 12 h; an outage comes first.",
        ),
    ),
    Row(
        id=RuleId("water_day_limit"),
        number=11,
        name=Sentence("日用水量过高", "daily water too high"),
        hazard=Hazard.WATER_RUNNING,
        severity=Severity.S3,
        inputs={Quantity.WATER_DAY_L: Sentence("日用水量", "daily water")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.ABOVE, "L"),
        parameters={
            "limit": Parameter(2000, 500, 5000, "L", "rule 11: > 2 m3 a day [5][6]"),
            "hold_s": Parameter(0, 0, 0, "s", "does not apply: the day is over"),
            "clear_limit": Parameter(500, 100, 500, "L", "Design: below the lowest limit"),
            "clear_hold_s": Parameter(0, 0, 0, "s", "rule 11: next day"),
            "rearm_s": Parameter(80000, 43200, 604800, "s", "rule 11: next day"),
        },
        latched=False,
        clears=Sentence("次日用水量低于 clear_limit。", "The next day is below clear_limit."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("来客、大扫除 [8]。", "Guests, cleaning [8]."),
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
