"""Zigbee Device Objects: what a node says about itself. Pure.

Source: Zigbee specification (05-3474), chapter 2.4; responses are request | 0x8000.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from .kinds import Endpoint
from .wire import Reader, u8, u16, u16_list, u32, u64

Row = TypeVar("Row")


class Zdo(IntEnum):
    NWK_ADDR = 0x0000
    IEEE_ADDR = 0x0001
    NODE_DESC = 0x0002
    POWER_DESC = 0x0003
    SIMPLE_DESC = 0x0004
    ACTIVE_EP = 0x0005
    MATCH_DESC = 0x0006
    DEVICE_ANNCE = 0x0013
    BIND = 0x0021
    UNBIND = 0x0022
    MGMT_LQI = 0x0031
    MGMT_RTG = 0x0032
    MGMT_BIND = 0x0033
    MGMT_LEAVE = 0x0034
    MGMT_PERMIT_JOIN = 0x0036
    MGMT_NWK_UPDATE = 0x0038


RESPONSE = 0x8000

SUCCESS = 0x00
DEVICE_NOT_FOUND = 0x81
NOT_ACTIVE = 0x83
NOT_SUPPORTED = 0x84
NO_ENTRY = 0x88

COORDINATOR = 0
ROUTER = 1
END_DEVICE = 2

_CAPABILITY = {COORDINATOR: 0x8F, ROUTER: 0x8E}
_SLEEPY_CAPABILITY = 0x80
_MAINS_END_DEVICE = 0x8C
_REVISION_22 = 22 << 9  # Stack compliance revision in the server mask: Zigbee 3.0.
_NEIGHBORS_MAX = 3  # As many 22 byte records as fit one unfragmented frame.
_ROUTES_MAX = 10
_BINDINGS_MAX = 3


@dataclass(frozen=True, slots=True)
class Binding:
    """One row of a binding table; a group binding has no endpoint."""

    endpoint: int
    cluster: int
    target: int
    target_endpoint: int | None


@dataclass(frozen=True, slots=True)
class Neighbor:
    ieee: int
    nwk: int
    role: int
    sleepy: bool
    lqi: int


@dataclass(frozen=True, slots=True)
class Node:
    """Everything a node needs to answer ZDO requests about itself."""

    ieee: int
    nwk: int
    role: int
    sleepy: bool
    mains: bool
    manufacturer_code: int
    endpoints: Sequence[Endpoint]
    bindings: Sequence[Binding] = ()
    neighbors: Sequence[Neighbor] = ()
    ext_pan_id: int = 0

    @property
    def capability(self) -> int:
        if self.role in _CAPABILITY:
            return _CAPABILITY[self.role]
        return _SLEEPY_CAPABILITY if self.sleepy else _MAINS_END_DEVICE


def answer(node: Node, cluster: int, payload: bytes) -> bytes | None:
    """Return the response payload without its TSN, or None where a node stays silent.

    Errors: ShortFrameError when the request ends too early.
    """
    handler = _ANSWERS.get(cluster)
    if handler is None:
        return u8(NOT_SUPPORTED)
    return handler(node, Reader(payload))


def announcement(node: Node) -> bytes:
    """Return the body of a Device_annce."""
    return u16(node.nwk) + u64(node.ieee) + u8(node.capability)


def decode_binding(payload: bytes) -> tuple[int, Binding]:
    """Return the source IEEE address and the row that a Bind or Unbind request names."""
    reader = Reader(payload)
    source, endpoint, cluster, mode = reader.u64(), reader.u8(), reader.u16(), reader.u8()
    if mode == 0x01:
        return source, Binding(endpoint, cluster, reader.u16(), None)
    return source, Binding(endpoint, cluster, reader.u64(), reader.u8())


def energy_scan(payload: bytes, *, noise: Callable[[], int]) -> bytes:
    """Return an energy scan's result: Mgmt_NWK_Update_notify without TSN."""
    channels = Reader(payload).u32()
    scanned = [channel for channel in range(11, 27) if channels >> channel & 1]
    energies = bytes(noise() for _ in scanned)
    return u8(SUCCESS) + u32(channels) + u16(120) + u16(3) + u8(len(scanned)) + energies


def _address(node: Node, reader: Reader) -> bytes:
    head = u8(SUCCESS) + u64(node.ieee) + u16(node.nwk)
    extended = reader.left >= 1 and reader.u8() == 0x01
    return head + (u8(0) + u8(0) if extended else b"")


def _nwk_addr(node: Node, reader: Reader) -> bytes | None:
    return _address(node, reader) if reader.u64() == node.ieee else None


def _ieee_addr(node: Node, reader: Reader) -> bytes | None:
    return _address(node, reader) if reader.u16() == node.nwk else None


