"""What link does next: a pure state machine, `step(state, input, now) -> (state, actions)`.

Owns the order of things: urgent before bulk, the live before the old, a cursor only behind what the
platform has confirmed. Knows nothing of sockets, files, tasks or MQTT; `link` carries the actions
out and brings their results back as inputs.

Every journal has two lanes (`lanes`). Rows come in pages, so memory does not grow with the backlog.
An acknowledgement that does not fit what was sent is counted (`Note`) and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from agent.core.clock import Stamp
from agent.core.row import JournalId, Kind, Lane
from agent.journal.row import StoredRow
from sync import lanes, limits
from sync.codec import Outgoing, event_id, seq_of
from sync.lanes import BulkLane, Item, UrgentLane
from sync.messages import Ack

# --- inputs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """Where one journal stands, as guard says."""

    journal_id: JournalId
    last_seq: int
    urgent_through: int
    bulk_through: int


@dataclass(frozen=True, slots=True)
class Journals:
    """All journals there are, the one being written first."""

    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Grown:
    """Rows up to `last_seq` are on disk."""

    journal_id: JournalId
    last_seq: int
    urgent: bool


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has let us in."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answer to `load`: fewer rows than its limit mean that there are no more."""

    load: Load
    rows: tuple[StoredRow, ...]


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The journal could not be read."""

    load: Load


@dataclass(frozen=True, slots=True)
class Acked:
    """The platform's acknowledgement."""

    ack: Ack


@dataclass(frozen=True, slots=True)
class Unheard:
    """The broker took a message, and has no subscriber for it."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed: `wake_in_s` was over."""


Input = Journals | Grown | Connected | Disconnected | Loaded | LoadFailed | Acked | Unheard | Ticked

# --- actions --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """Read up to `limit` rows of the lane after `after_seq`; everything up to `known_last` is on
    disk. `express`: only the new alarms, ahead of the backlog."""

    journal_id: JournalId
    lane: Lane
    after_seq: int
    limit: int
    known_last: int
    express: bool = False


@dataclass(frozen=True, slots=True)
class PublishAlarm:
    """Send one urgent event."""

    out: Outgoing


@dataclass(frozen=True, slots=True)
class PublishBatch:
    """Send bulk events as one message."""

    outs: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Advance:
    """The platform has everything of the lane up to `through_seq`: tell guard."""

    journal_id: JournalId
    lane: Lane
    through_seq: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something to count under `code`, and to put into the audit record if `audit`."""

    code: str
    detail: str = ""
    audit: bool = True


Action = Load | PublishAlarm | PublishBatch | Advance | Note

# --- state ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Journal:
    """One journal: its last known row and its lanes."""

    id: JournalId
    last_seq: int
    urgent: UrgentLane
    bulk: BulkLane


@dataclass(frozen=True, slots=True)
class Session:
    """The whole state. `connected_ms` is when the connection came up (monotonic), None without one.

    `asked_s` since when something is under way without any acknowledgement, None if nothing is;
    `carried_s` how long that had been so when the connection was lost.
    `unheard` how often in a row nobody was there, `unheard_until_s` when that is tried again.
    `window` bulk messages that may be under way: more than a few only on a line that is quick.
    Units: `tokens` bulk rows that may go now, refilled at `rows_per_s`; `*_s` monotonic seconds.
    """

    rows_per_s: float
    journals: tuple[Journal, ...] = ()
    connected_ms: int | None = None
    tokens: float = 0.0
    filled_s: float = 0.0
    asked_s: float | None = None
    carried_s: float = 0.0
    unheard: int = 0
    unheard_until_s: float = 0.0
    window: int = limits.BULK_FLIGHTS
    sent_rows: int = 0
    acked_rows: int = 0


def step(state: Session, event: Input, now: Stamp) -> tuple[Session, tuple[Action, ...]]:
    """Return the next state and what to do, in this order. Time is `now.mono_ms` only."""
    actions: tuple[Action, ...] = ()
    match event:
        case Journals(marks):
            state = replace(state, journals=tuple(_journal(state, mark) for mark in marks))
            actions = _behind(state, marks)
        case Grown():
            state, actions = _grown(state, event)
        case Connected():
            state = _each(state, _afresh)
            full = _capacity(state)
            state = replace(
                state,
                connected_ms=now.mono_ms,
                tokens=full,
                filled_s=_s(now),
                window=limits.BULK_FLIGHTS,
            )
        case Disconnected():
            carried_s = max(state.carried_s, unanswered_s(state, now))
            state = replace(
                _each(state, _afresh), connected_ms=None, asked_s=None, carried_s=carried_s
            )
        case Loaded():
            state, actions = _loaded(state, event)
        case LoadFailed(load):
            state = _load_failed(state, load, _s(now))
        case Acked(ack):
            state, actions = _acked(state, ack, _s(now))
        case Unheard():
            state = _unheard(state, _s(now))
        case Ticked():
            pass
        case _:
            assert_never(event)
    state, more = _pump(state, now)
    return state, actions + more


