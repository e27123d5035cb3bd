"""One virtual device: its place in the network, its attributes, its zone, and what it sends.

Owns the device's state. Knows nothing of the serial port; the air carries its frames.
"""

from asyncio import AbstractEventLoop, TimerHandle
from random import Random
from typing import Protocol

from . import clusters
from .foundation import Attributes, default_response
from .home import DeviceSpec
from .kinds import IAS_ACE, IAS_WD, IAS_ZONE, ON_OFF, POLL_CONTROL, POWER, attributes_of
from .network import Network
from .packets import DEFAULT_RADIUS, ZDO_ENDPOINT, Done, Downlink, Outcome, Uplink, ignore
from .wire import Reader, ShortFrameError, format_ieee, u8, u16
from .zcl import Global, Status, ZclFrame, decode_frame
from .zdo import END_DEVICE, ROUTER, Binding, Node, Zdo, answer, decode_binding

HOST_ENDPOINT = 1  # Where a device reports before any binding told it better.
NOT_ENROLLED_ZONE_ID = 0xFF
AWAKE_AFTER_JOIN_S = 30.0
AWAKE_AFTER_SEND_S = 3.0
FAST_POLL_S = 0.25

# Global commands that are answers themselves: answering them would never end.
UNANSWERED = (
    Global.READ_RESPONSE,
    Global.WRITE_RESPONSE,
    Global.CONFIGURE_REPORTING_RESPONSE,
    Global.READ_REPORTING_RESPONSE,
    Global.DEFAULT_RESPONSE,
    Global.DISCOVER_RESPONSE,
)

State = dict[str, object]


class Radio(Protocol):
    """The air, as a device sees it."""

    def up_zcl(self, device: "Device", uplink: Uplink, done: Done) -> None: ...

    def up_zdo(self, device: "Device", cluster: int, tsn: int, payload: bytes) -> None: ...

    def left(self, device: "Device", *, rejoin: bool) -> None: ...

    def woke(self, device: "Device") -> None: ...


class Watcher(Protocol):
    """Who is told what devices do."""

    def emit(self, event: State) -> None: ...


