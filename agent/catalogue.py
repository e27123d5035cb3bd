"""Writes local_rules/CATALOGUE.md from the safety table: `python -m agent.catalogue [--check]`.

Owns which tests speak of which rule: those that have its id in quotation marks, and the plays that
name it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from local_rules.catalog import ROWS
from local_rules.page import EVERY_ROW, as_markdown

ROOT = Path(__file__).parents[1]
FILE = ROOT / "local_rules" / "CATALOGUE.md"

_QUOTED = re.compile(r"""["']([a-z][a-z0-9_]*)(?=["'./])""")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


def tests_by_rule(root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return, for each rule, the files under `root`/tests that speak of it, by name in order."""
    ids = {str(row.id) for row in ROWS}
    found: dict[str, list[str]] = {rule: [] for rule in sorted(ids)}
    for file in sorted((root / "tests").rglob("*")):
        if file.suffix == ".play":
            said = _WORD.findall(file.read_text(encoding="utf-8"))
        elif file.suffix == ".py" and file.name.startswith("test_"):
            said = _QUOTED.findall(file.read_text(encoding="utf-8"))
        else:
            continue
        name = file.relative_to(root).as_posix()
        for rule in ids & set(said):
            if name != EVERY_ROW:
                found[rule].append(name)
    return {rule: tuple(names) for rule, names in found.items()}


def page() -> str:
    """Return the whole document."""
    return as_markdown(tests_by_rule(ROOT))


def drifted(written: str) -> bool:
    """Return whether the document is no longer what the table says."""
    return written != page()


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` say whether it is up to date."""
    if arguments == ["--check"]:
        stale = drifted(FILE.read_text(encoding="utf-8") if FILE.is_file() else "")
        sys.stdout.write(
            f"{FILE.name}: {'out of date; run: make docs' if stale else 'up to date'}\n"
        )
        return int(stale)
    FILE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
