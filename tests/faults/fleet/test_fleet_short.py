"""A small fleet comes back, and the judge of it says no to each thing that must not be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.fleet.__main__ import Fleet, allow_files
from tests.faults.fleet.judge import HubRecord, alarm_waits_ms, curve, judge

S = 1_000_000_000
GOOD = HubRecord(
    name="hub-1",
    written_ns={1: 1 * S, 2: 2 * S},
    urgent=frozenset({2}),
    ups_ns=[0, 10 * S],
    settled=True,
    complaints=(),
    came_ns={1: 10 * S + 500, 2: 10 * S + 400},
    copies=0,
)


@pytest.mark.serial
async def test_a_small_fleet_comes_back_alarms_first(tmp_path: Path) -> None:
    assert allow_files(40) == ""
    fleet = Fleet(tmp_path, 40, seed=1, reconnect_max_s=4.0)
    hubs, back_ns = await fleet.play(history=60, outage_s=2.0)
    assert judge(hubs, back_ns) == []
    assert sum(curve(hubs, back_ns)) == 40
    assert len(alarm_waits_ms(hubs, back_ns)) >= 20


def test_a_good_record_is_good() -> None:
    assert judge([GOOD], 5 * S) == []
    assert curve([GOOD], 5 * S) == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (replace(GOOD, came_ns={2: 11 * S}), "never arrived"),
        (replace(GOOD, came_ns={**GOOD.came_ns, 3: 11 * S}), "never written"),
        (replace(GOOD, settled=False), "behind its rows"),
        (replace(GOOD, ups_ns=[0]), "never came back"),
        (replace(GOOD, came_ns={1: 17 * S, 2: 16 * S}), "after its hub was up"),
        (replace(GOOD, came_ns={1: 11 * S, 2: 12 * S}), "history came before an alarm"),
        (replace(GOOD, complaints=("ack.beyond: x",)), "complained: ack.beyond"),
    ],
)
def test_a_bad_record_is_told(bad: HubRecord, says: str) -> None:
    assert any(says in fault for fault in judge([bad], 5 * S))


def test_too_many_hubs_for_the_machine_are_refused() -> None:
    assert "open files" in allow_files(1 << 40)
