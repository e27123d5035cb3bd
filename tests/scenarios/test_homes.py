"""Plays of whole homes come out the same on the house without hardware and on the emulated stick:
the true guard, its driver, its journal and its control socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.live import LiveHouse
from tests.scenarios.parse import parse
from tests.scenarios.play import Play, PlayError
from tests.scenarios.player import play_out
from tests.scenarios.show import as_text
from tests.tidy.source import ROOT

FILES = sorted((ROOT / "hw-fixtures" / "homes").glob("*.play"))
IDS = [path.stem for path in FILES]


def read(path: Path) -> Play:
    return parse(path.name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_home_comes_out_as_its_play_says(path: Path) -> None:
    played = play_out(read(path))
    assert not played.failures, as_text(played, "en")


@pytest.mark.serial
@pytest.mark.timeout(240)
@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_home_on_the_emulated_stick_comes_out_as_its_play_says(
    path: Path, tmp_path: Path
) -> None:
    play = read(path)
    house = LiveHouse(play, tmp_path)
    try:
        house.open()
        played = play_out(play, house)
    finally:
        house.close()
    assert not played.failures, as_text(played, "en")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("+3 h button pressed\n", "at most 120 s"),
        ("gets into bed\n", "no such device"),
        ("drill: smoke\n", "no such device"),
        ("smoke alarm faulty\n", "a device on the stick says"),
    ],
)
def test_what_the_stick_cannot_play_is_refused_before_anything_starts(
    body: str, says: str, tmp_path: Path
) -> None:
    play = parse("t.play", f"begins: 2026-03-14 08:00\nalso: bed sensor in bedroom\n\n{body}")
    with pytest.raises(PlayError, match=says):
        LiveHouse(play, tmp_path)
    assert not list(tmp_path.iterdir())
