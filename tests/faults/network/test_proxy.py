"""The bad line does what it says: otherwise the scenarios prove nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.network.proxy import Cut, Proxy
from tests.sync.house import free_port, until


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Proxy, bytearray]]:
    """Give a proxy in front of a server that notes what it hears and says it again."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(1 << 16):
                heard.extend(chunk)
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = Proxy(free_port(), int(server.sockets[0].getsockname()[1]))
    await proxy.start()
    try:
        yield proxy, heard
    finally:
        await proxy.stop()
        server.close()


async def dial(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection through the proxy that has carried one byte each way."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"!")
    assert await reader.readexactly(1) == b"!"
    return reader, writer


async def test_a_good_line_carries_every_byte_both_ways() -> None:
    async with echo() as (proxy, heard):
        reader, writer = await dial(proxy)
        sent = bytes(range(256)) * 400
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent
        assert bytes(heard) == b"!" + sent
        assert len(proxy.ups) == 1
        writer.close()


async def test_a_reset_and_an_end_are_told_apart() -> None:
    async with echo() as (proxy, _):
        reader, _w = await dial(proxy)
        assert proxy.cut(Cut.FIN) == 1
        assert await reader.read() == b""
        reader, _w = await dial(proxy)
        assert proxy.cut(Cut.RST) == 1
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert proxy.lines == 0


async def test_a_held_line_goes_on_where_it_stood() -> None:
    async with echo() as (proxy, heard):
        reader, writer = await dial(proxy)
        proxy.up.hold = True
        writer.write(b"later")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        assert bytes(heard) == b"!"
        proxy.heal()
        assert await reader.readexactly(5) == b"later"
        writer.close()


async def test_what_swallowed_a_byte_never_carries_again() -> None:
    async with echo() as (proxy, heard):
        reader, writer = await dial(proxy)
        proxy.up.swallow = True
        writer.write(b"gone")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)
        proxy.heal()
        writer.write(b"too late")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        assert bytes(heard) == b"!"
        _, other = await dial(proxy)
        writer.close()
        other.close()


async def test_a_line_is_cut_behind_the_byte_that_was_named() -> None:
    async with echo() as (proxy, heard):
        reader, writer = await dial(proxy)
        proxy.up.left = 3
        writer.write(b"abcdef")
        while await reader.read(10):
            pass
        await until(lambda: bytes(heard) == b"!abc")
        writer.close()


async def test_a_throttled_line_takes_its_time() -> None:
    async with echo() as (proxy, _):
        reader, writer = await dial(proxy)
        proxy.up.bytes_per_s = 20_000
        began_s = time.monotonic()
        writer.write(b"x" * 10_000)
        await reader.readexactly(10_000)
        assert 0.4 < time.monotonic() - began_s < 3.0
        writer.close()


async def test_a_refused_connection_is_reset() -> None:
    async with echo() as (proxy, _):
        proxy.refuse = True
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"!")
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