def wake_in_s(state: Session, now: Stamp) -> float | None:
    """Return in how many seconds a `Ticked` is due, None when only an input can change anything."""
    now_s = _s(now)
    due: list[float] = []
    for journal in state.journals:
        for lane in (journal.urgent, journal.bulk):
            if not lane.loading and lane.loaded < journal.last_seq and lane.retry_s > now_s:
                due.append(lane.retry_s)
        if state.connected_ms is None:
            continue
        slots = journal.urgent.slots + journal.urgent.express
        due.extend(s.due_s for s in slots if s.due_s > now_s and not s.received)
        due.extend(flight.due_s for flight in journal.bulk.flights)
        if journal.bulk.queue:
            lacking = max(_wanted_tokens(state, journal.bulk) - state.tokens, 0.0)
            due.append(now_s + lacking / state.rows_per_s + 0.001)
    return max(min(due) - now_s, 0.0) if due else None


def unanswered_s(state: Session, now: Stamp) -> float:
    """Return for how long something has been under way without any acknowledgement, in seconds of
    connected time."""
    return 0.0 if state.asked_s is None else max(_s(now) - state.asked_s, 0.0)


def _under_way(state: Session) -> bool:
    return any(
        journal.bulk.flights
        or any(s.sends and not s.received for s in journal.urgent.slots + journal.urgent.express)
        for journal in state.journals
    )


# --- inputs, one by one ---------------------------------------------------------------------------


def _journal(state: Session, mark: Mark) -> Journal:
    """Return the journal as it is known here, or a new one that begins at guard's cursors.

    Our own cursors are never behind guard's: guard learns them from us. If they are, another link
    was at work, and its word counts.
    """
    for known in state.journals:
        if (
            known.id == mark.journal_id
            and known.urgent.through >= mark.urgent_through
            and known.bulk.through >= mark.bulk_through
        ):
            return replace(known, last_seq=max(known.last_seq, mark.last_seq))
    urgent = UrgentLane(mark.urgent_through, mark.urgent_through, mark.urgent_through)
    bulk = BulkLane(mark.bulk_through, mark.bulk_through, mark.bulk_through)
    return Journal(mark.journal_id, mark.last_seq, urgent, bulk)


def _behind(state: Session, marks: tuple[Mark, ...]) -> tuple[Action, ...]:
    """Tell guard again what it has not kept: it may have gone away in between."""
    actions: list[Action] = []
    for journal, mark in zip(state.journals, marks, strict=True):
        if journal.urgent.through > mark.urgent_through:
            actions.append(Advance(journal.id, Lane.URGENT, journal.urgent.through))
        if journal.bulk.through > mark.bulk_through:
            actions.append(Advance(journal.id, Lane.BULK, journal.bulk.through))
    return tuple(actions)


def _grown(state: Session, event: Grown) -> tuple[Session, tuple[Action, ...]]:
    """Note the new rows; if an older urgent backlog waits, the new alarms are asked for first."""
    journal = _find(state, event.journal_id)
    if journal is None or event.last_seq <= journal.last_seq:
        return state, ()
    before = journal.last_seq
    behind = journal.urgent.loaded < before or any(s.sends == 0 for s in journal.urgent.slots)
    state = _put(state, replace(journal, last_seq=event.last_seq))
    free = limits.EXPRESS_SLOTS - len(journal.urgent.express)
    if not (event.urgent and behind and free > 0 and state.connected_ms is not None):
        return state, ()
    return state, (Load(journal.id, Lane.URGENT, before, free, event.last_seq, express=True),)


