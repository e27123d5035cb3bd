"""The disk is read-only, full, missing or damaged: help comes, and nothing told is lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.hub import wait_for
from tests.system.conftest import MakeHome
from tests.system.home import Home, mounted

DISK = "hub:journal/disk"
QUARANTINE = "hub:journal/quarantine"

pytestmark = pytest.mark.timeout(240)


def journal_is_ill(home: Home) -> None:
    """Demand that the hub says in words that its journal is not where it should be."""
    home.wait_trouble(DISK)
    status = home.status()
    assert status["journal"]["ok"] is False
    assert "free space" in status["journal"]["says"]["en"]
    assert "事件日志异常" in home.words("zh")
    assert "cannot be written" in home.words("en")


def journal_gets_well(home: Home, told: list[dict[str, Any]]) -> None:
    """Demand that the real file is written again, with every alarm that was told meanwhile."""
    home.wait_no_trouble(DISK)
    wait_for(lambda: home.status()["journal"]["ok"], 10.0, "the journal is well")
    home.sounds("press", "sos")
    raised = {json.loads(body)["id"] for _, _, kind, body in home.journal() if kind[:6] == "alarm."}
    assert {alarm["id"] for alarm in told} <= raised


def test_a_read_only_disk_at_the_start_costs_no_help(make_home: MakeHome) -> None:
    home = make_home()
    data = home.hub.data
    with mounted("--bind", str(data), where=data), mounted("-o", "remount,ro,bind", where=data):
        home.plug_in()
        home.start()
        home.wait_ready()
        journal_is_ill(home)
        assert home.status()["devices"] == 5
        home.sounds("press", "sos")
        home.sounds("trip", "smoke")
        wait_for(lambda: len(home.alarms()) == 2, 10.0, "both alarms are told")
        told = home.alarms()
        with mounted("-o", "remount,rw,bind", where=data):
            journal_gets_well(home, told)
        home.close()


def test_a_file_in_place_of_the_data_folder_costs_no_help(make_home: MakeHome) -> None:
    home = make_home()
    aside = home.folder / "aside"
    home.hub.data.rename(aside)
    home.hub.data.write_text("not a folder")
    home.plug_in()
    home.start()
    journal_is_ill(home)
    home.hub.data.unlink()
    aside.rename(home.hub.data)
    home.wait_no_trouble(DISK)


@pytest.mark.parametrize("when", ["at the start", "in the middle"])
def test_a_full_disk_costs_no_help(when: str, make_home: MakeHome) -> None:
    home = make_home()
    data, kept = home.hub.data, home.folder / "kept"
    data.rename(kept)
    data.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=3m", "tmpfs", where=data):
        shutil.copytree(kept, data, dirs_exist_ok=True)
        home.plug_in()
        if when == "at the start":
            fill(data / "ballast")
        home.start()
        home.wait_ready()
        if when == "in the middle":
            home.sounds("press", "sos")
            fill(data / "ballast")
        make_rows_until_the_disk_is_full(home)
        journal_is_ill(home)
        home.sounds("press", "pendant")
        home.sounds("trip", "smoke")
        told = home.alarms()
        assert {alarm["device_name"] for alarm in told} >= {"pendant", "smoke"}
        (data / "ballast").unlink()
        journal_gets_well(home, told)
        home.close()


@pytest.mark.parametrize("damage", ["its head", "its pages", "all of it"])
def test_a_corrupt_journal_is_set_aside_and_the_home_goes_on(
    damage: str, make_home: MakeHome
) -> None:
    home = make_home()
    home.plug_in()
    home.start()
    home.wait_ready()
    home.sounds("press", "sos")
    before = wait_for(home.alarms, 10.0, "the alarm is told")[0]["id"]
    home.hub.stop("guard")
    journal = home.hub.data / "journal.db"
    corrupt(journal, damage)
    home.start()
    home.wait_ready()
    assert "is corrupt" in home.wait_trouble(QUARANTINE)
    assert "已损坏" in home.words("zh") or "corrupt" in home.words("zh")
    assert home.status()["devices"] == 5
    home.sounds("press", "sos")
    home.sounds("press", "pendant")
    after = [alarm["id"] for alarm in home.alarms()]
    assert before not in after, "a fresh journal gives its alarms names of its own"
    assert list(home.hub.data.glob("journal.db.bad-*")), "the damaged file is kept"
    home.hub.stop("guard")
    home.start()
    home.wait_ready()
    assert home.status()["devices"] == 5
    assert {alarm["id"] for alarm in home.alarms()} >= set(after)


def make_rows_until_the_disk_is_full(home: Home) -> None:
    """Have telemetry written until the journal has moved."""

    def moved() -> bool:
        home.hand.do("flood", device="door", count=200, rate_per_s=400)
        return not home.status()["journal"]["ok"]

    wait_for(moved, 60.0, "the disk is full")


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def corrupt(journal: Path, what: str) -> None:
    """Damage a journal as a bad card does."""
    found = bytearray(journal.read_bytes())
    if what == "its head":
        found[:100] = os.urandom(100)
    elif what == "its pages":
        for start in range(4096, len(found), 4096):
            found[start : start + 512] = os.urandom(512)
    else:
        found[:] = os.urandom(len(found))
    journal.write_bytes(found)
