"""Bounds of everything that could grow or take long, with unit, origin and what happens at the
bound."""

from __future__ import annotations

COMMIT_BUDGET_S = 0.050
"""Life safety waits this long for the disk, then acts unjournaled. An SD card's fsync takes 2-30
ms."""

BULK_COMMIT_S = 1.0
"""Telemetry reaches the disk at most this much later: what a power cut may take of it."""

BULK_COMMIT_ROWS = 500
"""Telemetry is committed at the latest when this many rows wait."""

JOURNAL_PENDING_ROWS = 20_000
"""Rows that may wait for a stalled disk. Beyond it telemetry is counted into a `gap` row; alarms
are kept."""

REPEAT_WINDOW_S = 15.0
"""The same radio frame within this time is a retransmission (seen up to 11 s late in the field)."""

CONTROL_LINE_BYTES = 1 << 20
"""One request or answer on the control socket. A longer line is refused and the connection
closed."""

CONTROL_CLIENTS = 32
"""Connections to the control socket at once; one more is refused with a sentence."""

CONTROL_REPLY_S = 5.0
"""A client of the control socket waits this long for an answer."""

PAIR_WINDOW_S = 180
"""How long the network stays open for new devices by default; 254 s is the radio's own maximum."""
PAIR_WINDOW_MAX_S = 254

ALARM_ACK_S = 8.0
"""The platform's application ack is due within this time (IPA timing), then the alarm is sent
again."""

HEARTBEAT_S = 60.0
"""The hub tells the platform this often that it lives."""

MUTE_LEAST_S = 60.0
"""The shortest mute of a rule; less is over before the door is closed."""

MUTE_MAX_S = 86_400.0
"""The longest mute of a rule: general rule (d) of the catalogue. A longer one is refused."""
