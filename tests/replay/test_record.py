"""The journal of a real run, played again, tells the same alarms as the run did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.alarm import AlarmId
from agent.core.command import AckAlarm, Caller, Command, EndDrills, ResolveAlarm, Role
from agent.core.errors import CommandRefused, ConfigError
from agent.core.reading import Quantity
from agent.core.row import JournalId, Kind, Lane
from agent.journal.formats import Format, written
from agent.journal.places import Place, named
from agent.journal.row import StoredRow
from agent.pipeline import Outcome
from agent.replay import exports, journals
from agent.replay.home import News, RecordedHome
from agent.replay.record import DERIVED, Numbered, Record
from agent.replay.trace import Read, play
from local_rules.catalog import book
from tests.agent.home import BUTTON, SMOKE, Home
from tests.clocks import HandClock

SON = Caller(Role.OPERATOR, "son", on_site=True)
FAR = Caller(Role.LINK, "platform:li", on_site=False)

Story = list[tuple[str, str, str, str]]


class Over(Exception):
    """Ends a home's tasks."""


@asynccontextmanager
async def run(folder: Path, clock: HandClock) -> AsyncIterator[Home]:
    """Run a hub once over `folder`, to its orderly end."""
    made: Home | None = None
    try:
        async with asyncio.TaskGroup() as group:
            made = Home(folder, clock, group)
            made.pipeline.record(Kind.HUB_STARTED, {"release": "test"}, urgent=True)
            yield made
            raise Over
    except* Over:
        pass
    finally:
        if made is not None:
            made.close()


async def answered(home: Home, command: Command) -> Outcome:
    """Give a command and wait for the answer."""
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    home.pipeline.command(command, answer.set_result)
    async with asyncio.timeout(10):
        return await answer


async def newest(home: Home, rule: str) -> AlarmId:
    """Wait for the open alarm of a rule, and return it. A busy machine may have alarms of its own,
    so that to count them tells nothing."""

    def found() -> AlarmId | None:
        return next((o.id for o in home.pipeline.visible.open.values() if o.rule == rule), None)

    await home.until(lambda: found() is not None)
    alarm_id = found()
    assert alarm_id is not None
    return alarm_id


async def day(folder: Path) -> Place:
    """Let a home live through two boots: a press, a fire, a cold night, a drill, people."""
    clock = HandClock()
    async with run(folder, clock) as home:
        home.hear(BUTTON, Quantity.SOS, True)
        await answered(home, AckAlarm(await newest(home, "sos"), FAR))
        home.pass_time(700)
        home.hear(BUTTON, Quantity.SOS, True)  # Again, while it is acknowledged: a repeat.
        home.hear(SMOKE, Quantity.SMOKE, True)
        refused = await answered(home, ResolveAlarm(await newest(home, "smoke"), FAR, "toast"))
        assert isinstance(refused, CommandRefused)
        home.pass_time(60)
        home.hear(SMOKE, Quantity.SMOKE, False)
        home.pass_time(100)  # The clear hold is running when the power fails.
    clock.boot_id = type(clock.boot_id)("boot-2")
    clock.advance(1_000)
    async with run(folder, clock) as home:
        home.pass_time(181)
        await answered(home, ResolveAlarm(await newest(home, "smoke"), SON, "toast"))
        await answered(home, ResolveAlarm(await newest(home, "sos"), SON, "helped"))
        home.hear(SMOKE, Quantity.SMOKE, True, drill=True)
        await newest(home, "smoke")
        home.pipeline.command(EndDrills(SMOKE.id, SON), lambda outcome: None)
        home.pass_time(5)
        home.hear(SMOKE, Quantity.TEMP_C, 8.5)
        home.pass_time(1_800)
        await home.until(lambda: bool(home.pipeline.visible.open))
        home.hear(BUTTON, Quantity.SOS, True, frame="a1")
        home.hear(BUTTON, Quantity.SOS, True, frame="a1")  # The same radio frame once more.
        await newest(home, "sos")
    return named(folder / "data" / "journal.db")


