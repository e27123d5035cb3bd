"""THE safety table: which rules there are, with which limits, and where each number comes from.

Numbers are those of the catalogue of 48 rules. Sources: "rule n" is the row of that catalogue,
"[n]" a published source, "Design" our own choice, "(mem)" from memory and not yet verified. A site
may tune inside the hard range; nobody may go outside it, and nobody may turn off an S1 rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agent.core.actuation import Actuation, ActuationKind
from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.device import DeviceKind
from agent.core.effect import LocalAction
from agent.core.errors import ConfigError
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.rule import Rule, RuleBook, SubjectBy


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a site may choose between `low` and `high`, both included."""

    default: float
    low: float
    high: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Act:
    """What to do in the home. `lasts` names the parameter of SIREN that bounds a siren."""

    target: DeviceKind
    kind: ActuationKind
    lasts: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as the auditor reads it."""

    id: RuleId
    number: int
    name: Sentence
    hazard: Hazard
    severity: Severity
    inputs: Mapping[Quantity, Sentence]
    latched: bool
    debounce_s: Parameter
    trigger_hold_s: Parameter
    clear_hold_s: Parameter
    rearm_s: Parameter
    clears: Sentence
    blind: Sentence
    acts: tuple[Act, ...] = ()
    momentary: bool = False
    subject_by: SubjectBy = SubjectBy.DEVICE

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Return what a site may tune, by name."""
        return {
            "debounce_s": self.debounce_s,
            "trigger_hold_s": self.trigger_hold_s,
            "clear_hold_s": self.clear_hold_s,
            "rearm_s": self.rearm_s,
        }


SIREN: Mapping[str, Parameter] = {
    # The upper ends keep a bell from being heard as broken; below the lower ends nobody wakes up.
    "sos_s": Parameter(60, 10, 600, "s", "Design: long enough for a neighbour, then people speak"),
    "danger_s": Parameter(300, 60, 1800, "s", "Design: light and sound held >= 5 min, as [21]"),
    "leak_s": Parameter(10, 5, 60, "s", "Design: stands in for the voice prompt of rule 7"),
}

_AT_ONCE = Parameter(0, 0, 0, "s", "does not apply: at once")
_ONE_FRAME = Parameter(
    1, 0, 5, "s", "Design: both alarm bits of one radio frame are one cause, a new one is news"
)
_REARM_S1 = Parameter(600, 60, 3600, "s", "2.7: same cause 10 min for S1 (Design)")
_SIREN_DANGER = Act(DeviceKind.SIREN, ActuationKind.SIREN_ON, "danger_s")
# The kit has one kind of valve so far, and it is the gas valve (rules 3 and 5). The leak rule does
# not close it: with gas and water valves not told apart, a wet floor would shut off the stove.
_CLOSE_GAS = Act(DeviceKind.VALVE, ActuationKind.VALVE_CLOSE)
_LIGHT_ON = Act(DeviceKind.LIGHT, ActuationKind.SWITCH_ON)

_BLIND_SILENT = Sentence(
    "设备离线、电量耗尽或自报故障时，本规则失明。",
    "Blind while the device is offline, out of battery or says that it is faulty.",
)

