"""Mutes of rules as the shell keeps them: decided by `response.mutes`, written, let go of.

Owns how a mute becomes rows and settings, and that what it held back is raised when it ends.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from agent.alarms import Alarms
from agent.core.command import MuteRule, UnmuteRule
from agent.core.errors import CommandRefused
from agent.core.event import WakeKey
from agent.core.row import Kind, Lane, Row
from agent.journal.schema import Table
from agent.journal.writer import Put
from agent.response import mutes
from agent.response.lifecycle import held_of
from agent.response.mutes import Mute, MuteBook, Muting
from agent.transaction import Transaction
from local_rules.rule import RuleBook

log = logging.getLogger(__name__)

_SETTING = "mute/"
TIME_OVER = "its time is over"


class Mutes:
    """Changes the mutes of `alarms`, one transaction at a time."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms

    def command(
        self, tx: Transaction, command: MuteRule | UnmuteRule, rules: RuleBook
    ) -> Mute | CommandRefused | None:
        """Carry out a person's command; it is written down whether it is refused or not.

        Returns the mute that began, None when none holds any more.
        """
        tx.urgent = True
        body = _body(command)
        outcome: Mute | CommandRefused | None
        try:
            muting = self._decide(tx, command, rules)
            self._take(tx, muting, command.caller.name, "")
            outcome = muting.begun
        except CommandRefused as refusal:
            body["refused"] = refusal.code
            outcome = refusal
        tx.add(Row(Kind.COMMAND, Lane.BULK, tx.stamp, body))
        return outcome

    def woken(self, tx: Transaction, key: WakeKey) -> None:
        """Take in that the timer of a mute rang."""
        self._take(tx, mutes.wake(self._alarms.mutes, key, tx.stamp), "", TIME_OVER)

    def _decide(self, tx: Transaction, command: MuteRule | UnmuteRule, rules: RuleBook) -> Muting:
        """Errors: CommandRefused, as `mutes` says, or "unknown_rule"."""
        book = self._alarms.mutes
        if isinstance(command, UnmuteRule) and command.rule in book.by_rule:
            return mutes.unmute(book, command)  # Also of a rule that was turned off meanwhile.
        rule = rules.by_id.get(command.rule)
        if rule is None:
            raise CommandRefused(
                "unknown_rule",
                f"{command.rule!r} is not a rule that runs here: wanted one of "
                f"{', '.join(rules.by_id)}. Correct its spelling",
            )
        if isinstance(command, UnmuteRule):
            return mutes.unmute(book, command)
        return mutes.mute(book, command, rule.severity, rule.hazard, tx.stamp)

    def _take(self, tx: Transaction, muting: Muting, by: str, why: str) -> None:
        """Write a change of the mutes down, and raise what is not held back any longer."""
        self._alarms.mutes = muting.book
        tx.timers += muting.timers
        begun, ended = muting.begun, muting.ended
        if begun is not None:
            said = {"rule": begun.rule, "by": begun.by, "until_s": begun.until_wall_s}
            body: dict[str, object] = {**said, **({"why": begun.why} if begun.why else {})}
            tx.add(Row(Kind.RULE_MUTED, Lane.BULK, tx.stamp, body))
            tx.puts.append(Put(Table.SETTING, _SETTING + begun.rule, mutes.encode(begun)))
        if ended is not None:
            tx.urgent = True
            held = held_of(self._alarms.book, ended.rule)
            body = {"rule": ended.rule, "by": by, "raised": len(held)}
            body |= {"why": why} if why else {}
            tx.add(Row(Kind.RULE_UNMUTED, Lane.BULK, tx.stamp, body))
            tx.puts.append(Put(Table.SETTING, _SETTING + ended.rule, None))
            for release in held:
                self._alarms.change(tx, release)


def kept(settings: Mapping[str, str]) -> tuple[MuteBook, dict[str, str]]:
    """Return the mutes that the settings of the journal remember, and why some cannot be read.

    A mute that cannot be read is no mute: its rule is heard.
    """
    found, lost = {}, {}
    for key, text in settings.items():
        if not key.startswith(_SETTING):
            continue
        try:
            one = mutes.decode(key.removeprefix(_SETTING), text)
            found[one.rule] = one
        except (ValueError, TypeError) as error:
            log.error("mute.unreadable key=%s error=%s", key, error)
            lost[key] = str(error)
    return MuteBook(found), lost


def _body(command: MuteRule | UnmuteRule) -> dict[str, object]:
    is_mute = isinstance(command, MuteRule)
    for_s = f" for {command.for_s:g} s" if isinstance(command, MuteRule) else ""
    body: dict[str, object] = {
        "command": "rules.mute" if is_mute else "rules.unmute",
        "by": command.caller.name,
        "on_site": command.caller.on_site,
        "detail": f"{command.rule}{for_s}",
    }
    if isinstance(command, MuteRule) and command.why:
        body["note"] = command.why
    return body
