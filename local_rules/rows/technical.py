"""Rules that watch the hub and its devices: silence, batteries, the mains, the clock, the disk."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.left_active import LEFT_ACTIVE, LeftActive
from local_rules.patterns.report import REPORT, Counting
from local_rules.patterns.silence import SILENCE, Silence
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.row import BLIND_SILENT, Parameter, Row
from local_rules.rule import SubjectBy

_REARM_DAY = Parameter(86400, 3600, 604800, "s", "[32c]: once a day")
_BLIND_HUB = Sentence(
    "主机整机停止工作时失明，由平台心跳监测发现。",
    "Blind while the whole hub is down: the platform notices by the missing heartbeat.",
)
_NOW = Parameter(0, 0, 0, "s", "does not apply: at once")
BASE = (Quantity.SOS, Quantity.MOTION, Quantity.CONTACT_OPEN)
"""What the devices of the base kit of three give (R6)."""

_A_MESSAGE = Sentence("消息", "a message")

# What comes only when a person does something, or from the hub itself (which says of an actuator
# that it does not obey), says nothing about whether a device lives.
_NOT_SUPERVISED = frozenset(
    {
        Quantity.FAULT,
        Quantity.DEVICE_FAULT,
        Quantity.SILENT,
        Quantity.MAINS_LOST,
        Quantity.PRESENCE,
        Quantity.ALERT_LINE_S,
        Quantity.ALERT_TABLE,
        Quantity.MORNING_DUE,
        Quantity.DWELL_DUE,
        Quantity.BED_DUE,
        Quantity.RETURN_DUE,
        Quantity.QUIET_S,
        Quantity.STUCK,
        Quantity.AWAY_FOR_S,
        Quantity.AT_HUB,
        Quantity.TV_KEY,
        Quantity.USER_MISMATCH,
        Quantity.DOSE_DUE,
        Quantity.VISIT_DUE,
        Quantity.VISIT_SEEN,
        Quantity.DISK_PCT,
        Quantity.CLOCK_OFF_S,
        Quantity.HUB_BATTERY_PCT,
        Quantity.QUEUE_ROWS,
        Quantity.RESTARTED,
        Quantity.PATH_LOST,
        Quantity.CUT_OFF,
        Quantity.RADIO_NOISE_DBM,
        Quantity.DEVICES_LATE_PCT,
        Quantity.JOIN_REFUSED,
        Quantity.EXTENDED,
        Quantity.VOICE_HELP,
        Quantity.VOICE_CONFIRMED,
        Quantity.USER_OK,
        Quantity.PULSE_IRREGULAR,
        Quantity.WEIGHT_KG,
        Quantity.WATER_DAY_L,
        Quantity.NIGHT_RISINGS,
        Quantity.BP_SYSTOLIC_MMHG,
        Quantity.BP_DIASTOLIC_MMHG,
        Quantity.SPO2_PCT,
        Quantity.HEART_RATE_BPM,
        Quantity.BODY_TEMP_C,
        Quantity.GLUCOSE_MMOLL,
    }
)


def _level(
    rule: str,
    number: int,
    name: Sentence,
    hazard: Hazard,
    severity: Severity,
    quantity: Quantity,
    says: Sentence,
    plan: Threshold,
    parameters: dict[str, Parameter],
    pitfalls: Sentence,
) -> Row:
    return Row(
        id=RuleId(rule),
        number=number,
        name=name,
        hazard=hazard,
        severity=severity,
        inputs={quantity: says},
        pattern=THRESHOLD,
        plan=plan,
        parameters={**parameters, "rearm_s": _REARM_DAY},
        latched=False,
        subject_by=SubjectBy.CHANNEL,
        clears=Sentence(
            "数值回到 clear_limit 以内满 clear_hold_s。",
            "The value is back behind clear_limit for clear_hold_s.",
        ),
        blind=_BLIND_HUB if hazard is not Hazard.DEVICE_FAULT else BLIND_SILENT,
        pitfalls=pitfalls,
    )


TECHNICAL: tuple[Row, ...] = (
    Row(
        id=RuleId("device_silent"),
        number=40,
        name=Sentence("设备失联，相关规则失明", "device silent, its rules blind"),
        hazard=Hazard.SILENT,
        severity=Severity.S4,
        inputs={quantity: _A_MESSAGE for quantity in Quantity if quantity not in _NOT_SUPERVISED},
        pattern=SILENCE,
        plan=Silence(anything=True, paced=True, tells=BASE),
        parameters={
            "limit_s": Parameter(90000, 7200, 262800, "s", "rule 40: offline 25 h; 73 h [32c]"),
            "mains_limit_s": Parameter(
                1500, 600, 7200, "s", "rule 40: 10 min mains; asked each 10 min, two may be lost"
            ),
            "promised_limit_s": Parameter(7200, 3600, 90000, "s", "rule 40: 2 h configured"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("设备再次上报。", "The device speaks again."),
        blind=_BLIND_HUB,
        pitfalls=Sentence(
            "停电后 Zigbee 路由改变；休眠设备本来就安静；主机关机的时间不算。",
            "Routes change after a power cut; sleepy devices are quiet; time off does not count.",
        ),
        derives=(Quantity.SILENT,),
    ),
    Row(
        id=RuleId("base_silent"),
        number=40,
        name=Sentence("基本套件失联", "base kit silent"),
        hazard=Hazard.SILENT,
        severity=Severity.S2,
        inputs={
            Quantity.SILENT: Sentence(
                "呼叫、红外、门磁中至少两类失联", "two of SOS, motion and door silent"
            )
        },
        pattern=LEFT_ACTIVE,
        plan=LeftActive(together=True),
        parameters={
            "together": Parameter(2, 2, 3, "x", "rule 40: 2 of base3 offline = S2"),
            "limit_s": Parameter(0, 0, 3600, "s", "Design: each has been silent for long"),
            "pause_s": _NOW,
            "clear_hold_s": _NOW,
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        subject_by=SubjectBy.HOME,
        clears=Sentence("其中一类再次上报。", "One of them speaks again."),
        blind=_BLIND_HUB,
        pitfalls=Sentence(
            "一类中任一设备失联即算该类失联。", "One device of a kind makes the kind count."
        ),
    ),
    _level(
        "battery_level",
        40,
        Sentence("设备电量低", "device battery low"),
        Hazard.DEVICE_FAULT,
        Severity.S4,
        Quantity.BATTERY_PCT,
        Sentence("报告电量", "its battery at"),
        Threshold(Beyond.AT_MOST, "%"),
        {
            "limit": Parameter(20, 10, 30, "%", "rule 40: <= 20 %"),
            "hold_s": Parameter(0, 0, 86400, "s", "Design: at once"),
            "clear_limit": Parameter(35, 30.5, 60, "%", "Design: the cold moves it by 10 %"),
            "clear_hold_s": Parameter(600, 0, 86400, "s", "Design: hysteresis, general rule (a)"),
        },
        Sentence("夜间 3 点不应打扰。", "Not to be told at 3 in the morning."),
    ),
    Row(
        id=RuleId("mains_lost"),
        number=42,
        name=Sentence("市电中断", "mains lost"),
        hazard=Hazard.MAINS,
        severity=Severity.S4,
        inputs={Quantity.MAINS_LOST: Sentence("市电中断", "that the mains are lost")},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "rule 42: brief flicker"),
            "trigger_hold_s": Parameter(60, 10, 900, "s", "rule 42: 60 s debounce"),
            "clear_hold_s": Parameter(300, 60, 3600, "s", "rule 42: mains 5 min"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("市电恢复满 clear_hold_s。", "The mains are back for clear_hold_s."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "瞬时波动；整楼停电由平台归并。", "Flicker; a whole building in the dark."
        ),
    ),
    Row(
        id=RuleId("mains_lost_long"),
        number=42,
        name=Sentence("市电长时间中断", "mains lost for long"),
        hazard=Hazard.MAINS,
        severity=Severity.S3,
        inputs={Quantity.MAINS_LOST: Sentence("市电中断", "that the mains are lost")},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "rule 42: brief flicker"),
            "trigger_hold_s": Parameter(900, 300, 3600, "s", "rule 42: remote notice 15 min"),
            "clear_hold_s": Parameter(300, 60, 3600, "s", "rule 42: mains 5 min"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("市电恢复满 clear_hold_s。", "The mains are back for clear_hold_s."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("整楼停电由平台归并。", "A whole building in the dark."),
    ),
    _level(
        "hub_dying",
        42,
        Sentence("主机即将断电", "hub about to die"),
        Hazard.HUB_BATTERY,
        Severity.S2,
        Quantity.HUB_BATTERY_PCT,
        Sentence("主机电量", "the hub's battery at"),
        Threshold(Beyond.AT_MOST, "%"),
        {
            "limit": Parameter(5, 3, 8, "%", "rule 42: shutdown at 5 % after a final message"),
            "hold_s": Parameter(10, 0, 60, "s", "Design: a load makes it dip"),
            "clear_limit": Parameter(15, 9, 30, "%", "Design: charging well"),
            "clear_hold_s": Parameter(300, 0, 3600, "s", "rule 42: mains 5 min"),
        },
        Sentence("电池老化后电量跳变。", "An old battery jumps."),
    ),
    _level(
        "hub_battery",
        42,
        Sentence("主机电量低", "hub battery low"),
        Hazard.HUB_BATTERY,
        Severity.S2,
        Quantity.HUB_BATTERY_PCT,
        Sentence("主机电量", "the hub's battery at"),
        Threshold(Beyond.BELOW, "%"),
        {
            "limit": Parameter(20, 10, 40, "%", "rule 42: battery < 20 % S2"),
            "hold_s": Parameter(60, 0, 300, "s", "Design: a load makes it dip"),
            "clear_limit": Parameter(45, 40.5, 80, "%", "Design: charging well"),
            "clear_hold_s": Parameter(300, 0, 3600, "s", "rule 42: mains 5 min"),
        },
        Sentence("电池老化后电量跳变。", "An old battery jumps."),
    ),
    _level(
        "queue_long",
        48,
        Sentence("待上传过多", "too much waits for the platform"),
        Hazard.HUB_FAULT,
        Severity.S4,
        Quantity.QUEUE_ROWS,
        Sentence("待上传", "rows waiting:"),
        Threshold(Beyond.ABOVE, "rows"),
        {
            "limit": Parameter(10_000, 5_000, 100_000, "rows", "rule 48: queue > 10k"),
            "hold_s": Parameter(600, 0, 3600, "s", "Design: it may be draining"),
            "clear_limit": Parameter(2_000, 500, 5_000, "rows", "Design: it drains"),
            "clear_hold_s": Parameter(0, 0, 3600, "s", "Design: at once"),
        },
        Sentence("平台长时间不确认。", "A platform that confirms nothing for days."),
    ),
    Row(
        id=RuleId("restarts"),
        number=48,
        name=Sentence("主机反复异常重启", "hub restarts again and again"),
        hazard=Hazard.HUB_FAULT,
        severity=Severity.S4,
        inputs={Quantity.RESTARTED: Sentence("异常重启", "an unplanned restart")},
        pattern=REPORT,
        plan=Counting(),
        parameters={
            "times": Parameter(3, 2, 10, "x", "rule 48: watchdog reset >= 3/day"),
            "times_within_s": Parameter(86400, 43200, 172800, "s", "rule 48: a day"),
            "debounce_s": _NOW,
            "trigger_hold_s": _NOW,
            "clear_hold_s": _NOW,
            "rearm_s": _NOW,
        },
        latched=False,
        momentary=True,
        clears=Sentence("由人员查看后签收。", "A person looks and acknowledges it."),
        blind=_BLIND_HUB,
        pitfalls=Sentence("反复拔插电源也算。", "Pulling the plug counts as well."),
    ),
    _level(
        "clock_off",
        47,
        Sentence("时钟不可信", "clock implausible"),
        Hazard.HUB_FAULT,
        Severity.S4,
        Quantity.CLOCK_OFF_S,
        Sentence("时钟偏差", "the clock off by"),
        Threshold(Beyond.ABOVE, "s"),
        {
            "limit": Parameter(120, 30, 600, "s", "rule 47: > 120 s"),
            "hold_s": Parameter(0, 0, 3600, "s", "Design: at once"),
            "clear_limit": Parameter(10, 1, 29, "s", "rule 47: sync (Design)"),
            "clear_hold_s": Parameter(0, 0, 3600, "s", "Design: at once"),
        },
        Sentence("按时段的规则退化为 24 小时形式。", "Rules by time of day take their 24 h form."),
    ),
    _level(
        "disk_full",
        48,
        Sentence("存储将满", "disk nearly full"),
        Hazard.HUB_FAULT,
        Severity.S4,
        Quantity.DISK_PCT,
        Sentence("存储占用", "the disk used by"),
        Threshold(Beyond.ABOVE, "%"),
        {
            "limit": Parameter(85, 70, 95, "%", "rule 48: disk > 85 %"),
            "hold_s": Parameter(600, 0, 3600, "s", "Design: retention may be at work"),
            "clear_limit": Parameter(69, 50, 69, "%", "Design: below the lowest limit"),
            "clear_hold_s": Parameter(600, 0, 3600, "s", "Design"),
        },
        Sentence("SD 卡磨损。", "SD card wear."),
    ),
)
