"""Takes down what happens in a play, in the words of plays.

Owns what counts as which change of an alarm, wherever the alarm comes from: the hub without
hardware tells each change, a real hub has it in its journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.core.alarm import Alarm, AlarmId, AlarmState, Why
from agent.core.device import DeviceId
from agent.core.text import Sentence
from tests.scenarios.play import Change


@dataclass(frozen=True, slots=True)
class Happened:
    """What came of it at `second`: a change of an alarm, or something that the hub did. `room` is
    that of the device which gave the evidence."""

    second: float
    says: Sentence
    change: Change | None = None
    alarm: Alarm | None = None
    room: str = ""


class Chronicle:
    """What happened so far, in order. `names` and `rooms` are those of the devices."""

    def __init__(self, names: Mapping[DeviceId, Sentence], rooms: Mapping[DeviceId, str]) -> None:
        self.happened: list[Happened] = []
        self._names = names
        self._rooms = rooms
        self._latest: dict[AlarmId, Alarm] = {}
        self._told: set[tuple[AlarmId, Change]] = set()

    def alarm(self, second: float, alarm: Alarm) -> None:
        """Take down how an alarm stands after it changed."""
        change = self._change_of(self._latest.get(alarm.id), alarm)
        self._latest[alarm.id] = alarm
        if change is not None:
            self._told.add((alarm.id, change))
        named = replace(alarm, why=self._with_name(alarm.why))
        room = self._rooms.get(alarm.why.device, "")
        self.happened.append(Happened(second, named.why.sentence, change, named, room))

    def say(self, second: float, zh: str, en: str) -> None:
        """Take down something else that the hub did."""
        self.happened.append(Happened(second, Sentence(zh, en)))

    def _change_of(self, before: Alarm | None, after: Alarm) -> Change | None:
        """Return what the change is in the words of a play, None when they have none for it."""
        if after.state is AlarmState.PRE_ALARM:
            return None if (after.id, Change.ASKS) in self._told else Change.ASKS
        if after.state is AlarmState.ACTIVE:
            return Change.AGAIN if (after.id, Change.RAISED) in self._told else Change.RAISED
        is_over = after.restored is not None and not after.condition_active
        return Change.ENDS if is_over and (before is None or before.restored is None) else None

    def _with_name(self, why: Why) -> Why:
        """Put the device's name where the rules, which know no names, have written its id."""
        name = self._names.get(why.device)
        if name is None:
            return why
        written = f"{why.device}/{why.channel}" if why.channel else str(why.device)
        sentence = Sentence(
            why.sentence.zh.replace(written, name.zh), why.sentence.en.replace(written, name.en)
        )
        return replace(why, sentence=sentence)
