"""Button and lamp of the hub, by the kernel's calls on a chip that stands for the real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from drivers.host import gpio
from tests.drivers.host.gpio_chip import FALLING, LAMP, RISING, Chip, build, chip_in
from tests.hub import ROOT, wait_a_little, wait_for

SIZES = """
#include <linux/gpio.h>
#include <stddef.h>
#include <stdio.h>
int main(void)
{
    printf("%zu %zu %zu %zu %zu %u %u %u", sizeof(struct gpio_v2_line_request),
           offsetof(struct gpio_v2_line_request, fd),
           offsetof(struct gpio_v2_line_request, num_lines),
           sizeof(struct gpio_v2_line_values), sizeof(struct gpio_v2_line_event),
           (unsigned)GPIO_V2_GET_LINE_IOCTL, (unsigned)GPIO_V2_LINE_GET_VALUES_IOCTL,
           (unsigned)GPIO_V2_LINE_SET_VALUES_IOCTL);
}
"""


class Panel:
    """A running panel: what it says, and the chip under it."""

    def __init__(self, chip: Chip, stuck_after_s: float) -> None:
        self.chip = chip
        self.said: list[list[Any]] = []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.drivers.host.panel_program"),
                *(str(chip.device), str(stuck_after_s)),
            ],
            cwd=ROOT,
            env={**os.environ, **chip.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def heard(self, quantity: str, channel: str = "") -> list[Any]:
        return [one[1] for one in list(self.said) if (one[0], one[2]) == (quantity, channel)]

    def has_heard(self, quantity: str, count: int) -> bool:
        return len(self.heard(quantity)) == count

    def until_up(self) -> None:
        wait_for(lambda: self.heard("fault", "lines")[-1:] == [False], what="the lines are taken")

    def show(self, lamp: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{lamp}\n")
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self._listener.join(10)
        for end in (self.process.stdin, self.process.stdout):
            assert end is not None
            end.close()


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = build(tmp_path_factory.mktemp("shim"))
    if built is None:
        pytest.skip("a GPIO chip needs a C compiler and linux/gpio.h for the preloaded stand-in")
    return built


@pytest.fixture
def chip(tmp_path: Path, shim: Path) -> Chip:
    return chip_in(tmp_path / "gpio", shim)


@pytest.fixture
def panel(chip: Chip) -> Iterator[Panel]:
    made = Panel(chip, 0.3)
    made.until_up()
    yield made
    made.close()


def test_the_shapes_are_those_of_the_kernels_header(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not Path("/usr/include/linux/gpio.h").exists():
        pytest.skip("the shapes are compared by a C compiler with linux/gpio.h")
    (tmp_path / "sizes.c").write_text(SIZES)
    program = tmp_path / "sizes"
    subprocess.run([compiler, "-o", program, tmp_path / "sizes.c"], check=True, timeout=60)
    said = subprocess.run([program], check=True, capture_output=True, timeout=10).stdout
    assert [int(number) for number in said.split()] == [
        gpio.REQUEST.size,
        gpio.REQUEST.size - 4,
        gpio.REQUEST.size - 4 - 20 - 8,
        gpio.VALUES.size,
        gpio.EVENT.size,
        gpio.GET_LINE,
        gpio.GET_VALUES,
        gpio.SET_VALUES,
    ]


def test_a_press_is_said_once_and_its_end_is_none(panel: Panel) -> None:
    for count in (1, 2, 3):
        panel.chip.edge(RISING)
        wait_for(partial(panel.has_heard, "sos", count))
        panel.chip.edge(FALLING)
        wait_a_little(0.1)  # Longer than a contact trembles.
    assert panel.heard("sos") == [True] * 3


def test_a_button_that_stays_pressed_is_a_trouble_until_it_is_free(panel: Panel) -> None:
    panel.chip.edge(RISING)
    wait_for(lambda: panel.heard("fault", "stuck") == [True])
    panel.chip.edge(FALLING)
    wait_for(lambda: panel.heard("fault", "stuck") == [True, False])
    assert panel.heard("sos") == [True]


def test_a_button_that_was_pressed_while_nobody_listened_is_a_call(chip: Chip) -> None:
    (chip.folder / "line-17.held").touch()
    panel = Panel(chip, 60)
    try:
        wait_for(lambda: panel.heard("sos") == [True])
    finally:
        panel.close()


def test_a_button_that_is_well_says_so_for_who_supervises_it(panel: Panel) -> None:
    wait_for(lambda: panel.heard("supervision_reports") == [True])


def test_a_chip_that_is_in_use_is_taken_as_soon_as_it_is_free(chip: Chip) -> None:
    (chip.folder / "denied").touch()
    panel = Panel(chip, 60)
    try:
        wait_for(lambda: panel.heard("fault", "lines") == [True])
        assert "Device or resource busy" in panel.said[0][3]
        wait_a_little(0.35)  # Three more tries.
        (chip.folder / "denied").unlink()
        wait_for(lambda: panel.heard("fault", "lines") == [True, False])
        chip.edge(RISING)
        wait_for(lambda: panel.heard("sos") == [True])
    finally:
        panel.close()


def test_half_an_event_costs_the_lines_and_they_are_taken_again(panel: Panel) -> None:
    panel.chip.write(b"\x01" * 17)
    wait_for(lambda: panel.heard("fault", "lines")[-2:] == [True, False])
    panel.chip.edge(RISING)
    wait_for(lambda: panel.heard("sos") == [True])


@pytest.mark.parametrize(("lamp", "least", "most"), [("fast", 6, 10), ("slow", 1, 4)])
def test_the_lamp_flashes_by_urgency(panel: Panel, lamp: str, least: int, most: int) -> None:
    panel.show(lamp)
    wait_for(lambda: panel.chip.lit()[-1:] == [True])
    before = len(panel.chip.lit())
    wait_a_little(2.0)
    assert least <= len(panel.chip.lit()) - before <= most
    panel.show("steady")
    wait_for(lambda: panel.chip.lit()[-1])
    panel.show("off")
    wait_for(lambda: not panel.chip.lit()[-1])


def test_the_lamp_is_dark_when_nothing_is_wrong(panel: Panel) -> None:
    assert panel.chip.lit() == [False]
    assert panel.chip.flags(LAMP) == gpio.OUTPUT
