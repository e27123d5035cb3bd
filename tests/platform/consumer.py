"""The platform's side of the contract: takes messages, stores, then acknowledges.

Owns the order "store, commit, acknowledge", the operator who acknowledges alarms, and the watch
over silent hubs. One thread: paho's loop and a list of timers.
"""

from __future__ import annotations

import heapq
import json
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.clock import SystemClock
from agent.core.errors import FrameError
from sync.codec import decode_events, event_id, unpack
from sync.messages import TOPIC_ROOT, Event
from tests.platform.signing import Signer, document
from tests.platform.store import Arrival, PlatformStore

_JUDGED_AFTER_S = 0.005


@dataclass(frozen=True, slots=True)
class Options:
    """How this platform behaves. `busy` answers the first copies of an urgent event with "busy";
    `reject` names a kind that is answered "rejected"; `operator_ms` None: no operator; `judge` says
    what is wrong with a payload that came on a channel."""

    host: str
    port: int
    district: str
    hub: str = "+"
    protocol: str = "3.1.1"
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    mute: bool = False
    ack_delay_ms: int = 0
    operator_ms: int | None = None
    operator: str = "operator"
    busy: int = 0
    reject: str = ""
    silent_s: float = 180.0
    judge: Callable[[str, bytes], str] | None = None


