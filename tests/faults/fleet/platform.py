"""`python -m tests.faults.fleet.platform PORT FILE`: stores in memory, acknowledges, and at SIGTERM
writes what it has.

A platform of few words for many hubs: one thread, no disk. `tests.platform` is what a real
one does.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sync.codec import decode_events
from sync.messages import TOPIC_ROOT, Event
from tests.faults.fleet.hub import DISTRICT

RETRY_S = 0.1


class Platform:
    """Events by hub and seq: when each came first (monotonic ns), and how many copies."""

    def __init__(self, port: int) -> None:
        self.stopping = False
        self.events: dict[str, dict[int, list[int]]] = {}
        self._through: dict[tuple[str, str], int] = {}
        self._port = port
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="platform", reconnect_on_failure=False
        )
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take

    def run(self) -> None:
        """Serve until `stopping`; the connection is made again for ever."""
        connected = False
        while not self.stopping:
            if not connected:
                connected = self._dial()
            elif self._client.loop(timeout=0.2) != paho.MQTT_ERR_SUCCESS:
                connected = False

    def _dial(self) -> bool:
        try:
            self._client.connect("127.0.0.1", self._port, keepalive=30)
        except OSError:
            signal.sigtimedwait([], RETRY_S)
            return False
        return True

    def _subscribe(self, client: paho.Client, *_: Any) -> None:
        root = f"{TOPIC_ROOT}/{DISTRICT}/+"
        client.subscribe([(f"{root}/alarm", 1), (f"{root}/events", 1)])

    def _take(self, client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        came_ns = time.monotonic_ns()
        hub = message.topic.split("/")[3]
        events = decode_events(bytes(message.payload))
        known = self.events.setdefault(hub, {})
        for event in events:
            entry = known.setdefault(event.seq, [came_ns, 0])
            entry[1] += 1
            self._move(hub, event)
        first = events[0]
        alarms = [{"id": e.id, "status": "accepted"} for e in events if e.lane == "urgent"]
        ack = {
            "journal_id": first.journalid,
            "lane": first.lane,
            "through_seq": self._through[hub, first.lane],
            "alarms": alarms,
        }
        client.publish(f"{TOPIC_ROOT}/{DISTRICT}/{hub}/ack", json.dumps(ack).encode(), qos=1)

    def _move(self, hub: str, event: Event) -> None:
        """Move the watermark as PROTOCOL.md 5.2 says."""
        key = (hub, event.lane)
        through = max(self._through.get(key, 0), event.ackedseq)
        self._through[key] = max(through, event.seq) if event.prevseq <= through else through


def main() -> int:
    """Serve until SIGTERM, then write the events as JSON."""
    platform = Platform(int(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: setattr(platform, "stopping", True))
    platform.run()
    Path(sys.argv[2]).write_text(json.dumps(platform.events))
    return 0


if __name__ == "__main__":
    sys.exit(main())
