"""The way from an alarm to what the person hears and sees, through the real journal and gate."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.annunciator import Annunciator
from agent.core.actuation import ActuationKind
from agent.core.alarm import Alarm, Hazard
from agent.core.command import AckAlarm, Caller, ResolveAlarm, Role
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.reading import Quantity
from agent.core.signal import Lamp, Sound, Standing, Urgency
from tests.agent.home import BUTTON, SMOKE, Home
from tests.clocks import HandClock

PERSON = Caller(Role.OPERATOR, "cli:test", on_site=True)
OPERATOR = Caller(Role.LINK, "platform:li.na", on_site=False)
PILLOW = Device(
    DeviceId("zb:00000000000000aa"), DeviceKind.PLUG, "pillow", "bedroom", paired_at_s=4
)
LIGHT = Device(DeviceId("zb:00000000000000bb"), DeviceKind.LIGHT, "lamp", "bedroom", paired_at_s=5)


@dataclass
class Ears:
    """Keeps what was heard and seen, as `agent.annunciator.Voice`."""

    said: list[Sound] = field(default_factory=list)
    standing: Standing | None = None
    lamp: Lamp = Lamp.OFF

    def say(self, sound: Sound) -> None:
        """Keep it."""
        self.said.append(sound)

    def stand(self, standing: Standing | None) -> None:
        """Keep it."""
        self.standing = standing

    def show(self, lamp: Lamp) -> None:
        """Keep it."""
        self.lamp = lamp

    def words(self) -> list[str]:
        """Return what was said."""
        return [sound.speech.text for sound in self.said if sound.speech is not None]


class Over(Exception):
    """Ends a home's task group."""


@dataclass
class Room:
    """A home, and who listens in it."""

    home: Home
    ears: Ears
    announcer: Annunciator

    def alarm(self, hazard: Hazard) -> Alarm:
        """Return the open alarm of a hazard; a slow machine may have troubles beside it."""
        found = self.home.pipeline.visible.open.values()
        return next(alarm for alarm in found if alarm.hazard is hazard)

    def ask(self, command: AckAlarm | ResolveAlarm) -> None:
        self.home.pipeline.command(command, lambda outcome: None)


