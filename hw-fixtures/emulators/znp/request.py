"""A request of the control socket as values: its verb and arguments, and how they are refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .device import Device
from .world import World

Reply = Callable[[dict[str, object]], None]


class Refused(ValueError):
    """The request cannot be carried out; the one who sent it must change it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the verb and its arguments, read through accessors that refuse."""

    verb: str
    values: Mapping[str, object]

    def only(self, *known: str) -> None:
        """Refuse arguments that the verb does not have."""
        for key in self.values:
            if key not in known:
                raise Refused(f"{self.verb}: got {key!r}, wanted one of {', '.join(known)}")

    def integer(self, key: str, default: int, *, low: int = 0, high: int = 0xFFFF) -> int:
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Refused(f"{self.verb}: {key}: got {value!r}, wanted {low} to {high}")
        return value

    def number(self, key: str, default: float, *, low: float = 0.0, high: float = 1e6) -> float:
        value = self.values.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Refused(f"{self.verb}: {key}: got {value!r}, wanted a number")
        if not low <= value <= high:
            raise Refused(f"{self.verb}: {key}: got {value!r}, wanted {low} to {high}")
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise Refused(f"{self.verb}: {key}: got {value!r}, wanted true or false")
        return value

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise Refused(f"{self.verb}: {key}: got {value!r}, wanted text")
        return value

    def hexadecimal(self, key: str) -> bytes:
        try:
            return bytes.fromhex(self.text(key))
        except ValueError as error:
            raise Refused(f"{self.verb}: {key}: got {error}, wanted hex digits") from error

    def device(self, world: World) -> Device:
        name = self.text("device")
        if name not in world.devices:
            known = ", ".join(world.devices)
            raise Refused(f"{self.verb}: device: got {name!r}, wanted one of {known}")
        return world.devices[name]


Verb = Callable[[World, Request, Reply], None]
