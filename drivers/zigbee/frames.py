"""Names radio frames, so that a retransmission is known from a second alarm.

Owns the identity of frames. Knows nothing of what they say.
"""

from __future__ import annotations

from agent.core.errors import FrameError
from drivers.zigbee import zcl

_NAMED_SENDERS = 512  # Inputs remembered: a home has some fifty. The oldest is forgotten.


class FrameNames:
    """Gives every frame its name: `{endpoint}.{cluster}.{transaction number}.{payload}`.

    The payload is in hex, with the command in front. Equal frames have equal names, and the hub
    drops equal names within seconds. Some devices send every frame with the same transaction
    number: for them alarm, restored, alarm would look like an alarm and its late retransmission.
    When the frame just before had the same number and another content, the number proves nothing,
    and the name is given a count that makes it new. In doubt an alarm rings twice.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, int, int], tuple[int, bytes, int]] = {}

    def name(self, sender: str, endpoint: int, cluster: int, frame: bytes) -> str | None:
        """Return the frame's name, None when it has no transaction number (too short).

        >>> names = FrameNames()
        >>> alarm, quiet = bytes.fromhex("0900000100000000"), bytes.fromhex("0900000000000000")
        >>> [names.name("a", 1, 0x0500, frame) for frame in (alarm, alarm, quiet, alarm)]
        ['1.0500.00.000100000000', '1.0500.00.000100000000', \
'1.0500.00.000000000000~1', '1.0500.00.000100000000~2']
        """
        try:
            header, payload = zcl.split(frame)
        except FrameError:
            return None
        content = bytes([header.command]) + payload
        key = (sender, endpoint, cluster)
        number, before, count = self._last.pop(key, (header.tsn, content, 0))
        if number != header.tsn:
            count = 0
        elif before != content:
            count += 1
        self._last[key] = (header.tsn, content, count)
        if len(self._last) > _NAMED_SENDERS:
            del self._last[next(iter(self._last))]
        name = f"{endpoint}.{cluster:04x}.{header.tsn:02x}.{content.hex()}"
        return f"{name}~{count}" if count else name