def recorded(rows: Iterable[Numbered]) -> Story:
    """Return what the run told: kind, rule, subject and state of each change of an alarm."""
    story = []
    for _, row in rows:
        if row.kind.startswith("alarm."):
            body = json.loads(row.body)
            story.append((row.kind, body["rule"], body["subject"], body["state"]))
    return story


def replayed(rows: Iterable[Numbered], place: Place) -> tuple[list[News], Read]:
    """Return what the replay tells."""
    home, found = RecordedHome(book(), attended=False), Read()
    record = Record(found, journals.rooms([place]))
    for _ in play(record.moments(rows), [home]):
        pass
    return home.news, found


def story_of(news: list[News]) -> Story:
    return [
        (one.kind.value, one.alarm.rule, one.alarm.subject, one.alarm.state.value) for one in news
    ]


async def test_the_journal_of_a_real_run_tells_the_same_alarms_again(tmp_path: Path) -> None:
    place = await day(tmp_path)
    rows = list(journals.rows([place]))
    told = recorded(rows)
    assert len(told) > 10
    assert {kind for kind, *_ in told} == {
        "alarm.raised",
        "alarm.repeated",
        "alarm.acked",
        "alarm.restored",
        "alarm.closed",
    }
    news, found = replayed(rows, place)
    assert story_of(news) == told
    assert found.bad == 0
    heard = [row for _, row in rows if row.kind == Kind.READING]
    # What the rules had derived they derive again; it is not heard twice.
    assert found.readings == sum(json.loads(row.body)["quantity"] not in DERIVED for row in heard)
    assert found.readings < len(heard)
    at_s = [one.stamp.wall_s for one in news]
    alarms = [row for _, row in rows if row.kind.startswith("alarm.")]
    assert at_s == pytest.approx([row.received_at for row in alarms], abs=1.0)
    assert story_of(replayed(rows, place)[0]) == told, "twice the same"


@pytest.mark.parametrize("form", list(Format))
async def test_an_export_in_any_format_tells_what_the_journal_tells(
    tmp_path: Path, form: Format
) -> None:
    place = await day(tmp_path)
    rows = list(journals.rows([place]))
    file = tmp_path / "export"
    with file.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(written([tuple(row for _, row in rows)], form))
    again = list(exports.rows(file))
    assert [plain(row) for _, row in again] == [plain(row) for _, row in rows]
    assert story_of(replayed(again, place)[0]) == recorded(rows)


def plain(row: StoredRow) -> StoredRow:
    """Return a row with its body's JSON spaced in one way."""
    return replace(row, body=json.dumps(json.loads(row.body)))


def test_an_export_may_be_empty_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "export"
    for text in ("", "[]\n", "[\n\n]\n"):
        file.write_text(text)
        assert list(exports.rows(file)) == []
    for text in ("time,device,quantity,value\n", "x"):
        file.write_text(text)
        with pytest.raises(ConfigError, match="not an export"):
            list(exports.rows(file))
    file.write_text("journal_id" + "," * 200_000 + "x" * 200_000)
    with pytest.raises(ConfigError, match="not CSV"):
        list(exports.rows(file))
    for path in (tmp_path / "none", tmp_path, Path("a\0b")):
        with pytest.raises(ConfigError, match="cannot be read"):
            list(exports.rows(path))


