"""Every word that the command line says to a person, in Chinese and in English.

Owns the words and nothing else. Fields in braces are filled by the caller; both languages have the
same ones. Words for closed sets (states, kinds, quantities) are tables keyed by the set's values.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.text import Sentence

S = Sentence  # Two hundred times in this file.


def say(sentence: S, language: str, **values: object) -> str:
    """Return the sentence in the language with its fields filled."""
    return sentence.in_language(language).format(**values)


def word(table: Mapping[str, S], key: str, language: str) -> str:
    """Return the word for `key`; a key that is not in the table stands for itself."""
    return table[key].in_language(language) if key in table else key


# --- help -----------------------------------------------------------------------------------------

PROGRAM = S(
    "安居守护家庭主机：本地无线设备、离线安全规则、断网缓存续传。",
    "Anju, the home-safety hub: local radios, offline rules, a journal that loses nothing.",
)
EXAMPLE = S("示例", "Example")
USAGE = S("用法：", "Usage: ")
OPTIONS = S("选项", "Options")
COMMANDS_HEADING = S("命令", "Commands")

COMMANDS: dict[str, S] = {
    "guard": S(
        "运行守护进程：设备、规则、报警、日志；完全不使用网络。\n\n"
        "配置有误时退出码为 2，什么都不启动。",
        "Run guard: drivers, rules, alarms, journal; without any network.\n\n"
        "A wrong configuration starts nothing and exits with code 2.",
    ),
    "link": S(
        "运行联网进程：把日志送往平台，接收签收。\n\n它停止时，家中的报警照常工作。",
        "Run link: take the journal to the platform and bring its acknowledgements back.\n\n"
        "While it is down every alarm in the home works as before.",
    ),
    "up": S(
        "在一个终端里同时运行 guard 和 link，任何一个退出都会重新启动。",
        "Run guard and link together in one console and start again whichever of them ends.",
    ),
    "status": S(
        "用一页显示整台主机：能否紧急呼叫、无线、日志、平台、报警与故障。\n\n"
        "每个故障都写明下一步。",
        "Show the whole hub on one page: SOS, radio, journal, platform, alarms, troubles.\n\n"
        "Each trouble says what to do next.",
    ),
    "devices": S(
        "列出所有设备、最后一次上报和最近的读数。",
        "List the devices, when each was last heard, and what it said last.",
    ),
    "alarms": S(
        "列出未结束的报警，最新的在前。",
        "List the open alarms, newest first.",
    ),
    "alarm": S("签收或结束一个报警。", "Acknowledge or close one alarm."),
    "journal": S("查看日志。", "Read the journal."),
    "sync": S("查看与平台的联络。", "Look at the way to the platform."),
    "pair": S(
        "限时入网：逐步显示新设备的配对过程，直到收到它自己的第一次上报。\n\n"
        "配对成功退出码为 0，超时或失败为 1。按 Ctrl-C 立即停止入网。",
        "Let a new device in and follow it, step by step, until its own first report arrives.\n\n"
        "Exits with 0 when the device works and with 1 on time-out or failure. Ctrl-C closes the "
        "network at once.",
    ),
    "rules": S(
        "查看安全规则：现行限值、为何报警、历史回放。",
        "Look at the safety rules: what holds, why they told, what they would have told.",
    ),
    "config": S("检查配置文件。", "Check a configuration file."),
}

SUBCOMMANDS: dict[str, S] = {
    "alarm ack": S(
        "签收报警：有人已经接手。\n\n报警号可以只写开头或结尾几位，也可以写 last（最新一个）。",
        "Acknowledge an alarm: somebody has taken it on.\n\n"
        "ID may be shortened to its beginning or end, or be the word last for the newest.",
    ),
    "alarm resolve": S(
        "结束报警，并写明原因代码。\n\n报警号可以只写开头或结尾几位，也可以写 last（最新一个）。",
        "Close an alarm with the code of its cause.\n\n"
        "ID may be shortened to its beginning or end, or be the word last for the newest.",
    ),
    "rules mute": S(
        "让一条规则在一段时间内不发新的报警，最长 24 小时，到时自动恢复。\n\n"
        "紧急呼叫、烟雾、燃气、一氧化碳以及其他 S1 级规则不能静音。被压住的情况照常记录；"
        "到时情况仍在，就立即报警。",
        "Let a rule raise no new alarm for a while, at most 24 hours; it ends by itself.\n\n"
        "SOS, smoke, gas, CO and every other rule of S1 cannot be muted. What is held back is "
        "recorded, and raised at the end if it still stands.",
    ),
    "rules unmute": S(
        "立即恢复一条被静音的规则；被压住且仍在的情况立即报警。",
        "Hear a muted rule again now; what it held back and still stands is raised at once.",
    ),
    "journal tail": S(
        "显示日志最后几行；加 -f 持续显示新的行。\n\n与 -f 同用时，--json 每行输出一个对象。",
        "Show the last rows of the journal; with -f keep showing new ones.\n\n"
        "Together with -f, --json prints one object a line.",
    ),
    "journal show": S(
        "显示日志的一行：全部内容、各个时间、时间是否可信、是否校正过。\n\n"
        "只写序号时指正在写入的日志。主机没有运行时也能用。",
        "Show one row of the journal, whole: its times, what they are worth, its content.\n\n"
        "A SEQ alone is of the journal being written. Works while the hub is down too.",
    ),
    "journal export": S(
        "导出日志，行数不限，按顺序，不遗漏；内存占用固定，不妨碍主机。\n\n"
        "主机没有运行时也能用。写入 --out 的文件要么完整，要么不存在。",
        "Export rows, as many as there are, in order and without a hole, in constant memory and "
        "without holding up the hub.\n\n"
        "Works while the hub is down too. A file given with --out is whole or not there at all.",
    ),
    "journal stats": S(
        "统计日志：各类行数、待送、丢弃、落盘耗时、存储卡写入量与预计寿命、时间质量。\n\n"
        "直接读文件；主机没有运行时只缺耗时。",
        "Count the journal: rows by kind and day, what waits, what was given up, commit times, "
        "what is written to the card and how long it may last, the clock.\n\n"
        "Reads the files; while the hub is down only the times are missing.",
    ),
    "journal verify": S(
        "检查日志文件：数据页、序号有无缺失、内容、签收位置、报警状态。只读，不改动任何东西。\n\n"
        "全部正确退出码为 0，否则为 1，并写明下一步。主机没有运行时也能用。",
        "Check the journal files: pages, missing seqs, content, cursors, alarms. "
        "Changes nothing.\n\n"
        "Exits with 0 when all is right, else with 1 and a next step. Works while the hub is down.",
    ),
    "rules list": S(
        "列出所有规则、是否运行、哪些限值与安全表不同。\n\n"
        "直接读配置和日志文件，主机没有运行时也能用；没有主机时显示安全表的默认值。",
        "List the rules, whether they run, and the limits that differ from the safety table.\n\n"
        "Reads the configuration and the journal, with the hub running or not; where there is no "
        "hub, the numbers of the table.",
    ),
    "rules show": S(
        "显示一条规则：听什么、何时解除、何时失明，以及每个参数的现值、范围、来源和由谁选定。",
        "Show one rule: what it hears, when it clears, when it is blind, and each parameter with "
        "its value, hard range, source and who chose it.",
    ),
    "rules check": S(
        "检查规则文件，并列出它会改变什么。\n\n"
        "文件有误退出码为 2，写明行号与下一步；"
        "本机某条规则正在进行预警或计时、改动会丢失它时为 1。",
        "Check a rule file and list what it would change.\n\n"
        "A wrong file exits with 2, the line and the next step; with 1 when a rule of this hub is "
        "in the middle of a pre-alarm or a hold that the change would forget.",
    ),
    "rules explain": S(
        "说明一个报警：为何发生、限值、前后三十分钟的证据、规则、处置经过。\n\n"
        "报警号可以只写开头或结尾几位，也可以写 last（最新一个）。主机没有运行时也能用。",
        "Explain an alarm: why, the limit, the evidence of thirty minutes before and after, the "
        "rule, and what came of it.\n\n"
        "ALARM may be shortened to its beginning or end, or be the word last for the newest. "
        "Works while the hub is down too.",
    ),
    "rules replay": S(
        "用现行规则或规则文件全速回放一段历史，列出报警及原因、每 30 天的次数、两版规则的差别。\n\n"
        "不指定来源时回放本机日志。格式见 local_rules/README.md。",
        "Play history through the rules at full speed: the alarms with their why, how many in 30 "
        "days, and how two versions of the rules differ.\n\n"
        "Without a source it is this hub's own journal. local_rules/README.md tells the formats.",
    ),
    "sync status": S(
        "显示联网状态：连接、协议、从何时起、最近签收、待送多少、最近的错误。\n\n"
        "主机或联网进程没有运行时也能用，并会说明。",
        "Show the uplink: connection, protocol, since when, the last acknowledgement, what waits, "
        "the last faults.\n\n"
        "Works, and says so, while guard or link is down.",
    ),
    "sync drain": S(
        "看着待送的行减少，直到全部签收或超时。\n\n全部签收退出码为 0，超时为 1。",
        "Follow the backlog down until the platform has everything or the time is over.\n\n"
        "Exits with 0 when nothing waits any more, with 1 on time-out.",
    ),
    "sync pull-test": S(
        "用平台 pull 的同一段代码读出全部日志，并按公布的格式逐条检查；不使用网络。\n\n"
        "全部正确退出码为 0，否则为 1。",
        "Read the whole journal through the code that answers the platform's pull, and hold every "
        "event against the published shapes; without the network.\n\n"
        "Exits with 0 when all is right, else with 1.",
    ),
    "config check": S(
        "检查配置文件是否正确，不启动任何东西。\n\n"
        "有误时说明是哪个文件、哪一项、怎么改，退出码为 2。",
        "Say whether a configuration file is right, and start nothing.\n\n"
        "A wrong one is answered with file, key and what to change, and exit code 2.",
    ),
}

OPTION_CONFIG = S(
    "配置文件（环境变量 ANJU_CONFIG；默认 /etc/anju/anju.toml）。",
    "Configuration file (environment: ANJU_CONFIG; default: /etc/anju/anju.toml).",
)
OPTION_LANG = S(
    "语言 zh 或 en（环境变量 ANJU_LANG；否则按配置文件或系统语言）。",
    "Language, zh or en (environment: ANJU_LANG; else the configuration's or the system's).",
)
OPTION_JSON = S("以 JSON 输出，供程序使用。", "Print JSON for programs.")
OPTION_VERSION = S("显示版本。", "Show the version.")
OPTION_HELP = S("显示帮助。", "Show this help.")
OPTION_ALL = S("包括已结束的报警。", "Include closed alarms.")
OPTION_NOTE = S("给记录留一句话。", "A remark for the record.")
OPTION_FOR = S(
    "静音多久：例如 90m、2h、1h30m，最短 1 分钟，最长 24 小时。",
    "For how long: 90m, 2h or 1h30m, at least a minute, at most 24 hours.",
)
OPTION_WHY = S("为什么静音，记入日志。", "Why, for the record.")
OPTION_CAUSE = S(
    "原因代码，例如 helped（已帮助）、false_press（误按）、kitchen_smoke（厨房油烟）。",
    "Code of the cause, such as helped, false_press, kitchen_smoke.",
)
OPTION_LINES = S("显示多少行（默认 20）。", "How many rows (default: 20).")
OPTION_KIND = S(
    "只看这一类，例如 alarm 或 alarm.raised；可重复。",
    "Only rows of this kind, such as alarm or alarm.raised; may be repeated.",
)
OPTION_FOLLOW = S("持续显示新的行，按 Ctrl-C 结束。", "Keep showing new rows; Ctrl-C ends it.")
OPTION_FORMAT = S(
    "格式：ndjson（默认，每行一个对象）、json（一个数组）、csv（表格，内容为 JSON 列）。",
    "Format: ndjson (default, one object a line), json (one array), csv (the body is a JSON "
    "column).",
)
OPTION_FORMAT_JSON = S("等于 --format json。", "The same as --format json.")
OPTION_FROM = S(
    "从这个时间起，例如 2026-11-01 或 2026-11-01T08:00+08:00。",
    "From this time on, such as 2026-11-01 or 2026-11-01T08:00+08:00.",
)
OPTION_TO = S("到这个时间为止（含）。", "Up to and including this time.")
OPTION_JOURNAL = S("只要这个日志编号的行。", "Only rows of the journal with this id.")
OPTION_AFTER_SEQ = S(
    "只要这个序号之后的行（正在写入的日志，或 --journal 指定的日志）。",
    "Only rows after this seq (of the journal being written, or of --journal).",
)
OPTION_OUT = S("写入这个文件，而不是标准输出。", "Write to this file instead of stdout.")
OPTION_SALVAGE = S("绕过损坏处，能读多少读多少。", "Read around damage, as much as can be read.")
OPTION_BUDGET = S(
    "每个文件最多检查多少秒（默认 120）。",
    "Seconds to look at each file at the most (default: 120).",
)
OPTION_WAIT = S(
    "最多等多少秒（默认 300；0 只看一次）。", "Seconds to wait (default: 300; 0 looks once)."
)
OPTION_FILE = S(
    "读这个日志文件，不需要配置，例如从别的存储卡拷来的文件。",
    "Read this journal file, without any configuration: a copy, or a card from another hub.",
)
OPTION_QUARANTINED = S(
    "也读因损坏而搁置的 .bad-* 文件。", "Read the damaged files that were set aside (.bad-*) too."
)
REPLAY_JOURNAL = S("一个日志文件。", "A journal file.")
REPLAY_EXPORT = S(
    "anju journal export 写出的文件（任一格式）。", "A file of anju journal export, of any format."
)
REPLAY_CSV = S(
    "time,device,quantity,value 的表格，首行为表头。",
    "A table of time,device,quantity,value with a heading.",
)
REPLAY_MAP = S(
    "TOML：每个传感器的种类和房间、住户人数。",
    "TOML: the kind and room of each sensor, and the residents.",
)
REPLAY_RULES = S(
    "用这个规则文件（默认：本机日志用现行规则，其他来源用安全表）。",
    "Go by this rule file (default: for this hub's journal what holds here, else the table).",
)
REPLAY_AGAINST = S(
    "与另一个规则文件，或与以前 --json 的结果比较。",
    "Compare with another rule file, or with the --json of an earlier replay.",
)
REPLAY_FROM = S("只回放此时之后。", "Play from this time on.")
REPLAY_TO = S("只回放到此时为止。", "Play up to this time.")
REPLAY_UNTIL = S(
    "最后一行之后，静默继续到此时。", "Let silence go on after the last line, up to this time."
)
REPLAY_LENIENT = S("跳过坏行并计数，而不是拒绝。", "Leave bad lines out and count them.")
OPTION_WINDOW = S("入网开放多少秒（默认 180）。", "Seconds to let devices in (default: 180).")
OPTION_NAME = S("第一个新设备的名称。", "Name for the first device that comes.")
OPTION_ROOM = S("第一个新设备所在的房间。", "Room of the first device that comes.")

# --- faults ---------------------------------------------------------------------------------------

FAULT_CONFIG = S("配置有误：{what}", "{what}")
FAULT_NOT_RUNNING = S(
    "主机没有应答：控制口 {socket} 无人监听（{reason}）。请先启动：anju up --config {config}",
    "The hub does not answer: nobody listens on {socket} ({reason}). Start it with: "
    "anju up --config {config}",
)
FAULT_NOT_ALLOWED = S(
    "没有权限打开控制口 {socket}。"
    "请以 root 运行，或把用户加入 anju 组：sudo usermod -aG anju 用户名",
    "Not allowed to open the control socket {socket}. Run as root, or join the group anju: "
    "sudo usermod -aG anju USER",
)
FAULT_NO_ANSWER = S(
    "主机没有回答：{what}。请查看 anju status，或重新启动主机。",
    "The hub gave no answer: {what}. Look at anju status, or start the hub again.",
)
FAULT_DISK = S("日志：{what}", "Journal: {what}")
FAULT_JOURNAL_FILE = S(
    "{what}。请检查：anju journal verify；读出还能读的：anju journal export --salvage",
    "{what}. Check it with: anju journal verify; take what can be read with: "
    "anju journal export --salvage",
)
FAULT_NO_JOURNAL = S(
    "没有日志文件 {path}。主机可能还没有运行过；用 --file PATH 指定别处的文件。",
    "There is no journal {path}. The hub may never have run; name a file elsewhere with --file "
    "PATH.",
)
FAULT_NOT_READABLE = S(
    "没有权限读 {path}。请以 root 运行，或把用户加入 anju 组：sudo usermod -aG anju 用户名",
    "Not allowed to read {path}. Run as root, or join the group anju: sudo usermod -aG anju USER",
)
FAULT_OUT = S(
    "不能写 {path}：{reason}。请用 --out 换一个地方。",
    "{path} cannot be written: {reason}. Choose another place with --out.",
)
FAULT_TIME = S(
    "{name} = {got}：不是时间。例如 2026-11-01 或 2026-11-01T08:00+08:00。",
    "{name} = {got}: not a time; wanted one such as 2026-11-01 or 2026-11-01T08:00+08:00.",
)
FAULT_ROW_NAME = S(
    "{given}：不是行号。请写序号（90104）或日志编号-序号（5d99e7b6-90104）。",
    "{given}: not a row; wanted a seq (90104) or journal-seq (5d99e7b6-90104).",
)
FAULT_NO_ROW = S(
    "日志 {journal} 没有第 {seq} 行：还没有写到，或已清理（查看：anju journal tail --kind gap）。",
    "Journal {journal} has no row {seq}: not written yet, or pruned (see: anju journal tail --kind "
    "gap).",
)
FAULT_STRANGE_ANSWER = S(
    "主机的回答无法理解（{what}）。命令与主机的版本可能不同，请升级后重试。",
    "The hub's answer cannot be understood ({what}). Command and hub may be of different releases; "
    "upgrade and try again.",
)
FAULT_OPTION = S("{name} = {got!r}：不符合要求（{wanted}）。", "{name} = {got!r}: {wanted}.")
FAULT_DURATION = S(
    "--for {given}：不是时长。请写成 90m、2h 或 1h30m。",
    "--for {given}: no length of time. Write it as 90m, 2h or 1h30m.",
)
FAULT_NO_OPEN_ALARM = S(
    "没有未结束的报警，last 不指任何报警。用 anju alarms --all 查看全部。",
    "There is no open alarm, so last names none. See them all with: anju alarms --all",
)
FAULT_UNKNOWN_ALARM = S(
    "没有报警号以 {given} 开头或结尾。用 anju alarms --all 查看全部。",
    "No alarm begins or ends with {given}. See them all with: anju alarms --all",
)
FAULT_AMBIGUOUS_ALARM = S(
    "{given} 对应 {count} 个报警：{found}。请多写几位。",
    "{given} fits {count} alarms: {found}. Write more of it.",
)
FAULT_UNKNOWN_RULE = S(
    "没有规则 {given}：应为 {wanted}。查看全部：anju rules list",
    "There is no rule {given}: wanted one of {wanted}. See them with: anju rules list",
)
FAULT_NO_ALARM_EVER = S(
    "日志里没有任何报警。查看日志：anju journal tail",
    "The journal tells of no alarm. Look at it with: anju journal tail",
)
FAULT_ONE_SOURCE = S(
    "--journal、--export、--csv 只能给一个：请删去其余。",
    "--journal, --export and --csv: wanted one of them. Remove the others.",
)
REFUSED: dict[str, S] = {
    "forbidden": S(
        "您的身份不允许这样做：{what}。请用 sudo 运行。",
        "Your role does not allow this: {what}. Run it with sudo.",
    ),
    "busy": S(
        "主机正忙：{what}。请等它结束后再试。",
        "The hub is busy: {what}.",
    ),
    "internal": S(
        "主机内部出错：{what}。报警不受影响；请查看主机日志。",
        "The hub stumbled: {what}. Alarms are not affected.",
    ),
    "never_muted": S("这条规则不能静音：{what}", "This rule is never muted: {what}."),
    "unknown_rule": S("没有在运行的这条规则：{what}", "No such rule runs: {what}."),
    "other": S("主机拒绝了：{what}", "The hub refused: {what}"),
}

# --- words for closed sets ------------------------------------------------------------------------

STATES: dict[str, S] = {
    "NORMAL": S("正常", "normal"),
    "SHELVED": S("静音中", "held back"),
    "PRE_ALARM": S("预警等待", "pre-alarm"),
    "ACTIVE": S("报警中", "active"),
    "ACKED": S("已签收", "acknowledged"),
    "RTN_UNACKED": S("已恢复未签收", "restored, not acknowledged"),
    "CLOSED": S("已结束", "closed"),
}
HAZARDS: dict[str, S] = {
    "sos": S("紧急呼叫", "SOS"),
    "smoke": S("烟雾", "smoke"),
    "gas": S("燃气泄漏", "gas"),
    "co": S("一氧化碳", "carbon monoxide"),
    "water_leak": S("漏水", "water leak"),
    "tamper": S("防拆", "tamper"),
    "hub_fault": S("主机故障", "hub fault"),
    "device_fault": S("设备故障", "device fault"),
    "fire_heat": S("火灾高温", "heat of a fire"),
    "fall": S("跌倒", "fall"),
    "inactivity": S("长时间未活动", "inactivity"),
    "no_water": S("长时间未用水", "no water used"),
    "dwell": S("滞留或离床未归", "did not come back"),
    "night_exit": S("夜间外出", "night exit"),
    "not_returned": S("外出未归", "not returned"),
    "medication": S("漏服药", "missed medication"),
    "visit": S("探访未到", "missed visit"),
    "vital": S("体征异常", "vital sign"),
    "cold": S("室内低温", "cold home"),
    "heat": S("室内高温", "hot home"),
    "water_running": S("长时间流水", "water running"),
    "door_open": S("门未关", "door left open"),
    "stove": S("灶具无人照看", "stove unattended"),
    "appliance": S("电器未关", "appliance left on"),
    "trend": S("趋势异常", "trend"),
    "mains": S("市电中断", "mains lost"),
    "hub_battery": S("主机电量低", "hub battery low"),
    "silent": S("设备失联", "device silent"),
    "uplink": S("对外通信中断", "no way out"),
    "radio": S("无线受干扰", "radio disturbed"),
    "electricity": S("用电异常", "electricity"),
    "test_mode": S("测试模式未关", "test mode left on"),
}
KINDS: dict[str, S] = {
    "call_button": S("呼叫按钮", "call button"),
    "pendant": S("吊坠报警器", "pendant"),
    "pull_cord": S("拉绳报警器", "pull cord"),
    "contact": S("门磁", "door contact"),
    "motion": S("人体红外", "motion"),
    "smoke": S("烟感", "smoke alarm"),
    "gas": S("燃气报警器", "gas alarm"),
    "co": S("一氧化碳报警器", "CO alarm"),
    "leak": S("水浸", "leak sensor"),
    "siren": S("声光警号", "siren"),
    "plug": S("智能插座", "plug"),
    "valve": S("阀门", "valve"),
    "light": S("灯", "light"),
    "climate": S("温湿度", "climate"),
    "speaker": S("语音播报器", "speaker"),
    "hub": S("家庭主机", "hub"),
    "unknown": S("未知设备", "unknown"),
}
QUANTITIES: dict[str, S] = {
    "sos": S("紧急呼叫", "sos"),
    "smoke": S("烟雾", "smoke"),
    "gas": S("燃气", "gas"),
    "co": S("一氧化碳", "co"),
    "water_leak": S("漏水", "water leak"),
    "contact_open": S("门开", "open"),
    "motion": S("有人", "motion"),
    "zone_alarm": S("报警", "alarm"),
    "tamper": S("防拆", "tamper"),
    "battery_low": S("低电量", "battery low"),
    "battery_defect": S("电池故障", "battery defect"),
    "battery_pct": S("电量%", "battery %"),
    "battery_v": S("电池V", "battery V"),
    "device_fault": S("设备故障", "fault"),
    "mains_lost": S("市电中断", "mains lost"),
    "test": S("测试", "test"),
    "supervision_reports": S("定时上报", "check-ins"),
    "restore_reports": S("恢复上报", "restore reports"),
    "temp_c": S("温度°C", "°C"),
    "humidity_pct": S("湿度%", "humidity %"),
    "illuminance_lx": S("照度lx", "lx"),
    "power_w": S("功率W", "W"),
    "switched_on": S("通电", "switched on"),
    "stove_on": S("灶具开启", "stove on"),
    "gas_lel_pct": S("燃气%LEL", "gas %LEL"),
    "co_ppm": S("一氧化碳ppm", "CO ppm"),
    "water_flow_lph": S("水流L/h", "flow l/h"),
    "water_total_l": S("水表读数L", "water meter l"),
    "energy_kwh": S("电表读数kWh", "energy kWh"),
    "light_on": S("灯亮", "light on"),
    "extended": S("延长", "extended"),
    "voice_help": S("呼救", "call for help"),
    "voice_confirmed": S("确认呼救", "call confirmed"),
    "impact": S("撞击", "impact"),
    "lying": S("躺倒", "lying"),
    "wearer_moves": S("佩戴者活动", "wearer moves"),
    "fall_cancelled": S("取消跌倒报警", "fall cancelled"),
    "bed_motion": S("床上活动", "motion in bed"),
    "apnoea": S("呼吸暂停", "apnoea"),
    "signal_ok": S("信号良好", "signal ok"),
    "user_ok": S("本人测量", "own measurement"),
    "pulse_irregular": S("脉搏不齐", "irregular pulse"),
    "weight_kg": S("体重kg", "weight kg"),
    "queue_rows": S("待上传条数", "rows waiting"),
    "restarted": S("异常重启", "restarted"),
    "path_lost": S("通道中断", "path lost"),
    "cut_off": S("无对外通道", "cut off"),
    "radio_noise_dbm": S("无线噪声dBm", "radio noise dBm"),
    "devices_late_pct": S("迟报设备%", "devices late %"),
    "join_refused": S("拒绝入网", "join refused"),
    "silent": S("失联", "silent"),
    "water_day_l": S("日用水L", "water l/day"),
    "fall_suspected": S("疑似跌倒", "suspected fall"),
    "in_bed": S("在床", "in bed"),
    "night_risings": S("夜间离床次数", "night risings"),
    "bp_systolic_mmhg": S("收缩压mmHg", "systolic mmHg"),
    "bp_diastolic_mmhg": S("舒张压mmHg", "diastolic mmHg"),
    "spo2_pct": S("血氧%", "SpO2 %"),
    "heart_rate_bpm": S("心率次/分", "heart rate /min"),
    "body_temp_c": S("体温°C", "body °C"),
    "glucose_mmoll": S("血糖mmol/L", "glucose mmol/l"),
    "respiration_bpm": S("呼吸次/分", "breaths /min"),
    "dose_due": S("该服药", "dose due"),
    "lid_open": S("药盒打开", "box opened"),
    "visit_due": S("该探访", "visit due"),
    "visit_seen": S("已探访", "visited"),
    "hub_battery_pct": S("主机电量%", "hub battery %"),
    "disk_pct": S("存储占用%", "disk used %"),
    "clock_off_s": S("时钟偏差s", "clock off s"),
    "presence": S("在家状态", "presence"),
    "alert_line_s": S("个性化预警线s", "alert line s"),
    "alert_table": S("每小时预警线（分）", "alert line by hour, min"),
    "morning_due": S("早晨应有活动", "usually up by now"),
    "dwell_due": S("停留过久", "usually elsewhere by now"),
    "bed_due": S("应已上床", "usually in bed by now"),
    "return_due": S("应已回家", "usually back by now"),
    "quiet_s": S("距上次生活迹象s", "last sign of life, s ago"),
    "stuck": S("传感器矛盾", "sensor stuck"),
    "away_for_s": S("告知外出s", "said to be away s"),
    "at_hub": S("在主机上应答", "answered at the hub"),
    "tv_key": S("遥控器按键", "remote control key"),
    "user_mismatch": S("测量者不符", "another person's measurement"),
    "siren_on": S("鸣响", "sounding"),
    "fall": S("跌倒", "fall"),
    "fault": S("故障", "fault"),
}
ROW_KINDS: dict[str, S] = {
    "reading": S("读数", "reading"),
    "reading.hourly": S("小时读数", "hourly readings"),
    "alarm.shelved": S("静音压住", "alarm held back"),
    "alarm.pre_alarm": S("预警询问", "pre-alarm"),
    "alarm.prompted": S("再次询问", "asked again"),
    "alarm.called_off": S("预警解除", "called off"),
    "alarm.raised": S("报警", "alarm raised"),
    "alarm.repeated": S("再次报警", "alarm repeated"),
    "alarm.restored": S("恢复", "alarm restored"),
    "alarm.acked": S("签收", "alarm acknowledged"),
    "alarm.closed": S("结束", "alarm closed"),
    "actuation.asked": S("要求动作", "actuation asked"),
    "actuation.done": S("动作完成", "actuation done"),
    "actuation.failed": S("动作失败", "actuation failed"),
    "actuation.refused": S("动作被拒", "actuation refused"),
    "command": S("命令", "command"),
    "rule.muted": S("规则静音", "rule muted"),
    "rule.unmuted": S("规则恢复", "rule heard again"),
    "mode.changed": S("模式变更", "mode changed"),
    "site.changed": S("远程设置变更", "settings changed remotely"),
    "evidence.added": S("补充证据", "evidence added"),
    "device.paired": S("设备入网", "device paired"),
    "device.left": S("设备离网", "device left"),
    "hub.started": S("主机启动", "hub started"),
    "hub.stopped": S("主机停止", "hub stopped"),
    "clock.stepped": S("校时", "clock stepped"),
    "journal.salvaged": S("记录修复", "journal salvaged"),
    "gap": S("缺口", "gap"),
    "audit": S("审计", "audit"),
}
ACTUATIONS: dict[str, S] = {
    "siren_on": S("警号鸣响", "sound the siren"),
    "siren_off": S("警号停止", "silence the siren"),
    "valve_close": S("关闭阀门", "close the valve"),
    "valve_open": S("打开阀门", "open the valve"),
    "switch_on": S("接通", "switch on"),
    "switch_off": S("断开", "switch off"),
    "speak": S("语音播报", "speak"),
}
TIME_QUALITY: dict[str, S] = {
    "synced": S("已校时", "synchronised"),
    "rtc": S("本机时钟", "from the board's own clock"),
    "restored": S("沿用断电前时间", "carried over the restart, not yet synchronised"),
    "unknown": S("时间未知", "not known"),
}
TIME_EXPLAINED: dict[str, S] = {
    "synced": S(
        "synced：记录时主机时间已由网络或 GSM 校准，可信。",
        "synced: the clock was kept by NTP or GSM when this was recorded; it can be relied on.",
    ),
    "rtc": S(
        "rtc：记录时时间来自板上带电池的时钟，可能差几秒到几分钟。",
        "rtc: the time came from the board's battery clock; it may be off by seconds or minutes.",
    ),
    "restored": S(
        "restored：断电后沿用断电前的时间，真实时间不会更早，但可能更晚。",
        "restored: carried over a power cut; the true time is not earlier, but may be later.",
    ),
    "unknown": S(
        "unknown：记录时没有可信的时间，日期可能不对；先后顺序以序号为准。",
        "unknown: nobody vouched for the clock, even the date may be wrong; the order is that of "
        "the seqs.",
    ),
}
LANES: dict[str, S] = {"urgent": S("紧急", "urgent"), "bulk": S("普通", "bulk")}
YES_NO: dict[str, S] = {"true": S("是", "yes"), "false": S("否", "no")}

# --- status ---------------------------------------------------------------------------------------

READY = S("就绪", "ready")
NOT_READY = S("未就绪", "NOT READY")
OK = S("正常", "ok")
TROUBLE = S("故障", "TROUBLE")
HUB = S("主机", "Hub")
HUB_LINE = S("{hub}（{district}），版本 {release}", "{hub} ({district}), release {release}")
UP_FOR = S("已运行 {time}", "up for {time}")
SOS = S("紧急呼叫", "SOS")
RADIO = S("无线", "Radio")
RADIO_FRAMES = S(
    "收到 {frames_in} 帧，拒收 {refused}，重启 {restarts} 次",
    "{frames_in} frames in, {refused} refused, {restarts} restarts",
)
MODEM = S("短信电话", "Modem")
PARTS: dict[str, S] = {
    "zigbee": RADIO,
    "modem": MODEM,
    "speaker": S("喇叭", "Speaker"),
    "button": S("主机按钮", "Button"),
    "power": S("电源", "Power"),
    "board": S("主板", "Board"),
}
MODEM_LINES = S(
    "收到 {frames_in} 行，未理会的短信 {refused} 条，重启 {restarts} 次",
    "{frames_in} lines in, {refused} texts not heeded, {restarts} restarts",
)
NO_DRIVER = S("没有配置任何设备接口。", "No device interface is configured.")
JOURNAL = S("日志", "Journal")
JOURNAL_LINE = S(
    "{rows} 行，落盘 {p50} 毫秒（最慢百分之一 {p99}），未落盘 {unjournaled}，丢弃 {dropped}",
    "{rows} rows, fsync {p50} ms (p99 {p99}), unjournaled {unjournaled}, dropped {dropped}",
)
UPLINK = S("平台", "Platform")
UPLINK_LINE = S(
    "待送：紧急 {urgent}，普通 {bulk}；已送 {sent}，被拒 {refused}",
    "waiting: urgent {urgent}, bulk {bulk}; sent {sent}, refused {refused}",
)
CLOCK = S("时间", "Clock")
MODE = S("模式", "Mode")
MODES: dict[str, S] = {"home": S("在家", "home"), "away": S("外出", "away")}
MODE_UNTIL = S("{mode}，到 {time}（{by}）", "{mode} until {time} ({by})")
SITE = S("远程设置", "Remote changes")
SITE_LINE = S(
    "版本：配置 {config}，规则 {rules}，证书 {identity}",
    "versions: settings {config}, rules {rules}, identity {identity}",
)
SITE_TRIAL = S("{line}；正在试用：{part}", "{line}; on trial: {part}")
SITE_PARTS: dict[str, S] = {
    "config": S("配置", "settings"),
    "rules": S("规则", "rules"),
    "identity": S("证书", "identity"),
}
DEVICES = S("设备", "Devices")
OPEN_ALARMS = S("未结束报警", "Open alarms")
SEE_ALARMS = S("{count}（查看：anju alarms）", "{count} (see: anju alarms)")
SOME_WAIT = S(
    "{alarms}；其中 {count} 个还在询问或静音，尚未求助",
    "{alarms}; {count} of all wait and have not called for help",
)
MUTES = S("静音规则", "Muted rules")
MUTE_LINE = S(
    "{name}（{rule}），还剩 {left}，操作人 {by}{why}；压住 {holds} 个报警",
    "{name} ({rule}), {left} left, by {by}{why}; holds back {holds}",
)
MUTE_WHY = S("，原因：{why}", " ({why})")
MUTED = S(
    "已静音：{name}（{rule}），{left}，到 {until} 自动恢复。提前恢复：anju rules unmute {rule}",
    "Muted: {name} ({rule}) for {left}, until {until}. To hear it sooner: anju rules unmute {rule}",
)
UNMUTED = S("已恢复：{rule}。", "Heard again: {rule}.")
UNMUTED_RAISED = S("现在报警：{what}（{id}）", "Raised now: {what} ({id})")
TROUBLES = S("故障", "Troubles")
NO_TROUBLES = S("无", "none")
COUNTERS = S("计数", "Counters")

# --- listings -------------------------------------------------------------------------------------

KIND = S("类型", "Kind")
NAME = S("名称", "Name")
ROOM = S("房间", "Room")
MAKER = S("厂家型号", "Maker and model")
LAST_HEARD = S("最后上报", "Last heard")
READINGS = S("读数", "Readings")
ID = S("编号", "Id")
NEVER = S("从未", "never")
AGO = S("{time}前", "{time} ago")
NO_DEVICES = S(
    "还没有设备。配对第一个：anju pair", "There are no devices yet. Let the first one in: anju pair"
)
NOT_PAIRED = S("（未完成配对）", " (not paired)")
SECONDS = S("{n} 秒", "{n} s")
MINUTES = S("{n} 分钟", "{n} min")
HOURS = S("{n} 小时 {m} 分钟", "{n} h {m} min")
DAYS = S("{n} 天 {m} 小时", "{n} d {m} h")

WHEN = S("时间", "Since")
SEVERITY = S("级别", "Grade")
HAZARD = S("报警", "Alarm")
STATE = S("状态", "State")
DEVICE = S("设备", "Device")
WHY = S("说明", "Why")
NO_OPEN_ALARMS = S("没有未结束的报警。", "There is no open alarm.")
NO_ALARMS = S("没有报警记录。", "There has been no alarm.")
HELP_IN = S("{state}，{left}后求助", "{state}, help in {left}")
TIMES = S("{state} ×{count}", "{state} ×{count}")
DRILL = S("{state}（演练）", "{state} (drill)")
ANSWERED = S("已解除预警：{what}（{id}）", "Called off: {what} ({id})")
ACKED = S("已签收：{what}（{id}）", "Acknowledged: {what} ({id})")
CLOSED = S("已结束：{what}（{id}），原因 {cause}", "Closed: {what} ({id}), cause {cause}")
STILL_OPEN = S(
    "已记录：{what}（{id}），原因 {cause}；现在状态：{state}",
    "Noted: {what} ({id}), cause {cause}; it now stands at: {state}",
)
NO_ROWS = S("日志里没有这样的行。", "The journal has no such row.")

FOLLOW_LOST = S(
    "主机关闭了连接，可能正在重新启动；等它回来（Ctrl-C 结束）……",
    "The hub has closed the connection, it may be starting again; waiting for it (Ctrl-C ends "
    "this)…",
)
FOLLOW_BACK = S("主机回来了，继续显示。", "The hub is back; going on.")

# --- one row, and many ----------------------------------------------------------------------------

ROW = S("行", "Row")
LANE = S("队列", "Lane")
ROW_ACKED = S("平台已签收", "acknowledged by the platform")
ROW_NOT_ACKED = S("平台尚未签收", "not yet acknowledged by the platform")
OBSERVED = S("设备所报时间", "Observed at")
HEARD = S("主机收到时间", "Heard at")
RECORDED = S("落盘时间", "Recorded at")
NOT_SAID = S("设备没有说", "the device did not say")
CORRECTED = S(
    "后来校时发现当时差 {delta} 秒，收到时间已校正（当时写的是 {written}）。",
    "The clock was set later and had been off by {delta} s; the time of hearing is corrected "
    "(as written then: {written}).",
)
NOT_CORRECTED = S("没有事后校正。", "Not corrected afterwards.")
BOOT = S("开机", "Boot")
BOOT_LINE = S("第 {ms} 毫秒，开机编号 {boot}", "{ms} ms into boot {boot}")
FILE = S("文件", "File")
BODY = S("内容", "Content")
EXPORTING = S(
    "已导出 {rows} 行，{rate} 行/秒（日志 {journal}，序号 {seq}/{last}）",
    "{rows} rows, {rate} rows/s (journal {journal}, seq {seq} of {last})",
)
EXPORTED = S("已导出 {rows} 行：{path}", "Exported {rows} rows: {path}")
EXPORT_BROKEN = S(
    "有 {rows} 行损坏得无法辨认，未导出。",
    "{rows} rows are too damaged to be understood and were left out.",
)

# --- counts ---------------------------------------------------------------------------------------

COUNTING = S("正在统计：{seq}/{last}", "Counting: {seq} of {last}")
ROWS = S("行数", "Rows")
SIZE = S("大小", "Size")
OLDEST = S("最早", "Oldest")
NEWEST = S("最新", "Newest")
DAY = S("日期", "Day")
FILE_ROLES: dict[str, S] = {
    "main": S("正式文件", "the real file"),
    "fallback": S("内存盘上的临时文件，因为存储卡不能写", "in memory, because the card fails"),
    "quarantined": S("因损坏而搁置", "set aside because it was damaged"),
    "named": S("指定的文件", "as named"),
}
FILE_LINE = S("{path}（{role}）：{size}，WAL {wal}", "{path} ({role}): {size}, WAL {wal}")
HELD_LINE = S("日志 {journal}：序号 {first}–{last}", "journal {journal}: seq {first} to {last}")
WAITING = S("待送平台", "Waiting")
WAITING_LINE = S(
    "{lane}队列（{durability}）：{rows} 行，最早的已等 {age}",
    "{lane} lane ({durability}): {rows} rows, the oldest for {age}",
)
DURABILITY: dict[str, S] = {
    "at_once": S("立即落盘", "on disk at once"),
    "group": S("一秒内成组落盘", "on disk within a second"),
}
NOTHING_WAITS = S("没有待平台签收的行。", "The platform has acknowledged everything.")
SET_ASIDE_LINE = S(
    "{rows} 行过大或不是 JSON：只告知平台有这一行，不送内容。",
    "{rows} rows are too large or no JSON: the platform is told of them without their content.",
)
GIVEN_UP = S("已放弃", "Given up")
DROP_LINE = S("{why}：{rows} 行（{gaps} 条缺口记录）", "{why}: {rows} rows ({gaps} gap rows)")
NO_DROPS = S("没有缺口。", "nothing: there is no gap")
COMMITS = S("落盘耗时", "Commits")
COMMITS_LINE = S(
    "每次写入加 fsync：中位 {p50} 毫秒，最慢百分之一 {p99} 毫秒；{time}内 {commits} 次，{rows} 行",
    "write and fsync together: p50 {p50} ms, p99 {p99} ms; {commits} commits, {rows} rows in "
    "{time}",
)
LOSSES_LINE = S(
    "未等落盘就执行 {unjournaled} 次，丢弃 {dropped} 行，未能写入 {lost} 行",
    "acted before the disk answered {unjournaled} times, {dropped} rows dropped, {lost} rows lost",
)
NO_GUARD_NO_TIMES = S(
    "守护进程没有运行，没有耗时数据。请启动：systemctl start anju-guard",
    "guard is not running, so nothing is measured. Start it: systemctl start anju-guard",
)
CARD = S("存储卡", "Card")
WRITTEN_TODAY = S(
    "今天写入 {today}，每日预算 {budget}", "{today} written today, of a daily budget of {budget}"
)
WRITTEN_OVER = S(
    "今天写入 {today}，超过每日预算 {budget}。请查看哪个设备上报过多：anju journal tail -f",
    "{today} written today, OVER the daily budget of {budget}. See which device reports too much: "
    "anju journal tail -f",
)
CARD_LIFE = S(
    "预计寿命约 {years} 年：{tbw} TB（[journal] card_tbw）÷（平均每天 {average} × {factor}，"
    "小块写入的放大估计）",
    "may last about {years} years: {tbw} TB ([journal] card_tbw) / ({average} on an average day x "
    "{factor}, an estimate of what small writes cost)",
)
CARD_UNKNOWN = S(
    "测量不足一小时，还不能估计寿命。",
    "measured for less than an hour: no estimate of its life yet",
)
LAST_SYNCED = S(
    "最近一次可信时间：{at}；校时 {steps} 次", "last vouched for: {at}; {steps} steps of the clock"
)
LAST_STEP = S("最近一次校时：{at}，{delta} 秒", "last step: {at}, by {delta} s")
ROWS_OF_QUALITY = S("{quality}：{rows} 行", "{quality}: {rows} rows")

# --- checks ---------------------------------------------------------------------------------------

CHECKING_PAGES = S("正在检查数据页：{path}", "Checking pages: {path}")
CHECKING = S("正在检查 {path}：{seq}/{last}", "Checking {path}: {seq} of {last}")
VERIFY_OK = S("{path}：正确，检查了 {rows} 行。", "{path}: right; {rows} rows were looked at.")
VERIFY_WRONG = S("{path}：有问题，检查了 {rows} 行。", "{path}: WRONG; {rows} rows were looked at.")
VERIFY_UNFINISHED = S(
    "{path}：{seconds} 秒内没有检查完（{rows} 行），已检查的部分没有问题。要检查完：--budget 3600",
    "{path}: not finished in {seconds} s ({rows} rows); nothing is wrong so far. To finish: "
    "--budget 3600",
)
VERIFY_WRONG_UNFINISHED = S(
    "{path}：有问题，而且 {seconds} 秒内没有检查完（{rows} 行）。",
    "{path}: WRONG, and not finished in {seconds} s ({rows} rows).",
)
VERIFY_MORE = S("另有 {count} 处同类问题（{code}）", "and {count} more of {code}")
VERIFY_NEXT = S(
    "下一步：先复制文件再做别的；读出还能读的："
    "anju journal export --salvage --file {path} --out 抢救.ndjson。"
    "主机重新启动时会自动搁置损坏的文件并继续工作；反复出现请更换存储卡。",
    "Next: copy the file before anything else; take what can be read: "
    "anju journal export --salvage --file {path} --out saved.ndjson. A restart of the hub sets a "
    "damaged file aside and goes on; if it comes again, change the card.",
)
FAULT = S("错误", "FAULT")
NOTE = S("提示", "note")
FINDINGS: dict[str, S] = {
    "unreadable": S("文件打不开：{detail}", "the file cannot be opened: {detail}"),
    "pages": S("数据页损坏：{detail}（{about}）", "damaged pages: {detail} ({about})"),
    "rows_unreadable": S(
        "{about} 的行读不下去：{detail}", "rows of {about} cannot be read: {detail}"
    ),
    "version_newer": S(
        "文件版本 {about} 比本程序的 {detail} 新。请用写入它的那个版本检查。",
        "the file is of version {about}, newer than this program's {detail}. Check it with the "
        "release that wrote it.",
    ),
    "version_older": S(
        "文件版本 {about}，本程序为 {detail}；主机启动时会升级它。",
        "the file is of version {about}, this program's is {detail}; the hub will upgrade it when "
        "it starts.",
    ),
    "lane": S("行 {about} 的队列无效：{detail}", "row {about} has no valid lane: {detail}"),
    "number": S(
        "日志 {about} 有一行的序号不是数字：{detail}",
        "a row of journal {about} has no number: {detail}",
    ),
    "not_json": S(
        "行 {about} 的内容不是 JSON：{detail}", "row {about} is no JSON object: {detail}"
    ),
    "hole": S(
        "缺少 {detail} 行（{about}），没有任何缺口记录说明原因。",
        "{detail} rows are missing ({about}) and no gap row tells why.",
    ),
    "begins_later": S(
        "日志从较后的序号开始，之前的 {detail} 行（{about}）在另一个文件里或已不存在。",
        "the journal begins later: {detail} rows before that ({about}) are in another file, or "
        "gone.",
    ),
    "more_missing": S(
        "日志 {about} 缺少的行比缺口记录所说的多：{detail}",
        "more rows of journal {about} are missing than the gap rows tell of: {detail}",
    ),
    "cursor_unreadable": S(
        "签收位置 {about} 无法辨认：{detail}", "the cursor {about} cannot be understood: {detail}"
    ),
    "cursor_beyond": S(
        "签收位置 {about} 超过最后一行：{detail}。平台可能漏收，请在平台上用 pull 补取。",
        "the cursor {about} is beyond the last row: {detail}. The platform may miss rows: let it "
        "pull them.",
    ),
    "alarm_unreadable": S(
        "报警 {about} 无法辨认：{detail}", "alarm {about} cannot be read: {detail}"
    ),
    "alarm_differs": S(
        "报警 {about} 的状态与它的最后一行（{detail}）不一致。",
        "alarm {about} does not stand as its last row ({detail}) says.",
    ),
    "alarm_forgotten": S(
        "报警 {about} 未结束（{detail}），但状态表里没有它：主机重新启动后不会再提醒。",
        "alarm {about} is open by its last row ({detail}) but is not in the table: a hub that "
        "starts again forgets it.",
    ),
    "alarm_without_row": S(
        "报警 {about} 在状态表里，但日志里没有它的行{detail}。",
        "alarm {about} is in the table, but no row tells of it{detail}.",
    ),
}

# --- the uplink -----------------------------------------------------------------------------------

SYNC_ALONE = S(
    "没有配置平台，本机独立工作。要连接平台，请在配置中写 [uplink]。",
    "No platform is configured; the hub works alone. To connect one, write [uplink] into the "
    "configuration.",
)
SYNC_NO_GUARD = S(
    "守护进程没有应答，联网状态未知。", "guard does not answer, so the state is unknown."
)
SYNC_UP = S(
    "已连接 {time}，服务器 {broker}，MQTT {protocol}",
    "connected for {time} to {broker}, MQTT {protocol}",
)
SYNC_DOWN = S(
    "未连接已 {time}，服务器 {broker}（协议 {protocol}）",
    "not connected for {time}, broker {broker} (protocol {protocol})",
)
SYNC_ACKED = S("平台最近一次签收：{ago}", "last acknowledgement by the platform: {ago}")
SYNC_SILENT = S("平台没有应答", "the platform is SILENT")
SYNC_NOT_SILENT = S("没有发现平台失联", "the platform is not silent")
SYNC_SENT = S(
    "本次运行已送 {sent} 行，签收 {acked} 行，拒绝或异常 {refused} 次",
    "since link started: {sent} rows sent, {acked} acknowledged, {refused} refusals and faults",
)
SYNC_WAITING = S(
    "{lane}队列：{rows} 行，最早的已等 {age}", "{lane} lane: {rows} rows, the oldest for {age}"
)
SYNC_MARK = S(
    "日志 {journal}：写到 {last}，平台已有 紧急 {urgent}，普通 {bulk}",
    "journal {journal}: written through {last}; the platform has urgent {urgent}, bulk {bulk}",
)
SYNC_FAULTS = S("最近的错误", "Last faults")
DRAINING = S(
    "待送：紧急 {urgent}，普通 {bulk}；{rate} 行/秒，还需 {eta}",
    "left: urgent {urgent}, bulk {bulk}; {rate} rows/s, {eta} to go",
)
UNKNOWN_TIME = S("未知时间", "unknown time")
DRAINED = S(
    "平台已签收全部日志（等了 {time}，签收 {acked} 行）。",
    "The platform has everything ({acked} rows acknowledged in {time}).",
)
NOT_DRAINED = S(
    "时间到（{time}），还有 {left} 行没有签收。原因见：anju sync status",
    "Time is up ({time}) and {left} rows are not acknowledged. To see why: anju sync status",
)
PULLING = S(
    "正在读 {journal}：{events} 条（到 {last}）", "{journal}: {events} events (seq to {last})"
)
PULLED = S(
    "日志 {journal}：{events} 条，序号 {first}–{last}，{pages} 页，{size}，{rate} 条/秒；"
    "不带内容 {aside} 条",
    "journal {journal}: {events} events, seq {first} to {last}, {pages} pages, {size}, "
    "{rate} events/s; {aside} without their content",
)
PULL_MORE = S("另有 {count} 处错误", "and {count} more")
PULL_FAULTS: dict[str, S] = {
    "refused": S(
        "请求（{about}）被拒：{detail}。请检查：anju journal verify",
        "the request ({about}) is refused: {detail}. Check with: anju journal verify",
    ),
    "order": S("{about} 顺序不对：{detail}", "{about} is out of order: {detail}"),
    "kind": S("{about} 的类型平台不认识：{detail}", "{about} is of no published kind: {detail}"),
    "body": S("{about} 的内容不符合格式：{detail}", "{about} is not as published: {detail}"),
    "missing": S(
        "日志 {about} 有行没有读到：{detail}", "rows of journal {about} did not come: {detail}"
    ),
}

# --- pairing --------------------------------------------------------------------------------------

PAIR_LEFT = S("还剩 {left} 秒", "{left} s left")
PAIR_STAGES: dict[str, S] = {
    "open": S(
        "入网已开放。请让新设备进入配对状态（通常是长按设备上的按键 5 秒，或装上电池）。",
        "The network is open. Put the new device into pairing mode now (usually: hold its button "
        "for 5 s, or insert its battery).",
    ),
    "joined": S("设备已加入网络，正在询问它是什么……", "A device has joined; asking what it is…"),
    "interviewed": S("已认出设备，正在设置……", "The device has said what it is; setting it up…"),
    "enrolled": S("报警登记完成。", "It knows where to send its alarms."),
    "ready": S(
        "设置完成。现在请触发设备一次：按一下按键、开关一次门、或按测试键。",
        "Set up. Now make the device speak: press its button, open and close the door, or press "
        "its test key.",
    ),
    "first_report": S("收到设备自己的第一次上报。", "The device's own first report has arrived."),
    "failed": S("这个设备没有配对成功。", "This device could not be set up."),
    "closed": S("入网已关闭。", "The network is closed."),
}
_PRESS = S("设置完成。现在请按一下它的按键。", "Set up. Now press its button.")
_TEST_KEY = S("设置完成。现在请按它的测试键。", "Set up. Now press its test key.")
_ANSWERS = S("设置完成，正在确认它有应答……", "Set up. Making sure that it answers…")
PAIR_SPEAK: dict[str, S] = {
    "call_button": _PRESS,
    "pendant": _PRESS,
    "pull_cord": S("设置完成。现在请拉一下它的拉绳。", "Set up. Now pull its cord."),
    "contact": S(
        "设置完成。现在请开关一次门或窗。", "Set up. Now open and close the door or window."
    ),
    "motion": S("设置完成。现在请在它前面走动。", "Set up. Now walk in front of it."),
    "smoke": _TEST_KEY,
    "gas": _TEST_KEY,
    "co": _TEST_KEY,
    "leak": S("设置完成。现在请弄湿它的探头。", "Set up. Now wet its probe."),
    "siren": _ANSWERS,
    "plug": _ANSWERS,
    "valve": _ANSWERS,
    "light": _ANSWERS,
}
PAIR_DETAIL = S("{stage}（{detail}）", "{stage} ({detail})")
PAIR_STOPPING = S("正在停止入网……", "Closing the network…")
PAIR_DONE = S(
    "配对成功：{kind}，厂家 {maker}，名称 {name}{room}。",
    "Paired: {kind}, made by {maker}, named {name}{room}.",
)
PAIR_ROOM = S("，房间 {room}", ", room {room}")
PAIR_UNKNOWN_MAKER = S("未知", "an unknown maker")
PAIR_TIMEOUT = S(
    "时间到，没有设备完成配对。请把设备拿近主机、换新电池，再试一次：anju pair",
    "Time is up and no device came through. Bring it near the hub, with a fresh battery, and try "
    "again: anju pair",
)
PAIR_SILENT = S(
    "{kind}（{id}）已入网，但没有收到它自己的上报，未登记。请再配对一次，并在提示时触发它。",
    "The {kind} ({id}) has joined but never reported by itself, so it was not taken in. Pair it "
    "again and make it report when asked.",
)
PAIR_STOPPED = S("已停止配对，入网已关闭。", "Pairing was stopped and the network is closed.")
PAIR_LOST = S(
    "主机没有说明配对结果（等了 {seconds} 秒）。请查看 anju status。",
    "The hub did not say how pairing ended ({seconds} s). Look at anju status.",
)

# --- configuration --------------------------------------------------------------------------------

CONFIG_OK = S("{path}：正确。主机 {hub}，{parts}。", "{path}: right. Hub {hub}, {parts}.")
CONFIG_ZIGBEE = S("Zigbee 在 {port}", "Zigbee on {port}")
CONFIG_NO_ZIGBEE = S("没有 Zigbee", "no Zigbee")
CONFIG_MODEM = S("短信电话模块在 {port}", "modem on {port}")
CONFIG_NO_MODEM = S("没有短信电话模块", "no modem")
CONFIG_UPLINK = S("平台在 {host}:{port}", "platform at {host}:{port}")
CONFIG_NO_UPLINK = S("没有平台（独立工作）", "no platform (works alone)")

# --- rules ----------------------------------------------------------------------------------------

LAYERS: dict[str, S] = {
    "table": S("安全表", "table"),
    "city": S("城市", "city"),
    "profile": S("照护类型", "profile"),
    "site": S("现场文件", "site file"),
    "platform": S("平台", "platform"),
}
NUMBER = S("编号", "no.")
RULE = S("规则", "Rule")
RUNS = S("运行", "Runs")
DIFFERS = S("与安全表不同", "Differs from the table")
LISTENS = S("听取", "Listens to")
HEARS_ANYTHING = S("设备主动上报的任何内容", "whatever a device says of its own accord")
PATTERN = S("模式", "Pattern")
LADDER = S("处置阶梯", "Ladder")
CLEARS = S("解除条件", "Clears when")
BLIND = S("失明条件", "Blind when")
PITFALLS = S("注意", "Pitfalls")
PARAMETERS = S("参数", "Parameters")
LIMIT = S("限值", "Limit")
AT = S("时间", "Time")
COUNT = S("次数", "Count")
PER_30_DAYS = S("每 30 天", "In 30 days")
RULE_NUMBER = S("第 {n} 号", "no. {n}")
RULE_GONE = S("{rule}（本版本没有这条规则）", "{rule} (not a rule of this release)")
PARAMETER_LINE = S(
    "{name} = {value}（范围 {span}；来源 {source}）",
    "{name} = {value} (hard range {span}; source: {source})",
)
CHOSEN_BY = S("由 {by} 选定，安全表为 {default}", "chosen by {by}, {default} in the table")
GROUND_TABLE = S(
    "这里没有主机的配置：显示安全表的默认值。",
    "No hub is configured here: these are the numbers of the safety table.",
)
GROUND_HUB = S(
    "主机 {hub}：城市 {city}，照护类型 {profiles}，平台规则版本 {version}。",
    "Hub {hub}: city {city}, profiles {profiles}, the platform's version of the rules {version}.",
)
RULES_OK = S(
    "{path}：正确。版本 {version}，城市 {city}，照护类型 {profiles}，停用 {off}。",
    "{path}: right. Version {version}, city {city}, profiles {profiles}, off: {off}.",
)
RULES_VALUE = S(
    "{key} = {value}，安全表为 {default}（{by}）",
    "{key} = {value}, {default} in the table ({by})",
)
RULES_BUSY = S("{path}：现在不能生效：{what}", "{path}: cannot hold now: {what}")
EVIDENCE_HEADING = S("证据（前后 {minutes} 分钟）", "Evidence ({minutes} min before and after)")
EVIDENCE_MORE = S(
    "另有 {count} 条未显示：anju journal export --kind reading",
    "{count} more are not shown: anju journal export --kind reading",
)
TIMELINE_HEADING = S("经过", "What came of it")
REPLAYING = S(
    "已回放 {readings} 条读数，{days} 天（每分钟 {rate} 个家庭日）",
    "{readings} readings, {days} days ({rate} home-days a minute)",
)
REPLAYED = S(
    "{readings} 条读数，{days} 天；用时 {took} 秒，每分钟 {rate} 个家庭日。",
    "{readings} readings, {days} days; took {took} s, {rate} home-days a minute.",
)
REPLAY_BAD = S("跳过 {count} 个坏行：{first}", "{count} bad lines are left out: {first}")
REPLAY_UNMAPPED = S(
    "不知道这些设备在哪个房间：{devices}。请写入 --map。",
    "Nothing says where these devices are: {devices}. Name them in --map.",
)
REPLAY_THINNED = S(
    "有 {count} 个小时只剩小时读数，无法回放。",
    "{count} hours have only hourly figures left and cannot be played.",
)
REPLAY_MORE = S("另有 {count} 个报警，见 --json。", "{count} more alarms; see --json.")
REPLAY_NO_ALARMS = S("没有报警。", "No alarms.")
REPLAY_CALLED_OFF = S(
    "{count} 次预警在通知他人之前已撤销。",
    "{count} pre-alarms were called off before others were told.",
)
REPLAY_DIFFERENCE = S(
    "比较：相同 {same}，仅此处 {here}（+），仅对方 {there}（-），时间或级别不同 {moved}（>、<）。",
    "Compared: {same} the same, {here} only here (+), {there} only there (-), {moved} moved "
    "(>, <).",
)
