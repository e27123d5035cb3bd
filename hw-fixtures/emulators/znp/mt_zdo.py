"""MT ZDO: requests that the firmware turns into ZDO frames, and the stick's own answers.

Source: TI "Z-Stack Monitor and Test API", MT_ZDO.
"""

from collections.abc import Mapping

from .mt_app import start
from .network import moved
from .packets import Downlink
from .stick import Handler, Stick
from .wire import Reader, u8, u16, u64
from .zdo import SUCCESS, Zdo, answer, decode_binding, energy_scan

FAILURE = 0x01
NO_ENTRY = 0x04  # RtgStatus of EXT_ROUTE_CHK
RESTORED_NETWORK, NEW_NETWORK = 0, 1
DEFAULT_START_DELAY_S = 0.0
CHANGE_CHANNEL = 0xFE
LONGEST_SCAN = 0x05
QUIETEST, LOUDEST = 20, 60  # Energy values of a home with one busy WiFi network.
ALL_COORDINATORS = 0xFFFC


def own_answer(stick: Stick, cluster: int, payload: bytes, *, broadcast: bool) -> bytes | None:
    """Return what the stick itself says to a ZDO request, or None where it is silent.

    Errors: ShortFrameError when the request ends too early.
    """
    if cluster == Zdo.MGMT_NWK_UPDATE:
        return _nwk_update(stick, payload)
    if cluster == Zdo.MGMT_PERMIT_JOIN:
        # Sent as plain data it opens routers, never the stick's own trust centre.
        return None if broadcast else u8(SUCCESS)
    if cluster in (Zdo.BIND, Zdo.UNBIND):
        _, binding = decode_binding(payload)
        stick.bindings = [b for b in stick.bindings if b != binding]
        if cluster == Zdo.BIND:
            stick.bindings.append(binding)
        return u8(SUCCESS)
    if broadcast and cluster > Zdo.IEEE_ADDR:
        return None
    return answer(stick.node, cluster, payload)


def _nwk_update(stick: Stick, payload: bytes) -> bytes | None:
    reader = Reader(payload)
    channels, duration = reader.u32(), reader.u8()
    if duration <= LONGEST_SCAN:
        return energy_scan(payload, noise=lambda: stick.rng.randint(QUIETEST, LOUDEST))
    chosen = [channel for channel in range(11, 27) if channels >> channel & 1]
    if duration == CHANGE_CHANNEL and chosen and stick.network is not None:
        stick.move(moved(stick.network, chosen[0]), channels)
    return None


def _nwk_addr(stick: Stick, reader: Reader) -> bytes:
    ieee = reader.u64()
    payload = u64(ieee) + reader.rest()
    tsn = stick.next_tsn()
    if ieee == stick.ieee:
        stick.answer_itself(Zdo.NWK_ADDR, tsn, answer(stick.node, Zdo.NWK_ADDR, payload))
    else:
        _broadcast(stick, Zdo.NWK_ADDR, payload, tsn)
    return u8(SUCCESS)


def _ieee_addr(stick: Stick, reader: Reader) -> bytes:
    nwk = reader.u16()
    return _ask(stick, nwk, Zdo.IEEE_ADDR, u16(nwk) + reader.rest())


def _relay(cluster: Zdo) -> Handler:
    def handler(stick: Stick, reader: Reader) -> bytes:
        return _ask(stick, reader.u16(), cluster, reader.rest())

    return handler


def _bind(cluster: Zdo) -> Handler:
    def handler(stick: Stick, reader: Reader) -> bytes:
        dst = reader.u16()
        head = reader.take(11)  # Source address, source endpoint, cluster.
        mode = reader.u8()
        # The API pads a group's two bytes to the length of an IEEE address and endpoint.
        target = reader.take(2) if mode == 0x01 else reader.take(9)
        return _ask(stick, dst, cluster, head + u8(mode) + target)

    return handler


def _mgmt_leave(stick: Stick, reader: Reader) -> bytes:
    dst, ieee = reader.u16(), reader.u64()
    flags = reader.u8()
    # The API's bits 0 and 1 are the frame's bits 7 and 6.
    on_air = (0x80 if flags & 0x01 else 0) | (0x40 if flags & 0x02 else 0) | (flags & 0xC0)
    return _ask(stick, dst, Zdo.MGMT_LEAVE, u64(ieee) + u8(on_air))


