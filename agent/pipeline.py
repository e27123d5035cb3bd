"""The one way through the hub: event in, decision, one transaction, then effects.

Owns the order of events and of rows, and the promise that a row is on disk before anybody is told
of it, or life safety has waited its budget for the disk and goes ahead without. Decisions are made
by the pure parts (rules, lifecycle, gate); the disk is the journal's; doing is dispatch's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.alarms import Alarms
from agent.core.actuation import Actuation
from agent.core.alarm import Alarm, RuleId
from agent.core.clock import Clock
from agent.core.command import (
    AckAlarm,
    Command,
    EndDrills,
    MuteRule,
    ResolveAlarm,
    UnmuteRule,
)
from agent.core.device import Device, DeviceId, hub_part
from agent.core.effect import CancelWake, Derive, Effect, RaiseAlarm, RestoreAlarm, WakeAt
from agent.core.errors import CommandRefused
from agent.core.event import Commanded, Event, Observed, Scheduled, WakeKey, Woken
from agent.core.limits import COMMIT_BUDGET_S
from agent.core.reading import PLAYED, Quantity, Reading
from agent.core.row import Kind, Lane, Row
from agent.core.text import Sentence
from agent.dispatch import Asked, Report
from agent.journal.schema import Table
from agent.journal.store import JournalStore, Loss
from agent.journal.writer import Put
from agent.muting import Mutes
from agent.registry import Registry, encode_device
from agent.repeats import Repeats
from agent.response import mutes, waiting
from agent.response.lifecycle import AlarmBook
from agent.response.mutes import Mute, MuteBook
from agent.timers import Timers
from agent.transaction import Transaction
from local_rules import engine, snapshot
from local_rules.change import forgotten
from local_rules.rule import RuleBook

log = logging.getLogger(__name__)

_DEVICE_FAULT = RuleId("device_fault")
_HUB_FAULT = RuleId("hub_fault")

Outcome = Alarm | Mute | CommandRefused | None
"""What became of a command: the alarm it was about; the mute it began, None when it ended one."""

Answer = Callable[[Outcome], None]
Also = Callable[[Transaction, AlarmBook], None]
"""Adds to the transaction of an event what belongs to it; gets the alarms after the event."""


@dataclass(slots=True)
class Counts:
    """What the pipeline did since it began."""

    events: int = 0
    repeats: int = 0
    unjournaled: int = 0


class Pipeline:
    """Takes events one at a time. All methods are called in the event loop and return at once.

    `visible` and `muted` are the alarm book and the mutes as of the last commit: what anybody may
    be told.
    """

    def __init__(
        self,
        clock: Clock,
        store: JournalStore,
        registry: Registry,
        rules: RuleBook,
        language: str = "zh",
    ) -> None:
        self._clock = clock
        self._store = store
        self._registry = registry
        self._rules = rules
        self._inbox: deque[tuple[Event, Answer | None, Also | None]] = deque()
        self._deciding = False
        self._engine = engine.EngineState()
        self._alarms = Alarms(registry, language)
        self._mutes = Mutes(self._alarms)
        self.visible = self._alarms.book
        self.muted = self._alarms.mutes
        self._faults: dict[tuple[DeviceId, str], tuple[bool, str]] = {}
        self.repeats = Repeats()
        self.timers = Timers(clock, self._due)
        self.counts = Counts()
        self.release: Callable[[Sequence[Asked]], None] = lambda orders: None
        self.announce: Callable[[AlarmBook], None] = lambda book: None
        self._commits = self._announced = 0
        store.on_loss = self.lost

    def resume(self, state: engine.EngineState, book: AlarmBook, held: MuteBook) -> None:
        """Begin where the journal says that the last run ended."""
        now = self._clock.now()
        tx = Transaction(now, self._store)
        tx.timers += self._alarms.resume(book, held, now)
        self.visible, self.muted = self._alarms.book, self._alarms.mutes
        self._take_step(tx, engine.resume(state, now, self._rules))
        self._commit(tx, None)
        for alarm in book.open.values():
            device, _, channel = alarm.subject.partition("/")
            if alarm.rule == _HUB_FAULT and alarm.condition_active:
                self._faults[DeviceId(device), channel] = (True, "")

    # --- what comes in --------------------------------------------------------------------------

    def observe(self, readings: Sequence[Reading]) -> None:
        """Take readings of one frame."""
        for reading in readings:
            self._submit(Observed(reading), None)

    def drill(self, reading: Reading, also: Also) -> None:
        """Take the reading of a drill; `also` has its part in the same transaction."""
        assert reading.drill, "what is no drill comes from a device"
        self._submit(Observed(reading), None, also)

    def use_rules(self, rules: RuleBook) -> None:
        """Judge later events by other rules. Holds that run keep the length they began with, and so
        do alarms that wait: each has its deadline in itself, also when its rule is off now."""
        self._rules = rules

    def forgets(self, rules: RuleBook) -> Sentence | None:
        """Return what a rule is in the middle of and would forget by other rules, if anything."""
        return forgotten(self._engine, self._alarms.book.open.values(), self._rules, rules)

    def rule_name(self, rule: RuleId) -> Sentence:
        """Return what people call a rule; one that was turned off goes by its id."""
        known = self._rules.by_id.get(rule)
        return known.name if known is not None else Sentence(rule, rule)

    def fault(self, part: str, channel: str, active: bool, detail: str) -> None:
        """Take what a part of the hub says of itself; saying the same again changes nothing."""
        device = hub_part(part)
        self.observe(
            [Reading(device, Quantity.FAULT, active, self._clock.now(), channel, detail=detail)]
        )

    def command(self, command: Command, answer: Answer) -> None:
        """Take a command; `answer` gets its outcome once it is on disk, or the refusal."""
        self._submit(Commanded(command, self._clock.now()), answer)

    def order(self, alarm: Alarm, actuation: Actuation, targets: Sequence[Device]) -> None:
        """Have devices do something for an alarm that is on record, as far as the gate lets
        them."""
        tx = Transaction(self._clock.now(), self._store, urgent=True)
        self._alarms.order(tx, actuation, targets, alarm, f"{alarm.id}/{alarm.count}/shown")
        self._commit(tx, None)

    def record(
        self,
        kind: Kind,
        body: Mapping[str, object],
        *,
        device: DeviceId | None = None,
        puts: Sequence[Put] = (),
        urgent: bool = False,
    ) -> None:
        """Write down something that is no event for the rules (a start, a pairing, an audit)."""
        tx = Transaction(self._clock.now(), self._store, puts=list(puts), urgent=urgent)
        tx.add(Row(kind, Lane.BULK, tx.stamp, body, device))
        self._commit(tx, None)

    def reported(self, report: Report) -> None:
        """Take what became of an order."""
        kind = Kind.ACTUATION_DONE if report.ok else Kind.ACTUATION_FAILED
        asked = report.asked
        body: dict[str, object] = {
            "key": asked.key,
            "actuation": asked.actuation.kind,
            "detail": report.detail,
        }
        self.record(kind, body, device=asked.device, puts=[Put(Table.EFFECT, asked.key, None)])
        subject = f"{asked.device}/{Quantity.DEVICE_FAULT}"
        trouble = self._alarms.trouble(_DEVICE_FAULT, subject)
        if (report.ok and trouble is not None) or (not report.ok and not report.superseded):
            self.observe(
                [
                    Reading(
                        asked.device,
                        Quantity.DEVICE_FAULT,
                        not report.ok,
                        self._clock.now(),
                        "actuate",
                        detail=report.detail,
                    )
                ]
            )

    def lost(self, loss: Loss) -> None:
        """Write down that telemetry was given up."""
        body = {"count": loss.rows, "first_seq": loss.first_seq, "last_seq": loss.last_seq}
        self.record(Kind.GAP, {**body, "why": loss.why})

    # --- one at a time, in order ----------------------------------------------------------------

    def _submit(self, event: Event, answer: Answer | None, also: Also | None = None) -> None:
        """Decide on an event at once, in the caller's call: the commit is then under way while the
        driver still goes on with its frame. Events that come meanwhile follow in turn."""
        self._inbox.append((event, answer, also))
        if self._deciding:
            return
        self._deciding = True
        try:
            while self._inbox:
                self._process(*self._inbox.popleft())
        finally:
            self._deciding = False

    def _process(self, event: Event, answer: Answer | None, also: Also | None) -> None:
        self.counts.events += 1
        tx = Transaction(event.stamp, self._store)
        match event:
            case Observed(reading):
                if self._is_old_news(reading):
                    return
                event = self._observed(tx, reading)
            case Commanded(EndDrills() as command):
                self._alarms.end_drills(tx, command)
            case Commanded(AckAlarm() | ResolveAlarm() as command):
                outcome = self._alarms.command(tx, command)
                # Whoever answers in the home is a sign of life; the rules say what comes of it.
                self._take_step(tx, engine.step(self._engine, event, self._rules))
                self._commit(tx, answer, outcome)
                return
            case Commanded(MuteRule() | UnmuteRule() as command):
                self._commit(tx, answer, self._mutes.command(tx, command, self._rules))
                return
            case Woken() if waiting.alarm_of(event.key) is not None:
                self._alarms.change(tx, event)
                self._commit(tx, None)
                return
            case Woken() if mutes.rule_of(event.key) is not None:
                self._mutes.woken(tx, event.key)
                self._commit(tx, None)
                return
            case Woken() | Scheduled():
                pass
        step = engine.step(self._engine, event, self._rules)
        self._take_step(tx, step)
        if also is not None:
            also(tx, self._alarms.book)
        self._commit(tx, answer)

    def _take_step(self, tx: Transaction, step: engine.Step) -> None:
        """Go on from the state after `step`, and put what it asks for into `tx`."""
        self._engine = step.state
        for key in step.changed:
            body = snapshot.dump(step.state, key, self._rules)
            tx.puts.append(Put(Table.RULE_STATE, f"{key.rule}/{key.subject}", body))
        for key in step.forgotten:
            tx.puts.append(Put(Table.RULE_STATE, f"{key.rule}/{key.subject}", None))
        for key in step.evicted:
            gap = {"why": "no room for more rule states", "key": f"{key.rule}/{key.subject}"}
            tx.add(Row(Kind.GAP, Lane.BULK, tx.stamp, gap))
        for effect in step.effects:
            self._effect(tx, effect)

    def _is_old_news(self, reading: Reading) -> bool:
        """Return whether a part of the hub only repeats what is known of it."""
        if reading.quantity is not Quantity.FAULT:
            return False
        key, now = (reading.device, reading.channel), (bool(reading.value), reading.detail)
        before = self._faults.get(key, (False, ""))
        self._faults[key] = now
        return before[0] == now[0]

    def _observed(self, tx: Transaction, reading: Reading) -> Observed:
        repeat_of = self.repeats.seq_of(reading)
        if repeat_of is not None:
            self.counts.repeats += 1
        seq = tx.add(_row_of(reading, repeat_of))
        if repeat_of is None:
            self.repeats.remember(reading, seq)
        if reading.channel != PLAYED:  # A drill must not make a dead device look alive.
            self._registry.hear(reading)
        device = self._registry.get(reading.device)
        if device is None:
            return Observed(reading, repeat_of)
        return Observed(reading, repeat_of, device.room, device.name, device.power)

    def _effect(self, tx: Transaction, effect: Effect) -> None:
        match effect:
            case RaiseAlarm() | RestoreAlarm():
                self._alarms.change(tx, effect)
            case WakeAt() | CancelWake():
                tx.timers.append(effect)
            case Derive(reading):
                tx.add(_row_of(reading, None))

    def _set_timers(self, tx: Transaction) -> None:
        for timer in tx.timers:
            match timer:
                case WakeAt(key, due_s):
                    self.timers.set(key, due_s)
                case CancelWake(key):
                    self.timers.cancel(key)

    def _due(self, key: WakeKey, due_s: float) -> None:
        self._submit(Woken(key, due_s, self._clock.now()), None)

    # --- written before said --------------------------------------------------------------------

    def _commit(
        self,
        tx: Transaction,
        answer: Answer | None,
        outcome: Outcome = None,
    ) -> None:
        """Give the transaction to the journal; say and do what it holds when it is on disk.

        Orders that wait longer than their budget go out unjournaled: help comes before the record.
        So does what the person hears of an alarm. Timers are set first, whatever the disk does.
        """
        self._set_timers(tx)
        if not (tx.rows or tx.puts):
            return
        book, muted, orders = self._alarms.book, self._alarms.mutes, tuple(tx.orders)
        self._commits += 1
        number = self._commits
        overdue = False

        def go_ahead() -> None:
            nonlocal overdue
            overdue = True
            self.counts.unjournaled += len(orders)
            self.release(orders)
            self._announce(number, book)
            if orders:
                late_ms = COMMIT_BUDGET_S * 1000
                self.fault("journal", "slow", True, f"no commit within {late_ms:.0f} ms")

        waits = bool(orders) or (tx.urgent and book is not self.visible)
        late = asyncio.get_running_loop().call_later(COMMIT_BUDGET_S, go_ahead) if waits else None

        def done(durable: bool) -> None:
            if late is not None and not overdue:
                late.cancel()
                self.counts.unjournaled += 0 if durable else len(orders)
                self.release(orders)
            if tx.urgent:
                self.visible, self.muted = book, muted
                self._announce(number, book)
                if durable and not overdue:
                    self._journal_is_quick()
            if answer is not None:
                answer(outcome)
            if tx.done is not None:
                tx.done(durable)

        self._store.append(tx.rows, tx.puts, urgent=tx.urgent, done=done)

    def _announce(self, number: int, book: AlarmBook) -> None:
        """Let the person hear how the alarms stand, unless they have heard of a later commit."""
        if number > self._announced:
            self._announced = number
            self.announce(book)

    def _journal_is_quick(self) -> None:
        if self._faults.get((hub_part("journal"), "slow"), (False, ""))[0]:
            self.fault("journal", "slow", False, "")


def _row_of(reading: Reading, repeat_of: int | None) -> Row:
    body: dict[str, object] = {"quantity": reading.quantity, "value": reading.value}
    for name in ("channel", "frame", "detail", "drill", "asked"):
        if getattr(reading, name):
            body[name] = getattr(reading, name)
    if repeat_of is not None:
        body["repeat_of"] = repeat_of
    return Row(
        Kind.READING,
        Lane.BULK,
        reading.received,
        body,
        reading.device,
        observed_at_s=reading.observed_at_s,
    )


def device_put(registry: Registry, device: DeviceId) -> Put:
    """Return the change that keeps the ledger's entry of `device`."""
    entry = registry.get(device)
    return Put(Table.DEVICE, device, None if entry is None else encode_device(entry))
