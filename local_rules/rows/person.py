"""Rules that watch the person: inactivity, coming back, going out at night, medicine and visits."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.room import RoomKind
from agent.core.text import Sentence
from local_rules.patterns.report import REPORT, Counting
from local_rules.patterns.sequence import SEQUENCE, Match, Sequence
from local_rules.patterns.silence import SILENCE, URGENT, Silence
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.patterns.trend import TREND, Side, Trend
from local_rules.row import BLIND_SILENT, LIGHT_ON, NIGHT, REARM_S3, Parameter, Row
from local_rules.rule import SubjectBy

_MOTION = {Quantity.MOTION: Sentence("检测到活动", "motion")}
_DOOR = {Quantity.CONTACT_OPEN: Sentence("门被打开", "the door was opened")}
_PRESENCE = {Quantity.PRESENCE: Sentence("在家状态改变", "presence changed")}
_BED = {Quantity.IN_BED: Sentence("离开了床", "the bed was left")}
_BATHROOM = frozenset({RoomKind.BATHROOM})
_BATHROOM_DWELL = Sequence(
    first=(Match(Quantity.MOTION, rooms=_BATHROOM),),
    then=(
        Match(Quantity.MOTION, rooms=_BATHROOM, elsewhere=True),
        # Opened, not closed: a contact repeats each few hours that it is closed.
        Match(Quantity.CONTACT_OPEN),
        Match(Quantity.IN_BED),
    ),
)
_IN_BED = {Quantity.IN_BED: Sentence("上床", "the bed was entered")}
_DOORWAY = frozenset({RoomKind.ENTRY, RoomKind.UNKNOWN})
_REARM_DAY = Parameter(86400, 21600, 172800, "s", "Design: once a day")
_NOT_HELD = Parameter(0, 0, 0, "s", "does not apply: at once")
_PROMPT = Parameter(300, 60, 600, "s", "2.2: voice prompt every 5 min [32b]")
_BLIND_AWAY = Sentence(
    "相关传感器离线时失明；无法判断是否在家时暂停。",
    "Blind while its sensors are offline; waits while nobody knows who is at home.",
)
_BLIND_LIFE = Sentence(
    "所有传感器离线时失明；无法判断是否在家时改用长限值 unknown_s。",
    "Blind while all sensors are offline; goes on with the long limit unknown_s while nobody knows "
    "who is at home.",
)


def _inactivity(
    rule: str, name: Sentence, severity: Severity, line: str, parameters: dict[str, Parameter]
) -> Row:
    return Row(
        id=RuleId(rule),
        number=17,
        name=name,
        hazard=Hazard.INACTIVITY,
        severity=severity,
        inputs={
            Quantity.QUIET_S: Sentence("有生活迹象", "a sign of life"),
            **_PRESENCE,
            Quantity.ALERT_LINE_S: Sentence("预警线更新", "the alert line"),
        },
        pattern=SILENCE,
        plan=Silence(presence=True, personal=True, line=line, unsure=True, by_night=True),
        parameters={
            **parameters,
            "from_h": Parameter(22, 18, 24, "h", "rule 17: 06-22 is day"),
            "to_h": Parameter(6, 4, 10, "h", "rule 17: 06-22 is day"),
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("任何活动，或在主机上签收。", "Any activity, or an answer at the hub."),
        blind=_BLIND_LIFE,
        pitfalls=Sentence(
            "红外盲区、静坐看电视、红外失效、访客使门磁判断出错。",
            "Blind spots, sitting before the TV, a dead sensor, visitors who confuse presence.",
        ),
    )


PERSON: tuple[Row, ...] = (
    Row(
        id=RuleId("bathroom_dwell"),
        number=15,
        name=Sentence("卫生间滞留", "bathroom dwell"),
        hazard=Hazard.DWELL,
        severity=Severity.S2,
        inputs={**_MOTION, **_DOOR, **_IN_BED},
        pattern=SEQUENCE,
        plan=_BATHROOM_DWELL,
        parameters={
            "within_s": Parameter(1800, 1800, 5400, "s", "rule 15: voice at 30 min, 45 if a bath"),
            "rearm_s": REARM_S3,
            "pre_alarm_s": Parameter(1800, 0, 3600, "s", "rule 15: alert at 60 min"),
            "prompt_every_s": Parameter(600, 60, 1800, "s", "Design: three times"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("别处有活动或门开关。", "Motion elsewhere, or a door moves."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "30 分钟时每 30 天约误报 1 次；便秘、看报；关门挡住红外；两人同住。",
            "At 30 min about 1 false in 30 d [replay]; newspapers; a closed door; two residents.",
        ),
    ),
    Row(
        id=RuleId("bathroom_dwell_hard"),
        number=15,
        name=Sentence("卫生间滞留过久", "far too long in the bathroom"),
        hazard=Hazard.DWELL,
        severity=Severity.S2,
        inputs={**_MOTION, **_DOOR, **_IN_BED},
        pattern=SEQUENCE,
        plan=_BATHROOM_DWELL,
        parameters={
            "within_s": Parameter(14400, 7200, 21600, "s", "rule 15: hard 4 h [12]"),
            "rearm_s": Parameter(3600, 1800, 21600, "s", "Design: nobody may call this off"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("别处有活动或门开关。", "Motion elsewhere, or a door moves."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("传感器只剩卫生间一只在工作。", "All other sensors are dead."),
    ),
    _inactivity(
        "inactivity",
        Sentence("长时间未活动", "inactivity"),
        Severity.S3,
        "",
        {
            "limit_s": Parameter(43200, 10800, 86400, "s", "rule 17: cold start 12 h, 06-22"),
            "night_limit_s": Parameter(36000, 18000, 86400, "s", "rule 17: cold start 10 h night"),
            "personal_least_s": Parameter(10800, 7200, 21600, "s", "4.3: Tmin 3 h"),
            "personal_most_s": Parameter(50400, 36000, 86400, "s", "4.3: Tmax 14 h night"),
            "unknown_s": Parameter(50400, 36000, 86400, "s", "4.3: Tmax; 12 h [11], 24 h [2]"),
            "pre_alarm_s": Parameter(900, 0, 1800, "s", "rule 17: every 5 min x3 [32b]"),
            "prompt_every_s": _PROMPT,
        },
    ),
    _inactivity(
        "inactivity_long",
        Sentence("未活动且无应答", "inactivity, not answered"),
        Severity.S2,
        URGENT,
        {
            "limit_s": Parameter(46800, 14400, 90000, "s", "rule 17: 60 min after the S3"),
            "night_limit_s": Parameter(39600, 21600, 90000, "s", "rule 17: 60 min after the S3"),
            "personal_least_s": Parameter(14400, 10800, 25200, "s", "4.3: Tmin 3 h + 60 min"),
            "personal_most_s": Parameter(54000, 39600, 90000, "s", "4.3: Tmax 14 h + 60 min"),
            "unknown_s": Parameter(86400, 54000, 172800, "s", "[2]: PIR none 24 h"),
        },
    ),
    Row(
        id=RuleId("no_water"),
        number=10,
        name=Sentence("长时间未用水", "no water used"),
        hazard=Hazard.NO_WATER,
        severity=Severity.S3,
        inputs={
            Quantity.WATER_FLOW_LPH: Sentence("用水", "water used"),
            Quantity.WATER_TOTAL_L: Sentence("用水", "water used"),
            **_PRESENCE,
        },
        pattern=SILENCE,
        plan=Silence(presence=True, by_night=True, amount=frozenset({Quantity.WATER_TOTAL_L})),
        parameters={
            "limit_s": Parameter(43200, 21600, 86400, "s", "rule 10: 12 h [1][3], 24 h [4][6]"),
            "night_limit_s": Parameter(
                86400, 21600, 86400, "s", "rule 10: by day only, 06-22; 24 h [4][6]"
            ),
            **NIGHT,
            "least": Parameter(10, 1, 50, "L", "rule 10: < 0.01 m3 [1][3]; 8 L [7]"),
            "clear_least": Parameter(2, 0.5, 10, "L", "rule 10: >= 2 L flow"),
            "rearm_s": _REARM_DAY,
            "pre_alarm_s": Parameter(900, 0, 1800, "s", "rule 10: prompt 15 min"),
            "prompt_every_s": _PROMPT,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("用水达到 clear_least。", "clear_least is used."),
        blind=_BLIND_AWAY,
        pitfalls=Sentence(
            "外出未察觉 [8]；喝桶装水；水表延迟上报；漏水会掩盖。",
            "Away unnoticed [8]; bottled water; late meters; a leak masks it.",
        ),
    ),
    Row(
        id=RuleId("door_unused"),
        number=24,
        name=Sentence("长时间未开门", "door not opened"),
        hazard=Hazard.INACTIVITY,
        severity=Severity.S3,
        inputs={**_DOOR, **_PRESENCE},
        pattern=SILENCE,
        plan=Silence(presence=True, rooms=_DOORWAY),
        parameters={
            "limit_s": Parameter(86400, 43200, 172800, "s", "rule 24: 24 h [2], 48 h [10]"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("门被打开。", "The door is opened."),
        blind=_BLIND_AWAY,
        pitfalls=Sentence("卧床者应关闭本规则。", "To be off for who is bedridden."),
    ),
    Row(
        id=RuleId("bed_exit"),
        number=19,
        name=Sentence("夜间离床未归", "out of bed at night"),
        hazard=Hazard.DWELL,
        severity=Severity.S2,
        inputs={**_BED, **_MOTION},
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.IN_BED, values=(False,)),),
            then=(Match(Quantity.IN_BED), Match(Quantity.MOTION, other_room=True)),
            in_window=True,
        ),
        parameters={
            "within_s": Parameter(1200, 300, 3600, "s", "rule 19: 20 min, fall risk 10"),
            "from_h": Parameter(23, 20, 24, "h", "rule 19: 23-06"),
            "to_h": Parameter(6, 4, 9, "h", "rule 19: 23-06"),
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        acts=(LIGHT_ON,),
        clears=Sentence("回到床上或别处有活动。", "Back in bed, or motion elsewhere."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "床垫传感器松脱；床到卫生间 95 % 为 4.3 分，最长 8.7 分 [replay]。",
            "The bed sensor lifts; bed to toilet p95 4.3 min, max 8.7 [replay].",
        ),
    ),
    Row(
        id=RuleId("night_exit"),
        number=22,
        name=Sentence("夜间外出", "night exit"),
        hazard=Hazard.NIGHT_EXIT,
        severity=Severity.S2,
        inputs={**_DOOR, **_MOTION},
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.CONTACT_OPEN, rooms=_DOORWAY),),
            then=(Match(Quantity.MOTION),),
            in_window=True,
            settles=True,
        ),
        parameters={
            # 0 is the dementia profile: the open door itself is the alarm.
            "within_s": Parameter(180, 0, 900, "s", "rule 22: 3 min; dementia 0"),
            "settle_s": Parameter(60, 0, 120, "s", "4.2: > 60 s after a door event"),
            **NIGHT,
            "rearm_s": REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        acts=(LIGHT_ON,),
        clears=Sentence("屋内有活动。", "Motion inside."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "访客、倒垃圾；示例家庭 30 天夜间开门 0 次。",
            "Visitors, rubbish; 0 night openings in 30 d in an example home.",
        ),
    ),
    Row(
        id=RuleId("medication_missed"),
        number=38,
        name=Sentence("漏服药", "missed medication"),
        hazard=Hazard.MEDICATION,
        severity=Severity.S3,
        inputs={
            Quantity.DOSE_DUE: Sentence("到了服药时间", "a dose was due"),
            Quantity.LID_OPEN: Sentence("打开药盒", "the medicine box opened"),
        },
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.DOSE_DUE),),
            then=(Match(Quantity.LID_OPEN),),
            answered_before=True,
        ),
        parameters={
            "within_s": Parameter(3600, 1800, 14400, "s", "rule 38: +60 min"),
            "before_s": Parameter(1800, 0, 3600, "s", "rule 38: -30 min"),
            "rearm_s": Parameter(3600, 3600, 86400, "s", "Design: the next dose is news"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("打开药盒。", "The box is opened."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("外出带药、装填药盒。", "A dose for a journey, filling the box."),
    ),
    Row(
        id=RuleId("medication_missed_twice"),
        number=38,
        name=Sentence("一日内两次漏服药", "two doses missed in a day"),
        hazard=Hazard.MEDICATION,
        severity=Severity.S3,
        inputs={
            Quantity.DOSE_DUE: Sentence("到了服药时间", "a dose was due"),
            Quantity.LID_OPEN: Sentence("打开药盒", "the medicine box opened"),
        },
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.DOSE_DUE),),
            then=(Match(Quantity.LID_OPEN),),
            answered_before=True,
            counts=True,
        ),
        parameters={
            "times": Parameter(2, 2, 4, "x", "rule 38: 2 missed"),
            "times_within_s": Parameter(90000, 43200, 172800, "s", "rule 38: in 24 h, and an hour"),
            "within_s": Parameter(3600, 1800, 14400, "s", "rule 38: +60 min"),
            "before_s": Parameter(1800, 0, 3600, "s", "rule 38: -30 min"),
            "rearm_s": Parameter(3600, 3600, 86400, "s", "Design: the next dose is news"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("打开药盒。", "The box is opened."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("外出带药。", "Doses for a journey."),
    ),
    Row(
        id=RuleId("medication_double"),
        number=38,
        name=Sentence("可能重复服药", "medicine perhaps taken twice"),
        hazard=Hazard.MEDICATION,
        severity=Severity.S3,
        inputs={Quantity.LID_OPEN: Sentence("药盒反复打开", "the medicine box opened repeatedly")},
        pattern=REPORT,
        plan=Counting(),
        parameters={
            "times": Parameter(4, 3, 8, "x", "rule 38: opened > 3x"),
            "times_within_s": Parameter(5400, 1800, 14400, "s", "rule 38: -30 to +60 min"),
            "debounce_s": Parameter(20, 0, 120, "s", "Design: a lid that bounces"),
            "trigger_hold_s": _NOT_HELD,
            "clear_hold_s": _NOT_HELD,
            "rearm_s": _NOT_HELD,
        },
        latched=False,
        momentary=True,
        clears=Sentence("由人员查看后签收。", "A person looks and acknowledges it."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("装填药盒。", "Filling the box."),
    ),
    Row(
        id=RuleId("night_rising_often"),
        number=20,
        name=Sentence("一夜多次离床", "many risings in one night"),
        hazard=Hazard.TREND,
        severity=Severity.S5,
        inputs={Quantity.NIGHT_RISINGS: Sentence("夜间离床次数", "risings in the night")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, "x"),
        parameters={
            "limit": Parameter(4, 3, 8, "x", "rule 20: >= 4 exits a night"),
            "hold_s": _NOT_HELD,
            "clear_limit": Parameter(3, 1, 3, "x", "Design: fewer than the lowest limit"),
            "clear_hold_s": _NOT_HELD,
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("次夜少于 clear_limit 次。", "The next night has fewer than clear_limit."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("利尿剂；只作报告。", "Diuretics; a report only."),
    ),
    Row(
        id=RuleId("visit_missed"),
        number=39,
        name=Sentence("探访未到", "missed visit"),
        hazard=Hazard.VISIT,
        severity=Severity.S3,
        inputs={
            Quantity.VISIT_DUE: Sentence("到了约定的探访时间", "a visit was due"),
            Quantity.VISIT_SEEN: Sentence("已探访", "the visit"),
        },
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.VISIT_DUE),),
            then=(Match(Quantity.VISIT_SEEN),),
            answered_before=True,
        ),
        parameters={
            "within_s": Parameter(3600, 1800, 14400, "s", "rule 39: +60 min"),
            "before_s": Parameter(3600, 0, 14400, "s", "Design: who comes early has come"),
            "rearm_s": Parameter(3600, 3600, 86400, "s", "Design: the next visit is news"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("扫到探访码。", "The visit code is scanned."),
        ladder="operator",
        blind=BLIND_SILENT,
        pitfalls=Sentence("改期。", "Rescheduled."),
    ),
    Row(
        id=RuleId("night_rising"),
        number=20,
        name=Sentence("夜间频繁离床", "repeated night rising"),
        hazard=Hazard.TREND,
        severity=Severity.S5,
        inputs={Quantity.NIGHT_RISINGS: Sentence("夜间离床次数", "risings in the night")},
        pattern=TREND,
        plan=Trend(Side.HIGH, "x"),
        parameters={
            "z": Parameter(3.5, 2, 6, "", "4.3: |z| > 3.5; rule 20: +2 sd"),
            "least": Parameter(0.5, 0.25, 2, "x", "Design: counts are whole numbers"),
            "days_min": Parameter(14, 7, 28, "d", "rule 20: over 14 d"),
            "days": Parameter(3, 1, 7, "d", "4.3: 3 of 7 days"),
            "rearm_s": Parameter(604800, 86400, 1209600, "s", "4.3: weekly"),
        },
        latched=False,
        clears=Sentence("7 天内异常日减少。", "Fewer such days among the last seven."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "可能提示尿路感染、利尿剂；只作报告。", "Hints at infection, diuretics; a report only."
        ),
    ),
)
