"""Reads what a site wants of the rules: the `[rules]` table of a file, or the platform's JSON.

Owns the format, which all three places share: a rule file, the hub's own configuration and what the
platform applies. Values are numbers in the row's unit or a number with a unit ("12 h"). Whether the
wishes fit together is the matter of `settle`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.core.alarm import RuleId, Severity
from agent.core.text import Sentence
from local_rules.catalog import ROWS
from local_rules.fault import RuleFault, known, shown
from local_rules.preset import Preset
from local_rules.row import Parameter, Row
from local_rules.rows.cities import CITIES
from local_rules.rows.profiles import PROFILES

KEYS = ("version", "city", "profiles", "off", "tuned")
"""What the table has besides tables of rules. `tuned` is the flat form of these: `rule.parameter`
to value."""

DIGITS = 15
"""A number with more digits is a mistake, not a limit: a float does not hold them."""

_HUGE = 1e15
_S = {"s": 1, "sec": 1, "秒": 1, "min": 60, "分": 60, "分钟": 60}
_S |= {"h": 3600, "小时": 3600, "d": 86_400, "天": 86_400}
UNITS: Mapping[str, Mapping[str, float]] = {
    "s": _S,
    "h": {"h": 1, "小时": 1, "点": 1},
    "d": {"d": 1, "天": 1},
    "°C": {"°C": 1, "C": 1, "℃": 1, "度": 1},
    "L": {"L": 1, "l": 1, "升": 1, "m3": 1000, "m³": 1000},
    "L/h": {"L/h": 1, "L/min": 60},
    "W": {"W": 1, "瓦": 1, "kW": 1000},
    "/min": {"/min": 1, "bpm": 1},
    "kg": {"kg": 1, "公斤": 1, "g": 0.001},
}
"""Unit of a row -> what may be written, and how many of the row's unit that is. A unit that is not
here is written as it is in the table."""

_SPELLING = Sentence("请改正拼写。", "Correct its spelling.")
_WITH_UNIT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([^\s\d.]\S*)")
_ROWS: Mapping[str, Row] = {str(row.id): row for row in ROWS}


@dataclass(frozen=True, slots=True)
class Wish:
    """What one layer wants. `city` "" and `profiles` None: it says nothing of them. `values` by
    `rule.parameter`, in the units of the table."""

    version: int | None = None
    city: str = ""
    profiles: tuple[str, ...] | None = None
    off: tuple[RuleId, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)


def read(body: Mapping[str, object]) -> Wish:
    """Return the wish that `body` is. Errors: RuleFault for the first thing that is wrong."""
    values: dict[str, float] = {}
    for key, value in body.items():
        if key == "tuned":
            values |= _tuned(value)
        elif key not in KEYS:
            values |= _rule(key, value)
    return Wish(
        version=_version(body.get("version")),
        city=_city(body.get("city", "")),
        profiles=_profiles(body["profiles"]) if "profiles" in body else None,
        off=_off(body.get("off", ())),
        values=values,
    )


def _rule(rule: str, table: object) -> dict[str, float]:
    row = _row((rule,), rule)
    if not isinstance(table, Mapping):
        raise _wrong(
            (rule,),
            table,
            Sentence("应为一个表", "a table"),
            Sentence(f"写成 [rules.{rule}]，参数写在下面。", f"Write [rules.{rule}] above them."),
        )
    return {
        f"{rule}.{name}": _number((rule, str(name)), value, _parameter((rule, str(name)), row))
        for name, value in table.items()
    }


def _tuned(table: object) -> dict[str, float]:
    where = ("tuned",)
    if not isinstance(table, Mapping):
        raise _wrong(
            where,
            table,
            Sentence("应为“规则.参数”到数值的表", 'a table of "rule.parameter" to value'),
            Sentence("请改正。", "Correct it."),
        )
    found = {}
    for key, value in table.items():
        rule, _, name = str(key).partition(".")
        row = _row((*where, str(key)), rule)
        parameter = _parameter((*where, str(key)), row, name)
        found[str(key)] = _number((*where, str(key)), value, parameter)
    return found


def _row(where: tuple[str, ...], rule: str) -> Row:
    row = _ROWS.get(rule)
    if row is None:
        wanted = known((*_ROWS, *KEYS), rule)
        raise RuleFault(
            where,
            Sentence(
                f"[rules] 里的 {shown(rule)} 不是规则：应为 {wanted} 之一。"
                "请改正拼写；查看全部：anju rules list",
                f"[rules] {shown(rule)} is not a rule: wanted one of {wanted}. "
                "Correct its spelling; see them with: anju rules list",
            ),
        )
    return row


def _parameter(where: tuple[str, ...], row: Row, name: str | None = None) -> Parameter:
    wanted = where[-1] if name is None else name
    parameter = row.parameters.get(wanted)
    if parameter is None:
        names = known(row.parameters, wanted)
        raise RuleFault(
            where,
            Sentence(
                f"[rules.{row.id}] {shown(wanted)} 不是该规则的参数：应为 {names} 之一。"
                f"请改正拼写；查看全部：anju rules show {row.id}",
                f"[rules.{row.id}] {shown(wanted)} is not a parameter of the rule: wanted one of "
                f"{names}. Correct its spelling; see them with: anju rules show {row.id}",
            ),
        )
    return parameter


def _number(where: tuple[str, ...], value: object, parameter: Parameter) -> float:
    """Return the value in the row's unit, inside the hard range."""
    number = _with_unit(where, value, parameter) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _no_number(where, value, parameter)
    # An int of any length can be compared; only then is it safe to make a float of it.
    if not parameter.low <= number <= parameter.high:
        span = f"{parameter.low:g}-{parameter.high:g} {parameter.unit}".rstrip()
        raise RuleFault(
            where,
            Sentence(
                f"{_named(where)} = {shown(value)} 超出安全范围：应为 {span}"
                f"（{parameter.source}）。请选范围内的值，或删去此行使用 {parameter.default:g}。",
                f"{_named(where)} = {shown(value)} is outside the safety limits: wanted {span} "
                f"({parameter.source}). Choose {span}, or remove the line to have "
                f"{parameter.default:g}.",
            ),
        )
    return float(number)


