"""Every play comes out as it says, and every rule of the table is played by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_rules.catalog import ROWS
from tests.scenarios.parse import parse
from tests.scenarios.play import Expect
from tests.scenarios.player import play_out
from tests.scenarios.show import as_text

FILES = sorted(Path(__file__).parent.glob("*.play"))

PLAYED_NOWHERE: dict[str, str] = {
    "water_running_away": "water and who is at home are played apart so far",
    "weight_up_3_days": "as weight_up_day, over other days",
    "weight_up_week": "as weight_up_day, over other days",
    "weight_down_month": "as weight_up_day, over other days",
}
"""Rules that no play expects, each with the reason."""


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_play_comes_out_as_it_says(path: Path) -> None:
    played = play_out(parse(path.name, path.read_text(encoding="utf-8")))
    assert not played.failures, as_text(played, "en")
    assert played.play.setting.title, "a play has a title"


def test_there_are_plays_enough() -> None:
    assert len(FILES) >= 40


def test_every_rule_is_played_or_says_why_not() -> None:
    plays = [parse(path.name, path.read_text(encoding="utf-8")) for path in FILES]
    expected = {
        str(step.what.rule)
        for play in plays
        for step in play.steps
        if isinstance(step.what, Expect)
    }
    unplayed = {str(row.id) for row in ROWS if not row.derives} - expected
    assert unplayed == PLAYED_NOWHERE.keys(), "each has a play, or a reason; never both"
