"""The speaker: heard at once, in order of urgency, and never in anybody's way."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.core.actuation import Actuation, ActuationKind, Speech
from agent.core.device import DeviceId
from agent.core.errors import DeviceError
from agent.core.signal import Pcm, Sound, Standing, Urgency
from drivers.host import play, speaker
from drivers.host.speaker import SpeakerDriver
from tests.agent.home import until
from tests.clocks import HandClock
from tests.drivers.host.inbox import Notes
from tests.drivers.host.programs import PIPED_HEADER, Programs, environment, install

HUB = DeviceId("hub:speaker")
PROBE = Pcm(22_050, bytes(200))


def tone(mark: int, count: int = 100) -> Pcm:
    """Return a tone that is told from others by its samples."""
    return Pcm(22_050, struct.pack("<h", mark) * count)


def words(text: str, *, repeat: int = 1) -> Speech:
    return Speech(text, "en", repeat)


def spoken(text: str, *, repeat: int = 1) -> Actuation:
    return Actuation(ActuationKind.SPEAK, speech=words(text, repeat=repeat))


class Over(Exception):
    """Ends a test's task group."""


class Room:
    """A speaker that runs, and what it said of itself."""

    def __init__(self, group: asyncio.TaskGroup, recordings: Path | None, language: str) -> None:
        self._group = group
        self.inbox = Notes()
        self.speaker = SpeakerDriver(
            device="default",
            language=language,
            recordings=recordings,
            probe=PROBE,
            clock=HandClock(),
            inbox=self.inbox,
        )
        group.create_task(self.speaker.run())

    def order(self, actuation: Actuation) -> asyncio.Task[DeviceError | None]:
        """Give an order without waiting for it; its errors are for who awaits it."""
        return self._group.create_task(self._carry_out(actuation))

    async def _carry_out(self, actuation: Actuation) -> DeviceError | None:
        try:
            await self.speaker.actuate(HUB, actuation)
        except DeviceError as error:
            return error
        return None


@asynccontextmanager
async def running(recordings: Path | None = None, language: str = "en") -> AsyncIterator[Room]:
    try:
        async with asyncio.TaskGroup() as group:
            yield Room(group, recordings, language)
            raise Over
    except* Over:
        pass


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return installed(tmp_path, monkeypatch)


def installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, aplay: bool = True, espeak: bool = True
) -> Programs:
    made = install(folder, aplay=aplay, espeak=espeak)
    for name, value in environment(made).items():
        monkeypatch.setenv(name, value)
    return made


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_tone_comes_first_and_then_the_words(programs: Programs) -> None:
    async with running() as room:
        room.speaker.say(Sound(Urgency.HIGH, tone(7), words("Calling for help.")))
        await until(lambda: "Calling for help" in "".join(programs.words()))
        heard = programs.heard()
        assert heard[-2] == tone(7).data
        assert room.inbox.faults() == {}


async def test_the_card_gets_samples_and_the_voice_its_text_through_a_pipe(
    programs: Programs,
) -> None:
    async with running() as room:
        await room.speaker.actuate(HUB, spoken("The ambulance is near."))
    calls = [line for line in programs.log() if "--version" not in line]
    assert "espeak-ng -v en -s 140 --stdin --stdout" in calls
    assert set(calls[-1:]) == {"aplay -q -D default -t raw -f S16_LE -c 1 -r 22050 -"}
    assert not any("ambulance" in call for call in calls), "every user can read arguments"


async def test_what_somebody_says_is_done_when_it_was_heard_as_often_as_wanted(
    programs: Programs,
) -> None:
    async with running() as room:
        await room.speaker.actuate(HUB, spoken("Open up.", repeat=3))
        assert programs.words() == ["Open up."] * 3


async def test_an_alarm_breaks_into_what_is_said_and_that_is_said_again(
    programs: Programs,
) -> None:
    programs.has("slow", "30")
    async with running() as room:
        await until(lambda: (programs.given / "playing").exists())
        saying = room.order(spoken("Help comes."))
        programs.forget("slow")
        room.speaker.say(Sound(Urgency.HIGH, tone(9)))
        assert await asyncio.wait_for(saying, 10) is None
        assert programs.heard()[-2:] == [tone(9).data, b"Help comes."[:10]]


