"""A time is found in a large journal without reading all of it, and no row is overlooked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.errors import JournalError
from agent.core.reading import Quantity
from agent.core.row import JournalId
from agent.housekeeping import Housekeeping
from agent.journal.edits import corrections, covering, forget, take_in
from agent.journal.files import absorb
from agent.journal.reader import MAX_SEQ, JournalReader
from agent.journal.schema import upgrade
from agent.journal.spans import SPAN_ROWS, Stretch, stretches, uncovered
from tests.agent.home import BUTTON
from tests.agent.test_pipeline import living
from tests.clocks import HandClock

ONE, OTHER = JournalId("00000001"), JournalId("00000002")
MARKS = ",".join("?" * 14)

Stored = tuple[object, ...]


def row(seq: int, heard_s: float, journal_id: JournalId = ONE, kind: str = "reading") -> Stored:
    head = (journal_id, seq, "bulk", kind, None, None, "{}", None)
    return (*head, heard_s, heard_s, "boot", seq, "unknown", 0)


def journal(path: Path, *rows: Stored) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    upgrade(db)
    db.executemany(f"INSERT INTO journal VALUES ({MARKS})", rows)
    return db


def asked(path: Path, journal_id: JournalId, after: int, low: float, high: float) -> list[int]:
    reader = JournalReader(path)
    try:
        found = reader.between(journal_id, after_seq=after, limit=10**6, from_s=low, to_s=high)
    finally:
        reader.close()
    return [r.seq for r in found]


# --- whatever is done to the rows -----------------------------------------------------------------


@dataclass(frozen=True)
class Add:
    """Rows come, with any time, after some seqs that were never used."""

    times: tuple[float, ...]
    skipped: int


@dataclass(frozen=True)
class Cover:
    """Spans are written for a stretch, whether it is full, empty or covered already."""

    first: int
    length: int


@dataclass(frozen=True)
class Correct:
    """The clock turns out to have been wrong."""

    through: int
    delta_ms: int


@dataclass(frozen=True)
class Forget:
    """Rows go."""

    seqs: tuple[int, ...]


@dataclass(frozen=True)
class TakeIn:
    """Rows of a damaged file come in where there are some already."""

    seqs: tuple[int, ...]
    heard_s: float


Action = Add | Cover | Correct | Forget | TakeIn
moments = st.integers(-50, 50).map(float)
seqs = st.integers(1, 60)
some_seqs = st.lists(seqs, max_size=8, unique=True).map(tuple)
actions = st.lists(
    st.builds(Add, st.lists(moments, min_size=1, max_size=12).map(tuple), st.integers(0, 3))
    | st.builds(Cover, seqs, st.integers(0, 15))
    | st.builds(Correct, seqs, st.integers(-40, 40).map(lambda s: s * 1000))
    | st.builds(Forget, some_seqs)
    | st.builds(TakeIn, some_seqs, moments),
    max_size=25,
)


def play(db: sqlite3.Connection, action: Action) -> None:
    match action:
        case Add(times, skipped):
            last = db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0] + skipped
            rows = [row(last + 1 + n, at) for n, at in enumerate(times)]
            db.executemany(f"INSERT INTO journal VALUES ({MARKS})", rows)
        case Cover(first, length):
            covering([Stretch(ONE, first, first + length)])(db)
        case Correct(through, delta_ms):
            for edit in corrections(ONE, "boot", through, delta_ms):
                edit(db)
        case Forget(seqs):
            forget(ONE, seqs)(db)
        case TakeIn(seqs, heard_s):
            take_in([row(seq, heard_s) for seq in seqs])(db)


@settings(max_examples=150, deadline=None)
@given(actions, st.integers(0, 60), moments, moments)
def test_what_is_asked_for_by_time_is_what_looking_at_every_row_finds(
    script: list[Action], after: int, low: float, high: float
) -> None:
    with TemporaryDirectory(prefix="anju-spans-") as folder:
        path = Path(folder) / "journal.db"
        with closing(journal(path)) as db:
            for action in script:
                play(db, action)
                every = db.execute(
                    "SELECT seq, received_at + correction_ms / 1000.0 FROM journal ORDER BY seq"
                ).fetchall()
                wanted = [seq for seq, at in every if seq > after and low <= at <= high]
                assert asked(path, ONE, after, low, high) == wanted


# --- single cases ---------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_only_spans_of_the_time_and_rows_without_a_span_are_looked_at(path: Path) -> None:
    rows = [row(seq, float(seq)) for seq in range(1, 5 * SPAN_ROWS + 10)]
    with closing(journal(path, *rows)) as db:
        found = uncovered(path, 100)
        assert [(s.first_seq, s.last_seq) for s in found] == [
            (n * SPAN_ROWS + 1, (n + 1) * SPAN_ROWS) for n in range(5)
        ]
        for stretch in found[:4]:
            covering([stretch])(db)
        assert uncovered(path, 100) == found[4:]
        low = 2 * SPAN_ROWS + 10.0
        first, rest = list(stretches(db, ONE, 0, MAX_SEQ, low, low + 20))
        assert (first.first_seq, first.last_seq) == (2 * SPAN_ROWS + 1, 3 * SPAN_ROWS)
        assert rest.first_seq == 4 * SPAN_ROWS + 1


def test_times_and_kinds_may_be_left_open_and_journals_are_kept_apart(path: Path) -> None:
    rows = [row(seq, float(seq)) for seq in range(1, 30)]
    alarms = [row(seq, float(seq), OTHER, "alarm.raised") for seq in range(1, 30)]
    with closing(journal(path, *rows, *alarms)):
        reader = JournalReader(path)
        ask = reader.between
        assert [r.seq for r in ask(ONE, after_seq=26, limit=9)] == [27, 28, 29]
        assert [r.seq for r in ask(ONE, after_seq=0, limit=2, from_s=20.0)] == [20, 21]
        assert [r.seq for r in ask(OTHER, after_seq=0, limit=9, to_s=2.0)] == [1, 2]
        assert ask(ONE, after_seq=0, limit=9, kinds=("alarm",)) == []
        assert len(ask(OTHER, after_seq=0, limit=9, kinds=("alarm", "command"))) == 9
        reader.close()


def test_a_journal_that_cannot_be_read_is_said_to_be_so(path: Path) -> None:
    path.write_bytes(b"no journal" * 1000)
    with pytest.raises(JournalError, match=r"journal .*not a database"):
        uncovered(path, 1)
    reader = JournalReader(path)
    with pytest.raises(JournalError, match="not a database"):
        reader.between(ONE, after_seq=0, limit=1, from_s=1.0)
    reader.close()


def test_rows_that_come_back_from_tmpfs_are_found_by_their_time(path: Path, tmp_path: Path) -> None:
    away = tmp_path / "fallback.db"
    journal(away, *(row(seq, 100.0 + seq, OTHER) for seq in range(5, 9))).close()
    with closing(journal(path, row(1, 1.0, OTHER), row(20, 2.0, OTHER))) as db:
        covering([Stretch(OTHER, 1, 20)])(db)
        assert absorb(db, away) == 4
        assert asked(path, OTHER, 0, 106.0, 107.0) == [6, 7]


def test_a_row_whose_identity_is_damaged_is_left_out(path: Path) -> None:
    odd: list[Callable[[Stored], Stored]] = [
        lambda r: (None, *r[1:]),
        lambda r: (r[0], "x", *r[2:]),
        lambda r: (b"\xff", *r[1:]),
    ]
    with closing(journal(path)) as db:
        take_in([change(row(7, 1.0)) for change in odd] + [row(8, 1.0)])(db)
        assert db.execute("SELECT seq FROM journal").fetchall() == [(8,)]


async def test_housekeeping_covers_what_came_since_and_a_correction_is_followed(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    async with living(tmp_path, clock) as home:
        for number in range(2 * SPAN_ROWS + 50):
            clock.advance(1)
            home.hear(BUTTON, Quantity.TEMP_C, 20.0 + number % 7, channel="")
        await home.until(lambda: home.store.last_durable_seq >= 2 * SPAN_ROWS + 50)
        keeper = Housekeeping(home.clock, home.store, home.pipeline, tmp_path, 10**9)
        await keeper.cover()
        path = home.store.file.path
        assert uncovered(path, 10) == []
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT count(*) FROM span").fetchone() == (2,)
        await keeper.cover()
        now_s = clock.wall_s
        late = asked(path, home.store.journal_id, 0, now_s - 9.5, now_s)
        assert late == list(range(home.store.last_durable_seq - 9, home.store.last_durable_seq + 1))
