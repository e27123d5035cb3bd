"""Rules that watch measured signs of health. Not a medical device: they ask somebody to look.

A measurement that one does oneself is confirmed by a second one; a sensor that measures all the
time by a hold, in which its readings follow each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.gate import Gate
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.row import REARM_S1, REARM_S3, Parameter, Row
from local_rules.rows.body import AT_REST, IN_BED, OWN, SIGNAL
from local_rules.rule import SubjectBy

_BLIND = Sentence(
    "不测量就没有数据；设备电量耗尽或不在范围内时失明。",
    "Nothing is known while nobody measures; blind while the device is empty or out of range.",
)
_BACK = Sentence(
    "测得的值回到 clear_limit 以内，并满 clear_hold_s。",
    "The measured value is back behind clear_limit, for clear_hold_s.",
)
_AT_ONCE = Parameter(0, 0, 0, "s", "one measurement is enough: minutes count")
_CLEAR_AT_ONCE = Parameter(0, 0, 3600, "s", "Design: the next normal measurement")


@dataclass(frozen=True, slots=True)
class _Vital:
    """What differs between the rows below. Either `hold_s` or the two of `again`."""

    rule: str
    number: int
    name: Sentence
    severity: Severity
    quantity: Quantity
    says: Sentence
    beyond: Beyond
    unit: str
    limit: Parameter
    clear_limit: Parameter
    pitfalls: Sentence
    hold_s: Parameter | None = None
    again: tuple[Parameter, Parameter] | None = None
    stale_s: Parameter | None = None
    gates: tuple[Gate, ...] = ()
    clear_times: Parameter | None = None
    asks: Mapping[str, Parameter] | None = None

    def row(self) -> Row:
        confirm = {"hold_s": self.hold_s} if self.hold_s is not None else {}
        if self.again is not None:
            confirm = {"repeat_after_s": self.again[0], "repeat_within_s": self.again[1]}
        stale = {"stale_s": self.stale_s} if self.stale_s is not None else {}
        times = {"clear_times": self.clear_times} if self.clear_times is not None else {}
        return Row(
            id=RuleId(self.rule),
            number=self.number,
            name=self.name,
            hazard=Hazard.VITAL,
            severity=self.severity,
            inputs={self.quantity: self.says, **_given(self.gates)},
            pattern=THRESHOLD,
            plan=Threshold(
                self.beyond,
                self.unit,
                repeat=self.again is not None,
                goes_stale=self.stale_s is not None,
                clears_by_times=self.clear_times is not None,
                gates=self.gates,
            ),
            parameters={
                "limit": self.limit,
                **confirm,
                **stale,
                **times,
                "clear_limit": self.clear_limit,
                "clear_hold_s": _CLEAR_AT_ONCE,
                "rearm_s": REARM_S1 if self.severity is Severity.S1 else REARM_S3,
                **(self.asks or {}),
            },
            latched=False,
            subject_by=SubjectBy.CHANNEL,
            clears=_BACK,
            blind=_BLIND,
            pitfalls=self.pitfalls,
        )


def _given(gates: tuple[Gate, ...]) -> dict[Quantity, Sentence]:
    """Return the inputs of the gates, in words."""
    return {quantity: _SAYS_GIVEN[quantity] for gate in gates for quantity in gate.heard}


_SAYS_GIVEN = {
    Quantity.USER_OK: Sentence("本人测量", "an own measurement"),
    Quantity.IN_BED: Sentence("有人在床", "the bed occupied"),
    Quantity.SIGNAL_OK: Sentence("信号良好", "a good signal"),
    Quantity.WEARER_MOVES: Sentence("佩戴者活动", "the wearer moves"),
}
_TWICE = Parameter(2, 1, 3, "x", "rule 31: normal twice")
_EAT_SUGAR = {
    "pre_alarm_s": Parameter(900, 0, 1800, "s", "rule 35: voice eat sugar, recheck 15 min (mem)"),
    "prompt_every_s": Parameter(450, 60, 900, "s", "Design: twice"),
}
_BP_AGAIN = (
    Parameter(300, 60, 900, "s", "rule 31: repeat after 5 min"),
    Parameter(3600, 1800, 7200, "s", "Design: later it is another occasion"),
)
_BP_PITFALLS = Sentence(
    "袖带不合适、测错人、测错手臂；心律不齐标志。",
    "A wrong cuff, user or arm; the irregular pulse flag.",
)
_SPO2_AGAIN = (
    Parameter(120, 60, 600, "s", "rule 32: 2 readings 2 min apart"),
    Parameter(1800, 900, 3600, "s", "Design: later it is another occasion"),
)
_SPO2_PITFALLS = Sentence("手指冰凉、指甲油、活动。", "Cold fingers, nail polish, motion.")
_FEVER_AGAIN = (
    Parameter(900, 300, 3600, "s", "rule 34: re-measure; the time is Design"),
    Parameter(14400, 7200, 43200, "s", "rule 34: twice; the time is Design"),
)
_PULSE_HOLD = Parameter(300, 60, 900, "s", "rule 33: 5 min at rest")
_BAND_HOLD = Parameter(1800, 600, 7200, "s", "rule 33: trend; the time is Design")
_PULSE_STALE = Parameter(90, 30, 300, "s", "Design: a watch or radar reports each minute or so")
_PULSE_PITFALLS = Sentence(
    "运动、房颤、雷达在 100 处截断、手表佩戴松动。",
    "Exercise, fibrillation, a radar clipping at 100, a loose watch.",
)
_BREATH_HOLD = Parameter(120, 60, 600, "s", "rule 37: 2 min in bed")
_BREATH_PITFALLS = Sentence(
    "雷达丢失目标；设备报告离床或信号不良时不计。",
    "A radar that lost its target; out of bed or with a bad signal nothing counts.",
)
_SUGAR_PITFALLS = Sentence("试纸过期、测错人。", "An old strip, a wrong user.")

_SYS, _DIA = Quantity.BP_SYSTOLIC_MMHG, Quantity.BP_DIASTOLIC_MMHG
_SAYS_SYS = Sentence("测得收缩压", "systolic pressure")
_SAYS_SPO2 = Sentence("测得血氧", "oxygen saturation")
_SAYS_PULSE = Sentence("测得心率", "heart rate")
_SAYS_TEMP = Sentence("测得体温", "body temperature")
_SAYS_SUGAR = Sentence("测得血糖", "blood glucose")
_SAYS_BREATH = Sentence("测得呼吸", "respiration")

_TABLE: tuple[_Vital, ...] = (
    _Vital(
        "bp_systolic_high",
        31,
        Sentence("收缩压过高", "systolic pressure high"),
        Severity.S2,
        _SYS,
        _SAYS_SYS,
        Beyond.AT_LEAST,
        "mmHg",
        Parameter(180, 160, 200, "mmHg", "rule 31: >= 180 [40c]"),
        Parameter(160, 130, 160, "mmHg", "rule 31: normal; 160 as in [40a]"),
        _BP_PITFALLS,
        again=_BP_AGAIN,
        gates=(OWN,),
        clear_times=_TWICE,
    ),
    _Vital(
        "bp_diastolic_high",
        31,
        Sentence("舒张压过高", "diastolic pressure high"),
        Severity.S2,
        _DIA,
        Sentence("测得舒张压", "diastolic pressure"),
        Beyond.AT_LEAST,
        "mmHg",
        Parameter(110, 100, 120, "mmHg", "rule 31: >= 110 [40c]"),
        Parameter(100, 85, 100, "mmHg", "rule 31: normal (Design)"),
        _BP_PITFALLS,
        again=_BP_AGAIN,
        gates=(OWN,),
        clear_times=_TWICE,
    ),
    _Vital(
        "bp_systolic_low",
        31,
        Sentence("收缩压过低", "systolic pressure low"),
        Severity.S2,
        _SYS,
        _SAYS_SYS,
        Beyond.BELOW,
        "mmHg",
        Parameter(90, 80, 100, "mmHg", "rule 31: < 90 [40a] [40c]"),
        Parameter(100, 100, 110, "mmHg", "rule 31: normal (Design)"),
        _BP_PITFALLS,
        again=_BP_AGAIN,
        gates=(OWN,),
        clear_times=_TWICE,
    ),
    _Vital(
        "spo2_low",
        32,
        Sentence("血氧偏低", "oxygen saturation low"),
        Severity.S2,
        Quantity.SPO2_PCT,
        _SAYS_SPO2,
        Beyond.AT_MOST,
        "%",
        Parameter(91, 83, 93, "%", "rule 32: <= 91 % [39]; COPD scale 2: 83-85 [39]"),
        Parameter(94, 86, 96, "%", "rule 32: >= 94 or baseline"),
        _SPO2_PITFALLS,
        again=_SPO2_AGAIN,
        gates=(SIGNAL,),
    ),
    _Vital(
        "spo2_critical",
        32,
        Sentence("血氧危急", "oxygen saturation critical"),
        Severity.S1,
        Quantity.SPO2_PCT,
        _SAYS_SPO2,
        Beyond.AT_MOST,
        "%",
        Parameter(85, 82, 88, "%", "rule 32: <= 85 S1; COPD scale 2: 83-85 [39]"),
        Parameter(90, 88.5, 94, "%", "Design: then the S2 rule tells"),
        _SPO2_PITFALLS,
        again=_SPO2_AGAIN,
        gates=(SIGNAL,),
    ),
    _Vital(
        "pulse_low",
        33,
        Sentence("心率过低", "heart rate low"),
        Severity.S2,
        Quantity.HEART_RATE_BPM,
        _SAYS_PULSE,
        Beyond.AT_MOST,
        "/min",
        Parameter(40, 30, 50, "/min", "rule 33: <= 40 [39]"),
        Parameter(51, 50.5, 60, "/min", "rule 33: band normal [39]"),
        _PULSE_PITFALLS,
        hold_s=_PULSE_HOLD,
        gates=(AT_REST, SIGNAL),
        stale_s=_PULSE_STALE,
    ),
    _Vital(
        "pulse_high",
        33,
        Sentence("心率过高", "heart rate high"),
        Severity.S2,
        Quantity.HEART_RATE_BPM,
        _SAYS_PULSE,
        Beyond.AT_LEAST,
        "/min",
        Parameter(131, 120, 150, "/min", "rule 33: >= 131 [39]"),
        Parameter(111, 91, 119, "/min", "rule 33: band normal [39]"),
        _PULSE_PITFALLS,
        hold_s=_PULSE_HOLD,
        gates=(AT_REST, SIGNAL),
        stale_s=_PULSE_STALE,
    ),
    _Vital(
        "pulse_lowish",
        33,
        Sentence("心率偏慢", "heart rate somewhat low"),
        Severity.S5,
        Quantity.HEART_RATE_BPM,
        _SAYS_PULSE,
        Beyond.AT_MOST,
        "/min",
        Parameter(50, 41, 50, "/min", "rule 33: 41-50 trend [39]"),
        Parameter(51, 50.5, 60, "/min", "rule 33: band normal [39]"),
        _PULSE_PITFALLS,
        hold_s=_BAND_HOLD,
        stale_s=_PULSE_STALE,
        gates=(AT_REST, SIGNAL),
    ),
    _Vital(
        "pulse_highish",
        33,
        Sentence("心率偏快", "heart rate somewhat high"),
        Severity.S5,
        Quantity.HEART_RATE_BPM,
        _SAYS_PULSE,
        Beyond.AT_LEAST,
        "/min",
        Parameter(111, 101, 130, "/min", "rule 33: 111-130 trend [39]"),
        Parameter(101, 91, 101, "/min", "rule 33: band normal [39]"),
        _PULSE_PITFALLS,
        hold_s=_BAND_HOLD,
        stale_s=_PULSE_STALE,
        gates=(AT_REST, SIGNAL),
    ),
    _Vital(
        "fever_high",
        34,
        Sentence("高热", "high fever"),
        Severity.S2,
        Quantity.BODY_TEMP_C,
        _SAYS_TEMP,
        Beyond.AT_LEAST,
        "°C",
        Parameter(39.1, 38.5, 40, "°C", "rule 34: >= 39.1 [39]"),
        Parameter(38.1, 37.2, 38.4, "°C", "rule 34: normal [39]"),
        Sentence("热饮、腋下测量。", "A hot drink, measured in the armpit."),
        hold_s=_AT_ONCE,
    ),
    _Vital(
        "fever",
        34,
        Sentence("发热", "fever"),
        Severity.S3,
        Quantity.BODY_TEMP_C,
        _SAYS_TEMP,
        Beyond.AT_LEAST,
        "°C",
        Parameter(38.1, 37.5, 38.5, "°C", "rule 34: >= 38.1 twice [39]"),
        Parameter(37.4, 36.8, 37.4, "°C", "rule 34: normal (Design)"),
        Sentence("热饮、腋下测量。", "A hot drink, measured in the armpit."),
        again=_FEVER_AGAIN,
    ),
    _Vital(
        "hypothermia",
        34,
        Sentence("体温过低", "hypothermia"),
        Severity.S2,
        Quantity.BODY_TEMP_C,
        _SAYS_TEMP,
        Beyond.AT_MOST,
        "°C",
        Parameter(35, 34, 35.5, "°C", "rule 34: <= 35.0 [39]"),
        Parameter(35.6, 35.6, 36.5, "°C", "rule 34: normal (Design)"),
        Sentence("腋下测量偏低。", "The armpit reads low."),
        hold_s=_AT_ONCE,
    ),
    _Vital(
        "glucose_low",
        35,
        Sentence("低血糖", "glucose low"),
        Severity.S3,
        Quantity.GLUCOSE_MMOLL,
        _SAYS_SUGAR,
        Beyond.BELOW,
        "mmol/L",
        Parameter(3.9, 3.5, 4.3, "mmol/L", "rule 35: < 3.9 (mem)"),
        Parameter(4.4, 4.4, 6, "mmol/L", "rule 35: >= 4.4 (mem)"),
        _SUGAR_PITFALLS,
        hold_s=_AT_ONCE,
        asks=_EAT_SUGAR,
    ),
    _Vital(
        "glucose_critical",
        35,
        Sentence("严重低血糖", "glucose critically low"),
        Severity.S1,
        Quantity.GLUCOSE_MMOLL,
        _SAYS_SUGAR,
        Beyond.BELOW,
        "mmol/L",
        Parameter(3, 2.8, 3.5, "mmol/L", "rule 35: < 3.0 S1 (mem)"),
        Parameter(4.4, 3.9, 6, "mmol/L", "rule 35: >= 4.4 (mem)"),
        _SUGAR_PITFALLS,
        hold_s=_AT_ONCE,
    ),
    _Vital(
        "glucose_high",
        35,
        Sentence("高血糖", "glucose high"),
        Severity.S3,
        Quantity.GLUCOSE_MMOLL,
        _SAYS_SUGAR,
        Beyond.ABOVE,
        "mmol/L",
        Parameter(16.7, 13, 20, "mmol/L", "rule 35: > 16.7 (mem)"),
        Parameter(13, 10, 13, "mmol/L", "Design"),
        _SUGAR_PITFALLS,
        hold_s=_AT_ONCE,
    ),
    _Vital(
        "breath_low",
        37,
        Sentence("呼吸过慢", "breathing too slow"),
        Severity.S1,
        Quantity.RESPIRATION_BPM,
        _SAYS_BREATH,
        Beyond.AT_MOST,
        "/min",
        Parameter(8, 6, 9, "/min", "rule 37: RR <= 8 [39]"),
        Parameter(10, 9.5, 12, "/min", "rule 37: RR band [39]"),
        _BREATH_PITFALLS,
        hold_s=_BREATH_HOLD,
        gates=(IN_BED, SIGNAL),
        stale_s=_PULSE_STALE,
    ),
    _Vital(
        "breath_high",
        37,
        Sentence("呼吸过快", "breathing too fast"),
        Severity.S2,
        Quantity.RESPIRATION_BPM,
        _SAYS_BREATH,
        Beyond.AT_LEAST,
        "/min",
        Parameter(25, 23, 30, "/min", "rule 37: RR >= 25 [39]; some radars clip at 25 [41]"),
        Parameter(22, 20, 22, "/min", "rule 37: RR band (Design)"),
        _BREATH_PITFALLS,
        hold_s=_BREATH_HOLD,
        gates=(IN_BED, SIGNAL),
        stale_s=_PULSE_STALE,
    ),
)

VITALS: tuple[Row, ...] = tuple(vital.row() for vital in _TABLE)
