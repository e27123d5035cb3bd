"""Opens the next connection: which MQTT version first, and how long to wait before.

Owns the reconnect delay (full jitter) and the memory of which version worked.
"""

from __future__ import annotations

import random

from agent.config import UplinkSection
from sync import limits
from sync.mqtt import Connection, Endpoint
from sync.reasons import UplinkDown


class Dialer:
    """Dials one broker. `protocol` is the version that worked last, "" before."""

    def __init__(self, settings: UplinkSection, endpoint: Endpoint) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self.protocol = ""

    async def dial(self) -> Connection:
        """Return an open connection. With protocol "auto" a broker that does not answer one version
        is asked in the other, at once.

        Errors: UplinkDown; of two failed tries the one that says more.
        """
        first: UplinkDown | None = None
        for protocol in self._order():
            try:
                connection = await Connection.open(self._settings, protocol, self._endpoint)
            except UplinkDown as error:
                if not error.other_protocol:
                    raise
                first = first or error
                continue
            self.protocol = protocol
            return connection
        assert first is not None
        raise first

    def _order(self) -> tuple[str, ...]:
        if self._settings.protocol != "auto":
            return (self._settings.protocol,)
        return ("3.1.1", "5") if self.protocol == "3.1.1" else ("5", "3.1.1")


def delay_s(failures: int, longest_s: float, rng: random.Random) -> float:
    """Return how long to wait after `failures` failed tries in a row (0: the connection was lost).

    Full jitter: ten thousand hubs that lost the same broker come back spread over the whole time.
    """
    if failures == 0:
        return rng.uniform(0.0, limits.FIRST_RETRY_S)
    return rng.uniform(0.0, min(longest_s, 2.0 ** min(failures, 16)))