def _about(node: Node, reader: Reader, body: bytes) -> bytes:
    asked = reader.u16()
    if asked != node.nwk:
        return u8(DEVICE_NOT_FOUND) + u16(asked)
    return u8(SUCCESS) + u16(node.nwk) + body


def _node_desc(node: Node, reader: Reader) -> bytes:
    descriptor = (
        u8(node.role)
        + u8(0x40)  # 2.4 GHz band
        + u8(node.capability)
        + u16(node.manufacturer_code)
        + u8(82)  # Largest frame the node takes in one buffer.
        + u16(128 if node.role == COORDINATOR else 82)
        + u16(_REVISION_22 | (0x41 if node.role == COORDINATOR else 0))
        + u16(128 if node.role == COORDINATOR else 82)
        + u8(0)
    )
    return _about(node, reader, descriptor)


def _power_desc(node: Node, reader: Reader) -> bytes:
    return _about(node, reader, u16(0xC110 if node.mains else 0xC440))


def _active_ep(node: Node, reader: Reader) -> bytes:
    numbers = bytes(endpoint.number for endpoint in node.endpoints)
    return _about(node, reader, u8(len(numbers)) + numbers)


def _simple_desc(node: Node, reader: Reader) -> bytes:
    asked, number = reader.u16(), reader.u8()
    if asked != node.nwk:
        return u8(DEVICE_NOT_FOUND) + u16(asked) + u8(0)
    found = next((e for e in node.endpoints if e.number == number), None)
    if found is None:
        return u8(NOT_ACTIVE) + u16(node.nwk) + u8(0)
    body = (
        u8(found.number)
        + u16(found.profile)
        + u16(found.device_id)
        + u8(1)  # Device version
        + u16_list(found.inputs)
        + u16_list(found.outputs)
    )
    return u8(SUCCESS) + u16(node.nwk) + u8(len(body)) + body


def _match_desc(node: Node, reader: Reader) -> bytes:
    reader.u16()
    profile = reader.u16()
    inputs = {reader.u16() for _ in range(reader.u8())}
    outputs = {reader.u16() for _ in range(reader.u8())}
    numbers = bytes(
        endpoint.number
        for endpoint in node.endpoints
        if endpoint.profile == profile
        and (inputs.intersection(endpoint.inputs) or outputs.intersection(endpoint.outputs))
    )
    return u8(SUCCESS) + u16(node.nwk) + u8(len(numbers)) + numbers


def _page(rows: Sequence[Row], reader: Reader, size: int, encode: Callable[[Row], bytes]) -> bytes:
    start = reader.u8()
    part = rows[start : start + size]
    head = u8(SUCCESS) + u8(len(rows)) + u8(start) + u8(len(part))
    return head + b"".join(encode(row) for row in part)


def _mgmt_lqi(node: Node, reader: Reader) -> bytes:
    def encode(row: Neighbor) -> bytes:
        relation = 0x01 if row.role == END_DEVICE else 0x02
        packed = row.role | (0 if row.sleepy else 1) << 2 | relation << 4
        place = u64(node.ext_pan_id) + u64(row.ieee) + u16(row.nwk)
        return place + u8(packed) + u8(0x02) + u8(1) + u8(row.lqi)

    return _page(node.neighbors, reader, _NEIGHBORS_MAX, encode)


def _mgmt_rtg(node: Node, reader: Reader) -> bytes:
    routers = [row for row in node.neighbors if row.role == ROUTER]
    return _page(routers, reader, _ROUTES_MAX, lambda r: u16(r.nwk) + u8(0) + u16(r.nwk))


def _mgmt_bind(node: Node, reader: Reader) -> bytes:
    def encode(row: Binding) -> bytes:
        head = u64(node.ieee) + u8(row.endpoint) + u16(row.cluster)
        if row.target_endpoint is None:
            return head + u8(0x01) + u16(row.target)
        return head + u8(0x03) + u64(row.target) + u8(row.target_endpoint)

    return _page(node.bindings, reader, _BINDINGS_MAX, encode)


def _accepted(node: Node, reader: Reader) -> bytes:
    del node, reader
    return u8(SUCCESS)


_ANSWERS: Mapping[int, Callable[[Node, Reader], bytes | None]] = {
    Zdo.NWK_ADDR: _nwk_addr,
    Zdo.IEEE_ADDR: _ieee_addr,
    Zdo.NODE_DESC: _node_desc,
    Zdo.POWER_DESC: _power_desc,
    Zdo.SIMPLE_DESC: _simple_desc,
    Zdo.ACTIVE_EP: _active_ep,
    Zdo.MATCH_DESC: _match_desc,
    Zdo.BIND: _accepted,
    Zdo.UNBIND: _accepted,
    Zdo.MGMT_LQI: _mgmt_lqi,
    Zdo.MGMT_RTG: _mgmt_rtg,
    Zdo.MGMT_BIND: _mgmt_bind,
    Zdo.MGMT_LEAVE: _accepted,
}
