"""Every word of the demo's narration, in Chinese and in English."""

from __future__ import annotations

from agent.core.text import Sentence

S = Sentence

TITLE = S(
    "安居守护演示：独居老人家中糟糕的一分钟。无线设备是逐字节模拟的，其余都是真实进程。",
    "Anju demo: one bad minute in the home of an older person. The radio is emulated byte by byte; "
    "everything else is the real thing.",
)
SETTING_UP = S(
    "准备：模拟无线、消息服务器、平台、主机……", "Setting up: radio, broker, platform, hub…"
)
HUB_READY = S(
    "主机就绪（{ms} 毫秒）：Zigbee 网络已组建。",
    "The hub is ready ({ms} ms): its Zigbee network is formed.",
)
PAIRING = S("$ anju pair --name {name} --room {room}", "$ anju pair --name {name} --room {room}")
PLAY = S("开始计时。", "The clock starts.")

DOOR = S("大门打开。", "The front door opens.")
AT_PLATFORM = S("平台收到（{ms} 毫秒后）。", "The platform has it ({ms} ms later).")
SOS = S("老人按下床头的紧急按钮。", "The red button at the bed is pressed.")
SIREN = S("警号响起：{ms} 毫秒。", "The siren sounds: {ms} ms.")
ACKED = S("值守人员签收（{ms} 毫秒后）。", "An operator has acknowledged it ({ms} ms later).")
BROKER_STOPPED = S(
    "断网：消息服务器停止。主机已发现平台不可达。",
    "The broadband fails: the broker is stopped. The hub knows that it is alone.",
)
SMOKE = S("厨房冒烟，烟感报警。没有网络。", "Smoke in the kitchen. There is no network.")
PENDANT = S("老人按下吊坠求助。没有网络。", "The pendant is pressed. There is no network.")
GUARD_KILLED = S("守护进程 guard 被强行杀死（SIGKILL）。", "guard is killed (SIGKILL).")
GUARD_BACK = S(
    "guard 自己回来了：{ms} 毫秒后可以再次紧急呼叫，{count} 个报警都还在。",
    "guard is back by itself: ready for SOS after {ms} ms, its {count} alarms still open.",
)
LINK_KILLED = S(
    "联网进程 link 也被杀死，自己回来了。", "link is killed too, and comes back by itself."
)
BROKER_BACK = S(
    "网络恢复：{waiting} 行等待补传。", "The broadband is back; {waiting} rows are waiting."
)
BACKLOG = S(
    "断网期间的报警全部补传到平台，标记为历史（{ms} 毫秒后）。",
    "Every alarm of the outage has reached the platform, marked historical ({ms} ms later).",
)
ALL_ACKED = S("值守人员签收了补传的报警。", "The operator has acknowledged them.")

ALARM = S("报警", "Alarm")
NETWORK = S("网络", "Network")
ONLINE = S("通", "up")
OFFLINE = S("断", "down")
DETECTED = S("发现", "detected")
TO_SIREN = S("→警号 ms", "→ siren ms")
TO_PLATFORM = S("→平台 ms", "→ platform ms")
TO_ACK = S("→签收 ms", "→ acknowledged ms")
HISTORICAL = S("历史", "historical")
YES = S("是", "yes")
NO = S("否", "no")
NEVER = S("没有", "never")
COUNTS = S(
    "记录：发出 {sent}，平台收到 {received}，丢失 {lost}，重复 {doubled}"
    "（线路上重发 {again}，按编号去重）。",
    "Rows: sent {sent}, received {received}, lost {lost}, doubled {doubled} "
    "(sent again on the wire and recognised by their number: {again}).",
)
GOOD = S(
    "没有丢失，没有重复，每次警号都响了。",
    "Nothing was lost, nothing doubled, every siren sounded.",
)
BAD = S("演示失败：{what}", "The demo failed: {what}")
LOGS = S("各进程的输出在 {folder}", "What the processes said is in {folder}")

NAMES = {
    "door": (S("大门", "front-door"), S("玄关", "hall")),
    "sos": (S("床头按钮", "bedside"), S("卧室", "bedroom")),
    "smoke": (S("厨房烟感", "smoke"), S("厨房", "kitchen")),
    "siren": (S("警号", "siren"), S("客厅", "living-room")),
    "pendant": (S("吊坠", "pendant"), S("随身", "worn")),
}
