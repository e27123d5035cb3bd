"""The shape of the repository: big files, the changelog, the maps in the READMEs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

BLOB_BYTES = 200_000
MAY_BE_BIG = ("hw-fixtures/",)  # Captures of real devices.

_RELEASE = re.compile(r"## (Unreleased|\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d)$")
_MAP_HEADING = re.compile(r"## (A map of the code|代码地图)")
_MAP_LINE = re.compile(r"\| `([^`]+)` \|")


def check_blobs(sizes: Mapping[str, int]) -> list[str]:
    """Return every file that is too big to be read by a person."""
    return [
        f"{path}: {size} bytes; wanted at most {BLOB_BYTES}"
        for path, size in sizes.items()
        if size > BLOB_BYTES and not path.startswith(MAY_BE_BIG)
    ]


def check_changelog(text: str) -> list[str]:
    """Return where the changelog is not: title, releases newest first, one sentence a change."""
    lines = text.splitlines()
    faults = []
    if not lines or lines[0] != "# Changelog":
        faults.append("CHANGELOG.md:1: begins with '# Changelog'")
    releases = [(n, line) for n, line in enumerate(lines, 1) if line.startswith("## ")]
    if not releases:
        faults.append("CHANGELOG.md: has no release")
    for number, line in releases:
        if not _RELEASE.match(line):
            faults.append(f"CHANGELOG.md:{number}: '{line}': wanted '## 1.2.3 - 2026-01-31'")
    versions = [_version(line) for _, line in releases if _RELEASE.match(line)]
    if versions != sorted(versions, reverse=True):
        faults.append("CHANGELOG.md: the newest release comes first")
    for number, entry in _entries(lines):
        if not entry.endswith("."):
            faults.append(f"CHANGELOG.md:{number}: a change is a sentence and ends with a dot")
    return faults


def _version(heading: str) -> tuple[int, ...]:
    numbers = re.findall(r"\d+", heading)[:3]
    return tuple(int(number) for number in numbers) or (10**9,)  # Unreleased is the newest.


def _entries(lines: Sequence[str]) -> list[tuple[int, str]]:
    entries: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if line.startswith("- "):
            entries.append((number, line))
        elif line.startswith("  ") and entries:
            entries[-1] = (entries[-1][0], f"{entries[-1][1]} {line.strip()}")
    return entries


def check_map(name: str, text: str, root: Path) -> list[str]:
    """Return every line of a README's map that leads nowhere."""
    after = _MAP_HEADING.split(text)[2:]
    if not after:
        return [f"{name}: has no map of the code"]
    section = after[0].split("\n## ")[0]
    places = _MAP_LINE.findall(section)
    if not places:
        return [f"{name}: its map is empty"]
    return [
        f"{name}: its map names {p}, which is not there" for p in places if not (root / p).exists()
    ]
