"""The house of a play: devices that live on their own, people, and a hub that can be switched off.

Owns what happens by itself (a sensor is quiet again, a device checks in, a hub is back), and who
hears whom.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import assert_never

from agent.core.actuation import ActuationKind
from agent.core.alarm import Alarm
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, Caller, ResolveAlarm, Role
from agent.core.device import Device, DeviceId, hub_part
from agent.core.event import Observed
from agent.core.reading import PLAYED, Quantity, Reading, Value
from agent.core.text import Sentence
from local_rules.blind import blind
from local_rules.settle import settle
from tests.scenarios.chronicle import Chronicle, Happened
from tests.scenarios.clock import HouseClock
from tests.scenarios.hub import Hub
from tests.scenarios.play import Fact, Happens, Person, Place, Setting, Tell, Turn
from tests.scenarios.words import HUB_PARTS, MOVED_ONLY, ROOMS, THINGS

CHECK_IN_S = 6 * 3600.0
"""Each device reports its battery this often, and how it stands if it has a state that lasts; the
kit's supervision wants it at least daily."""

RESTART_S = 20.0
"""How long a hub that starts again is deaf."""


class House:
    """Plays devices and people to a hub, second by second. `refused`: what was asked last was."""

    late_s = 0.0

    def __init__(self, setting: Setting) -> None:
        self.second = 0.0
        self.refused = False
        self._ids = {place: _device_id(place) for place in setting.places}
        devices = {self._ids[place]: _device(place) for place in setting.places}
        names = {self._ids[place]: name_of(place) for place in setting.places}
        names |= {hub_part(part): name for part, name in HUB_PARTS.items()}
        self._rules = settle(setting.wish).book()
        self._clock = HouseClock(setting.begins_s, known=setting.clock_known)
        rooms = {device.id: device.room for device in devices.values()}
        self._chronicle = Chronicle(names, rooms)
        self._hub = Hub(self._rules, self._clock, devices, names, self._chronicle)
        self._hub.now = self._clock.stamp(0.0)
        self._stopped: Stamp | None = None
        self._silent: set[Place] = set()
        self._latest: dict[Place, dict[Quantity, Value]] = {}
        self._drilled: dict[DeviceId, None] = {}
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0
        for n, place in enumerate(setting.places, 1):
            if place.thing not in MOVED_ONLY:
                self._check_in(place, n * 7.0)  # No two devices of a home speak in step.

    # --- what is done to it ---------------------------------------------------------------------

    def pass_until(self, second: float) -> None:
        """Let time pass: devices do what they do by themselves, timers ring."""
        while self._later and self._later[0][0] <= second:
            then_s, _, act = heapq.heappop(self._later)
            self._wait(then_s)
            act()
        self._wait(second)

    def tell(self, told: Tell) -> None:
        """Let a device say something now, and take it back when that is over."""
        for fact in told.facts:
            if fact.quantity in _REPEATED and not told.drill:
                self._latest.setdefault(told.place, {})[fact.quantity] = fact.value
        self._say(told.place, told.facts, drill=told.drill)
        if told.lasts_s:
            over = tuple(Fact(fact.quantity, _opposite(fact.value)) for fact in told.facts)
            end_s = self.second + told.lasts_s
            self._plan(end_s, lambda: self._say(told.place, over, drill=told.drill))

    def happens(self, what: Happens) -> None:
        """Let the house go through something."""
        match what.turn:
            case Turn.HUB_STOPS:
                self._stop()
            case Turn.HUB_STARTS:
                self._start()
            case Turn.HUB_RESTARTS:
                self._stop()
                self._plan(self.second + RESTART_S, self._start)
            case Turn.CLOCK_LOST:
                self._clock.lose(self.second)
            case Turn.CLOCK_FOUND:
                self._clock.find()
            case Turn.CLOCK_JUMPS:
                self._clock.jump(what.by_s)
            case Turn.DRILL_ENDS:
                self._end_drills()
            case Turn.SILENT:
                assert what.place is not None, "the parser has found the device"
                self._silent.add(what.place)
            case Turn.HEARD:
                assert what.place is not None, "the parser has found the device"
                self._silent.discard(what.place)
                self._report(what.place)
            case _:
                assert_never(what.turn)
        self._hub.now = self._clock.stamp(self.second)

    def answer(self, person: Person) -> int:
        """Let somebody answer the open alarms that are meant; return how many there were."""
        role = Role.OPERATOR if person.on_site else Role.LINK
        caller = Caller(role, person.who, person.on_site)
        meant = [
            alarm
            for alarm in self.open_alarms
            if person.rule in (None, alarm.rule) and not alarm.drill
        ]
        self.refused = False
        for alarm in meant:
            command: AckAlarm | ResolveAlarm = AckAlarm(alarm.id, caller)
            if person.cause:
                command = ResolveAlarm(alarm.id, caller, person.cause)
            self.refused |= not self._hub.ask(command, self._clock.stamp(self.second))
        return len(meant)

    # --- how it stands --------------------------------------------------------------------------

    @property
    def happened(self) -> list[Happened]:
        """Return what came of it so far, in order."""
        return self._chronicle.happened

    @property
    def open_alarms(self) -> list[Alarm]:
        """Return the alarms that somebody still has to do something about."""
        return list(self._hub.book.open.values())

    @property
    def presence(self) -> str:
        """Return what the hub believes of who is at home, "" before it said anything."""
        return self._hub.presence

    def blind_rules(self) -> set[str]:
        """Return the rules that do not hear a device on which they rely."""
        return {str(one.rule) for one in blind(self._hub.state, self._rules)}

    def is_doing(self, thing: str) -> bool:
        """Return whether a thing of the kind does what it was told last: sounds, is shut, is on."""
        own = [device for place, device in self._ids.items() if place.thing == thing]
        if thing == "siren":
            sounding = self._hub.sounding_until
            return any(sounding.get(device, 0.0) > self.second for device in own)
        done = (ActuationKind.VALVE_CLOSE, ActuationKind.SWITCH_ON)
        return any(self._hub.moved.get(device) in done for device in own)

    def comes_true(self, condition: Callable[[], bool]) -> bool:
        """Return whether it holds: here everything has happened when it happens."""
        return condition()

    # --- inside ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Cut the hub's power; what it has not written down is gone."""
        self._stopped = self._stopped or self._clock.stamp(self.second)

    def _start(self) -> None:
        """Start the hub with what is on its disk; one that runs stays as it is."""
        if self._stopped is not None:
            stamp = self._clock.boot(self._stopped, self.second)
            self._stopped = None
            self._hub.start(stamp)
            self._hub.pass_until(stamp)  # What came due meanwhile rings at once.

    def _end_drills(self) -> None:
        """Let the drill be over with every device that played in it."""
        for device in self._drilled:
            self._hub.end_drills(device, self._clock.stamp(self.second))
        self._drilled.clear()

    def _wait(self, second: float) -> None:
        if self._stopped is None:
            self._hub.pass_until(self._clock.stamp(second))
        self.second = second

    def _say(self, place: Place, facts: Sequence[Fact], *, drill: bool = False) -> None:
        if self._stopped is not None or place in self._silent:
            return  # Nobody hears it.
        device = self._ids.get(place, hub_part(place.thing))
        if drill:
            self._drilled[device] = None
        for fact in facts:
            channel = PLAYED if drill else _CHANNELS.get(place.thing, "")
            stamp = self._clock.stamp(self.second)
            reading = Reading(device, fact.quantity, fact.value, stamp, channel, drill=drill)
            self._hub.take(Observed(reading, room=place.room))

    def _check_in(self, place: Place, second: float) -> None:
        def act() -> None:
            self._report(place)
            self._check_in(place, second + CHECK_IN_S)

        self._plan(second, act)

    def _report(self, place: Place) -> None:
        told: dict[Quantity, Value] = {Quantity.BATTERY_PCT: 90, **self._latest.get(place, {})}
        if place.thing == "door":
            told.setdefault(Quantity.CONTACT_OPEN, False)
        self._say(place, [Fact(quantity, value) for quantity, value in told.items()])

    def _plan(self, second: float, act: Callable[[], None]) -> None:
        self._planned += 1
        heapq.heappush(self._later, (second, self._planned, act))


_REPEATED = (Quantity.BATTERY_PCT, Quantity.CONTACT_OPEN)
"""What a device says again each time it checks in."""

_CHANNELS = {"uplink": "platform"}
"""Hub parts that say of which of their faults they speak."""


def _opposite(value: Value) -> Value:
    return False if isinstance(value, bool) else 0.0


def _device_id(place: Place) -> DeviceId:
    rooms = [room.zh for room in ROOMS]
    return DeviceId(f"zb:{list(THINGS).index(place.thing):08x}{rooms.index(place.room):08x}")


def _device(place: Place) -> Device:
    thing = THINGS[place.thing]
    return Device(_device_id(place), thing.kind, thing.words.zh, place.room)


def name_of(place: Place) -> Sentence:
    """Return what the device is called in sentences."""
    words = THINGS[place.thing].words
    room = next(room for room in ROOMS if room.zh == place.room)
    return Sentence(f"{place.room}的{words.zh}", f"{words.en} in the {room.en}")