def _loaded(state: Session, event: Loaded) -> tuple[Session, tuple[Action, ...]]:
    load, journal = event.load, _find(state, event.load.journal_id)
    if journal is None:
        return state, ()
    if load.express:
        return _put(state, _with_express(journal, event)), ()
    lane = journal.urgent if load.lane is Lane.URGENT else journal.bulk
    if not lane.loading or lane.loaded != load.after_seq:
        return state, ()  # Asked before guard told us to begin elsewhere.
    items = lanes.items_of(event.rows, lane.prev)
    all_kept = len(items) == len(event.rows) < load.limit
    complete = load.known_last if all_kept else 0
    if load.lane is Lane.URGENT:
        changed = replace(journal, urgent=lanes.urgent_loaded(journal.urgent, items, complete))
    else:
        changed = replace(journal, bulk=lanes.bulk_loaded(journal.bulk, items, complete))
    notes = tuple(
        Note(
            "row.set_aside",
            f"{event_id(journal.id, item.seq)} {item.row.kind}: {item.fault}",
            audit=_may_audit(item.row.kind),
        )
        for item in items
        if item.fault
    )
    return _put(state, changed), (*notes, *_advances(journal, changed))


def _with_express(journal: Journal, event: Loaded) -> Journal:
    """Add new alarms that are ahead of everything loaded; what is not an alarm keeps its turn."""
    urgent = journal.urgent
    known = {slot.item.seq for slot in urgent.express}
    fresh: list[lanes.Slot] = []
    prev = event.load.after_seq
    for item in lanes.items_of(event.rows, prev):
        live = item.seq > urgent.loaded and item.seq not in known
        if live and item.row.kind.startswith("alarm."):
            fresh.append(lanes.Slot(item))
    room = limits.EXPRESS_SLOTS - len(urgent.express)
    return replace(journal, urgent=replace(urgent, express=urgent.express + tuple(fresh[:room])))


def _load_failed(state: Session, load: Load, now_s: float) -> Session:
    journal = _find(state, load.journal_id)
    if journal is None or load.express:
        return state
    retry_s = now_s + limits.LOAD_RETRY_S
    if load.lane is Lane.URGENT:
        lane = replace(journal.urgent, loading=False, retry_s=retry_s)
        return _put(state, replace(journal, urgent=lane))
    return _put(state, replace(journal, bulk=replace(journal.bulk, loading=False, retry_s=retry_s)))


def _acked(state: Session, ack: Ack, now_s: float) -> tuple[Session, tuple[Action, ...]]:
    journal = _find(state, JournalId(ack.journal_id))
    if journal is None:
        return state, (Note("ack.unknown_journal", f"{ack.journal_id} is not a journal here"),)
    if ack.through_seq > journal.last_seq:
        detail = f"{journal.id} {ack.lane}: through {ack.through_seq}, written {journal.last_seq}"
        return state, (Note("ack.beyond", detail),)
    # It may well be beyond what was sent: a link before this one sent more, and was killed before
    # guard had its cursor on disk. It confirms what this one has sent, and no more.
    statuses, notes = _statuses(journal, ack)
    if Lane(ack.lane) is Lane.URGENT:
        after, news = lanes.urgent_acked(journal.urgent, ack.through_seq, statuses, now_s)
        changed = replace(journal, urgent=after)
    else:
        bulk, news = lanes.bulk_acked(journal.bulk, ack.through_seq, now_s)
        changed = replace(journal, bulk=bulk)
        if news:
            state = replace(state, window=_window(state, journal.bulk, now_s))
    if not news and not any(status == "busy" for status in statuses.values()):
        notes = (*notes, Note("ack.duplicate", audit=False))
    state = replace(_put(state, changed), acked_rows=state.acked_rows + news, carried_s=0.0)
    state = replace(state, asked_s=now_s if _under_way(state) else None, unheard=0)
    return state, (*notes, *_advances(journal, changed))


def _window(state: Session, bulk: BulkLane, now_s: float) -> int:
    """Return how many bulk messages may be under way, now that the first one is answered."""
    waited_s = now_s - bulk.flights[0].sent_s if bulk.flights else limits.SLOW_ACK_S
    if waited_s >= limits.SLOW_ACK_S:
        return limits.BULK_FLIGHTS
    quick = waited_s <= limits.QUICK_ACK_S
    return min(state.window + quick, limits.BULK_FLIGHTS_QUICK)


