"""The words of a play in English and Chinese: rooms, things, and what things can tell.

THE word list: the parser knows no other, and the page for nurses is checked against it. A `{n}`
stands for a number, with the unit that may follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.alarm import AlarmState
from agent.core.device import DeviceKind
from agent.core.reading import Quantity, Value
from agent.core.text import Sentence
from tests.scenarios.play import Does, Turn

S = Sentence
Q = Quantity

ROOMS: tuple[Sentence, ...] = (
    S("卧室", "bedroom"),
    S("卫生间", "bathroom"),
    S("厨房", "kitchen"),
    S("客厅", "living room"),
    S("玄关", "hallway"),
    S("次卧", "second bedroom"),
    S("阳台", "balcony"),
)
"""The home's own name of a room is the Chinese one."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a home can have. `usual`: the rooms of the usual home in which there is one."""

    words: Sentence
    kind: DeviceKind = DeviceKind.UNKNOWN
    usual: tuple[str, ...] = ()


THINGS: Mapping[str, Thing] = {
    "motion": Thing(
        S("人体红外", "motion sensor"),
        DeviceKind.MOTION,
        ("卧室", "客厅", "卫生间", "厨房", "玄关"),
    ),
    "door": Thing(S("门磁", "door contact"), DeviceKind.CONTACT, ("玄关",)),
    "button": Thing(S("按钮", "button"), DeviceKind.CALL_BUTTON, ("卧室",)),
    "cord": Thing(S("拉绳", "pull cord"), DeviceKind.PULL_CORD, ("卫生间",)),
    "pendant": Thing(S("吊坠", "pendant"), DeviceKind.PENDANT),
    "smoke": Thing(S("烟感", "smoke alarm"), DeviceKind.SMOKE, ("厨房",)),
    "gas": Thing(S("燃气报警器", "gas alarm"), DeviceKind.GAS, ("厨房",)),
    "co": Thing(S("一氧化碳报警器", "CO alarm"), DeviceKind.CO),
    "leak": Thing(S("水浸探头", "leak sensor"), DeviceKind.LEAK),
    "climate": Thing(S("温湿度计", "thermometer"), DeviceKind.CLIMATE),
    "bed": Thing(S("床垫", "bed sensor")),
    "meter": Thing(S("水表", "water meter")),
    "stove": Thing(S("灶具", "stove")),
    "plug": Thing(S("插座", "plug"), DeviceKind.PLUG),
    "radar": Thing(S("跌倒雷达", "fall radar")),
    "box": Thing(S("药盒", "medicine box")),
    "cuff": Thing(S("血压计", "blood pressure monitor")),
    "oximeter": Thing(S("血氧仪", "oximeter")),
    "watch": Thing(S("手表", "watch")),
    "fever": Thing(S("体温计", "clinical thermometer")),
    "glucose": Thing(S("血糖仪", "glucose meter")),
    "breath": Thing(S("睡眠监护仪", "sleep monitor")),
    "ear": Thing(S("语音报警器", "voice alarm")),
    "band": Thing(S("手环", "wristband")),
    "scale": Thing(S("体重秤", "scale")),
    "energy": Thing(S("电表", "electricity meter")),
    "lamp": Thing(S("照明回路", "lamp circuit")),
    "tv": Thing(S("电视盒", "TV box")),
    "siren": Thing(S("警号", "siren"), DeviceKind.SIREN, ("客厅",)),
    "valve": Thing(S("燃气阀", "gas valve"), DeviceKind.VALVE, ("厨房",)),
    "light": Thing(S("灯", "light"), DeviceKind.LIGHT, ("玄关",)),
    "speaker": Thing(S("音箱", "speaker"), DeviceKind.SPEAKER),
}

HUB_PARTS: Mapping[str, Sentence] = {
    "mains": S("市电", "the mains"),
    "battery": S("主机电池", "the battery of the hub"),
    "uplink": S("平台连接", "the link to the platform"),
    "plan": S("服药计划", "the plan of medicines"),
    "visits": S("探访计划", "the plan of visits"),
    "disk": S("主机存储", "the disk of the hub"),
    "clock": S("主机时钟", "the clock of the hub"),
    "mobile": S("移动网络", "the mobile network"),
    "radio": S("无线信道", "the radio"),
    "queue": S("待传队列", "the queue"),
    "guard": S("守护进程", "guard"),
    "said": S("家属", "the family"),
    "figures": S("每日统计", "the figures of the day"),
}
"""Things that are parts of the hub: in every home, and in no room. With the names that they have
in sentences."""

