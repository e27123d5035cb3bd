"""Power and board of the hub, on a tree of files like the kernel's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.actuation import Actuation, ActuationKind
from agent.core.device import DeviceId
from agent.core.errors import DeviceError, FrameError
from agent.core.reading import Quantity
from agent.core.text import Sentence
from drivers.base import Driver
from drivers.host import decode, power, watch
from drivers.host.board import Board, board_driver
from drivers.host.decode import Power
from drivers.host.part import Part
from drivers.host.power import power_driver
from drivers.host.uevents import subsystem, waking
from drivers.host.watch import Findings, WatchDriver
from tests.agent.home import until
from tests.clocks import HandClock
from tests.drivers.host.inbox import Notes

MAINS = {"type": "Mains", "online": "1"}
BATTERY = {"type": "Battery", "status": "Full", "capacity": "97"}
EARLY_MOUNT = "21 1 8:1 / / rw,relatime - ext4 /dev/root rw"


class Over(Exception):
    """Ends a test's task group."""


@asynccontextmanager
async def running(driver: Driver) -> AsyncIterator[None]:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(driver.run())
            yield
            raise Over
    except* Over:
        pass


def supply(sysfs: Path, name: str, **attributes: str) -> Path:
    """Put a power supply into the tree."""
    folder = sysfs / "class" / "power_supply" / name
    folder.mkdir(parents=True, exist_ok=True)
    for attribute, value in attributes.items():
        (folder / attribute).write_text(f"{value}\n")
    return folder


# --- what the words of the kernel mean ------------------------------------------------------------


@pytest.mark.parametrize(
    ("supplies", "means"),
    [
        ([], Power()),
        ([MAINS], Power(False, None)),
        ([MAINS, BATTERY], Power(False, 97)),
        ([{**MAINS, "online": "0"}, {"type": "USB", "online": "1"}], Power(False, None)),
        ([{**MAINS, "online": "0"}, {"type": "USB_PD", "online": "0"}], Power(True, None)),
        ([{"type": "USB", "online": "2"}], Power(False, None)),
        ([{**BATTERY, "status": "Discharging"}], Power(True, 97)),
        ([{**BATTERY, "status": "Charging", "capacity": "104"}], Power(False, 100)),
        ([{**BATTERY, "status": "Unknown"}], Power(None, 97)),
        ([{**BATTERY, "scope": "Device"}], Power()),
        ([{**BATTERY, "present": "0"}], Power()),
        ([BATTERY, {**BATTERY, "capacity": "12"}], Power(False, 97)),
        ([{"type": "Battery"}], Power()),
    ],
)
def test_power_is_what_feeds_the_hub(supplies: list[dict[str, str]], means: Power) -> None:
    assert decode.power(supplies) == means


@pytest.mark.parametrize(
    "broken", [{**BATTERY, "capacity": "-3"}, {**BATTERY, "capacity": ""}, {**MAINS, "online": "y"}]
)
def test_a_supply_that_lies_is_refused(broken: dict[str, str]) -> None:
    with pytest.raises(FrameError):
        decode.power([broken])


names = st.sampled_from(["type", "online", "status", "capacity", "present", "scope"])


@given(st.lists(st.dictionaries(names, st.text(max_size=12)), max_size=4))
def test_no_power_supply_crashes_the_hub(supplies: list[dict[str, str]]) -> None:
    try:
        found = decode.power(supplies)
    except FrameError:
        return
    assert found.battery_pct is None or 0 <= found.battery_pct <= 100


@given(st.text(max_size=300))
def test_no_text_of_the_kernel_crashes_the_hub(text: str) -> None:
    for read in (decode.life_used_pct, decode.seconds, lambda said: decode.warmest_c([said])):
        try:
            read(text)
        except FrameError:
            continue
    decode.is_read_only(text, "/var/lib/anju")


@given(st.binary(max_size=200))
def test_no_message_of_the_kernel_crashes_the_hub(message: bytes) -> None:
    assert isinstance(subsystem(message), str)


@pytest.mark.parametrize(
    ("life", "used_pct"), [("0x01 0x02", 20), ("0x00 0x00", None), ("0x0b 0x01", 110), ("", None)]
)
def test_the_life_of_an_emmc_is_that_of_its_worse_half(life: str, used_pct: int | None) -> None:
    assert decode.life_used_pct(life) == used_pct


