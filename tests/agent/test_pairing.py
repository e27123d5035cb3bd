"""A device comes in only all the way, and the network never stays open behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.errors import CommandRefused, TransportError
from agent.core.reading import Quantity, Reading
from agent.pairing import FIRST_REPORT, Paired, Pairing, Progress, Wanted
from drivers.base import PairStage, PairStep
from tests.agent.home import Bench
from tests.agent.quick_loop import LoopClock, quickly

BUTTON = Device(DeviceId("zb:0000000000000011"), DeviceKind.CALL_BUTTON, "button", "", "HEIMAN")
DOOR = Device(DeviceId("zb:0000000000000012"), DeviceKind.CONTACT, "contact")
BELL = Device(DeviceId("zb:0000000000000013"), DeviceKind.SIREN, "siren")
WANTED = Wanted(60, "床头", "卧室")


@dataclass
class Gate(Bench):
    """A driver whose network opens and closes, or cannot."""

    stuck: str = ""
    does: list[str] = field(default_factory=list)

    async def open_joining(self, window_s: int) -> None:
        """Open."""
        await asyncio.sleep(0.1)
        if self.stuck == "open":
            raise TransportError("the stick does not answer")
        self.does.append(f"open {window_s}")

    async def close_joining(self) -> None:
        """Close."""
        await asyncio.sleep(0.1)
        self.does.append("closed")
        if self.stuck:
            raise TransportError("the stick is gone")


class Lobby:
    """One home in which devices are paired, in time that does not have to be waited for."""

    def __init__(self, stuck: str = "") -> None:
        self.clock = LoopClock()
        self.gate = Gate(stuck=stuck)
        self.adopted: list[Device] = []
        self.told: list[Progress] = []
        self.pairing = Pairing(self.clock, self.adopted.append)

    async def run(self, wanted: Wanted = WANTED) -> Paired:
        """Pair as an installer does."""
        return await self.pairing.run(self.gate, wanted, self.told.append)

    def step(self, stage: PairStage, device: Device | None = None) -> None:
        """Let the driver say how far a device has come."""
        self.pairing.step(PairStep(stage, None if device is None else device.id))

    def hears(self, device: Device, frame: str | None = "1.0500.01.0100") -> list[Reading]:
        """Let a device say something."""
        reading = Reading(device.id, Quantity.SOS, True, self.clock.now(), "alarm1", frame=frame)
        return self.pairing.heard([reading])

    def stages(self) -> list[str]:
        """Return what the installer was told."""
        return [progress.stage for progress in self.told]


def played(
    lobby: Lobby, scene: Callable[[Lobby], Awaitable[None]], wanted: Wanted = WANTED
) -> Paired:
    """Pair while `scene` plays; return how it ended."""

    async def both() -> Paired:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(lobby.run(wanted))
            await asyncio.sleep(1)
            await scene(lobby)
            return await running

    return quickly(both)


def test_a_button_comes_all_the_way_and_gets_its_name_and_room() -> None:
    async def scene(lobby: Lobby) -> None:
        for stage in (PairStage.JOINED, PairStage.INTERVIEWED, PairStage.ENROLLED):
            lobby.step(stage, BUTTON)
            await asyncio.sleep(2)
        lobby.pairing.found(BUTTON, None)
        lobby.step(PairStage.READY, BUTTON)
        await asyncio.sleep(3)
        assert lobby.adopted == []
        (flagged,) = lobby.hears(BUTTON)
        assert flagged.drill, "the first press must not call for help"

    lobby = Lobby()
    paired = played(lobby, scene)
    (device,) = lobby.adopted
    assert device == replace(BUTTON, name="床头", room="卧室", paired_at_s=device.paired_at_s)
    assert device.paired_at_s is not None
    assert paired == Paired("done", device)
    assert lobby.gate.does == ["open 60", "closed"]
    assert lobby.stages() == ["joined", "interviewed", "enrolled", "ready", FIRST_REPORT]
    lefts = [round(progress.left_s) for progress in lobby.told]
    assert lefts == [59, 57, 55, 53, 50], "the countdown goes down"


def test_without_a_wish_the_device_keeps_its_own_name_and_room() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.pairing.found(replace(BUTTON, room="hall"), None)
        lobby.hears(BUTTON)

    lobby = Lobby()
    played(lobby, scene, Wanted(60, "", ""))
    assert (lobby.adopted[0].name, lobby.adopted[0].room) == ("button", "hall")


def test_no_device_comes_and_the_network_closes_at_the_end_of_the_window() -> None:
    lobby = Lobby()

    async def scene(lobby: Lobby) -> None:
        await asyncio.sleep(58)
        assert lobby.gate.does == ["open 60"]

    assert played(lobby, scene) == Paired("timeout", None)
    assert lobby.gate.does == ["open 60", "closed"]
    assert lobby.adopted == []


def test_a_device_that_never_reports_by_itself_is_named_but_not_taken_in() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.pairing.found(BUTTON, None)
        assert lobby.hears(BUTTON, frame=None), "an answer to the hub is shown"

    lobby = Lobby()
    assert played(lobby, scene) == Paired("timeout", BUTTON)
    assert lobby.adopted == []


def test_a_siren_is_proved_by_its_answer() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.pairing.found(BELL, None)
        lobby.hears(BELL, frame=None)

    lobby = Lobby()
    assert played(lobby, scene).outcome == "done"
    assert [d.id for d in lobby.adopted] == [BELL.id]


def test_a_second_device_waits_for_the_next_pairing() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.pairing.found(DOOR, None)
        lobby.pairing.found(BUTTON, None)
        assert lobby.hears(BUTTON) == []
        assert lobby.adopted == []
        lobby.hears(DOOR)

    lobby = Lobby()
    paired = played(lobby, scene)
    assert paired.device is not None
    assert paired.device.id == DOOR.id
    assert [d.id for d in lobby.adopted] == [DOOR.id]


def test_a_device_that_fails_may_try_again_in_the_same_window() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.step(PairStage.JOINED, BUTTON)
        lobby.step(PairStage.FAILED, BUTTON)
        await asyncio.sleep(20)
        lobby.step(PairStage.JOINED, BUTTON)
        lobby.pairing.found(BUTTON, None)
        lobby.hears(BUTTON)

    lobby = Lobby()
    assert played(lobby, scene).outcome == "done"
    assert lobby.stages() == ["joined", "failed", "joined", FIRST_REPORT]


def test_stop_ends_the_pairing_at_once_and_says_which_device_was_on_its_way() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.pairing.found(BUTTON, None)
        lobby.pairing.stop()
        lobby.pairing.stop()

    lobby = Lobby()
    assert played(lobby, scene) == Paired("stopped", BUTTON)
    assert lobby.gate.does == ["open 60", "closed"]


def test_stop_and_devices_without_a_pairing_do_nothing() -> None:
    lobby = Lobby()

    async def scene() -> None:
        lobby.pairing.stop()
        lobby.pairing.found(BUTTON, None)
        lobby.step(PairStage.JOINED, BUTTON)
        assert lobby.hears(BUTTON) == []

    quickly(scene)
    assert (lobby.told, lobby.adopted) == ([], [])


def test_a_device_of_the_last_pairing_is_no_candidate_of_the_next() -> None:
    lobby = Lobby()

    async def first(lobby: Lobby) -> None:
        lobby.pairing.found(BUTTON, None)
        lobby.pairing.stop()

    async def second(lobby: Lobby) -> None:
        assert lobby.hears(BUTTON) == []

    played(lobby, first)
    assert played(lobby, second) == Paired("timeout", None)


def test_a_second_pairing_is_refused_while_one_is_under_way_and_does_not_disturb_it() -> None:
    async def scene(lobby: Lobby) -> None:
        with pytest.raises(CommandRefused, match="stop it first") as refused:
            await lobby.run(Wanted(30, "x", "y"))
        assert refused.value.code == "busy"
        assert lobby.gate.does == ["open 60"]
        lobby.pairing.found(BUTTON, None)
        lobby.hears(BUTTON)

    lobby = Lobby()
    assert played(lobby, scene).outcome == "done"
    assert lobby.adopted[0].name == "床头"


def test_a_driver_that_cannot_open_says_why_and_the_next_pairing_is_possible() -> None:
    async def scene() -> None:
        with pytest.raises(TransportError, match="does not answer"):
            await lobby.run()
        lobby.gate.stuck = ""
        assert (await lobby.run()).outcome == "timeout"

    lobby = Lobby(stuck="open")
    quickly(scene)


def test_a_device_that_is_in_stays_in_although_the_network_could_not_be_closed() -> None:
    async def scene(lobby: Lobby) -> None:
        lobby.pairing.found(BUTTON, None)
        lobby.hears(BUTTON)

    lobby = Lobby(stuck="close")
    assert played(lobby, scene).outcome == "done"
    assert len(lobby.adopted) == 1


def test_a_client_that_goes_away_in_the_middle_closes_the_network() -> None:
    lobby = Lobby()

    async def scene() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(lobby.run())
            await asyncio.sleep(5)
            running.cancel()
        assert lobby.gate.does == ["open 60", "closed"]
        assert (await lobby.run()).outcome == "timeout"

    quickly(scene)


def test_a_device_of_the_home_that_was_reset_can_be_paired_again_and_keeps_its_name() -> None:
    known = replace(BUTTON, name="床头", room="卧室", paired_at_s=1.0)

    async def scene(lobby: Lobby) -> None:
        lobby.step(PairStage.JOINED, BUTTON)
        assert lobby.pairing.found(BUTTON, known)
        lobby.hears(BUTTON)

    lobby = Lobby()
    paired = played(lobby, scene, Wanted(60, "", ""))
    assert paired.outcome == "done"
    (device,) = lobby.adopted
    assert (device.name, device.room) == ("床头", "卧室")


def test_a_device_of_the_home_that_only_says_more_of_itself_is_not_the_new_one() -> None:
    async def scene(lobby: Lobby) -> None:
        assert not lobby.pairing.found(BELL, BELL)
        lobby.step(PairStage.JOINED, BUTTON)
        assert lobby.pairing.found(BUTTON, None)
        lobby.hears(BUTTON)

    lobby = Lobby()
    assert played(lobby, scene).outcome == "done"
    assert [device.id for device in lobby.adopted] == [BUTTON.id]
