"""Writes the safety table as the page that an auditor reads. Made from the table alone, and from
the names of the tests that speak of each rule, which whoever writes the page has found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.core.text import Sentence
from local_rules.catalog import ROWS, SIREN, Act, Parameter, Row
from local_rules.ladders import LADDERS, ladder_of
from local_rules.numbers import NUMBERS
from local_rules.preset import Preset
from local_rules.rows.cities import CITIES
from local_rules.rows.profiles import PROFILES
from local_rules.settle import ORDERED

EVERY_ROW = "tests/local_rules/test_every_rule.py"
"""The battery that each row inherits."""

_LISTED = 8  # More inputs than these are not a list that anybody reads.
_NONE = "-"

_HEAD = """# The safety rules, for the auditor · 安全规则目录（审核用）

Written by `make docs` from the safety table; `make docs-check` fails when the two differ.
本页由 `make docs` 从安全表生成；两者不一致时 `make docs-check` 失败。

- **Severity 级别**: S1 life, now 危及生命 · S2 harm likely within an hour 一小时内可能受害 ·
  S3 a welfare check within hours 数小时内核实 · S4 technical 设备 · S5 a hint 提示.
- **Latched 锁定**: ends only when a person resolves it 须由人员处置后结束.
  **Momentary 瞬时**: the device never says that it is over 设备不报告结束.
- **Hard range 安全范围**: a site may choose inside it, nobody may go outside it
  现场可在范围内选择，任何人不得超出. An S1 rule cannot be turned off S1 规则不能停用.
- **Source 来源**: "rule n", "2.7", "4.3" the plan of the field 领域方案的章节 ·
  "[n]" a published source 公开来源 · "Design" our own choice 自定 ·
  "(mem)" from memory, not verified 来自记忆，未核实 ·
  "[replay]" measured on public data 公开数据实测.
"""


def as_markdown(tests: Mapping[str, tuple[str, ...]]) -> str:
    """Return the page. `tests`: rule -> the files that speak of it."""
    parts = [
        _HEAD,
        "## The 48 rules and their rows · 四十八条规则与对应的行\n",
        _numbers(),
        "## Ladders · 处置阶梯\n",
        _table(("ladder 阶梯", "English", "中文"), ((n, s.en, s.zh) for n, s in LADDERS.items())),
        "## Rules · 规则\n",
        *(_section(row, tests.get(row.id, ())) for row in ROWS),
        "## Sirens · 警号\n",
        _table(
            ("siren 警号", "default 默认", "hard range 安全范围", "source 来源"),
            ((f"`{name}`", *_limit(parameter)) for name, parameter in SIREN.items()),
        ),
        "## Cities · 城市预设\n",
        _presets(CITIES),
        "## Care profiles · 照护类型\n",
        _presets(PROFILES),
        "## What may not be wanted together · 不可矛盾的限值\n",
        _table(("at most 不大于", "of 此值"), ((f"`{a}`", f"`{b}`") for a, b in ORDERED)),
    ]
    return "\n".join(parts)


def _numbers() -> str:
    return _table(
        ("no. 编号", "rule", "规则", "rows 行"),
        (
            (str(number), name.en, name.zh, _ids(row for row in ROWS if row.number == number))
            for number, name in NUMBERS.items()
        ),
    )


def _ids(rows: Iterable[Row]) -> str:
    return ", ".join(f"[`{row.id}`](#{row.id})" for row in rows) or _NONE


def _section(row: Row, tests: tuple[str, ...]) -> str:
    kind = f"{row.pattern.name}, momentary" if row.momentary else row.pattern.name
    inputs = ", ".join(f"`{quantity}`" for quantity in row.inputs)
    facts = (
        ("name 名称", f"{row.name.en} · {row.name.zh}"),
        ("hazard 危险", f"`{row.hazard}`, no. {row.number}"),
        ("severity 级别", row.severity.value),
        ("pattern 模式", f"{kind}, latched" if row.latched else kind),
        (
            "inputs 听取",
            inputs if len(row.inputs) <= _LISTED else "whatever a device says 任何上报",
        ),
        ("derives 推出", ", ".join(f"`{quantity}`" for quantity in row.derives) or _NONE),
        ("pre-alarm 预警", _pre_alarm(row)),
        ("does at once 立即动作", ", ".join(_act(act) for act in row.acts) or _NONE),
        ("ladder 阶梯", ladder_of(row)),
        ("clears 解除", _both(row.clears)),
        ("blind 失明", _both(row.blind)),
        ("pitfalls 注意", _both(row.pitfalls)),
        ("presets 预设", _named_by(row) or _NONE),
        ("tests 测试", ", ".join(f"`{name}`" for name in (EVERY_ROW, *tests))),
    )
    limits = _table(
        ("parameter 参数", "default 默认", "hard range 安全范围", "source 来源"),
        ((f"`{name}`", *_limit(parameter)) for name, parameter in row.parameters.items()),
    )
    return f"### `{row.id}`\n\n{_table(('', ''), facts)}\n{limits}"


def _pre_alarm(row: Row) -> str:
    asked = row.parameters.get("pre_alarm_s")
    if asked is None:
        return "none 无"
    every = row.parameters.get("prompt_every_s")
    prompt = f", prompt each {every.default:g} s 每次提示间隔" if every is not None else ""
    return f"{asked.default:g} s{prompt}"


def _named_by(row: Row) -> str:
    return ", ".join(
        f"`{preset.id}`"
        for preset in (*CITIES.values(), *PROFILES.values())
        if row.id in preset.off
        or row.id in preset.urgent
        or any(key.partition(".")[0] == row.id for key in preset.values)
    )


def _presets(presets: Mapping[str, Preset]) -> str:
    whole = _table(
        ("preset 预设", "name", "名称", "advice 说明"),
        ((f"`{p.id}`", p.name.en, p.name.zh, _both(p.advice)) for p in presets.values()),
    )
    changes = _table(
        ("preset 预设", "changes 改变", "to 为", "source 来源"),
        (line for preset in presets.values() for line in _changes(preset)),
    )
    return f"{whole}\n{changes}"


def _changes(preset: Preset) -> Iterable[tuple[str, ...]]:
    for key, choice in preset.values.items():
        yield f"`{preset.id}`", f"`{key}`", f"{choice.value:g}", choice.source
    for rule, source in preset.off.items():
        yield f"`{preset.id}`", f"`{rule}`", "off 停用", source
    for rule, (severity, source) in preset.urgent.items():
        yield f"`{preset.id}`", f"`{rule}`", severity.value, source


def _both(sentence: Sentence | None) -> str:
    """Return a sentence in both languages."""
    return _NONE if sentence is None else f"{sentence.en} {sentence.zh}"


def _act(act: Act) -> str:
    what = f"`{act.target}` {act.kind}"
    return f"{what} ({act.lasts})" if act.lasts else what


def _limit(parameter: Parameter) -> tuple[str, ...]:
    unit = parameter.unit
    span = f"{parameter.low:g}-{parameter.high:g} {unit}".rstrip()
    fixed = f"{parameter.default:g} {unit} (fixed 固定)"
    return (
        f"{parameter.default:g} {unit}".rstrip(),
        span if parameter.low < parameter.high else fixed,
        parameter.source,
    )


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in cells)} |" for cells in rows) + "\n"


def _cell(text: str) -> str:
    """Return text that does not end its cell: a source may speak of |z|."""
    return text.replace("|", "\\|")
