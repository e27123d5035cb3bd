"""A whole hub that never had an uplink and loses its power: the product's own guard, radio and all.

Owns one scenario. Blocking, for the hub's own tests are: the table plays it in a thread.
"""

from __future__ import annotations

import json

from tests.faults.evidence import Key, Row, read_journal
from tests.faults.network.outcome import Outcome, Play
from tests.hub import DISTRICT, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from tests.system.home import Home

ARRIVES_WITHIN_S = 60.0


def never_had_an_uplink(play: Play) -> Outcome:
    """Alarms are raised and power is lost, twice, before there ever was a broker."""
    play.folder.mkdir(parents=True, exist_ok=True)
    broker = Mosquitto(play.folder)
    platform = PlatformProcess(play.folder / "platform.db", broker.address, DISTRICT)
    home = Home(play.folder, broker_port=broker.port)
    journal = home.hub.data / "journal.db"
    try:
        home.plug_in()
        home.start("guard")
        home.wait_ready()
        home.pair_all()
        home.start("link")
        for button in ("sos", "pendant"):
            home.wait_ready()
            home.sounds("press", button)
            for name in play.rng.sample(("guard", "link"), 2):
                home.hub.kill(name)
            home.start("guard", "link")
        home.wait_ready()
        before = read_journal(journal)
        broker.start()
        platform.start()
        wait_for(
            lambda: before.keys() <= _there(platform).keys(), ARRIVES_WITHIN_S, "all rows arrived"
        )
        return Outcome("never_had_an_uplink", _faults(before, platform), {"rows": len(before)})
    finally:
        home.close()
        platform.stop()
        broker.stop()


def _there(platform: PlatformProcess) -> dict[Key, Row]:
    return {
        (str(e["journal_id"]), int(e["seq"])): Row(
            e["kind"], e["lane"], e["severity"], e["subject"], json.loads(e["data"]), None
        )
        for e in platform.events()
    }


def _faults(before: dict[Key, Row], platform: PlatformProcess) -> list[str]:
    events = platform.events()
    faults: list[str] = []
    if len({(e["journal_id"], e["seq"]) for e in events}) != len(events):
        faults.append("the platform has a row twice")
    there = _there(platform)
    for key, row in before.items():
        came = there[key]
        if (came.kind, came.lane, came.body) != (row.kind, row.lane, row.body):
            faults.append(f"row {key} is {row}, the platform has {came}")
    raised = [row for row in before.values() if row.kind == "alarm.raised"]
    if len({row.device for row in raised if row.severity == "S1"}) < 2:
        faults.append(f"two buttons were pressed and {len(raised)} alarms are on record")
    lanes = [str(e["lane"]) for e in events if (str(e["journal_id"]), int(e["seq"])) in before]
    first_bulk = lanes.index("bulk") if "bulk" in lanes else len(lanes)
    if "urgent" in lanes[first_bulk:]:
        faults.append("a bulk row arrived before an urgent one that had waited longer")
    return faults[:10]