def stored(
    kind: str, body: str, *, mono_ms: int = 1000, boot: str = "b", **other: Any
) -> StoredRow:
    """Return a row of a journal."""
    wall_s = 1_793_491_200.0 + mono_ms / 1000
    row = StoredRow(
        journal_id=JournalId("0badcafe"),
        seq=1,
        lane=Lane.BULK,
        kind=kind,
        severity=None,
        device="zb:1",
        body=body,
        observed_at=None,
        received_at=wall_s,
        recorded_at=wall_s,
        boot_id=boot,
        mono_ms=mono_ms,
        time_quality="synced",
        correction_ms=0,
    )
    return replace(row, **other)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("reading", '{"quantity": "sound", "value": true}'),
        ("reading", '{"quantity": "motion"}'),
        ("reading", '{"quantity": "motion", "value": [1]}'),
        ("reading", "[1]"),
        ("reading", "{"),
        ("alarm.raised", '{"rule": "sos"}'),
        ("unreadable", ""),
    ],
)
def test_a_row_that_cannot_be_played_is_refused_or_left_out_and_counted(
    tmp_path: Path, kind: str, body: str
) -> None:
    rows = [(7, stored(kind, body)), (8, stored("reading", '{"quantity":"sos","value":true}'))]
    with pytest.raises(ConfigError, match=f"7: {kind}: .*--lenient"):
        list(Record(Read(), {}).moments(rows))
    found = Read()
    assert len(list(Record(found, {}, lenient=True).moments(rows))) == 1
    assert (found.bad, found.faults[0][0]) == (1, 7)


def test_a_line_that_is_no_row_is_known_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "export"
    for line in ("{", "{}", '{"seq": 1}', "{" * 5000):
        file.write_text(line + "\n")
        ((number, row),) = exports.rows(file)
        assert (number, row.kind) == (1, "unreadable")


def test_a_record_plays_where_devices_are_and_leaves_out_what_rules_derive() -> None:
    found = Read()
    rows = [
        (1, stored("device.paired", '{"room": "bedroom"}')),
        (2, stored("reading", '{"quantity": "motion", "value": true}')),
        (3, stored("reading", '{"quantity": "motion", "value": true}', device="zb:2")),
        (4, stored("reading", '{"quantity": "fault", "value": false}', device="hub:zigbee")),
        (5, stored("reading.hourly", "{}")),
        (6, stored("mode.changed", "{}")),
    ]
    moments = list(Record(found, {}).moments(rows))
    assert [moment.room for moment in moments if hasattr(moment, "room")] == ["bedroom", "", ""]
    assert (found.thinned, dict(found.unmapped)) == (1, {"zb:2": 1})


def test_hub_time_goes_on_over_a_restart_by_the_time_that_is_known_to_have_passed() -> None:
    body = '{"quantity": "motion", "value": true}'
    rows = [
        (1, stored("reading", body, mono_ms=10_000)),
        (2, stored("reading", body, mono_ms=20_000)),
        (3, stored("reading", body, mono_ms=1_000, boot="c", received_at=1_793_491_320.0)),
        (
            4,
            stored(
                "reading", body, mono_ms=1_000, boot="d", received_at=10.0, time_quality="unknown"
            ),
        ),
    ]
    at_s = [moment.stamp.at_s for moment in Record(Read(), {}).moments(rows)]
    assert [one - at_s[0] for one in at_s] == [0, 10, 110, 110]


def test_only_the_time_that_was_asked_for_is_played() -> None:
    body = '{"quantity": "motion", "value": true}'
    rows = [(n, stored("reading", body, mono_ms=n * 1000)) for n in range(10)]
    start = 1_793_491_200.0
    found = Read()
    record = Record(found, {}, start + 3, start + 5)
    assert len(list(record.moments(rows))) == found.readings == 3


def test_an_answer_to_an_alarm_that_these_rules_do_not_raise_is_nothing(tmp_path: Path) -> None:
    alarm = '{"id": "a-1", "rule": "heat", "subject": "zb:1", "drill": false}'
    ack = '{"command": "alarm.ack", "alarm": "a-1", "by": "son", "on_site": true}'
    rows = [(1, stored("alarm.raised", alarm)), (2, stored("command", ack))]
    home = RecordedHome(book(), attended=False)
    for _ in play(Record(Read(), {}).moments(rows), [home]):
        pass
    assert home.news == []
