"""The hub of a play: the true engine and the true lifecycle, with a disk and things to move.

State is kept as guard keeps it, a JSON text a rule and subject, and a start takes what those say.
Owns what becomes of orders, and the list of what happened. The home without hardware, on which it
stands, owns the order of readings and timers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.core.actuation import ActuationKind, LocalAction, Requester
from agent.core.alarm import Alarm, AlarmId
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, ResolveAlarm
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.effect import Derive
from agent.core.errors import CommandRefused
from agent.core.reading import Quantity
from agent.core.text import Sentence
from agent.replay.home import News, RecordedHome
from agent.response import gate, silence
from agent.response.lifecycle import AlarmBook, Change, apply
from agent.response.record import alarm_from_body, alarm_to_body
from local_rules import engine, snapshot
from local_rules.rule import RuleBook
from tests.scenarios.chronicle import Chronicle
from tests.scenarios.clock import HouseClock


class Hub(RecordedHome):
    """A home without hardware that keeps a disk, moves things, and takes down what happens."""

    def __init__(
        self,
        rules: RuleBook,
        clock: HouseClock,
        devices: Mapping[DeviceId, Device],
        names: Mapping[DeviceId, Sentence],
        chronicle: Chronicle,
    ) -> None:
        super().__init__(rules, attended=False, tell=self._note)
        self.presence = ""
        self.moved: dict[DeviceId, ActuationKind] = {}
        self.sounding_until: dict[DeviceId, float] = {}
        self._clock = clock
        self._devices = devices
        self._names = names
        self._chronicle = chronicle
        self._rule_disk: dict[engine.StateKey, str] = {}
        self._alarm_disk: dict[AlarmId, str] = {}

    def pass_until(self, stamp: Stamp) -> None:
        """Let every timer ring that is due, then let it be `stamp`."""
        self._ring_until(stamp.at_s)
        self.now = stamp

    def start(self, stamp: Stamp) -> tuple[Sentence, ...]:
        """Begin with what is on the disk; return what could not be taken over."""
        rows = [(key.rule, key.subject, text) for key, text in self._rule_disk.items()]
        restored = snapshot.restore(rows, self._rules)
        alarms = [alarm_from_body(json.loads(text)) for text in self._alarm_disk.values()]
        self.book = AlarmBook.of(sorted(alarms, key=lambda alarm: alarm.detected.at_s))
        self.state = restored.state
        self.restart(stamp)
        return tuple(lost.sentence for lost in restored.lost)

    def ask(self, command: AckAlarm | ResolveAlarm, stamp: Stamp) -> bool:
        """Let a person answer; return whether it is allowed."""
        try:
            apply(self.book, command, stamp, AlarmId(""))
        except CommandRefused as refused:
            self._say(f"被拒绝：{refused.code}", f"refused: {refused}")
            return False
        self.answer(command, stamp)
        return True

    # --- what the home without hardware asks for ------------------------------------------------

    def _take_step(self, made: engine.Step) -> None:
        for key in made.changed:
            self._rule_disk[key] = snapshot.dump(made.state, key, self._rules)
        for key in made.forgotten:
            self._rule_disk.pop(key, None)
        super()._take_step(made)
        for effect in made.effects:
            if isinstance(effect, Derive) and effect.reading.quantity is Quantity.PRESENCE:
                self.presence = str(effect.reading.value)
                self._say(f"判断：{self.presence}", f"believes: {self.presence}")

    def _act(self, before: AlarmBook, change: Change, alarm: Alarm) -> None:
        actions = change.actions + silence.siren_effects(before, self.book)
        assert self.now is not None, "something happened"
        for action in silence.lasting(self.book, actions, self.now):
            self._order(action, alarm)

    def _note(self, news: News) -> None:
        self._alarm_disk[news.alarm.id] = json.dumps(alarm_to_body(news.alarm))
        self._chronicle.alarm(self._clock.second_of(news.stamp), news.alarm)

    def _order(self, action: LocalAction, alarm: Alarm) -> None:
        """Have every device of the kind do it, as far as the gate lets it."""
        rooms = {device.id: device.room for device in self._devices.values()}
        for device in self._devices.values():
            if device.kind is not action.target:
                continue
            actuation, name = action.actuation, self._names[device.id]
            verdict = gate.allowed(
                actuation,
                device,
                Requester.RULE,
                self.book.open.values(),
                rooms,
                drill=alarm.drill,
            )
            if not verdict.ok:
                why = verdict.sentence
                self._say(f"{name.zh}不动作：{why.zh}", f"{name.en} left alone: {why.en}")
                continue
            self._say(f"{name.zh}：{actuation.kind}", f"{name.en}: {actuation.kind}")
            self.moved[device.id] = actuation.kind
            if device.kind is DeviceKind.SIREN:
                self.sounding_until[device.id] = self._second() + actuation.duration_s

    def _say(self, zh: str, en: str) -> None:
        self._chronicle.say(self._second(), zh, en)

    def _second(self) -> float:
        assert self.now is not None, "the play has begun"
        return self._clock.second_of(self.now)
