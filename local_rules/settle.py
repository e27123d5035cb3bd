"""Settles what holds of all that is wanted: the table, then city, profiles, site and platform.

Owns the order of the layers and what may not be wanted together. The later layer wins, each inside
the hard ranges; a city or a set of profiles of a later layer stands in place of the earlier one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.core.alarm import RuleId, Severity
from agent.core.text import Sentence
from local_rules.catalog import ROWS, book
from local_rules.fault import RuleFault
from local_rules.patterns.threshold import Beyond, Threshold
from local_rules.preset import Preset
from local_rules.row import Row
from local_rules.rows.cities import CITIES
from local_rules.rows.profiles import PROFILES
from local_rules.rule import RuleBook
from local_rules.wish import Wish, never_off


class Layer(StrEnum):
    """Who chose a value, in the order in which they are asked."""

    TABLE = "table"
    CITY = "city"
    PROFILE = "profile"
    SITE = "site"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value that holds, who chose it, and why: `by` names the city or profile."""

    value: float
    layer: Layer
    by: str
    source: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What holds. `values` has every parameter of the table; `off` and `urgent` only what differs
    from it, with who wanted it."""

    values: Mapping[str, Chosen]
    off: Mapping[RuleId, Layer]
    urgent: Mapping[RuleId, Severity]
    city: str
    profiles: tuple[str, ...]

    def book(
        self, *, siren_sos_s: int = 60, siren_danger_s: int = 300, siren_leak_s: int = 10
    ) -> RuleBook:
        """Return the rules as they are to run. Errors: ConfigError for a siren out of range."""
        return book(
            siren_sos_s=siren_sos_s,
            siren_danger_s=siren_danger_s,
            siren_leak_s=siren_leak_s,
            tuned={key: chosen.value for key, chosen in self.values.items()},
            off=tuple(self.off),
            urgent=self.urgent,
        )


ORDERED: tuple[tuple[str, str], ...] = (
    # The first may not be above the second: the graver rule would tell before the milder one.
    ("door_open.limit_s", "door_open_long.limit_s"),
    ("cold_deadly.limit", "cold_severe.limit"),
    ("cold_severe.limit", "cold.limit"),
    ("cold.limit", "cold_hint.limit"),
    ("heat.limit", "heat_severe.limit"),
    ("spo2_critical.limit", "spo2_low.limit"),
    ("glucose_critical.limit", "glucose_low.limit"),
    ("fever.limit", "fever_high.limit"),
)


_SEVERITIES = {row.id: row.severity for row in ROWS}
_WHERE = {Layer.CITY: ("city",), Layer.PROFILE: ("profiles",)}
_WHERE |= dict.fromkeys((Layer.SITE, Layer.PLATFORM), ("off",))


def settle(site: Wish | None = None, platform: Wish | None = None) -> Settled:
    """Return what holds of the table, the presets and the two wishes.

    Errors: RuleFault when parameters contradict one another, or an S1 rule would be off.
    """
    wishes = ((Layer.SITE, site or Wish()), (Layer.PLATFORM, platform or Wish()))
    city, profiles = "", tuple[str, ...]()
    for _, wish in wishes:
        city = wish.city or city
        profiles = profiles if wish.profiles is None else wish.profiles
    values = {
        f"{row.id}.{name}": Chosen(parameter.default, Layer.TABLE, "", parameter.source)
        for row in ROWS
        for name, parameter in row.parameters.items()
    }
    off: dict[RuleId, Layer] = {}
    urgent: dict[RuleId, Severity] = {}
    presets = [(Layer.CITY, CITIES[city])] if city else []
    presets += [(Layer.PROFILE, PROFILES[name]) for name in profiles]
    for layer, preset in presets:
        values |= _chosen(layer, preset)
        off |= dict.fromkeys(preset.off, layer)
        urgent |= {rule: severity for rule, (severity, _) in preset.urgent.items()}
    for layer, wish in wishes:
        values |= {key: Chosen(value, layer, "", "") for key, value in wish.values.items()}
        off |= dict.fromkeys(wish.off, layer)
    for rule, layer in off.items():
        if min(_SEVERITIES[rule], urgent.get(rule, Severity.S5)) is Severity.S1:
            raise never_off(_WHERE[layer], rule)
    settled = Settled(values, off, urgent, city, profiles)
    _refuse_contradictions(values)
    return settled


def _chosen(layer: Layer, preset: Preset) -> dict[str, Chosen]:
    return {
        key: Chosen(choice.value, layer, preset.id, choice.source)
        for key, choice in preset.values.items()
    }


def _refuse_contradictions(values: Mapping[str, Chosen]) -> None:
    for lower, upper in ORDERED:
        if values[lower].value > values[upper].value:
            raise _contradiction(lower, upper, values, "不大于", "at most")
    for row in ROWS:
        if isinstance(row.plan, Threshold):
            _refuse_clear_limit(row, row.plan, values)


def _refuse_clear_limit(row: Row, plan: Threshold, values: Mapping[str, Chosen]) -> None:
    """Refuse a limit behind which the value is still as bad as it was."""
    rises = plan.beyond in (Beyond.AT_LEAST, Beyond.ABOVE)
    clear = f"{row.id}.clear_limit"
    for name in row.parameters:
        if name != "limit" and not name.startswith("limit_"):
            continue
        key = f"{row.id}.{name}"
        if rises and values[clear].value > values[key].value:
            raise _contradiction(clear, key, values, "不大于", "at most")
        if not rises and values[clear].value < values[key].value:
            raise _contradiction(clear, key, values, "不小于", "at least")


def _contradiction(
    key: str, other: str, values: Mapping[str, Chosen], zh: str, en: str
) -> RuleFault:
    """Return the refusal, which names the key that somebody chose (rather than the table)."""
    blamed = other if values[key].layer is Layer.TABLE else key
    a, b = values[key].value, values[other].value
    return RuleFault(
        tuple(blamed.split(".")),
        Sentence(
            f"[rules] {key} = {a:g} 与 {other} = {b:g} 矛盾：前者应{zh}后者。请改其中之一。",
            f"[rules] {key} = {a:g} contradicts {other} = {b:g}: wanted the first to be {en} the "
            "second. Change one of them.",
        ),
    )
