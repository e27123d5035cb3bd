"""The stage of a real hub: guard as a process, and the emulated stick that a play steers.

The bytes on the line, the driver, the journal and the control socket are those of a home; what
happened is read from the journal, what moved from the emulated devices. Time is real, so it is for
plays of seconds. Not here: things that the stick has no device for, clocks that are lost, drills.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from agent.core.alarm import Alarm
from agent.core.device import DeviceId
from agent.core.reading import Quantity
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.response.record import alarm_from_body
from tests.faults.line import Refused
from tests.hub import wait_a_little, wait_for
from tests.scenarios.chronicle import Chronicle, Happened
from tests.scenarios.house import name_of
from tests.scenarios.play import Fact, Happens, Person, Place, Play, PlayError, Tell, Turn
from tests.scenarios.words import THINGS
from tests.system.home import Home

KINDS: Mapping[str, str] = {
    "motion": "motion",
    "door": "contact",
    "button": "sos_button",
    "cord": "sos_button",
    "pendant": "ace_button",
    "smoke": "smoke",
    "gas": "gas",
    "co": "co",
    "leak": "leak",
    "climate": "climate",
    "siren": "siren",
    "valve": "valve",
    "plug": "plug",
}
"""Thing -> the emulator's kind of device."""

SECONDS_MAX = 120
"""A play on the stick takes as long as it says; a longer one is for the house without hardware."""

_ZONES = (
    *(Quantity.MOTION, Quantity.CONTACT_OPEN, Quantity.SMOKE),
    *(Quantity.GAS, Quantity.CO, Quantity.WATER_LEAK),
)
_MEASURED = {Quantity.TEMP_C: "temperature", Quantity.POWER_W: "power"}


class LiveHouse:
    """A home on the emulated stick in `folder`. `open` before the play, `close` after it."""

    late_s = 4.0
    """A loaded machine is late; what a rule counts is longer than that in such plays."""

    def __init__(self, play: Play, folder: Path) -> None:
        """Errors: PlayError when the stick cannot play it."""
        _refuse(play)
        self.refused = False
        used = {step.what.place for step in play.steps if isinstance(step.what, Tell)}
        places = [p for p in play.setting.places if p in used or p.thing in ("siren", "valve")]
        self._names = {place: f"{place.thing}-{n}" for n, place in enumerate(places)}
        self._home = Home(
            folder, devices={name: KINDS[place.thing] for place, name in self._names.items()}
        )
        self._began_s = 0.0
        self._later: list[tuple[float, int, Tell]] = []
        self._planned = 0
        self._after_seq = 0
        self._chronicle = Chronicle({}, {})

    def open(self) -> None:
        """Start everything, bring the devices in, and let second 0 be now."""
        self._home.plug_in()
        self._home.start()
        self._home.wait_ready()
        for place, name in self._names.items():
            self._home.pair(name, KINDS[place.thing], room=place.room)
            if place.thing == "valve":  # A new one is shut; a home cooks.
                self._home.hand.do("report", device=name, on_off=True, force=True)
        for alarm in self._home.ask("alarms.list")["alarms"]:
            self._home.ask("alarm.resolve", alarm=alarm["id"], cause="paired")
        wait_for(lambda: not self.open_alarms, 20.0, "nothing is open after pairing")
        listed = {device["name"]: device for device in self._home.ask("devices.list")["devices"]}
        ids = {DeviceId(listed[name]["id"]): place for place, name in self._names.items()}
        names = {device: name_of(place) for device, place in ids.items()}
        self._chronicle = Chronicle(names, {device: place.room for device, place in ids.items()})
        with closing(self._reader()) as reader:
            journal = reader.own_id()
            assert journal is not None, "a hub that runs has a journal"
            self._after_seq = reader.last_seq(journal)
        self._began_s = _now_s()

    def close(self) -> None:
        """End every process that was started."""
        self._home.close()

    # --- what is done to it ---------------------------------------------------------------------

    def pass_until(self, second: float) -> None:
        """Wait, and take back what devices said for a while only."""
        while self._later and self._later[0][0] <= second:
            then_s, _, told = heapq.heappop(self._later)
            self._wait(then_s)
            self._do(told, over=True)
        self._wait(second)

    def tell(self, told: Tell) -> None:
        """Have the emulated device send it."""
        self._do(told, over=False)
        if told.lasts_s:
            self._planned += 1
            end_s = _now_s() - self._began_s + told.lasts_s
            heapq.heappush(self._later, (end_s, self._planned, told))

    def happens(self, what: Happens) -> None:
        """Kill guard, or start it."""
        match what.turn:
            case Turn.HUB_STOPS:
                self._home.hub.kill("guard")
            case Turn.HUB_STARTS:
                self._home.start()
                self._home.wait_ready()
            case Turn.HUB_RESTARTS:
                self._home.hub.kill("guard")
                self._home.start()
                self._home.wait_ready()
            case _:
                raise PlayError(f"{what.turn}: wanted a hub that stops or starts, on the stick")

    def answer(self, person: Person) -> int:
        """Answer at the control socket, as the command line or link does."""
        meant = [one for one in self.open_alarms if person.rule in (None, one.rule)]
        self.refused = False
        with closing(self._home.line()) as line:
            for alarm in meant:
                by = {} if person.on_site else {"by": person.who}
                try:
                    if person.cause:
                        line.ask("alarm.resolve", alarm=alarm.id, cause=person.cause, **by)
                    else:
                        line.ask("alarm.ack", alarm=alarm.id, **by)
                except Refused:
                    self.refused = True
        return len(meant)

    # --- how it stands --------------------------------------------------------------------------

    @property
    def happened(self) -> list[Happened]:
        """Return what the journal says so far."""
        with closing(self._reader()) as reader:
            journal = reader.own_id()
            assert journal is not None, "a hub that runs has a journal"
            rows = reader.rows(journal, after_seq=self._after_seq, limit=10_000)
        for row in rows:
            self._after_seq, body = row.seq, json.loads(row.body)
            second = row.mono_ms / 1000 - self._began_s
            if row.kind.startswith("alarm."):
                self._chronicle.alarm(second, alarm_from_body(body))
            elif row.kind.startswith("actuation."):
                said = f"{body['actuation']}: {row.kind.partition('.')[2]}"
                self._chronicle.say(second, said, said)
        return self._chronicle.happened

    @property
    def open_alarms(self) -> list[Alarm]:
        """Return the alarms of the journal that somebody still has to do something about."""
        with closing(self._reader()) as reader:
            kept = reader.state(Table.ALARM).values()
        alarms = [alarm_from_body(json.loads(body)) for body in kept]
        return [alarm for alarm in alarms if alarm.is_open]

    @property
    def presence(self) -> str:
        """Return "": a play of seconds is too short for it."""
        return ""

    def blind_rules(self) -> set[str]:
        """Return none: a play of seconds is too short for it."""
        return set()

    def is_doing(self, thing: str) -> bool:
        """Return whether an emulated device of the kind sounds, or a valve of it is shut."""
        names = [name for place, name in self._names.items() if place.thing == thing]
        is_on = any(self._home.hand.state(name)["on"] for name in names)
        return not is_on if thing == "valve" else is_on

    def comes_true(self, condition: Callable[[], bool]) -> bool:
        """Return whether it holds before it is too late."""
        try:
            wait_for(condition, self.late_s)
        except TimeoutError:
            return False
        return True

    # --- inside ---------------------------------------------------------------------------------

    def _do(self, told: Tell, *, over: bool) -> None:
        device = self._names[told.place]
        for fact in told.facts:
            verb, values = _verb(told.place, fact, over=over)
            if verb:
                self._home.hand.do(verb, device=device, **values)

    def _wait(self, second: float) -> None:
        left_s = self._began_s + second - _now_s()
        if left_s > 0:
            wait_a_little(left_s)

    def _reader(self) -> JournalReader:
        return JournalReader(self._home.hub.data / "journal.db")


