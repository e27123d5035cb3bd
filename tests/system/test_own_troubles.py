"""What guard knows of its own hub becomes a trouble that status shows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agent.clock import EARLIEST_WALL_S, SystemClock
from tests.hub import wait_for
from tests.system.conftest import MakeHome
from tests.system.home import Home
from tests.system.test_clock_and_power import Wall

pytestmark = pytest.mark.timeout(240)


def troubles(home: Home) -> dict[str, str]:
    """Return the rules whose troubles stand, each with its English sentence."""
    return {trouble["rule"]: trouble["why"]["en"] for trouble in home.status()["troubles"]}


def test_a_guard_that_is_killed_three_times_in_a_day_is_a_trouble(make_home: MakeHome) -> None:
    home = make_home()
    home.hub.start("guard")
    for _ in range(2):
        home.status()
        home.hub.kill("guard")
        home.hub.start("guard")
    assert "restarts" not in troubles(home)
    assert home.hub.stop("guard") == 0
    home.hub.start("guard")  # Stopped in good order: this one does not count.
    home.status()
    home.hub.kill("guard")
    home.hub.start("guard")
    said = wait_for(lambda: troubles(home).get("restarts"), 20.0, "the restarts are told")
    assert "the guard process reports an unplanned restart" in said


def test_a_new_board_that_believes_it_is_2020_says_that_its_clock_is_wrong(tmp_path: Path) -> None:
    wall = Wall(tmp_path)
    wall.jump(round(EARLIEST_WALL_S - 5 * 365 * 86_400 - SystemClock().now().wall_s))
    with closing(Home(tmp_path)) as home:
        home.hub.start("guard", env=wall.env(synced=False))
        said = wait_for(lambda: troubles(home).get("clock_off"), 20.0, "the clock is told of")
        assert "the clock off by" in said
