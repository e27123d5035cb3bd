"""Protocol versions, TLS, requests and rubbish, against real brokers."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import trustme
from amqtt.broker import Broker
from paho.mqtt.enums import CallbackAPIVersion

from agent.config import UplinkSection
from sync import limits
from sync.dialer import Dialer, delay_s
from sync.messages import Topics
from sync.mqtt import Connection, Endpoint
from sync.reasons import UplinkDown
from tests.platform.client import PlatformProcess
from tests.sync.brokers import Broker as AnyBroker
from tests.sync.house import DISTRICT, HUB, Guard, House, LinkProcess, Mosquitto, free_port, house
from tests.sync.house import until as until_true

TOPICS = Topics(DISTRICT, HUB)


def endpoint(heard: list[tuple[str, bytes]], wrong: list[str]) -> Endpoint:
    """Return an endpoint that writes down what it hears."""
    return Endpoint(
        client_id="hub-test",
        will_topic="t/status",
        will=b"gone",
        subscriptions=("t/in",),
        on_message=lambda topic, payload: heard.append((topic, payload)),
        complain=lambda code, _: wrong.append(code),
        unheard=lambda: None,
    )


def settings(port: int, **more: Any) -> UplinkSection:
    """Return an uplink section for a broker on loopback."""
    return UplinkSection.model_validate({"host": "127.0.0.1", "port": port, "tls": False, **more})


def publish(broker: AnyBroker, messages: Sequence[tuple[str, bytes]]) -> None:
    """Publish as a stranger would."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for topic, payload in messages:
        client.publish(topic, payload, qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Any:
    """Give a running Mosquitto."""
    found = Mosquitto(tmp_path)
    found.start()
    yield found
    found.stop()


@asynccontextmanager
async def old_broker() -> AsyncIterator[int]:
    """Give the port of a broker that speaks MQTT 3.1.1 only and leaves a v5 CONNECT unanswered."""
    port = free_port()
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
    found = Broker({"listeners": listeners, "plugins": plugins})
    await found.start()
    yield port
    await found.shutdown()


# --- protocol versions ----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_both_versions_carry_messages_both_ways(broker: Mosquitto, protocol: str) -> None:
    heard: list[tuple[str, bytes]] = []
    connection = await Connection.open(settings(broker.port), protocol, endpoint(heard, []))
    assert await connection.publish("t/in", b"x" * 70_000, content_type="application/json")
    await until_true(lambda: heard)
    assert heard == [("t/in", b"x" * 70_000)]
    await connection.close(b"bye")
    assert connection.lost.is_set()
    assert not await connection.publish("t/in", b"too late")


async def test_auto_takes_version_5_where_it_is_spoken(broker: Mosquitto) -> None:
    dialer = Dialer(settings(broker.port), endpoint([], []))
    connection = await dialer.dial()
    assert connection.protocol == "5"
    await connection.close(b"bye")


async def test_a_broker_without_version_5_is_asked_in_3_1_1_and_next_time_first() -> None:
    async with old_broker() as port:
        dialer = Dialer(settings(port), endpoint([], []))
        connection = await dialer.dial()
        assert connection.protocol == "3.1.1"
        await connection.close(b"bye")
        began = time.monotonic()
        connection = await dialer.dial()
        assert connection.protocol == "3.1.1"
        assert time.monotonic() - began < limits.CONNECT_S
        await connection.close(b"bye")


async def test_the_whole_way_works_over_a_3_1_1_broker(tmp_path: Path) -> None:
    async with old_broker() as port:
        guard = Guard(tmp_path)
        guard.add_journal("0000aaaa")
        link = LinkProcess(guard, tmp_path, port)
        platform = PlatformProcess(tmp_path / "platform.db", f"127.0.0.1:{port}", DISTRICT)
        try:
            platform.start()
            await guard.start()
            link.start()
            guard.commit("urgent", 3)
            guard.commit("bulk", 50)
            await until_true(lambda: guard.cursor("bulk") == 53)
            assert len(platform.events()) == 53
            assert guard.reports[-1].protocol == "3.1.1"
        finally:
            link.stop()
            platform.stop()
            await guard.stop()
            guard.close()


def test_reconnect_delays_are_spread_and_bounded() -> None:
    rng = random.Random(1)
    assert all(delay_s(0, 60.0, rng) <= limits.FIRST_RETRY_S for _ in range(100))
    late = [delay_s(30, 60.0, rng) for _ in range(1000)]
    assert max(late) <= 60.0
    assert min(late) < 2.0


# --- what a connection survives -------------------------------------------------------------------


async def test_an_oversize_message_is_refused_and_the_connection_stands(broker: Mosquitto) -> None:
    heard: list[tuple[str, bytes]] = []
    wrong: list[str] = []
    connection = await Connection.open(settings(broker.port), "3.1.1", endpoint(heard, wrong))
    connection.publish("t/in", b"ready")  # The subscription went ahead of it, so it stands then.
    await until_true(lambda: heard)
    too_much = b"x" * (limits.INCOMING_BYTES + 1)
    await asyncio.to_thread(publish, broker, [("t/in", too_much), ("t/in", b"small")])
    await until_true(lambda: len(heard) == 2)
    assert heard == [("t/in", b"ready"), ("t/in", b"small")]
    assert wrong == ["incoming.oversize"]
    await connection.close(b"bye")


async def test_a_lost_broker_is_noticed(broker: Mosquitto) -> None:
    connection = await Connection.open(settings(broker.port), "5", endpoint([], []))
    broker.stop()
    async with asyncio.timeout(5):
        await connection.lost.wait()
    assert not await connection.publish("t/in", b"x")


async def test_bytes_that_are_not_mqtt_end_one_connection_and_nothing_else() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(bytes(range(256)) * 20)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(UplinkDown):
        await Connection.open(settings(port), "5", endpoint([], []))
    server.close()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "refuses the connection"),
        ({"host": "no-such-host.invalid"}, "cannot be found"),
        ({"tls": True, "ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem cannot be read"),
    ],
)
async def test_a_failed_try_says_why(more: dict[str, Any], says: str) -> None:
    with pytest.raises(UplinkDown) as caught:
        await Connection.open(settings(free_port(), **more), "5", endpoint([], []))
    assert says in caught.value.says.en
    assert caught.value.says.zh


