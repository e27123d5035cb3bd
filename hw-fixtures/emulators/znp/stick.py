"""The coordinator's firmware: its state, its reset, and the door through which MT frames go.

Owns what a reset drops (endpoints, callbacks, the running network) and what it keeps (flash).
The commands themselves are in the mt_* modules; the radio is the air's.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from random import Random

from .air import Air
from .frames import SREQ, SRSP, SUBSYSTEM_MASK, Decoder, MtFrame
from .kinds import Endpoint
from .memory import Memory
from .network import Network
from .packets import Done, Downlink, Outcome, Uplink, no_confirm
from .port import Port
from .wire import Reader, ShortFrameError, u8, u16, u32, u64
from .zdo import COORDINATOR, RESPONSE, Binding, Node, Zdo

STATE_HOLD = 0
STATE_STARTING = 8
STATE_COORDINATOR = 9

RESET_POWER_UP = 0
RESET_EXTERNAL = 1
RESET_WATCHDOG = 2

# Transport 2, product 1 (Z-Stack 3.x.0), release 2.7.1: the CC2652 line.
TRANSPORT, PRODUCT, MAJOR, MINOR, MAINTENANCE = 2, 1, 2, 7, 1
REVISION = 20240710  # The build date, which hosts compare with the dates of known changes.

RPC_ERROR = 0x6000
RPC_UNKNOWN_COMMAND = 0x02
RPC_BAD_LENGTH = 0x04

SYS_RESET_IND = 0x4180
AF_DATA_CONFIRM = 0x4480
AF_INCOMING = 0x4481
ZDO_STATE_CHANGE = 0x45C0
ZDO_ANNOUNCE = 0x45C1
ZDO_LEAVE = 0x45C9
ZDO_TC_DEVICE = 0x45CA
ZDO_MESSAGE = 0x45FF

ALL_ZDO = 0xFFFF
PERMIT_FOREVER = 0xFF
RESET_TAKES_S = 0.005
INCOMING_DATA_MAX = 229  # What is left of 250 bytes beside AF_INCOMING_MSG's own fields.

Emit = Callable[[dict[str, object]], None]
Handler = Callable[["Stick", Reader], bytes | None]


class Stick:
    """One emulated stick; `handlers` is the firmware's command table."""

    def __init__(
        self,
        *,
        loop: AbstractEventLoop,
        memory: Memory,
        air: Air,
        rng: Random,
        handlers: Mapping[int, Handler],
        emit: Emit,
    ) -> None:
        self.loop = loop
        self.memory = memory
        self.air = air
        self.rng = rng
        self.emit = emit
        self._handlers = handlers
        self._port: Port | None = None
        self._decoder = Decoder()
        self.hung = False
        self.formation_failures = 0
        self.bindings: list[Binding] = []
        self.channels = 0
        self.read_ns = 0
        self.epoch = 0
        self._tsn = 0
        self._forget()
        air.attach(self)

    def attach(self, port: Port) -> None:
        self._port = port

    def _forget(self) -> None:
        self.epoch += 1
        self.state = STATE_HOLD
        self.endpoints: dict[int, Endpoint] = {}
        self.zdo_clusters: set[int] = set()
        self.groups: set[tuple[int, int]] = set()
        self._permit_until = 0.0
        self._network: Network | None = None

    @property
    def running(self) -> bool:
        return self.state == STATE_COORDINATOR

    @property
    def permits(self) -> bool:
        return self.running and self.loop.time() < self._permit_until

    @property
    def network(self) -> Network | None:
        return self._network

    @property
    def ieee(self) -> int:
        return self.memory.ieee

    @property
    def node(self) -> Node:
        return Node(
            ieee=self.ieee,
            nwk=0x0000,
            role=COORDINATOR,
            sleepy=False,
            mains=True,
            manufacturer_code=0x000D,  # Texas Instruments
            endpoints=tuple(self.endpoints.values()),
            bindings=self.bindings,
            neighbors=self.air.neighbors(),
            ext_pan_id=self._network.ext_pan_id if self._network else 0,
        )

    # The serial line.

    def receive(self, chunk: bytes, read_ns: int) -> None:
        """Take bytes that the host wrote; `read_ns` is when they were read."""
        if self.hung:
            return
        self.read_ns = read_ns
        for frame in self._decoder.feed(chunk):
            self._dispatch(frame)

    def _dispatch(self, frame: MtFrame) -> None:
        handler = self._handlers.get(frame.code)
        if handler is None:
            self._refuse(frame, RPC_UNKNOWN_COMMAND)
            return
        try:
            answer = handler(self, Reader(frame.data))
        except ShortFrameError:
            self._refuse(frame, RPC_BAD_LENGTH)
            return
        if answer is not None and frame.kind == SREQ:
            self._write(MtFrame(SRSP | frame.cmd0 & SUBSYSTEM_MASK, frame.cmd1, answer))

    def _refuse(self, frame: MtFrame, error: int) -> None:
        # Only a synchronous request is owed an answer.
        if frame.kind == SREQ:
            body = u8(error) + u8(frame.cmd0) + u8(frame.cmd1)
            self._write(MtFrame(RPC_ERROR >> 8, RPC_ERROR & 0xFF, body))

    def areq(self, code: int, data: bytes) -> None:
        """Tell the host something it did not ask for."""
        self._write(MtFrame(code >> 8, code & 0xFF, data))

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Do something after the answer has gone, unless a reset comes first."""
        epoch = self.epoch

        def due() -> None:
            if epoch == self.epoch:
                call()

        self.loop.call_later(delay_s, due)

    def _write(self, frame: MtFrame, done: Done | None = None, *, corrupt: bool = False) -> None:
        if self.hung or self._port is None:
            if done is not None:
                done(Outcome(why="the stick does not answer"))
            return
        data = frame.encode()
        if corrupt:
            data = data[:-1] + bytes((data[-1] ^ 0x01,))
        if done is None:
            self._port.send(data)
            return
        told = done

        def written(at_ns: int | None) -> None:
            told(Outcome(at_ns, "" if at_ns is not None else "no host took the frame"))

        self._port.send(data, written)

    # Power and state.

    def boot(self, reason: int) -> None:
        """Restart the firmware: flash stays, everything else is lost, and the host is told."""
        self._forget()
        self._decoder.clear()
        self.memory.boot()
        epoch = self.epoch

        def up() -> None:
            if epoch == self.epoch:
                body = u8(reason) + bytes((TRANSPORT, PRODUCT, MAJOR, MINOR, MAINTENANCE))
                self.areq(SYS_RESET_IND, body)

        self.loop.call_later(RESET_TAKES_S, up)

    def power_off(self) -> None:
        """Lose power with the port: nothing is said, flash stays."""
        self._forget()
        self._decoder.clear()
        self.memory.boot()

    def run(self, network: Network) -> None:
        """Be the coordinator of this network from now on."""
        self._network = network
        self.set_state(STATE_COORDINATOR)

    def set_state(self, state: int) -> None:
        self.state = state
        self.areq(ZDO_STATE_CHANGE, u8(state))

    def move(self, network: Network, channels: int) -> None:
        """Follow a channel change; devices follow by themselves."""
        self.memory.store_network(network, channels)
        self._network = network

    def permit(self, seconds: int) -> None:
        """Open or close the network to new devices."""
        forever = seconds == PERMIT_FOREVER
        self._permit_until = float("inf") if forever else self.loop.time() + seconds
        self.emit({"event": "permit", "open": seconds > 0, "duration_s": seconds})
        if seconds:
            self.loop.call_soon(self.air.admit_waiting)

    def next_tsn(self) -> int:
        self._tsn = (self._tsn + 1) & 0xFF
        return self._tsn

    # From the air.

    def hear_zcl(self, uplink: Uplink, done: Done) -> None:
        """Pass a device's frame to the host as AF_INCOMING_MSG."""
        if uplink.dst_ep not in self.endpoints:
            done(Outcome(why=f"endpoint {uplink.dst_ep} is not registered"))
            return
        if len(uplink.data) > INCOMING_DATA_MAX:
            done(Outcome(why=f"{len(uplink.data)} bytes do not fit AF_INCOMING_MSG"))
            return
        body = (
            u16(0)  # Group: none
            + u16(uplink.cluster)
            + u16(uplink.src_nwk)
            + u8(uplink.src_ep)
            + u8(uplink.dst_ep)
            + u8(0)  # Not a broadcast
            + u8(uplink.lqi)
            + u8(0)  # APS security: not used by devices of this class
            + u32(int(self.loop.time() * 3125) & 0xFFFFFFFF)  # 320 us ticks
            + u8(self.next_tsn())
            + u8(len(uplink.data))
            + uplink.data
            # The MAC source and the radius are on the wire but not in TI's document.
            + u16(uplink.src_nwk)
            + u8(uplink.radius)
        )
        frame = MtFrame(AF_INCOMING >> 8, AF_INCOMING & 0xFF, body)
        self._write(frame, done, corrupt=uplink.corrupt)

    def hear_zdo(
        self, src: int, cluster: int, tsn: int, payload: bytes, *, broadcast: bool
    ) -> None:
        """Pass a ZDO message to the host, in both of the firmware's dialects."""
        if not self.running:
            return
        specific = zdo_areq(src, cluster, payload)
        if specific is not None:
            self.areq(*specific)
        if ALL_ZDO in self.zdo_clusters or cluster in self.zdo_clusters:
            self.areq(
                ZDO_MESSAGE,
                u16(src)
                + u8(int(broadcast))
                + u16(cluster)
                + u8(0)
                + u8(tsn)
                + u16(0xFFFD if broadcast else 0x0000)
                + payload,
            )

    def device_joined(self, *, nwk: int, ieee: int, child: bool) -> None:
        """Tell the host that the trust centre has seen a device."""
        self.memory.remember(ieee=ieee, nwk=nwk, child=child)
        self.areq(ZDO_TC_DEVICE, u16(nwk) + u64(ieee) + u16(0x0000))

    def device_left(self, *, nwk: int, ieee: int, rejoin: bool) -> None:
        """Tell the host that a device goes."""
        if not rejoin:
            self.memory.forget(ieee)
        self.areq(ZDO_LEAVE, u16(nwk) + u64(ieee) + u8(0) + u8(0) + u8(int(rejoin)))

    def answer_itself(self, cluster: int, tsn: int, body: bytes | None) -> None:
        """Give the stick's own ZDO answer back to the host."""
        if body is not None:
            answer = body
            self.later(
                0,
                lambda: self.hear_zdo(0, cluster | RESPONSE, tsn, answer, broadcast=False),
            )

    def transmit_zdo(self, dst: int, cluster: int, payload: bytes, tsn: int) -> None:
        """Send a ZDO request on the air; ZDO frames are never confirmed to the host."""
        down = Downlink(0, 0, cluster, u8(tsn) + payload, self.read_ns)
        self.air.unicast(dst, down, no_confirm)


def zdo_areq(src: int, cluster: int, payload: bytes) -> tuple[int, bytes] | None:
    """Return the specific AREQ for a ZDO message, or None where the API has none.

    Source: MT API, "ZDO callbacks": code 0x4580 plus the request's cluster number.
    """
    if cluster == Zdo.DEVICE_ANNCE:
        return ZDO_ANNOUNCE, u16(src) + payload
    if not cluster & RESPONSE:
        return None
    request = cluster & ~RESPONSE
    code = 0x4580 | request
    if request in (Zdo.NWK_ADDR, Zdo.IEEE_ADDR):
        # These two carry no source but always the two list fields.
        return code, payload if len(payload) > 11 else payload + u8(0) + u8(0)
    return code, u16(src) + payload
