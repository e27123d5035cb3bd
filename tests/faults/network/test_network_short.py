"""A short form of `python -m tests.faults.network`, with every change; and the judge says no."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.network.home import home
from tests.faults.network.judge import evidence_of, judge
from tests.faults.network.outcome import Play
from tests.faults.network.scenarios import SCENARIOS

pytestmark = pytest.mark.serial

SEED = 20261123
CUTS = 30


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", ["random_cuts", "truncation", "odd_acks", "lost_database"])
async def test_the_uplink_survives(name: str, tmp_path: Path) -> None:
    outcome = await SCENARIOS[name](Play(tmp_path, random.Random(f"{SEED}/{name}"), CUTS))
    assert outcome.faults == []


async def test_the_judge_misses_what_is_taken_away(tmp_path: Path) -> None:
    async with home(tmp_path) as found:
        found.guard.commit("bulk", 20)
        found.guard.commit("urgent", 3)
        await found.settled()
        evidence = evidence_of(found)
    assert judge(evidence) == []
    *rest, last = evidence.arrived
    wrong = [
        replace(evidence, arrived=rest),
        replace(evidence, arrived=[*rest, replace(last, data='{"value": 0}')]),
        replace(evidence, cursors={**evidence.cursors, "urgent": 1}),
        replace(evidence, watermarks={}),
        replace(evidence, doubled=[1]),
        replace(evidence, rows={}),
    ]
    assert all(judge(one) for one in wrong)
    late = [replace(a, sent_ms=a.sent_ms + 9_000 * (a.lane == "urgent")) for a in rest]
    ups_ms = [max(row.mono_ms for row in evidence.rows.values()) + 1_000]
    came = [replace(a, sent_ms=a.sent_ms + 5_000) for a in late]
    faults = judge(replace(evidence, arrived=[*came, last], ups_ms=ups_ms))
    assert any("ms before" in fault for fault in faults)
