"""What the platform may ask, through a real broker, a real link and a real guard."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync import limits
from tests.agent.home import BUTTON
from tests.hub import HUB, wait_for
from tests.sync.district import TOPICS, District, district

AWAY = {"mode": "away", "until": "2999-01-01T00:00:00Z", "by": "li.na"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[District]:
    with district(tmp_path / "town") as made:
        yield made


def soon(seconds: int) -> str:
    """Return a time as the platform writes it."""
    import time
    from datetime import UTC, datetime

    at_s = time.time() + seconds  # noqa: TID251 - the platform's own clock.
    return datetime.fromtimestamp(at_s, UTC).isoformat()


def test_every_request_is_answered_as_in_the_contract(town: District) -> None:
    # The platform judges every payload, and looking at it fails after the first breach.
    assert town.ask("mode.set", AWAY)["code"] == "malformed"
    away = town.ask("mode.set", {**AWAY, "until": soon(600)})
    assert (away["result"]["mode"], away["result"]["by"]) == ("away", "platform:li.na")
    assert town.ask("mode.set", {"mode": "home", "by": "li.na"})["result"]["mode"] == "home"
    words = {"text": "您好", "language": "zh", "by": "li.na"}
    assert town.ask("speak", words)["code"] == "no_speaker"
    drill = town.ask("drill", {"kind": "sos", "device": BUTTON.id, "by": "li.na"})
    alarm = drill["result"]["alarm"]
    note = {"alarm": alarm, "uri": "https://cam.example/7", "by": "li.na"}
    assert town.ask("evidence.add", note)["result"]["alarm"] == alarm
    wait_for(lambda: town.platform.events(kind="evidence.added"), 20.0, "the row")
    events = {event["kind"] for event in town.platform.events()}
    assert {
        "mode.changed",
        "alarm.raised",
        "alarm.closed",
        "command",
        "actuation.refused",
    } <= events
    raised = [json.loads(e["data"]) for e in town.platform.events(kind="alarm.raised")]
    assert [one["drill"] for one in raised if one["id"] == alarm] == [True]


def test_a_diagnosis_tells_of_the_hub_and_of_nobody_in_it(town: District) -> None:
    pages = town.answers("diagnostics.collect", town.payload({}, "dia-1"))
    assert [page["page"] for page in pages] == list(range(len(pages)))
    parts = {page["result"]["section"]: page["result"] for page in pages}
    assert list(parts) == ["hub", "drivers", "journal", "uplink", "counters", "troubles"]
    assert parts["hub"]["hub"]["devices"] == 3
    said = json.dumps(pages, ensure_ascii=False)
    assert "kitchen" not in said, "the name of a device"
    assert str(town.folder) not in said, "a path of the machine"


def test_a_request_is_done_once_whatever_is_killed_in_between(town: District) -> None:
    payload = town.payload({**AWAY, "until": soon(600)}, "once")
    (first,) = town.answers("mode.set", payload)
    for name in ("link", "guard"):
        town.hub.kill(name)
        town.start(name)
        assert town.insist("mode.set", payload) == first
    other = town.payload({"mode": "home", "by": "li.na"}, "once")
    (refused,) = town.answers("mode.set", other)
    assert refused["code"] == "replayed"
    wait_for(lambda: len(town.platform.events(kind="command")) >= 2, 20.0, "both are recorded")
    assert len(town.platform.events(kind="mode.changed")) == 1
    assert "away" in town.hub.anju("status").stdout


def test_a_request_for_another_hub_is_refused(town: District) -> None:
    assert town.ask("mode.set", AWAY, hub="hub-2")["code"] == "wrong_hub"
    assert town.ask("mode.set", AWAY, district="d2")["code"] == "wrong_hub"


def test_rubbish_leaves_the_line_standing(town: District) -> None:
    for name in ("config.apply", "speak", "drill", "x" * 300):
        for rubbish in (b"", b"\xff", b"[" * 60_000, b"{" * (limits.INCOMING_BYTES + 10)):
            town.publish(TOPICS.request(name), rubbish)
    town.publish(TOPICS.request("drill"), b"\x00" * (10 << 20))
    signal.sigtimedwait([], 5.0)  # The bucket of requests fills again.
    drill = town.ask("drill", {"kind": "sos", "by": "li.na"})
    assert drill["ok"]
    assert town.platform.hub(HUB)["state"] == "online"
    status = town.ask_guard("status")
    assert status["uplink"]["refused"] >= 10
    assert status["uplink"]["connected"]