# --- TLS ------------------------------------------------------------------------------------------


class Keys:
    """An authority of our own, a broker with TLS that wants client certificates, and a stranger."""

    def __init__(self, folder: Path) -> None:
        ours, foreign = trustme.CA(), trustme.CA()
        self.folder = folder
        ours.cert_pem.write_to_path(str(folder / "ca.pem"))
        foreign.cert_pem.write_to_path(str(folder / "foreign-ca.pem"))
        self._write("server", ours.issue_cert("127.0.0.1"))
        self._write("elsewhere", ours.issue_cert("elsewhere.example"))
        self._write("hub", ours.issue_cert("hub-1.example"))
        self._write("stranger", foreign.issue_cert("hub-1.example"))

    def broker(self, name: str = "server") -> Mosquitto:
        """Return a broker with the certificate `name`."""
        path = self.folder
        lines = [f"cafile {path}/ca.pem", f"certfile {path}/{name}.pem"]
        lines += [f"keyfile {path}/{name}.key", "require_certificate true", "allow_anonymous true"]
        return Mosquitto(path, lines)

    def uplink(self, port: int, *, ca: str = "ca", cert: str | None = "hub") -> UplinkSection:
        """Return an uplink section."""
        more: dict[str, object] = {"tls": True, "ca_file": str(self.folder / f"{ca}.pem")}
        if cert is not None:
            more["cert_file"] = str(self.folder / f"{cert}.pem")
            more["key_file"] = str(self.folder / f"{cert}.key")
        return settings(port, **more)

    def _write(self, name: str, leaf: Any) -> None:
        leaf.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        (self.folder / f"{name}.pem").write_bytes(chain)


