"""The door lets in what is right and answers everything else with a code, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.control.schema import (
    AlarmInfo,
    DriverInfo,
    JournalHealth,
    JournalInfo,
    ModeInfo,
    SiteInfo,
    Status,
    Text,
    UplinkReport,
)
from agent.core.errors import CommandRefused
from sync import diagnostics, limits
from sync.codec import Origin
from sync.commands import PARAMS, REMEMBERED, SIGNED, Admitted, Door
from sync.contract.answers import REFUSALS
from sync.contract.schemas import schemas
from tests.clocks import HandClock
from tests.sync.contract_samples import MESSAGES

HERE = Origin("d1", "hub-1")
ISSUED, EXPIRES = "2026-11-17T12:00:00Z", "2026-11-17T12:30:00Z"
FINE = Text(zh="好", en="fine")

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["request_id", "issued_at", "expires_at", "hub", "district", "params"]


def judge(door: Door, name: str, payload: bytes, clock: HandClock | None = None) -> Admitted | str:
    """Return what was let in, or the code of the refusal; anything else is a fault."""
    try:
        return door.judge(name, payload, (clock or HandClock(wall_s=1_794_916_800.0)).now())
    except CommandRefused as refused:
        return refused.code if str(refused) else "without a word"


def request(what: object, **said: object) -> bytes:
    body = {"request_id": "r-1", "issued_at": ISSUED, "expires_at": EXPIRES, "params": what}
    return json.dumps({**body, **said}).encode()


def params_of(name: str) -> Any:
    """Return the params of a right request."""
    return MESSAGES[f"request.{name}"][0].get("params", {})


@given(st.sampled_from([*PARAMS, "valve.open", ""]), st.binary(max_size=200))
def test_bytes_are_let_in_or_refused(name: str, payload: bytes) -> None:
    assert judge(Door(HERE), name, payload) in REFUSALS


@given(
    st.sampled_from(list(PARAMS)),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
    st.dictionaries(
        st.sampled_from(
            ["alarm", "by", "text", "uri", "kind", "document", "mode", "until", "limit"]
        ),
        JSON,
        max_size=4,
    ),
)
def test_whatever_json_says_it_is_let_in_or_refused(
    name: str, head: dict[str, Any], params: dict[str, Any]
) -> None:
    payload = request({**params_of(name), **params}, **head)
    judged = judge(Door(HERE), name, payload)
    assert isinstance(judged, Admitted) or judged in REFUSALS


@pytest.mark.parametrize("name", list(PARAMS))
def test_a_right_request_is_let_in(name: str) -> None:
    judged = judge(Door(HERE), name, request(params_of(name)))
    assert isinstance(judged, Admitted), judged
    assert judged.life_s == 1800.0


@pytest.mark.parametrize("name", list(PARAMS))
def test_a_request_again_is_for_guard_to_judge_if_it_remembers(name: str) -> None:
    door, payload = Door(HERE), request(params_of(name))
    assert isinstance(judge(door, name, payload), Admitted)
    again = judge(door, name, payload)
    assert isinstance(again, Admitted) if name in REMEMBERED else again == "replayed"


@pytest.mark.parametrize("said", [{"hub": "hub-2"}, {"district": "d2"}])
def test_a_request_for_another_is_refused(said: dict[str, str]) -> None:
    assert judge(Door(HERE), "drill", request(params_of("drill"), **said)) == "wrong_hub"
    ours = request(params_of("drill"), hub="hub-1", district="d1")
    assert isinstance(judge(Door(HERE), "drill", ours), Admitted)


@pytest.mark.parametrize("name", sorted(SIGNED))
@pytest.mark.parametrize("missing", ["kid", "document", "signature"])
def test_what_changes_the_hub_carries_key_and_signature(name: str, missing: str) -> None:
    params = {key: value for key, value in params_of(name).items() if key != missing}
    assert judge(Door(HERE), name, request(params)) == "malformed"


def test_a_flood_is_refused_and_what_comes_later_is_not() -> None:
    door, clock = Door(HERE), HandClock(wall_s=1_794_916_800.0)
    rubbish = [judge(door, "config.apply", b"x" * 100, clock) for _ in range(100)]
    assert rubbish.count("rate_limited") == 100 - limits.REQUEST_BURST
    clock.advance(1)
    assert isinstance(judge(door, "drill", request(params_of("drill")), clock), Admitted)


def test_every_signed_request_is_described() -> None:
    for name in SIGNED:
        params = schemas()[f"request.{name}.json"]["properties"]["params"]
        assert set(params["required"]) == {"kid", "document", "signature"}


# --- a diagnosis ----------------------------------------------------------------------------------

NAMES = ["王秀英", "kitchen", "/var/lib/anju/journal.db", "li.na"]


def trouble(number: int) -> AlarmInfo:
    return AlarmInfo(
        id=f"5d99e7b6-{number}", rule="device_fault", hazard="device_fault", severity="S4",
        state="ACTIVE", subject="zb:1/battery_low", device_name=NAMES[0], count=1, drill=False,
        code=380, latched=False, condition_active=True, why=Text(zh=NAMES[0], en=NAMES[1]),
        detected_at_s=0.0, raised_at_s=0.0, acked_at_s=None, acked_by=NAMES[3], restored_at_s=None,
        closed_at_s=None, cause="",
    )  # fmt: skip


def sick_hub(troubles: int) -> Status:
    journal = JournalInfo(
        journal_id="5d99e7b6", path=NAMES[2], writing=True, last_seq=9, urgent_through=7,
        bulk_through=9,
    )  # fmt: skip
    health = JournalHealth(
        ok=True, says=FINE, journals=(journal,), commits=1, rows=9, fsync_p50_ms=1.0,
        fsync_p99_ms=2.0, unjournaled=0, dropped=0,
    )  # fmt: skip
    driver = DriverInfo(
        driver="zigbee", ok=False, says=FINE, port="/dev/anju-zigbee", restarts=3, frames_in=9,
        frames_refused=0,
    )  # fmt: skip
    return Status(
        hub="hub-1", district="d1", release="0.1.0", up_s=5.0, sos_ready=False, time_quality="rtc",
        drivers=(driver,), journal=health, uplink=UplinkReport(connected=False, says=FINE),
        devices=3, alarms_open=0, troubles=tuple(trouble(n) for n in range(troubles)),
        counters={f"c{n}": n for n in range(diagnostics.COUNTERS_MAX + 9)},
        mode=ModeInfo(by=NAMES[3]), site=SiteInfo(rules_version=3),
    )  # fmt: skip


@pytest.mark.parametrize("troubles", [0, 1, 20, 21, 1000])
def test_a_diagnosis_is_bounded_and_names_nobody(troubles: int) -> None:
    report = UplinkReport(connected=True, says=FINE, broker="b:1883")
    pages = list(diagnostics.pages(sick_hub(troubles), report))
    assert [page.number for page in pages] == list(range(len(pages)))
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert all(len(json.dumps(page.part)) < limits.BATCH_BYTES for page in pages)
    told = [one for page in pages for one in page.part.get("troubles", ())]
    assert len(told) == min(troubles, diagnostics.TROUBLES_MAX)
    said = json.dumps([page.part for page in pages], ensure_ascii=False)
    assert not [name for name in NAMES if name in said]
    assert pages[0].part["hub"]["rules_version"] == 3
