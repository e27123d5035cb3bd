"""The real host library, zigpy with zigpy-znp, on the emulated stick."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zigpy.exceptions

from tests.emulators.zigpy_host import Host, running_host
from znp.client import AsyncStickControl, StickControl
from znp.kinds import MODELS
from znp.launch import StickProcess

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def stick(pty_stick: StickProcess) -> StickProcess:
    return pty_stick


@pytest.fixture
def control(stick: StickProcess) -> Iterator[StickControl]:
    with stick.control() as control:
        yield control


@pytest.fixture
def told(control: StickControl) -> AsyncStickControl:
    return AsyncStickControl(control)


def _ieee(control: StickControl, device: str) -> str:
    return str(control.state(device)["ieee"])


async def _join(host: Host, control: StickControl, *devices: str) -> list[str]:
    await host.app.permit(60)
    for device in devices:
        assert control.do("join", device=device)["joined"] is True
    addresses = [_ieee(control, device) for device in devices]
    await host.until_initialized(*addresses)
    return addresses


@pytest.mark.parametrize("tcp", [None, "127.0.0.1:0"])
async def test_a_blank_stick_forms_joins_and_interviews_every_kind(
    tmp_path: Path, tcp: str | None
) -> None:
    with StickProcess(tmp_path, tcp=tcp) as stick, stick.control() as control:
        async with running_host(stick.port) as host:
            names = {f"{kind.removesuffix('_button')}-1": kind for kind in MODELS}
            addresses = await _join(host, control, *names)
            for ieee, kind in zip(addresses, names.values(), strict=True):
                device = host.device(ieee)
                assert (device.manufacturer, device.model) == (
                    MODELS[kind].manufacturer,
                    MODELS[kind].model,
                )
                found = {
                    (number, tuple(endpoint.in_clusters))
                    for number, endpoint in device.endpoints.items()
                    if number
                }
                wanted = {(e.number, tuple(sorted(e.inputs))) for e in MODELS[kind].endpoints}
                assert {(number, tuple(sorted(ins))) for number, ins in found} == wanted


@pytest.mark.parametrize("device", ["sos-1", "contact-1", "smoke-1", "gas-1", "co-1", "leak-1"])
async def test_zones_enroll_trip_and_restore(
    stick: StickProcess, control: StickControl, device: str
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, device)
        zone = await host.enroll(ieee)
        state = control.wait_for(device, enrolled=True)
        assert state["zone_id"] == 7
        read, failed = await zone.read_attributes(["zone_state", "zone_type", "zone_status"])
        assert (read["zone_state"], failed) == (1, {})
        host.listen(ieee)
        trip = control.do("trip", device=device, battery=True)
        _, cluster, command, args = await host.next_command()
        assert (cluster, command) == (0x0500, 0)
        assert (args.zone_status, args.zone_id) == (0x0009, 7)
        assert isinstance(trip["written_ns"], int)
        assert 0 < time.monotonic_ns() - trip["written_ns"] < 2e9
        control.do("restore", device=device)
        assert (await host.next_command())[3].zone_status == 0


async def test_an_ace_button_calls_emergency_and_panic(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "ace-1")
        host.listen(ieee)
        control.do("press", device="ace-1")
        control.do("press", device="ace-1", command="panic")
        assert [(await host.next_command())[1:3] for _ in range(2)] == [(0x501, 2), (0x501, 4)]


async def test_siren_plug_and_valve_obey(
    stick: StickProcess, control: StickControl, told: AsyncStickControl
) -> None:
    async with running_host(stick.port) as host:
        siren, plug, valve = await _join(host, control, "siren-1", "plug-1", "valve-1")
        control.subscribe()
        warning = host.device(siren).endpoints[1].ias_wd
        await warning.start_warning(
            warning=0x37, warning_duration=60, strobe_duty_cycle=50, strobe_level=1
        )
        event = await told.event("siren", on=True)
        assert (event["mode"], event["duration_s"]) == (3, 60)
        assert isinstance(event["read_ns"], int)
        await warning.start_warning(
            warning=0, warning_duration=0, strobe_duty_cycle=0, strobe_level=0
        )
        await told.event("siren", on=False)
        await host.device(plug).endpoints[2].on_off.on()
        await told.event("on_off", device="plug-1", on=True)
        await host.device(valve).endpoints[1].on_off.toggle()
        await told.event("on_off", device="valve-1", on=True)


async def test_climate_reports_once_it_is_bound(stick: StickProcess, control: StickControl) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "climate-1")
        temperature = host.device(ieee).endpoints[1].temperature
        await temperature.bind()
        await temperature.configure_reporting("measured_value", 10, 3600, 50)
        assert control.do("report", device="climate-1", temperature=7.25)["sent"] is True
        await asyncio.sleep(0.5)
        assert temperature.get("measured_value") == 725


async def test_the_network_comes_back_after_the_host_and_the_emulator_restart(
    tmp_path: Path,
) -> None:
    nv = tmp_path / "nv.json"
    with StickProcess(tmp_path, nv=nv) as stick, stick.control() as control:
        async with running_host(stick.port) as host:
            await _join(host, control, "leak-1")
            await host.enroll(_ieee(control, "leak-1"))
            first = host.app.state.network_info
        async with running_host(stick.port) as host:
            assert host.app.state.network_info.pan_id == first.pan_id
    with StickProcess(tmp_path, nv=nv) as stick, stick.control() as control:
        assert control.state("leak-1")["enrolled"] is True
        async with running_host(stick.port) as host:
            again = host.app.state.network_info
            assert (again.pan_id, again.network_key.key) == (first.pan_id, first.network_key.key)
            assert control.do("trip", device="leak-1")["sent"] is True


async def test_unplug_is_noticed_and_a_new_host_gets_the_new_port(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "sos-1")
        await host.enroll(ieee)
        control.do("unplug")
        async with asyncio.timeout(5):
            await host.lost.wait()
        assert control.do("devices")["stick"]["plugged"] is False  # type: ignore[index]
    control.do("replug")
    async with running_host(stick.port) as host:
        assert control.do("trip", device="sos-1")["sent"] is True


async def test_a_self_reset_leaves_the_network_down(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "plug-1")
        control.do("reset")
        await asyncio.sleep(0.1)
        with pytest.raises(zigpy.exceptions.DeliveryError):
            await host.device(ieee).endpoints[2].on_off.on()
        assert not host.lost.is_set()


async def test_a_hung_stick_times_out(stick: StickProcess, control: StickControl) -> None:
    async with running_host(stick.port, znp_config={"sync_request_timeout": 1}) as host:
        control.do("hang")
        with pytest.raises(TimeoutError):
            await host.app._watchdog_feed()
        control.do("unhang")
        await host.app._watchdog_feed()


async def test_a_sleeping_device_that_is_gone_is_not_reached(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "motion-1")
        control.do("mute", device="motion-1")
        started = time.monotonic()
        basic = host.device(ieee).endpoints[1].basic
        with pytest.raises((zigpy.exceptions.DeliveryError, TimeoutError)):
            await asyncio.wait_for(basic.read_attributes(["model"]), 20)
        assert time.monotonic() - started > 6.5
        control.do("unmute", device="motion-1")
        read, _ = await basic.read_attributes(["model"])
        assert read["model"] == "SNZB-03P"


async def test_a_flood_of_two_thousand_frames_loses_none(
    stick: StickProcess, control: StickControl, told: AsyncStickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "contact-1")
        await host.enroll(ieee)
        host.listen(ieee)
        reply = await told.do("flood", device="contact-1", count=2000)
        assert reply["sent"] == 2000
        delays = [(await host.next_command())[3].delay for _ in range(2000)]
        assert delays == list(range(2000))


async def test_noise_is_skipped_and_an_alarm_behind_it_heard(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "sos-1")
        await host.enroll(ieee)
        host.listen(ieee)
        control.do("noise", hex="00ff1234aabb")
        control.do("trip", device="sos-1", corrupt=True)
        control.do("trip", device="sos-1")
        assert (await host.next_command())[3].zone_status == 1
        assert host.heard.empty()


async def test_a_new_address_without_announcement_is_found_again(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "gas-1")
        await host.enroll(ieee)
        host.listen(ieee)
        nwk = control.do("renumber", device="gas-1")["nwk"]
        control.do("trip", device="gas-1")
        await asyncio.sleep(0.5)
        assert host.device(ieee).nwk == nwk
        control.do("restore", device="gas-1")
        assert (await host.next_command())[3].zone_status == 0


async def test_leaving_and_joining_again_keeps_the_object(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        (ieee,) = await _join(host, control, "plug-1")
        before = host.device(ieee)
        control.do("leave", device="plug-1")
        async with asyncio.timeout(5):
            assert await host.left.get() == ieee
        control.do("join", device="plug-1")
        control.wait_for("plug-1", joined=True)
        await asyncio.sleep(0.5)
        assert host.device(ieee) is before
        await before.endpoints[2].on_off.on()
        control.wait_for("plug-1", on=True)


async def test_a_blank_stick_in_its_place_gets_the_network_from_a_backup(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        await _join(host, control, "leak-1")
        await host.enroll(_ieee(control, "leak-1"))
        backup = await host.app.backups.create_backup(load_devices=True)
    assert str(backup.network_info.key_table[0].partner_ieee) == _ieee(control, "leak-1")
    control.do("swap_blank")
    async with running_host(stick.port) as host:
        assert control.do("trip", device="leak-1")["sent"] is False
        await host.app.backups.restore_backup(backup, counter_increment=2500)
        assert host.app.state.network_info.pan_id == backup.network_info.pan_id
    async with running_host(stick.port) as host:
        assert control.do("restore", device="leak-1")["sent"] is True
        assert host.app.state.network_info.pan_id == backup.network_info.pan_id


async def test_a_device_that_never_announces_is_found_by_the_trust_centre_alone(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home.toml"
    home.write_text(
        '[[device]]\nname = "quiet"\nkind = "plug"\nannounce = false\n'
        '[[device]]\nname = "rude"\nkind = "leak"\nsends_unenrolled = true\n'
        "trip_to_pair = false\nidle_status = 0x30\n"
    )
    with StickProcess(tmp_path, home=home) as stick, stick.control() as control:
        async with running_host(stick.port) as host:
            await host.app.permit(60)
            control.do("join", device="quiet")
            control.do("join", device="rude")
            rude = _ieee(control, "rude")
            await host.until_initialized(rude, _ieee(control, "quiet"))
            host.listen(rude)
            control.do("trip", device="rude")
            args = (await host.next_command())[3]
            assert (args.zone_status, args.zone_id) == (0x31, 0xFF)
            await host.enroll(rude)
            control.wait_for("rude", enrolled=True)


async def test_formation_failure_is_reported_as_interference(
    stick: StickProcess, control: StickControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zigpy_znp.api.STARTUP_TIMEOUT", 0.5)
    control.do("formation_failure", count=100)
    with pytest.raises(zigpy.exceptions.FormationFailure):
        async with running_host(stick.port):
            pass


async def test_a_stick_with_another_network_is_deaf_to_our_devices(
    stick: StickProcess, control: StickControl
) -> None:
    async with running_host(stick.port) as host:
        await _join(host, control, "leak-1")
        await host.enroll(_ieee(control, "leak-1"))
        ours = host.app.state.network_info.pan_id
    control.do("swap_other")
    async with running_host(stick.port) as host:
        assert host.app.state.network_info.pan_id != ours
        assert control.do("trip", device="leak-1")["sent"] is False
