"""Rules that watch measured signs of health over days and nights: weight, mean pressure, breath.

Not a medical device: they ask somebody to look. Like the rules of single measurements they are
blind while nobody measures.
"""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.figure import Of
from local_rules.patterns.gate import Gate
from local_rules.patterns.report import REPORT, Counting
from local_rules.patterns.sequence import Match
from local_rules.patterns.silence import SILENCE, Silence
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.row import BLIND_SILENT, Parameter, Row

_BLIND = Sentence(
    "不测量就没有数据；设备电量耗尽或不在范围内时失明。",
    "Nothing is known while nobody measures; blind while the device is empty or out of range.",
)
_AT_ONCE = Parameter(0, 0, 0, "s", "does not apply: at once")
_MONTH_S = 30 * 86_400.0
_REARM_DAY = Parameter(86400, 21600, 604800, "s", "Design: once a day")
_WEIGHT_PITFALLS = Sentence(
    "衣物、客人上秤：只采纳与本人中位数相差不超过 within_pct 的读数。",
    "Clothes, a guest on the scale: only what is within within_pct of the person's median counts.",
)


def _weight(
    rule: str,
    name: Sentence,
    of: Of,
    unit: str,
    limit: Parameter,
    over_s: Parameter,
    clear_limit: Parameter,
) -> Row:
    is_rise = of is Of.RISE
    return Row(
        id=RuleId(rule),
        number=36,
        name=name,
        hazard=Hazard.TREND,
        severity=Severity.S3,
        inputs={
            Quantity.WEIGHT_KG: Sentence("体重增加", "weight up by")
            if is_rise
            else Sentence("体重下降", "weight down by")
        },
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, unit, of=of, personal=True),
        parameters={
            "limit": limit,
            "over_s": over_s,
            "keep_s": Parameter(_MONTH_S, 604800, 5184000, "s", "Design: median of 30 days"),
            "within_pct": Parameter(6, 3, 15, "%", "rule 36: within 6 % of the median"),
            "hold_s": _AT_ONCE,
            "clear_limit": clear_limit,
            "clear_hold_s": _AT_ONCE,
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("体重变化回到 clear_limit 以内。", "The change is back below clear_limit."),
        blind=_BLIND,
        pitfalls=_WEIGHT_PITFALLS,
    )


def _mean_pressure(
    rule: str,
    name: Sentence,
    quantity: Quantity,
    says: Sentence,
    limit: Parameter,
    clear_limit: Parameter,
) -> Row:
    return Row(
        id=RuleId(rule),
        number=31,
        name=name,
        hazard=Hazard.TREND,
        severity=Severity.S5,
        inputs={quantity: says, Quantity.USER_OK: Sentence("本人测量", "an own measurement")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, "mmHg", of=Of.MEAN, gates=(OWN,)),
        parameters={
            "limit": limit,
            "over_s": Parameter(604800, 259200, 1209600, "s", "rule 31: 7-day mean"),
            "samples": Parameter(5, 3, 14, "x", "Design: fewer make no mean"),
            "hold_s": _AT_ONCE,
            "clear_limit": clear_limit,
            "clear_hold_s": _AT_ONCE,
            "rearm_s": Parameter(604800, 86400, 1209600, "s", "Design: weekly"),
        },
        latched=False,
        clears=Sentence("平均值低于 clear_limit。", "The mean is below clear_limit."),
        blind=_BLIND,
        pitfalls=Sentence("测量太少或只在不适时测。", "Too few measurements, or only on bad days."),
    )


OWN = Gate(opens=(Match(Quantity.USER_OK),), closes=(Match(Quantity.USER_OK, values=(False,)),))
"""A measurement that the cuff says was another person's is not held against this one's limits."""

IN_BED = Gate(
    opens=(Match(Quantity.IN_BED),),
    closes=(Match(Quantity.IN_BED, values=(False,)),),
    ends=True,
)
"""Who has left the bed breathes."""

SIGNAL = Gate(
    opens=(Match(Quantity.SIGNAL_OK),), closes=(Match(Quantity.SIGNAL_OK, values=(False,)),)
)
"""A value that its own device does not vouch for begins nothing; and it ends nothing."""

AT_REST = Gate(
    opens=(Match(Quantity.WEARER_MOVES, values=(False,)),),
    closes=(Match(Quantity.WEARER_MOVES),),
)

