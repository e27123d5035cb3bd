"""A small world around the session: journals, a line that breaks, and a model of the platform.

Every step checks the laws: a cursor never passes a row that the platform does not have and never
goes back; bulk never goes while an urgent row that is known waits for its first attempt.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from agent.core.clock import BootId, Stamp, TimeQuality
from agent.core.row import JournalId, Lane
from agent.journal.row import StoredRow
from sync import limits, session
from sync.codec import Outgoing, event_id
from sync.messages import Ack, EventStatus
from sync.session import Advance, Load, Note, PublishAlarm, PublishBatch, Session

BOOT = BootId("boot-a")
Key = tuple[str, str]

MOST_QUEUED = limits.BULK_FLIGHTS_QUICK * limits.BATCH_ROWS + 2 * limits.BULK_PAGE_ROWS
"""Rows that were under way when the line broke, and what was read ahead."""


def row(
    seq: int, lane: Lane, *, journal_id: str = "0000aaaa", kind: str = "", body: str = "{}",
    mono_ms: int = 0, boot_id: str = BOOT, recorded_at: float = 1000.0,
) -> StoredRow:  # fmt: skip
    """Return a row as the journal gives it."""
    kind = kind or ("alarm.raised" if lane is Lane.URGENT else "reading")
    return StoredRow(
        JournalId(journal_id), seq, lane, kind, "S1" if lane is Lane.URGENT else None, "dev", body,
        None, recorded_at, recorded_at, boot_id, mono_ms, "synced", 0,
    )  # fmt: skip


def stamp(mono_ms: int) -> Stamp:
    """Return an instant of the test's boot."""
    return Stamp(mono_ms / 1000, mono_ms, BOOT, 1000.0 + mono_ms / 1000, TimeQuality.SYNCED)


@dataclass
class Platform:
    """Stores events and says how far it is, exactly as PROTOCOL.md wants."""

    rng: random.Random
    stored: set[tuple[str, int]] = field(default_factory=set)
    through: dict[Key, int] = field(default_factory=dict)
    rude: bool = True

    def take(self, outs: tuple[Outgoing, ...]) -> Ack:
        """Store a message and return its acknowledgement."""
        statuses: list[EventStatus] = []
        journal, lane = outs[0].row.journal_id, outs[0].row.lane
        for out in outs:
            seq = out.row.seq
            through = max(self.through.get((journal, lane), 0), out.acked_seq)
            status = "accepted"
            if self.rude and lane is Lane.URGENT:
                status = self.rng.choice(["accepted", "accepted", "hold", "busy", "rejected"])
            if status != "busy":
                self.stored.add((journal, seq))
                if out.prev_seq <= through:
                    through = max(through, seq)
            if lane is Lane.URGENT:
                entry = {"id": event_id(journal, seq), "status": status}
                statuses.append(EventStatus.model_validate(entry))
            self.through[journal, lane] = through
        return Ack(
            journal_id=journal, lane=lane.value, through_seq=self.through[journal, lane],
            alarms=tuple(statuses),
        )  # fmt: skip