async def test_a_hanging_card_is_killed_after_the_sound_and_its_margin(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "PLAY_MARGIN_S", 0.3)
    programs.has("hangs")
    async with running() as room:
        await until(lambda: "card" in room.inbox.faults())
        pid = int((programs.given / "hanging").read_text())
        assert not is_running(pid)
        assert "does not play (no end after 0 s)" in room.inbox.faults()["card"]
        assert not room.speaker.health().ok
        programs.forget("hangs")
        room.speaker.say(Sound(Urgency.HIGH, tone(3)))
        await until(lambda: room.inbox.told("card") == [True, False])
        assert programs.heard() == [tone(3).data]
        assert room.speaker.health().ok


async def test_an_alarm_does_not_wait_for_a_hanging_card(programs: Programs) -> None:
    programs.has("hangs")
    async with running() as room:
        await until(lambda: (programs.given / "hanging").exists())
        pid = int((programs.given / "hanging").read_text())
        programs.forget("hangs")
        room.speaker.say(Sound(Urgency.HIGH, tone(4)))
        await until(lambda: tone(4).data in programs.heard())
        assert not is_running(pid)


async def test_without_a_card_there_is_one_trouble_however_often_it_is_tried(
    programs: Programs,
) -> None:
    programs.has("no-card")
    async with running() as room:
        for _ in range(5):
            with pytest.raises(DeviceError, match="audio open error"):
                await room.speaker.actuate(HUB, spoken("Hello."))
        assert room.inbox.told("card") == [True]
        assert "aplay -l" in room.inbox.faults()["card"]
        assert "aplay -l" in room.speaker.health().says.zh


async def test_a_hub_without_aplay_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, aplay=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    async with running() as room:
        await until(lambda: "card" in room.inbox.faults())
        assert "alsa-utils" in room.inbox.faults()["card"]


async def test_a_hub_without_a_voice_still_has_its_tones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = installed(tmp_path, monkeypatch, espeak=False)
    async with running() as room:
        room.speaker.say(Sound(Urgency.HIGH, tone(5), words("Calling.")))
        await until(lambda: tone(5).data in programs.heard())
        await until(lambda: "voice" in room.inbox.faults())
        assert "[sound] recordings" in room.inbox.faults()["voice"]


@pytest.mark.parametrize(("version", "well"), [("1.51", False), ("1.52.0", True), ("2.0", True)])
async def test_a_voice_that_reads_chinese_as_letters_is_a_trouble_before_it_has_to_speak(
    programs: Programs, version: str, well: bool
) -> None:
    programs.has("version", version)
    async with running(language="zh") as room:
        await until(lambda: bool(room.inbox.told("voice")))
        assert ("voice" not in room.inbox.faults()) is well


async def test_a_voice_that_fails_costs_the_words_only(programs: Programs) -> None:
    programs.has("no-speech")
    async with running() as room:
        room.speaker.say(Sound(Urgency.HIGH, tone(6), words("Calling.")))
        await until(lambda: "voice" in room.inbox.faults())
        assert tone(6).data in programs.heard()
        assert "phontab" in room.inbox.faults()["voice"]


async def test_recorded_words_go_before_spoken_ones(programs: Programs, tmp_path: Path) -> None:
    pack = tmp_path / "wenzhou"
    pack.mkdir()
    (pack / "calling.wav").write_bytes(PIPED_HEADER + b"recorded")
    async with running(pack) as room:
        room.speaker.say(Sound(Urgency.HIGH, None, words("Calling."), "calling"))
        await until(lambda: programs.words() == ["recorded"])
        room.speaker.say(Sound(Urgency.HIGH, None, words("Over."), "over"))
        await until(lambda: len(programs.words()) == 2)
        assert programs.words()[1].startswith("Over")


