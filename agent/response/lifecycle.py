"""The alarms of the home and what becomes of them.

Owns which alarms there are. Which way each goes is the matter of `transitions`. Knows nothing of
rules: it takes their effects and the commands of people as they come, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, assert_never

from agent.core.actuation import ActuationKind, LocalAction
from agent.core.alarm import Alarm, AlarmId, AlarmState, Hazard, RuleId, Severity
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, Caller, ResolveAlarm, Role
from agent.core.effect import CancelWake, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.errors import CommandRefused
from agent.core.event import Woken
from agent.core.row import Kind
from agent.response import waiting
from agent.response.transitions import Input, Move, move

CLOSED_KEPT = 256
"""Closed alarms kept for late acks of theirs; beyond it the oldest go, the journal has them all."""

TROUBLE = (Severity.S4, Severity.S5)
"""What is a fault or a hint, no harm to a person."""

DANGER_IN_THE_AIR = (Hazard.SMOKE, Hazard.GAS, Hazard.CO)
"""What nobody outside the home may call off while the detector still reports it."""

ANSWERED = "answered"
RESTORED = "restored"
"""Causes of an alarm that was called off: by the person at home, or because the condition ended."""


@dataclass(frozen=True, slots=True)
class Held:
    """A report of a rule that is muted until hub time `until_s`."""

    effect: RaiseAlarm
    until_s: float


@dataclass(frozen=True, slots=True)
class Release:
    """The mute that holds an alarm back is over."""

    alarm: AlarmId


Cause = RaiseAlarm | Held | RestoreAlarm | Woken | Release | AckAlarm | ResolveAlarm
"""What can change an alarm: an effect of a rule, a timer of the alarm's own, the end of a mute, or
a command of a person."""


class AlarmKey(NamedTuple):
    """At most one open alarm for each. A drill never shares a key with the real thing, so that a
    real alarm can never become a mere repeat of a drill that is never dispatched."""

    rule: RuleId
    subject: str
    drill: bool


@dataclass(frozen=True, slots=True)
class AlarmBook:
    """All alarms that matter now. The mappings are shared between books and never written to.

    `open`   alarms somebody still has to do something about.
    `closed` the latest `CLOSED_KEPT` closed ones, oldest first.
    """

    open: Mapping[AlarmId, Alarm] = field(default_factory=dict)
    closed: Mapping[AlarmId, Alarm] = field(default_factory=dict)
    by_key: Mapping[AlarmKey, AlarmId] = field(default_factory=dict)

    @classmethod
    def of(cls, alarms: Iterable[Alarm]) -> AlarmBook:
        """Return the book of the stored `alarms`, oldest first, open and closed."""
        book = cls()
        for alarm in alarms:
            book = _with(book, alarm)
        return book

    def get(self, alarm_id: AlarmId) -> Alarm | None:
        """Return the alarm, open or closed, if it is still known."""
        return self.open.get(alarm_id) or self.closed.get(alarm_id)

    def find(self, rule: RuleId, subject: str, *, drill: bool = False) -> Alarm | None:
        """Return the open alarm of `rule` for `subject`."""
        found = self.by_key.get(AlarmKey(rule, subject, drill))
        return self.open[found] if found is not None else None


@dataclass(frozen=True, slots=True)
class Change:
    """What came of one input. `kind` is the row to be written, None when `alarm` did not change;
    `alarm` is None when the input was about no alarm at all. `actions` are to be done in the home
    now. `timers` are asked for by the alarm; they ring as `Woken` and come back here."""

    book: AlarmBook
    alarm: Alarm | None
    kind: Kind | None
    actions: tuple[LocalAction, ...] = ()
    timers: tuple[WakeAt | CancelWake, ...] = ()


def apply(
    book: AlarmBook,
    what: Cause,
    stamp: Stamp,
    new_id: AlarmId,
) -> Change:
    """Return the book after `what` happened at `stamp`; `new_id` is for the alarm it may begin.

    An ack or a resolve of what is already acked or closed changes nothing and is no error, for
    people press twice and networks send twice. Nor is a timer that rings late or for nobody.
    Errors: CommandRefused "unknown_alarm" when no such alarm is known, "condition_active" when it
    may not be closed from outside the home.
    """
    match what:
        case RaiseAlarm():
            return _report(book, what, stamp, new_id, None)
        case Held(effect, until_s):
            return _report(book, effect, stamp, new_id, until_s)
        case RestoreAlarm():
            return _restore(book, what, stamp)
        case Woken():
            return _wake(book, what, stamp)
        case Release(alarm_id):
            return _release(book, alarm_id, stamp)
        case AckAlarm():
            return _ack(book, what, stamp)
        case ResolveAlarm():
            return _resolve(book, what, stamp)
        case _:
            assert_never(what)


def resume(book: AlarmBook, stamp: Stamp) -> tuple[AlarmBook, tuple[WakeAt, ...]]:
    """Return the book as it goes on after a restart, and the timers that its alarms rely on.

    What waits goes on waiting for what is left of its time; what is overdue rings at once.
    """
    for alarm in tuple(book.open.values()):
        if alarm.waiting is not None:
            book = _with(book, replace(alarm, waiting=waiting.bounded(alarm.waiting, stamp)))
    return book, tuple(
        waiting.timer(alarm) for alarm in book.open.values() if alarm.waiting is not None
    )


def answered_by(book: AlarmBook, what: Cause) -> tuple[AckAlarm, ...]:
    """Return the answers that lie in `what`: who presses for help can be asked no longer.

    The press itself stays the call for help that it is.
    """
    if not isinstance(what, RaiseAlarm) or what.hazard is not Hazard.SOS or what.drill:
        return ()
    person = Caller(Role.OPERATOR, f"button:{what.why.device}", on_site=True)
    return tuple(
        AckAlarm(alarm.id, person)
        for alarm in book.open.values()
        if alarm.state is AlarmState.PRE_ALARM and not alarm.drill
    )


def held_of(book: AlarmBook, rule: RuleId) -> tuple[Release, ...]:
    """Return what lets go of all that is held back of `rule`, oldest first."""
    shelved = (alarm for alarm in book.open.values() if alarm.state is AlarmState.SHELVED)
    return tuple(Release(alarm.id) for alarm in shelved if alarm.rule == rule)


# --- a report of a rule ---------------------------------------------------------------------------


def _report(
    book: AlarmBook, effect: RaiseAlarm, stamp: Stamp, new_id: AlarmId, held_until_s: float | None
) -> Change:
    standing = book.find(effect.rule, effect.subject, drill=effect.drill)
    happened = Input.HOLD
    if held_until_s is None:
        happened = Input.ASK if waiting.pre_alarm_s(effect) else Input.RAISE
    if standing is not None:
        made = _certain(standing, happened)
        return _enter(book, _repeated(standing, effect), made, effect, stamp, held_until_s)
    assert book.get(new_id) is None, f"alarm id {new_id} is not new"
    alarm = _new(effect, stamp, new_id)
    return _enter(book, alarm, _certain(alarm, happened), effect, stamp, held_until_s)


def _new(effect: RaiseAlarm, stamp: Stamp, new_id: AlarmId) -> Alarm:
    return Alarm(
        id=new_id,
        rule=effect.rule,
        subject=effect.subject,
        hazard=effect.hazard,
        severity=effect.severity,
        state=AlarmState.NORMAL,
        latched=effect.latched,
        condition_active=not effect.momentary,
        count=1,
        drill=effect.drill,
        why=effect.why,
        detected=stamp,
    )


def _repeated(standing: Alarm, effect: RaiseAlarm) -> Alarm:
    graver = effect.severity < standing.severity  # "S1" is before "S2".
    return replace(
        standing,
        severity=effect.severity if graver else standing.severity,
        why=effect.why if graver else standing.why,
        condition_active=not effect.momentary,
        count=standing.count + 1,
        # It stands as if nobody had come yet; who came before is in the journal.
        acked=None,
        acked_by="",
        restored=None,
        hushed=False,
    )


def _enter(
    book: AlarmBook,
    alarm: Alarm,
    made: Move,
    effect: RaiseAlarm,
    stamp: Stamp,
    held_until_s: float | None,
) -> Change:
    """Let `alarm` go where a report leads it."""
    match made.to:
        case AlarmState.SHELVED:
            assert held_until_s is not None, "only what is held is shelved"
            until_s = held_until_s if alarm.waiting is None else alarm.waiting.until_s
            after = replace(alarm, state=made.to, waiting=waiting.shelved(effect, stamp, until_s))
            return Change(_with(book, after), after, made.kind, timers=(waiting.timer(after),))
        case AlarmState.PRE_ALARM:
            asking = waiting.asking(effect, stamp)
            after = replace(alarm, state=made.to, pre_alarm=stamp, waiting=asking)
            return Change(_with(book, after), after, made.kind, timers=(waiting.timer(after),))
        case _:
            return _call_help(book, alarm, made, effect.actions, stamp)


def _call_help(
    book: AlarmBook, alarm: Alarm, made: Move, actions: tuple[LocalAction, ...], stamp: Stamp
) -> Change:
    """Let `alarm` be ACTIVE, and its actions be done now."""
    sounds = [a.actuation for a in actions if a.actuation.kind is ActuationKind.SIREN_ON]
    siren_until_s = alarm.siren_until_s
    if sounds and not alarm.drill:
        until_s = stamp.at_s + max(siren.duration_s for siren in sounds)
        siren_until_s = max(until_s, siren_until_s or until_s)
    after = replace(
        alarm,
        state=made.to,
        raised=alarm.raised or stamp,
        waiting=None,
        siren_until_s=siren_until_s,
    )
    return Change(_with(book, after), after, made.kind, actions, _no_longer_waiting(alarm))


# --- time -----------------------------------------------------------------------------------------


def _wake(book: AlarmBook, event: Woken, stamp: Stamp) -> Change:
    alarm = book.open.get(waiting.alarm_of(event.key) or AlarmId(""))
    if alarm is None or alarm.waiting is None:
        return Change(book, None, None)  # It ended while its timer rang.
    if waiting.is_over(alarm.waiting, stamp):
        return _release(book, alarm.id, stamp)
    if not waiting.asks_again(alarm.waiting, stamp):
        return Change(book, alarm, None, timers=(waiting.timer(alarm),))
    made = _certain(alarm, Input.PROMPT)
    after = replace(alarm, waiting=waiting.asked(alarm.waiting, stamp))
    return Change(_with(book, after), after, made.kind, timers=(waiting.timer(after),))


def _release(book: AlarmBook, alarm_id: AlarmId, stamp: Stamp) -> Change:
    """Call for help: nobody has answered, or nothing holds the alarm back any more."""
    alarm = book.open.get(alarm_id)
    if alarm is None or alarm.waiting is None:
        return Change(book, None, None)
    actions = alarm.waiting.actions
    return _call_help(book, alarm, _certain(alarm, Input.DUE), actions, stamp)


def _no_longer_waiting(before: Alarm) -> tuple[CancelWake, ...]:
    return () if before.waiting is None else (waiting.no_timer(before),)


# --- the end of the condition, and people ---------------------------------------------------------


def _restore(book: AlarmBook, effect: RestoreAlarm, stamp: Stamp) -> Change:
    # A RestoreAlarm does not say whether it is a drill; the engine's subject of a drill does.
    alarm = book.find(effect.rule, effect.subject) or book.find(
        effect.rule, effect.subject, drill=True
    )
    if alarm is None:
        return Change(book, None, None)
    made = _move(alarm, Input.RESTORE)
    # What was momentary has no condition that could end, but the asking about it may.
    is_news = alarm.condition_active or alarm.waiting is not None
    if made is None or not is_news:
        return Change(book, alarm, None)
    after = replace(
        alarm,
        state=made.to,
        condition_active=False,
        restored=stamp,
        cause=RESTORED if alarm.waiting is not None else alarm.cause,
    )
    return _left(book, alarm, after, made, stamp)


def _ack(book: AlarmBook, command: AckAlarm, stamp: Stamp) -> Change:
    alarm = _known(book, command.alarm)
    caller = command.caller
    is_asked = alarm.state is AlarmState.PRE_ALARM
    made = _move(alarm, Input.ANSWER if caller.on_site and is_asked else Input.ACK)
    if made is None:
        return _hush(book, alarm, caller)
    after = replace(
        alarm,
        state=made.to,
        acked=stamp,
        acked_by=caller.name,
        hushed=alarm.hushed or caller.on_site,
        cause=ANSWERED if is_asked else alarm.cause,
    )
    return _left(book, alarm, after, made, stamp)


def _hush(book: AlarmBook, alarm: Alarm, caller: Caller) -> Change:
    """Take an ack that moves nothing. The daughter far away acked; now the neighbour is there."""
    if alarm.state is not AlarmState.ACKED or alarm.hushed or not caller.on_site:
        return Change(book, alarm, None)
    after = replace(alarm, hushed=True)
    return Change(_with(book, after), after, Kind.ALARM_ACKED)


def _left(book: AlarmBook, before: Alarm, after: Alarm, made: Move, stamp: Stamp) -> Change:
    """Return the change to `after`, which waits no longer and may be at its end."""
    if made.to is AlarmState.CLOSED:
        after = replace(after, closed=stamp, waiting=None, hushed=False, siren_until_s=None)
    return Change(_with(book, after), after, made.kind, timers=_no_longer_waiting(before))


def _resolve(book: AlarmBook, command: ResolveAlarm, stamp: Stamp) -> Change:
    alarm = _known(book, command.alarm)
    made = _move(alarm, Input.RESOLVE)
    if made is None:
        return Change(book, alarm, None)
    is_danger = alarm.condition_active and alarm.hazard in DANGER_IN_THE_AIR and not alarm.drill
    if is_danger and not command.caller.on_site:
        raise CommandRefused(
            "condition_active",
            f"alarm {alarm.id} cannot be closed from outside the home: {alarm.why.device} still "
            f"reports {alarm.hazard}. Acknowledge it, send somebody there, and close it in the "
            "home or once the detector is clear.",
        )
    after = replace(alarm, state=made.to, cause=command.cause)
    return _left(book, alarm, after, made, stamp)


def _known(book: AlarmBook, alarm_id: AlarmId) -> Alarm:
    alarm = book.get(alarm_id)
    if alarm is None:
        raise CommandRefused(
            "unknown_alarm",
            f"alarm {alarm_id} is not known here: wanted one that is open or was closed lately. "
            "See the list with: anju alarm list",
        )
    return alarm


def _move(alarm: Alarm, happened: Input) -> Move | None:
    trouble = alarm.severity in TROUBLE
    return move(alarm.state, happened, latched=alarm.latched, trouble=trouble)


def _certain(alarm: Alarm, happened: Input) -> Move:
    made = _move(alarm, happened)
    assert made is not None, f"no move from {alarm.state} on {happened}"
    return made


def _with(book: AlarmBook, alarm: Alarm) -> AlarmBook:
    """Return the book in which `alarm` stands as given."""
    key = AlarmKey(alarm.rule, alarm.subject, alarm.drill)
    if alarm.is_open:
        return replace(
            book,
            open={**book.open, alarm.id: alarm},
            by_key={**book.by_key, key: alarm.id},
        )
    closed = [*((i, a) for i, a in book.closed.items() if i != alarm.id), (alarm.id, alarm)]
    return AlarmBook(
        open={i: a for i, a in book.open.items() if i != alarm.id},
        closed=dict(closed[-CLOSED_KEPT:]),
        by_key={k: i for k, i in book.by_key.items() if i != alarm.id},
    )
