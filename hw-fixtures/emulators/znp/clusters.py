"""What devices do when a cluster command or a write reaches them.

Owns the reactions; the state stays with the device. A handler returns a status for the default
response, or the cluster's own response as (command, payload).
Source: ZCL chapters 3.5 (Identify), 3.8 (On/Off), 3.16 (Poll Control), 8.2 (IAS
        Zone), 8.4 (IAS WD).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .foundation import NEVER
from .kinds import IAS_WD, IAS_ZONE, IDENTIFY, ON_OFF, POLL_CONTROL
from .packets import Downlink
from .wire import Reader, u16
from .zcl import Global, Status, ZclFrame

if TYPE_CHECKING:
    from .device import Device

Later = Callable[[], None]
Result = Status | tuple[int, bytes]
Handler = Callable[["Device", int, Reader, Downlink], Result]

ENROLL_DELAY_S = 0.05
_QUARTERS_PER_S = 4


def handle(device: Device, endpoint: int, frame: ZclFrame, down: Downlink) -> Result:
    """Carry out a cluster command."""
    handler = _HANDLERS.get((down.cluster, frame.command))
    if handler is None or frame.manufacturer is not None:
        return Status.UNSUPPORTED_COMMAND
    return handler(device, endpoint, Reader(frame.payload), down)


def after_global(
    device: Device, endpoint: int, cluster: int, frame: ZclFrame, down: Downlink
) -> None:
    """Do what follows from a write or from a reporting configuration."""
    if frame.command == Global.CONFIGURE_REPORTING:
        _plan_reports(device, endpoint, cluster)
    elif cluster == IAS_ZONE and frame.command in (Global.WRITE, Global.WRITE_NO_RESPONSE):
        # A device talks to the endpoint that made itself its CIE.
        device.zone_target = down.src_ep
        device.later("enroll", ENROLL_DELAY_S, device.ask_to_enroll)


def plan_check_in(device: Device, endpoint: int) -> None:
    """Send a poll control check-in at the device's interval from now on."""
    quarters = device.attributes.number((endpoint, POLL_CONTROL, 0x0000))
    if not quarters:
        return

    def due() -> None:
        check_in(device, endpoint)
        plan_check_in(device, endpoint)

    device.later("check-in", quarters / _QUARTERS_PER_S, due)


def check_in(device: Device, endpoint: int) -> None:
    device.send_command(endpoint, POLL_CONTROL, 0x00, b"", to_client=True)


def _plan_reports(device: Device, endpoint: int, cluster: int) -> None:
    for key, reporting in device.attributes.reporting.items():
        if key[:2] == (endpoint, cluster) and 0 < reporting.max_s < NEVER:
            _plan_report(device, key, reporting.max_s)


def _plan_report(device: Device, key: tuple[int, int, int], max_s: int) -> None:
    def due() -> None:
        device.report([key], forced=False)
        _plan_report(device, key, max_s)

    device.later(f"report-{key}", max_s, due)