class Device:
    """A device that may be in a drawer, joining, joined, asleep or deaf."""

    def __init__(
        self,
        spec: DeviceSpec,
        *,
        loop: AbstractEventLoop,
        radio: Radio,
        watcher: Watcher,
        rng: Random,
    ) -> None:
        self.spec = spec
        self.model = spec.parts
        self.loop = loop
        self.watcher = watcher
        self._radio = radio
        self.rng = rng
        self.nwk: int | None = None
        self.network: Network | None = None
        self.joining_until: float | None = None
        self.muted = False
        self.failures: list[int] = []
        self.awake_until = 0.0
        self.siren: State | None = None
        self.siren_timer: TimerHandle | None = None
        self._timers: dict[str, TimerHandle] = {}
        self._tsn = rng.randrange(256)
        self._zone_endpoint = next(
            (e.number for e in self.model.endpoints if IAS_ZONE in e.inputs), None
        )
        self.restore_factory()

    def restore_factory(self) -> None:
        """Forget enrolment, bindings and configuration, as a device does when it leaves."""
        values = attributes_of(
            self.model, idle_status=self.spec.idle_status, battery=self.spec.battery
        )
        self.attributes = Attributes(values)
        self.bindings: list[Binding] = []
        self.zone_target = HOST_ENDPOINT
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def role(self) -> int:
        return ROUTER if self.model.mains and not self.spec.sleepy else END_DEVICE

    @property
    def node(self) -> Node:
        return Node(
            ieee=self.spec.ieee,
            nwk=self.nwk if self.nwk is not None else 0xFFFE,
            role=self.role,
            sleepy=self.spec.sleepy,
            mains=self.model.mains,
            manufacturer_code=self.model.manufacturer_code,
            endpoints=self.model.endpoints,
            bindings=self.bindings,
        )

    @property
    def poll_interval_s(self) -> float:
        awake = self.loop.time() < self.awake_until
        return min(FAST_POLL_S, self.spec.poll_s) if awake else self.spec.poll_s

    def stay_awake(self, seconds: float) -> None:
        self.awake_until = max(self.awake_until, self.loop.time() + seconds)
        self._radio.woke(self)

    # Zone state. The attribute numbers are those of the IAS Zone cluster.

    @property
    def zone_endpoint(self) -> int | None:
        return self._zone_endpoint

    def zone(self, number: int) -> int:
        return self.attributes.number((self._zone_endpoint or 0, IAS_ZONE, number))

    def set_zone(self, number: int, value: int) -> None:
        self.attributes.set((self._zone_endpoint or 0, IAS_ZONE, number), value)

    @property
    def enrolled(self) -> bool:
        return self.zone(0x0000) == 1

    def ask_to_enroll(self) -> None:
        """Send a Zone Enroll Request if this device ever asks and knows whom."""
        if self.enrolled or not self.spec.trip_to_pair or not self.zone(0x0010):
            return
        payload = u16(self.zone(0x0001)) + u16(self.model.manufacturer_code)
        self.send_command(self._zone_endpoint or 1, IAS_ZONE, 0x01, payload, to_client=True)

    def notify(
        self,
        status: int,
        *,
        done: Done = ignore,
        tsn: int | None = None,
        radius: int = DEFAULT_RADIUS,
        corrupt: bool = False,
        delay: int = 0,
    ) -> None:
        """Set the zone status and tell the CIE; a device that is not enrolled stays silent."""
        if self._zone_endpoint is None:
            done(Outcome(why=f"{self.name} has no IAS zone"))
            return
        self.set_zone(0x0002, status)
        self.watcher.emit({"event": "zone", "device": self.name, "zone_status": status})
        if not self.enrolled and not self.spec.sends_unenrolled:
            self.ask_to_enroll()
            done(Outcome(why="not enrolled"))
            return
        zone_id = self.zone(0x0011) if self.enrolled else NOT_ENROLLED_ZONE_ID
        payload = u16(status) + u8(0) + u8(zone_id) + u16(delay)
        self.send_command(
            self._zone_endpoint,
            IAS_ZONE,
            0x00,
            payload,
            to_client=True,
            done=done,
            tsn=tsn,
            radius=radius,
            corrupt=corrupt,
        )

    def send_command(
        self,
        endpoint: int,
        cluster: int,
        command: int,
        payload: bytes,
        *,
        to_client: bool,
        done: Done = ignore,
        tsn: int | None = None,
        radius: int = DEFAULT_RADIUS,
        corrupt: bool = False,
    ) -> None:
        """Send a cluster command of the device's own accord."""
        frame = ZclFrame(
            self.next_tsn() if tsn is None else tsn,
            command,
            payload,
            cluster_specific=True,
            to_client=to_client,
        )
        self._send(endpoint, cluster, frame, done=done, radius=radius, corrupt=corrupt)

    def report(
        self, keys: list[tuple[int, int, int]], *, forced: bool, done: Done = ignore
    ) -> None:
        """Send Report Attributes for attributes of one cluster, if anybody bound it."""
        endpoint, cluster, _ = keys[0]
        if not forced and not self.bound(endpoint, cluster):
            done(Outcome(why=f"cluster 0x{cluster:04x} is not bound"))
            return
        body = b"".join(u16(key[2]) + self.attributes.values[key].encode() for key in keys)
        frame = ZclFrame(self.next_tsn(), Global.REPORT, body, to_client=True)
        self._send(endpoint, cluster, frame, done=done)

    def report_change(self, cluster: int, number: int) -> None:
        """Report an attribute that has just changed, wherever it is bound."""
        keys = [k for k in self.attributes.values if k[1:] == (cluster, number)]
        for key in keys:
            self.report([key], forced=False)

    def bound(self, endpoint: int, cluster: int) -> Binding | None:
        found = (b for b in self.bindings if (b.endpoint, b.cluster) == (endpoint, cluster))
        return next(found, None)

    def next_tsn(self) -> int:
        if self.spec.constant_tsn:
            return 0
        self._tsn = (self._tsn + 1) & 0xFF
        return self._tsn

    def later(self, name: str, delay_s: float, call: "clusters.Later") -> None:
        """Run something after a while, in place of what was planned under this name."""
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self.loop.call_later(delay_s, call)

    def hear(self, down: Downlink) -> None:
        """Take a frame off the air."""
        try:
            if down.dst_ep == ZDO_ENDPOINT:
                self._hear_zdo(down)
            else:
                self._hear_zcl(down)
        except ShortFrameError:
            return  # A device drops what it cannot parse.

    def _hear_zdo(self, down: Downlink) -> None:
        tsn, payload = down.data[0], down.data[1:]
        body = answer(self.node, down.cluster, payload)
        if down.cluster in (Zdo.BIND, Zdo.UNBIND):
            self._rebind(down.cluster, payload)
        if body is not None and not (down.broadcast and down.cluster > Zdo.IEEE_ADDR):
            self._radio.up_zdo(self, down.cluster | 0x8000, tsn, body)
        if down.cluster == Zdo.MGMT_LEAVE:
            reader = Reader(payload)
            reader.u64()
            self._radio.left(self, rejoin=bool(reader.u8() & 0x80))

    def _rebind(self, cluster: int, payload: bytes) -> None:
        _, binding = decode_binding(payload)
        self.bindings = [b for b in self.bindings if b != binding]
        if cluster == Zdo.BIND:
            self.bindings.append(binding)
            if binding.cluster == POLL_CONTROL:
                clusters.plan_check_in(self, binding.endpoint)

    def _hear_zcl(self, down: Downlink) -> None:
        endpoint = next((e for e in self.model.endpoints if e.number == down.dst_ep), None)
        if endpoint is None:
            return
        frame = decode_frame(down.data)
        if not frame.cluster_specific and frame.command in UNANSWERED:
            return
        # The direction bit says which side of the cluster is meant: ours may be the client's.
        served = endpoint.outputs if frame.to_client else endpoint.inputs
        reply = self._reply(endpoint.number, served, frame, down)
        if reply is None or down.broadcast:
            return
        command, payload, specific = reply
        response = ZclFrame(
            frame.tsn,
            command,
            payload,
            cluster_specific=specific,
            to_client=not frame.to_client,
            no_default_response=True,
            manufacturer=frame.manufacturer,
        )
        self._send(endpoint.number, down.cluster, response, to=down.src_ep)

    def _reply(
        self, endpoint: int, inputs: tuple[int, ...], frame: ZclFrame, down: Downlink
    ) -> tuple[int, bytes, bool] | None:
        if down.cluster not in inputs:
            return (*default_response(frame.command, Status.UNSUPPORTED_CLUSTER), False)
        if not frame.cluster_specific:
            answered = self.attributes.answer(endpoint, down.cluster, frame)
            clusters.after_global(self, endpoint, down.cluster, frame, down)
            return None if answered is None else (*answered, False)
        outcome: clusters.Result = Status.SUCCESS
        if not frame.to_client:
            outcome = clusters.handle(self, endpoint, frame, down)
        if isinstance(outcome, tuple):
            return (*outcome, True)
        if frame.no_default_response and outcome == Status.SUCCESS:
            return None
        return (*default_response(frame.command, outcome), False)

    def _send(
        self,
        endpoint: int,
        cluster: int,
        frame: ZclFrame,
        *,
        to: int | None = None,
        done: Done = ignore,
        radius: int = DEFAULT_RADIUS,
        corrupt: bool = False,
    ) -> None:
        if self.nwk is None:
            done(Outcome(why=f"{self.name} has not joined"))
            return
        if to is None:
            binding = self.bound(endpoint, cluster)
            to = self.zone_target if cluster == IAS_ZONE else HOST_ENDPOINT
            if binding is not None and binding.target_endpoint is not None:
                to = binding.target_endpoint
        uplink = Uplink(
            self.nwk, endpoint, to, cluster, frame.encode(), self.spec.lqi, radius, corrupt
        )
        self._radio.up_zcl(self, uplink, done)
        if self.spec.sleepy:
            self.stay_awake(AWAKE_AFTER_SEND_S)

    def describe(self) -> State:
        """Return the state that tests and demonstrations wait for."""
        state: State = {
            "device": self.name,
            "kind": self.spec.kind,
            "ieee": format_ieee(self.spec.ieee),
            "nwk": self.nwk,
            "joined": self.network is not None,
            "joining": self.joining_until is not None,
            "muted": self.muted,
            "bindings": len(self.bindings),
            "reporting": len(self.attributes.reporting),
        }
        if self._zone_endpoint is not None:
            state |= {
                "enrolled": self.enrolled,
                "zone_id": self.zone(0x0011),
                "zone_status": self.zone(0x0002),
                "cie": format_ieee(self.zone(0x0010)),
            }
        served = {cluster: e.number for e in self.model.endpoints for cluster in e.inputs}
        if IAS_WD in served and self.spec.kind == "siren":
            state |= {"on": self.siren is not None} | (self.siren or {})
        if ON_OFF in served:
            state["on"] = bool(self.attributes.number((served[ON_OFF], ON_OFF, 0)))
        if POWER in served:
            state["battery"] = self.attributes.number((served[POWER], POWER, 0x0021)) / 2
        if any(IAS_ACE in e.outputs for e in self.model.endpoints):
            state["ace"] = True
        return state
