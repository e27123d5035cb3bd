"""The form of a preset: what a city or a person's state changes in the safety table, with sources.

A preset chooses inside the hard ranges, as a site does. It may make a rule more urgent and never
less, and no preset turns off what saves a life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.alarm import RuleId, Severity
from agent.core.text import Sentence


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a preset, and where it comes from."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Preset:
    """One city or one care profile.

    `values` by `rule.parameter`. `off` and `urgent`: rules that do not run, and rules that are more
    urgent than in the table, each with the source. `advice`: what no number can do.
    """

    id: str
    name: Sentence
    advice: Sentence
    values: Mapping[str, Choice] = field(default_factory=dict)
    off: Mapping[RuleId, str] = field(default_factory=dict)
    urgent: Mapping[RuleId, tuple[Severity, str]] = field(default_factory=dict)


def by_id(presets: tuple[Preset, ...]) -> Mapping[str, Preset]:
    """Return `presets` by their ids. Errors: RuntimeError when two have the same one."""
    found = {preset.id: preset for preset in presets}
    if len(found) != len(presets):
        raise RuntimeError("two presets have one id")
    return found
