"""Guard with its own button, lamp and speaker: the person hears and sees what becomes of a call."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.control import schema
from agent.control.client import ControlClient
from tests.agent.home import until
from tests.drivers.host.gpio_chip import BUTTON, FALLING, LAMP, RISING, Chip, build, chip_in
from tests.drivers.host.programs import Programs, environment, install
from tests.hub import Hub, wait_a_little, wait_for


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = build(tmp_path_factory.mktemp("shim"))
    if built is None:
        pytest.skip("a GPIO chip needs a C compiler and linux/gpio.h for the preloaded stand-in")
    return built


@dataclass
class Home:
    """One hub with its own parts."""

    hub: Hub
    programs: Programs
    chip: Chip
    sysfs: Path

    def start(self) -> None:
        self.hub.start(env={**environment(self.programs), **self.chip.environment()})
        wait_for(lambda: self.status() is not None)

    def status(self) -> Any:
        return self.hub.ask("status")

    def part(self, name: str) -> Any:
        status = self.status()
        return next((part for part in status["drivers"] if part["driver"] == name), None)

    def press(self) -> None:
        self.chip.edge(RISING)
        self.chip.edge(FALLING)

    def alarms(self) -> list[dict[str, Any]]:
        return list(self.hub.ask("alarms") or [])

    def until_heard(self, words: str) -> None:
        wait_for(lambda: any(words in one for one in self.programs.words()), 15, words)


@pytest.fixture
def home(tmp_path: Path, shim: Path) -> Iterator[Home]:
    chip = chip_in(tmp_path / "gpio", shim)
    sysfs = tmp_path / "sys"
    extra = f"""
[host]
sysfs = "{sysfs}"
gpio_chip = "{chip.device}"
button_line = {BUTTON}
lamp_line = {LAMP}
[sound]
"""
    made = Home(Hub(tmp_path, extra=extra), install(tmp_path), chip, sysfs)
    made.start()
    yield made
    made.hub.close()


def test_a_press_is_heard_seen_and_answered(home: Home) -> None:
    wait_for(lambda: home.status()["sos_ready"])
    home.press()
    home.until_heard("Calling for help")
    wait_for(lambda: home.chip.lit()[-4:].count(True) >= 2, what="the lamp flashes")
    (alarm,) = home.alarms()
    assert (alarm["hazard"], alarm["device_name"]) == ("sos", "hub button")
    assert "the button on the hub" in alarm["why"]["en"]
    assert home.hub.anju("alarm", "ack", alarm["id"]).returncode == 0
    home.until_heard("Confirmed here")
    assert home.hub.anju("alarm", "resolve", alarm["id"], "--cause", "false_press").returncode == 0
    home.until_heard("Cancelled")
    wait_for(lambda: home.chip.lit()[-1] is False, what="the lamp is dark")


def test_a_standing_alarm_sounds_again_after_a_power_cut_and_says_nothing_twice(
    home: Home,
) -> None:
    wait_for(lambda: home.status()["sos_ready"])
    home.press()
    home.until_heard("Calling for help")
    home.hub.kill("guard")
    said, lit = len(home.programs.words()), len(home.chip.lit())
    heard = len(home.programs.heard())
    home.start()
    wait_for(lambda: len(home.programs.heard()) > heard, what="the tone goes on")
    wait_for(lambda: len(home.chip.lit()) > lit + 2, what="the lamp flashes again")
    assert len(home.programs.words()) == said


def test_the_status_shows_each_part_and_who_can_be_called_with(home: Home) -> None:
    wait_for(lambda: home.part("speaker")["ok"] and home.part("button")["ok"])
    assert home.status()["sos_ready"]
    page = home.hub.anju("status").stdout
    for line in ("Speaker", "The speaker works", "Button", "does not watch its power", "Board"):
        assert line in page
    assert home.status()["devices"] == 2, "the speaker and the button take part as devices"


def test_a_stuck_radio_less_hub_without_its_button_promises_nothing(
    tmp_path: Path, shim: Path
) -> None:
    hub = Hub(tmp_path, extra="[sound]\n[host]\n")
    hub.start(env=environment(install(tmp_path)))
    try:
        wait_for(lambda: hub.ask("status") and hub.ask("status")["drivers"][0]["ok"])
        assert not hub.ask("status")["sos_ready"]
    finally:
        hub.close()


async def test_what_the_platform_says_is_spoken_and_its_words_stay_out_of_the_record(
    home: Home,
) -> None:
    client = await ControlClient.connect(home.hub.run_dir / "control.sock")
    words = schema.SpeakParams(
        request_id="r1",
        life_s=60,
        text="Your nurse is on her way",
        language="en",
        repeat=2,
        by="li.na",
    )
    said = await client.ask("speak", words, schema.SpeakResult)
    assert said.devices == ("hub:speaker",)
    await until(lambda: len(home.programs.words()) == 2)
    await until(lambda: "actuation.done" in _kinds(home.hub))
    await client.close()
    assert set(home.programs.words()) == {"Your nurse is on her way"}
    assert b"nurse" not in (home.hub.data / "journal.db").read_bytes()


def test_the_mains_that_fail_are_told(home: Home) -> None:
    mains = home.sysfs / "class" / "power_supply" / "mains"
    home.hub.stop("guard")
    mains.mkdir(parents=True)
    (mains / "type").write_text("Mains\n")
    (mains / "online").write_text("0\n")
    home.start()
    wait_for(lambda: "mains: lost" in home.part("power")["says"]["en"])
    home.hub.stop("guard")
    with closing(sqlite3.connect(home.hub.data / "journal.db")) as db:
        rows = db.execute("SELECT body FROM journal WHERE device = 'hub:power'").fetchall()
    assert [json.loads(body) for (body,) in rows] == [{"quantity": "mains_lost", "value": True}]


def test_a_chip_that_refuses_is_a_trouble_with_the_next_step(home: Home) -> None:
    home.hub.stop("guard")
    (home.chip.folder / "denied").touch()
    home.start()
    wait_for(lambda: not home.part("button")["ok"])
    assert "group gpio" in home.part("button")["says"]["en"]
    assert not home.status()["sos_ready"]
    troubles = wait_for(lambda: home.status()["troubles"])
    assert troubles[0]["subject"] == "hub:button/lines"


def test_rubbish_from_the_chip_calls_nobody_and_is_a_trouble(home: Home) -> None:
    wait_for(lambda: home.status()["sos_ready"])
    home.chip.write(b"\xff" * 47)
    wait_for(lambda: not home.part("button")["ok"])
    assert all(alarm["severity"] == "S4" for alarm in home.alarms())


def test_the_line_of_the_button_is_held_up_and_tells_both_edges(home: Home) -> None:
    wait_for(lambda: home.chip.is_taken(BUTTON) and home.chip.is_taken(LAMP))
    assert home.chip.flags(BUTTON) == 0b1_0011_0110
    assert home.chip.flags(LAMP) == 0b1000


def test_a_trembling_contact_is_one_press(home: Home) -> None:
    wait_for(lambda: home.status()["sos_ready"])
    for _ in range(5):
        home.press()
    wait_for(lambda: bool(home.alarms()))
    wait_a_little(0.2)
    assert [alarm["count"] for alarm in home.alarms()] == [1]


def _kinds(hub: Hub) -> list[str]:
    with closing(sqlite3.connect(hub.data / "journal.db")) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM journal")]
