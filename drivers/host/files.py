"""Looks at the files in which the kernel describes the hub's parts.

Owns the difference between a part that is not there (None, nothing found) and one that is there and
does not answer (TransportError).
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

from agent.core.errors import TransportError

_MOST_BYTES = 65_536
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENODATA, errno.ENXIO)
"""A driver answers the last three for what its chip does not have."""


def text(path: Path) -> str | None:
    """Return what a file says without its end of line, None when there is nothing to say."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode(errors="replace").strip()
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise TransportError(f"{path.name}: {error.strerror}") from error


def attributes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return those of the attributes that are there. Errors: TransportError."""
    return {name: said for name in names if (said := text(folder / name)) is not None}


def folders(parent: Path, pattern: str = "*") -> list[Path]:
    """Return the parts of a class in order, none when the kernel does not have the class."""
    try:
        return sorted(parent.glob(pattern))
    except OSError:
        return []
