"""Begins where the last run ended: rule state, alarms, orders not yet carried out.

Owns what is made of the state that the journal kept. What cannot be read any more starts fresh and
is written down; it never keeps the hub from starting.
"""

from __future__ import annotations

import json
import logging

from agent.core.alarm import Alarm, AlarmState
from agent.core.clock import Stamp
from agent.core.errors import JournalError
from agent.core.limits import REPEAT_WINDOW_S
from agent.core.row import Kind
from agent.dispatch import Asked
from agent.journal.reader import JournalReader
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from agent.muting import kept as kept_mutes
from agent.pipeline import Pipeline
from agent.response.lifecycle import AlarmBook
from agent.response.record import alarm_from_body
from local_rules import snapshot
from local_rules.catalog import book

log = logging.getLogger(__name__)

_FRAMES_READ = 500


def resume(pipeline: Pipeline, store: JournalStore, now: Stamp) -> list[Asked]:
    """Bring `pipeline` to where the journal says it was; return the orders still to be carried
    out."""
    alarms = _book(store)
    kept = store.state[Table.RULE_STATE].items()
    # Of every rule there is: one that is turned off keeps its state until it is turned on again.
    restored = snapshot.restore(((*key.partition("/")[::2], body) for key, body in kept), book())
    for lost in restored.lost:
        why = {"why": "rule state lost", "key": "/".join(lost.key), "detail": lost.sentence.en}
        pipeline.record(Kind.GAP, why)
    muted, unread = kept_mutes(store.state[Table.SETTING])
    for key, detail in unread.items():
        pipeline.record(Kind.GAP, {"why": "mute lost", "key": key, "detail": detail})
    pipeline.resume(restored.state, alarms, muted)
    _restore_frames(pipeline, store, now)
    return _orders(store, alarms)


def _book(store: JournalStore) -> AlarmBook:
    """Return the alarms that the journal remembers, in the order in which they began."""
    alarms: list[Alarm] = []
    for key, body in store.state[Table.ALARM].items():
        try:
            alarms.append(alarm_from_body(json.loads(body)))
        except (ValueError, JournalError) as error:
            log.error("resume.alarm_unreadable key=%s error=%s", key, error)
    return AlarmBook.of(sorted(alarms, key=lambda alarm: alarm.detected.at_s))


def _orders(store: JournalStore, book: AlarmBook) -> list[Asked]:
    """Return orders whose alarm still needs them; the others are forgotten."""
    wanted: list[Asked] = []
    for key, body in list(store.state[Table.EFFECT].items()):
        try:
            asked = Asked.decode(key, body)
            alarm = book.get(asked.alarm)
        except (ValueError, KeyError, TypeError) as error:
            log.error("resume.order_unreadable key=%s error=%s", key, error)
            alarm = None
        if alarm is not None and alarm.state in (AlarmState.ACTIVE, AlarmState.RTN_UNACKED):
            wanted.append(asked)
        else:
            store.append((), (Put(Table.EFFECT, key, None),), urgent=False)
    return sorted(wanted, key=lambda asked: asked.asked_s)


def _restore_frames(pipeline: Pipeline, store: JournalStore, now: Stamp) -> None:
    """Remember the radio frames of the last seconds, so that their repeats are known as such."""
    try:
        reader = JournalReader(store.file.path)
        rows = reader.tail(store.journal_id, _FRAMES_READ, (Kind.READING,))
        reader.close()
    except JournalError:
        return  # Without them a repeat counts as new: toward help.
    for row in rows:
        age_s = (now.mono_ms - row.mono_ms) / 1000
        if row.boot_id != now.boot_id or age_s > REPEAT_WINDOW_S:
            continue
        body = json.loads(row.body)
        key = (row.device or "", body["quantity"], body.get("channel", ""), body.get("frame", ""))
        pipeline.repeats.restore(key, row.seq, now.at_s - age_s)
