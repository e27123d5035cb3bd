"""What a check of a journal can say. Pure.

Owns the form of a finding and that there are never too many of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.core.row import JournalId

FINDINGS_OF_A_KIND = 10
"""A page of the same finding helps nobody; the rest is a number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as promised, or with `fault` False one that a person should know.

    `code` names it, `about` what of the file, `detail` what was found there.
    """

    code: str
    about: str
    detail: str = ""
    fault: bool = True


@dataclass(slots=True)
class Report:
    """What a check found, and how much it has looked at. `finished` False: its time was over.
    `more`: findings of a code that are not listed."""

    findings: list[Finding] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    journals: list[JournalId] = field(default_factory=list)
    finished: bool = True

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong, as far as was looked."""
        return not any(finding.fault for finding in self.findings)

    def add(self, finding: Finding) -> None:
        """Take a finding."""
        if sum(one.code == finding.code for one in self.findings) < FINDINGS_OF_A_KIND:
            self.findings.append(finding)
        else:
            self.more[finding.code] = self.more.get(finding.code, 0) + 1


@dataclass(frozen=True, slots=True)
class AlarmSaid:
    """What a body says of an alarm: its id, and whether somebody still has to do something."""

    id: str
    is_open: bool


ReadAlarm = Callable[[dict[str, Any]], AlarmSaid]
"""Errors: JournalError when the body is not that of an alarm."""

OnPage = Callable[[int, int], None]
