"""The control socket answers everybody, believes the kernel about who asks, and survives all of
them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from agent.control import schema
from agent.control.client import ControlClient
from agent.control.schema import METHODS, Committed, Hello, Nothing, Shape
from agent.control.server import ControlServer, Peer
from agent.core.command import Role
from agent.core.errors import CommandRefused, TransportError
from agent.core.limits import CONTROL_CLIENTS, CONTROL_LINE_BYTES
from tests.agent.home import until

WAIT_S = 10.0


class House:
    """A control server with handlers that a test can hold, break and count."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run" / "control.sock"
        self.asked: list[tuple[str, Shape]] = []
        self.callers: list[Peer] = []
        self.held = asyncio.Event()
        self.cancelled = 0
        self.server = ControlServer(self.path, {name: self._handler(name) for name in METHODS})

    def _handler(self, name: str) -> Any:
        async def handle(params: Shape, peer: Peer) -> Shape:
            self.asked.append((name, params))
            self.callers.append(peer)
            match name:
                case "hello":
                    return Hello(release="1", hub="h", district="d", role=peer.caller.role)
                case "journal.follow":
                    peer.following = True
                case "pair.start":
                    try:
                        await self.held.wait()
                    except asyncio.CancelledError:
                        self.cancelled += 1
                        raise
                case "alarm.ack":
                    raise CommandRefused("unknown_alarm", "alarm x is not known")
                case "alarm.resolve":
                    raise TransportError("the stick is gone")
                case "status":
                    raise ZeroDivisionError("a bug")
            return Nothing()

        return handle

    async def client(self, **options: Any) -> ControlClient:
        """Connect as the command line does."""
        return await ControlClient.connect(self.path, **options)


