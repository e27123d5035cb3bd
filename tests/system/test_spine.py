"""The whole way: from a box of new devices to an operator who has seen a press, and through a bad
evening in which the network and the hub's own processes go."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import (
    everything_urgent_arrives,
    one_alarm_for_one_incident,
    platform_has_only_what_the_journal_has,
    seqs_are_contiguous,
)
from tests.faults.evidence import Evidence, read_journal
from tests.hub import DISTRICT, ROOT, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from tests.system.home import DEVICES, RESTORING, Home

OPERATOR = "wang"


@contextmanager
def evening(folder: Path) -> Iterator[tuple[Home, Mosquitto, PlatformProcess]]:
    """Give a hub under `anju up`, a broker, and a platform whose operator acknowledges alarms."""
    broker = Mosquitto(folder)
    platform = PlatformProcess(folder / "platform.db", broker.address, DISTRICT)
    home = Home(folder, broker_port=broker.port)
    try:
        broker.start()
        platform.start("--operator-acks", "200", "--operator", OPERATOR)
        home.plug_in()
        home.start("up")
        home.wait_ready()
        yield home, broker, platform
    finally:
        home.close()
        platform.stop()
        broker.stop()


@pytest.mark.timeout(240)
def test_from_a_box_of_devices_to_an_operator_and_through_a_bad_evening(tmp_path: Path) -> None:
    with evening(tmp_path) as (home, broker, platform):
        for device, kind in DEVICES.items():
            pair_by_hand(home, device, kind)
        listed = {device["name"]: device["kind"] for device in home.hub.ask("devices")}
        assert listed.keys() == DEVICES.keys()

        a_press_is_seen_by_the_operator(home, platform)
        assert "SOS ready" in home.words("en")
        assert "Connected to the platform" in home.words("en")
        assert "已连接平台" in home.words("zh")

        broker.stop()
        wait_for(lambda: not home.status()["uplink"]["connected"], 30.0, "the loss is seen")
        assert "refuses the connection" in wait_words(home, "en", "refuses the connection")
        assert "Zigbee 工作正常" in home.words("zh")
        home.sounds("trip", "smoke")
        home.sounds("press", "pendant")
        offline = {alarm["id"] for alarm in home.alarms() if alarm["state"] == "ACTIVE"}
        assert len(offline) == 2

        for child in ("guard", "link"):
            before = pid_of(home, child)
            os.kill(before, signal.SIGKILL)
            wait_for(lambda c=child, b=before: pid_of(home, c) != b, 20.0, f"{child} is back")  # type: ignore[misc]
        home.wait_ready()
        assert offline <= {alarm["id"] for alarm in home.alarms()}
        home.sounds("press", "sos")

        broker.start()
        wait_for(lambda: is_all_there(home, platform), 60.0, "everything urgent has arrived")
        late = [e for e in platform.events(kind="alarm.raised") if id_of(e) in offline]
        assert len(late) == 2
        assert all(event["historical"] and event["queued_ms"] > 0 for event in late)
        for alarm in offline:
            wait_state(home, alarm, "ACKED")
        wait_for(lambda: is_all_there(home, platform), 60.0, "the acknowledgements too")
        nothing_is_lost_or_doubled(home, platform)


def a_press_is_seen_by_the_operator(home: Home, platform: PlatformProcess) -> None:
    """Press, hear the siren, and see that the alarm is live at the platform and acknowledged."""
    home.sounds("press", "sos")
    alarm = home.alarms()[0]["id"]
    found = wait_for(
        lambda: [e for e in platform.events(kind="alarm.raised") if id_of(e) == alarm],
        20.0,
        "the platform has it",
    )
    assert len(found) == 1
    assert not found[0]["historical"]
    wait_state(home, alarm, "ACKED")
    shown = next(one for one in home.hub.ask("alarms") if one["id"] == alarm)
    assert OPERATOR in shown["acked_by"]
    assert "ACKED" in {one["state"] for one in home.hub.ask("alarms")}
    assert "已签收" in home.hub.anju("alarms", "--lang", "zh").stdout


def nothing_is_lost_or_doubled(home: Home, platform: PlatformProcess) -> None:
    """Let the judge of the kills look at the journal and at the platform."""
    journal = read_journal(home.hub.data / "journal.db")
    evidence = Evidence(journal=journal, platform=platform.events())
    for claim in (
        seqs_are_contiguous,
        one_alarm_for_one_incident,
        platform_has_only_what_the_journal_has,
        everything_urgent_arrives,
    ):
        assert list(claim(evidence)) == []


def pair_by_hand(home: Home, device: str, kind: str) -> None:
    """Do what an installer does: start `anju pair`, and trigger the device when it says so."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "agent", "pair", "--name", device, "--window", "60"),
            *("--lang", "en", "--config", str(home.hub.config)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as installer:
        try:
            home.hand.do("join", device=device)
            assert installer.stdout is not None
            said = ""
            for line in installer.stdout:
                said += line
                if line.startswith("Set up.") and kind != "siren":
                    home.hand.do("press" if kind.endswith("button") else "trip", device=device)
            assert installer.wait(10) == 0, said
            assert f"named {device}" in said
        finally:
            installer.kill()
    if kind in RESTORING:
        home.hand.do("restore", device=device)


def pid_of(home: Home, child: str) -> int:
    """Return the id of guard or link, as `anju up` said when it last started it."""
    found = re.findall(rf"up\.started child={child} pid=(\d+)", home.hub.log.read_text())
    return int(found[-1])


def is_all_there(home: Home, platform: PlatformProcess) -> bool:
    """Return whether every urgent row of the journal is at the platform."""
    journal = read_journal(home.hub.data / "journal.db")
    here = {key for key, row in journal.items() if row.lane == "urgent"}
    return here <= {(e["journal_id"], e["seq"]) for e in platform.events(lane="urgent")}


def wait_state(home: Home, alarm: str, state: str) -> None:
    """Wait until an alarm stands at `state`."""

    def reached() -> bool:
        return any(one["id"] == alarm and one["state"] == state for one in home.alarms())

    wait_for(reached, 30.0, f"{alarm} is {state}")


def wait_words(home: Home, language: str, words: str) -> str:
    """Wait until `anju status` says this; return all that it says."""
    said: str = wait_for(
        lambda: text if words in (text := home.words(language)) else "", 30.0, words
    )
    return said


def id_of(event: dict[str, Any]) -> str:
    """Return the alarm that an event of the platform is about."""
    found = re.search(r'"id": "([0-9a-f]+-[0-9]+)"', event["data"])
    return found[1] if found else ""
