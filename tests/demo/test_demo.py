"""The demo tells the truth: its sums, its words, and one whole showing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from string import Formatter

import pytest

from agent.core.text import Sentence
from demo import text
from demo.children import surroundings
from demo.result import Outcome, Seen

ENDS_WITHIN_S = 150.0


def good() -> Outcome:
    """Return the outcome of a showing in which all went well."""
    live = Seen("sos", "zb:1", True, 1.0, 0, 7_000_000, "j-1", 20_000_000, 500_000_000)
    late = Seen("smoke", "zb:2", False, 2.0, 0, 9_000_000, "j-2", 10**10, 10**10 + 1, True)
    rows = [("j", 1), ("j", 2), ("j", 3)]
    return Outcome([live, late], set(rows), rows, 4, ["j-1", "j-2"])


def test_a_good_showing_has_no_fault() -> None:
    figures = good().as_json()
    assert figures["faults"] == []
    assert (figures["lost"], figures["doubled"], figures["sent_again"]) == (0, 0, 1)
    assert (figures["siren_ms_p50"], figures["siren_ms_max"]) == (8.0, 9.0)


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("siren_ns", None, "sos: no siren"),
        ("platform_ns", None, "sos: not at the platform"),
        ("acked_ns", None, "sos: not acknowledged"),
        ("historical", True, "sos: wrongly marked as historical"),
    ],
)
def test_an_alarm_that_stopped_on_its_way_is_a_fault(field: str, value: object, fault: str) -> None:
    outcome = good()
    setattr(outcome.alarms[0], field, value)
    assert outcome.faults() == [fault]


def test_a_lost_row_a_doubled_row_and_a_doubled_alarm_are_faults() -> None:
    outcome = good()
    outcome.sent.add(("j", 4))
    assert outcome.faults() == ["1 lost"]
    outcome = good()
    outcome.received.append(("j", 3))
    assert outcome.faults() == ["1 doubled"]
    outcome = good()
    outcome.raised.append("j-3")
    assert outcome.faults() == ["1 doubled"]


def test_the_narration_is_whole_in_both_languages() -> None:
    found = [value for value in vars(text).values() if isinstance(value, Sentence)]
    assert len(found) > 20
    for said in found:
        zh, en = ([f for _, f, _, _ in Formatter().parse(s) if f] for s in (said.zh, said.en))
        assert said.zh
        assert sorted(zh) == sorted(en)


@pytest.mark.serial
@pytest.mark.timeout(ENDS_WITHIN_S + 30)
async def test_nothing_is_lost_in_the_demo(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo"),
        env={
            **surroundings("zh"),
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "DEMO_LANG": "zh",
            "DEMO_PACE_S": "0",
            "DEMO_JSON": str(figures),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(ENDS_WITHIN_S):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert (found["lost"], found["doubled"], found["faults"]) == (0, 0, [])
    assert [alarm["historical"] for alarm in found["alarms"]] == [False, True, True]
