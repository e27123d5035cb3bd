"""A CSV of readings and its map: what may be written, bad lines, in which order it plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import rule_files
from agent.core.device import DeviceKind
from agent.core.errors import ConfigError
from agent.core.event import Observed
from agent.core.reading import Quantity, Value
from agent.replay import map_file, table
from agent.replay.lines import NUMBERS, WORDS, BadLine, quantity_of, time_of, value_of
from agent.replay.map_file import HomeMap, Sensor
from agent.replay.trace import LISTED, Read
from local_rules.fault import RuleFault
from local_rules.wish import Wish

README = Path(__file__).parents[2] / "local_rules" / "README.md"
HEAD = "time,device,quantity,value\n"
EIGHT = 1_793_491_200.0  # 2026-11-01T08:00:00+08:00


def blocks(language: str) -> list[str]:
    """Return the examples of the README in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def played(
    folder: Path, text: str | bytes, home: HomeMap | None = None, *, lenient: bool = False
) -> tuple[list[Observed], Read]:
    """Return what a table plays and what was found in it."""
    path, found = folder / "home.csv", Read()
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    events = list(table.moments(path, home or HomeMap(), found, lenient=lenient))
    return events, found


def said(events: list[Observed]) -> Iterator[tuple[float, str, str, Value, str]]:
    for event in events:
        reading = event.reading
        at_s = reading.received.wall_s - EIGHT
        yield at_s, reading.device, reading.quantity.value, reading.value, event.room


# --- what may be written --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T08:00:00+08:00",
        "2026-11-01T08:00:00",
        "2026-11-01 08:00",
        "2026-11-01T00:00:00Z",
        "2026-10-31T20:00:00-04:00",
        "20261101T080000+08:00",
        "1793491200",
        "1793491200.0",
        "1.7934912e9",
    ],
)
def test_a_time_is_iso_with_or_without_an_offset_or_seconds(text: str) -> None:
    assert time_of(text) == EIGHT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "nan",
        "inf",
        "-5",
        "1e300",
        "1793491200000000",
        "08:00",
        "9" * 400,
    ],
)
def test_what_is_no_time_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadLine, match="wanted 2026-11-01"):
        time_of(text)


@pytest.mark.parametrize(
    ("quantity", "text", "want"),
    [
        *[(Quantity.MOTION, text, True) for text in ("true", "ON", "1", "yes", "open")],
        *[(Quantity.CONTACT_OPEN, text, False) for text in ("false", "off", "0", "Closed", "no")],
        (Quantity.TEMP_C, "-3.5", -3.5),
        (Quantity.NIGHT_RISINGS, "4", 4.0),
        (Quantity.PRESENCE, "Away", "away"),
    ],
)
def test_a_value_is_read_as_its_quantity_wants_it(
    quantity: Quantity, text: str, want: Value
) -> None:
    assert value_of(quantity, text) == want


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity.MOTION, "2"),
        (Quantity.MOTION, ""),
        (Quantity.TEMP_C, "warm"),
        (Quantity.TEMP_C, "nan"),
        (Quantity.TEMP_C, "inf"),
        (Quantity.TEMP_C, "on"),
        (Quantity.PRESENCE, "out"),
    ],
)
def test_a_value_of_another_kind_is_none(quantity: Quantity, text: str) -> None:
    with pytest.raises(BadLine, match="wanted"):
        value_of(quantity, text)


def test_every_quantity_is_a_number_a_word_or_a_yes_or_no() -> None:
    with pytest.raises(BadLine, match="wanted one of sos"):
        quantity_of("sound")
    yes_no = {
        quantity for quantity in Quantity if quantity not in NUMBERS and quantity not in WORDS
    }
    assert {"sos", "motion", "in_bed", "fault", "test"} <= {quantity.value for quantity in yes_no}
    assert {"temp_c", "water_day_l", "glucose_mmoll"} <= {quantity.value for quantity in NUMBERS}


# --- the order of lines, and bad ones -------------------------------------------------------------


def test_columns_stand_in_any_order_and_further_ones_are_left_alone(tmp_path: Path) -> None:
    text = '\ufeffValue, note,TIME,quantity,device\r\non,"a, b",1793491200,motion,"M 1"\r\n\r\n'
    events, found = played(tmp_path, text)
    assert list(said(events)) == [(0.0, "M 1", "motion", True, "")]
    assert (found.lines, found.readings, found.bad, dict(found.unmapped)) == (3, 1, 0, {"M 1": 1})


