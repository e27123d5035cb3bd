"""An emulated stick for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.zigbee.bench import Bench
from znp.launch import StickProcess


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with StickProcess(tmp_path) as stick, stick.control() as control:
        yield Bench(stick, control, tmp_path)