MOVED_ONLY = frozenset({"siren", "valve", "light", "speaker"})
"""Things that are moved and tell nothing themselves in a play."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that can be told. `values` go with `quantities`; None: the number that was said.

    `thing` "" is any thing of the home, named where the words say `{thing}`. `units` may follow a
    number. `lasts_s` later the device takes it back.
    """

    words: Sentence
    thing: str
    quantities: tuple[Quantity, ...]
    values: tuple[Value | None, ...]
    lasts_s: float = 0
    units: str = ""


def _says(
    zh: str, en: str, thing: str, quantity: Quantity, value: Value | None, lasts_s: float = 0
) -> Saying:
    return Saying(S(zh, en), thing, (quantity,), (value,), lasts_s)


def _measures(zh: str, en: str, thing: str, quantity: Quantity, units: str) -> Saying:
    words = S(f"{zh} {{n}}", f"{en} {{n}}")
    return Saying(words, thing, (quantity,), (None,), units=units)


PULSE_S = 60.0
"""A motion sensor is blind for a minute or more after each time, then says that it is quiet."""

SAYINGS: tuple[Saying, ...] = (
    # The person.
    _says("有人活动", "motion", "motion", Q.MOTION, True, PULSE_S),
    _says("开门", "door opens", "door", Q.CONTACT_OPEN, True),
    _says("关门", "door closes", "door", Q.CONTACT_OPEN, False),
    _says("按下按钮", "button pressed", "button", Q.SOS, True, 1),
    _says("拉动拉绳", "cord pulled", "cord", Q.SOS, True, 1),
    _says("按下吊坠", "pendant pressed", "pendant", Q.SOS, True, 1),
    _says("上床", "gets into bed", "bed", Q.IN_BED, True),
    _says("下床", "gets out of bed", "bed", Q.IN_BED, False),
    _says("跌倒", "fall", "radar", Q.FALL, True),
    _says("跌倒后起身", "up after the fall", "radar", Q.FALL, False),
    _says("疑似跌倒", "fall suspected", "radar", Q.FALL_SUSPECTED, True),
    _says("疑似跌倒排除", "no fall after all", "radar", Q.FALL_SUSPECTED, False),
    _says("打开药盒", "medicine box opened", "box", Q.LID_OPEN, True, 30),
    # Water, stove, appliances.
    _says("用水", "water used", "meter", Q.WATER_FLOW_LPH, 300.0, PULSE_S),
    _says("开水龙头", "tap opened", "meter", Q.WATER_FLOW_LPH, 300.0),
    _says("关水龙头", "tap closed", "meter", Q.WATER_FLOW_LPH, 0.0),
    _says("开灶", "stove on", "stove", Q.STOVE_ON, True),
    _says("关灶", "stove off", "stove", Q.STOVE_ON, False),
    _measures("插座功率", "plug draws", "plug", Q.POWER_W, "W|瓦"),
    # Danger.
    _says("冒烟", "smoke", "smoke", Q.SMOKE, True),
    _says("烟雾散去", "smoke clears", "smoke", Q.SMOKE, False),
    _says("燃气泄漏", "gas", "gas", Q.GAS, True),
    _says("燃气散去", "gas clears", "gas", Q.GAS, False),
    _measures("燃气浓度", "gas at", "gas", Q.GAS_LEL_PCT, "%LEL|%"),
    _says("一氧化碳报警", "carbon monoxide", "co", Q.CO, True),
    _says("一氧化碳散去", "carbon monoxide clears", "co", Q.CO, False),
    _measures("一氧化碳浓度", "carbon monoxide at", "co", Q.CO_PPM, "ppm"),
    _says("地面有水", "floor wet", "leak", Q.WATER_LEAK, True),
    _says("地面已干", "floor dry", "leak", Q.WATER_LEAK, False),
    _measures("温度", "temperature", "climate", Q.TEMP_C, "°C|C|度"),
    # Health.
    Saying(
        S("血压 {n}/{n}", "blood pressure {n}/{n}"),
        "cuff",
        (Q.BP_SYSTOLIC_MMHG, Q.BP_DIASTOLIC_MMHG),
        (None, None),
        units="mmHg",
    ),
    _measures("血氧", "oxygen", "oximeter", Q.SPO2_PCT, "%"),
    _measures("心率", "pulse", "watch", Q.HEART_RATE_BPM, "/min|次"),
    _measures("体温", "body temperature", "fever", Q.BODY_TEMP_C, "°C|C|度"),
    _measures("血糖", "glucose", "glucose", Q.GLUCOSE_MMOLL, "mmol/L"),
    _measures("呼吸", "breathing", "breath", Q.RESPIRATION_BPM, "/min|次"),
    _says("呼救声", "cry for help", "ear", Q.VOICE_HELP, True),
    _says("说需要帮助", "says that help is needed", "ear", Q.VOICE_CONFIRMED, True),
    _says("手环撞击", "wristband hit", "band", Q.IMPACT, True),
    _says("佩戴者躺下", "wearer lies", "band", Q.LYING, True),
    _says("佩戴者活动", "wearer moves", "band", Q.WEARER_MOVES, True),
    _says("佩戴者取消", "wearer calls it off", "band", Q.FALL_CANCELLED, True),
    _says("呼吸暂停", "apnoea", "breath", Q.APNOEA, True),
    _says("睡在监护床上", "sleeps under the monitor", "breath", Q.IN_BED, True),
    _says("脉搏不齐", "irregular pulse", "cuff", Q.PULSE_IRREGULAR, True),
    _measures("体重", "weight", "scale", Q.WEIGHT_KG, "kg|公斤"),
    _measures("湿度", "humidity", "climate", Q.HUMIDITY_PCT, "%"),
    _measures("电表读数", "electricity meter at", "energy", Q.ENERGY_KWH, "kWh|度"),
    _says("亮着灯", "lamp lit", "lamp", Q.LIGHT_ON, True),
    _says("关了灯", "lamp out", "lamp", Q.LIGHT_ON, False),
    _says("按延时键", "leave-it-on pressed", "stove", Q.EXTENDED, True),
    _says("按遥控器", "TV key pressed", "tv", Q.TV_KEY, True),
    _says("像是别人测的", "measured by somebody else", "cuff", Q.USER_MISMATCH, True),
    # Plans and figures.
    _measures("家属说外出", "family says away for", "said", Q.AWAY_FOR_S, "s|秒"),
    _says("家属说已回家", "family says back", "said", Q.AWAY_FOR_S, 0.0),
    _says("该服药", "medicine due", "plan", Q.DOSE_DUE, True),
    _says("该探访", "visit due", "visits", Q.VISIT_DUE, True),
    _says("已探访", "visit made", "visits", Q.VISIT_SEEN, True),
    _measures("夜间离床次数", "risings of the night", "figures", Q.NIGHT_RISINGS, "x|次"),
    _measures("日用水量", "water of the day", "figures", Q.WATER_DAY_L, "L|升"),
    # Devices and hub.
    _says("人体红外一直触发", "motion sensor stuck on", "motion", Q.MOTION, True),
    _says("{thing}被拆动", "{thing} tampered with", "", Q.TAMPER, True),
    _says("{thing}复位", "{thing} put back", "", Q.TAMPER, False),
    _says("{thing}电量低", "{thing} battery low", "", Q.BATTERY_LOW, True),
    _says("{thing}换电池", "{thing} battery changed", "", Q.BATTERY_LOW, False),
    _measures("{thing}电量", "{thing} battery at", "", Q.BATTERY_PCT, "%"),
    _says("{thing}故障", "{thing} faulty", "", Q.DEVICE_FAULT, True),
    _says("{thing}修复", "{thing} repaired", "", Q.DEVICE_FAULT, False),
    _says("停电", "mains fail", "mains", Q.MAINS_LOST, True),
    _says("来电", "mains return", "mains", Q.MAINS_LOST, False),
    _measures("主机电量", "hub battery at", "battery", Q.HUB_BATTERY_PCT, "%"),
    _says("宽带中断", "broadband down", "uplink", Q.FAULT, True),
    _says("宽带恢复", "broadband back", "uplink", Q.FAULT, False),
    _says("4G 中断", "mobile network down", "mobile", Q.PATH_LOST, True),
    _says("4G 恢复", "mobile network back", "mobile", Q.PATH_LOST, False),
    _says("平台通道中断", "platform path down", "uplink", Q.PATH_LOST, True),
    _says("平台通道恢复", "platform path back", "uplink", Q.PATH_LOST, False),
    _says("无对外通道", "no way out left", "uplink", Q.CUT_OFF, True),
    _says("对外通道恢复", "a way out again", "uplink", Q.CUT_OFF, False),
    _measures("信道噪声", "radio noise", "radio", Q.RADIO_NOISE_DBM, "dBm"),
    _measures("迟报设备", "devices late", "radio", Q.DEVICES_LATE_PCT, "%"),
    _says("陌生设备入网被拒", "stranger refused", "radio", Q.JOIN_REFUSED, True),
    _measures("待传记录", "rows waiting", "queue", Q.QUEUE_ROWS, "rows|条"),
    _says("守护进程意外重启", "guard fell over", "guard", Q.RESTARTED, True),
    _says("{thing}进入测试模式", "{thing} in test mode", "", Q.TEST, True),
    _says("{thing}退出测试模式", "{thing} out of test mode", "", Q.TEST, False),
    _measures("存储占用", "disk used", "disk", Q.DISK_PCT, "%"),
    _measures("时钟偏差", "clock found off by", "clock", Q.CLOCK_OFF_S, "s|秒"),
)