class Wire:
    """A connection without manners."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, line: bytes | dict[str, Any]) -> None:
        """Send one line."""
        data = line if isinstance(line, bytes) else json.dumps(line).encode()
        self.writer.write(data + b"\n")

    async def answer(self) -> dict[str, Any]:
        """Return the next line from the hub."""
        line = await asyncio.wait_for(self.reader.readline(), WAIT_S)
        found: dict[str, Any] = json.loads(line)
        return found

    async def ask(self, line: bytes | dict[str, Any]) -> dict[str, Any]:
        """Send one line and return the answer."""
        self.send(line)
        return await self.answer()


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[House]:
    house = House(folder)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(house.server.serve())
        await until(house.path.exists)
        yield house
        task.cancel()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with served(tmp_path) as made:
        yield made


@pytest.fixture
async def wire(house: House) -> AsyncIterator[Wire]:
    made = Wire(*await asyncio.open_unix_connection(str(house.path)))
    yield made
    made.writer.close()


async def still_serves(house: House) -> None:
    """Show that a fresh client gets its answer."""
    client = await house.client()
    assert (await client.ask("hello", Nothing(), Hello)).hub == "h"
    await client.close()


async def refusal(house: House, method: str, params: Shape) -> CommandRefused:
    client = await house.client()
    with pytest.raises(CommandRefused) as refused:
        await client.ask(method, params, Nothing)
    await client.close()
    return refused.value


def request(method: str, params: object = None, request_id: object = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}}


# --- answers --------------------------------------------------------------------------------------


async def test_a_client_gets_what_it_asked_for(house: House) -> None:
    client = await house.client()
    hello = await client.ask("hello", Nothing(), Hello)
    assert hello == Hello(release="1", hub="h", district="d", role=Role.INSTALLER)
    await client.ask("journal.tail", schema.TailParams(limit=3, kinds=("alarm",)), Nothing)
    assert house.asked[1] == ("journal.tail", schema.TailParams(limit=3, kinds=("alarm",)))
    await client.close()


async def test_many_requests_on_one_connection_get_each_its_own_answer(house: House) -> None:
    client = await house.client()
    slow = asyncio.gather(*(client.ask("pair.start", schema.PairParams(), Nothing) for _ in "abc"))
    quick = await asyncio.gather(*(client.ask("hello", Nothing(), Hello) for _ in range(8)))
    assert len(quick) == 8
    assert not slow.done()
    house.held.set()
    assert await slow == [Nothing()] * 3
    await client.close()


async def test_a_refusal_comes_with_its_word_and_its_sentence(house: House) -> None:
    refused = await refusal(house, "alarm.ack", schema.AckParams(alarm="x"))
    assert (refused.code, str(refused)) == ("unknown_alarm", "alarm x is not known")
    assert house.server.counts.refused == 1


async def test_an_error_of_the_world_outside_is_answered_by_its_name(house: House) -> None:
    refused = await refusal(house, "alarm.resolve", schema.ResolveParams(alarm="x", cause="ok"))
    assert (refused.code, str(refused)) == ("TransportError", "the stick is gone")


async def test_a_handler_that_crashes_is_answered_and_ends_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    refused = await refusal(house, "status", Nothing())
    assert (refused.code, str(refused)) == ("internal", "the hub made an error; see its log")
    assert "control.crashed method=status" in caplog.text
    await still_serves(house)


async def test_an_unknown_method_is_answered_with_those_that_exist(wire: Wire) -> None:
    fault = (await wire.ask(request("open.sesame")))["error"]
    assert fault["data"] == {"code": "unknown_method"}
    assert fault["message"].startswith("no method 'open.sesame'; there are: alarm.ack, ")


@pytest.mark.parametrize(
    ("method", "params", "says"),
    [
        ("alarm.ack", {}, "alarm = '{}': field required"),
        ("alarm.ack", {"alarm": 3}, "alarm = '3': input should be a valid string"),
        ("alarm.ack", {"alarm": "x" * 65}, "alarm = 'xxxx"),
        ("alarm.ack", {"alarm": "a", "x": 1}, "x = '1': extra inputs are not permitted"),
        ("pair.start", {"window_s": 255}, "window_s = '255': input should be less than or equal"),
        ("pair.start", {"window_s": 0}, "window_s = '0': input should be greater"),
        ("journal.tail", {"limit": 1001}, "limit = '1001': input should be less"),
        ("sync.advance", {"journal_id": "XYZ", "lane": "bulk", "through_seq": 1}, "journal_id = "),
        ("alarm.resolve", {"alarm": "a", "cause": "Bad Cause"}, "cause = 'Bad Cause': string"),
        ("hello", [1], "params = '[1]': input should be"),
        ("hello", "x", "params = 'x': input should be"),
    ],
)
async def test_wrong_params_are_answered_with_key_found_and_wanted(
    house: House, wire: Wire, method: str, params: object, says: str
) -> None:
    fault = (await wire.ask(request(method, params)))["error"]
    assert (fault["code"], fault["data"]) == (schema.INVALID_PARAMS, {"code": "invalid_params"})
    assert fault["message"].startswith(says)
    assert house.asked == []


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00\x80",
        b"null",
        b"[]",
        b"3",
        b"{}",
        b'{"method": 3}',
        b'{"id": 1, "method": "hello"',
        b"[" * 100_000,
        b'{"method": ' + b"9" * 5_000 + b"}",
    ],
)
async def test_garbage_is_answered_counted_and_no_more(
    house: House, wire: Wire, line: bytes
) -> None:
    answer = await wire.ask(line)
    assert answer["id"] is None
    assert answer["error"]["code"] == schema.PARSE_ERROR
    assert house.server.counts.garbage == 1
    assert (await wire.ask(request("hello")))["result"]["hub"] == "h", "on the same connection"


@pytest.mark.parametrize(
    ("sent", "back"),
    [("a", "a"), (7, 7), (None, None), (1.5, None), ([1], None), ("\ud800", "?")],
)
async def test_the_id_of_a_request_comes_back_if_it_can_be_one(
    wire: Wire, sent: object, back: object
) -> None:
    assert (await wire.ask(request("hello", request_id=sent)))["id"] == back


async def test_half_a_letter_in_a_key_is_answered_like_any_wrong_key(wire: Wire) -> None:
    answer = await wire.ask(request("hello", {"\ud800": 1}))
    assert answer["error"]["data"] == {"code": "invalid_params"}
    assert "result" in await wire.ask(request("hello"))


async def test_a_line_of_the_greatest_length_is_taken_and_a_longer_one_ends_the_connection(
    house: House, wire: Wire
) -> None:
    line = json.dumps(request("hello")).encode()
    assert "result" in await wire.ask(line + b" " * (CONTROL_LINE_BYTES - len(line) - 1))
    wire.send(b"x" * (3 * CONTROL_LINE_BYTES))
    answer = await wire.answer()
    assert answer["error"]["message"].startswith("line too long, wanted a line of at most 1048576")
    assert house.server.counts.garbage == 1
    with suppress(ConnectionError):  # The kernel's word for it while the line is on its way.
        assert await asyncio.wait_for(wire.reader.read(1), WAIT_S) == b""
    await still_serves(house)


# --- who asks -------------------------------------------------------------------------------------


async def test_the_hubs_own_user_may_do_everything(house: House) -> None:
    client = await house.client()
    await client.ask("audit", schema.AuditParams(what="x"), Nothing)
    await client.ask("pair.stop", Nothing(), Nothing)
    peer = house.callers[0]
    assert peer.caller.role == "installer"
    assert peer.caller.on_site
    assert peer.caller.name.startswith("cli:")
    await client.close()


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that the group may enter, as the hub's runtime folder is."""
    folder = Path(tempfile.mkdtemp(prefix="anju-"))
    folder.chmod(0o750)
    yield folder
    shutil.rmtree(folder)


