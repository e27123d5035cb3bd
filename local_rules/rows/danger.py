"""Rules that watch for fire, gas and carbon monoxide by a measured value, and for falls."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.figure import Of
from local_rules.patterns.report import REPORT, Counting
from local_rules.patterns.sequence import SEQUENCE, Match, Sequence
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.row import (
    BLIND_SILENT,
    CLOSE_GAS,
    LIGHT_ON,
    REARM_S1,
    SIREN_DANGER,
    SIREN_SOS,
    Parameter,
    Row,
)
from local_rules.rule import SubjectBy

_AT_ONCE = Parameter(0, 0, 0, "s", "does not apply: at once")
_FALL_ASKED = {
    "pre_alarm_s": Parameter(30, 0, 60, "s", "rule 12: voice 2x 15 s; 2.7: fall 30 s"),
    "prompt_every_s": Parameter(15, 10, 30, "s", "rule 12: voice 2x 15 s"),
}
_FALL_PITFALLS = Sentence(
    "宠物、扫地机器人、坐在地上、多人；90-98 % 为实验室数据。",
    "Pets, robot vacuums, sitting on the floor, several people; 90-98 % are lab figures.",
)
_EN_50291 = "rule 6: EN 50291 pairs [36c]"

DANGER: tuple[Row, ...] = (
    Row(
        id=RuleId("voice_help"),
        number=2,
        name=Sentence("语音呼救", "voice call for help"),
        hazard=Hazard.SOS,
        severity=Severity.S1,
        inputs={
            Quantity.VOICE_HELP: Sentence("听到呼救", "a call for help"),
            Quantity.VOICE_CONFIRMED: Sentence("本人确认需要帮助", "that the person wants help"),
        },
        pattern=REPORT,
        plan=Counting(confirmed_by=Quantity.VOICE_CONFIRMED),
        parameters={
            "times": Parameter(2, 1, 3, "x", "rule 2: 2 hits"),
            "times_within_s": Parameter(20, 10, 60, "s", "rule 2: in 20 s, or 1 + confirm"),
            "debounce_s": Parameter(1, 0, 3, "s", "Design: one cry is told several times"),
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": _AT_ONCE,
            "rearm_s": _AT_ONCE,
        },
        latched=True,
        momentary=True,
        acts=(SIREN_SOS, LIGHT_ON),
        clears=Sentence("由人员处置后关闭。", "A person resolves it."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "电视里的喊声；不保存任何声音。", "Cries on television; no sound is ever kept."
        ),
    ),
    Row(
        id=RuleId("fire_rise"),
        number=4,
        name=Sentence("温度骤升", "fast temperature rise"),
        hazard=Hazard.FIRE_HEAT,
        severity=Severity.S1,
        inputs={Quantity.TEMP_C: Sentence("报告温度骤升", "a rise in temperature of")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, "°C", of=Of.RISE),
        parameters={
            "limit": Parameter(10, 6, 15, "°C", "rule 4: +10 C/min (mem)"),
            "over_s": Parameter(
                90, 60, 180, "s", "rule 4: +10 C/min (mem); a sensor speaks once a minute at most"
            ),
            "hold_s": _AT_ONCE,
            "clear_limit": Parameter(2, 1, 3, "°C", "Design: it rises no more"),
            "clear_hold_s": Parameter(300, 60, 1800, "s", "rule 4: 5 min (mem)"),
            "rearm_s": REARM_S1,
        },
        latched=True,
        subject_by=SubjectBy.CHANNEL,
        acts=(SIREN_DANGER, CLOSE_GAS, LIGHT_ON),
        clears=Sentence(
            "温度不再上升满 clear_hold_s，并由人员处置后关闭。",
            "The temperature does not rise for clear_hold_s and a person resolves it.",
        ),
        blind=Sentence(
            "传感器离线或每分钟上报不到一次时失明。",
            "Blind while the sensor is offline or reports less than once in over_s.",
        ),
        pitfalls=Sentence(
            "烤箱、阳光、把传感器拿到暖处。", "An oven, sun, a sensor carried to a warm place."
        ),
    ),
    Row(
        id=RuleId("fire_heat"),
        number=4,
        name=Sentence("火灾高温", "heat of a fire"),
        hazard=Hazard.FIRE_HEAT,
        severity=Severity.S1,
        inputs={Quantity.TEMP_C: Sentence("报告温度", "temperature")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, "°C"),
        parameters={
            "limit": Parameter(57, 50, 70, "°C", "rule 4: >= 57 C (mem)"),
            "hold_s": Parameter(0, 0, 60, "s", "rule 4: none"),
            "clear_limit": Parameter(45, 35, 48, "°C", "rule 4: < 45 C (mem)"),
            "clear_hold_s": Parameter(300, 60, 1800, "s", "rule 4: 5 min (mem)"),
            "rearm_s": REARM_S1,
        },
        latched=True,
        subject_by=SubjectBy.CHANNEL,
        acts=(SIREN_DANGER, CLOSE_GAS, LIGHT_ON),
        clears=Sentence(
            "温度低于 clear_limit 满 clear_hold_s，并由人员处置后关闭。",
            "The temperature stays below clear_limit for clear_hold_s and a person resolves it.",
        ),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "烤箱、阳光直射传感器。",
            "An oven, sun on the sensor.",
        ),
    ),
    Row(
        id=RuleId("gas_lel"),
        number=5,
        name=Sentence("可燃气体浓度", "gas concentration"),
        hazard=Hazard.GAS,
        severity=Severity.S1,
        inputs={Quantity.GAS_LEL_PCT: Sentence("报告可燃气体浓度", "combustible gas")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, "%LEL"),
        parameters={
            "limit": Parameter(10, 5, 20, "%LEL", "rule 5: >= 10 %LEL, band 5-25 (mem)"),
            "hold_s": Parameter(5, 0, 30, "s", "rule 5: 5 s"),
            "clear_limit": Parameter(4, 1, 4.9, "%LEL", "Design: below the lowest limit"),
            "clear_hold_s": Parameter(180, 60, 1800, "s", "Design, as rule 3"),
            "rearm_s": REARM_S1,
        },
        latched=True,
        subject_by=SubjectBy.CHANNEL,
        acts=(SIREN_DANGER, CLOSE_GAS),
        clears=Sentence(
            "浓度低于 clear_limit 满 clear_hold_s，并由人员处置后关闭；阀门只能在现场手动打开。",
            "The concentration stays below clear_limit for clear_hold_s and a person resolves it; "
            "the valve is opened by hand on site only.",
        ),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "酒精、杀虫剂；预热 3 分钟；寿命 3 至 5 年。",
            "Alcohol, insecticide; warms up for 3 min; lives 3-5 years.",
        ),
    ),
    Row(
        id=RuleId("co_ppm"),
        number=6,
        name=Sentence("一氧化碳浓度", "carbon monoxide concentration"),
        hazard=Hazard.CO,
        severity=Severity.S1,
        inputs={Quantity.CO_PPM: Sentence("报告一氧化碳浓度", "carbon monoxide")},
        pattern=THRESHOLD,
        plan=Threshold(Beyond.AT_LEAST, "ppm", pairs=4),
        parameters={
            # Tighter is always allowed; looser than the standard's own times is not.
            "limit": Parameter(30, 25, 30, "ppm", _EN_50291),
            "hold_s": Parameter(7200, 3600, 7200, "s", _EN_50291),
            "limit_2": Parameter(50, 40, 50, "ppm", _EN_50291),
            "hold_2_s": Parameter(3600, 1800, 5400, "s", f"{_EN_50291}: 60-90 min"),
            "limit_3": Parameter(100, 70, 100, "ppm", _EN_50291),
            "hold_3_s": Parameter(600, 300, 2400, "s", f"{_EN_50291}: 10-40 min"),
            "limit_4": Parameter(300, 200, 300, "ppm", _EN_50291),
            "hold_4_s": Parameter(0, 0, 180, "s", f"{_EN_50291}: < 3 min"),
            "clear_limit": Parameter(24.9, 10, 24.9, "ppm", "rule 6: < 30 ppm; the low limit"),
            "clear_hold_s": Parameter(900, 180, 3600, "s", "rule 6: 15 min (Design)"),
            "rearm_s": REARM_S1,
        },
        latched=True,
        subject_by=SubjectBy.CHANNEL,
        acts=(SIREN_DANGER,),
        clears=Sentence(
            "浓度低于 clear_limit 满 clear_hold_s，上门查看后由人员关闭。",
            "The concentration stays below clear_limit for clear_hold_s and a person resolves it "
            "after a visit.",
        ),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "煤炉低浓度长期存在；症状易与疾病混淆；认证报警器自身的报警优先。",
            "Low levels by a coal stove; symptoms that confuse; a certified detector's own alarm "
            "comes first.",
        ),
    ),
    Row(
        id=RuleId("fall"),
        number=12,
        name=Sentence("跌倒", "fall"),
        hazard=Hazard.FALL,
        severity=Severity.S1,
        inputs={Quantity.FALL: Sentence("有人跌倒", "a fall")},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "Design: one fall is told several times"),
            "trigger_hold_s": Parameter(60, 0, 120, "s", "rule 12: not upright for 60 s"),
            "clear_hold_s": Parameter(10, 0, 300, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": REARM_S1,
            **_FALL_ASKED,
        },
        latched=True,
        acts=(LIGHT_ON,),
        clears=Sentence(
            "设备报告已起身，并由人员处置后关闭。",
            "The device says that the person is up, and a person resolves it.",
        ),
        blind=BLIND_SILENT,
        pitfalls=_FALL_PITFALLS,
    ),
    Row(
        id=RuleId("fall_suspected"),
        number=12,
        name=Sentence("疑似跌倒", "suspected fall"),
        hazard=Hazard.FALL,
        severity=Severity.S2,
        inputs={Quantity.FALL_SUSPECTED: Sentence("怀疑有人跌倒", "a suspected fall")},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "Design: one fall is told several times"),
            "trigger_hold_s": Parameter(60, 0, 120, "s", "rule 12: not upright for 60 s"),
            "clear_hold_s": Parameter(10, 0, 300, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": REARM_S1,
            **_FALL_ASKED,
        },
        latched=False,
        acts=(LIGHT_ON,),
        clears=Sentence("设备报告已起身。", "The device says that the person is up."),
        blind=BLIND_SILENT,
        pitfalls=_FALL_PITFALLS,
    ),
    Row(
        id=RuleId("fall_wearable"),
        number=13,
        name=Sentence("佩戴设备跌倒", "fall of the wearer"),
        hazard=Hazard.FALL,
        severity=Severity.S1,
        inputs={
            Quantity.IMPACT: Sentence("佩戴者受到撞击", "an impact on the wearer"),
            Quantity.LYING: Sentence("佩戴者躺倒", "the wearer lies"),
            Quantity.WEARER_MOVES: Sentence("佩戴者活动", "the wearer moves"),
            Quantity.FALL_CANCELLED: Sentence("佩戴者取消", "the wearer calls it off"),
        },
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.IMPACT),),
            then=(
                Match(Quantity.WEARER_MOVES),
                Match(Quantity.LYING, values=(False,)),
                Match(Quantity.FALL_CANCELLED),
            ),
        ),
        parameters={
            "within_s": Parameter(20, 10, 60, "s", "rule 13: 20 s still"),
            "rearm_s": REARM_S1,
            "pre_alarm_s": Parameter(30, 0, 60, "s", "rule 13: 30 s to cancel"),
            "prompt_every_s": Parameter(15, 10, 30, "s", "Design: twice"),
        },
        latched=True,
        acts=(LIGHT_ON,),
        clears=Sentence(
            "佩戴者起身、活动或取消，并由人员处置后关闭。",
            "The wearer is up, moves or calls it off, and a person resolves it.",
        ),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "设备掉在地上；不报告姿态的设备只看撞击与静止。",
            "A dropped watch; one that tells no posture is judged by impact and stillness.",
        ),
    ),
    Row(
        id=RuleId("fall_no_recovery"),
        number=14,
        name=Sentence("疑似跌倒后无活动", "no recovery after a suspected fall"),
        hazard=Hazard.FALL,
        severity=Severity.S1,
        inputs={
            Quantity.FALL_SUSPECTED: Sentence("怀疑有人跌倒", "suspects a fall"),
            Quantity.MOTION: Sentence("别处有人活动", "motion elsewhere"),
            Quantity.CONTACT_OPEN: Sentence("有门开关", "a door moved"),
        },
        pattern=SEQUENCE,
        plan=Sequence(
            first=(Match(Quantity.FALL_SUSPECTED),),
            then=(
                Match(Quantity.MOTION, other_room=True),
                Match(Quantity.CONTACT_OPEN),
                Match(Quantity.FALL_SUSPECTED, values=(False,)),
            ),
        ),
        parameters={
            "within_s": Parameter(1800, 300, 3600, "s", "rule 14: 30 min; long lie [37]"),
            "rearm_s": REARM_S1,
        },
        latched=True,
        subject_by=SubjectBy.HOME,
        acts=(LIGHT_ON,),
        clears=Sentence(
            "别处有活动，并由人员处置后关闭。",
            "There is motion elsewhere, and a person resolves it.",
        ),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "他人或宠物在别处活动；传感器未填房间时不算别处。",
            "Somebody else or a pet moves elsewhere; a sensor without a room is not elsewhere.",
        ),
    ),
)
