"""What the stick tells its driver: frames and events, free of the library's types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """One application frame as the stick handed it over. `ieee` has 16 hex digits."""

    ieee: str
    profile: int
    cluster: int
    endpoint: int
    payload: bytes


class Ears(Protocol):
    """Who listens to the stick. Calls return at once and do not raise."""

    def heard(self, frame: Frame) -> None:
        """Take a frame of a device, every one, also what looks like a repetition."""
        ...

    def announced(self, ieee: str) -> None:
        """Take note that a device came in or came back."""
        ...

    def interviewed(self, ieee: str) -> None:
        """Take note that a device has said what it is."""
        ...

    def interview_failed(self, ieee: str) -> None:
        """Take note that a device did not say what it is."""
        ...

    def left(self, ieee: str) -> None:
        """Take note that a device said goodbye."""
        ...

    def stranger(self, nwk: int) -> None:
        """Take note that somebody spoke and never said who they are."""
        ...

    def lost(self, why: str) -> None:
        """Take note that the stick is gone; may come more than once."""
        ...
