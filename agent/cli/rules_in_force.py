"""Which rules and limits hold on this hub: its own file and what the platform applied, or the table
alone where there is no hub. Needs no running guard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click

from agent.cli import text
from agent.cli.frame import Fault, UsageFault, asked_for, language_of
from agent.cli.session import config_path_of, load_or_fault
from agent.config import Config
from agent.core.errors import CommandRefused, ConfigError, JournalError
from agent.core.text import Sentence
from agent.journal.places import Role, connect, places
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.site import overlay, state
from local_rules.explain import span
from local_rules.fault import RuleFault
from local_rules.rule import RuleBook
from local_rules.settle import Settled, settle

_SITE = "site"


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds, and on what grounds: `config` None means that there is no hub here, and the
    numbers are those of the table. `version` is that of the platform's wishes, 0: none."""

    settled: Settled
    config: Config | None
    language: str
    version: int = 0

    def say(self, sentence: Sentence, **values: object) -> str:
        """Return our own sentence in the caller's language."""
        return text.say(sentence, self.language, **values)

    def book(self) -> RuleBook:
        """Return the rules as they run."""
        if self.config is None:
            return self.settled.book()
        siren = self.config.siren
        return self.settled.book(siren_sos_s=siren.sos_s, siren_danger_s=siren.danger_s)


def in_force(ctx: click.Context) -> InForce:
    """Return what holds. Errors: Fault when there is a hub's file and it is wrong."""
    language = language_of(ctx)
    path = config_path_of(ctx)
    if not path.exists() and asked_for(ctx, "config") is None:
        return InForce(settle(), None, language)
    config = load_or_fault(ctx, path)
    language = language_of(ctx, config.hub.language)
    kept = journal_state(config, Table.SETTING, language).get(_SITE)
    wish, version = _wish(kept)
    try:
        return InForce(overlay.settled_of(config, wish), config, language, version)
    except CommandRefused:
        # As guard does: a wish that this release cannot take is left out.
        return InForce(overlay.settled_of(config, {}), config, language)


def journal_state(config: Config, table: Table, language: str) -> Mapping[str, str]:
    """Return a small table of the journal that the hub writes, empty when it has none yet.

    Errors: Fault when the file cannot be read.
    """
    try:
        found = [
            place
            for place in places(config.journal_file, config.fallback_file)
            if place.role is Role.MAIN
        ]
        if not found:
            return {}
        reader = JournalReader(found[0].path, connect(found[0].path))
        try:
            return reader.state(table)
        finally:
            reader.close()
    except JournalError as error:
        raise Fault(text.say(text.FAULT_JOURNAL_FILE, language, what=error)) from error


def _wish(kept: str | None) -> tuple[Mapping[str, Any], int]:
    """Return what the platform wants of the rules, and its version; nothing when that is not to be
    read, as guard does."""
    if kept:
        with suppress(ValueError, TypeError, KeyError):
            held = state.decode(kept).held[state.Part.RULES]
            return json.loads(held.body), held.version
    return {}, 0


def fault_of(error: ConfigError, language: str) -> Fault:
    """Return a wrong file as one line in the caller's language."""
    if isinstance(error, RuleFault):
        return UsageFault(error.sentence.in_language(language))
    return UsageFault(text.say(text.FAULT_CONFIG, language, what=error))


def amount(value: float, unit: str, language: str) -> str:
    """Return a value with its unit; a long time also as people say it.

    >>> amount(43200, "s", "en"), amount(16, "°C", "zh")
    ('43200 s (12 h)', '16 °C')
    """
    plain = f"{value:.10g} {unit}".rstrip()
    if unit != "s" or value < 60:
        return plain
    return f"{plain} ({span(value).in_language(language)})"
