"""The two lanes of one journal as values: what is loaded, what is under way, what is confirmed.

Owns windows, resends and what an acknowledgement means for each lane. Pure. `session` decides
between lanes and journals; it alone knows of connections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.journal.row import StoredRow
from sync import limits
from sync.codec import fault_of


@dataclass(frozen=True, slots=True)
class Item:
    """A row that waits, its predecessor's seq in the lane, and why its body stays behind, if so."""

    row: StoredRow
    prev_seq: int
    fault: str = ""

    @property
    def seq(self) -> int:
        """Return the row's seq."""
        return self.row.seq


@dataclass(frozen=True, slots=True)
class Slot:
    """One urgent event: how often it was sent over this connection, when it is due again (`due_s`,
    monotonic seconds), whether the platform has it or has put it off (`busy`)."""

    item: Item
    sends: int = 0
    due_s: float = 0.0
    ever_sent: bool = False
    received: bool = False
    busy: bool = False

    def sent(self, now_s: float) -> Slot:
        """Return the slot after one more attempt."""
        wait = limits.RESEND_S[min(self.sends, len(limits.RESEND_S) - 1)]
        return replace(self, sends=self.sends + 1, due_s=now_s + wait, ever_sent=True, busy=False)


@dataclass(frozen=True, slots=True)
class UrgentLane:
    """Slots in order of seq. `express` are new alarms that were sent ahead of an older backlog.

    `through` everything up to it is confirmed; `loaded` everything up to it is in the slots or
    confirmed; `prev` seq of the last row loaded; `sent` highest seq sent in order.
    """

    through: int
    loaded: int
    prev: int
    sent: int = 0
    slots: tuple[Slot, ...] = ()
    express: tuple[Slot, ...] = ()
    loading: bool = False
    retry_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Flight:
    """One bulk message under way: last sent at `sent_s`, to be sent again at `due_s`."""

    items: tuple[Item, ...]
    sends: int
    sent_s: float
    due_s: float


@dataclass(frozen=True, slots=True)
class BulkLane:
    """Flights and then the queue of rows not sent yet, in order of seq; fields as UrgentLane."""

    through: int
    loaded: int
    prev: int
    sent: int = 0
    flights: tuple[Flight, ...] = ()
    queue: tuple[Item, ...] = ()
    loading: bool = False
    retry_s: float = 0.0


def items_of(rows: Sequence[StoredRow], prev_seq: int) -> tuple[Item, ...]:
    """Return the rows as items, as many as PAGE_BYTES allows and at least one.

    The body of a row that cannot be sent is dropped here, so that it takes no memory.
    """
    items: list[Item] = []
    size = 0
    for row in rows:
        fault = fault_of(row)
        kept = replace(row, body="{}") if fault else row
        size += len(kept.body)
        if items and size > limits.PAGE_BYTES:
            break
        items.append(Item(kept, prev_seq, fault))
        prev_seq = row.seq
    return tuple(items)


# --- urgent ---------------------------------------------------------------------------------------


def urgent_loaded(lane: UrgentLane, items: tuple[Item, ...], complete_through: int) -> UrgentLane:
    """Return the lane with a page added. A row that already went express keeps its history."""
    known = {slot.item.seq: slot for slot in lane.express}
    slots = tuple(
        replace(known[item.seq], item=item) if item.seq in known else Slot(item) for item in items
    )
    loaded = max(complete_through, items[-1].seq if items else 0, lane.loaded)
    return _settle(
        replace(
            lane,
            slots=lane.slots + slots,
            express=tuple(slot for slot in lane.express if slot.item.seq > loaded),
            loaded=loaded,
            prev=items[-1].seq if items else lane.prev,
            loading=False,
        )
    )


def urgent_due(lane: UrgentLane, now_s: float) -> tuple[UrgentLane, tuple[Item, ...]]:
    """Return what is to be sent now: express first, then resends and new rows in order of seq.

    The window counts first attempts that may still be answered in time: an event the platform asks
    to have later, or does not answer, must not hold up the next alarm.
    """
    out: list[Item] = []

    def send(slot: Slot) -> Slot:
        out.append(slot.item)
        return slot.sent(now_s)

    express = tuple(send(s) if not s.received and s.due_s <= now_s else s for s in lane.express)
    room = limits.URGENT_WINDOW - sum(
        1 for s in lane.slots if s.sends == 1 and not s.received and s.due_s > now_s
    )
    slots: list[Slot] = []
    highest = lane.sent
    for slot in lane.slots:
        first = slot.sends == 0
        if slot.received or slot.due_s > now_s or (first and room <= 0):
            slots.append(slot)
            continue
        room -= first
        highest = max(highest, slot.item.seq)
        slots.append(send(slot))
    if not out:
        return lane, ()
    return replace(lane, express=express, slots=tuple(slots), sent=highest), tuple(out)


def urgent_acked(
    lane: UrgentLane, through_seq: int, statuses: Mapping[int, str], now_s: float
) -> tuple[UrgentLane, int]:
    """Return the lane after an acknowledgement, and how many events it newly confirmed.

    A status of its own counts more than the watermark. Nothing that was not sent is confirmed. A
    platform that confirms anything is there, so what it has not heard waits no longer than after a
    first attempt; what it has put off keeps its own time.
    """
    news = 0

    def judge(slot: Slot) -> Slot:
        nonlocal news
        status = statuses.get(slot.item.seq)
        covered = slot.item.seq <= min(through_seq, lane.sent)
        if not slot.ever_sent or slot.received or (status is None and not covered):
            return slot
        if status == "busy":
            wait = limits.RESEND_S[min(max(slot.sends, 1), len(limits.RESEND_S)) - 1]
            return replace(slot, sends=max(slot.sends, 2), due_s=now_s + wait, busy=True)
        news += 1
        return replace(slot, received=True)

    slots = tuple(judge(slot) for slot in lane.slots)
    express = tuple(judge(slot) for slot in lane.express)
    judged = _settle(replace(lane, slots=slots, express=express))
    return (urgent_sooner(judged, now_s + limits.RESEND_S[0]) if news else judged), news


