"""What link remembers of its complaints is little, and the latest."""

from __future__ import annotations

from sync.history import DETAIL_CHARS, FAULTS_KEPT, History


def test_only_the_last_complaints_are_kept_and_all_are_counted() -> None:
    history = History(since_s=1.0)
    for number in range(3 * FAULTS_KEPT):
        history.note(f"code-{number % 7}", "x" * 1000, float(number))
    history.count("ack.duplicate")
    assert [fault.at_s for fault in history.faults] == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert all(len(fault.detail) == DETAIL_CHARS for fault in history.faults)
    assert history.counts.total() == 3 * FAULTS_KEPT + 1


def test_the_same_complaint_again_does_not_push_others_out() -> None:
    history = History(since_s=1.0)
    history.note("ack.rubbish", "first", 1.0)
    for number in range(100):
        history.note("request.refused", f"{number} times", 2.0 + number)
    assert [(fault.code, fault.detail) for fault in history.faults] == [
        ("ack.rubbish", "first"),
        ("request.refused", "99 times"),
    ]
