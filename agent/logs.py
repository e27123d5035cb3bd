"""Where the log of a process goes and how loud it is: standard error, for the journal of systemd.

The log is for what happened in the program; what happened in the home is in the hub's journal.
"""

from __future__ import annotations

import logging
import os

_CHATTY = ("zigpy", "zigpy_znp", "asyncio")
"""Libraries that tell every step of their work: below a warning only for those who ask."""


_NOISE = (
    # What the radio library shouts when a stick goes or a request is given up. The driver has said
    # the same in words that a technician can use.
    "FOREIGN KEY constraint failed",
    "Failed to reset before disconnect",
    "Task exception was never retrieved",
    "set.remove",
)


class _Quiet(logging.Filter):
    """Lets everything through but the known noise of libraries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is worth a line."""
        if not record.name.startswith(_CHATTY):
            return True
        said = f"{record.getMessage()} {record.exc_info[1]!r}" if record.exc_info else record.msg
        return not any(noise in str(said) for noise in _NOISE)


def begin() -> None:
    """Set up the log. ANJU_LOG in the environment names the level: DEBUG, INFO or WARNING."""
    level = os.environ.get("ANJU_LOG", "INFO").upper()
    known = level if level in logging.getLevelNamesMapping() else "INFO"
    logging.basicConfig(level=known, format="%(levelname)s %(name)s %(message)s")
    if known != "DEBUG":
        for handler in logging.getLogger().handlers:
            handler.addFilter(_Quiet())
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