def connected_as(uid: int, groups: list[int], path: Path) -> socket.socket:
    """Connect as another user; the kernel notes who it was."""
    before = os.getgroups()
    channel = socket.socket(socket.AF_UNIX)
    channel.settimeout(WAIT_S)
    try:
        os.setgroups(groups)
        os.setegid(uid)
        os.seteuid(uid)
        channel.connect(str(path))
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)
    return channel


async def asked_as(uid: int, path: Path, *methods: str) -> list[dict[str, Any]]:
    channel = connected_as(uid, [0], path)
    channel.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    with closing(writer):
        return [await Wire(reader, writer).ask(request(method)) for method in methods]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can connect as somebody else")
async def test_another_user_of_the_group_is_an_operator(shared_folder: Path) -> None:
    async with served(shared_folder) as house:
        hello, pair, state = await asked_as(54_321, house.path, "hello", "pair.start", "sync.state")
        assert hello["result"]["role"] == "operator"
        assert house.callers[0].caller.name == "cli:54321"
        assert pair["error"]["data"] == {"code": "forbidden"}
        assert pair["error"]["message"] == (
            "pair.start is for the role installer; you are operator"
        )
        assert state["error"]["message"] == "sync.state is for the role link; you are operator"
        assert [name for name, _ in house.asked] == ["hello"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can connect as somebody else")
async def test_a_user_outside_the_group_does_not_get_in(shared_folder: Path) -> None:
    async with served(shared_folder) as house:
        with pytest.raises(PermissionError):
            connected_as(54_321, [], house.path)


async def test_the_socket_is_for_the_owner_and_the_group_only(house: House) -> None:
    assert stat.S_IMODE(house.path.stat().st_mode) == 0o660
    assert stat.S_IMODE(house.path.parent.stat().st_mode) & 0o007 == 0


# --- too much -------------------------------------------------------------------------------------


async def test_one_connection_too_many_is_refused_with_a_sentence_and_a_free_place_is_given_again(
    house: House,
) -> None:
    clients = [await house.client() for _ in range(CONTROL_CLIENTS)]
    for client in clients:
        await client.ask("hello", Nothing(), Hello)
    extra = Wire(*await asyncio.open_unix_connection(str(house.path)))
    fault = (await extra.answer())["error"]
    assert fault["message"] == "too many connections; close one of them"
    assert await extra.reader.read() == b""
    extra.writer.close()
    await asyncio.gather(*(client.close() for client in clients[:2]))
    await until(lambda: len(house.server._peers) < CONTROL_CLIENTS)
    await still_serves(house)
    await asyncio.gather(*(client.close() for client in clients[2:]))


async def test_too_many_requests_at_once_are_refused_and_the_others_are_answered(
    house: House, wire: Wire
) -> None:
    for number in range(20):
        wire.send(request("pair.start", request_id=number))
    refused = [await wire.answer() for _ in range(4)]
    assert {r["error"]["message"] for r in refused} == {"too many requests at once; wait"}
    house.held.set()
    answered = [await wire.answer() for _ in range(16)]
    assert {a["id"] for a in answered} == set(range(16))
    assert "result" in await wire.ask(request("hello"))


async def test_a_client_that_goes_away_takes_its_requests_with_it(house: House) -> None:
    client = await house.client()
    asking = asyncio.gather(
        client.ask("pair.start", schema.PairParams(), Nothing), return_exceptions=True
    )
    await until(lambda: len(house.asked) == 1)
    await client.close()
    await until(lambda: house.cancelled == 1)
    assert isinstance((await asking)[0], TransportError)
    await still_serves(house)


# --- notifications --------------------------------------------------------------------------------


async def test_followers_are_told_and_others_are_not(house: House) -> None:
    heard: list[tuple[str, Shape]] = []
    others: list[tuple[str, Shape]] = []
    follower = await house.client(notify=lambda *news: heard.append(news))
    other = await house.client(notify=lambda *news: others.append(news))
    await follower.ask("journal.follow", Nothing(), Nothing)
    await other.ask("hello", Nothing(), Hello)
    news = [Committed(journal_id="0badcafe", last_seq=n, urgent=n == 2) for n in range(1, 4)]
    for one in news:
        house.server.tell_followers("journal.committed", one)
    await until(lambda: len(heard) == 3)
    assert heard == [("journal.committed", one) for one in news]
    assert others == []
    await follower.close()
    await other.close()


async def test_a_follower_that_does_not_read_is_cut_off_and_costs_a_bounded_memory(
    house: House, wire: Wire
) -> None:
    assert "result" in await wire.ask(request("journal.follow"))
    slow = socket.socket(socket.AF_UNIX)
    slow.connect(str(house.path))
    slow.sendall(json.dumps(request("journal.follow")).encode() + b"\n")
    await until(lambda: sum(peer.following for peer in house.server._peers) == 2)
    taken = 0
    for number in range(20_000):
        notice = Committed(journal_id="0badcafe", last_seq=number, urgent=False)
        house.server.tell_followers("journal.committed", notice)
        taken = int((await wire.answer())["params"]["last_seq"])
        if len(house.server._peers) == 1:
            break
    assert len(house.server._peers) == 1, "the slow one is still connected"
    assert 0 < taken < 19_999
    slow.close()
    assert "result" in await wire.ask(request("hello"))


# --- the client's side ----------------------------------------------------------------------------


async def test_without_a_hub_the_client_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=r"No such file.*Start it with: anju up"):
        await ControlClient.connect(tmp_path / "control.sock")


async def test_a_hub_that_does_not_answer_is_told_after_the_time_that_was_given(
    house: House,
) -> None:
    client = await house.client()
    with pytest.raises(TransportError, match=r"pair\.start: no answer from the hub in 0\.05 s"):
        await client.ask("pair.start", schema.PairParams(), Nothing, timeout_s=0.05)
    await client.close()


async def test_a_method_that_does_not_exist_is_a_fault_of_the_program(house: House) -> None:
    client = await house.client()
    with pytest.raises(ValueError, match="no such method"):
        await client.ask("nonsense", Nothing(), Nothing)
    await client.close()


async def test_when_the_server_ends_its_clients_know_and_it_ends_although_they_stay(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(WAIT_S):
        async with served(tmp_path) as house:
            client = await house.client()
            await client.ask("hello", Nothing(), Hello)
        await client.closed.wait()
    with pytest.raises(TransportError, match="closed the control socket"):
        await client.ask("hello", Nothing(), Hello)
    await client.close()


async def test_a_socket_left_behind_by_a_crash_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(tmp_path / "run" / "control.sock"))
    house = House(tmp_path)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(house.server.serve())
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    await still_serves(house)
                    break
                except TransportError:
                    await asyncio.sleep(0.01)
        task.cancel()
