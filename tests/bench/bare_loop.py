"""The floor of the drain, as a process: rows from SQLite to the broker with nothing in between.

    python -m tests.bench.bare_loop JOURNAL PORT ROOT_TOPIC JOURNAL_ID

No window of its own, no acknowledgement, no order of lanes, no check of a row: it reads, makes the
same events, the same batches and the same compression, and publishes with QoS 1.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sync.limits import BATCH_BYTES, BATCH_ROWS

_COLUMNS = (
    "seq, kind, device, body, received_at, recorded_at, boot_id, mono_ms, time_quality, "
    "correction_ms"
)
_EVENT_BYTES = 500


def main() -> None:
    """Publish every bulk row."""
    journal, port, root, journal_id = sys.argv[1:]
    db = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bare-loop")
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    hub = root.rsplit("/", 1)[-1]
    after = prev = 0
    info = None
    batch: list[bytes] = []
    size = 0

    def send() -> Any:
        return client.publish(f"{root}/events", gzip.compress(b"[" + b",".join(batch) + b"]", 6), 1)

    while rows := db.execute(
        f"SELECT {_COLUMNS} FROM journal WHERE journal_id = ? AND lane = 'bulk' AND seq > ? "
        "ORDER BY seq LIMIT 500",
        (journal_id, after),
    ).fetchall():
        for row in rows:
            event = _event(hub, root, journal_id, prev, row)
            size += len(row[3]) + _EVENT_BYTES
            if batch and (len(batch) == BATCH_ROWS or size > BATCH_BYTES):
                info = send()
                batch, size = [], len(row[3]) + _EVENT_BYTES
            batch.append(event)
            prev = row[0]
        after = rows[-1][0]
    info = send()
    info.wait_for_publish(60)
    client.disconnect()


def _event(hub: str, root: str, journal_id: str, prev: int, row: tuple[Any, ...]) -> bytes:
    seq, kind, device, body, received, recorded, boot, mono, quality, correction = row
    event = {
        "specversion": "1.0",
        "id": f"{journal_id}-{seq}",
        "source": root,
        "type": f"cn.anju.hub.{kind}",
        "time": datetime.fromtimestamp(received + correction / 1000, UTC).isoformat(),
        "datacontenttype": "application/json",
        "hub": hub,
        "journalid": journal_id,
        "seq": seq,
        "prevseq": prev,
        "ackedseq": 0,
        "lane": "bulk",
        "historical": True,
        "queuedms": int(recorded),
        "timequality": quality,
        "bootid": boot,
        "monoms": str(mono),
        "subject": device,
        "data": json.loads(body),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
