"""Alarms, people and moments for the tests of what happens after a rule fired."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agent.core.actuation import Actuation, ActuationKind, LocalAction
from agent.core.alarm import Alarm, AlarmId, Hazard, RuleId, Severity, Why
from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.command import AckAlarm, Caller, ResolveAlarm, Role
from agent.core.device import DeviceId, DeviceKind
from agent.core.effect import RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.event import Woken
from agent.core.text import Sentence
from agent.response.lifecycle import AlarmBook, Cause, Change, apply
from agent.response.waiting import WAIT, wake_key

NEIGHBOUR = Caller(Role.OPERATOR, "cli:neighbour", on_site=True)
DAUGHTER = Caller(Role.LINK, "platform:daughter", on_site=False)

SEVERITY = {
    Hazard.WATER_LEAK: Severity.S2,
    Hazard.TAMPER: Severity.S4,
    Hazard.HUB_FAULT: Severity.S4,
    Hazard.DEVICE_FAULT: Severity.S4,
}
LATCHED = (Hazard.SOS, Hazard.SMOKE, Hazard.GAS, Hazard.CO)


def stamp(at_s: float) -> Stamp:
    """Return hub time `at_s`."""
    return Stamp(at_s, int(at_s * 1000), BootId("boot-1"), 1_795_000_000 + at_s, TimeQuality.RTC)


def siren(seconds: int) -> LocalAction:
    """Return the order to sound the sirens for `seconds`."""
    return LocalAction(DeviceKind.SIREN, Actuation(ActuationKind.SIREN_ON, seconds))


def raised(
    hazard: Hazard = Hazard.SMOKE,
    subject: str = "zb:1",
    *,
    drill: bool = False,
    latched: bool | None = None,
    actions: tuple[LocalAction, ...] = (),
) -> RaiseAlarm:
    """Return what the rule of `hazard` asks for when it fires for `subject`."""
    return RaiseAlarm(
        rule=RuleId(hazard.value),
        subject=subject,
        hazard=hazard,
        severity=SEVERITY.get(hazard, Severity.S1),
        why=Why(Sentence("有烟。", "Smoke."), DeviceId(subject), hazard.value, "true"),
        latched=hazard in LATCHED if latched is None else latched,
        momentary=hazard is Hazard.SOS,
        drill=drill,
        actions=actions,
    )


def restored(hazard: Hazard = Hazard.SMOKE, subject: str = "zb:1") -> RestoreAlarm:
    """Return what the rule of `hazard` asks for when its condition is over."""
    return RestoreAlarm(RuleId(hazard.value), subject)


@dataclass
class Desk:
    """Feeds the lifecycle one input after the other, a second apart, with ids that never repeat."""

    book: AlarmBook = field(default_factory=AlarmBook)
    at_s: float = 0.0

    def take(self, what: Cause) -> Change:
        """Return what came of `what`, one second after the input before it."""
        self.at_s += 1
        change = apply(self.book, what, stamp(self.at_s), AlarmId(f"0000abcd-{self.at_s:.0f}"))
        self.book = change.book
        return change

    def begin(self, effect: RaiseAlarm) -> Alarm:
        """Return the alarm that `effect` begins or repeats."""
        alarm = self.take(effect).alarm
        assert alarm is not None
        return alarm

    def ack(self, alarm: Alarm, caller: Caller = DAUGHTER) -> Change:
        """Let `caller` take `alarm` on."""
        return self.take(AckAlarm(alarm.id, caller))

    def resolve(self, alarm: Alarm, caller: Caller = NEIGHBOUR) -> Change:
        """Let `caller` close `alarm`."""
        return self.take(ResolveAlarm(alarm.id, caller, "kitchen_smoke"))


def asking(
    pre_alarm_s: float = 120, every_s: float = 50, hazard: Hazard = Hazard.DWELL
) -> RaiseAlarm:
    """Return what a rule that asks first raises."""
    effect = raised(hazard, actions=(siren(60),))
    return replace(effect, severity=Severity.S2, pre_alarm_s=pre_alarm_s, prompt_every_s=every_s)


def ring(desk: Desk, alarm: Alarm, at_s: float) -> Change:
    """Let the alarm's timer ring at hub time `at_s`."""
    desk.at_s = at_s - 1
    key = wake_key(alarm.id, WAIT)
    return desk.take(Woken(key, at_s, stamp(at_s)))


def only_timer(change: Change) -> WakeAt:
    """Return the one timer that a change asks for."""
    (timer,) = change.timers
    assert isinstance(timer, WakeAt)
    return timer
