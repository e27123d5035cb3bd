"""The form of the safety table: what a rule's row says, and what rows of many rules share.

Sources of numbers: "rule n" is the row of the catalogue of 48 rules, "2.7" its parameter matrix,
"[n]" a published source, "Design" our own choice, "(mem)" from memory and not yet verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.core.actuation import ActuationKind
from agent.core.alarm import Hazard, RuleId, Severity
from agent.core.device import DeviceKind
from agent.core.reading import Quantity
from agent.core.text import Sentence
from local_rules.rule import Pattern, SubjectBy


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
    """One rule as the auditor reads it. `plan` is what the row chooses of its pattern, and
    `parameters` what a site may tune, by name: exactly those that the pattern takes.

    `ladder` is named where it is not the one of the severity.
    A row that `derives` readings for other rules raises nothing itself; its severity is S5."""

    id: RuleId
    number: int
    name: Sentence
    hazard: Hazard
    severity: Severity
    inputs: Mapping[Quantity, Sentence]
    pattern: Pattern[Any, Any]
    plan: Any
    parameters: Mapping[str, Parameter]
    latched: bool
    clears: Sentence
    blind: Sentence
    pitfalls: Sentence | None = None
    acts: tuple[Act, ...] = ()
    momentary: bool = False
    subject_by: SubjectBy = SubjectBy.DEVICE
    derives: tuple[Quantity, ...] = ()
    ladder: str = ""


SIREN: Mapping[str, Parameter] = {
    # The upper ends keep a bell from being heard as broken; below the lower ends nobody wakes up.
    "sos_s": Parameter(60, 10, 600, "s", "Design: long enough for a neighbour, then people speak"),
    "danger_s": Parameter(300, 60, 1800, "s", "Design: light and sound held >= 5 min, as [21]"),
    "leak_s": Parameter(10, 5, 60, "s", "Design: stands in for the voice prompt of rule 7"),
}

REARM_S3 = Parameter(21600, 3600, 86400, "s", "2.7: same cause 6 h for S3 (Design)")
REARM_S1 = Parameter(600, 60, 3600, "s", "2.7: same cause 10 min for S1 (Design)")
NIGHT: Mapping[str, Parameter] = {
    "from_h": Parameter(22, 18, 24, "h", "rule 22: 22-06"),
    "to_h": Parameter(6, 4, 10, "h", "rule 22: 22-06"),
}
SIREN_SOS = Act(DeviceKind.SIREN, ActuationKind.SIREN_ON, "sos_s")
SIREN_DANGER = Act(DeviceKind.SIREN, ActuationKind.SIREN_ON, "danger_s")
# The kit has one kind of valve so far, and it is the gas valve (rules 3 and 5). The leak rule does
# not close it: with gas and water valves not told apart, a wet floor would shut off the stove.
CLOSE_GAS = Act(DeviceKind.VALVE, ActuationKind.VALVE_CLOSE)
LIGHT_ON = Act(DeviceKind.LIGHT, ActuationKind.SWITCH_ON)

BLIND_SILENT = Sentence(
    "设备离线、电量耗尽或自报故障时，本规则失明。",
    "Blind while the device is offline, out of battery or says that it is faulty.",
)
