"""The stick is missing, mute, taken or forgetful: the hub starts, says so, and gets well again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hub import wait_for
from tests.system.conftest import MakeHome
from tests.system.home import Home

STICK = "hub:zigbee/stick"

_HOLD = (
    "import fcntl, os, sys; port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); "
    "fcntl.flock(port, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
)


def is_down(home: Home, *, zh: str, en: str) -> None:
    """Demand that a hub without its stick says so in words and is there for everything else."""
    assert en in home.wait_trouble(STICK)
    status = home.status()
    assert status["sos_ready"] is False
    assert status["journal"]["ok"] is True
    assert status["devices"] == 5
    driver = status["drivers"][0]
    assert driver["ok"] is False
    assert en in driver["says"]["en"]
    assert zh in driver["says"]["zh"]
    assert en in home.words("en")
    assert zh in home.words("zh")
    before = driver["restarts"]
    wait_for(lambda: home.status()["drivers"][0]["restarts"] > before, 60.0, "it is tried again")


def gets_well(home: Home) -> None:
    """Demand that the hub comes back by itself and that an SOS works."""
    home.wait_ready()
    home.wait_no_trouble(STICK)
    home.sounds("press", "sos")
    home.sounds("press", "pendant")


def test_a_hub_without_its_stick_starts_and_uses_it_when_it_comes(make_home: MakeHome) -> None:
    home = make_home()
    home.start()
    is_down(home, zh="找不到 Zigbee 适配器端口", en="no such port")
    home.plug_in()
    gets_well(home)


def test_a_port_that_nobody_serves_is_a_stick_that_does_not_answer(make_home: MakeHome) -> None:
    home = make_home()
    with mute_port(home.folder / "stick"):
        home.start()
        is_down(home, zh="没有应答", en="does not answer")
        home.plug_in()
        gets_well(home)


def test_a_port_that_another_program_holds_is_used_when_it_is_free(make_home: MakeHome) -> None:
    home = make_home()
    home.plug_in()
    command = [sys.executable, "-c", _HOLD, home.stick.port]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        home.start()
        is_down(home, zh="正被另一个程序占用", en="in use by another program")
    finally:
        other.kill()
        other.communicate()
    gets_well(home)


def with_a_corrupt_database(make_home: MakeHome) -> Home:
    """Return a home that runs although its radio database was damaged before the start."""
    home = make_home()
    database = home.hub.data / "zigbee.db"
    damage = bytearray(database.read_bytes())
    damage[:64] = os.urandom(64)
    damage[4096:8192] = os.urandom(4096)
    database.write_bytes(damage)
    home.plug_in()
    home.start()
    assert "database was damaged" in home.wait_trouble(STICK)
    home.wait_ready()
    return home


def test_a_corrupt_radio_database_does_not_silence_the_buttons(make_home: MakeHome) -> None:
    home = with_a_corrupt_database(make_home)
    home.hand.do("press", device="sos")
    told = wait_for(home.alarms, 20.0, "the press is an alarm")
    assert told[0]["device_name"] == "sos"
    assert home.status()["devices"] == 5
    assert "Zigbee" in home.words("zh")


def test_a_corrupt_radio_database_does_not_silence_the_siren(make_home: MakeHome) -> None:
    home = with_a_corrupt_database(make_home)
    home.sounds("press", "sos", within_s=20.0)


def test_a_stick_that_is_pulled_out_hangs_or_resets_is_told_of_and_used_again(home: Home) -> None:
    home.sounds("press", "sos")
    home.hand.do("unplug")
    assert "is gone" in home.wait_trouble(STICK)
    assert "Plug" in home.words("en")
    assert "插上" in home.words("zh")
    home.hand.do("replug")
    gets_well(home)

    home.hand.do("reset")  # The firmware restarts by itself.
    wait_says(home, "reset itself")
    gets_well(home)

    home.hand.do("hang")
    wait_says(home, "does not answer")
    assert home.status()["journal"]["ok"] is True
    home.hand.do("unhang")
    gets_well(home)


def wait_says(home: Home, words: str) -> None:
    """Wait until the hub says this of its stick."""
    wait_for(lambda: words in home.status()["drivers"][0]["says"]["en"], 30.0, words)


@contextmanager
def mute_port(link: Path) -> Iterator[None]:
    """Put a serial port behind a link, at which nobody ever answers."""
    master, slave = os.openpty()
    link.symlink_to(os.ttyname(slave))
    try:
        yield
    finally:
        os.close(slave)
        os.close(master)
