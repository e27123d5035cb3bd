"""Rules that watch the ways out of the home and the radio inside it, and tests left running."""

from __future__ import annotations

from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.patterns.gate import Gate
from local_rules.patterns.left_active import LEFT_ACTIVE, LeftActive
from local_rules.patterns.report import REPORT, Counting
from local_rules.patterns.threshold import THRESHOLD, Beyond, Threshold
from local_rules.row import BLIND_SILENT, Parameter, Row
from local_rules.rule import SubjectBy

_REARM_DAY = Parameter(86400, 3600, 604800, "s", "[32c]: once a day")
_NOT_HELD = Parameter(0, 0, 0, "s", "does not apply: at once")
_PATH_PITFALLS = Sentence(
    "NAT 超时；证书或时钟错误看起来一样：原因写在日志里。",
    "NAT timeouts; a bad certificate or clock looks the same: the record has the reason.",
)
_BLIND_PATH = Sentence(
    "主机整机停止工作时失明，由平台心跳监测发现。",
    "Blind while the whole hub is down: the platform notices by the missing heartbeat.",
)


def _cut_off(rule: str, name: Sentence, severity: Severity, hold_s: Parameter) -> Row:
    return Row(
        id=RuleId(rule),
        number=43,
        name=name,
        hazard=Hazard.UPLINK,
        severity=severity,
        inputs={Quantity.CUT_OFF: Sentence("没有任何对外通道", "that no way out is left")},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "Design: a link that flaps"),
            "trigger_hold_s": hold_s,
            "clear_hold_s": Parameter(60, 0, 600, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("一条通道恢复满 clear_hold_s。", "One way is back for clear_hold_s."),
        blind=_BLIND_PATH,
        pitfalls=_PATH_PITFALLS,
    )


PATHS: tuple[Row, ...] = (
    Row(
        id=RuleId("path_lost"),
        number=43,
        name=Sentence("对外通道中断", "a way out is down"),
        hazard=Hazard.UPLINK,
        severity=Severity.S4,
        inputs={Quantity.PATH_LOST: Sentence("对外通道中断", "a way out of the home down")},
        pattern=REPORT,
        plan=None,
        parameters={
            "debounce_s": Parameter(10, 0, 60, "s", "Design: a link that flaps"),
            "trigger_hold_s": Parameter(180, 60, 900, "s", "rule 43: no ack 3 min"),
            "clear_hold_s": Parameter(60, 0, 600, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        subject_by=SubjectBy.CHANNEL,
        clears=Sentence("通道恢复满 clear_hold_s。", "The way is back for clear_hold_s."),
        blind=_BLIND_PATH,
        pitfalls=_PATH_PITFALLS,
    ),
    _cut_off(
        "paths_lost",
        Sentence("全部通道中断", "all ways out are down"),
        Severity.S4,
        Parameter(600, 300, 1800, "s", "rule 43: both lost 10 min, local voice"),
    ),
    _cut_off(
        "paths_lost_long",
        Sentence("全部通道长时间中断", "all ways out are down for long"),
        Severity.S2,
        Parameter(1800, 900, 7200, "s", "rule 43: S2 if both 30 min"),
    ),
    Row(
        id=RuleId("radio_jammed"),
        number=44,
        name=Sentence("无线受干扰", "radio jammed"),
        hazard=Hazard.RADIO,
        severity=Severity.S3,
        inputs={
            Quantity.RADIO_NOISE_DBM: Sentence("信道能量", "channel energy"),
            Quantity.DEVICES_LATE_PCT: Sentence("迟报设备", "devices late"),
        },
        pattern=THRESHOLD,
        plan=Threshold(
            Beyond.ABOVE,
            "dBm",
            gates=(Gate(level=Quantity.DEVICES_LATE_PCT, at_first=False, ends=True),),
        ),
        parameters={
            "limit": Parameter(-65, -80, -50, "dBm", "rule 44: energy scan > -65 dBm"),
            "given": Parameter(40, 20, 80, "%", "rule 44: >= 40 % of the devices late"),
            "hold_s": Parameter(30, 10, 60, "s", "rule 44: 30 s in 60 s"),
            "clear_limit": Parameter(-81, -95, -81, "dBm", "Design: below the lowest limit"),
            "clear_hold_s": Parameter(60, 0, 600, "s", "Design: hysteresis, general rule (a)"),
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence(
            "信道恢复安静或设备按时上报。", "The channel is quiet, or devices check in."
        ),
        blind=Sentence(
            "无线部件不做能量扫描时失明。", "Blind while the radio scans for no energy."
        ),
        pitfalls=Sentence(
            "微波炉、新路由器、USB3 靠近天线；信道只由技术员更换。",
            "A microwave oven, a new router, USB3 beside the stick; only a technician changes "
            "the channel.",
        ),
    ),
    Row(
        id=RuleId("radio_join_flood"),
        number=44,
        name=Sentence("陌生设备反复请求入网", "strangers ask to join again and again"),
        hazard=Hazard.RADIO,
        severity=Severity.S4,
        inputs={Quantity.JOIN_REFUSED: Sentence("拒绝了陌生设备入网", "a stranger refused")},
        pattern=REPORT,
        plan=Counting(),
        parameters={
            "times": Parameter(10, 5, 50, "x", "rule 44: join floods; the count is Design"),
            "times_within_s": Parameter(60, 30, 600, "s", "rule 44: in 60 s"),
            "debounce_s": _NOT_HELD,
            "trigger_hold_s": _NOT_HELD,
            "clear_hold_s": _NOT_HELD,
            "rearm_s": _NOT_HELD,
        },
        latched=False,
        momentary=True,
        clears=Sentence("由人员查看后签收。", "A person looks and acknowledges it."),
        blind=BLIND_SILENT,
        pitfalls=Sentence("邻居正在安装设备。", "A neighbour who pairs devices."),
    ),
    Row(
        id=RuleId("test_mode"),
        number=46,
        name=Sentence("测试模式未关", "test mode left on"),
        hazard=Hazard.TEST_MODE,
        severity=Severity.S4,
        inputs={Quantity.TEST: Sentence("处于测试模式", "has been in test mode")},
        pattern=LEFT_ACTIVE,
        plan=LeftActive(),
        parameters={
            "limit_s": Parameter(1800, 600, 7200, "s", "rule 46: timer 30 min"),
            "pause_s": Parameter(0, 0, 60, "s", "Design: what is off is off"),
            "clear_hold_s": _NOT_HELD,
            "rearm_s": _REARM_DAY,
        },
        latched=False,
        clears=Sentence("设备退出测试模式。", "The device leaves its test mode."),
        blind=BLIND_SILENT,
        pitfalls=Sentence(
            "主机自己的演练到时自动结束，不会留下。",
            "A drill of the hub's own ends by itself and leaves nothing on.",
        ),
    ),
)