def urgent_afresh(lane: UrgentLane) -> UrgentLane:
    """Return the lane for a new connection: what is not confirmed is due at once."""

    def afresh(slot: Slot) -> Slot:
        return slot if slot.received else replace(slot, sends=0, due_s=0.0, busy=False)

    return replace(
        lane,
        slots=tuple(afresh(slot) for slot in lane.slots),
        express=tuple(afresh(slot) for slot in lane.express),
    )


def urgent_sooner(lane: UrgentLane, due_s: float) -> UrgentLane:
    """Return the lane with everything under way that was not put off due at `due_s` at the
    latest."""

    def sooner(slot: Slot) -> Slot:
        if not slot.sends or slot.busy or slot.due_s <= due_s:
            return slot
        return replace(slot, due_s=due_s)

    return replace(
        lane,
        slots=tuple(sooner(slot) for slot in lane.slots),
        express=tuple(sooner(slot) for slot in lane.express),
    )


def _settle(lane: UrgentLane) -> UrgentLane:
    """Move the cursor through the confirmed front."""
    count = 0
    while count < len(lane.slots) and lane.slots[count].received:
        count += 1
    if not count:
        return lane
    return replace(lane, through=lane.slots[count - 1].item.seq, slots=lane.slots[count:])


# --- bulk -----------------------------------------------------------------------------------------


def bulk_loaded(lane: BulkLane, items: tuple[Item, ...], complete_through: int) -> BulkLane:
    """Return the lane with a page added."""
    return replace(
        lane,
        queue=lane.queue + items,
        loaded=max(complete_through, items[-1].seq if items else 0, lane.loaded),
        prev=items[-1].seq if items else lane.prev,
        loading=False,
    )


def bulk_overdue(lane: BulkLane, now_s: float) -> tuple[BulkLane, tuple[Item, ...]]:
    """Return the first message whose acknowledgement is overdue, to be sent again."""
    for at, flight in enumerate(lane.flights):
        if flight.due_s <= now_s:
            again = _flight(flight.items, flight.sends + 1, now_s)
            flights = (*lane.flights[:at], again, *lane.flights[at + 1 :])
            return replace(lane, flights=flights), flight.items
    return lane, ()


def next_batch(lane: BulkLane, most_rows: int) -> tuple[Item, ...]:
    """Return the rows of the next message: bounded in rows and bytes, at least one if any wait."""
    size = 0
    for count, item in enumerate(lane.queue[: min(most_rows, limits.BATCH_ROWS)]):
        size += len(item.row.body) + 500  # The envelope of an event is about 450 bytes.
        if count and size > limits.BATCH_BYTES:
            return lane.queue[:count]
    return lane.queue[: min(most_rows, limits.BATCH_ROWS)]


def bulk_sent(lane: BulkLane, items: tuple[Item, ...], now_s: float) -> BulkLane:
    """Return the lane after `items`, the front of the queue, went out as one message."""
    return replace(
        lane,
        flights=(*lane.flights, _flight(items, 1, now_s)),
        queue=lane.queue[len(items) :],
        sent=max(lane.sent, items[-1].seq),
    )


def bulk_acked(lane: BulkLane, through_seq: int, now_s: float) -> tuple[BulkLane, int]:
    """Return the lane after an acknowledgement, and how many rows it newly confirmed.

    Rows that go again after a reconnect were sent before, so they count too. As for urgent events,
    what a platform that is there has not heard waits no longer than after a first attempt.
    """
    upto = min(through_seq, lane.sent)
    if upto <= lane.through:
        return lane, 0
    flights: list[Flight] = []
    done: list[Item] = []
    for flight in lane.flights:
        rest = tuple(item for item in flight.items if item.seq > upto)
        done.extend(flight.items[: len(flight.items) - len(rest)])
        if rest:
            flights.append(replace(flight, items=rest))
    waiting = tuple(item for item in lane.queue if item.seq > upto)
    done.extend(lane.queue[: len(lane.queue) - len(waiting)])
    if not done:
        return lane, 0
    through = done[-1].seq
    after = replace(lane, flights=tuple(flights), queue=waiting, through=through)
    return bulk_sooner(after, now_s + limits.BULK_RESEND_S[0]), len(done)


def bulk_afresh(lane: BulkLane) -> BulkLane:
    """Return the lane for a new connection: what was under way waits again, at the front."""
    under_way = tuple(item for flight in lane.flights for item in flight.items)
    return replace(lane, flights=(), queue=under_way + lane.queue)


def bulk_sooner(lane: BulkLane, due_s: float) -> BulkLane:
    """Return the lane with everything under way due at `due_s` at the latest."""
    flights = tuple(replace(f, due_s=due_s) if f.due_s > due_s else f for f in lane.flights)
    return replace(lane, flights=flights)


def _flight(items: tuple[Item, ...], sends: int, now_s: float) -> Flight:
    wait = limits.BULK_RESEND_S[min(sends, len(limits.BULK_RESEND_S)) - 1]
    return Flight(items, sends, now_s, now_s + wait)
