"""What the platform may have done in a home is done once, recorded, and never at safety's cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import requests
from agent.control.schema import (
    DrillParams,
    DrillResult,
    EvidenceParams,
    EvidenceResult,
    ModeInfo,
    ModeParams,
    SpeakParams,
    SpeakResult,
)
from agent.core.actuation import ActuationKind, Speech
from agent.core.alarm import AlarmId
from agent.core.device import Device, DeviceId, DeviceKind
from agent.core.mode import AWAY_MAX_S, Mode
from agent.core.reading import Quantity
from agent.core.row import Kind
from agent.journal.schema import Table
from agent.once import REFUSALS_A_MINUTE
from agent.remote import EVIDENCE_MAX
from tests.agent.home import BUTTON, SIREN, SMOKE
from tests.agent.remote_home import RemoteHome, remote_home

SPEAKER = Device(DeviceId("zb:0000000000000009"), DeviceKind.SPEAKER, "voice", paired_at_s=4.0)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[RemoteHome]:
    async with remote_home(tmp_path) as made:
        yield made


def away(request_id: str = "m-1", *, for_s: float = 3600.0, life_s: float = 60.0) -> ModeParams:
    return ModeParams(request_id=request_id, life_s=life_s, mode=Mode.AWAY, for_s=for_s, by="li.na")


def sos_drill(request_id: str = "d-1", kind: str = "sos", device: str = "") -> DrillParams:
    body = {"request_id": request_id, "life_s": 60, "kind": kind, "device": device, "by": "li.na"}
    return DrillParams.model_validate(body)


def speech(request_id: str = "sp-1") -> SpeakParams:
    return SpeakParams(
        request_id=request_id, life_s=60, text="您好", language="zh", repeat=2, by="li.na"
    )


def note(
    alarm: str, request_id: str = "e-1", text: str = "camera 2", uri: str = ""
) -> EvidenceParams:
    return EvidenceParams(
        request_id=request_id, life_s=60, alarm=alarm, text=text, uri=uri, by="li.na"
    )


async def press(house: RemoteHome) -> AlarmId:
    """Press the button; return the alarm."""
    house.home.hear(BUTTON, Quantity.SOS, True, frame="1.0500.01.0100")
    await house.home.until(lambda: bool(house.home.pipeline.visible.open))
    return next(iter(house.home.pipeline.visible.open))


# --- the mode -------------------------------------------------------------------------------------


async def test_the_mode_holds_over_a_restart_and_ends_by_itself(house: RemoteHome) -> None:
    assert house.home.remote.mode() == ModeInfo()
    set_ = await house.ask("mode.set", away(), ModeInfo)
    assert (set_.mode, set_.by) == (Mode.AWAY, "platform:li.na")
    assert set_.until_at_s == house.clock.wall_s + 3600
    house.again()
    assert house.home.remote.mode() == set_
    house.pass_time(3601)
    assert house.home.remote.mode() == ModeInfo()
    rows = await house.rows_are(Kind.MODE_CHANGED, 2)
    assert [row["mode"] for row in rows] == ["away", "home"]
    assert rows[1]["why"] == "its time is over"


async def test_the_rules_hear_of_the_mode_and_how_long_it_holds(house: RemoteHome) -> None:
    await house.ask("mode.set", away(), ModeInfo)
    back = ModeParams(request_id="m-2", life_s=60, mode=Mode.HOME, by="li.na")
    await house.ask("mode.set", back, ModeInfo)
    rows = await house.rows_are(Kind.READING, 8)
    told = [row for row in rows if row["quantity"] in ("away_for_s", "presence")]
    assert [(row["quantity"], row["value"]) for row in told] == [
        ("away_for_s", 3600.0),
        ("presence", "away"),
        ("away_for_s", 0.0),
        ("presence", "unknown"),  # No door contact has been heard in this home.
    ]


async def test_a_home_that_is_set_back_is_at_home_at_once(house: RemoteHome) -> None:
    await house.ask("mode.set", away(), ModeInfo)
    back = ModeParams(request_id="m-2", life_s=60, mode=Mode.HOME, by="li.na")
    assert (await house.ask("mode.set", back, ModeInfo)).until_at_s is None
    assert house.home.remote.mode().mode is Mode.HOME


@pytest.mark.parametrize("for_s", [0.0, AWAY_MAX_S])
async def test_away_needs_an_end(house: RemoteHome, for_s: float) -> None:
    if for_s:
        assert (await house.ask("mode.set", away(for_s=for_s), ModeInfo)).mode is Mode.AWAY
    else:
        assert await house.refused("mode.set", away(for_s=for_s)) == "malformed"


async def test_nothing_that_is_said_of_the_home_mutes_an_alarm(house: RemoteHome) -> None:
    await house.ask("mode.set", away(), ModeInfo)
    await press(house)
    house.home.hear(SMOKE, Quantity.SMOKE, True)
    await house.home.until(lambda: len(house.home.bench.done) >= 2)
    sounded = [device for device, done in house.home.bench.done if "on" in done.kind]
    assert set(sounded) == {SIREN.id}


# --- once -----------------------------------------------------------------------------------------


async def test_a_repeated_request_gets_the_same_answer_after_a_restart(house: RemoteHome) -> None:
    first = await house.ask("mode.set", away(), ModeInfo)
    house.clock.advance(10)
    assert await house.ask("mode.set", away(), ModeInfo) == first
    house.again()
    assert await house.ask("mode.set", away(), ModeInfo) == first
    assert len(house.rows(Kind.MODE_CHANGED)) == 1
    assert len(house.rows(Kind.COMMAND)) == 1


async def test_an_id_used_for_something_else_is_a_replay(house: RemoteHome) -> None:
    await house.ask("mode.set", away(), ModeInfo)
    house.again()
    assert await house.refused("mode.set", away(for_s=7200)) == "replayed"
    assert await house.refused("drill", sos_drill("m-1")) == "replayed"
    assert house.home.remote.mode().until_at_s == house.clock.wall_s + 3600


async def test_a_request_is_forgotten_when_it_can_no_longer_come(house: RemoteHome) -> None:
    await house.ask("mode.set", away("m-1"), ModeInfo)
    house.clock.advance(61)
    await house.ask("mode.set", away("m-2"), ModeInfo)
    kept = [k for k in house.home.store.state[Table.SETTING] if k.startswith("request/")]
    assert kept == ["request/m-2"]


async def test_too_many_living_requests_are_refused_rather_than_forgotten(
    house: RemoteHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "KEPT_MAX", 2)
    await house.ask("mode.set", away("m-1"), ModeInfo)
    await house.ask("mode.set", away("m-2"), ModeInfo)
    assert await house.refused("mode.set", away("m-3")) == "rate_limited"
    house.clock.advance(61)
    await house.ask("mode.set", away("m-3"), ModeInfo)


async def test_refusals_are_written_down_but_do_not_fill_the_journal(house: RemoteHome) -> None:
    for number in range(REFUSALS_A_MINUTE + 10):
        assert await house.refused("speak", speech(f"sp-{number}")) == "no_speaker"
    house.clock.advance(61)
    assert await house.refused("speak", speech("sp-last")) == "no_speaker"
    rows = await house.rows_are(Kind.COMMAND, REFUSALS_A_MINUTE + 1)
    assert {row["refused"] for row in rows} == {"no_speaker"}
    assert rows[-1]["request_id"] == "sp-last"


async def test_memory_that_cannot_be_read_is_no_memory(house: RemoteHome) -> None:
    settings = house.home.store.state[Table.SETTING]
    settings |= {"request/m-1": "}{", "mode": "[1]", "evidence/x-1": "null"}
    house.again()
    await house.ask("mode.set", away(), ModeInfo)


# --- speech ---------------------------------------------------------------------------------------


async def test_a_speaker_is_given_the_words_and_the_record_is_not(house: RemoteHome) -> None:
    house.home.registry.put(SPEAKER)
    said = await house.ask("speak", speech(), SpeakResult)
    assert said.devices == (SPEAKER.id,)
    await house.home.until(lambda: bool(house.home.bench.done))
    device, actuation = house.home.bench.done[0]
    assert (device, actuation.kind) == (SPEAKER.id, ActuationKind.SPEAK)
    assert actuation.speech == Speech("您好", "zh", 2)
    await house.rows_are(Kind.ACTUATION_DONE, 1)
    everything = [str(row) for kind in Kind for row in house.rows(kind)]
    assert not any("您好" in row for row in everything)


async def test_a_home_without_a_voice_says_so(house: RemoteHome) -> None:
    assert await house.refused("speak", speech()) == "no_speaker"
    assert house.rows(Kind.ACTUATION_ASKED) == []


async def test_speech_is_not_said_late_after_a_restart(house: RemoteHome) -> None:
    house.home.registry.put(SPEAKER)
    house.home.bench.broken = True
    await house.ask("speak", speech(), SpeakResult)
    await house.rows_are(Kind.ACTUATION_FAILED, 1)
    house.again()
    assert house.home.pending == []


# --- drills ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "device"), [("sos", BUTTON), ("smoke", SMOKE)])
async def test_a_drill_goes_the_whole_way_and_moves_nothing(
    house: RemoteHome, kind: str, device: Device
) -> None:
    done = await house.ask("drill", sos_drill(kind=kind), DrillResult)
    raised = house.rows(Kind.ALARM_RAISED)
    assert [(row["id"], row["drill"], row["hazard"]) for row in raised] == [
        (done.alarm, True, kind)
    ]
    assert (done.severity, done.raised_at_s) == ("S1", house.clock.wall_s)
    closed = await house.rows_are(Kind.ALARM_CLOSED, 1)
    assert closed[0]["cause"] == "drill_ended"
    assert house.rows(Kind.ACTUATION_REFUSED)
    assert house.home.bench.done == []
    assert house.home.pipeline.visible.open == {}
    assert all(row["drill"] for row in house.rows(Kind.READING))


async def test_each_drill_is_an_alarm_of_its_own_and_a_repeat_is_none(house: RemoteHome) -> None:
    first = await house.ask("drill", sos_drill("d-1", "smoke"), DrillResult)
    assert await house.ask("drill", sos_drill("d-1", "smoke"), DrillResult) == first
    house.pass_time(5)
    second = await house.ask("drill", sos_drill("d-2", "smoke"), DrillResult)
    assert second.alarm != first.alarm
    house.again()
    assert await house.ask("drill", sos_drill("d-2", "smoke"), DrillResult) == second
    assert len(house.rows(Kind.ALARM_RAISED)) == 2


async def test_a_drill_on_the_heels_of_another_is_too_soon(house: RemoteHome) -> None:
    await house.ask("drill", sos_drill("d-1"), DrillResult)
    assert await house.refused("drill", sos_drill("d-2")) == "too_soon"
    house.pass_time(2)
    await house.ask("drill", sos_drill("d-2"), DrillResult)


@pytest.mark.parametrize(
    ("kind", "device"), [("gas", ""), ("sos", "zb:nobody"), ("sos", str(SMOKE.id))]
)
async def test_a_drill_needs_a_device_that_can_play(
    house: RemoteHome, kind: str, device: str
) -> None:
    assert await house.refused("drill", sos_drill(kind=kind, device=device)) == "unknown_device"


async def test_a_drill_does_not_make_a_silent_device_look_alive(house: RemoteHome) -> None:
    await house.ask("drill", sos_drill(), DrillResult)
    assert house.home.registry.heard(BUTTON.id) is None
    assert house.home.registry.latest(BUTTON.id) == {}


async def test_a_real_alarm_in_a_drill_is_real(house: RemoteHome) -> None:
    await press(house)
    await house.ask("drill", sos_drill(), DrillResult)
    opened = house.home.pipeline.visible.open.values()
    assert [alarm.drill for alarm in opened if alarm.rule == "sos"] == [False]
    await house.home.until(lambda: bool(house.home.bench.done))


# --- evidence -------------------------------------------------------------------------------------


async def test_evidence_belongs_to_its_alarm_and_survives_a_restart(house: RemoteHome) -> None:
    alarm = await press(house)
    added = await house.ask("evidence.add", note(alarm), EvidenceResult)
    link = note(alarm, "e-2", "", "https://cam.example/clip/7")
    await house.ask("evidence.add", link, EvidenceResult)
    house.again()
    notes = house.home.remote.evidence(alarm)
    assert [(one.text, one.uri, one.by) for one in notes] == [
        ("camera 2", "", "platform:li.na"),
        ("", "https://cam.example/clip/7", "platform:li.na"),
    ]
    rows = await house.rows_are(Kind.EVIDENCE_ADDED, 2)
    assert rows[0] == {"alarm": alarm, "by": "platform:li.na", "text": "camera 2"}
    assert added.row.startswith(str(house.home.store.journal_id))


async def test_evidence_is_bounded_and_about_something(house: RemoteHome) -> None:
    assert await house.refused("evidence.add", note("nope-1")) == "unknown_alarm"
    alarm = await press(house)
    assert await house.refused("evidence.add", note(alarm, text="")) == "malformed"
    for number in range(EVIDENCE_MAX):
        await house.ask("evidence.add", note(alarm, f"n-{number}"), EvidenceResult)
    assert await house.refused("evidence.add", note(alarm, "n-more")) == "too_much"


async def test_notes_of_forgotten_alarms_go(house: RemoteHome) -> None:
    house.home.store.state[Table.SETTING]["evidence/gone-1"] = "[]"
    alarm = await press(house)
    await house.ask("evidence.add", note(alarm), EvidenceResult)
    assert "evidence/gone-1" not in house.home.store.state[Table.SETTING]
