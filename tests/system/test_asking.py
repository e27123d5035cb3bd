"""A hub asks the person at home before it tells others, and is killed while it waits.

The signed change that set the rule's times is put where guard keeps it; the half hour in the
bathroom is slept through by the machine. The rest is real: stick, radio, journal, broker, platform.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.site.state import Held, Part, Site, encode
from tests.hub import DISTRICT, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from tests.system.home import DEVICES, Home

SHIM = Path(__file__).parents[1] / "agent" / "bent_time.c"
RULE, WITHIN_S, ASKS_S = "bathroom_dwell", 1800, 15
TUNED = {f"{RULE}.within_s": WITHIN_S, f"{RULE}.pre_alarm_s": ASKS_S}
BATHROOM = "卫生间"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def bent(tmp_path: Path) -> Path:
    """Return a library that lets a process believe that the machine has slept."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler here to bend the clock with")
    library = tmp_path / "bent_time.so"
    build = [compiler, "-shared", "-fPIC", "-o", str(library), str(SHIM)]
    subprocess.run(build, check=True, timeout=60)
    return library


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def bathroom(tmp_path: Path, template: Path, broker: Mosquitto) -> Iterator[Home]:
    """Return a home with a sensor in the bathroom whose rule asks first; guard does not run."""
    devices = {**DEVICES, "bath": "motion"}
    home = Home(tmp_path, template=template, devices=devices, broker_port=broker.port)
    try:
        home.plug_in()
        home.start()
        home.wait_ready()
        home.pair("bath", "motion", room=BATHROOM)
        home.hand.do("restore", device="bath")
        assert home.hub.stop("guard") == 0
        held = {part: Held() for part in Part}
        held[Part.RULES] = replace(Held(1, 1), body=json.dumps({"tuned": TUNED}))
        with closing(sqlite3.connect(home.hub.data / "journal.db", isolation_level=None)) as db:
            db.execute("INSERT INTO setting VALUES ('site', ?)", (encode(Site(held)),))
        yield home
    finally:
        home.close()


def dwell(home: Home) -> list[tuple[str, str, dict[str, Any]]]:
    """Return kind, lane and body of every row about the alarm, in order."""
    path = home.hub.data / "journal.db"
    wanted = "kind LIKE 'alarm.%' AND json_extract(body, '$.rule') = ?"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as db:
        found = db.execute(
            f"SELECT kind, lane, body FROM journal WHERE {wanted} ORDER BY seq", (RULE,)
        )
        return [(kind, lane, json.loads(body)) for kind, lane, body in found]


def moves(home: Home) -> int:
    """Return how often the sensor in the bathroom has spoken unasked; all of it is on disk."""
    said = (json.loads(body) for _, _, kind, body in home.journal() if kind == "reading")
    return sum(one["quantity"] == "motion" and "frame" in one for one in said)


def stay(home: Home, bent: Path) -> None:
    """Let the person go in and not come out, while guard is away: the hub then asks at once."""
    home.start()
    home.wait_ready()
    before = moves(home)
    home.hand.do("trip", device="bath")
    wait_for(lambda: moves(home) > before, 20.0, "the sensor is heard")
    home.hub.kill("guard")
    home.hub.start("guard", env=slept(bent, WITHIN_S))
    wait_for(lambda: bool(dwell(home)), 20.0, "the person is asked")


def slept(bent: Path, seconds: int) -> dict[str, str]:
    return {"LD_PRELOAD": str(bent), "BENT_BOOT_S": str(seconds)}


@pytest.mark.parametrize("off_s", [0, 60])
def test_a_hub_killed_while_it_asks_calls_for_help_when_it_must(
    bathroom: Home, bent: Path, broker: Mosquitto, tmp_path: Path, off_s: int
) -> None:
    platform = PlatformProcess(tmp_path / "platform.db", broker.address, DISTRICT)
    platform.start()
    try:
        stay(bathroom, bent)
        bathroom.start("link")
        bathroom.hub.kill("guard")
        assert [kind for kind, _, _ in dwell(bathroom)] == ["alarm.pre_alarm"]
        bathroom.hub.start("guard", env=slept(bent, WITHIN_S + off_s))
        wait_for(lambda: len(dwell(bathroom)) > 1, ASKS_S + 20.0, "help is called")
        (_, first_lane, asked), (kind, lane, raised) = dwell(bathroom)
        assert (first_lane, kind, lane) == ("bulk", "alarm.raised", "urgent")
        assert (asked["state"], asked["raised"]) == ("PRE_ALARM", None)
        assert (raised["id"], raised["count"], raised["state"]) == (asked["id"], 1, "ACTIVE")
        waited_s = raised["raised"]["at_s"] - raised["detected"]["at_s"]
        if off_s:
            assert waited_s > off_s, "overdue: as soon as it runs again"
        else:
            assert ASKS_S <= waited_s < ASKS_S + 2.0, "the kill has cost nothing"

        def came() -> set[tuple[str, str]]:
            events = [e for e in platform.events() if json.loads(e["data"]).get("rule") == RULE]
            return {(e["kind"], e["lane"]) for e in events}

        wanted = {("alarm.pre_alarm", "bulk"), ("alarm.raised", "urgent")}
        wait_for(lambda: came() == wanted, 30.0, f"the platform has it all: {came()}")
        checked = bathroom.hub.anju("journal", "verify")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finally:
        platform.stop()


def test_a_person_who_answers_is_left_in_peace_and_a_mute_holds_over_a_kill(
    bathroom: Home, bent: Path
) -> None:
    stay(bathroom, bent)
    bathroom.wait_ready()
    (asked,) = [one for one in bathroom.alarms() if one["rule"] == RULE]
    assert (asked["state"], asked["raised_at_s"], asked["prompts"]) == ("PRE_ALARM", None, 1)
    assert bathroom.status()["alarms_waiting"] == 1
    answered = bathroom.hub.anju("alarm", "ack", asked["id"])
    assert answered.stdout.startswith("Called off: "), answered.stderr
    assert [kind for kind, _, _ in dwell(bathroom)] == ["alarm.pre_alarm", "alarm.called_off"]

    muted = bathroom.hub.anju("rules", "mute", RULE, "--for", "2h", "--why", "bath day")
    assert muted.returncode == 0, muted.stderr
    never = bathroom.hub.anju("rules", "mute", "sos", "--for", "1h")
    assert (never.returncode, "never muted" in never.stderr) == (1, True)
    bathroom.hub.kill("guard")
    bathroom.hub.start("guard", env=slept(bent, WITHIN_S))
    bathroom.wait_ready()
    assert [one["rule"] for one in bathroom.status()["mutes"]] == [RULE]
    assert "bath day" in bathroom.words("en")
    bathroom.sounds("press", "sos")