ROWS: tuple[Row, ...] = (
    Row(
        id=RuleId("sos"),
        number=1,
        name=Sentence("紧急呼叫", "SOS call"),
        hazard=Hazard.SOS,
        severity=Severity.S1,
        inputs={Quantity.SOS: Sentence("有人按下了紧急呼叫", "that the SOS button was pressed")},
        latched=True,
        momentary=True,
        # The upper end is low on purpose: a deaf button is worse than a call too many.
        debounce_s=Parameter(0.3, 0, 1, "s", "rule 1: debounce 300 ms (Design)"),
        trigger_hold_s=_AT_ONCE,
        clear_hold_s=_AT_ONCE,
        rearm_s=_AT_ONCE,
        acts=(Act(DeviceKind.SIREN, ActuationKind.SIREN_ON, "sos_s"), _LIGHT_ON),
        clears=Sentence("由人员处置后关闭。", "A person resolves it."),
        blind=_BLIND_SILENT,
    ),
    Row(
        id=RuleId("smoke"),
        number=3,
        name=Sentence("烟雾报警", "smoke"),
        hazard=Hazard.SMOKE,
        severity=Severity.S1,
        inputs={Quantity.SMOKE: Sentence("检测到烟雾", "smoke")},
        latched=True,
        debounce_s=_ONE_FRAME,
        trigger_hold_s=_AT_ONCE,
        clear_hold_s=Parameter(180, 60, 1800, "s", "rule 3: device clear 3 min (Design)"),
        rearm_s=_REARM_S1,
        acts=(_SIREN_DANGER, _CLOSE_GAS, _LIGHT_ON),
        clears=Sentence(
            "设备解除报警满保持时间（clear_hold_s），并由人员处置后关闭。",
            "The device stays clear for clear_hold_s and a person resolves it.",
        ),
        blind=_BLIND_SILENT,
    ),
    Row(
        id=RuleId("gas"),
        number=5,
        name=Sentence("可燃气体泄漏", "combustible gas"),
        hazard=Hazard.GAS,
        severity=Severity.S1,
        inputs={Quantity.GAS: Sentence("检测到可燃气体", "combustible gas")},
        latched=True,
        debounce_s=_ONE_FRAME,
        # The detector's own set point (5-25 %LEL, GB 15322.2, (mem)) has already decided.
        trigger_hold_s=_AT_ONCE,
        clear_hold_s=Parameter(180, 60, 1800, "s", "Design, as rule 3: the catalogue names none"),
        rearm_s=_REARM_S1,
        acts=(_SIREN_DANGER, _CLOSE_GAS),
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
        debounce_s=_ONE_FRAME,
        # A certified detector holds the (ppm, time) pairs of EN 50291 itself [36c].
        trigger_hold_s=_AT_ONCE,
        clear_hold_s=Parameter(900, 180, 3600, "s", "rule 6: below 30 ppm for 15 min (Design)"),
        rearm_s=_REARM_S1,
        acts=(_SIREN_DANGER,),
        clears=Sentence(
            "设备解除报警满保持时间（clear_hold_s），上门查看后由人员关闭。",
            "The device stays clear for clear_hold_s and a person resolves it after a visit.",
        ),
        blind=_BLIND_SILENT,
    ),
    Row(
        id=RuleId("water_leak"),
        number=7,
        name=Sentence("漏水报警", "water leak"),
        hazard=Hazard.WATER_LEAK,
        severity=Severity.S2,
        inputs={Quantity.WATER_LEAK: Sentence("探头浸水", "water at its probe")},
        latched=False,
        debounce_s=Parameter(10, 0, 60, "s", "Design: a probe in a puddle flickers"),
        trigger_hold_s=Parameter(10, 0, 60, "s", "rule 7: probe wet 10 s (Design)"),
        clear_hold_s=Parameter(600, 60, 3600, "s", "rule 7: dry 10 min (Design)"),
        rearm_s=Parameter(3600, 600, 21600, "s", "Design: between 10 min (S1) and 6 h (S3) of 2.7"),
        acts=(Act(DeviceKind.SIREN, ActuationKind.SIREN_ON, "leak_s"),),
        clears=Sentence("探头保持干燥满 clear_hold_s。", "The probe stays dry for clear_hold_s."),
        blind=_BLIND_SILENT,
    ),
    Row(
        id=RuleId("tamper"),
        number=41,
        name=Sentence("设备被拆动", "tamper"),
        hazard=Hazard.TAMPER,
        severity=Severity.S4,
        inputs={Quantity.TAMPER: Sentence("外壳被打开或被移动", "that it was opened or moved")},
        latched=False,
        debounce_s=Parameter(60, 0, 600, "s", "Design: one battery change is one event"),
        trigger_hold_s=Parameter(0, 0, 60, "s", "Design: at once"),
        clear_hold_s=Parameter(60, 0, 3600, "s", "Design: hysteresis, general rule (a)"),
        rearm_s=Parameter(21600, 600, 86400, "s", "Design: as 6 h for S3 of 2.7"),
        clears=Sentence("设备复位满 clear_hold_s。", "The device stays closed for clear_hold_s."),
        blind=_BLIND_SILENT,
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
        debounce_s=Parameter(60, 0, 600, "s", "Design: a driver that restarts in a circle"),
        # Whoever reports the fault has already tried again: the driver decides when it is one.
        trigger_hold_s=Parameter(0, 0, 600, "s", "Design: at once"),
        clear_hold_s=Parameter(10, 0, 3600, "s", "Design: hysteresis, general rule (a)"),
        rearm_s=Parameter(21600, 600, 86400, "s", "Design: as 6 h for S3 of 2.7"),
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
        debounce_s=Parameter(3600, 0, 86400, "s", "Design: a battery bit flickers with the cold"),
        trigger_hold_s=Parameter(0, 0, 3600, "s", "Design: at once"),
        clear_hold_s=Parameter(600, 0, 86400, "s", "Design: hysteresis, general rule (a)"),
        rearm_s=Parameter(86400, 3600, 604800, "s", "[32c]: low battery once a day until dead"),
        clears=Sentence("设备恢复正常满 clear_hold_s。", "The device stays well for clear_hold_s."),
        blind=Sentence("设备离线时失明。", "Blind while the device is offline."),
    ),
)


