"""Rules that watch the temperature of the home: too cold and too hot for an older person."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.figure import Of
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.row import BLIND_SILENT, REARM_S1, REARM_S3, Parameter, Row
from local_rules.rule import SubjectBy

_CLEAR_HOLD = Parameter(1800, 600, 7200, "s", "rules 29 and 30: 1 C back for 30 min (Design)")


def _room(
    rule: str,
    number: int,
    name: Sentence,
    severity: Severity,
    limit: Parameter,
    hold_s: Parameter,
    clear_limit: Parameter,
) -> Row:
    is_cold = number == 29
    return Row(
        id=RuleId(rule),
        number=number,
        name=name,
        hazard=Hazard.COLD if is_cold else Hazard.HEAT,
        severity=severity,
        inputs={Quantity.TEMP_C: Sentence("报告室温", "room temperature")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.BELOW if is_cold else Beyond.AT_LEAST, "°C"),
        parameters={
            "limit": limit,
            "hold_s": hold_s,
            "clear_limit": clear_limit,
            "clear_hold_s": _CLEAR_HOLD,
            "rearm_s": REARM_S1 if severity is Severity.S1 else REARM_S3,
        },
        latched=False,
        subject_by=SubjectBy.CHANNEL,
        clears=Sentence(
            "温度回到 clear_limit 以内满 clear_hold_s。",
            "The temperature is back behind clear_limit for clear_hold_s.",
        ),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "开窗通风、传感器靠墙；南方冬季室内普遍偏冷。"
            if is_cold
            else "做饭、阳光直射传感器；数值来自记忆，未核实。",
            "Airing, a sensor at a wall; homes in the south are cold in winter."
            if is_cold
            else "Cooking, sun on the sensor; the numbers are from memory.",
        ),
    )


_HEAT_INDEX = Row(
    id=RuleId("heat_index"),
    number=30,
    name=Sentence("闷热", "sultry heat"),
    hazard=Hazard.HEAT,
    severity=Severity.S3,
    inputs={
        Quantity.TEMP_C: Sentence("体感温度", "a heat index of"),
        Quantity.HUMIDITY_PCT: Sentence("报告湿度", "humidity"),
    },
    pattern=THRESHOLD,
    plan=Threshold(Beyond.AT_LEAST, "°C", of=Of.HEAT_INDEX),
    parameters={
        "limit": Parameter(32, 30, 36, "°C", "rule 30: heat index >= 32 (mem)"),
        "hold_s": Parameter(10800, 3600, 21600, "s", "rule 30: 3 h (mem)"),
        "clear_limit": Parameter(30, 27, 30, "°C", "rule 30: -1 C (Design)"),
        "clear_hold_s": _CLEAR_HOLD,
        "rearm_s": REARM_S3,
    },
    latched=False,
    clears=Sentence(
        "体感温度回到 clear_limit 以下满 clear_hold_s。",
        "The heat index is back below clear_limit for clear_hold_s.",
    ),
    blind=Sentence(
        "设备离线时失明；不测湿度的设备只按温度判断。",
        "Blind while the device is offline; one without humidity is judged by temperature.",
    ),
    pitfalls=Sentence(
        "浴室、做饭；公式与限值来自记忆，未核实。",
        "Bathrooms, cooking; formula and limits are from memory.",
    ),
)

CLIMATE: tuple[Row, ...] = (
    _HEAT_INDEX,
    _room(
        "cold_hint",
        29,
        Sentence("室温偏低", "home cool"),
        Severity.S5,
        Parameter(18, 16.1, 20, "°C", "rule 29: < 18 C [40d] [40e]"),
        Parameter(21600, 3600, 43200, "s", "rule 29: 6 h"),
        Parameter(20, 20, 22, "°C", "rule 29: +1 C (Design)"),
    ),
    _room(
        "cold",
        29,
        Sentence("室内低温", "home cold"),
        Severity.S3,
        Parameter(16, 14, 17, "°C", "rule 29: < 16 C respiratory risk [40d]"),
        Parameter(10800, 3600, 21600, "s", "rule 29: 3 h"),
        Parameter(17, 17, 20, "°C", "rule 29: +1 C (Design)"),
    ),
    _room(
        "cold_severe",
        29,
        Sentence("室内严重低温", "home very cold"),
        Severity.S2,
        Parameter(12, 10, 13, "°C", "rule 29: < 12 C cardiovascular strain [40d]"),
        Parameter(3600, 1800, 10800, "s", "rule 29: 1 h"),
        Parameter(13, 13, 16, "°C", "rule 29: +1 C (Design)"),
    ),
    _room(
        "cold_deadly",
        29,
        Sentence("室内危险低温", "home dangerously cold"),
        Severity.S1,
        Parameter(9, 7, 10, "°C", "rule 29: < 9 C; hypothermia after 2 h [40d]"),
        Parameter(1800, 300, 7200, "s", "Design: an open window in winter is closed by then"),
        Parameter(10, 10, 13, "°C", "rule 29: +1 C (Design)"),
    ),
    _room(
        "heat",
        30,
        Sentence("室内高温", "home hot"),
        Severity.S3,
        Parameter(30, 28, 33, "°C", "rule 30: >= 30 C (mem)"),
        Parameter(10800, 3600, 21600, "s", "rule 30: 3 h (mem)"),
        Parameter(28, 26, 28, "°C", "rule 30: -1 C (Design)"),
    ),
    _room(
        "heat_severe",
        30,
        Sentence("室内严重高温", "home very hot"),
        Severity.S2,
        Parameter(35, 34, 38, "°C", "rule 30: >= 35 C (mem)"),
        Parameter(1800, 600, 7200, "s", "Design: outlasts cooking beside the sensor"),
        Parameter(34, 31, 34, "°C", "rule 30: -1 C (Design)"),
    ),
)