async def test_a_damaged_recording_is_a_trouble_and_the_words_are_spoken(
    programs: Programs, tmp_path: Path
) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "calling.wav").write_bytes(b"OggS rubbish")
    async with running(pack) as room:
        room.speaker.say(Sound(Urgency.HIGH, None, words("Calling."), "calling"))
        await until(lambda: bool(programs.words()))
        assert "calling.wav" in room.inbox.faults()["recording"]


async def test_a_standing_tone_sounds_until_it_is_taken_back(programs: Programs) -> None:
    async with running() as room:
        room.speaker.stand(Standing(Urgency.HIGH, tone(8), 0.05, 60, 60))
        await until(lambda: programs.heard().count(tone(8).data) >= 3)
        room.speaker.stand(None)
        await room.speaker.actuate(HUB, spoken("Cancelled."))
        count = programs.heard().count(tone(8).data)
        await room.speaker.actuate(HUB, spoken("Quiet now."))
        assert programs.heard().count(tone(8).data) == count


async def test_a_standing_tone_becomes_rarer(programs: Programs) -> None:
    async with running() as room:
        room.speaker.stand(Standing(Urgency.HIGH, tone(8), 0.02, 0.1, 600))
        await until(lambda: programs.heard().count(tone(8).data) >= 2)
        await asyncio.sleep(0.3)  # Longer than the loud time: what follows is the calm pause.
        count = programs.heard().count(tone(8).data)
        await room.speaker.actuate(HUB, spoken("Somebody speaks."))
        assert programs.heard().count(tone(8).data) == count


async def test_taking_back_a_standing_tone_cuts_it_off(programs: Programs) -> None:
    async with running() as room:
        await until(lambda: room.speaker.health().ok)
        programs.has("slow", "30")
        room.speaker.stand(Standing(Urgency.HIGH, tone(8), 0.0, 60, 60))
        await until(lambda: (programs.given / "playing").exists())
        pid = int((programs.given / "playing").read_text())
        room.speaker.stand(None)
        await until(lambda: not is_running(pid))


async def test_a_flood_of_sounds_is_bounded_and_the_urgent_one_is_heard(
    programs: Programs,
) -> None:
    async with running() as room:
        orders = [room.order(spoken(f"Text {n}.")) for n in range(40)]
        await asyncio.sleep(0)
        room.speaker.say(Sound(Urgency.HIGH, tone(2)))
        given_up = [one for one in await asyncio.gather(*orders) if one is not None]
        assert 20 <= len(given_up) < 40
        assert tone(2).data in programs.heard()


async def test_an_order_that_nobody_waits_for_any_more_is_not_said(programs: Programs) -> None:
    programs.has("slow", "0.3")
    async with running() as room:
        await until(lambda: (programs.given / "playing").exists())
        order = room.order(spoken("Old news."))
        await asyncio.sleep(0)
        order.cancel()
        await room.speaker.actuate(HUB, spoken("New news."))
        programs.forget("slow")
        assert not any("Old" in line for line in programs.log())
    assert [line for line in programs.log() if "--stdin" in line] != []


async def test_it_does_only_what_a_speaker_does(programs: Programs) -> None:
    async with running() as room:
        with pytest.raises(DeviceError, match="only speaks"):
            await room.speaker.actuate(HUB, Actuation(ActuationKind.SIREN_ON, 60))
        with pytest.raises(DeviceError, match="only speaks"):
            await room.speaker.actuate(HUB, Actuation(ActuationKind.SPEAK))
        assert room.speaker.owns(HUB)
        assert not room.speaker.owns(DeviceId("zb:0000000000000001"))
        assert not room.speaker.health().hears_devices


async def test_a_card_that_is_plugged_in_later_is_found(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaker, "LOOK_AGAIN_S", 0.05)
    programs.has("no-card")
    async with running() as room:
        await until(lambda: not room.speaker.health().ok and bool(room.inbox.told("card")))
        programs.forget("no-card")
        await until(lambda: room.speaker.health().ok)
        assert room.inbox.told("card") == [True, False]