async def test_a_client_certificate_opens_the_door(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    broker = keys.broker()
    broker.start()
    heard: list[tuple[str, bytes]] = []
    try:
        connection = await Connection.open(keys.uplink(broker.port), "5", endpoint(heard, []))
        for number in range(50):
            connection.publish("t/in", b"%d" % number * 1000)
        await until_true(lambda: len(heard) == 50)
        await connection.close(b"bye")
    finally:
        broker.stop()


@pytest.mark.parametrize(
    ("server", "ca", "cert", "says"),
    [
        ("server", "foreign-ca", "hub", "signed by an authority we do not know"),
        ("elsewhere", "ca", "hub", "is for another address"),
        ("server", "ca", "stranger", "this hub's certificate"),
        ("server", "ca", None, "wants a client certificate"),
    ],
)
async def test_a_wrong_certificate_is_named(
    tmp_path: Path, server: str, ca: str, cert: str | None, says: str
) -> None:
    keys = Keys(tmp_path)
    broker = keys.broker(server)
    broker.start()
    try:
        with pytest.raises(UplinkDown) as caught:
            await Dialer(keys.uplink(broker.port, ca=ca, cert=cert), endpoint([], [])).dial()
        assert says in caught.value.says.en
    finally:
        broker.stop()


async def test_a_port_without_tls_is_named(tmp_path: Path, broker: Mosquitto) -> None:
    keys = Keys(tmp_path)
    with pytest.raises(UplinkDown) as caught:
        await Dialer(keys.uplink(broker.port), endpoint([], [])).dial()
    assert "does not speak TLS" in caught.value.says.en


# --- rubbish and requests -------------------------------------------------------------------------


def request(params: dict[str, Any], *, request_id: str = "r-1", life_s: float = 60.0) -> bytes:
    """Return a request that was issued now."""
    now = datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - the platform's own clock.
    body = {"request_id": request_id, "issued_at": now.isoformat(), "params": params}
    return json.dumps(
        {**body, "expires_at": (now + timedelta(seconds=life_s)).isoformat()}
    ).encode()


async def test_rubbish_from_the_platform_is_audited_and_harmless(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.guard.commit("urgent", 2)
        await home.settled()
        ack = {"journal_id": "0000aaaa", "lane": "urgent", "through_seq": 2, "alarms": []}
        rubbish = [b"", b"\xff\xfe", b"[]", b"{", b"{}" * 1000, b"null", b"[" * 100_000]
        beyond = json.dumps({**ack, "through_seq": 99}).encode()
        foreign = json.dumps({**ack, "journal_id": "ffffffff"}).encode()
        huge = json.dumps({**ack, "through_seq": 10**30}).encode()
        again = json.dumps(ack).encode()
        acks = [*rubbish, beyond, foreign, huge, again, again]
        messages = [(TOPICS.ack, payload) for payload in acks]
        messages += [(TOPICS.request(n), p) for n in ("pull", "%", "a" * 200) for p in rubbish]
        await asyncio.to_thread(publish, home.broker, messages)
        home.guard.commit("urgent")
        await home.settled()
        await until_true(
            lambda: (
                {"ack.rubbish", "ack.beyond", "ack.unknown_journal", "request.refused"}
                <= {audit.what for audit in home.guard.audits}
            )
        )
        assert len(home.guard.audits) < 10, "each complaint once a minute"
        assert home.guard.cursor("urgent") == 3


async def ask(home: House, name: str, payload: bytes, request_id: str) -> list[dict[str, Any]]:
    """Send a request and return the pages of its answer."""
    before = len(home.platform.responses(request_id))
    await asyncio.to_thread(publish, home.broker, [(TOPICS.request(name), payload)])

    def answered() -> bool:
        pages = home.platform.responses(request_id)[before:]
        return bool(pages) and not pages[-1]["more"]

    await until_true(answered, what=f"answer to {name}")
    pages = home.platform.responses(request_id)[before:]
    return [json.loads(page["body"]) for page in pages]


async def test_a_pull_gives_what_the_journal_has_whatever_is_confirmed(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.guard.commit("bulk", 250)
        home.guard.commit("urgent", 1)
        await until_true(lambda: home.guard.cursor("bulk") == 250)
        pages = await ask(home, "pull", request({"after_seq": 10}), "r-1")
        events = [event for page in pages for event in page["events"]]
        assert [event["seq"] for event in events] == list(range(11, 252))
        assert len(pages) == 3
        assert events[0]["data"] == {"value": 11, "none": None, "zh": "客厅"}
        some = request({"kinds": ["alarm"], "limit": 5}, request_id="r-2")
        pages = await ask(home, "pull", some, "r-2")
        assert [event["seq"] for event in pages[0]["events"]] == [251]
        early = request({"to": "2001-01-01T00:00:00Z"}, request_id="r-3")
        pages = await ask(home, "pull", early, "r-3")
        assert [event for page in pages for event in page["events"]] == []


REFUSED: list[tuple[str, dict[str, Any], float, str]] = [
    ("pull", {}, -1.0, "malformed"),
    ("pull", {}, 90_000.0, "malformed"),
    ("pull", {"limit": 0}, 60.0, "malformed"),
    ("pull", {"journal_id": "ffffffff"}, 60.0, "unknown_journal"),
    ("valve.open", {}, 60.0, "unknown_request"),
    ("alarm.ack", {"alarm": "nope-1", "by": "li.na"}, 60.0, "unknown_alarm"),
    ("alarm.ack", {"alarm": "0000aaaa-1"}, 60.0, "malformed"),
    ("alarm.resolve", {"alarm": "x-1", "by": "a", "cause": "helped"}, 60.0, "unavailable"),
]


async def test_a_request_that_cannot_be_done_is_answered_with_a_code(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for number, (name, params, life_s, code) in enumerate(REFUSED):
            payload = request(params, request_id=f"r-{number}", life_s=life_s)
            pages = await ask(home, name, payload, f"r-{number}")
            assert [(page["ok"], page["code"]) for page in pages] == [(False, code)]
        await until_true(lambda: [a.what for a in home.guard.audits] == ["request.refused"])


async def test_expired_replayed_and_too_many_requests_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        short = request({}, request_id="r-0", life_s=0.01)
        pages = await ask(home, "pull", short, "r-0")
        assert pages[0]["code"] in ("expired", "ok")  # A clock that is not set cannot judge.
        once = request({})
        assert (await ask(home, "pull", once, "r-1"))[-1]["code"] == "ok"
        assert (await ask(home, "pull", once, "r-1"))[-1]["code"] == "replayed"
        many = [(TOPICS.request("pull"), request({}, request_id=f"m-{n}")) for n in range(60)]
        await asyncio.to_thread(publish, home.broker, many)
        await until_true(
            lambda: any(r["code"] == "rate_limited" for r in home.platform.responses())
        )


async def test_an_operator_acknowledges_an_alarm(tmp_path: Path) -> None:
    async with house(tmp_path, options=("--operator-acks", "50", "--operator", "li.na")) as home:
        home.guard.commit("urgent")
        await until_true(lambda: home.guard.acked)
        assert home.guard.acked[0].alarm == "0000aaaa-1"
        assert home.guard.acked[0].by == "li.na"
        await until_true(lambda: any(r["ok"] for r in home.platform.responses()))
