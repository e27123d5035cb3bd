"""The network a stick is on, and the NIB in which Z-Stack keeps it.

Owns the padded C struct. Knows nothing of where it is stored.
Source: Z-Stack `nwkIB_t` as laid out by the ARM compiler (u16 on even, u32 on 4-byte borders).
"""

from dataclasses import dataclass, replace
from struct import Struct

NIB_SIZE = 116
NO_PAN = 0xFFFE
NO_CHANNEL = 0

NWK_ROUTER = 8  # nwkState of a running coordinator.

_PAN = Struct("<H")
_CHANNELS = Struct("<I")

# Offsets into the aligned struct, counted field by field from nwkIB_t.
_AT_DEV_ADDRESS = 22
_AT_CHANNEL = 24
_AT_COORD_ADDRESS = 26
_AT_COORD_EXT = 28
_AT_PAN = 36
_AT_STATE = 38
_AT_CHANNELS = 40
_AT_DEPTH = 56
_AT_EXT_PAN = 57
_AT_KEY_LOADED = 65
_AT_MANAGER = 110
_AT_UPDATE_ID = 114

# What a CC2652 holds before it joins anything (defaults of nwk_globals.c).
_DEFAULTS: dict[int, int] = {
    1: 5,  # PassiveAckTimeout, 100 ms units
    2: 2,  # MaxBroadcastRetries
    3: 50,  # MaxChildren
    4: 15,  # MaxDepth
    5: 50,  # MaxRouters
    7: 30,  # BroadcastDeliveryTime, 100 ms units
    12: 5,  # SecurityLevel: encryption with a 32 bit MIC
    13: 1,  # SymLink
    14: 0x8F,  # CapabilityFlags
    16: 7,  # TransactionPersistenceTime in seconds: the indirect timeout
    18: 2,  # nwkProtocolVersion
    19: 5,  # RouteDiscoveryTime
    20: 30,  # RouteExpiryTime
    44: 15,  # beaconOrder
    45: 15,  # superFrameOrder
    46: 4,  # scanDuration
    102: 15,  # nwkLinkStatusPeriod
    103: 3,  # nwkRouterAgeLimit
    105: 1,  # nwkIsConcentrator
    106: 120,  # nwkConcentratorDiscoveryTime
}


@dataclass(frozen=True, slots=True)
class Network:
    """What two radios must share to hear each other, plus where and how often it moved."""

    pan_id: int
    ext_pan_id: int
    key: bytes
    channel: int
    update_id: int = 0

    def same_as(self, other: "Network | None") -> bool:
        """Tell whether a device of `other` is on this network, whatever the channel now is."""
        return other is not None and (self.pan_id, self.ext_pan_id, self.key) == (
            other.pan_id,
            other.ext_pan_id,
            other.key,
        )


def blank_nib() -> bytes:
    """Return the NIB of a stick that has never formed a network."""
    nib = bytearray(NIB_SIZE)
    for offset, value in _DEFAULTS.items():
        nib[offset] = value
    _PAN.pack_into(nib, _AT_DEV_ADDRESS, NO_PAN)
    _PAN.pack_into(nib, _AT_COORD_ADDRESS, NO_PAN)
    _PAN.pack_into(nib, _AT_PAN, NO_PAN)
    return bytes(nib)


def nib_with(nib: bytes, network: Network, *, ieee: int, channels: int) -> bytes:
    """Return the NIB of a running coordinator on `network`."""
    out = bytearray(nib)
    _PAN.pack_into(out, _AT_DEV_ADDRESS, 0)
    out[_AT_CHANNEL] = network.channel
    _PAN.pack_into(out, _AT_COORD_ADDRESS, 0)
    out[_AT_COORD_EXT : _AT_COORD_EXT + 8] = ieee.to_bytes(8, "little")
    _PAN.pack_into(out, _AT_PAN, network.pan_id)
    _PAN.pack_into(out, _AT_STATE, NWK_ROUTER)
    _CHANNELS.pack_into(out, _AT_CHANNELS, channels)
    out[_AT_DEPTH] = 0
    out[_AT_EXT_PAN : _AT_EXT_PAN + 8] = network.ext_pan_id.to_bytes(8, "little")
    out[_AT_KEY_LOADED] = 1
    _PAN.pack_into(out, _AT_MANAGER, 0)
    out[_AT_UPDATE_ID] = network.update_id
    return bytes(out)


def network_of(nib: bytes | None, key: bytes) -> Network | None:
    """Return the network that a NIB describes, or None when it describes none."""
    if nib is None or len(nib) != NIB_SIZE or not nib[_AT_KEY_LOADED]:
        return None
    (pan_id,) = _PAN.unpack_from(nib, _AT_PAN)
    if nib[_AT_CHANNEL] == NO_CHANNEL or pan_id == NO_PAN:
        return None
    ext_pan_id = int.from_bytes(nib[_AT_EXT_PAN : _AT_EXT_PAN + 8], "little")
    return Network(pan_id, ext_pan_id, key, nib[_AT_CHANNEL], nib[_AT_UPDATE_ID])


def moved(network: Network, channel: int) -> Network:
    """Return the network after a channel change, as the network manager announces it."""
    return replace(network, channel=channel, update_id=(network.update_id + 1) & 0xFF)
