"""A copy of something small beside the journal, for the day on which the journal is damaged.

Owns that a copy is replaced whole, durably, and that the one before it stays.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def write(path: Path, name: str, text: str) -> None:
    """Replace the copy at `path` with `text`, kept under `name`; the one before it stays as `.old`.

    Errors: OSError; then the copy before it is still whole.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        json.dump({"sha256": digest, name: text}, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileNotFoundError):
        os.replace(path, path.with_suffix(".old"))
    os.replace(fresh, path)
    sync_folder(path.parent)


def read(path: Path, name: str) -> Iterator[str]:
    """Yield the text of each copy that is whole, the newest first. Never raises."""
    for candidate in (path, path.with_suffix(".old")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads(candidate.read_text())
            if hashlib.sha256(kept[name].encode()).hexdigest() == kept["sha256"]:
                yield kept[name]


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk. Errors: OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
