"""Every trouble of the stick has a sentence with a next step, in both languages."""

import os
from pathlib import Path

import pytest

from drivers.zigbee.faults import explain, gone, silent


class FormationFailure(Exception):
    """Named like the library's."""


class NetworkNotFormed(Exception):
    """Named like the library's."""


class NetworkSettingsInconsistent(Exception):
    """Named like the library's."""


@pytest.mark.parametrize(
    ("error", "code", "next_step"),
    [
        (FileNotFoundError(2, "x"), "missing", "Plug the Zigbee stick in"),
        (OSError(5, "x"), "missing", "Plug the Zigbee stick in"),
        (TimeoutError(), "silent", "replace it"),
        (ConnectionError("the port closed"), "unplugged", "Plug it in again"),
        (FormationFailure(), "jammed", "extension cable"),
        (NetworkNotFormed(), "forgotten", "pair again"),
        (NetworkSettingsInconsistent(), "foreign", "own stick back"),
        (KeyError("x"), "failed", "Unplug it for 10 s"),
        (PermissionError(), "taken", "Stop it"),
    ],
)
def test_what_the_library_raises_becomes_a_next_step(
    error: Exception, code: str, next_step: str
) -> None:
    outage = explain(error, "/dev/ttyUSB9")
    assert outage.code == code
    assert next_step in outage.says.en
    assert outage.says.zh
    assert not outage.says.zh.isascii()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_without_permission_names_the_group(tmp_path: Path) -> None:
    port = tmp_path / "stick"
    port.touch(mode=0)
    assert "dialout" in explain(PermissionError(), str(port)).says.en


def test_a_lost_stick_is_told_from_one_that_resets_itself() -> None:
    assert gone("/dev/x", "the port closed").code == "unplugged"
    assert gone("/dev/x", "the stick reset itself (2)").code == "reset"
    assert silent("/dev/x").code == "silent"