def _unheard(state: Session, now_s: float) -> Session:
    """Try what is under way again soon, with growing patience; one word for a whole burst."""
    if now_s < state.unheard_until_s:
        return state
    wait = limits.UNHEARD_S[min(state.unheard, len(limits.UNHEARD_S) - 1)]
    until_s = now_s + wait
    state = replace(state, unheard=state.unheard + 1, unheard_until_s=until_s)
    return _each(
        state,
        lambda journal: replace(
            journal,
            urgent=lanes.urgent_sooner(journal.urgent, until_s),
            bulk=lanes.bulk_sooner(journal.bulk, until_s),
        ),
    )


def _statuses(journal: Journal, ack: Ack) -> tuple[dict[int, str], tuple[Note, ...]]:
    """Return the words on single events by seq, and a note for each that needs one."""
    if not ack.alarms:
        return {}, ()
    kinds: dict[int, str] = {}
    urgent = Lane(ack.lane) is Lane.URGENT
    if urgent:
        slots = journal.urgent.slots + journal.urgent.express
        kinds = {s.item.seq: s.item.row.kind for s in slots if s.ever_sent and not s.received}
    else:
        kinds = {
            item.seq: item.row.kind for flight in journal.bulk.flights for item in flight.items
        }
    statuses: dict[int, str] = {}
    notes: list[Note] = []
    for entry in ack.alarms:
        seq = seq_of(entry.id, journal.id)
        if seq is not None and seq in kinds:
            statuses[seq] = entry.status
            if entry.status == "rejected":
                detail = f"{entry.id} {kinds[seq]}: rejected by the platform"
                notes.append(Note("row.rejected", detail, audit=_may_audit(kinds[seq])))
        elif seq is None or seq > journal.last_seq:
            notes.append(
                Note("ack.unknown_event", f"{journal.id} {ack.lane}: an event that is not there")
            )
    return statuses, tuple(notes)


# --- what goes out --------------------------------------------------------------------------------


def _pump(state: Session, now: Stamp) -> tuple[Session, tuple[Action, ...]]:
    """Send what may be sent and ask for what may be loaded: urgent first, in every journal."""
    actions: list[Action] = []
    now_s = _s(now)
    if state.connected_ms is not None:
        for journal in state.journals:
            urgent, items = lanes.urgent_due(journal.urgent, now_s)
            if items:
                state = _put(state, replace(journal, urgent=urgent))
                through = urgent.through
                outs = (_outgoing(state, item, through, now) for item in items)
                actions.extend(PublishAlarm(out) for out in outs)
                state = replace(state, sent_rows=state.sent_rows + len(items))
        state, batches = _pump_bulk(_refill(state, now_s), now)
        actions.extend(batches)
        if actions and state.asked_s is None:
            state = replace(state, asked_s=now_s - state.carried_s, carried_s=0.0)
    state, loads = _pump_loads(state, now_s)
    return state, (*actions, *loads)


def _pump_bulk(state: Session, now: Stamp) -> tuple[Session, list[Action]]:
    """Send bulk messages while no urgent row waits for its first attempt."""
    actions: list[Action] = []
    now_s = _s(now)
    for journal in state.journals:
        if any(_urgent_waits(j, now_s) for j in state.journals):
            return state, actions
        bulk, again = lanes.bulk_overdue(journal.bulk, now_s)
        if again:
            state = replace(state, window=limits.BULK_FLIGHTS)
            state = _put(state, replace(journal, bulk=bulk))
            actions.append(_batch(state, again, bulk.through, now))
            state = replace(state, sent_rows=state.sent_rows + len(again))
        while bulk.queue and sum(len(j.bulk.flights) for j in state.journals) < state.window:
            if state.tokens < _wanted_tokens(state, bulk):
                break
            items = lanes.next_batch(bulk, int(state.tokens))
            bulk = lanes.bulk_sent(bulk, items, now_s)
            state = _put(state, replace(journal, bulk=bulk))
            actions.append(_batch(state, items, bulk.through, now))
            state = replace(
                state,
                tokens=state.tokens - len(items),
                sent_rows=state.sent_rows + len(items),
            )
    return state, actions


