"""Bounds of the uplink, with unit, origin and what happens at the bound."""

from __future__ import annotations

URGENT_WINDOW = 8
"""Urgent events that may wait for their first ack at once. More wait their turn, oldest first."""

URGENT_SLOTS = 64
"""Urgent rows held in memory, those that rest between two attempts included. The rest stays on
disk."""

EXPRESS_SLOTS = 32
"""New alarms that may pass an older urgent backlog. Further ones come in their order."""

URGENT_PAGE_ROWS = 32
BULK_PAGE_ROWS = 500
"""Rows read from the journal at a time: a page of usual rows is about 250 kB."""

PAGE_BYTES = 1 << 20
"""Bodies kept of one page. The rest of the page is read again later; one row is always kept."""

BATCH_ROWS = 200
BATCH_BYTES = 32 << 10
"""One bulk message. An alarm waits behind those under way: over a line of 2 kB/s about 2 s with
usual rows, 7 s with rows that do not compress. gzip looks back 32 KiB and gains nothing from more.
"""

BULK_FLIGHTS = 2
BULK_FLIGHTS_QUICK = 8
QUICK_ACK_S = 0.25
SLOW_ACK_S = 1.0
"""Bulk messages under way at once: one travels while the other is acknowledged. With every answer
within QUICK_ACK_S one more may be, for the line is quick; after one that took SLOW_ACK_S, on a new
connection and on every resend it is two again, because an alarm waits behind them."""

EVENT_BYTES = 256 << 10
"""A row whose body is larger is set aside: its event goes out without the body."""

GZIP_ABOVE_BYTES = 8 << 10
"""A payload larger than this is compressed: below it the gain is less than one network packet."""

RESEND_S = (8.0, 15.0, 30.0, 60.0)
"""Wait after the first, second, third attempt of an urgent event; the last one for ever after. The
first is ALARM_ACK_S."""

UNHEARD_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""An MQTT 5 broker that has nobody to give a message to says so: wait before the next attempt, the
last one for ever after. A platform that restarts is served within a second of its return."""

BULK_RESEND_S = (15.0, 30.0, 60.0)
"""The same for a bulk message."""

LIVE_WITHIN_S = 30.0
"""An event sent later than this after it was recorded is `historical`."""

LOAD_RETRY_S = 2.0
"""The journal is asked again after a failed read."""

PLATFORM_SILENT_S = 180.0
"""Something was sent and nothing acknowledged for so long: the platform is silent."""

INCOMING_BYTES = 1 << 20
"""A larger message from the platform is refused and counted."""

CONNECT_S = 5.0
"""TCP with TLS, and then the broker's CONNACK, may take this long each."""

PUBACK_S = 30.0
"""A broker that does not confirm a message within this time is given up: reconnect. The time counts
from the last moment at which bytes were leaving, for a slow line is better than none."""

MQTT_INFLIGHT = 20
"""QoS 1 messages paho may have under way: above what the session ever has."""

STABLE_S = 30.0
"""A connection that lived this long starts the reconnect delays anew."""

FIRST_RETRY_S = 0.5
"""The first reconnect comes within this time (full jitter): most losses are a blink."""

GUARD_RETRY_S = 0.5
"""Guard is asked for again this often while it is away: it is on the same machine."""

GUARD_FIRST_S = 3.0
"""The first connection waits so long for guard to say which settings hold: it knows of changes."""

STATE_REFRESH_S = 30.0
"""Guard is asked for the list of journals this often, should a notification be missed."""

ADVANCE_EVERY_S = 0.1
"""Guard is told of acknowledged telemetry this often."""

REPORT_S = 5.0
"""Guard is told how the uplink is at least this often."""

AUDIT_EVERY_S = 60.0
"""The same complaint becomes one audit row in this time, with a count: a broken platform must not
fill the journal."""

REQUEST_BYTES = 64 << 10
REQUEST_QUEUE = 32
REQUEST_MEMORY = 1024
REQUESTS_PER_S = 5.0
REQUEST_BURST = 20
"""Requests of the platform: size of one, waiting ones, remembered ids, rate. Beyond: refused."""

REQUEST_LIFETIME_S = 86_400.0
REQUEST_SKEW_S = 300.0
"""Longest life of a request, and how far the platform's clock may be ahead of ours."""

PULL_PAGE_ROWS = 100
PULL_ROWS = 5000
"""Rows in one page of a `pull`, and in all pages of one request."""
