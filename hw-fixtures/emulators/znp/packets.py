"""What travels between the stick and the devices, and how a sender learns what became of it."""

from collections.abc import Callable
from dataclasses import dataclass

ZDO_ENDPOINT = 0
DEFAULT_RADIUS = 29  # What a device one hop away shows: the standard's 30, less that hop.


@dataclass(frozen=True, slots=True)
class Downlink:
    """One frame from the stick to a device; `read_ns` is when the host's last byte was read."""

    src_ep: int
    dst_ep: int
    cluster: int
    data: bytes
    read_ns: int
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Uplink:
    """One frame from a device to the stick."""

    src_nwk: int
    src_ep: int
    dst_ep: int
    cluster: int
    data: bytes
    lqi: int
    radius: int = DEFAULT_RADIUS
    corrupt: bool = False  # Flip a bit of the serial frame's checksum.


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a frame: written to the host at `written_ns`, or why not."""

    written_ns: int | None = None
    why: str = ""


Done = Callable[[Outcome], None]
Confirm = Callable[[int], None]


def ignore(outcome: Outcome) -> None:
    """Take an outcome that nobody asked for."""
    del outcome


def no_confirm(status: int) -> None:
    """Take the status of a frame whose fate the host is not told."""
    del status