def book(
    *,
    siren_sos_s: int = 60,
    siren_danger_s: int = 300,
    siren_leak_s: int = 10,
    tuned: Mapping[str, float] | None = None,
    off: Collection[str] = (),
) -> RuleBook:
    """Return the rules as this site wants them.

    `tuned`: new values by key, `{"smoke.clear_hold_s": 300}`. `off`: ids of rules that are not to
    run; rules of severity S1 always run.
    Errors: ConfigError for a value outside its hard range, an unknown key and an S1 rule in `off`.
    """
    sirens = {
        "sos_s": _checked("[siren] sos_s", siren_sos_s, SIREN["sos_s"]),
        "danger_s": _checked("[siren] danger_s", siren_danger_s, SIREN["danger_s"]),
        "leak_s": _checked("[siren] leak_s", siren_leak_s, SIREN["leak_s"]),
    }
    values = tuned or {}
    _refuse_unknown(values, off)
    return RuleBook.of(tuple(_rule(row, sirens, values) for row in ROWS if row.id not in off))


def _rule(row: Row, sirens: Mapping[str, float], values: Mapping[str, float]) -> Rule:
    tuned = {
        name: _checked(
            f"[rules.{row.id}] {name}",
            values.get(f"{row.id}.{name}", parameter.default),
            parameter,
        )
        for name, parameter in row.parameters.items()
    }
    return Rule(
        id=row.id,
        number=row.number,
        name=row.name,
        hazard=row.hazard,
        severity=row.severity,
        inputs=row.inputs,
        subject_by=row.subject_by,
        latched=row.latched,
        momentary=row.momentary,
        actions=tuple(
            LocalAction(act.target, Actuation(act.kind, int(sirens.get(act.lasts, 0))))
            for act in row.acts
        ),
        **tuned,
    )


def _checked(key: str, value: float, parameter: Parameter) -> float:
    """Return `value` if it is a number in the hard range; NaN is in no range."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and parameter.low <= value <= parameter.high:
        return value
    span = f"{parameter.low:g}-{parameter.high:g} {parameter.unit}"
    raise ConfigError(
        f"{key} = {value!r} is outside the safety limits: wanted {span} ({parameter.source}). "
        f"Choose {span}, or remove the line to have {parameter.default:g}."
    )


def _refuse_unknown(values: Mapping[str, float], off: Collection[str]) -> None:
    rows = {str(row.id): row for row in ROWS}
    names = ", ".join(rows)
    for key in values:
        rule, _, name = key.partition(".")
        row = rows.get(rule)
        if row is None or name not in row.parameters:
            known = ", ".join(ROWS[0].parameters)
            raise ConfigError(
                f"[rules] {key} is not a parameter of a rule: wanted RULE.NAME with RULE one of "
                f"{names} and NAME one of {known}. Correct its spelling."
            )
    for rule in off:
        row = rows.get(rule)
        if row is None:
            raise ConfigError(
                f"[rules] off = {rule!r} is not a rule: wanted one of {names}. "
                "Correct its spelling."
            )
        if row.severity is Severity.S1:
            raise ConfigError(
                f"[rules] off = {rule!r} is refused: wanted a rule below S1. What saves a life "
                "cannot be turned off. Remove it from the list."
            )