def _pump_loads(state: Session, now_s: float) -> tuple[Session, tuple[Action, ...]]:
    """Ask for the next pages: urgent rows always, bulk rows only while connected."""
    loads: list[Load] = []
    for journal in state.journals:
        urgent, bulk = journal.urgent, journal.bulk
        room = limits.URGENT_SLOTS - len(urgent.slots)
        if _wants(urgent, journal.last_seq, now_s) and room > 0:
            limit = min(room, limits.URGENT_PAGE_ROWS)
            loads.append(Load(journal.id, Lane.URGENT, urgent.loaded, limit, journal.last_seq))
            journal = replace(journal, urgent=replace(urgent, loading=True))
        idle = len(bulk.queue) < limits.BULK_PAGE_ROWS // 2 and state.connected_ms is not None
        if _wants(bulk, journal.last_seq, now_s) and idle:
            limit = limits.BULK_PAGE_ROWS
            loads.append(Load(journal.id, Lane.BULK, bulk.loaded, limit, journal.last_seq))
            journal = replace(journal, bulk=replace(bulk, loading=True))
        state = _put(state, journal)
    return state, tuple(sorted(loads, key=lambda load: load.lane is Lane.BULK))


def _urgent_waits(journal: Journal, now_s: float) -> bool:
    """Whether an urgent row waits for its first attempt, or may be found by a read under way. A
    lane whose journal cannot be read holds nobody up."""
    lane = journal.urgent
    if any(slot.sends == 0 and not slot.received for slot in lane.slots):
        return True
    room = len(lane.slots) < limits.URGENT_SLOTS
    return room and lane.loaded < journal.last_seq and (lane.loading or lane.retry_s <= now_s)


def _wants(lane: UrgentLane | BulkLane, last_seq: int, now_s: float) -> bool:
    return not lane.loading and lane.loaded < last_seq and lane.retry_s <= now_s


def _batch(state: Session, items: tuple[Item, ...], through: int, now: Stamp) -> PublishBatch:
    return PublishBatch(tuple(_outgoing(state, item, through, now) for item in items))


def _outgoing(state: Session, item: Item, through: int, now: Stamp) -> Outgoing:
    row = item.row
    if row.boot_id == now.boot_id:
        queued_ms = now.mono_ms - row.mono_ms  # The wall clock may have stepped in between.
    else:
        queued_ms = int((now.wall_s - row.recorded_at) * 1000) - row.correction_ms
    queued_ms = max(queued_ms, 0)
    assert state.connected_ms is not None
    before = queued_ms > now.mono_ms - state.connected_ms
    historical = before or queued_ms > limits.LIVE_WITHIN_S * 1000
    return Outgoing(row, item.prev_seq, through, historical, queued_ms, item.fault)


# --- small things ---------------------------------------------------------------------------------


def _wanted_tokens(state: Session, bulk: BulkLane) -> float:
    """Return what the next message costs at least: a full one, or what waits, or what the bucket
    gives in a quarter of a second - so that a slow rate does not make many tiny messages."""
    return min(len(bulk.queue), limits.BATCH_ROWS, max(1.0, state.rows_per_s / 4))


def _capacity(state: Session) -> float:
    return max(1.0, min(state.rows_per_s, 4.0 * limits.BATCH_ROWS))


def _refill(state: Session, now_s: float) -> Session:
    gained = max(now_s - state.filled_s, 0.0) * state.rows_per_s
    return replace(state, tokens=min(state.tokens + gained, _capacity(state)), filled_s=now_s)


def _advances(before: Journal, after: Journal) -> tuple[Action, ...]:
    actions: list[Action] = []
    if after.urgent.through > before.urgent.through:
        actions.append(Advance(after.id, Lane.URGENT, after.urgent.through))
    if after.bulk.through > before.bulk.through:
        actions.append(Advance(after.id, Lane.BULK, after.bulk.through))
    return tuple(actions)


def _may_audit(kind: str) -> bool:
    """An audit row about an audit row would make the next one, for ever."""
    return kind != Kind.AUDIT


def _afresh(journal: Journal) -> Journal:
    return replace(
        journal,
        urgent=lanes.urgent_afresh(journal.urgent),
        bulk=lanes.bulk_afresh(journal.bulk),
    )


def _each(state: Session, change: Callable[[Journal], Journal]) -> Session:
    return replace(state, journals=tuple(change(journal) for journal in state.journals))


def _find(state: Session, journal_id: JournalId) -> Journal | None:
    return next((j for j in state.journals if j.id == journal_id), None)


def _put(state: Session, changed: Journal) -> Session:
    journals = tuple(changed if j.id == changed.id else j for j in state.journals)
    return replace(state, journals=journals)


def _s(now: Stamp) -> float:
    return now.mono_ms / 1000
