"""The stick's flash: OSAL items, extended tables, and what a reset does to them.

Owns presence, length and content of every NV item. Knows nothing of MT commands.
Source: TI "Z-Stack Monitor and Test API" (SYS_OSAL_NV_*, SYS_NV_*), ZComDef.h item numbers.
"""

from random import Random
from typing import Final

from .network import Network, blank_nib, network_of, nib_with
from .wire import u8, u16, u32, u64

EXTADDR: Final = 0x0001
STARTUP_OPTION: Final = 0x0003
NIB: Final = 0x0021
EXTENDED_PAN_ID: Final = 0x002D
ACTIVE_KEY: Final = 0x003A
ALTERNATE_KEY: Final = 0x003B
APS_USE_EXT_PANID: Final = 0x0047
APS_LINK_KEY_TABLE: Final = 0x004C
ON_NETWORK: Final = 0x0055
PRECFGKEY: Final = 0x0062
NWKKEY: Final = 0x0082
PANID: Final = 0x0083
CHANLIST: Final = 0x0084
TCLK_SEED: Final = 0x0101

CLEAR_CONFIG: Final = 0x01
CLEAR_STATE: Final = 0x02

ZSTACK_SYSTEM: Final = 1
LEGACY: Final = 0
ADDRMGR: Final = 1
TCLK: Final = 4
APS_KEYS: Final = 6
SECURITY_MATERIAL: Final = 7

DEFAULT_CHANNELS: Final = 1 << 11
NO_ADDRESS: Final = 0xFFFFFFFFFFFFFFFF

_EMPTY_ADDRESS = b"\xff\xff" + u16(0xFFFF) + u64(NO_ADDRESS)
_EMPTY_TCLK = u32(0) + u32(0) + u64(0) + b"\xff\x00\x00\x00"

# Rows and the empty row of each extended table, in the sizes of the CC2652 builds in the field.
_TABLES: Final = {
    ADDRMGR: (257, _EMPTY_ADDRESS),
    TCLK: (200, _EMPTY_TCLK),
    APS_KEYS: (3, bytes(24)),
    SECURITY_MATERIAL: (12, bytes(12)),
}

_CONFIG_DEFAULTS: Final = {
    EXTENDED_PAN_ID: u64(NO_ADDRESS),
    0x0030: u8(30),  # BCAST_DELIVERY_TIME, 100 ms units
    0x0032: u8(0),  # CONCENTRATOR_ENABLE
    0x0033: u8(0),  # CONCENTRATOR_DISCOVERY
    0x0036: u8(1),  # CONCENTRATOR_RC
    0x0038: u8(255),  # SRC_RTG_EXPIRY_TIME
    0x003E: u8(1),  # NWK_CHILD_AGE_ENABLE
    APS_USE_EXT_PANID: u64(0),
    PRECFGKEY: bytes.fromhex("01030507090b0d0f00020406080a0c0d"),
    0x0063: u8(1),  # PRECFGKEYS_ENABLE
    PANID: u16(0xFFFF),
    CHANLIST: u32(DEFAULT_CHANNELS),
    0x0087: u8(0),  # LOGICAL_TYPE: coordinator
    0x008F: u8(0),  # ZDO_DIRECT_CB
}

_ADDR_ASSOCIATED = 0x01
_ADDR_SECURITY = 0x02
_KEY_VERIFIED = 2

OsalItems = dict[int, bytearray]
TableKey = tuple[int, int, int]