def _with_unit(where: tuple[str, ...], value: str, parameter: Parameter) -> float:
    found = _WITH_UNIT.fullmatch(value.strip())
    if found is None or len(re.sub(r"\D", "", found[1])) > DIGITS:
        raise _no_number(where, value, parameter)
    factors = UNITS.get(parameter.unit, {parameter.unit: 1.0})
    factor = factors.get(found[2])
    if factor is None:
        units = ", ".join(filter(None, factors)) or "-"
        raise RuleFault(
            where,
            Sentence(
                f"{_named(where)} = {shown(value)}：单位 {shown(found[2])} 不对：应为 {units}。"
                "请改正单位，或只写数字。",
                f"{_named(where)} = {shown(value)}: {shown(found[2])} is not a unit of it: wanted "
                f"{units}. Correct the unit, or write the number alone.",
            ),
        )
    return float(found[1]) * factor


def _no_number(where: tuple[str, ...], value: object, parameter: Parameter) -> RuleFault:
    unit = parameter.unit or "-"
    example = f"{parameter.default:g} {parameter.unit}".rstrip()
    return RuleFault(
        where,
        Sentence(
            f"{_named(where)} = {shown(value)} 超出安全范围或不是数：应为以 {unit} 为单位、"
            f"不超过 {DIGITS} 位的数，例如 {parameter.default:g} 或 “{example}”。请改正。",
            f"{_named(where)} = {shown(value)} is not a number within the safety limits: wanted "
            f"one in {unit} of at most {DIGITS} digits, such as {parameter.default:g} or "
            f'"{example}". Correct the value.',
        ),
    )


def _version(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _HUGE:
        return value
    raise _wrong(
        ("version",),
        value,
        Sentence("应为正整数", "a whole number above 0"),
        Sentence("每次修改加一。", "Add one with each change."),
    )


def _city(value: object) -> str:
    if value == "" or (isinstance(value, str) and value in CITIES):
        return str(value)
    raise _wrong(("city",), value, _one_of(CITIES), _SPELLING)


def _profiles(value: object) -> tuple[str, ...]:
    names = _texts(("profiles",), value)
    for name in names:
        if name not in PROFILES:
            raise _wrong(("profiles",), name, _one_of(PROFILES), _SPELLING)
    return tuple(dict.fromkeys(names))


def _off(value: object) -> tuple[RuleId, ...]:
    names = _texts(("off",), value)
    for name in names:
        row = _ROWS.get(name)
        if row is None:
            raise RuleFault(
                ("off",),
                Sentence(
                    f"[rules] off = {shown(name)} 不是规则：应为 {known(_ROWS, name)} 之一。"
                    "请改正拼写。",
                    f"[rules] off = {shown(name)} is not a rule: wanted one of "
                    f"{known(_ROWS, name)}. Correct its spelling.",
                ),
            )
        if row.severity is Severity.S1:
            raise never_off(("off",), name)
    return tuple(RuleId(name) for name in dict.fromkeys(names))


def never_off(where: tuple[str, ...], rule: str) -> RuleFault:
    """Return the refusal to turn off what saves a life."""
    return RuleFault(
        where,
        Sentence(
            f"[rules] off = {shown(rule)} 被拒绝：应为低于 S1 的规则。救命的规则不能停用。"
            "请从列表中删去。",
            f"[rules] off = {shown(rule)} is refused: wanted a rule below S1. What saves a life "
            "cannot be turned off. Remove it from the list.",
        ),
    )


def _texts(where: tuple[str, ...], value: object) -> Sequence[str]:
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return value
    raise _wrong(
        where,
        value,
        Sentence("应为名称的列表", "a list of names"),
        Sentence('例如 ["a", "b"]。', 'Write it as ["a", "b"].'),
    )


def _one_of(presets: Mapping[str, Preset]) -> Sentence:
    names = ", ".join(presets)
    return Sentence(f"应为 {names} 之一", f"one of {names}")


def _wrong(where: tuple[str, ...], value: object, wanted: Sentence, step: Sentence) -> RuleFault:
    name = _named(where)
    return RuleFault(
        where,
        Sentence(
            f"{name} = {shown(value)}：{wanted.zh}。{step.zh}",
            f"{name} = {shown(value)}: wanted {wanted.en}. {step.en}",
        ),
    )


def _named(where: tuple[str, ...]) -> str:
    """Return the key as it stands in a file."""
    table, key = where[:-1], where[-1]
    if table == ("tuned",):
        rule, _, name = key.partition(".")
        return f"[rules.{rule}] {name}"
    return f"[{'.'.join(('rules', *table))}] {key}"
