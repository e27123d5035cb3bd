"""The log keeps what a technician can use."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import logging
from agent import logs
logs.begin()
library = logging.getLogger("zigpy.appdb")
library.info("Requesting a descriptor")
try:
    raise ValueError("FOREIGN KEY constraint failed")
except ValueError:
    library.error("Error handling event", exc_info=True)
library.error("Something that nobody has heard of")
logging.getLogger("agent.guard").info("guard.started")
logging.getLogger("agent.guard").debug("guard.detail")
"""


def said(level: str | None) -> str:
    env = {key: value for key, value in os.environ.items() if key != "ANJU_LOG"}
    env |= {} if level is None else {"ANJU_LOG": level}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=30)
    return done.stderr


def test_known_noise_of_libraries_is_left_out_and_everything_else_is_not() -> None:
    lines = said(None).splitlines()
    assert lines == [
        "ERROR zigpy.appdb Something that nobody has heard of",
        "INFO agent.guard guard.started",
    ]


def test_whoever_asks_for_everything_gets_everything() -> None:
    text = said("DEBUG")
    assert "FOREIGN KEY" in text
    assert "guard.detail" in text


def test_a_level_that_does_not_exist_is_taken_as_the_default() -> None:
    assert "guard.started" in said("LOUD")