TURNS: tuple[tuple[Turn, Sentence], ...] = (
    (Turn.HUB_STOPS, S("主机断电", "hub stops")),
    (Turn.HUB_STARTS, S("主机启动", "hub starts")),
    (Turn.HUB_RESTARTS, S("主机重启", "hub restarts")),
    (Turn.CLOCK_LOST, S("时间未知", "clock becomes unknown")),
    (Turn.CLOCK_FOUND, S("时间恢复", "clock becomes known")),
    (Turn.CLOCK_JUMPS, S("时钟跳变 {t}", "clock jumps {t}")),
    (Turn.DRILL_ENDS, S("演练结束", "drill ends")),
    (Turn.SILENT, S("{thing}失联", "{thing} falls silent")),
    (Turn.HEARD, S("{thing}恢复通信", "{thing} is heard again")),
)
"""`{t}`: a span of time with its sign, as `+2 h`, `-10 min`."""

PEOPLE: tuple[Sentence, ...] = (
    S("女儿", "daughter"),
    S("儿子", "son"),
    S("邻居", "neighbour"),
    S("护士", "nurse"),
    S("值守员", "operator"),
)

STATES: Mapping[AlarmState, Sentence] = {
    AlarmState.PRE_ALARM: S("询问中", "asking"),
    AlarmState.ACTIVE: S("报警中", "active"),
    AlarmState.ACKED: S("已签收", "acknowledged"),
    AlarmState.RTN_UNACKED: S("已解除未签收", "over but unanswered"),
}
"""The states of an open alarm."""

DOES: tuple[tuple[Does, Sentence], ...] = (
    (Does("siren", True), S("响警号", "siren sounding")),
    (Does("siren", False), S("无警号声", "siren silent")),
    (Does("valve", True), S("关燃气阀", "gas valve closed")),
    (Does("valve", False), S("燃气阀开着", "gas valve open")),
    (Does("light", True), S("亮灯", "light on")),
    (Does("light", False), S("灯关着", "light off")),
)
"""What the things that are moved can be expected to do."""

PRESENCES: Mapping[str, Sentence] = {
    "home": S("在家", "at home"),
    "away": S("外出", "away"),
    "maybe_away": S("可能外出", "maybe away"),
    "unknown": S("未知", "unknown"),
}

UNITS_S: Mapping[str, float] = {
    "s": 1,
    "秒": 1,
    "min": 60,
    "分": 60,
    "分钟": 60,
    "h": 3600,
    "小时": 3600,
    "d": 86_400,
    "days": 86_400,
    "天": 86_400,
    "years": 365 * 86_400,
    "年": 365 * 86_400,
}
"""Words for spans of time, in seconds."""
