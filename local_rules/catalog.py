"""THE safety table: which rules there are, with which limits, and where each number comes from.

Numbers are those of the catalogue of 48 rules. Sources: "rule n" is the row of that catalogue,
"[n]" a published source, "Design" our own choice, "(mem)" from memory and not yet verified. A site
may tune inside the hard range; nobody may go outside it, and nobody may turn off an S1 rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agent.core.actuation import Actuation, LocalAction
from agent.core.alarm import RuleId, Severity
from agent.core.errors import ConfigError
from local_rules.patterns.threshold import Threshold
from local_rules.row import SIREN, Act, Parameter, Row
from local_rules.rows.body import BODY
from local_rules.rows.climate import CLIMATE
from local_rules.rows.danger import DANGER
from local_rules.rows.habits import HABITS
from local_rules.rows.household import HOUSEHOLD
from local_rules.rows.paths import PATHS
from local_rules.rows.person import PERSON
from local_rules.rows.reported import REPORTED
from local_rules.rows.senses import SENSES
from local_rules.rows.technical import TECHNICAL
from local_rules.rows.vitals import VITALS
from local_rules.rule import AnyRule, Rule, RuleBook

__all__ = ["ROWS", "SIREN", "Act", "Parameter", "Row", "book"]


def with_own_ids(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return `rows`. Errors: RuntimeError when two have one id: one would stand in for the other.

    Checked when the table is loaded, before anything can run by it.
    """
    for row in rows:
        if sum(other.id == row.id for other in rows) > 1:
            raise RuntimeError(f"two rows of the safety table have the id {row.id!r}")
    return rows


ROWS: tuple[Row, ...] = with_own_ids(
    (
        # In the order in which they see a reading: what may kill within minutes comes first.
        *REPORTED,
        *DANGER,
        *VITALS,
        *BODY,
        *SENSES,
        *PERSON,
        *HABITS,
        *HOUSEHOLD,
        *CLIMATE,
        *TECHNICAL,
        *PATHS,
    )
)


def book(
    *,
    siren_sos_s: int = 60,
    siren_danger_s: int = 300,
    siren_leak_s: int = 10,
    tuned: Mapping[str, float] | None = None,
    off: Collection[str] = (),
    urgent: Mapping[RuleId, Severity] | None = None,
) -> RuleBook:
    """Return the rules as this site wants them.

    `tuned`: new values by key, `{"smoke.clear_hold_s": 300}`. `off`: ids of rules that are not to
    run; rules of severity S1 always run. `urgent`: rules that are more urgent than in the table; a
    milder severity than the table's changes nothing.
    Errors: ConfigError for a value outside its hard range, an unknown key and an S1 rule in `off`.
    """
    sirens = {
        "sos_s": _checked("[siren] sos_s", siren_sos_s, SIREN["sos_s"]),
        "danger_s": _checked("[siren] danger_s", siren_danger_s, SIREN["danger_s"]),
        "leak_s": _checked("[siren] leak_s", siren_leak_s, SIREN["leak_s"]),
    }
    values = tuned or {}
    _refuse_unknown(values, off)
    graver = urgent or {}
    return RuleBook.of(
        tuple(
            _rule(row, sirens, values, min(row.severity, graver.get(row.id, row.severity)))
            for row in ROWS
            if row.id not in off
        )
    )


def _rule(
    row: Row, sirens: Mapping[str, float], values: Mapping[str, float], severity: Severity
) -> AnyRule:
    tuned = {
        name: _checked(
            f"[rules.{row.id}] {name}",
            values.get(f"{row.id}.{name}", parameter.default),
            parameter,
        )
        for name, parameter in row.parameters.items()
    }
    _refuse_contradiction(row, tuned)
    return Rule(
        id=row.id,
        number=row.number,
        name=row.name,
        hazard=row.hazard,
        severity=severity,
        inputs=row.inputs,
        subject_by=row.subject_by,
        pattern=row.pattern,
        plan=row.plan,
        values=tuned,
        latched=row.latched,
        momentary=row.momentary,
        actions=tuple(
            LocalAction(act.target, Actuation(act.kind, int(sirens.get(act.lasts, 0))))
            for act in row.acts
        ),
    )


def _refuse_contradiction(row: Row, values: Mapping[str, float]) -> None:
    """Refuse limits of which each is in its hard range, but not beside the other."""
    if not isinstance(row.plan, Threshold):
        return
    clear = values["clear_limit"]
    for name in row.plan.limits():
        if row.plan.contradicts(values[name], clear):
            raise ConfigError(
                f"[rules.{row.id}] clear_limit = {clear:g} is not behind {name} = "
                f"{values[name]:g} {row.plan.unit}: what ends the alarm would raise it again. "
                f"Choose a clear_limit on the good side of {name}."
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
            known = ", ".join(row.parameters if row is not None else ROWS[0].parameters)
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