@asynccontextmanager
async def living(folder: Path, clock: HandClock) -> AsyncIterator[Room]:
    home: Home | None = None
    try:
        async with asyncio.TaskGroup() as group:
            home = Home(folder, clock, group)
            home.registry.put(PILLOW)
            home.registry.put(LIGHT)
            ears = Ears()
            announcer = Annunciator(
                language="en",
                volume_pct=80,
                voice=ears,
                lamp=ears.show,
                shows=lambda: [PILLOW, LIGHT],
                order=home.pipeline.order,
            )
            announcer.resume(home.pipeline.visible)
            home.pipeline.announce = announcer.heard
            yield Room(home, ears, announcer)
            raise Over
    except* Over:
        pass
    finally:
        if home is not None:
            home.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def test_a_press_is_on_disk_when_it_is_heard(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as room:
        on_disk: list[int] = []
        heard = room.announcer.heard

        def listening(book: object) -> None:
            with closing(sqlite3.connect(room.home.store.file.path)) as db:
                query = "SELECT count(*) FROM journal WHERE kind = 'alarm.raised'"
                on_disk.append(db.execute(query).fetchone()[0])
            heard(room.home.pipeline.visible)

        room.home.pipeline.announce = listening
        room.home.hear(BUTTON, Quantity.SOS, True)
        await room.home.until(lambda: bool(room.ears.said))
        assert on_disk[0] == 1
        assert room.ears.words() == ["Calling for help. Please stay calm."]
        assert room.ears.said[0].urgency is Urgency.HIGH
        assert room.ears.lamp is Lamp.FAST


async def test_a_hanging_disk_does_not_keep_the_person_waiting(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as room:
        with closing(sqlite3.connect(room.home.store.file.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            room.home.hear(BUTTON, Quantity.SOS, True)
            await room.home.until(lambda: bool(room.ears.said))
            assert not room.home.pipeline.visible.open, "nothing is on disk yet"
            other.rollback()
        await room.home.until(lambda: len(room.home.pipeline.visible.open) >= 1)
        assert room.ears.words().count("Calling for help. Please stay calm.") == 1


async def test_the_person_hears_each_step_of_help(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as room:
        room.home.hear(BUTTON, Quantity.SOS, True)
        await room.home.until(lambda: bool(room.home.pipeline.visible.open))
        alarm = room.alarm(Hazard.SOS)
        assert room.ears.standing is not None
        room.announcer.told("daughter")
        room.ask(AckAlarm(alarm.id, OPERATOR))
        await room.home.until(lambda: len(room.ears.said) == 3)
        assert room.ears.standing is None
        assert room.ears.lamp is Lamp.STEADY
        room.ask(ResolveAlarm(alarm.id, PERSON, "helped"))
        await room.home.until(lambda: len(room.ears.said) == 4)
        assert room.ears.words()[1:] == [
            "Your daughter has been told.",
            "The operator has answered.",
            "The alarm is over.",
        ]
        assert room.ears.lamp is Lamp.OFF
        assert len({sound.about for sound in room.ears.said if sound.about}) == 1


async def test_who_cannot_hear_sees_and_feels_it(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as room:
        room.home.hear(BUTTON, Quantity.SOS, True)
        await room.home.until(
            lambda: {device for device, _ in room.home.bench.done} >= {PILLOW.id, LIGHT.id}
        )
        alarm = room.alarm(Hazard.SOS)
        room.ask(AckAlarm(alarm.id, PERSON))
        off = (PILLOW.id, ActuationKind.SWITCH_OFF)
        await room.home.until(
            lambda: off in [(device, act.kind) for device, act in room.home.bench.done]
        )
        done = [(device, act.kind) for device, act in room.home.bench.done]
        assert (PILLOW.id, ActuationKind.SWITCH_ON) in done
        assert (LIGHT.id, ActuationKind.SWITCH_OFF) not in done, "who was woken needs the light"


async def test_nothing_is_switched_for_who_cannot_hear_in_a_room_with_gas(
    tmp_path: Path, clock: HandClock
) -> None:
    detector = Device(DeviceId("zb:00000000000000cc"), DeviceKind.GAS, "gas", "", paired_at_s=6)
    async with living(tmp_path, clock) as room:
        room.home.registry.put(detector)
        room.home.hear(detector, Quantity.GAS, True)
        await room.home.until(lambda: bool(room.home.pipeline.visible.open))
        await room.home.until(lambda: _refused(room.home) == 2)
        assert not [one for one, _ in room.home.bench.done if one in (PILLOW.id, LIGHT.id)]
        assert room.alarm(Hazard.GAS).is_open


async def test_after_a_power_cut_the_tone_goes_on_and_nothing_is_said_again(
    tmp_path: Path, clock: HandClock
) -> None:
    async with living(tmp_path, clock) as room:
        room.home.hear(SMOKE, Quantity.SMOKE, True)
        await room.home.until(lambda: bool(room.home.pipeline.visible.open))
    async with living(tmp_path, clock) as room:
        assert room.ears.words() == []
        assert [sound.urgency for sound in room.ears.said] == [Urgency.HIGH]
        assert room.ears.standing is not None
        assert room.ears.lamp is Lamp.FAST


async def test_a_drill_is_not_heard(tmp_path: Path, clock: HandClock) -> None:
    async with living(tmp_path, clock) as room:
        room.home.hear(BUTTON, Quantity.SOS, True, drill=True)
        await room.home.until(lambda: bool(room.home.pipeline.visible.open))
        assert (room.ears.said, room.ears.standing) == ([], None)


def _refused(home: Home) -> int:
    with closing(sqlite3.connect(home.store.file.path)) as db:
        query = "SELECT count(*) FROM journal WHERE kind = 'actuation.refused'"
        return int(db.execute(query).fetchone()[0])
