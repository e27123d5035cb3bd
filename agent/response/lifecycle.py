"""The alarms of the home and what becomes of them.

Owns which alarms there are. Which way each goes is the matter of `transitions`. Knows nothing of
rules: it takes their effects and the commands of people as they come, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, assert_never

from agent.core.actuation import ActuationKind
from agent.core.alarm import Alarm, AlarmId, AlarmState, Hazard, RuleId, Severity
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, ResolveAlarm
from agent.core.effect import RaiseAlarm, RestoreAlarm
from agent.core.errors import CommandRefused
from agent.core.row import Kind
from agent.response.transitions import Input, Move, move

CLOSED_KEPT = 256
"""Closed alarms kept for late acks of theirs; beyond it the oldest go, the journal has them all."""

TROUBLE = (Severity.S4, Severity.S5)
"""What is a fault or a hint, no harm to a person."""

DANGER_IN_THE_AIR = (Hazard.SMOKE, Hazard.GAS, Hazard.CO)
"""What nobody outside the home may call off while the detector still reports it."""


Cause = RaiseAlarm | RestoreAlarm | AckAlarm | ResolveAlarm
"""What can change an alarm: an effect of a rule or a command of a person."""


class AlarmKey(NamedTuple):
    """At most one open alarm for each. A drill never shares a key with the real thing, so that a
    real alarm can never become a mere repeat of a drill that is never dispatched."""

    rule: RuleId
    subject: str
    drill: bool


@dataclass(frozen=True, slots=True)
class AlarmBook:
    """All alarms that matter now. The mappings are shared between books and never written to.

    `open`     alarms somebody still has to do something about.
    `closed`   the latest `CLOSED_KEPT` closed ones, oldest first.
    `hushed`   open alarms acknowledged by a person in the home since they were last raised.
    `sounding` hub time until which each open alarm wants a siren to sound.

    The last two are not kept over a restart: then a siren sounds rather longer than shorter.
    """

    open: Mapping[AlarmId, Alarm] = field(default_factory=dict)
    closed: Mapping[AlarmId, Alarm] = field(default_factory=dict)
    by_key: Mapping[AlarmKey, AlarmId] = field(default_factory=dict)
    hushed: frozenset[AlarmId] = frozenset()
    sounding: Mapping[AlarmId, float] = field(default_factory=dict)

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
    `alarm` is None when the input was about no alarm at all."""

    book: AlarmBook
    alarm: Alarm | None
    kind: Kind | None


def apply(
    book: AlarmBook,
    what: Cause,
    stamp: Stamp,
    new_id: AlarmId,
) -> Change:
    """Return the book after `what` happened at `stamp`; `new_id` is for the alarm it may begin.

    An ack or a resolve of what is already acked or closed changes nothing and is no error, for
    people press twice and networks send twice.
    Errors: CommandRefused "unknown_alarm" when no such alarm is known, "condition_active" when it
    may not be closed from outside the home.
    """
    match what:
        case RaiseAlarm():
            return _raise(book, what, stamp, new_id)
        case RestoreAlarm():
            return _restore(book, what, stamp)
        case AckAlarm():
            return _ack(book, what, stamp)
        case ResolveAlarm():
            return _resolve(book, what, stamp)
        case _:
            assert_never(what)


def _raise(book: AlarmBook, effect: RaiseAlarm, stamp: Stamp, new_id: AlarmId) -> Change:
    standing = book.find(effect.rule, effect.subject, drill=effect.drill)
    if standing is None:
        assert book.get(new_id) is None, f"alarm id {new_id} is not new"
        alarm = _new(effect, stamp, new_id)
        kind = Kind.ALARM_RAISED
    else:
        made = _certain(standing, Input.RAISE)
        alarm = replace(
            standing,
            state=made.to,
            condition_active=not effect.momentary,
            count=standing.count + 1,
            # It stands as if nobody had come yet; who came before is in the journal.
            acked=None,
            acked_by="",
            restored=None,
        )
        kind = made.kind
    after = _with(book, alarm)
    sirens = [a.actuation for a in effect.actions if a.actuation.kind is ActuationKind.SIREN_ON]
    if sirens and not effect.drill:
        until_s = stamp.at_s + max(siren.duration_s for siren in sirens)
        until_s = max(until_s, book.sounding.get(alarm.id, until_s))
        after = replace(after, sounding={**after.sounding, alarm.id: until_s})
    return Change(replace(after, hushed=after.hushed - {alarm.id}), alarm, kind)


def _new(effect: RaiseAlarm, stamp: Stamp, new_id: AlarmId) -> Alarm:
    return Alarm(
        id=new_id,
        rule=effect.rule,
        subject=effect.subject,
        hazard=effect.hazard,
        severity=effect.severity,
        state=AlarmState.ACTIVE,
        latched=effect.latched,
        condition_active=not effect.momentary,
        count=1,
        drill=effect.drill,
        why=effect.why,
        raised=stamp,
    )


def _restore(book: AlarmBook, effect: RestoreAlarm, stamp: Stamp) -> Change:
    # A RestoreAlarm does not say whether it is a drill; the engine's subject of a drill does.
    alarm = book.find(effect.rule, effect.subject) or book.find(
        effect.rule, effect.subject, drill=True
    )
    if alarm is None:
        return Change(book, None, None)
    made = _move(alarm, Input.RESTORE)
    if made is None or not alarm.condition_active:
        return Change(book, alarm, None)
    after = replace(
        alarm,
        state=made.to,
        condition_active=False,
        restored=stamp,
        closed=stamp if made.to is AlarmState.CLOSED else None,
    )
    return Change(_with(book, after), after, made.kind)


def _ack(book: AlarmBook, command: AckAlarm, stamp: Stamp) -> Change:
    alarm = _known(book, command.alarm)
    made = _move(alarm, Input.ACK)
    if alarm.is_open and command.caller.on_site:
        # Also when it is acked already: the daughter far away acked, now the neighbour is there.
        book = replace(book, hushed=book.hushed | {alarm.id})
    if made is None:
        return Change(book, alarm, None)
    after = replace(
        alarm,
        state=made.to,
        acked=stamp,
        acked_by=command.caller.name,
        closed=stamp if made.to is AlarmState.CLOSED else None,
    )
    return Change(_with(book, after), after, made.kind)


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
    after = replace(alarm, state=made.to, closed=stamp, cause=command.cause)
    return Change(_with(book, after), after, made.kind)


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
        hushed=book.hushed - {alarm.id},
        sounding={i: until_s for i, until_s in book.sounding.items() if i != alarm.id},
    )
