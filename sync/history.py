"""What happened to the uplink since link started, in so many words and numbers.

Owns the counts and the last complaints, for reports. Decides nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from agent.control.schema import UplinkFault

FAULTS_KEPT = 5
DETAIL_CHARS = 200


@dataclass(slots=True)
class History:
    """`since_s` when the connection last came or went, `last_ack_s` when the platform last
    acknowledged anything; wall seconds, None for never."""

    since_s: float
    last_ack_s: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    _faults: deque[UplinkFault] = field(default_factory=lambda: deque(maxlen=FAULTS_KEPT))

    def note(self, code: str, detail: str, now_s: float) -> None:
        """Remember a complaint; the same one again takes the place of the last."""
        self.counts[code] += 1
        fault = UplinkFault(code=code, detail=detail[:DETAIL_CHARS], at_s=now_s)
        if self._faults and self._faults[-1].code == code:
            self._faults.pop()
        self._faults.append(fault)

    def count(self, code: str) -> None:
        """Count what is no complaint."""
        self.counts[code] += 1

    @property
    def faults(self) -> tuple[UplinkFault, ...]:
        """Return the last complaints, oldest first."""
        return tuple(self._faults)