def _verb(place: Place, fact: Fact, *, over: bool) -> tuple[str, dict[str, object]]:
    """Return the emulator's verb for a fact, "" for one that such a device never sends.

    Errors: PlayError for what no device on the stick says.
    """
    quantity, is_true = fact.quantity, fact.value is True and not over
    if quantity is Quantity.SOS:
        if is_true:
            return "press", {}
        return ("", {}) if place.thing == "pendant" else ("restore", {})
    if quantity in _ZONES:
        return "trip" if is_true else "restore", {}
    if quantity is Quantity.TAMPER:
        return "tamper", {"on": is_true}
    if quantity is Quantity.BATTERY_PCT:
        return "battery", {"percent": fact.value}
    if quantity in _MEASURED:
        return "report", {_MEASURED[quantity]: fact.value}
    raise PlayError(f"{quantity}: wanted something that a device on the stick says")


def _refuse(play: Play) -> None:
    """Errors: PlayError for a play that takes too long or has what the stick cannot play."""
    if play.ends_s > SECONDS_MAX:
        raise PlayError(
            f"{play.file}: got a play of {play.ends_s:.0f} s; wanted at most {SECONDS_MAX} s on "
            "the stick. Play it without --stick."
        )
    for step in play.steps:
        if isinstance(step.what, Tell):
            if step.what.drill or step.what.place.thing not in KINDS:
                raise PlayError(
                    f"{play.file}:{step.line}: the stick has no such device; wanted one of "
                    f"{', '.join(THINGS[thing].words.en for thing in KINDS)}. Play it without "
                    "--stick."
                )
            for fact in step.what.facts:
                _verb(step.what.place, fact, over=False)


def _now_s() -> float:
    """Return seconds on the clock that the journal's milliseconds are of."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
