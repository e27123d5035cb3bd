"""Guard with a modem: it is supervised, shown and missed; and it is no way for a press to come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from modem.launch import modem_process
from tests.agent.test_guard import running, status, stop, troubles
from tests.hub import Hub
from znp.client import StickControl


@pytest.fixture
def control(tmp_path: Path) -> Iterator[StickControl]:
    with modem_process(tmp_path, vendor="ec20") as module, module.control() as control:
        yield control


@pytest.fixture
def hub(tmp_path: Path, control: StickControl) -> Iterator[Hub]:
    made = Hub(tmp_path / "hub-1", extra=f'[modem]\nport = "{tmp_path / "stick"}"')
    yield made
    made.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "hub-1").mkdir()


async def test_a_modem_is_in_the_status_and_hears_no_buttons(hub: Hub) -> None:
    async with running(hub) as client:
        async with asyncio.timeout(15):
            while not (found := await status(client)).drivers[0].ok:  # noqa: ASYNC110 - no news of it
                await asyncio.sleep(0.05)
        assert found.drivers[0].driver == "modem"
        assert found.drivers[0].says.en == "The modem works: CHINA MOBILE, signal -67 dBm."
        assert not found.sos_ready
        assert found.troubles == ()
        shown = await asyncio.to_thread(hub.anju, "status", "--lang", "zh")
        assert "短信电话" in shown.stdout
        assert "正常: 通信模块工作正常：CHINA MOBILE，信号 -67 dBm。" in shown.stdout
        assert await stop(hub) == 0


async def test_a_modem_that_is_pulled_out_is_one_trouble_with_a_next_step(
    hub: Hub, control: StickControl
) -> None:
    async with running(hub) as client:
        async with asyncio.timeout(15):
            while not (await status(client)).drivers[0].ok:  # noqa: ASYNC110 - no news of it
                await asyncio.sleep(0.05)
        control.do("unplug")
        assert await troubles(client, 1) == ["hub:modem/modem"]
        found = await status(client)
        assert "no such port" in found.drivers[0].says.en or "is gone" in found.drivers[0].says.en
        assert await stop(hub) == 0
