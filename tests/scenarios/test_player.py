"""The judge of plays: what must fail fails at its line, and the house behaves as a house does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.__main__ import main
from tests.scenarios.parse import parse
from tests.scenarios.player import Played, play_out
from tests.scenarios.show import as_text

HEAD = "play: t\nbegins: 2026-03-14 08:00\nalso: blood pressure monitor in bedroom\n"


def played(body: str) -> Played:
    return play_out(parse("t.play", HEAD + body))


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("08:10 button pressed", 4, "unexpected alarm S1 sos at 08:10"),
        ("expect S1 sos by 08:30", 4, "did not happen; of this rule: none"),
        ("08:10 button pressed\nexpect S2 sos at once", 5, "of this rule: raised S1 08:10"),
        ("08:10 smoke\nexpect S1 smoke in bedroom at once", 5, "did not happen"),
        ('08:10 smoke\nexpect S1 smoke at once because "flood"', 5, "did not happen"),
        ("08:10 smoke\nexpect drill S1 smoke at once", 5, "did not happen"),
        ("08:10 door opens\nnothing until 09:00", 5, "not quiet: door_open at 08:15"),
        ("daughter acknowledges", 4, "no alarm to answer"),
        ("08:10 smoke\nexpect S1 smoke at once\nexpect no alarm", 6, "smoke ACTIVE"),
        ("expect sos acknowledged", 4, "alarms at this moment: none"),
        ("expect siren sounding", 4, "the siren"),
        ("expect refusal", 4, "not refused"),
        ("expect presence away", 4, "believed"),
        ("expect smoke blind", 4, "blind rules: none"),
        ("08:10 smoke\nexpect S1 smoke at once\nexpect S1 smoke at once", 6, "did not happen"),
    ],
)
def test_what_is_not_as_the_play_says_fails_at_its_line(body: str, line: int, says: str) -> None:
    assert any(one.line == line and says in one.says.en for one in played(body).failures)


def test_a_device_that_is_silent_is_not_heard() -> None:
    outcome = played("button falls silent\n08:10 button pressed\n08:20 button is heard again")
    assert not outcome.failures
    assert not outcome.happened


def test_a_hub_that_is_off_hears_nothing() -> None:
    assert not played("hub stops\n08:10 button pressed\n08:20 hub starts").happened


def test_what_a_rule_counts_is_the_same_after_a_restart_at_any_minute() -> None:
    body = "08:01 motion in bathroom\n{}expect S2 bathroom_dwell by 09:10\nwait until 09:20"
    whole = [one.second for one in played(body.format("")).happened]
    for minute in range(2, 59, 7):
        cut = played(body.format(f"08:{minute:02} hub restarts\n"))
        assert [one.second for one in cut.happened] == whole


def test_a_play_that_is_played_twice_is_the_same_twice() -> None:
    body = "08:10 smoke\nexpect S1 smoke at once\n08:20 smoke clears\nwait 1 h"
    assert as_text(played(body), "zh") == as_text(played(body), "zh")


def test_a_battery_stays_as_low_as_it_was_said_to_be() -> None:
    outcome = played("08:10 button battery at 15 %\nexpect S4 battery_level at once\nwait 20 h")
    assert [one.change for one in outcome.happened] == ["raised"]


def test_the_command_prints_what_happened_beside_the_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.play"
    path.write_text(f"{HEAD}08:10 button pressed\nexpect S1 sos at once\n", encoding="utf-8")
    assert main([str(path), "--lang", "zh"]) == 0
    assert "08:10  报警 S1 sos: 卧室的按钮" in capsys.readouterr().out
    assert main([str(path), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert [one["rule"] for one in told["happened"] if one["rule"]] == ["sos"]


def test_the_command_says_which_line_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.play"
    path.write_text(f"{HEAD}08:10 button presed\n", encoding="utf-8")
    assert main([str(path)]) == 2
    assert "t.play:4: got 'button presed'" in capsys.readouterr().err