class World:
    """Drives one session after another over the same journals and the same platform."""

    def __init__(self, seed: int, rows_per_s: float = 500.0) -> None:
        self.rng = random.Random(seed)
        self.rows: dict[str, list[StoredRow]] = {}
        self.cursors: dict[Key, int] = {}
        self.platform = Platform(self.rng)
        self.now_ms = 1_000
        self.rows_per_s = rows_per_s
        self.notes: list[Note] = []
        self.sent_order: list[tuple[str, int]] = []
        self.begin("0000aaaa")
        self.restart()

    # --- what may happen --------------------------------------------------------------------------

    def begin(self, journal_id: str) -> None:
        """Guard begins another journal."""
        if journal_id not in self.rows:
            self.rows = {journal_id: [], **self.rows}

    def restart(self) -> None:
        """Link is killed and started again."""
        self.state = Session(rows_per_s=self.rows_per_s)
        self.loads: deque[Load] = deque()
        self.on_the_line: deque[tuple[Outgoing, ...]] = deque()
        self.acks: deque[Ack] = deque()
        self.ever_sent: set[tuple[str, int]] = set()
        self.told: dict[str, int] = {}
        self.ask_guard()

    def forget(self) -> None:
        """A power cut takes what guard had of the cursors since its last commit."""
        self.cursors = {key: self.rng.randint(0, at) for key, at in self.cursors.items()}
        self.restart()

    def ask_guard(self) -> None:
        """Guard says which journals there are."""
        marks = tuple(
            session.Mark(
                JournalId(journal), rows[-1].seq if rows else 0,
                self.cursors.get((journal, "urgent"), 0), self.cursors.get((journal, "bulk"), 0),
            )
            for journal, rows in self.rows.items()
        )  # fmt: skip
        self.told = {journal: rows[-1].seq if rows else 0 for journal, rows in self.rows.items()}
        self.feed(session.Journals(marks))

    def commit(self, lane: Lane, count: int, *, tell: bool = True, body: str = "{}") -> None:
        """Guard writes rows into the journal it writes now."""
        journal = next(iter(self.rows))
        rows = self.rows[journal]
        for _ in range(count):
            seq = rows[-1].seq + 1 if rows else 1
            made = row(seq, lane, journal_id=journal, body=body, mono_ms=self.now_ms)
            rows.append(made)
        if tell and journal in self.told:
            self.told[journal] = rows[-1].seq
            grown = session.Grown(JournalId(journal), rows[-1].seq, lane is Lane.URGENT)
            self.feed(grown)

    def connect(self) -> None:
        """The broker lets us in."""
        if self.state.connected_ms is None:
            self.feed(session.Connected())

    def disconnect(self) -> None:
        """The line breaks; what is on it is lost."""
        self.on_the_line.clear()
        self.acks.clear()
        self.feed(session.Disconnected())

    def deliver(self) -> None:
        """One message reaches the platform, and its answer is under way."""
        if self.on_the_line:
            self.acks.append(self.platform.take(self.on_the_line.popleft()))

    def lose(self) -> None:
        """One message is lost between broker and platform."""
        if self.on_the_line:
            self.on_the_line.popleft()

    def answer(self, *, twice: bool = False) -> None:
        """One answer, any of them, reaches us."""
        if self.acks:
            at = self.rng.randrange(len(self.acks))
            ack = self.acks[at]
            del self.acks[at]
            self.feed(session.Acked(ack))
            if twice:
                self.feed(session.Acked(ack))

    def lie(self) -> None:
        """An answer that fits nothing reaches us."""
        lane = self.rng.choice(["urgent", "bulk"])
        journal = self.rng.choice(["ffffffff", *self.rows])
        beyond = 1 + max([row.seq for rows in self.rows.values() for row in rows], default=0)
        status = {"id": f"{journal}-{beyond}", "status": "accepted"}
        ack = {"journal_id": journal, "lane": lane, "through_seq": beyond, "alarms": [status]}
        before = dict(self.cursors)
        self.feed(session.Acked(Ack.model_validate(ack)))
        assert self.cursors == before

    def read(self, *, fail: bool = False) -> None:
        """One page is read, or cannot be."""
        if not self.loads:
            return
        load = self.loads.popleft()
        rows = self.rows.get(load.journal_id)
        if fail or rows is None:
            self.feed(session.LoadFailed(load))
            return
        found = [r for r in rows[load.after_seq :] if r.lane is load.lane]
        self.feed(session.Loaded(load, tuple(found[: load.limit])))

    def read_all(self) -> None:
        """Every page that was asked for is read."""
        while self.loads:
            self.read()

    def wait(self, ms: int) -> None:
        """Time passes."""
        self.now_ms += ms
        self.feed(session.Ticked())

    def finish(self) -> None:
        """The world becomes well; everything must arrive within ten minutes."""
        self.platform.rude = False
        self.ask_guard()
        self.connect()
        for _ in range(20_000):
            while self.loads or self.on_the_line or self.acks:
                self.read()
                self.deliver()
                self.answer()
            wait_s = session.wake_in_s(self.state, stamp(self.now_ms))
            if wait_s is None:
                break
            assert self.now_ms < 3_600_000, "it never ends"
            self.wait(int(wait_s * 1000) + 1)
        for journal, rows in self.rows.items():
            for r in rows:
                assert (journal, r.seq) in self.platform.stored, f"{journal}-{r.seq} never came"
            for lane in Lane:
                last = max([r.seq for r in rows if r.lane is lane], default=0)
                assert self.cursors.get((journal, lane), 0) == last

    # --- the laws ---------------------------------------------------------------------------------

    def feed(self, event: session.Input) -> None:
        """Take one step, carry it out and check it."""
        self.state, actions = session.step(self.state, event, stamp(self.now_ms))
        for action in actions:
            match action:
                case Load():
                    self.loads.append(action)
                case PublishAlarm(out):
                    self._sent((out,))
                case PublishBatch(outs):
                    self._check_urgent_went_first()
                    assert len(outs) <= limits.BATCH_ROWS
                    self._sent(outs)
                case Advance():
                    self._advance(action)
                case Note():
                    self.notes.append(action)
        for journal in self.state.journals:
            assert len(journal.urgent.slots) <= limits.URGENT_SLOTS
            assert len(journal.urgent.express) <= limits.EXPRESS_SLOTS
            assert len(journal.bulk.queue) <= MOST_QUEUED
            assert len(journal.bulk.flights) <= limits.BULK_FLIGHTS_QUICK

    def _sent(self, outs: tuple[Outgoing, ...]) -> None:
        assert self.state.connected_ms is not None or self.on_the_line is not None
        self.on_the_line.append(outs)
        self.ever_sent |= {(out.row.journal_id, out.row.seq) for out in outs}
        self.sent_order += [(out.row.lane.value, out.row.seq) for out in outs]

    def _advance(self, advance: Advance) -> None:
        key = (str(advance.journal_id), advance.lane.value)
        before = self.cursors.get(key, 0)
        assert advance.through_seq >= before, "a cursor went back"
        for r in self.rows[advance.journal_id][
            before : advance.through_seq
        ]:  # Row n has seq n + 1.
            if r.lane is advance.lane:
                assert (r.journal_id, r.seq) in self.platform.stored, "a cursor passed a row"
        self.cursors[key] = advance.through_seq

    def _check_urgent_went_first(self) -> None:
        for journal in self.state.journals:
            if len(journal.urgent.slots) >= limits.URGENT_SLOTS or journal.urgent.retry_s > 0:
                continue  # All in memory are out already, or this file cannot be read now.
            known = self.told.get(journal.id, 0)
            for r in self.rows[journal.id][journal.urgent.through : known]:
                if r.lane is Lane.URGENT:
                    assert (journal.id, r.seq) in self.ever_sent, f"bulk before {r.seq}"
