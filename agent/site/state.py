"""What of the platform's wishes holds, and which change is on trial. Pure.

Owns that versions only rise, that one change is tried at a time, and what a change back restores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from agent.core.errors import CommandRefused


class Part(StrEnum):
    """What can be changed."""

    CONFIG = "config"
    RULES = "rules"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Held:
    """What holds of one part: `body` (JSON) as of `version`; 0 and {} are the installer's own.

    `seen` is the highest version that was ever let in, also when it was taken back.
    """

    version: int = 0
    seen: int = 0
    body: str = "{}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A change that may still be taken back. `until_s` hub time; `over_link`: it holds only if the
    platform is heard over the uplink that it makes; `reached`: the broker has let the hub in."""

    part: Part
    before: Held
    until_s: float
    over_link: bool
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """The whole. `serial` rises with every change of what holds, back or forth."""

    held: Mapping[Part, Held] = field(default_factory=lambda: {part: Held() for part in Part})
    trial: Trial | None = None
    serial: int = 0


def check_version(site: Site, part: Part, version: int) -> None:
    """Errors: CommandRefused "trial_running" or "stale_version" when a change may not begin."""
    if site.trial is not None:
        raise CommandRefused(
            "trial_running",
            f"a change of {site.trial.part} is being tried; ask again when it holds or is undone",
        )
    seen = site.held[part].seen
    if version <= seen:
        raise CommandRefused("stale_version", f"version {version} of {part}: want above {seen}")


def begin(
    site: Site, part: Part, version: int, body: str, *, until_s: float, over_link: bool
) -> Site:
    """Return the site with a change on trial. Errors: as `check_version`."""
    check_version(site, part, version)
    before = site.held[part]
    return Site(
        held={**site.held, part: Held(version, version, body)},
        trial=Trial(part, before, until_s, over_link),
        serial=site.serial + 1,
    )


def reach(site: Site) -> Site:
    """Return the site whose trial has a connection to the broker."""
    assert site.trial is not None
    return replace(site, trial=replace(site.trial, reached=True))


def confirm(site: Site) -> Site:
    """Return the site with its trial passed."""
    return replace(site, trial=None)


def roll_back(site: Site) -> Site:
    """Return the site as it was before the trial; the version that failed stays seen."""
    trial = site.trial
    assert trial is not None
    back = replace(trial.before, seen=site.held[trial.part].seen)
    return Site({**site.held, trial.part: back}, None, site.serial + 1)


def encode(site: Site) -> str:
    """Return the JSON text that `decode` takes."""
    return json.dumps(asdict(site), ensure_ascii=False)


def decode(text: str) -> Site:
    """Return the site of a text made by `encode`.

    Errors: ValueError, TypeError or KeyError when it is none.
    """
    body = json.loads(text)
    held = {part: _held(body["held"][part]) for part in Part}
    trial = body["trial"]
    if trial is not None:
        trial = Trial(
            part=Part(trial["part"]),
            before=_held(trial["before"]),
            until_s=float(trial["until_s"]),
            over_link=bool(trial["over_link"]),
            reached=bool(trial["reached"]),
        )
    return Site(held, trial, int(body["serial"]))


def _held(body: Mapping[str, object]) -> Held:
    version, seen, text = body["version"], body["seen"], body["body"]
    if not (isinstance(version, int) and isinstance(seen, int) and isinstance(text, str)):
        raise TypeError(f"{body!r} is not what holds of a part")
    if not isinstance(json.loads(text), dict):
        raise ValueError("body is not an object")
    return Held(version, seen, text)