def test_lines_within_a_minute_are_sorted_and_keep_their_order_at_one_time(tmp_path: Path) -> None:
    lines = [(60, "a"), (0, "b"), (60, "c"), (59, "d"), (200, "e"), (150, "f")]
    text = HEAD + "".join(f"{EIGHT + at_s},{name},motion,1\n" for at_s, name in lines)
    events, _ = played(tmp_path, text)
    assert [device for _, device, *_ in said(events)] == ["b", "d", "a", "c", "f", "e"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1793491200,M1,motion", "wanted time,device,quantity,value"),
        ("1793491200,M1,sound,1", "wanted one of sos"),
        ("1793491200,M1,motion,maybe", "wanted true/on"),
        ("1793491200,,motion,1", "wanted a name"),
        (f"1793491200,{'M' * 129},motion,1", "wanted a name"),
        ("1793491200,M1,,1", "the map does not say"),
        ("noon,M1,motion,1", "wanted 2026-11-01"),
        ('1793491200,"M1,motion,1', "wanted time,device"),
        ("1793491000,M1,motion,1", "before the line above it"),
        ("1793491200,M1,motion,1" + "," * 70_000, "more than 65536 characters"),
        ("\0\0\0", "wanted time,device"),
        ("\ufffd,\ufffd", "wanted time,device"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_or_left_out_and_counted(
    tmp_path: Path, line: str, says: str
) -> None:
    good = f"{EIGHT},M0,motion,1\n"
    text = f"{HEAD}{good}{line}\n{good}"
    with pytest.raises(ConfigError) as caught:
        played(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/home.csv:3: ")
    assert says in str(caught.value)
    assert "--lenient" in str(caught.value)
    events, found = played(tmp_path, text, lenient=True)
    assert len(events) == 2
    assert found.bad == 1
    assert found.faults[0][0] == 3
    assert says in found.faults[0][1]


def test_only_the_first_bad_lines_are_told_and_all_are_counted(tmp_path: Path) -> None:
    _, found = played(tmp_path, HEAD + "x\n" * 100, lenient=True)
    assert (found.bad, len(found.faults)) == (100, LISTED)


@pytest.mark.parametrize(
    "heading", ["", "time,device,value\n", "time,time,device,quantity,value\n", "a;b\n", "\0"]
)
def test_a_table_without_its_heading_is_refused(tmp_path: Path, heading: str) -> None:
    with pytest.raises(ConfigError, match="each once"):
        played(tmp_path, heading + "1793491200,M1,motion,1\n" if heading else "")


def test_a_table_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("a\0b")):
        with pytest.raises(ConfigError, match="cannot be read"):
            list(table.moments(path, HomeMap(), Read()))


def test_only_the_time_that_was_asked_for_is_played(tmp_path: Path) -> None:
    path, found = tmp_path / "home.csv", Read()
    path.write_text(HEAD + "".join(f"{EIGHT + n * 100},M1,motion,1\n" for n in range(10)))
    events = list(table.moments(path, HomeMap(), found, from_s=EIGHT + 200, to_s=EIGHT + 500))
    assert [at_s for at_s, *_ in said(events)] == [200, 300, 400, 500]
    assert (found.first_s, found.last_s) == (EIGHT + 200, EIGHT + 500)


# --- the map --------------------------------------------------------------------------------------


def test_the_map_says_kind_room_and_household(tmp_path: Path) -> None:
    path = tmp_path / "home.toml"
    path.write_text(
        'residents = 2\ncity = "anji"\nprofiles = ["frail"]\n'
        '[sensors."M 1"]\nkind = "motion"\nroom = "bedroom"\n[devices]\nD1 = { room = "entry" }\n'
    )
    home = map_file.load(path)
    events, found = played(tmp_path, f"{HEAD}{EIGHT},M 1,,on\n{EIGHT},D1,contact_open,1\n", home)
    assert [room for *_, room in said(events)] == ["bedroom", "entry"]
    assert events[0].reading.quantity is Quantity.MOTION
    assert not found.unmapped
    assert home.under(Wish()) == Wish(city="anji", profiles=("frail", "two_residents"))
    over = home.under(Wish(city="ningbo", profiles=(), values={"heat.limit": 29.0}))
    assert over == Wish(city="ningbo", profiles=("two_residents",), values={"heat.limit": 29.0})
    assert HomeMap().under(Wish()) == Wish()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("resident = 1\n", 1, "wanted residents"),
        ("residents = 0\n", 1, "wanted 1-20"),
        ("residents = true\n", 1, "wanted 1-20"),
        ('residents = "2"\n', 1, "wanted 1-20"),
        ("devices = 5\n", 1, "[devices.NAME]"),
        ("[devices]\nM1 = 5\n", 2, "a table"),
        ('[devices.M1]\nkind = "radio"\n', 2, "call_button"),
        ("[devices.M1]\nkind = 5\n", 2, "call_button"),
        ("[devices.M1]\nroom = 5\n", 2, "bedroom"),
        (f'[devices.M1]\nroom = "{"x" * 65}"\n', 2, "bedroom"),
        ('[devices.M1]\nplace = "x"\n', 2, "kind, room"),
        ("[devices.M1]\n[sensors.M1]\n", 2, "each once"),
        ('city = "atlantis"\n', 1, "shanghai"),
        ('profiles = ["immortal"]\n', 1, "independent"),
    ],
)
def test_a_wrong_map_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = tmp_path / "home.toml"
    path.write_text(text)
    with pytest.raises(RuleFault) as caught:
        map_file.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


# --- the README -----------------------------------------------------------------------------------


def test_the_examples_of_the_readme_are_right(tmp_path: Path) -> None:
    rules, household = tmp_path / "rules.toml", tmp_path / "map.toml"
    written, mapped = blocks("toml")
    rules.write_text(written)
    household.write_text(mapped)
    wish = rule_files.load(rules)
    assert (wish.version, wish.city, wish.profiles) == (3, "ningbo", ("frail", "fall_risk"))
    home = map_file.load(household)
    assert home.sensors["front-door"].room == "entry"
    events, found = played(tmp_path, blocks("csv")[0], home)
    assert [room for *_, room in said(events)] == ["bedroom", "entry", ""]
    assert list(found.unmapped) == ["T1"]
    assert Sensor() == Sensor(DeviceKind.UNKNOWN, "")
