"""Rows that make readings for other rows: what is a sign of life, who is at home, and how long this
person is usually quiet. They raise nothing themselves; what they find wrong is raised here too."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.life import SIGNS
from local_rules.patterns.alert_line import ALERT_LINE
from local_rules.patterns.life import LIFE
from local_rules.patterns.presence import PRESENCE
from local_rules.patterns.report import REPORT
from local_rules.patterns.sequence import SEQUENCE, Match, Sequence
from local_rules.row import BLIND_SILENT, NIGHT, Parameter, Row
from local_rules.rule import SubjectBy

_REARM_DAY = Parameter(86400, 3600, 604800, "s", "[32c]: once a day")
_NOTHING = Sentence("只产生读数，不报警。", "It makes readings and raises nothing.")
_QUIET = Sentence("有生活迹象", "a sign of life")
_PRESENCE = Sentence("在家状态改变", "presence changed")
_SILENT = Sentence("设备失联", "a device silent")
_STUCK = Sentence("传感器与家中情况矛盾", "that contradicts the home")

SENSES: tuple[Row, ...] = (
    Row(
        id=RuleId("life"),
        number=45,
        name=Sentence("生活迹象", "signs of life"),
        hazard=Hazard.INACTIVITY,
        severity=Severity.S5,
        inputs={
            **{quantity: sign.words for quantity, sign in SIGNS.items()},
            Quantity.USER_MISMATCH: Sentence("测量者像是别人", "a measurement of another person"),
        },
        pattern=LIFE,
        plan=None,
        parameters={
            "motion_counts": Parameter(
                1, 0, 1, "yes", "general rule (f): 0 where a pet sets the sensors off"
            ),
            "power_step_w": Parameter(200, 50, 2000, "W", "Design: more than a fridge begins with"),
            "on_s": Parameter(1800, 900, 7200, "s", "rule 45: PIR ON > 30 min"),
            "alone_s": Parameter(86400, 43200, 172800, "s", "rule 45: only source for 24 h"),
            "open_s": Parameter(21600, 10800, 43200, "s", "rule 45: open, house quiet 6 h"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=_NOTHING,
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "从不报告“无人”的红外查不出卡住；恒温电器自行启停。",
            "A sensor that never says that motion ends cannot be found on; heaters that cycle.",
        ),
        derives=(Quantity.QUIET_S, Quantity.STUCK),
    ),
    Row(
        id=RuleId("presence"),
        number=17,
        name=Sentence("在家状态", "presence"),
        hazard=Hazard.NOT_RETURNED,
        severity=Severity.S5,
        inputs={
            Quantity.QUIET_S: _QUIET,
            Quantity.CONTACT_OPEN: Sentence("门开合", "the door moved"),
            Quantity.IN_BED: Sentence("床上有人", "the bed is occupied"),
            Quantity.AWAY_FOR_S: Sentence("告知外出", "said to be away"),
            Quantity.SILENT: _SILENT,
            Quantity.STUCK: _STUCK,
        },
        pattern=PRESENCE,
        plan=None,
        parameters={
            "wait_s": Parameter(300, 120, 900, "s", "4.3: no interior evidence for 5 min"),
            "no_door_s": Parameter(90000, 3600, 172800, "s", "rule 40: supervised within 25 h"),
            "residents": Parameter(1, 1, 6, "people", "general rule (e): two-resident homes"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=_NOTHING,
        blind=Sentence(
            "没有可信的门磁时为 unknown，并触发 presence_unknown。",
            "unknown without a door contact that is believed; then presence_unknown is raised.",
        ),
        pitfalls=Sentence(
            "访客离开后老人五分钟内不动会被当作外出，由 not_returned 兜底。",
            "A visitor leaves and the person sits still for 5 min: taken for away until the next "
            "sign; not_returned is the net below it.",
        ),
        derives=(Quantity.PRESENCE,),
    ),
    Row(
        id=RuleId("alert_line"),
        number=17,
        name=Sentence("个性化预警线", "alert line"),
        hazard=Hazard.INACTIVITY,
        severity=Severity.S5,
        inputs={
            Quantity.QUIET_S: _QUIET,
            Quantity.PRESENCE: _PRESENCE,
            Quantity.SILENT: _SILENT,
            Quantity.STUCK: _STUCK,
            Quantity.SOS: Sentence("按下紧急按钮", "the button was pressed"),
            Quantity.FALL: Sentence("跌倒", "a fall"),
        },
        pattern=ALERT_LINE,
        plan=None,
        parameters={
            "factor": Parameter(1.25, 1, 2, "x", "4.3: k = 1.25"),
            "margin_s": Parameter(1800, 0, 7200, "s", "4.3: m = 0.5 h"),
            "help_factor": Parameter(0.25, 0, 1, "x", "Design: k is this more for sending help"),
            "early_factor": Parameter(0.5, 0, 2, "x", "Design: k is this more after one day"),
            "early_margin_s": Parameter(5400, 0, 21600, "s", "Design: m is this more"),
            "least_s": Parameter(10800, 7200, 21600, "s", "4.3: Tmin 3 h day"),
            "most_s": Parameter(43200, 36000, 64800, "s", "4.3: Tmax 12 h day"),
            "night_least_s": Parameter(18000, 10800, 28800, "s", "4.3: Tmin 5 h night"),
            "night_most_s": Parameter(50400, 36000, 64800, "s", "4.3: Tmax 14 h night"),
            **NIGHT,
            "urgent_s": Parameter(3600, 1800, 7200, "s", "4.3: S2 when age > T + 60 min"),
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=_NOTHING,
        blind=Sentence(
            "时间未知、在家状态未知或传感器失联时不学习。",
            "Learns nothing while the time, or who is at home, is not known, or a sensor is lost.",
        ),
        pitfalls=Sentence(
            "传感器稀少时预警线长；作息改变后数日内才适应。",
            "Few sensors make a long line; a new rhythm takes days to be learned.",
        ),
        derives=(Quantity.ALERT_LINE_S, Quantity.ALERT_TABLE),
    ),
    Row(
        id=RuleId("sensor_stuck"),
        number=45,
        name=Sentence("传感器矛盾", "sensor stuck"),
        hazard=Hazard.DEVICE_FAULT,
        severity=Severity.S4,
        inputs={Quantity.STUCK: _STUCK},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(0, 0, 60, "s", "Design: it is told once"),
            "trigger_hold_s": Parameter(0, 0, 3600, "s", "rule 45 waits before it is told"),
            "clear_hold_s": Parameter(600, 60, 3600, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("传感器恢复正常满 clear_hold_s。", "It behaves for clear_hold_s."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "久坐在红外前；整日卧床。", "Sitting before the sensor for long; a day spent in bed."
        ),
    ),
    Row(
        id=RuleId("presence_unknown"),
        number=17,
        name=Sentence("无法判断是否在家", "presence not known"),
        hazard=Hazard.SILENT,
        severity=Severity.S4,
        inputs={Quantity.PRESENCE: _PRESENCE},
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.PRESENCE, values=("unknown",)),),
            then=(Match(Quantity.PRESENCE, values=("home", "maybe_away", "away")),),
        ),
        parameters={
            "within_s": Parameter(3600, 0, 86400, "s", "Design: general rule (h), said once"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("又能判断是否在家。", "It is known again who is at home."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "没有门磁的家庭会一直成立；未活动规则改用长限值。",
            "Stands for ever without a door contact; inactivity goes on with its long limit.",
        ),
    ),
)
