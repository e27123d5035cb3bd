"""What earlier runs found out, so that a run after a small change is short.

Nothing is believed that may have changed: a fate holds while the program and its tests are, byte
for byte, what they were. Later, the old killer is only the first test to be tried.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutate.forks import Fate, Outcome
from tests.mutate.operators import Mutant

READ_BY_TESTS = (
    "agent/core",
    "agent/response",
    "local_rules",
    "tests/local_rules",
    "tests/response",
    "tests/mutate",
)


def digest(root: Path) -> str:
    """Return what stands for everything that the fate of a mutant hangs on."""
    sums = hashlib.sha256(sys.version.encode())
    for folder in READ_BY_TESTS:
        for path in sorted((root / folder).rglob("*.py")):
            sums.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return sums.hexdigest()


@dataclass
class Memory:
    """`now` is the digest of today; `fates` has digest, fate and killer for each mutant's name."""

    now: str
    fates: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path, now: str) -> Memory:
        """Return what the file holds; nothing when it is not there or not ours."""
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
            return cls(now, {name: (was, fate, by) for name, (was, fate, by) in held.items()})
        except (OSError, ValueError, AttributeError, TypeError):
            return cls(now)

    def write(self, file: Path) -> None:
        """Keep it for the next run."""
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(self.fates, ensure_ascii=False, indent=0), encoding="utf-8")

    def known(self, mutants: Sequence[Mutant]) -> list[Outcome]:
        """Return the outcomes that still hold. A trial that went wrong is always made again."""
        return [
            Outcome(mutant, Fate(fate), by)
            for mutant in mutants
            for was, fate, by in [self.fates.get(mutant.name, ("", "", ""))]
            if was == self.now and fate != Fate.BROKEN
        ]

    def keep(self, outcome: Outcome) -> None:
        """Remember one outcome of today."""
        self.fates[outcome.mutant.name] = (self.now, outcome.fate, outcome.test)

    def killers(self) -> dict[str, str]:
        """Return the test that last killed each mutant."""
        return {name: by for name, (_, _, by) in self.fates.items() if by}