BODY: tuple[Row, ...] = (
    Row(
        id=RuleId("breath_lost"),
        number=37,
        name=Sentence("床上测不到呼吸心跳", "no breath or pulse in bed"),
        hazard=Hazard.VITAL,
        severity=Severity.S1,
        inputs={
            Quantity.RESPIRATION_BPM: Sentence("测到呼吸", "breath"),
            Quantity.HEART_RATE_BPM: Sentence("测到心跳", "a pulse"),
            Quantity.BED_MOTION: Sentence("测到床上活动", "motion in bed"),
            Quantity.IN_BED: Sentence("有人在床", "the bed occupied"),
            Quantity.SIGNAL_OK: Sentence("信号良好", "a good signal"),
        },
        pattern=SILENCE,
        plan=Silence(
            gates=(
                Gate(opens=IN_BED.opens, closes=IN_BED.closes, at_first=False, ends=True),
                SIGNAL,
            )
        ),
        parameters={
            "limit_s": Parameter(60, 30, 300, "s", "rule 37: no HR/RR in bed 60 s, motion 0"),
            "rearm_s": Parameter(7200, 600, 43200, "s", "Design: a person has been told"),
            "pre_alarm_s": Parameter(15, 0, 60, "s", "rule 37: vibrate or voice 15 s"),
            "prompt_every_s": Parameter(15, 5, 30, "s", "rule 37: vibrate or voice 15 s"),
        },
        latched=False,
        clears=Sentence(
            "再次测到呼吸、心跳或活动，或离床。", "Breath, a pulse or motion again, or out of bed."
        ),
        blind=Sentence(
            "设备离线、信号不良或不报告在床状态时失明。",
            "Blind while the device is offline, its signal is bad, or it does not tell of the bed.",
        ),
        pitfalls=Sentence("雷达丢失目标。", "A radar that lost its target."),
    ),
    Row(
        id=RuleId("apnoea"),
        number=37,
        name=Sentence("反复呼吸暂停", "repeated apnoea"),
        hazard=Hazard.VITAL,
        severity=Severity.S2,
        inputs={Quantity.APNOEA: Sentence("呼吸暂停超过 60 秒", "no breath for over 60 s")},
        pattern=REPORT,
        plan=Counting(),
        parameters={
            "times": Parameter(3, 2, 6, "x", "rule 37: apnoea > 60 s x3"),
            "times_within_s": Parameter(3600, 900, 28800, "s", "Design: in one hour"),
            "debounce_s": Parameter(60, 0, 120, "s", "Design: one pause is told once"),
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": _AT_ONCE,
            "rearm_s": _AT_ONCE,
        },
        latched=False,
        momentary=True,
        clears=Sentence("由人员查看后签收。", "A person looks and acknowledges it."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("雷达丢失目标；翻身。", "A radar that lost its target; turning over."),
    ),
    Row(
        id=RuleId("pulse_irregular"),
        number=31,
        name=Sentence("脉搏不齐", "irregular pulse"),
        hazard=Hazard.TREND,
        severity=Severity.S5,
        inputs={Quantity.PULSE_IRREGULAR: Sentence("脉搏不齐", "an irregular pulse")},
        pattern=REPORT,
        plan=Counting(),
        parameters={
            "times": Parameter(3, 1, 10, "x", "rule 31: irregular pulse flag; the count is Design"),
            "times_within_s": Parameter(604800, 86400, 1209600, "s", "Design: in a week"),
            "debounce_s": Parameter(60, 0, 600, "s", "Design: one measurement"),
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": _AT_ONCE,
            "rearm_s": _AT_ONCE,
        },
        latched=False,
        momentary=True,
        clears=Sentence("由人员查看后签收。", "A person looks and acknowledges it."),
        blind=_BLIND,
        pitfalls=Sentence("测量时活动。", "Motion while measuring."),
    ),
    _mean_pressure(
        "bp_systolic_mean",
        Sentence("收缩压周均偏高", "weekly systolic mean high"),
        Quantity.BP_SYSTOLIC_MMHG,
        Sentence("收缩压平均", "a mean systolic pressure of"),
        Parameter(135, 130, 150, "mmHg", "rule 31: >= 135/85 7-d mean [40c]"),
        Parameter(130, 120, 130, "mmHg", "Design"),
    ),
    _mean_pressure(
        "bp_diastolic_mean",
        Sentence("舒张压周均偏高", "weekly diastolic mean high"),
        Quantity.BP_DIASTOLIC_MMHG,
        Sentence("舒张压平均", "a mean diastolic pressure of"),
        Parameter(85, 80, 95, "mmHg", "rule 31: >= 135/85 7-d mean [40c]"),
        Parameter(80, 70, 80, "mmHg", "Design"),
    ),
    _weight(
        "weight_up_day",
        Sentence("一日体重骤增", "weight up in a day"),
        Of.RISE,
        "kg",
        Parameter(1.4, 1, 3, "kg", "rule 36: +1.4 kg/24 h (HF) [40a]"),
        # Who weighs himself each morning is some minutes later on one day than on the other.
        Parameter(100800, 86400, 129600, "s", "rule 36: 24 h, each morning is 28 h"),
        Parameter(0.7, 0.2, 0.9, "kg", "rule 36: back (Design)"),
    ),
    _weight(
        "weight_up_3_days",
        Sentence("三日体重增加", "weight up in three days"),
        Of.RISE,
        "kg",
        Parameter(2, 1.5, 4, "kg", "rule 36: +2 kg/3 d (HF)"),
        Parameter(273600, 259200, 302400, "s", "rule 36: 3 d, each morning"),
        Parameter(1, 0.5, 1.4, "kg", "rule 36: back (Design)"),
    ),
    _weight(
        "weight_up_week",
        Sentence("一周体重增加", "weight up in a week"),
        Of.RISE,
        "kg",
        Parameter(2.7, 2, 5, "kg", "rule 36: +2.7 kg/7 d (HF) [40a]"),
        Parameter(619200, 604800, 691200, "s", "rule 36: 7 d, each morning"),
        Parameter(1.5, 0.5, 1.9, "kg", "rule 36: back (Design)"),
    ),
    _weight(
        "weight_down_month",
        Sentence("一月体重下降", "weight down in a month"),
        Of.FALL_PCT,
        "%",
        Parameter(5, 3, 10, "%", "rule 36: -5 % in 30 d"),
        Parameter(_MONTH_S, 1209600, 5184000, "s", "rule 36: in 30 d"),
        Parameter(2.5, 1, 2.9, "%", "rule 36: back (Design)"),
    ),
)