@pytest.mark.parametrize(
    ("line", "read_only"),
    [
        ("30 21 8:2 / /var/lib/anju ro,relatime - ext4 /dev/sda2 rw", True),
        ("30 21 8:2 / /var/lib/anju rw - ext4 /dev/sda2 ro,errors=remount-ro", True),
        ("30 21 8:2 / /var/lib/anju rw shared:1 - ext4 /dev/sda2 rw,errors=remount-ro", False),
        ("30 21 8:2 / /var/lib/anjou ro - ext4 /dev/sda2 ro", False),
        ("30 21 8:2 / /var/lib ro - ext4 /dev/sda2 ro", True),
        ("30 21 rubbish", False),
    ],
)
def test_the_disk_of_the_record_is_the_nearest_mount(line: str, read_only: bool) -> None:
    mounts = f"{EARLY_MOUNT}\n{line}\n"
    assert decode.is_read_only(mounts, "/var/lib/anju") is read_only


def test_a_place_that_is_in_no_line_is_not_judged() -> None:
    assert decode.is_read_only("", "/var/lib/anju") is None


# --- power ----------------------------------------------------------------------------------------


async def test_a_power_cut_is_told_once_and_so_is_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "LOOK_EVERY_S", 0.01)
    supply(tmp_path, "battery", **BATTERY)
    mains = supply(tmp_path, "mains", **MAINS)
    inbox = Notes()
    driver = power_driver(tmp_path, HandClock(), inbox)
    async with running(driver):
        await until(lambda: len(inbox.said(Quantity.MAINS_LOST)) == 1)
        (mains / "online").write_text("0\n")
        await until(lambda: len(inbox.said(Quantity.MAINS_LOST)) == 2)
        supply(tmp_path, "battery", capacity="96", status="Discharging")
        await until(lambda: len(inbox.said(Quantity.HUB_BATTERY_PCT)) == 2)
        await asyncio.sleep(0.1)  # Ten more looks that find nothing new.
        assert "running on battery; battery 96 %" in driver.health().says.en
        (mains / "online").write_text("1\n")
        await until(lambda: len(inbox.said(Quantity.MAINS_LOST)) == 3)
    assert inbox.said(Quantity.MAINS_LOST) == [False, True, False]
    assert inbox.said(Quantity.HUB_BATTERY_PCT) == [97, 96]
    assert {reading.device for reading in inbox.readings} == {"hub:power"}


async def test_a_board_without_power_supplies_is_well_and_says_nothing(tmp_path: Path) -> None:
    inbox = Notes()
    driver = power_driver(tmp_path, HandClock(), inbox)
    assert not driver.health().ok
    async with running(driver):
        await until(lambda: driver.health().ok)
    assert inbox.faults() == {}
    assert inbox.said(Quantity.MAINS_LOST) == []


async def test_a_gauge_that_fails_is_a_trouble_and_does_not_hide_the_mains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "LOOK_EVERY_S", 0.01)
    supply(tmp_path, "mains", **{**MAINS, "online": "0"})
    gauge = supply(tmp_path, "gauge", type="Battery")
    (gauge / "capacity").mkdir()  # Reading it is an error, as it is from a gauge off its bus.
    inbox = Notes()
    async with running(power_driver(tmp_path, HandClock(), inbox)):
        await until(lambda: "unreadable" in inbox.faults())
        assert inbox.said(Quantity.MAINS_LOST) == [True]
        assert "gauge cannot be read (capacity: Is a directory)" in inbox.faults()["unreadable"]
        (gauge / "capacity").rmdir()
        (gauge / "capacity").write_text("55")
        await until(lambda: inbox.said(Quantity.HUB_BATTERY_PCT) == [55])
        assert inbox.told("unreadable") == [True, False]


async def test_a_battery_that_is_taken_out_is_gone_and_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "LOOK_EVERY_S", 0.01)
    supply(tmp_path, "mains", **MAINS)
    battery = supply(tmp_path, "pack", **BATTERY)
    inbox = Notes()
    async with running(power_driver(tmp_path, HandClock(), inbox)):
        await until(lambda: bool(inbox.said(Quantity.HUB_BATTERY_PCT)))
        for attribute in battery.iterdir():
            attribute.unlink()
        battery.rmdir()
        await until(lambda: "gone" in inbox.faults())
        assert "pack is gone" in inbox.faults()["gone"]
        supply(tmp_path, "pack", **BATTERY)
        await until(lambda: inbox.told("gone")[-1] is False)
    assert inbox.said(Quantity.HUB_BATTERY_PCT) == [97]


