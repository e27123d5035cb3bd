"""What guard says of its journal while it runs, and the bytes that it remembers over restarts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control.schema import JournalLive, Nothing
from agent.control.server import Peer
from agent.core.command import Caller, Role
from agent.disk_writes import KEPT_DAYS, Day, Written, bytes_written, card_years
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.measures import WRITTEN_KEY, Measures
from tests.clocks import HandClock

ANYBODY = Peer(
    Caller(Role.OPERATOR, "cli:x", on_site=True), frozenset(Role), lambda method, shape: None
)


async def live(measures: Measures) -> JournalLive:
    found = await measures.handlers()["journal.live"](Nothing(), ANYBODY)
    assert isinstance(found, JournalLive)
    return found


async def test_bytes_are_counted_by_day_and_remembered_over_a_restart(tmp_path: Path) -> None:
    clock, counter = HandClock(), [7_000]
    store = JournalStore(tmp_path / "journal.db", tmp_path / "fallback.db", clock)
    store.start()
    first = Measures(clock, store, lambda: 3, lambda: counter[0])
    counter[0] += 1_000
    clock.advance(60)
    assert [day.bytes for day in (await live(first)).written] == [1_000]
    counter[0] += 500
    clock.advance(86_400)
    store.append((), [first.put()], urgent=True)
    assert store.stop(5)

    again = JournalStore(tmp_path / "journal.db", tmp_path / "fallback.db", clock)
    again.start()
    found = await live(Measures(clock, again, lambda: 3, lambda: 50))
    assert again.stop(5)
    assert [day.bytes for day in found.written] == [1_000, 500]
    assert sum(day.seconds for day in found.written) == pytest.approx(86_460)
    assert found.unjournaled == 3
    assert WRITTEN_KEY in again.state[Table.SETTING]


def test_the_kernel_counts_what_this_process_writes(tmp_path: Path) -> None:
    before = bytes_written()
    with (tmp_path / "written").open("wb") as file:
        file.write(b"x" * 1_000_000)
        os.fsync(file.fileno())
    grown = bytes_written() - before
    if not grown:
        pytest.skip("this kernel does not count writes for processes, or the folder is on tmpfs")
    assert 1_000_000 <= grown < 2_000_000


def test_a_card_lives_by_what_an_average_day_writes() -> None:
    written = Written().after("2026-11-23", more_bytes=1_000, more_s=1_800)
    assert written.per_day() is None, "half an hour says nothing of a day"
    written = written.after("2026-11-24", more_bytes=3_000, more_s=1_800)
    assert written.per_day() == pytest.approx(4_000 * 24)
    assert card_years(0.0, 10.0) > 1_000


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2**40), st.floats(0, 1e5))))
def test_days_are_bounded_and_none_of_the_latest_is_forgotten(
    looks: list[tuple[int, int, float]],
) -> None:
    written = Written()
    for day, more, seconds in looks:
        written = written.after(f"day-{day}", more_bytes=more, more_s=seconds)
        assert f"day-{day}" in written.days
    assert len(written.days) <= KEPT_DAYS
    again = Written.decode(written.encode())
    assert {k: v.bytes for k, v in again.days.items()} == {
        k: v.bytes for k, v in written.days.items()
    }


@pytest.mark.parametrize(
    "text", ["", "[]", "7", '{"d": [1e999, 1]}', '{"d": 1}', '{"d": [1]}', '{"d": ["x", 1]}']
)
def test_rubbish_in_the_setting_is_no_day(text: str) -> None:
    assert Written.decode(text) == Written()
    assert Written.decode(text).after("d", more_bytes=1, more_s=2.0).days == {"d": Day(1, 2.0)}
