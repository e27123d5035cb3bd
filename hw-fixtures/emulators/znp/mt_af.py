"""MT AF: endpoints and data.

Source: TI "Z-Stack Monitor and Test API", MT_AF.
"""

from collections.abc import Mapping

from .kinds import Endpoint
from .mt_zdo import own_answer
from .packets import Confirm, Downlink, no_confirm
from .stick import AF_DATA_CONFIRM, Handler, Stick
from .wire import Reader, u8

SUCCESS = 0x00
INVALID_PARAMETER = 0x02
DUPLICATE_ENTRY = 0xB8
INVALID_REQUEST = 0xC2  # The network layer is not running.

MODE_GROUP = 0x01
MODE_SHORT = 0x02
MODE_IEEE = 0x03
MODE_BROADCAST = 0x0F
FIRST_BROADCAST = 0xFFF8
UNKNOWN_NWK = 0xFFFE


def _register(stick: Stick, reader: Reader) -> bytes:
    number, profile, device_id = reader.u8(), reader.u16(), reader.u16()
    reader.u8()  # Device version
    reader.u8()  # Latency
    inputs = tuple(reader.u16() for _ in range(reader.u8()))
    outputs = tuple(reader.u16() for _ in range(reader.u8()))
    if number in stick.endpoints:
        return u8(DUPLICATE_ENTRY)
    stick.endpoints[number] = Endpoint(number, device_id, inputs, outputs, profile)
    return u8(SUCCESS)


def _delete(stick: Stick, reader: Reader) -> bytes:
    return u8(INVALID_PARAMETER if stick.endpoints.pop(reader.u8(), None) is None else SUCCESS)


def _request(stick: Stick, reader: Reader) -> bytes:
    dst, dst_ep, src_ep, cluster = reader.u16(), reader.u8(), reader.u8(), reader.u16()
    tsn = reader.u8()
    reader.u8()  # Options
    reader.u8()  # Radius
    data = reader.take(reader.u8())
    mode = MODE_BROADCAST if dst >= FIRST_BROADCAST else MODE_SHORT
    down = Downlink(src_ep, dst_ep, cluster, data, stick.read_ns, mode == MODE_BROADCAST)
    return u8(_send(stick, mode, dst, down, tsn))


def _request_ext(stick: Stick, reader: Reader) -> bytes:
    mode, address, dst_ep = reader.u8(), reader.u64(), reader.u8()
    reader.u16()  # PAN: inter-PAN frames are not emulated.
    src_ep, cluster, tsn = reader.u8(), reader.u16(), reader.u8()
    reader.u8()
    reader.u8()
    data = reader.take(reader.u16())
    down = Downlink(src_ep, dst_ep, cluster, data, stick.read_ns, mode == MODE_BROADCAST)
    if mode == MODE_IEEE:
        device = stick.air.with_ieee(address)
        nwk = device.nwk if device is not None else None
        return u8(_send(stick, MODE_SHORT, UNKNOWN_NWK if nwk is None else nwk, down, tsn))
    return u8(_send(stick, mode, address & 0xFFFF, down, tsn))


def _request_routed(stick: Stick, reader: Reader) -> bytes:
    dst, dst_ep, src_ep, cluster = reader.u16(), reader.u8(), reader.u8(), reader.u16()
    tsn = reader.u8()
    reader.u8()
    reader.u8()
    reader.take(2 * reader.u8())  # The relays: every device here is one hop away.
    down = Downlink(src_ep, dst_ep, cluster, reader.take(reader.u8()), stick.read_ns)
    return u8(_send(stick, MODE_SHORT, dst, down, tsn))


def _send(stick: Stick, mode: int, dst: int, down: Downlink, tsn: int) -> int:
    zdo = down.dst_ep == 0
    if not (zdo and down.src_ep == 0) and down.src_ep not in stick.endpoints:
        return INVALID_PARAMETER
    if not stick.running:
        return INVALID_REQUEST
    if mode == MODE_BROADCAST:
        stick.air.broadcast(down)
        if zdo:
            _ask_itself(stick, down)
    elif mode == MODE_GROUP:
        stick.later(0, lambda: _confirm(stick, SUCCESS, down.src_ep, tsn))
    elif dst == 0x0000:
        if zdo:
            _ask_itself(stick, down)
        else:
            stick.later(0, lambda: _confirm(stick, SUCCESS, down.src_ep, tsn))
    else:
        stick.air.unicast(dst, down, _confirmer(stick, down, tsn))
    return SUCCESS


def _ask_itself(stick: Stick, down: Downlink) -> None:
    if down.data:
        body = own_answer(stick, down.cluster, down.data[1:], broadcast=down.broadcast)
        stick.answer_itself(down.cluster, down.data[0], body)


def _confirmer(stick: Stick, down: Downlink, tsn: int) -> Confirm:
    if down.dst_ep == 0:
        return no_confirm  # ZDO frames are not confirmed.
    epoch = stick.epoch

    def confirm(status: int) -> None:
        # A firmware that was reset in between has forgotten the frame.
        if epoch == stick.epoch:
            _confirm(stick, status, down.src_ep, tsn)

    return confirm


def _confirm(stick: Stick, status: int, endpoint: int, tsn: int) -> None:
    stick.areq(AF_DATA_CONFIRM, u8(status) + u8(endpoint) + u8(tsn))


def _accepted(stick: Stick, reader: Reader) -> bytes:
    del stick, reader
    return u8(SUCCESS)


HANDLERS: Mapping[int, Handler] = {
    0x2400: _register,
    0x2401: _request,
    0x2402: _request_ext,
    0x2403: _request_routed,
    0x2404: _delete,
    0x2410: _accepted,  # AF_INTER_PAN_CTL
    0x2413: _accepted,  # AF_APSF_CONFIG_SET
}
