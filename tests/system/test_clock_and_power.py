"""The clock jumps by years while the hub runs, and a hub that never had an uplink loses power."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.clock import SystemClock
from tests.hub import DISTRICT, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from tests.system.conftest import MakeHome
from tests.system.home import Home

TEN_YEARS_S = 315_576_000
SHIM = Path(__file__).parents[1] / "agent" / "bent_time.c"

pytestmark = pytest.mark.timeout(240)


class Wall:
    """The wall clock of a hub, which jumps while it runs."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("no C compiler here to bend the clock with")
        self._library = folder / "bent_time.so"
        self._off = folder / "seconds-off"
        build = [compiler, "-shared", "-fPIC", "-o", str(self._library), str(SHIM)]
        subprocess.run(build, check=True, timeout=60)
        self.jump(0)

    def jump(self, off_s: int) -> None:
        """Be so many seconds off from now on."""
        fresh = self._off.with_suffix(".fresh")
        fresh.write_text(f"{off_s}\n")
        fresh.replace(self._off)

    def env(self, *, synced: bool) -> dict[str, str]:
        """Return the environment of a process that sees this clock."""
        said = {"LD_PRELOAD": str(self._library), "BENT_FILE": str(self._off)}
        return said | {"BENT_SYNC": "0" if synced else "5"}


def rows(home: Home, columns: str) -> list[Any]:
    """Return columns of every row of the journal, in the order of their seqs."""
    path = home.hub.data / "journal.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as db:
        return db.execute(f"SELECT {columns} FROM journal ORDER BY seq").fetchall()


def steps(home: Home) -> list[int]:
    """Return by how many seconds the clock was found to have jumped."""
    found = rows(home, "kind, json_extract(body, '$.delta_ms')")
    return [round(delta_ms / 1000) for kind, delta_ms in found if kind == "clock.stepped"]


def _more_steps(home: Home, known: int) -> bool:
    return len(steps(home)) > known


def test_ten_years_forward_and_back_cost_no_help_and_keep_every_row_in_order(
    make_home: MakeHome, tmp_path: Path
) -> None:
    wall = Wall(tmp_path)
    home = make_home()
    home.plug_in()
    home.hub.start("guard", env=wall.env(synced=True))
    home.wait_ready()
    before = len(rows(home, "seq"))
    doings = (("press", "sos"), ("press", "pendant"), ("trip", "smoke"))
    for off_s, (verb, device) in zip((TEN_YEARS_S, 0, -TEN_YEARS_S), doings, strict=True):
        known = len(steps(home))
        wall.jump(off_s)
        home.sounds(verb, device)
        wait_for(partial(_more_steps, home, known), 10.0, "the step is written down")
    jumps = steps(home)
    assert [round(jump / TEN_YEARS_S) for jump in jumps] == [1, -1, -1]
    came = rows(home, "seq, mono_ms, received_at")[before:]
    assert [mono for _, mono, _ in came] == sorted(mono for _, mono, _ in came)
    assert [seq for seq, *_ in came] == list(range(before + 1, before + 1 + len(came)))
    # Supervision, silence, the siren's end: nothing that waits has been let off by the jumps.
    kinds = {kind for (kind,) in rows(home, "kind")[before:]}
    assert not kinds & {"alarm.closed", "device.left"}
    open_rules = {alarm["rule"] for alarm in home.alarms()}
    assert open_rules == {"sos", "smoke"}, open_rules

    # A start without anybody to vouch for the clock: the hub's wall time does not go back.
    last_s = rows(home, "received_at")[-1][0]
    assert home.hub.stop("guard") == 0
    known = len(rows(home, "seq"))
    wall.jump(-3 * TEN_YEARS_S // 2)
    home.hub.start("guard", env=wall.env(synced=False))
    home.wait_ready()
    home.hand.do("press", device="pendant")
    wait_for(lambda: len(rows(home, "seq")) > known, 10.0, "rows of this start")
    later = rows(home, "received_at, time_quality")[known:]
    assert later
    assert min(at for at, _ in later) >= last_s
    assert {quality for _, quality in later} == {"restored"}


@pytest.mark.parametrize("year", [1970, 1996])
def test_a_board_whose_clock_begins_long_ago_sounds_the_siren_at_every_press(
    make_home: MakeHome, tmp_path: Path, year: int
) -> None:
    wall = Wall(tmp_path)
    wall.jump(round((year - 1970) * TEN_YEARS_S / 10 + 100 - SystemClock().now().wall_s))
    home = make_home()
    home.plug_in()
    for _ in range(2):  # The second press is of an alarm that stands, on a hub that was killed.
        home.hub.start("guard", env=wall.env(synced=False))
        home.wait_ready()
        home.sounds("press", "sos")
        home.hub.kill("guard")
    assert {quality for (quality,) in rows(home, "time_quality")[-3:]} == {"restored"}


def test_a_hub_that_is_killed_before_it_ever_had_an_uplink_keeps_everything(
    make_home: MakeHome, tmp_path: Path
) -> None:
    broker = Mosquitto(tmp_path)
    home = make_home(broker_port=broker.port)
    home.plug_in()
    told: set[str] = set()
    for verb, device in (("press", "sos"), ("press", "pendant"), ("trip", "smoke")):
        home.start("guard", "link")
        home.wait_ready()
        home.sounds(verb, device)
        told |= {alarm["id"] for alarm in home.alarms()}
        home.hub.kill("link")
        home.hub.kill("guard")
    wanted = set(rows(home, "journal_id, seq"))
    assert len({journal_id for journal_id, _ in wanted}) == 1
    assert sorted(seq for _, seq in wanted) == list(range(1, len(wanted) + 1))

    platform = PlatformProcess(tmp_path / "platform.db", broker.address, DISTRICT)
    broker.start()
    platform.start()
    try:
        home.start("guard", "link")

        def all_came() -> bool:
            return wanted <= {(e["journal_id"], e["seq"]) for e in platform.events()}

        wait_for(all_came, 60.0, "the platform has every row of the hub's dark hours")
        events = platform.events()
        assert len(events) == len({(e["journal_id"], e["seq"]) for e in events}), "each once"
        assert told
        known = {f"{e['journal_id']}-{e['seq']}" for e in events}
        assert told <= known, "an alarm's id is its first row"
    finally:
        platform.stop()
        broker.stop()