class Memory:
    """NV items of one stick; `dirty` tells the owner to store them."""

    def __init__(self, factory_ieee: int, rng: Random) -> None:
        self.factory_ieee = factory_ieee
        self._rng = rng
        self.items: OsalItems = {}
        self.rows: dict[TableKey, bytearray] = {}
        self.dirty = True
        self.boot()

    def boot(self) -> None:
        """Do what the firmware does with its flash after every reset."""
        option = self.items.get(STARTUP_OPTION, bytearray(1))[0]
        if option & CLEAR_STATE:
            self._clear_state()
        if option & CLEAR_CONFIG:
            self._clear_config()
        self._create_missing()
        self.put(STARTUP_OPTION, u8(0))

    def put(self, item: int, value: bytes) -> None:
        self.items[item] = bytearray(value)
        self.dirty = True

    def get(self, item: int) -> bytes | None:
        value = self.items.get(item)
        return None if value is None else bytes(value)

    def delete(self, item: int) -> None:
        self.items.pop(item, None)
        self.dirty = True

    def cell(self, system: int, item: int, sub: int) -> bytearray | None:
        """Return one extended item, or None; item 0 is another door to the OSAL items."""
        if system == ZSTACK_SYSTEM and item == LEGACY:
            return self.items.get(sub)
        return self.rows.get((system, item, sub))

    def put_cell(self, system: int, item: int, sub: int, value: bytes) -> None:
        if system == ZSTACK_SYSTEM and item == LEGACY:
            self.put(sub, value)
            return
        self.rows[system, item, sub] = bytearray(value)
        self.dirty = True

    def delete_cell(self, system: int, item: int, sub: int) -> None:
        if system == ZSTACK_SYSTEM and item == LEGACY:
            self.delete(sub)
            return
        self.rows.pop((system, item, sub), None)
        self.dirty = True

    @property
    def ieee(self) -> int:
        return int.from_bytes(self.items[EXTADDR], "little")

    @property
    def on_network(self) -> bool:
        flag = self.items.get(ON_NETWORK)
        return flag is not None and flag[0] == 1

    def network(self) -> Network | None:
        """Return the network written in flash, whoever wrote it: the firmware or the host."""
        active = self.items.get(ACTIVE_KEY)
        key = bytes(active[1:17]) if active is not None and len(active) >= 17 else bytes(16)
        return network_of(self.get(NIB), key)

    def form(self, channels: int) -> Network:
        """Choose a network from the configuration items and write it down."""
        network = self._chosen(channels)
        self.store_network(network, channels)
        key = u8(0) + network.key
        self.put(ACTIVE_KEY, key)
        self.put(ALTERNATE_KEY, key)
        self.put(NWKKEY, key + bytes(3) + u32(0))
        self.put(EXTENDED_PAN_ID, u64(network.ext_pan_id))
        self.put(ON_NETWORK, u8(1))
        material = u32(1250) + u64(network.ext_pan_id)
        self.put_cell(ZSTACK_SYSTEM, SECURITY_MATERIAL, 0, material)
        return network

    def store_network(self, network: Network, channels: int) -> None:
        nib = self.get(NIB) or blank_nib()
        self.put(NIB, nib_with(nib, network, ieee=self.ieee, channels=channels))

    def remember(self, *, ieee: int, nwk: int, child: bool) -> None:
        """Write a joined device into the address manager and the link key table."""
        kind = _ADDR_SECURITY | (_ADDR_ASSOCIATED if child else 0)
        row = u8(kind) + b"\xff" + u16(nwk) + u64(ieee)
        self._put_row(ADDRMGR, ieee, 4, _EMPTY_ADDRESS, row)
        key = u32(0) + u32(0) + u64(ieee) + u8(_KEY_VERIFIED) + u8(0) + u8(0) + b"\x00"
        self._put_row(TCLK, ieee, 8, _EMPTY_TCLK, key)

    def forget(self, ieee: int) -> None:
        """Empty the rows of a device that left."""
        for table, at in ((ADDRMGR, 4), (TCLK, 8)):
            sub = self._row_of(table, ieee, at)
            if sub is not None:
                self.put_cell(ZSTACK_SYSTEM, table, sub, _TABLES[table][1])

    def dump(self) -> dict[str, object]:
        """Return the flash as JSON values."""
        return {
            "factory_ieee": f"{self.factory_ieee:016x}",
            "items": {f"{item:04x}": value.hex() for item, value in self.items.items()},
            "rows": {
                f"{system:02x}.{item:04x}.{sub:04x}": value.hex()
                for (system, item, sub), value in self.rows.items()
            },
        }

    def load(self, *, factory_ieee: int, items: dict[str, str], rows: dict[str, str]) -> None:
        """Replace the flash by a dump; a bad hex digit raises ValueError."""
        self.factory_ieee = factory_ieee
        self.items = {int(item, 16): bytearray.fromhex(value) for item, value in items.items()}
        self.rows = {}
        for key, value in rows.items():
            system, item, sub = key.split(".")
            self.rows[int(system, 16), int(item, 16), int(sub, 16)] = bytearray.fromhex(value)
        self._create_missing()

    def _chosen(self, channels: int) -> Network:
        pan_id = int.from_bytes(self.items[PANID], "little")
        if pan_id >= 0xFFFE:
            pan_id = self._rng.randrange(1, 0xFFF0)
        ext_pan_id = int.from_bytes(self.items[APS_USE_EXT_PANID], "little")
        if ext_pan_id in (0, NO_ADDRESS):
            ext_pan_id = self.ieee  # Z-Stack uses its own address when it was told none.
        usable = [channel for channel in range(11, 27) if channels >> channel & 1]
        channel = self._rng.choice(usable or [11])
        return Network(pan_id, ext_pan_id, bytes(self.items[PRECFGKEY]), channel)

    def _clear_state(self) -> None:
        for item in (NIB, ACTIVE_KEY, ALTERNATE_KEY, NWKKEY, ON_NETWORK, TCLK_SEED):
            self.items.pop(item, None)
        self.rows.clear()

    def _clear_config(self) -> None:
        for item in (*_CONFIG_DEFAULTS, EXTADDR):
            self.items.pop(item, None)

    def _create_missing(self) -> None:
        for item, value in _CONFIG_DEFAULTS.items():
            if item not in self.items:
                self.put(item, value)
        state = {
            EXTADDR: u64(self.factory_ieee),
            NIB: blank_nib(),
            ACTIVE_KEY: bytes(17),
            ALTERNATE_KEY: bytes(17),
            APS_LINK_KEY_TABLE: bytes(20),
            ON_NETWORK: u8(0),
            NWKKEY: bytes(24),
            TCLK_SEED: self._rng.randbytes(16),
        }
        for item, value in state.items():
            if item not in self.items:
                self.put(item, value)
        for table, (count, empty) in _TABLES.items():
            for sub in range(count):
                self.rows.setdefault((ZSTACK_SYSTEM, table, sub), bytearray(empty))

    def _row_of(self, table: int, ieee: int, at: int) -> int | None:
        wanted = u64(ieee)
        for sub in range(_TABLES[table][0]):
            row = self.rows.get((ZSTACK_SYSTEM, table, sub))
            if row is not None and row[at : at + 8] == wanted:
                return sub
        return None

    def _put_row(self, table: int, ieee: int, at: int, empty: bytes, row: bytes) -> None:
        sub = self._row_of(table, ieee, at)
        if sub is None:
            count = _TABLES[table][0]
            free = (i for i in range(count) if self.rows[ZSTACK_SYSTEM, table, i] == empty)
            sub = next(free, count - 1)
        self.put_cell(ZSTACK_SYSTEM, table, sub, row)