def _enroll_response(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del endpoint
    code, zone_id = reader.u8(), reader.u8()
    if code != 0 or not device.zone(0x0010):
        return Status.SUCCESS  # Refused, or by someone who is not our CIE: nothing changes.
    device.zone_target = down.src_ep
    device.set_zone(0x0000, 1)
    device.set_zone(0x0011, zone_id)
    device.watcher.emit({"event": "enrolled", "device": device.name, "zone_id": zone_id})
    return Status.SUCCESS


def _identify(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del down
    device.attributes.set((endpoint, IDENTIFY, 0x0000), reader.u16())
    device.watcher.emit({"event": "identify", "device": device.name})
    return Status.SUCCESS


def _identify_query(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del reader, down
    seconds = device.attributes.number((endpoint, IDENTIFY, 0x0000))
    return (0x00, u16(seconds)) if seconds else Status.SUCCESS


def switch(device: Device, endpoint: int, on: bool, read_ns: int | None) -> None:
    """Set an on/off output and report it."""
    device.attributes.set((endpoint, ON_OFF, 0x0000), int(on))
    event = {"event": "on_off", "device": device.name, "on": on, "read_ns": read_ns}
    device.watcher.emit(event)
    device.loop.call_soon(device.report_change, ON_OFF, 0x0000)


def _on(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del reader
    switch(device, endpoint, True, down.read_ns)
    return Status.SUCCESS


def _off(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del reader
    switch(device, endpoint, False, down.read_ns)
    return Status.SUCCESS


def _toggle(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del reader
    on = device.attributes.number((endpoint, ON_OFF, 0x0000))
    switch(device, endpoint, not on, down.read_ns)
    return Status.SUCCESS


def _on_timed(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    reader.u8()
    tenths = reader.u16()
    switch(device, endpoint, True, down.read_ns)
    device.later("timed-off", tenths / 10, lambda: switch(device, endpoint, False, None))
    return Status.SUCCESS


def _start_warning(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    info, wanted_s = reader.u8(), reader.u16()
    # Mode in the high nibble: as every siren on sale reads it, whatever the figure's bit order.
    mode, strobe, level = info >> 4, info >> 2 & 0x03, info & 0x03
    longest_s = device.attributes.number((endpoint, IAS_WD, 0x0000))
    duration_s = min(wanted_s, longest_s)
    if device.siren_timer is not None:
        device.siren_timer.cancel()
        device.siren_timer = None
    if (mode == 0 and strobe == 0) or duration_s == 0:
        _sound(device, None, down.read_ns)
        return Status.SUCCESS
    sound: dict[str, object] = {
        "mode": mode,
        "strobe": strobe,
        "level": level,
        "duration_s": duration_s,
    }
    _sound(device, sound, down.read_ns)
    device.siren_timer = device.loop.call_later(duration_s, _sound, device, None, None)
    return Status.SUCCESS


def _sound(device: Device, sound: dict[str, object] | None, read_ns: int | None) -> None:
    device.siren = sound
    event = {"event": "siren", "device": device.name, "on": sound is not None, "read_ns": read_ns}
    device.watcher.emit(event | (sound or {}))


def _squawk(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del endpoint
    info = reader.u8()
    device.watcher.emit(
        {
            "event": "squawk",
            "device": device.name,
            "mode": info >> 4,
            "level": info & 0x03,
            "read_ns": down.read_ns,
        }
    )
    return Status.SUCCESS


def _check_in_response(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del down
    fast, quarters = reader.u8(), reader.u16()
    if fast:
        own = device.attributes.number((endpoint, POLL_CONTROL, 0x0003))
        device.stay_awake((quarters or own) / _QUARTERS_PER_S)
    return Status.SUCCESS


def _fast_poll_stop(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del endpoint, reader, down
    device.awake_until = device.loop.time()
    return Status.SUCCESS


def _set_long_poll(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del down
    device.attributes.set((endpoint, POLL_CONTROL, 0x0001), reader.u32())
    return Status.SUCCESS


def _set_short_poll(device: Device, endpoint: int, reader: Reader, down: Downlink) -> Result:
    del down
    device.attributes.set((endpoint, POLL_CONTROL, 0x0002), reader.u16())
    return Status.SUCCESS


_HANDLERS: Mapping[tuple[int, int], Handler] = {
    (IDENTIFY, 0x00): _identify,
    (IDENTIFY, 0x01): _identify_query,
    (ON_OFF, 0x00): _off,
    (ON_OFF, 0x01): _on,
    (ON_OFF, 0x02): _toggle,
    (ON_OFF, 0x42): _on_timed,
    (IAS_ZONE, 0x00): _enroll_response,
    (IAS_WD, 0x00): _start_warning,
    (IAS_WD, 0x01): _squawk,
    (POLL_CONTROL, 0x00): _check_in_response,
    (POLL_CONTROL, 0x01): _fast_poll_stop,
    (POLL_CONTROL, 0x02): _set_long_poll,
    (POLL_CONTROL, 0x03): _set_short_poll,
}
