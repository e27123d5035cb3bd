"""The rules of the pattern `report`: the device itself has decided."""

from __future__ import annotations

from agent.core.actuation import ActuationKind
from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.device import DeviceKind
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.report import REPORT
from local_rules.row import (
    BLIND_SILENT,
    CLOSE_GAS,
    LIGHT_ON,
    REARM_S1,
    SIREN_DANGER,
    SIREN_SOS,
    Act,
    Parameter,
    Row,
)
from local_rules.rule import SubjectBy

_AT_ONCE = Parameter(0, 0, 0, "s", "does not apply: at once")
_ONE_FRAME = Parameter(
    1, 0, 5, "s", "Design: both alarm bits of one radio frame are one cause, a new one is news"
)

REPORTED: tuple[Row, ...] = (
    Row(
        id=RuleId("sos"),
        number=1,
        name=Sentence("紧急呼叫", "SOS call"),
        hazard=Hazard.SOS,
        severity=Severity.S1,
        inputs={Quantity.SOS: Sentence("有人按下了紧急呼叫", "that the SOS button was pressed")},
        latched=True,
        momentary=True,
        pattern=REPORT,
        plan=None,
        parameters={
            # The upper end is low on purpose: a deaf button is worse than a call too many.
            "debounce_s": Parameter(0.3, 0, 1, "s", "rule 1: debounce 300 ms (Design)"),
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": _AT_ONCE,
            "rearm_s": _AT_ONCE,
        },
        acts=(SIREN_SOS, LIGHT_ON),
        clears=Sentence("由人员处置后关闭。", "A person resolves it."),
        blind=BLIND_SILENT,
    ),
    Row(
        id=RuleId("smoke"),
        number=3,
        name=Sentence("烟雾报警", "smoke"),
        hazard=Hazard.SMOKE,
        severity=Severity.S1,
        inputs={Quantity.SMOKE: Sentence("检测到烟雾", "smoke")},
        latched=True,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": _ONE_FRAME,
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": Parameter(180, 60, 1800, "s", "rule 3: device clear 3 min (Design)"),
            "rearm_s": REARM_S1,
        },
        acts=(SIREN_DANGER, CLOSE_GAS, LIGHT_ON),
        clears=Sentence(
            "设备解除报警满保持时间（clear_hold_s），并由人员处置后关闭。",
            "The device stays clear for clear_hold_s and a person resolves it.",
        ),
        blind=BLIND_SILENT,
    ),
    Row(
        id=RuleId("gas"),
        number=5,
        name=Sentence("可燃气体泄漏", "combustible gas"),
        hazard=Hazard.GAS,
        severity=Severity.S1,
        inputs={Quantity.GAS: Sentence("检测到可燃气体", "combustible gas")},
        latched=True,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": _ONE_FRAME,
            # The detector's own set point (5-25 %LEL, GB 15322.2, (mem)) has already decided.
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": Parameter(
                180, 60, 1800, "s", "Design, as rule 3: the catalogue names none"
            ),
            "rearm_s": REARM_S1,
        },
        acts=(SIREN_DANGER, CLOSE_GAS),
        clears=Sentence(
            "设备解除报警满保持时间（clear_hold_s），并由人员处置后关闭；阀门只能在现场手动打开。",
            "The device stays clear for clear_hold_s and a person resolves it; the valve is "
            "opened by hand on site only.",
        ),
        blind=Sentence(
            "设备离线、预热（约 3 分钟）、超过寿命（3 至 5 年）或自报故障时，本规则失明。",
            "Blind while the detector is offline, warming up (about 3 min), past its life (3-5 "
            "years) or says that it is faulty.",
        ),
    ),
    Row(
        id=RuleId("co"),
        number=6,
        name=Sentence("一氧化碳报警", "carbon monoxide"),
        hazard=Hazard.CO,
        severity=Severity.S1,
        inputs={Quantity.CO: Sentence("检测到一氧化碳", "carbon monoxide")},
        latched=True,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": _ONE_FRAME,
            # A certified detector holds the (ppm, time) pairs of EN 50291 itself [36c].
            "trigger_hold_s": _AT_ONCE,
            "clear_hold_s": Parameter(
                900, 180, 3600, "s", "rule 6: below 30 ppm for 15 min (Design)"
            ),
            "rearm_s": REARM_S1,
        },
        acts=(SIREN_DANGER,),
        clears=Sentence(
            "设备解除报警满保持时间（clear_hold_s），上门查看后由人员关闭。",
            "The device stays clear for clear_hold_s and a person resolves it after a visit.",
        ),
        blind=BLIND_SILENT,
    ),
    Row(
        id=RuleId("water_leak"),
        number=7,
        name=Sentence("漏水报警", "water leak"),
        hazard=Hazard.WATER_LEAK,
        severity=Severity.S2,
        inputs={Quantity.WATER_LEAK: Sentence("探头浸水", "water at its probe")},
        latched=False,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "Design: a probe in a puddle flickers"),
            "trigger_hold_s": Parameter(10, 0, 60, "s", "rule 7: probe wet 10 s (Design)"),
            "clear_hold_s": Parameter(600, 60, 3600, "s", "rule 7: dry 10 min (Design)"),
            "rearm_s": Parameter(
                3600, 600, 21600, "s", "Design: between 10 min (S1) and 6 h (S3) of 2.7"
            ),
            "pre_alarm_s": Parameter(30, 0, 60, "s", "rule 7: 30 s voice"),
            "prompt_every_s": Parameter(15, 10, 30, "s", "Design: twice"),
        },
        acts=(Act(DeviceKind.SIREN, ActuationKind.SIREN_ON, "leak_s"),),
        clears=Sentence("探头保持干燥满 clear_hold_s。", "The probe stays dry for clear_hold_s."),
        blind=BLIND_SILENT,
    ),
    Row(
        id=RuleId("tamper"),
        number=41,
        name=Sentence("设备被拆动", "tamper"),
        hazard=Hazard.TAMPER,
        severity=Severity.S4,
        inputs={Quantity.TAMPER: Sentence("外壳被打开或被移动", "that it was opened or moved")},
        latched=False,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(60, 0, 600, "s", "Design: one battery change is one event"),
            "trigger_hold_s": Parameter(0, 0, 60, "s", "Design: at once"),
            "clear_hold_s": Parameter(60, 0, 3600, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": Parameter(21600, 600, 86400, "s", "Design: as 6 h for S3 of 2.7"),
        },
        clears=Sentence("设备复位满 clear_hold_s。", "The device stays closed for clear_hold_s."),
        blind=BLIND_SILENT,
    ),
    Row(
        id=RuleId("hub_fault"),
        number=48,
        name=Sentence("主机故障", "hub fault"),
        hazard=Hazard.HUB_FAULT,
        severity=Severity.S4,
        inputs={Quantity.FAULT: Sentence("主机部件故障", "a fault of a part of the hub")},
        latched=False,
        subject_by=SubjectBy.CHANNEL,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(60, 0, 600, "s", "Design: a driver that restarts in a circle"),
            # Whoever reports the fault has already tried again: the driver decides when it is one.
            "trigger_hold_s": Parameter(0, 0, 600, "s", "Design: at once"),
            "clear_hold_s": Parameter(10, 0, 3600, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": Parameter(21600, 600, 86400, "s", "Design: as 6 h for S3 of 2.7"),
        },
        clears=Sentence("部件恢复正常满 clear_hold_s。", "The part stays well for clear_hold_s."),
        blind=Sentence(
            "主机整机停止工作时失明，由平台心跳监测发现。",
            "Blind while the whole hub is down: the platform notices by the missing heartbeat.",
        ),
    ),
    Row(
        id=RuleId("device_fault"),
        number=40,
        name=Sentence("设备故障或低电量", "device fault or low battery"),
        hazard=Hazard.DEVICE_FAULT,
        severity=Severity.S4,
        inputs={
            Quantity.DEVICE_FAULT: Sentence("自身故障", "that it is faulty"),
            Quantity.BATTERY_DEFECT: Sentence("电池故障", "that its battery is defective"),
            Quantity.BATTERY_LOW: Sentence("电量低", "that its battery is low"),
        },
        latched=False,
        subject_by=SubjectBy.QUANTITY,
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(
                3600, 0, 86400, "s", "Design: a battery bit flickers with the cold"
            ),
            "trigger_hold_s": Parameter(0, 0, 3600, "s", "Design: at once"),
            "clear_hold_s": Parameter(600, 0, 86400, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": Parameter(
                86400, 3600, 604800, "s", "[32c]: low battery once a day until dead"
            ),
        },
        clears=Sentence("设备恢复正常满 clear_hold_s。", "The device stays well for clear_hold_s."),
        blind=Sentence("设备离线时失明。", "Blind while the device is offline."),
    ),
)
