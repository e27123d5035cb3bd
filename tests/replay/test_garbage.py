"""Whatever stands in a file: it is played, left out and counted, or refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent import rule_files
from agent.core.errors import ConfigError
from agent.core.event import Observed
from agent.replay import exports, map_file, table
from agent.replay.home import RecordedHome
from agent.replay.lines import QUANTITIES
from agent.replay.map_file import HomeMap
from agent.replay.record import Record
from agent.replay.trace import Read, play
from local_rules.catalog import ROWS, book
from local_rules.settle import settle
from local_rules.wish import KEYS, read

HEAD = b"time,device,quantity,value\n"
RULES = book()

_times = st.one_of(
    st.integers(1_793_491_200, 1_793_500_000).map(str),
    st.sampled_from(["-", "1.7934e9", "2026-13", "x"]),
)
_values = st.sampled_from(["on", "0", "12.5", "-1e14", "nan", "home", "1e16", '"', ""])
_lines = st.lists(
    st.tuples(_times, st.sampled_from(["a", "b", ""]), st.sampled_from([*QUANTITIES, "x"]), _values)
)


def _names() -> st.SearchStrategy[str]:
    """Return names of rules, parameters and keys, and others."""
    parameters = {name for row in ROWS for name in row.parameters}
    known = [*(str(row.id) for row in ROWS), *parameters, *KEYS, "smoke.rearm_s"]
    return st.sampled_from(sorted(known)) | st.text(max_size=10)


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names(), inner, max_size=4),
    max_leaves=20,
)


def written(content: bytes) -> Path:
    """Write a file that is gone after the example."""
    path = Path(_FOLDER.name) / "file"
    path.write_bytes(content)
    return path


_FOLDER = TemporaryDirectory()


def refusal(job: Callable[[], object]) -> str:
    """Return the one line with which a job is refused, empty when it is not."""
    try:
        job()
    except ConfigError as error:
        return str(error)
    return ""


@given(_lines)
@settings(deadline=None)
def test_lines_that_look_like_readings_are_played_or_counted(
    lines: list[tuple[str, str, str, str]],
) -> None:
    text = "".join(",".join(line) + "\n" for line in lines)
    path, found, home = written(HEAD + text.encode()), Read(), RecordedHome(RULES)
    for _ in play(table.moments(path, HomeMap(), found, lenient=True), [home]):
        pass
    assert found.readings + found.bad == len(lines)


@given(st.binary(max_size=300))
@settings(deadline=None)
@example(b"\r\n\0,,,\n\xff\xfe,a,motion,1")
def test_bytes_of_any_kind_are_counted(content: bytes) -> None:
    path, found = written(HEAD + content), Read()
    events = list(table.moments(path, HomeMap(), found, lenient=True))
    assert all(isinstance(event, Observed) for event in events)
    bare = written(content)
    refused = refusal(lambda: list(table.moments(bare, HomeMap(), Read(), lenient=True)))
    assert len(refused.splitlines()) <= 1


@given(st.binary(max_size=300))
@settings(deadline=None)
@example(b"[" * 100)
@example(b'{"seq": 1e999}\n')
def test_an_export_of_any_bytes_is_counted_or_refused(content: bytes) -> None:
    rows = exports.rows(written(content))
    refused = refusal(lambda: list(Record(Read(), {}, lenient=True).moments(rows)))
    assert not refused or "wanted" in refused or "not CSV" in refused


@given(st.dictionaries(_names(), _json, max_size=5))
@settings(deadline=None)
def test_a_wish_of_any_shape_is_read_or_refused(body: dict[str, Any]) -> None:
    refused = refusal(lambda: settle(read(body)).book())
    assert not refused or refused.startswith("[rules")


@given(st.text(max_size=200) | st.binary(max_size=200))
@settings(deadline=None)
@example("rules.smoke.clear_hold_s = 0x1F4")
@example("[rules]\nsmoke = []\n[[rules.gas]]\n")
@example("[rules.'smoke\n")
@example("residents = 1e400")
@example("devices.a.b.c = 1")
def test_a_file_of_any_text_is_read_or_refused_in_one_line(content: str | bytes) -> None:
    raw = content if isinstance(content, bytes) else content.encode(errors="replace")
    for load in (rule_files.load, map_file.load):
        path = written(raw)
        assert len(refusal(lambda: load(path)).splitlines()) <= 1  # noqa: B023 - called at once