class Consumer:
    """One platform for the hubs of one district."""

    def __init__(self, options: Options, store: PlatformStore) -> None:
        self._options = options
        self._store = store
        self._clock = SystemClock()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._copies: dict[str, int] = {}
        self._busy: dict[tuple[str, str], set[int]] = {}
        self._client = self._make_client()
        self.stopping = False

    def run(self) -> None:
        """Serve until `stopping`. The connection is made again for ever."""
        self.after(1.0, self._watch)
        connected = False
        while not self.stopping:
            if not connected:
                connected = self._dial()
                continue
            wait_s = max(min(self._timers[0][0] - self._mono_s(), 0.2), 0.0)
            if self._client.loop(timeout=wait_s) != paho.MQTT_ERR_SUCCESS:
                connected = False
            while self._timers and self._timers[0][0] <= self._mono_s():
                heapq.heappop(self._timers)[2]()
        self._client.disconnect()
        self._client.loop(timeout=0.1)

    def ask_signed(self, hub: str, name: str, said: dict[str, Any], signer: Signer) -> str:
        """Send a request with a signed document that says `said`, and return its id."""
        request_id = uuid.uuid4().hex
        text = document(name, request_id, hub, self._options.district, self._wall_s(), said)
        return self.ask(hub, name, signer.params(text), request_id=request_id)

    def ask(
        self,
        hub: str,
        name: str,
        params: dict[str, Any],
        *,
        life_s: float = 60.0,
        request_id: str = "",
    ) -> str:
        """Send a request to a hub and return its id."""
        request_id = request_id or uuid.uuid4().hex
        now = datetime.fromtimestamp(self._wall_s(), UTC)
        body = {
            "request_id": request_id,
            "issued_at": now.isoformat(),
            "expires_at": (now + timedelta(seconds=life_s)).isoformat(),
            "params": params,
        }
        text = json.dumps(body, ensure_ascii=False)
        self._store.keep_request(hub, request_id, name, text)
        self._publish(hub, f"request/{name}", text)
        return request_id

    def after(self, delay_s: float, work: Callable[[], None]) -> None:
        """Have `work` done in `delay_s` seconds, at once when that is nothing."""
        if delay_s <= 0.0:
            work()
            return
        heapq.heappush(self._timers, (self._mono_s() + delay_s, next(self._numbers), work))

    # --- messages ---------------------------------------------------------------------------------

    def _take(self, _client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        arrival = Arrival(self._wall_s(), time.monotonic_ns())
        _, _, _, hub, kind = message.topic.split("/", 4)
        try:
            plain = unpack(bytes(message.payload), limit=16 << 20)
            # After the answer: a hub does not wait for judges.
            self.after(_JUDGED_AFTER_S, lambda: self._judge(hub, kind, plain))
            match kind:
                case "alarm" | "events":
                    self._take_events(hub, decode_events(plain), arrival)
                case "status":
                    self._store.hub_status(hub, json.loads(plain), arrival.at_s)
                case "heartbeat":
                    self._store.heard(hub, arrival.at_s, beat=True)
                case "response":
                    self._store.keep_response(hub, json.loads(plain))
        except (FrameError, ValueError, KeyError) as error:
            self._store.note(hub, "rubbish", f"{kind}: {error}", arrival.at_s)

    def _judge(self, hub: str, kind: str, plain: bytes) -> None:
        breach = self._options.judge(kind, plain) if self._options.judge is not None else ""
        if breach:
            self._store.note(hub, "breach", breach, self._wall_s())

    def _take_events(self, hub: str, events: list[Event], arrival: Arrival) -> None:
        fresh = self._store.keep(hub, events, arrival)  # Committed when it returns.
        self._store.heard(hub, arrival.at_s)
        if not self._options.mute:
            delay_s = self._options.ack_delay_ms / 1000
            self.after(delay_s, lambda: self._acknowledge(hub, events))
        for event in fresh:
            if event.type.endswith(".alarm.raised") and self._options.operator_ms is not None:
                self.after(
                    self._options.operator_ms / 1000,
                    lambda alarm=event.id: self._operate(hub, alarm),  # type: ignore[misc]
                )

    def _operate(self, hub: str, alarm: str) -> None:
        self.ask(hub, "alarm.ack", {"alarm": alarm, "by": self._options.operator})

    def _acknowledge(self, hub: str, events: list[Event]) -> None:
        """Acknowledge what is stored: the watermark, and a word on every urgent event."""
        first = events[0]
        through = self._store.watermark(hub, first.journalid, first.lane)
        statuses = []
        if first.lane == "urgent":
            statuses = [{"id": event.id, "status": self._status(event)} for event in events]
            busy = self._busy.setdefault((hub, first.journalid), set())
            for event, answer in zip(events, statuses, strict=True):
                (busy.add if answer["status"] == "busy" else busy.discard)(event.seq)
            through = min([through, *(seq - 1 for seq in busy)])
        ack = {
            "journal_id": first.journalid,
            "lane": first.lane,
            "through_seq": through,
            "alarms": statuses,
        }
        text = json.dumps(ack)
        self._store.keep_ack(hub, text, self._wall_s())
        self._publish(hub, "ack", text)

    def _status(self, event: Event) -> str:
        name = event_id(event.journalid, event.seq)
        self._copies[name] = self._copies.get(name, 0) + 1
        if self._copies[name] <= self._options.busy:
            return "busy"
        self._copies.pop(name)
        rejected = self._options.reject and event.type.endswith(self._options.reject)
        return "rejected" if rejected else "accepted"

    # --- the wire ---------------------------------------------------------------------------------

    def _make_client(self) -> paho.Client:
        version = paho.MQTTv5 if self._options.protocol == "5" else paho.MQTTv311
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"platform-{uuid.uuid4().hex[:8]}",
            protocol=version,
            reconnect_on_failure=False,
        )
        if self._options.ca is not None:
            context = ssl.create_default_context(cafile=self._options.ca)
            if self._options.cert is not None:
                context.load_cert_chain(self._options.cert, self._options.key)
            client.tls_set_context(context)
        client.on_message = self._take
        client.on_connect = self._subscribe
        return client

    def _dial(self) -> bool:
        try:
            self._client.connect(self._options.host, self._options.port, keepalive=30)
        except OSError:
            time.sleep(0.1)  # noqa: TID251 - its own process with one thread: nobody else waits.
            return False
        return True

    def _subscribe(self, client: paho.Client, *_: Any) -> None:
        root = f"{TOPIC_ROOT}/{self._options.district}/{self._options.hub}"
        kinds = ("status", "alarm", "events", "heartbeat", "response")
        client.subscribe([(f"{root}/{kind}", 1) for kind in kinds])

    def _publish(self, hub: str, kind: str, text: str) -> None:
        topic = f"{TOPIC_ROOT}/{self._options.district}/{hub}/{kind}"
        self._client.publish(topic, text.encode(), qos=1)

    # --- time -------------------------------------------------------------------------------------

    def _watch(self) -> None:
        for hub in self._store.mark_silent(self._wall_s() - self._options.silent_s):
            self._store.note(hub, "silent", "no heartbeat", self._wall_s())
        self.after(1.0, self._watch)

    def _wall_s(self) -> float:
        return self._clock.now().wall_s

    def _mono_s(self) -> float:
        return time.monotonic()
