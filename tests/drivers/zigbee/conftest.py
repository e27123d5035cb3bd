"""An emulated stick for each test, with a network on it already: forming one takes seconds."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.zigbee.bench import Bench
from znp.launch import StickProcess

NV, DATABASE = "stick.nv", "zigbee.db"


@pytest.fixture(scope="session")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the memory of a stick and the database of its network."""
    folder = tmp_path_factory.mktemp("formed")
    with StickProcess(folder, nv=folder / NV) as stick, stick.control() as control:
        asyncio.run(_form(Bench(stick, control, folder)))
    return folder


async def _form(bench: Bench) -> None:
    async with bench.running():
        pass


@pytest.fixture
def bench(tmp_path: Path, formed: Path) -> Iterator[Bench]:
    for name in (NV, DATABASE):
        shutil.copy(formed / name, tmp_path / name)
    with StickProcess(tmp_path, nv=tmp_path / NV) as stick, stick.control() as control:
        yield Bench(stick, control, tmp_path)


@pytest.fixture
def new_bench(tmp_path: Path) -> Iterator[Bench]:
    """A stick as it comes out of the box, in a home without a database."""
    with StickProcess(tmp_path) as stick, stick.control() as control:
        yield Bench(stick, control, tmp_path)
