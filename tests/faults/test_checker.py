"""The judge of the kills says no to each thing that must not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checker import PRESS_HEARD_MS, SIREN_MS, check, check_told
from tests.faults.evidence import Evidence, Press, Row

JOURNAL = "0000aaaa"
BUTTON = "zb:01"


def alarm(kind: str, state: str, mono_ms: int, count: int = 1) -> Row:
    """Return a row about the one alarm of this home, which row 2 raised."""
    body: dict[str, Any] = {
        "id": f"{JOURNAL}-2",
        "rule": "sos",
        "subject": BUTTON,
        "severity": "S1",
        "drill": False,
        "state": state,
        "count": count,
    }
    return Row(kind, "urgent", "S1", BUTTON, body, mono_ms)


def told(row: Row) -> dict[str, Any]:
    """Return the alarm of a row as the control socket tells it."""
    return dict(row.body)


def event(seq: int, row: Row) -> dict[str, Any]:
    """Return a row as the platform keeps it."""
    return {
        "journal_id": JOURNAL,
        "seq": seq,
        "kind": row.kind,
        "lane": row.lane,
        "severity": row.severity,
        "data": json.dumps(row.body),
        "set_aside": None,
    }


def good() -> Evidence:
    """Return a run in which all is well: a press, its alarm, a kill, and a person who came."""
    rows = {
        (JOURNAL, 1): Row("reading", "bulk", None, BUTTON, {"quantity": "sos"}, 1_000),
        (JOURNAL, 2): alarm("alarm.raised", "ACTIVE", 1_000),
        (JOURNAL, 3): Row("hub.started", "bulk", None, None, {}, 9_000),
        (JOURNAL, 4): alarm("alarm.closed", "CLOSED", 20_000),
    }
    evidence = Evidence(
        journal=rows,
        platform=[event(seq, row) for (_, seq), row in rows.items()],
        sirens=[1_008],
        presses=[Press(BUTTON, 998), Press(BUTTON, 5_000)],
        kills=[(6_000, "guard")],
        ready=[0, 9_500],
        stores=["ok", "ok"],
    )
    for key, row in rows.items():
        evidence.told.row(key, row)
    evidence.told.committed[JOURNAL] = 4
    evidence.told.alarms += [told(rows[JOURNAL, 2]), told(rows[JOURNAL, 4])]
    return evidence


def test_a_good_run_has_no_fault() -> None:
    assert check(good()) == []


@pytest.mark.parametrize("end", ["alarm.raised", "alarm.called_off"])
def test_an_alarm_may_wait_before_it_is_raised(end: str) -> None:
    evidence = good()
    for seq, kind, state in ((5, "alarm.pre_alarm", "PRE_ALARM"), (6, end, "CLOSED")):
        state = "ACTIVE" if kind == "alarm.raised" else state
        row = alarm(kind, state, 30_000)
        body = {**row.body, "id": f"{JOURNAL}-5", "rule": "bathroom_dwell"}
        evidence.journal[JOURNAL, seq] = replace(row, lane="bulk", severity="S2", body=body)
    assert check(evidence) == []
    evidence.journal[JOURNAL, 7] = replace(evidence.journal[JOURNAL, 6], kind="alarm.raised")
    assert check(evidence), "once is enough, and never after the end"


def _lose(evidence: Evidence) -> None:
    del evidence.journal[JOURNAL, 3]


def _change(evidence: Evidence) -> None:
    evidence.journal[JOURNAL, 1] = replace(evidence.journal[JOURNAL, 1], device="zb:02")


def _tell_two_ways(evidence: Evidence) -> None:
    evidence.told.row((JOURNAL, 3), Row("audit", "bulk", None, None, {}))


def _promise_too_much(evidence: Evidence) -> None:
    evidence.told.committed[JOURNAL] = 5


def _tell_of_an_alarm_nobody_raised(evidence: Evidence) -> None:
    evidence.told.alarms.append({**evidence.told.alarms[0], "id": f"{JOURNAL}-9"})


def _tell_of_an_ack_nobody_wrote(evidence: Evidence) -> None:
    evidence.told.alarms.append({**evidence.told.alarms[0], "state": "ACKED"})


def _send_what_is_not_there(evidence: Evidence) -> None:
    evidence.platform.append(event(5, evidence.journal[JOURNAL, 1]))


def _send_something_else(evidence: Evidence) -> None:
    evidence.platform[1]["data"] = "{}"


def _send_nothing(evidence: Evidence) -> None:
    evidence.platform.pop()


def _send_twice(evidence: Evidence) -> None:
    evidence.platform.append(evidence.platform[1])


def _miss_a_press(evidence: Evidence) -> None:
    evidence.presses.append(Press(BUTTON, 6_000 - PRESS_HEARD_MS - 1))


def _raise_twice(evidence: Evidence) -> None:
    first = evidence.journal[JOURNAL, 2]
    again = replace(first, body={**first.body, "id": f"{JOURNAL}-3"})
    evidence.journal[JOURNAL, 3] = again


def _raise_under_a_wrong_name(evidence: Evidence) -> None:
    first = evidence.journal[JOURNAL, 2]
    evidence.journal[JOURNAL, 2] = replace(first, body={**first.body, "id": f"{JOURNAL}-1"})


def _stay_silent(evidence: Evidence) -> None:
    evidence.sirens.clear()


def _sound_too_late(evidence: Evidence) -> None:
    evidence.sirens[:] = [1_000 + SIREN_MS + 1]


def _leave_an_order(evidence: Evidence) -> None:
    evidence.left_over.append(f"{JOURNAL}-2/1/siren_on/zb:03")


def _damage(evidence: Evidence) -> None:
    evidence.stores[0] = "*** in database main ***"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_lose, "(hub.started) was told and is lost"),
        (_lose, "no row 3 and no gap row"),
        (_change, "was told as"),
        (_tell_two_ways, "and then as"),
        (_promise_too_much, "was told to be on disk and is lost"),
        (_tell_of_an_alarm_nobody_raised, "no row raised it"),
        (_tell_of_an_ack_nobody_wrote, "was told as ACKED"),
        (_send_what_is_not_there, "the journal does not"),
        (_send_something_else, "the platform has"),
        (_send_nothing, "never arrived"),
        (_send_twice, "twice"),
        (_miss_a_press, "left no reading"),
        (_raise_twice, "was raised while"),
        (_raise_under_a_wrong_name, "raised an alarm called"),
        (_stay_silent, "no siren sounded"),
        (_sound_too_late, "no siren sounded"),
        (_leave_an_order, "not carried out"),
        (_damage, "integrity_check said"),
    ],
)
def test_each_thing_that_must_not_be_is_a_fault(
    spoil: Callable[[Evidence], None], says: str
) -> None:
    evidence = good()
    spoil(evidence)
    found = check(evidence)
    assert any(says in fault for fault in found), found


def test_what_is_lost_is_missed_right_after_the_kill() -> None:
    evidence = good()
    assert check_told(evidence, evidence.journal) == []
    _lose(evidence)
    assert check_told(evidence, evidence.journal) != []


def test_a_hole_that_a_gap_row_tells_of_is_no_fault() -> None:
    evidence = good()
    gap = Row("gap", "bulk", None, None, {"first_seq": 5, "last_seq": 6, "count": 2}, 21_000)
    evidence.journal[JOURNAL, 7] = gap
    assert check(evidence) == []
    del evidence.journal[JOURNAL, 7]
    evidence.journal[JOURNAL, 8] = gap
    assert check(evidence) == [f"journal {JOURNAL} has no row 7 and no gap row tells of it"]


def test_an_alarm_called_off_during_a_restart_needs_no_siren() -> None:
    evidence = good()
    evidence.kills[:] = [(1_002, "guard")]
    evidence.presses.clear()
    evidence.sirens.clear()
    assert check(evidence) == []


def test_a_press_on_a_dead_hub_is_nobody_s_fault() -> None:
    evidence = good()
    evidence.presses.append(Press(BUTTON, 7_000))
    assert check(evidence) == []