def _permit_join(stick: Stick, reader: Reader) -> bytes:
    reader.u8()  # Address mode
    dst, seconds = reader.u16(), reader.u8()
    device = stick.air.reachable(dst)
    tsn = stick.next_tsn()
    stick.permit(seconds)
    if device is None or dst >= ALL_COORDINATORS:
        # The answer's source is the stick, even where the request was a broadcast.
        stick.answer_itself(Zdo.MGMT_PERMIT_JOIN, tsn, u8(SUCCESS))
    else:
        done = u8(SUCCESS)
        request = Zdo.MGMT_PERMIT_JOIN | 0x8000
        stick.later(0, lambda: stick.hear_zdo(dst, request, tsn, done, broadcast=False))
    return u8(SUCCESS)


def _mgmt_nwk_update(stick: Stick, reader: Reader) -> bytes:
    dst = reader.u16()
    reader.u8()  # Address mode
    return _ask(stick, dst, Zdo.MGMT_NWK_UPDATE, reader.rest())


def _startup(stick: Stick, reader: Reader) -> bytes:
    reader.u16()
    known = stick.memory.on_network and stick.memory.network() is not None
    stick.later(DEFAULT_START_DELAY_S, lambda: start(stick))
    return u8(RESTORED_NETWORK if known else NEW_NETWORK)


def _callback_register(stick: Stick, reader: Reader) -> bytes:
    stick.zdo_clusters.add(reader.u16())
    return u8(SUCCESS)


def _callback_remove(stick: Stick, reader: Reader) -> bytes:
    stick.zdo_clusters.discard(reader.u16())
    return u8(SUCCESS)


def _route_check(stick: Stick, reader: Reader) -> bytes:
    return u8(SUCCESS if stick.air.reachable(reader.u16()) else NO_ENTRY)


def _nwk_info(stick: Stick, reader: Reader) -> bytes:
    del reader
    network = stick.network or stick.memory.network()
    pan_id, ext, channel = (
        (network.pan_id, network.ext_pan_id, network.channel) if network else (0xFFFF, 0, 0)
    )
    place = u16(0x0000) + u8(stick.state) + u16(pan_id) + u16(0x0000)
    return place + u64(ext) + u64(0) + u8(channel)


def _find_group(stick: Stick, reader: Reader) -> bytes:
    endpoint, group = reader.u8(), reader.u16()
    known = (endpoint, group) in stick.groups
    return u8(SUCCESS if known else FAILURE) + u16(group) + u8(0)  # Our groups have no names.


def _add_group(stick: Stick, reader: Reader) -> bytes:
    stick.groups.add((reader.u8(), reader.u16()))
    return u8(SUCCESS)


def _accepted(stick: Stick, reader: Reader) -> bytes:
    del stick, reader
    return u8(SUCCESS)


def _ask(stick: Stick, dst: int, cluster: int, payload: bytes) -> bytes:
    tsn = stick.next_tsn()
    if dst == 0x0000:
        stick.answer_itself(cluster, tsn, own_answer(stick, cluster, payload, broadcast=False))
    elif dst >= ALL_COORDINATORS:
        own_answer(stick, cluster, payload, broadcast=True)
        _broadcast(stick, cluster, payload, tsn)
    else:
        stick.transmit_zdo(dst, cluster, payload, tsn)
    return u8(SUCCESS)


def _broadcast(stick: Stick, cluster: int, payload: bytes, tsn: int) -> None:
    down = Downlink(0, 0, cluster, u8(tsn) + payload, stick.read_ns, broadcast=True)
    stick.air.broadcast(down)


HANDLERS: Mapping[int, Handler] = {
    0x2500: _nwk_addr,
    0x2501: _ieee_addr,
    0x2502: _relay(Zdo.NODE_DESC),
    0x2503: _relay(Zdo.POWER_DESC),
    0x2504: _relay(Zdo.SIMPLE_DESC),
    0x2505: _relay(Zdo.ACTIVE_EP),
    0x2506: _relay(Zdo.MATCH_DESC),
    0x2521: _bind(Zdo.BIND),
    0x2522: _bind(Zdo.UNBIND),
    0x2531: _relay(Zdo.MGMT_LQI),
    0x2532: _relay(Zdo.MGMT_RTG),
    0x2533: _relay(Zdo.MGMT_BIND),
    0x2534: _mgmt_leave,
    0x2536: _permit_join,
    0x2537: _mgmt_nwk_update,
    0x253E: _callback_register,
    0x253F: _callback_remove,
    0x2540: _startup,
    0x2545: _accepted,  # ZDO_EXT_ROUTE_DISC
    0x2546: _route_check,
    0x254A: _find_group,
    0x254B: _add_group,
    0x2550: _nwk_info,
}
