"""Rubbish from every side: refused, counted, written down where it must be, and help comes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.line import Line
from tests.hub import DISTRICT, HUB, wait_for
from tests.platform.client import PlatformProcess
from tests.sync.house import Mosquitto
from tests.system.conftest import MakeHome
from tests.system.home import Home

SEED = 20261123
LINES = 3000
METHODS = ("status", "alarm.ack", "alarm.resolve", "journal.tail", "sync.advance", "audit", "hello")


def lives(home: Home, *names: str) -> None:
    """Demand that no process has died and that nothing in the hub broke."""
    for name in names or ("guard",):
        assert home.hub.processes[name].poll() is None, home.hub.log.read_text()[-3000:]
    log = home.hub.log.read_text()
    assert "Traceback" not in log, log[-3000:]
    assert "crashed" not in log, log[-3000:]


# --- the serial line ------------------------------------------------------------------------------


@pytest.mark.timeout(240)
def test_noise_on_the_line_ends_with_the_noise(home: Home) -> None:
    rng = random.Random(SEED)
    for number in range(12):
        home.hand.do("noise", hex=rng.randbytes(rng.randrange(40)).hex(), count=rng.randrange(2000))
        press_as_people_do(home, ("sos", "pendant")[number % 2])
    lives(home)


def press_as_people_do(home: Home, button: str) -> None:
    """Press once a second until the siren sounds: what looks like the head of a long frame takes
    the next bytes of the line with it."""
    since_ns = time.monotonic_ns()
    for _ in range(30):
        home.hand.do("press", device=button)
        with suppress(AssertionError):
            home.siren_after(since_ns, within_s=1.0)
            home.hand.do("restore", device="sos")
            return
    pytest.fail(f"no siren for 30 presses of {button}: {home.hub.log.read_text()[-2000:]}")


def test_frames_with_a_wrong_sum_cost_no_call(home: Home) -> None:
    for number in range(200):
        home.hand.do("trip", device="door", corrupt=True)
        if number % 50 == 0:
            press_as_people_do(home, "pendant")
    press_as_people_do(home, "sos")
    lives(home)


def test_a_stranger_s_frames_are_counted_and_cost_no_call(home: Home) -> None:
    before = home.status()["counters"]["strangers"] + refused_frames(home)
    home.hub.stop("guard")
    home.forget("door")
    home.start()
    home.wait_ready()
    for _ in range(20):
        home.hand.do("trip", device="door")
    home.sounds("press", "sos")
    after = home.status()["counters"]["strangers"] + refused_frames(home)
    assert after > before
    assert "is not paired" in home.wait_trouble("hub:zigbee/unknown_device")
    lives(home)


def refused_frames(home: Home) -> int:
    """Return how many radio frames were refused in this run."""
    return int(home.status()["drivers"][0]["frames_refused"])


# --- the control socket ---------------------------------------------------------------------------


def odd_lines(rng: random.Random) -> Iterator[bytes]:
    """Yield lines that are no requests, or requests for what cannot be."""
    deep = b"[" * 5000 + b"]" * 5000
    huge = b'{"id":1' + b"0" * 5000 + b',"method":"status"}'
    fixed = [b"", b"null", b"[]", b"{}", deep, huge, b'"\\ud800"', b'{"method":"status","id":{}}']
    odd: list[object] = [None, True, -1, 1e308, "", "x" * 4000, [], {}, {"alarm": []}, [[[]]]]
    while True:
        kind = rng.randrange(4)
        if kind == 0:
            yield rng.randbytes(rng.randrange(200)).replace(b"\n", b" ")
        elif kind == 1:
            yield rng.choice(fixed)
        elif kind == 2:
            request = {"id": rng.choice(odd), "method": rng.choice(odd), "params": rng.choice(odd)}
            yield json.dumps(request).encode()
        else:
            params = {rng.choice(("alarm", "limit", "x")): rng.choice(odd)}
            request = {"id": 1, "method": rng.choice(METHODS), "params": params}
            cut = json.dumps(request).encode()
            yield cut[: rng.randrange(len(cut))] if rng.random() < 0.3 else cut


def test_thousands_of_odd_lines_on_the_control_socket_cost_no_call(home: Home) -> None:
    rng = random.Random(SEED)
    lines = odd_lines(rng)
    path = home.hub.run_dir / "control.sock"
    answers = 0
    for number in range(LINES // 50):
        with closing(Line(path)) as line:
            for _ in range(50):
                line.send(next(lines) + b"\n")
            with suppress(TimeoutError, ConnectionError):
                while True:
                    line.read(0.05)
                    answers += 1
            line.send(b'{"id": 1, "method": "stat')  # And then it goes away.
        if number % 20 == 0:
            home.sounds("press", "pendant")
    assert answers > LINES // 2
    counters = home.status()["counters"]
    assert counters["control_garbage"] > 100
    assert counters["control_refused"] > 100
    home.sounds("press", "sos")
    lives(home)


def test_a_line_without_end_is_refused_and_costs_no_call(home: Home) -> None:
    with closing(home.line()) as line:
        with suppress(OSError):  # The hub closes the connection long before all of it has gone.
            line.send(b"x" * (10 << 20))
        with suppress(OSError):
            said = line.read(5.0)
            assert "line too long" in said["error"]["message"]
    home.sounds("press", "sos")
    assert home.status()["counters"]["control_garbage"] >= 1
    lives(home)


def test_half_closed_connections_get_their_answers(home: Home) -> None:
    for _ in range(40):
        with closing(home.line()) as line:
            line.send(b'{"id": 7, "method": "hello", "params": {}}\n')
            line.half_close()
            with suppress(ConnectionError):
                assert line.read(5.0)["id"] == 7
    home.sounds("press", "sos")
    lives(home)


def test_a_hundred_connections_are_bounded_and_cost_no_call(home: Home) -> None:
    path = home.hub.run_dir / "control.sock"
    refused = 0
    with ExitStack() as stack:
        crowd = [stack.enter_context(closing(Line(path))) for _ in range(100)]
        for one in crowd:
            with suppress(OSError):
                one.send(b'{"id": 1, "method": "journal.follow", "params": {}}\n')
        home.sounds("press", "sos")
        for one in crowd:
            said = one.read(5.0)
            refused += "too many connections" in str(said.get("error"))
    assert refused >= 60
    home.wait_ready(20.0)
    assert len(home.alarms()) == 1
    lives(home)


def test_a_follower_who_never_reads_loses_his_line_and_nobody_else(home: Home) -> None:
    with closing(home.line()) as deaf:
        deaf.ask("journal.follow")
        for _ in range(20):
            home.hand.do("flood", device="door", count=200, rate_per_s=2000)
        home.sounds("press", "sos")
    lives(home)


# --- the broker -----------------------------------------------------------------------------------


@pytest.mark.timeout(180)
def test_rubbish_from_the_broker_is_refused_written_down_and_costs_no_call(
    make_home: MakeHome, tmp_path: Path
) -> None:
    broker = Mosquitto(tmp_path)
    platform = PlatformProcess(tmp_path / "platform.db", broker.address, DISTRICT)
    home = make_home(broker_port=broker.port)
    try:
        broker.start()
        platform.start()
        home.plug_in()
        home.start("guard", "link")
        home.wait_ready()
        wait_for(lambda: home.status()["uplink"]["connected"], 30.0, "link is connected")
        throw_rubbish(broker.port, random.Random(SEED))
        home.sounds("press", "sos")
        alarm = home.alarms()[0]["id"]
        # A message of 10 MB may cost the connection, which is then made again.
        arrived = lambda: [e for e in platform.events(kind="alarm.raised") if alarm in e["data"]]  # noqa: E731
        wait_for(arrived, 60.0, "the alarm is at the platform")
        wait_for(lambda: {"ack.rubbish", "request.refused"} <= audits(home), 60.0, "audit rows")
        home.sounds("press", "pendant")
        lives(home, "guard", "link")
    finally:
        platform.stop()
        broker.stop()


def audits(home: Home) -> set[str]:
    """Return what the audit rows of the journal are about."""
    return {json.loads(body)["what"] for _, _, kind, body in home.journal() if kind == "audit"}


def throw_rubbish(port: int, rng: random.Random) -> None:
    """Publish bytes, odd JSON and 10 MB on every topic that the hub listens to."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="vandal")
    client.connect("127.0.0.1", port)
    client.loop_start()
    root = f"anju/v1/{DISTRICT}/{HUB}"
    topics = [f"{root}/{end}" for end in ("ack", "request/pull", "request/alarm.ack", "request/x")]
    odd = (
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"through_seq": -1}',
        b"[" * 9000,
        b"\xff\xfe",
        b"0" * 9000,
    )
    ack = {"journal_id": "00000000", "lane": "urgent", "through_seq": 10**30, "alarms": [None]}
    request = {"request_id": "x" * 500, "issued_at": "never", "expires_at": 0, "params": []}
    try:
        for _ in range(300):
            payload = rng.choice((*odd, rng.randbytes(300), json.dumps(ack), json.dumps(request)))
            client.publish(rng.choice(topics), payload, qos=1)
        for topic in topics:
            client.publish(topic, bytes(10 << 20), qos=1)
        client.publish(topics[0], b"{}", qos=1).wait_for_publish(30.0)
    finally:
        client.disconnect()
        client.loop_stop()
