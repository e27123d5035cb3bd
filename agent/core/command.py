"""What a person or the platform asks of the hub, after it was parsed and authorised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.core.alarm import AlarmId, RuleId
from agent.core.device import DeviceId


class Role(StrEnum):
    """What a caller of the control socket may do."""

    OPERATOR = "operator"  # Read, acknowledge, drill.
    INSTALLER = "installer"  # Also pair and configure.
    LINK = "link"  # Acknowledge for the platform, advance cursors.


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the role, a name for the audit ("cli:root", "platform:li.na"), and whether they
    are in the home."""

    role: Role
    name: str
    on_site: bool


@dataclass(frozen=True, slots=True)
class AckAlarm:
    """A person has taken the alarm on."""

    alarm: AlarmId
    caller: Caller
    note: str = ""


@dataclass(frozen=True, slots=True)
class ResolveAlarm:
    """A person has dealt with the alarm; `cause` is a short code ("false_press", "kitchen_smoke",
    "helped")."""

    alarm: AlarmId
    caller: Caller
    cause: str


@dataclass(frozen=True, slots=True)
class EndDrills:
    """A drill with `device` is over: what it raised is closed."""

    device: DeviceId
    caller: Caller


@dataclass(frozen=True, slots=True)
class MuteRule:
    """For `for_s` seconds the rule is to raise no new alarm; `why` is for the record."""

    rule: RuleId
    for_s: float
    caller: Caller
    why: str = ""


@dataclass(frozen=True, slots=True)
class UnmuteRule:
    """The rule is to be heard again."""

    rule: RuleId
    caller: Caller


Command = AckAlarm | ResolveAlarm | EndDrills | MuteRule | UnmuteRule