async def test_a_look_that_hangs_is_a_trouble_until_it_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "LOOK_LIMIT_S", 0.05)
    free, looks = threading.Event(), list[int]()
    well = Findings(Sentence("好", "well"))

    def look() -> Findings:
        looks.append(1)
        free.wait(20)
        return well

    inbox = Notes()
    part = Part("power", HandClock(), inbox)
    driver = WatchDriver(part, look, channels=("unreadable",), every_s=600)
    async with running(driver):
        await until(lambda: "unreadable" in inbox.faults())
        assert not driver.health().ok
        free.set()
        await until(lambda: driver.health().ok)
    assert len(looks) == 1, "one look at a time"


async def test_it_takes_no_orders(tmp_path: Path) -> None:
    driver = power_driver(tmp_path, HandClock(), Notes())
    assert not driver.owns(DeviceId("hub:power"))
    assert not driver.health().hears_devices
    with pytest.raises(DeviceError, match="takes no orders"):
        await driver.actuate(DeviceId("hub:power"), Actuation(ActuationKind.SIREN_OFF))


async def test_the_kernels_word_of_a_change_is_heard() -> None:
    uevent = Path("/sys/devices/virtual/mem/null/uevent")
    wake = asyncio.Event()
    with waking("mem", wake) as hears:
        if not hears:
            pytest.skip("the kernel does not let this process listen to its events")
        try:
            await asyncio.to_thread(uevent.write_text, "change")
        except OSError as error:
            pytest.skip(f"the kernel lets nobody here ask for an event: {error}")
        await asyncio.wait_for(wake.wait(), 10)


# --- the board ------------------------------------------------------------------------------------


class Machine:
    """A board in a folder."""

    def __init__(self, folder: Path) -> None:
        self.sysfs = folder / "sys"
        self.mounts = folder / "mountinfo"
        self.data = Path("/var/lib/anju")
        self.mounts.write_text(EARLY_MOUNT + "\n")
        self.board = Board(self.sysfs, self.mounts, self.data)

    def has(self, path: str, content: str) -> None:
        file = self.sysfs / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")

    def ills(self) -> list[str]:
        return [ill.channel for ill in self.board.look().ills]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_board_with_nothing_to_look_at_is_well(machine: Machine) -> None:
    machine.mounts.unlink()
    assert machine.board.look() == Findings(Sentence("主板正常。", "The board is well."))


def test_a_hot_board_stays_hot_until_it_is_clearly_cooler(machine: Machine) -> None:
    found = []
    for temp_c in (50, 79.9, 80, 78, 75, 74.9, 79):
        machine.has("class/thermal/thermal_zone0/temp", str(int(temp_c * 1000)))
        found.append("hot" in machine.ills())
    assert found == [False, False, True, True, True, False, False]


def test_a_sensor_that_is_off_is_no_trouble_while_another_speaks(machine: Machine) -> None:
    machine.has("class/thermal/thermal_zone0/temp/x", "")
    assert machine.ills() == ["unreadable"]
    machine.has("class/thermal/thermal_zone1/temp", "42000")
    assert machine.ills() == []
    assert machine.board.look().says.en == "The board is well, 42 C."


@pytest.mark.parametrize(
    ("since_epoch", "ills"),
    [
        ("1795000000", []),
        ("0", ["clock"]),
        ("946684800", ["clock"]),
        ("-5", ["clock"]),
        ("99999999999999999999", []),
        ("soon", ["unreadable"]),
    ],
)
def test_a_clock_chip_that_lost_its_time_needs_a_battery(
    machine: Machine, since_epoch: str, ills: list[str]
) -> None:
    machine.has("class/rtc/rtc0/since_epoch", since_epoch)
    assert machine.ills() == ills


@pytest.mark.parametrize(
    ("life", "ills"), [("0x01 0x08", []), ("0x02 0x09", ["worn"]), ("worn out", ["unreadable"])]
)
def test_storage_near_its_end_is_told_while_there_is_time(
    machine: Machine, life: str, ills: list[str]
) -> None:
    machine.has("block/mmcblk0/device/life_time", life)
    machine.has("block/mmcblk0boot0/size", "8192")
    assert machine.ills() == ills


def test_a_disk_that_became_read_only_is_a_trouble(machine: Machine) -> None:
    machine.mounts.write_text("21 1 8:1 / / ro,relatime - ext4 /dev/root ro\n")
    assert machine.ills() == ["read_only"]


async def test_what_is_wrong_with_the_board_is_a_fault_of_the_hub(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.has("class/rtc/rtc0/since_epoch", "0")
    inbox = Notes()
    driver = board_driver(machine.sysfs, machine.data, HandClock(), inbox, mounts=machine.mounts)
    async with running(driver):
        await until(lambda: "clock" in inbox.faults())
        assert "year 1970" in driver.health().says.en
        assert "时钟电池" in driver.health().says.zh
        assert not driver.health().ok
