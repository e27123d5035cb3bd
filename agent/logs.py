"""Where the log of a process goes and how loud it is: standard error, for the journal of systemd.

The log is for what happened in the program; what happened in the home is in the hub's journal.
"""

from __future__ import annotations

import logging
import os

_CHATTY = ("zigpy", "zigpy_znp", "asyncio")
"""Libraries that tell every step of their work: below a warning only for those who ask."""


def begin() -> None:
    """Set up the log. ANJU_LOG in the environment names the level: DEBUG, INFO or WARNING."""
    level = os.environ.get("ANJU_LOG", "INFO").upper()
    known = level if level in logging.getLevelNamesMapping() else "INFO"
    logging.basicConfig(level=known, format="%(levelname)s %(name)s %(message)s")
    if known != "DEBUG":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
