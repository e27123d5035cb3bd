"""The smallest platform there can be, as a process: acknowledges how far a message goes, and says
when the first and the last one came.

    python -m tests.bench.sink PORT ROOT_TOPIC JOURNAL_ID LAST_SEQ

Prints "ready", and one line of JSON (monotonic seconds) when LAST_SEQ has come.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import time
import zlib
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

_SEQ = re.compile(rb'"seq":(\d+),"prevseq"')


class Sink:
    """Takes what comes below one hub's topic."""

    def __init__(self, root: str, journal_id: str, last_seq: int) -> None:
        self._root = root
        self._journal_id = journal_id
        self._last_seq = last_seq
        self.times: dict[str, float] = {}
        self.rows = 0
        self.done = False

    def subscribe(self, client: paho.Client, *_: Any) -> None:
        """Subscribe, and say so."""
        kinds = ("status", "alarm", "events")
        client.subscribe([(f"{self._root}/{kind}", 1) for kind in kinds])

    def take(self, client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        """Note the time and acknowledge."""
        kind = message.topic.rpartition("/")[2]
        now_s = time.monotonic()
        self.times.setdefault(kind, now_s)
        if kind == "status":
            return
        payload = bytes(message.payload)
        plain = zlib.decompress(payload, 31) if payload[:2] == b"\x1f\x8b" else payload
        seqs = _SEQ.findall(plain)
        lane = "urgent" if kind == "alarm" else "bulk"
        ack = {"journal_id": self._journal_id, "lane": lane, "through_seq": int(seqs[-1])}
        client.publish(f"{self._root}/ack", json.dumps(ack), qos=1)
        if lane == "bulk":
            self.rows += len(seqs)
            if int(seqs[-1]) >= self._last_seq:
                self.times["last"] = time.monotonic()
                self.done = True


def main() -> None:
    """Serve until the last row has come."""
    port, root, journal_id, last_seq = sys.argv[1:]
    sink = Sink(root, journal_id, int(last_seq))
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="sink")
    client.on_connect = sink.subscribe
    client.on_message = sink.take
    client.on_subscribe = lambda *_: print("ready", flush=True)  # noqa: T201
    client.connect("127.0.0.1", int(port))
    sock = client.socket()
    assert isinstance(sock, socket.socket)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while not sink.done:
        client.loop(1.0)
    client.loop(0.1)  # The last acknowledgement leaves.
    print(json.dumps({**sink.times, "rows": sink.rows}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
