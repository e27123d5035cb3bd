"""The session against its model: whatever happens on the line, the laws of `world` hold."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.row import JournalId, Lane
from sync import limits, session
from sync.messages import Ack
from tests.sync.world import World, row, stamp

Happening = Callable[[World], None]


def flow(world: World) -> None:
    """For a moment everything works."""
    world.read_all()
    for _ in range(5):
        world.deliver()
        world.answer()


HAPPENINGS: dict[str, Happening] = {
    "urgent": lambda w: w.commit(Lane.URGENT, 1),
    "urgent x3": lambda w: w.commit(Lane.URGENT, 3),
    "urgent x70": lambda w: w.commit(Lane.URGENT, 70),
    "bulk x5": lambda w: w.commit(Lane.BULK, 5),
    "bulk x230": lambda w: w.commit(Lane.BULK, 230),
    "bulk untold": lambda w: w.commit(Lane.BULK, 2, tell=False),
    "urgent untold": lambda w: w.commit(Lane.URGENT, 2, tell=False),
    "poison": lambda w: w.commit(Lane.URGENT, 1, body="no"),
    "connect": World.connect,
    "disconnect": World.disconnect,
    "deliver": World.deliver,
    "lose": World.lose,
    "answer": World.answer,
    "answer twice": lambda w: w.answer(twice=True),
    "lie": World.lie,
    "read": World.read,
    "read fails": lambda w: w.read(fail=True),
    "flow": flow,
    "more flow": flow,
    "still more flow": flow,
    "a moment": lambda w: w.wait(50),
    "ten seconds": lambda w: w.wait(10_000),
    "nobody there": lambda w: w.feed(session.Unheard()),
    "ask guard": World.ask_guard,
    "restart": World.restart,
    "power cut": World.forget,
    "new file": lambda w: w.begin("0000bbbb"),
}


# Most of the time things work; Hypothesis' short lists of even chances would hardly get that far.
@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    script=st.lists(st.sampled_from(sorted(HAPPENINGS)), min_size=40, max_size=160),
)
def test_whatever_happens_every_row_arrives_and_no_cursor_runs_ahead(
    seed: int, script: list[str]
) -> None:
    world = World(seed)
    world.connect()
    for name in script:
        HAPPENINGS[name](world)
    world.finish()


def test_a_long_backlog_is_never_held_in_memory() -> None:
    world = World(1, rows_per_s=100_000.0)
    world.commit(Lane.URGENT, 1_000)
    world.commit(Lane.BULK, 20_000)
    world.finish()  # `feed` checks the bounds at every step.


def drained(world: World, answer_ms: int, messages: int) -> int:
    """Drain some messages, each answered after `answer_ms`; return how many are then under way."""
    for _ in range(messages):
        world.read_all()
        world.wait(answer_ms)
        world.deliver()
        world.answer()
    world.read_all()
    return len(world.state.journals[0].bulk.flights)


def test_on_a_quick_line_more_messages_are_under_way_and_on_a_slow_one_two() -> None:
    world = World(1, rows_per_s=100_000.0)
    world.commit(Lane.BULK, 20_000)
    world.connect()
    assert drained(world, 10, 0) == limits.BULK_FLIGHTS
    assert drained(world, 10, 20) == limits.BULK_FLIGHTS_QUICK
    assert drained(world, 1_100, 9) == limits.BULK_FLIGHTS
    assert drained(world, 10, 20) == limits.BULK_FLIGHTS_QUICK
    world.disconnect()
    world.connect()
    assert drained(world, 10, 0) == limits.BULK_FLIGHTS
    world.finish()


def test_what_is_answered_in_half_a_second_changes_nothing() -> None:
    world = World(1, rows_per_s=100_000.0)
    world.commit(Lane.BULK, 20_000)
    world.connect()
    assert drained(world, 300, 20) == limits.BULK_FLIGHTS


def test_a_message_that_must_go_again_ends_the_hurry() -> None:
    world = World(1, rows_per_s=100_000.0)
    world.commit(Lane.BULK, 20_000)
    world.connect()
    assert drained(world, 10, 20) == limits.BULK_FLIGHTS_QUICK
    world.wait(int(limits.BULK_RESEND_S[0] * 1000) + 1)
    assert world.state.window == limits.BULK_FLIGHTS


def test_a_platform_that_is_far_ahead_of_our_cursor_does_not_stop_the_drain() -> None:
    world = World(1, rows_per_s=100_000.0)
    world.commit(Lane.BULK, 5_000)
    world.commit(Lane.URGENT, 40)
    world.platform.rude = False
    world.connect()
    for _ in range(40):
        flow(world)
    assert world.platform.through["0000aaaa", "urgent"] > limits.URGENT_WINDOW
    assert world.platform.through["0000aaaa", "bulk"] > 3 * limits.BATCH_ROWS
    world.cursors.clear()
    world.restart()
    world.finish()
    assert not [note for note in world.notes if note.code == "ack.beyond"]


def test_a_live_alarm_passes_an_urgent_backlog() -> None:
    world = World(1)
    world.commit(Lane.URGENT, 500)
    world.connect()
    world.read()
    before = len(world.sent_order)
    world.commit(Lane.URGENT, 1)
    world.read_all()
    assert ("urgent", 501) in world.sent_order[before : before + 2]
    world.finish()


def test_urgent_events_are_sent_again_with_growing_patience() -> None:
    world = World(1)
    world.commit(Lane.URGENT, 1)
    world.read_all()
    world.connect()
    sent_at_s = [0.0]
    began = world.now_ms
    for _ in range(6):
        count = len(world.sent_order)
        while len(world.sent_order) == count:
            wait_s = session.wake_in_s(world.state, stamp(world.now_ms))
            assert wait_s is not None
            world.wait(max(int(wait_s * 1000), 1))
        sent_at_s.append((world.now_ms - began) / 1000)
    gaps = [round(b - a) for a, b in pairwise(sent_at_s)]
    assert gaps == [8, 15, 30, 60, 60, 60]


def waits_s(world: World) -> float:
    """Return how long the session would sleep if nothing came."""
    wait_s = session.wake_in_s(world.state, stamp(world.now_ms))
    assert wait_s is not None
    return wait_s


def heard(world: World, lane: Lane, through: int, **statuses: str) -> None:
    """Let the platform say how far it is, and a word on single events (`e1="busy"`)."""
    words = [{"id": f"0000aaaa-{name[1:]}", "status": word} for name, word in statuses.items()]
    ack = {"journal_id": "0000aaaa", "lane": lane, "through_seq": through, "alarms": words}
    world.feed(session.Acked(Ack.model_validate(ack)))


@pytest.mark.parametrize(
    ("lane", "waits", "rows"),
    [(Lane.URGENT, limits.RESEND_S, 2), (Lane.BULK, limits.BULK_RESEND_S, 100)],
)
def test_a_platform_that_answers_again_is_not_kept_waiting_for_what_it_lost(
    lane: Lane, waits: tuple[float, ...], rows: int
) -> None:
    world = World(1, rows_per_s=100_000.0)
    world.platform.rude = False
    world.commit(lane, rows)
    world.connect()
    world.read_all()
    for wait_s in waits[:-1]:
        world.on_the_line.clear()
        world.wait(int(wait_s * 1000) + 1)
        world.wait(1)  # One bulk message at a time goes again.
    assert waits_s(world) == pytest.approx(60, abs=1)
    assert len(world.on_the_line) == 2
    world.deliver()
    world.lose()
    world.answer()
    assert waits_s(world) == pytest.approx(waits[0])


def test_what_the_platform_has_put_off_keeps_its_own_time() -> None:
    world = World(1)
    world.commit(Lane.URGENT, 2)
    world.read_all()
    world.connect()
    for wait_s in limits.RESEND_S[:2]:
        world.wait(int(wait_s * 1000) + 1)
    heard(world, Lane.URGENT, 0, e1="busy")
    heard(world, Lane.URGENT, 0, e2="accepted")
    assert waits_s(world) == pytest.approx(limits.RESEND_S[2])


def test_an_alarm_the_platform_does_not_answer_does_not_hold_up_the_next() -> None:
    world = World(1)
    world.connect()
    world.commit(Lane.URGENT, limits.URGENT_WINDOW)
    world.read_all()
    world.wait(8_001)
    count = len(world.sent_order)
    world.commit(Lane.URGENT, 1)
    world.read_all()
    assert world.sent_order[count:] == [("urgent", limits.URGENT_WINDOW + 1)]


def test_a_platform_that_was_not_there_gets_the_alarm_soon_after() -> None:
    world = World(1)
    world.connect()
    world.commit(Lane.URGENT, 2)
    world.read_all()
    for _ in range(2):
        world.feed(session.Unheard())  # One for each message, at the same time.
    assert session.wake_in_s(world.state, stamp(world.now_ms)) == 0.5
    world.wait(500)
    assert world.sent_order == [("urgent", 1), ("urgent", 2)] * 2
    world.feed(session.Unheard())
    assert session.wake_in_s(world.state, stamp(world.now_ms)) == 1.0


def test_bulk_keeps_to_its_rate_and_alarms_do_not() -> None:
    world = World(1, rows_per_s=10.0)
    world.connect()
    world.commit(Lane.BULK, 200)
    world.read_all()
    for _ in range(50):
        world.wait(100)
        world.deliver()
        world.answer()
        world.read_all()
    sent = len(world.sent_order)
    assert 40 <= sent <= 65  # Five seconds at ten a second, and the full bucket of the beginning.
    world.commit(Lane.URGENT, 8)
    world.read_all()
    assert world.sent_order[sent:] == [("urgent", seq) for seq in range(201, 209)]


def test_an_ack_beyond_what_was_sent_changes_nothing_and_is_audited() -> None:
    world = World(1)
    world.connect()
    world.commit(Lane.URGENT, 3)
    world.read_all()
    ack = Ack(journal_id="0000aaaa", lane="urgent", through_seq=4)
    world.feed(session.Acked(ack))
    assert world.cursors == {}
    assert [note.code for note in world.notes] == ["ack.beyond"]
    assert world.notes[0].audit


def test_after_a_reconnect_everything_unconfirmed_goes_at_once() -> None:
    world = World(1)
    world.connect()
    world.commit(Lane.URGENT, 3)
    world.commit(Lane.BULK, 3)
    world.read_all()
    world.wait(20_000)
    world.disconnect()
    world.sent_order.clear()
    world.connect()
    assert [seq for _, seq in world.sent_order] == [1, 2, 3, 4, 5, 6]


def test_cursors_that_another_link_moved_count_and_late_pages_do_not() -> None:
    world = World(1)
    world.connect()
    world.commit(Lane.URGENT, 5)
    late = world.loads[0]
    world.cursors = {("0000aaaa", "urgent"): 3, ("0000aaaa", "bulk"): 0}
    world.platform.stored = {("0000aaaa", seq) for seq in (1, 2, 3)}
    world.ask_guard()
    rows = tuple(world.rows["0000aaaa"])
    world.feed(session.Loaded(late, rows))
    world.read_all()
    assert world.sent_order == [("urgent", 4), ("urgent", 5)]


def test_an_ack_of_an_express_alarm_confirms_nothing_before_it() -> None:
    world = World(1)
    world.commit(Lane.URGENT, 500)
    world.connect()
    world.read()
    world.commit(Lane.URGENT, 1)
    world.read_all()
    assert ("urgent", 501) in world.sent_order
    sent = {seq for _, seq in world.sent_order} - {501}
    world.platform.stored = {("0000aaaa", seq) for seq in sent}
    ack = Ack(journal_id="0000aaaa", lane="urgent", through_seq=501)
    world.feed(session.Acked(ack))
    assert world.cursors == {("0000aaaa", "urgent"): max(sent)}


def test_a_late_ack_after_a_reconnect_counts() -> None:
    world = World(1)
    world.platform.rude = False
    world.connect()
    world.commit(Lane.BULK, 5)
    world.read_all()
    world.deliver()
    late = world.acks[0]
    world.disconnect()
    world.connect()
    world.feed(session.Acked(late))
    assert world.cursors == {("0000aaaa", "bulk"): 5}


def test_what_was_recorded_before_the_connection_is_historical() -> None:
    world = World(1)
    world.commit(Lane.URGENT, 1)
    world.read_all()
    world.wait(700)
    world.connect()
    out = world.on_the_line[0][0]
    assert (out.historical, out.queued_ms) == (True, 700)
    world.wait(10)
    world.commit(Lane.URGENT, 1)
    world.read_all()
    out = world.on_the_line[1][0]
    assert (out.historical, out.queued_ms) == (False, 0)


def test_rows_of_an_earlier_boot_are_aged_by_the_wall_clock() -> None:
    world = World(1)
    world.rows["0000aaaa"].append(row(1, Lane.URGENT, boot_id="boot-0", recorded_at=900.0))
    world.ask_guard()
    world.read_all()
    world.connect()
    out = world.on_the_line[0][0]
    assert out.historical
    assert out.queued_ms == 101_000


def test_guard_is_told_again_when_it_forgot_a_cursor() -> None:
    world = World(1)
    world.platform.rude = False
    world.connect()
    world.commit(Lane.URGENT, 2)
    world.read_all()
    world.deliver()
    world.deliver()
    world.answer()
    world.answer()
    world.cursors.clear()
    world.ask_guard()
    assert world.cursors == {("0000aaaa", "urgent"): 2}


def test_silence_of_the_platform_is_counted_across_connections() -> None:
    world = World(1)
    world.connect()
    world.commit(Lane.URGENT, 1)
    world.read_all()
    world.wait(100_000)
    world.disconnect()
    world.wait(1_000_000)
    assert session.unanswered_s(world.state, stamp(world.now_ms)) == 0.0
    world.connect()
    world.wait(80_000)
    assert round(session.unanswered_s(world.state, stamp(world.now_ms))) == 180


def test_a_rejected_audit_row_makes_no_audit_row() -> None:
    state = session.Session(rows_per_s=1.0)
    mark = session.Mark(JournalId("0000aaaa"), 1, 0, 0)
    now = stamp(1_000)
    state, _ = session.step(state, session.Connected(), now)
    state, actions = session.step(state, session.Journals((mark,)), now)
    load = next(a for a in actions if isinstance(a, session.Load))
    audit = row(1, Lane.URGENT, kind="audit", body="broken")
    state, actions = session.step(state, session.Loaded(load, (audit,)), now)
    notes = [a for a in actions if isinstance(a, session.Note)]
    assert [(n.code, n.audit) for n in notes] == [("row.set_aside", False)]
