"""Makes the settings and the rules of a home out of the installer's file and the platform's wishes.

Owns which keys the platform may change at all. Everything is judged by the models and hard ranges
that judge the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from agent.config import Config
from agent.core.errors import CommandRefused, ConfigError
from local_rules.rule import RuleBook
from local_rules.settle import Settled, settle
from local_rules.wish import read

CHANGEABLE: Mapping[str, tuple[str, ...]] = {
    "siren": ("sos_s", "danger_s"),
    "journal": ("max_mb",),
    "uplink": ("host", "port", "protocol", "keepalive_s", "reconnect_max_s", "bulk_rows_per_s"),
}
"""All the platform may change, by section. Who the hub is, where it keeps its things, whom it
trusts, its passwords and whether it speaks TLS are the installer's alone: whoever may change these
could take the hub away. Nothing here can mute an alarm."""


def settings_of(base: Config, wish: Mapping[str, Any]) -> Config:
    """Return the installer's settings with the platform's wishes in them.

    Errors: CommandRefused "forbidden_key" for a key that is not the platform's to change,
    "bad_content" for a value that the file could not have either.
    """
    merged = base.model_dump()
    for section, values in wish.items():
        allowed = CHANGEABLE.get(section)
        if allowed is None or not isinstance(values, Mapping):
            raise _forbidden(section)
        if merged.get(section) is None:
            raise CommandRefused("bad_content", f"[{section}]: this hub has no such section")
        for key, value in values.items():
            if key not in allowed:
                raise _forbidden(f"{section}.{key}")
            merged[section][key] = value
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise CommandRefused("bad_content", _sentence(error)) from error


def settled_of(config: Config, wish: Mapping[str, Any]) -> Settled:
    """Return what holds of the table, the installer's `[rules]` and the platform's wish, in that
    order.

    Errors: CommandRefused "bad_content" for an unknown rule or parameter, a value out of range,
    limits that contradict one another, and for any wish to turn an S1 rule off.
    """
    try:
        return settle(read(config.rules), read(wish))
    except ConfigError as error:
        raise CommandRefused("bad_content", str(error)) from error


def rules_of(config: Config, wish: Mapping[str, Any]) -> RuleBook:
    """Return the rules with the platform's values, all inside their hard ranges.

    Errors: as `settled_of`.
    """
    settled = settled_of(config, wish)
    return settled.book(siren_sos_s=config.siren.sos_s, siren_danger_s=config.siren.danger_s)


def needs_link(before: Config, after: Config) -> bool:
    """Return whether the change makes another connection to the platform."""
    return before.uplink != after.uplink


def _forbidden(key: str) -> CommandRefused:
    known = ", ".join(
        f"{section}.{name}" for section, names in CHANGEABLE.items() for name in names
    )
    return CommandRefused("forbidden_key", f"{key[:80]} is the installer's; there are: {known}")


def _sentence(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part)[:64] for part in fault["loc"]) or "content"
    return f"{where}: {fault['msg']}"[:300]
