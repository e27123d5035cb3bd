"""A play as values: the home it is set in, and what happens and is expected at which second."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.alarm import AlarmState, RuleId, Severity
from agent.core.reading import Quantity, Value
from local_rules.wish import Wish


class PlayError(Exception):
    """A play that cannot be read: what, got, wanted, next step."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device of the home: what it is and the room it is in."""

    thing: str
    room: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One reading that a device gives."""

    quantity: Quantity
    value: Value


@dataclass(frozen=True, slots=True)
class Tell:
    """A device says `facts`; `lasts_s` later it takes them back (0: it does not)."""

    place: Place
    facts: tuple[Fact, ...]
    lasts_s: float = 0
    drill: bool = False


class Turn(StrEnum):
    """What the house itself goes through."""

    HUB_STOPS = "hub stops"
    HUB_STARTS = "hub starts"
    HUB_RESTARTS = "hub restarts"
    CLOCK_LOST = "clock becomes unknown"
    CLOCK_FOUND = "clock becomes known"
    CLOCK_JUMPS = "clock jumps"
    DRILL_ENDS = "drill ends"
    SILENT = "falls silent"
    HEARD = "is heard again"


@dataclass(frozen=True, slots=True)
class Happens:
    """The house goes through something: `place` where it is a device, `by_s` for a clock."""

    turn: Turn
    place: Place | None = None
    by_s: float = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody answers: acknowledges (`cause` "") or resolves, one rule's alarms or all (`rule`
    None)."""

    who: str
    on_site: bool
    rule: RuleId | None
    cause: str = ""


class Change(StrEnum):
    """What an alarm can be expected to do."""

    ASKS = "asks"  # The person in the home is asked before others are told.
    RAISED = "raised"
    AGAIN = "again"
    ENDS = "ends"  # The condition is over.


@dataclass(frozen=True, slots=True)
class Expect:
    """Between `from_s` and `to_s`, both included, an alarm of `rule` makes this change."""

    change: Change
    rule: RuleId
    from_s: float
    to_s: float
    severity: Severity | None = None
    room: str = ""
    because: str = ""
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Stands:
    """At this moment the alarm of `rule` is in one of `states`; no states: there is none open. No
    rule: no alarm at all is open."""

    rule: RuleId | None
    states: tuple[AlarmState, ...] = ()


@dataclass(frozen=True, slots=True)
class Does:
    """At this moment the things of a kind in the home do this ("sounding", "closed", "on")."""

    thing: str
    doing: bool


@dataclass(frozen=True, slots=True)
class Blind:
    """At this moment `rule` counts as blind."""

    rule: RuleId


@dataclass(frozen=True, slots=True)
class Presence:
    """At this moment the hub believes this of who is at home."""

    value: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What a person asked last was refused."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From now to `until_s` nothing happens and no alarm begins."""

    until_s: float


@dataclass(frozen=True, slots=True)
class Waits:
    """Time passes."""


Deed = Tell | Happens | Person
Claim = Expect | Stands | Does | Blind | Presence | Refused | Quiet | Waits


@dataclass(frozen=True, slots=True)
class Step:
    """What line `line` says of second `at_s` of the play."""

    line: int
    at_s: float
    what: Deed | Claim


@dataclass(frozen=True, slots=True)
class Setting:
    """The home of a play.

    `begins_s` seconds since 1970 UTC at second 0. `wish` is the site's say in the rules.
    """

    title: str = ""
    about: str = ""
    begins_s: float = 0
    places: tuple[Place, ...] = ()
    clock_known: bool = True
    wish: Wish = field(default_factory=Wish)


@dataclass(frozen=True, slots=True)
class Play:
    """A whole play. `text` are its lines as they were written."""

    file: str
    text: tuple[str, ...]
    setting: Setting
    steps: tuple[Step, ...]

    @property
    def ends_s(self) -> float:
        """Return the second at which nothing more is done or expected."""
        ends = [0.0]
        for step in self.steps:
            ends.append(step.at_s)
            if isinstance(step.what, Expect):
                ends.append(step.what.to_s)
            elif isinstance(step.what, Quiet):
                ends.append(step.what.until_s)
        return max(ends)
