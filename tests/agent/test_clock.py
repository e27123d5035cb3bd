"""The hub's timeline goes on over restarts and its wall time does not go back.

The operating system's clocks are bent by a small preloaded library, in processes of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.clock import LastTime, SystemClock
from agent.core.clock import BootId, Stamp, TimeQuality
from tests.hub import ROOT

_SAY = """
import json, sys, time
from agent.clock import LastTime, SystemClock
text = sys.argv[1]
clock = SystemClock(LastTime.decode(text))
first, second = clock.now(), clock.now()
print(json.dumps({
    "at_s": first.at_s, "mono_ms": first.mono_ms, "wall_s": first.wall_s,
    "quality": first.quality, "boot_id": first.boot_id,
    "forward": second.at_s >= first.at_s and second.wall_s >= first.wall_s,
    "last": LastTime.of(second).encode(),
}))
"""
_SHORT_S = 20.0  # What a slow machine may need to start a process.


@dataclass(frozen=True)
class World:
    """A place where processes see another wall clock."""

    library: Path

    def says(
        self, last: str | LastTime = "", *, wall_off_s: int = 0, synced: bool = False
    ) -> dict[str, Any]:
        """Return what the clock of a fresh process shows that begins from `last`."""
        environment = {
            **os.environ,
            "LD_PRELOAD": str(self.library),
            "BENT_WALL_S": str(wall_off_s),
            "BENT_SYNC": "0" if synced else "5",
        }
        text = last if isinstance(last, str) else last.encode()
        command = [sys.executable, "-c", _SAY, text]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, timeout=30, check=True
        )
        said: dict[str, Any] = json.loads(done.stdout)
        assert said["forward"]
        return said


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler here to bend the clock with")
    library = tmp_path_factory.mktemp("clock") / "bent_time.so"
    source = Path(__file__).with_name("bent_time.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60
    )
    return World(library)


def real_wall_s() -> float:
    return time.clock_gettime(time.CLOCK_REALTIME)


def test_the_remembered_time_is_read_as_it_was_written() -> None:
    stamp = Stamp(12.5, 9_000, BootId("b"), 1_795_000_000.5, TimeQuality.RTC)
    last = LastTime.of(stamp)
    assert LastTime.decode(last.encode()) == last == LastTime(12.5, 9_000, "b", 1_795_000_000.5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "3",
        "[]",
        "[1,2]",
        '["x",0,"b",0]',
        "{}",
        "[1,2,3,",
        '[NaN,0,"b",0]',
        '[0,Infinity,"b",0]',
        '[0,0,"b",1e999]',
    ],
)
def test_what_is_no_remembered_time_is_none(text: str) -> None:
    assert LastTime.decode(text) is None


def test_the_first_start_shows_the_time_of_the_system() -> None:
    stamp = SystemClock().now()
    assert abs(stamp.wall_s - real_wall_s()) < 1
    assert abs(stamp.at_s - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
    assert abs(stamp.mono_ms / 1000 - stamp.at_s) < 0.01


def test_in_the_same_boot_the_timeline_goes_on_exactly() -> None:
    before = SystemClock().now()
    moved = LastTime(before.at_s + 5_000, before.mono_ms, before.boot_id, before.wall_s)
    after = SystemClock(moved).now()
    passed_s = (after.mono_ms - before.mono_ms) / 1000
    assert after.at_s - moved.at_s == pytest.approx(passed_s, abs=0.002)


def test_in_the_same_boot_a_clock_set_forward_does_not_move_the_timeline(world: World) -> None:
    first = world.says()
    second = world.says(first["last"], wall_off_s=86_400)
    assert 0 <= second["at_s"] - first["at_s"] < _SHORT_S
    assert second["wall_s"] - first["wall_s"] >= 86_400


def test_after_another_boot_the_timeline_goes_on_by_the_wall_time_that_passed(
    world: World,
) -> None:
    now_s = real_wall_s()
    said = world.says(LastTime(50_000.0, 7, "another-boot", now_s - 3_600))
    assert 3_600 <= said["at_s"] - 50_000.0 < 3_600 + _SHORT_S


def test_after_another_boot_with_a_wrong_wall_clock_the_timeline_goes_on_where_it_stopped(
    world: World,
) -> None:
    last = LastTime(50_000.0, 7, "another-boot", real_wall_s())
    said = world.says(last, wall_off_s=-10 * 365 * 86_400)
    assert 0 <= said["at_s"] - 50_000.0 < _SHORT_S


def test_wall_time_that_would_go_back_over_a_boot_is_restored_and_goes_on(world: World) -> None:
    last = LastTime(50_000.0, 7, "another-boot", real_wall_s())
    said = world.says(last, wall_off_s=-10 * 365 * 86_400)
    assert 0 <= said["wall_s"] - last.wall_s < _SHORT_S
    assert said["quality"] == TimeQuality.RESTORED


def test_restored_wall_time_does_not_go_back_when_guard_starts_again_in_the_same_boot(
    world: World,
) -> None:
    wrong_s = -10 * 365 * 86_400
    first = world.says(LastTime(50_000.0, 7, "another-boot", real_wall_s()), wall_off_s=wrong_s)
    second = world.says(first["last"], wall_off_s=wrong_s)
    third = world.says(second["last"], wall_off_s=wrong_s)
    assert first["wall_s"] < second["wall_s"] < third["wall_s"]
    assert third["wall_s"] - first["wall_s"] < 3 * _SHORT_S
    assert {s["quality"] for s in (first, second, third)} == {TimeQuality.RESTORED}
    assert first["at_s"] < second["at_s"] < third["at_s"]


def test_a_good_clock_is_not_called_restored_after_a_restart_in_the_same_boot(
    world: World,
) -> None:
    said = world.says()
    for _ in range(3):
        said = world.says(said["last"])
        assert said["quality"] != TimeQuality.RESTORED


def test_a_synchronised_clock_is_believed_even_if_it_is_behind_what_was_remembered(
    world: World,
) -> None:
    now_s = real_wall_s()
    said = world.says(LastTime(50_000.0, 7, "another-boot", now_s + 86_400), synced=True)
    assert said["quality"] == TimeQuality.SYNCED
    assert abs(said["wall_s"] - now_s) < _SHORT_S
    assert said["at_s"] >= 50_000.0, "but the timeline does not go back"


def test_the_quality_says_where_the_time_comes_from(world: World) -> None:
    unset = TimeQuality.RTC if Path("/dev/rtc0").exists() else TimeQuality.UNKNOWN
    assert world.says(synced=True)["quality"] == TimeQuality.SYNCED
    assert world.says()["quality"] == unset
    assert world.says(wall_off_s=-10 * 365 * 86_400)["quality"] == TimeQuality.UNKNOWN
