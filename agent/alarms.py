"""The alarms of the home as the shell keeps them: decided by the lifecycle, written, acted on.

Owns the alarm book of this run and how a change of it becomes rows and orders. What becomes of an
alarm is the lifecycle's decision, whether something may be moved is the gate's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from agent.core.actuation import Actuation, ActuationKind, Requester
from agent.core.alarm import Alarm, AlarmId, RuleId, Severity, Why
from agent.core.clock import Stamp
from agent.core.command import AckAlarm, EndDrills, ResolveAlarm
from agent.core.device import Device, DeviceId, hub_part
from agent.core.effect import RaiseAlarm, WakeAt
from agent.core.errors import CommandRefused
from agent.core.row import QUIET, Kind, Lane, Row
from agent.core.text import Sentence
from agent.dispatch import Asked
from agent.journal.schema import Table
from agent.journal.writer import Put
from agent.registry import Registry
from agent.response import gate, lifecycle, mutes, prompts, silence
from agent.response.lifecycle import AlarmBook, Cause, Change, Held, apply
from agent.response.mutes import MuteBook
from agent.response.record import alarm_to_body
from agent.transaction import Transaction

_SENT_URGENT = (Severity.S1, Severity.S2, Severity.S3)
_ASKS = (Kind.ALARM_PRE_ALARM, Kind.ALARM_PROMPTED)
DRILL_ENDED = "drill_ended"

_HUB_PARTS: dict[DeviceId, Sentence] = {
    hub_part("zigbee"): Sentence("Zigbee 无线", "the Zigbee radio"),
    hub_part("modem"): Sentence("短信电话模块", "the modem"),
    hub_part("journal"): Sentence("事件日志", "the journal"),
    hub_part("uplink"): Sentence("平台连接", "the link to the platform"),
    hub_part("ledger"): Sentence("设备台账", "the device ledger"),
    hub_part("control"): Sentence("本地控制接口", "the control socket"),
    hub_part("disk"): Sentence("存储", "the disk"),
    hub_part("clock"): Sentence("时钟", "the clock"),
    hub_part("guard"): Sentence("守护程序", "the guard process"),
    hub_part("site"): Sentence("平台下发的设置", "the platform's settings"),
    hub_part("speaker"): Sentence("主机喇叭", "the speaker"),
    hub_part("power"): Sentence("主机电源", "the hub's power"),
    hub_part("board"): Sentence("主机主板", "the hub's board"),
    hub_part("button"): Sentence("主机按钮", "the button on the hub"),
}


class Alarms:
    """The alarm book, changed one transaction at a time. `mutes` says what is held back;
    `language` is what the person at home is spoken to in."""

    def __init__(self, registry: Registry, language: str) -> None:
        self._registry = registry
        self._language = language
        self.book = AlarmBook()
        self.mutes = MuteBook()

    def resume(self, book: AlarmBook, held: MuteBook, stamp: Stamp) -> tuple[WakeAt, ...]:
        """Go on with what the journal kept; return the timers that it relies on."""
        self.book, alarm_timers = lifecycle.resume(book, stamp)
        self.mutes, mute_timers = mutes.resume(held, stamp)
        return (*alarm_timers, *mute_timers)

    def change(self, tx: Transaction, cause: Cause) -> Alarm | None:
        """Let the lifecycle say what becomes of the alarm; write it and its orders into `tx`.

        Errors: CommandRefused when a command may not be carried out; then `tx` is as it was.
        """
        if isinstance(cause, RaiseAlarm):
            cause = replace(cause, why=self._with_name(cause.why))
            until_s = mutes.held_until_s(self.mutes, cause, tx.stamp)
            cause = cause if until_s is None else Held(cause, until_s)
        new_id = AlarmId(f"{tx.store.journal_id}-{tx.store.next_seq}")
        before = self.book
        change = apply(before, cause, tx.stamp, new_id)
        self.book = change.book
        tx.timers += change.timers
        alarm = change.alarm
        if alarm is None:
            return None
        if change.kind is not None:
            _write(tx, alarm, change.kind)
            gone = before.closed.keys() - self.book.closed.keys() - self.book.open.keys()
            tx.puts += [Put(Table.ALARM, alarm_id, None) for alarm_id in gone]
        self._act(tx, before, change, alarm)
        for answer in lifecycle.answered_by(self.book, cause):
            self.change(tx, answer)
        return alarm

    def _act(self, tx: Transaction, before: AlarmBook, change: Change, alarm: Alarm) -> None:
        """Order what the change asks for in the home."""
        actions = change.actions + silence.siren_effects(before, self.book)
        for action in silence.lasting(self.book, actions, tx.stamp):
            targets = self._registry.of_kind(action.target)
            self.order(tx, action.actuation, targets, alarm, f"{alarm.id}/{alarm.count}")
        if change.kind in _ASKS:
            assert alarm.waiting is not None, "who is asked is waited for"
            question = prompts.question(alarm, tx.stamp, self._language)
            name = f"{alarm.id}/asked-{alarm.waiting.prompts}"
            targets = self._registry.of_kind(question.target)
            self.order(tx, question.actuation, targets, alarm, name)

    def command(self, tx: Transaction, command: AckAlarm | ResolveAlarm) -> Alarm | CommandRefused:
        """Carry out a person's command; it is written down whether it is refused or not."""
        tx.urgent = True
        body: dict[str, object] = {
            "command": "alarm.ack" if isinstance(command, AckAlarm) else "alarm.resolve",
            "alarm": command.alarm,
            "by": command.caller.name,
            "on_site": command.caller.on_site,
        }
        if isinstance(command, AckAlarm) and command.note:
            body["note"] = command.note
        outcome: Alarm | CommandRefused
        try:
            changed = self.change(tx, command)
            assert changed is not None, "a command is about an alarm or refused"
            outcome = changed
        except CommandRefused as refusal:
            body["refused"] = refusal.code
            outcome = refusal
        tx.add(Row(Kind.COMMAND, Lane.BULK, tx.stamp, body))
        return outcome

    def end_drills(self, tx: Transaction, command: EndDrills) -> None:
        """Close what a drill with one device has raised: it has done its part."""
        for alarm in tuple(self.book.open.values()):
            if alarm.drill and alarm.why.device == command.device:
                self.change(tx, ResolveAlarm(alarm.id, command.caller, DRILL_ENDED))

    def trouble(self, rule: RuleId, subject: str) -> Alarm | None:
        """Return the open trouble of a rule for a subject, held back or not."""
        return self.book.find(rule, subject)

    def order(
        self,
        tx: Transaction,
        actuation: Actuation,
        targets: Sequence[Device],
        alarm: Alarm,
        name: str,
    ) -> None:
        """Make one order for each of the devices, as far as the gate allows; its key begins with
        `name`.

        What is to be said is not kept over a restart: nothing is said late.
        """
        rooms = {device.id: device.room for device in self._registry.all()}
        for target in targets:
            verdict = gate.allowed(
                actuation,
                target,
                Requester.RULE,
                self.book.open.values(),
                drill=alarm.drill,
                rooms=rooms,
            )
            key = f"{name}/{actuation.kind}/{target.id}"
            body: dict[str, object] = {
                "key": key,
                "alarm": alarm.id,
                "actuation": actuation.kind,
                "duration_s": actuation.duration_s,
                "drill": alarm.drill,
            }
            if not verdict.ok:
                body["detail"] = verdict.sentence.en
                tx.add(Row(Kind.ACTUATION_REFUSED, Lane.BULK, tx.stamp, body, target.id))
                continue
            asked = Asked(key, target.id, actuation, alarm.id, tx.stamp.at_s)
            tx.add(Row(Kind.ACTUATION_ASKED, Lane.BULK, tx.stamp, body, target.id))
            if actuation.kind is not ActuationKind.SPEAK:
                tx.puts.append(Put(Table.EFFECT, key, asked.encode()))
            tx.orders.append(asked)

    def _with_name(self, why: Why) -> Why:
        """Put the device's name where the rules, which know no names, have written its id."""
        device = self._registry.get(why.device)
        label = _HUB_PARTS.get(why.device)
        if label is None and device is not None:
            label = _label(device)
        if label is None:
            return why
        written = f"{why.device}/{why.channel}" if why.channel else str(why.device)
        sentence = Sentence(
            zh=why.sentence.zh.replace(written, label.zh),
            en=why.sentence.en.replace(written, label.en),
        )
        return replace(why, sentence=sentence)


def _label(device: Device) -> Sentence:
    name = device.name or str(device.id)
    if not device.room:
        return Sentence(name, name)
    return Sentence(f"{device.room}的{name}", f"{name} ({device.room})")


def _write(tx: Transaction, alarm: Alarm, kind: Kind) -> None:
    is_told = alarm.severity in _SENT_URGENT and kind not in QUIET
    lane = Lane.URGENT if is_told else Lane.BULK
    body = alarm_to_body(alarm)
    tx.add(Row(kind, lane, tx.stamp, body, alarm.why.device, alarm.severity))
    tx.puts.append(Put(Table.ALARM, alarm.id, json.dumps(body, ensure_ascii=False)))
    tx.urgent = True
