"""The attributes of one device and the global ZCL commands on them.

Owns values, write protection and reporting configurations. Knows nothing of radio or time.
Source: Zigbee Cluster Library Specification, section 2.5.
"""

from dataclasses import dataclass, replace

from .kinds import AttributeKey
from .wire import Reader, u8, u16
from .zcl import (
    Attribute,
    Global,
    Kind,
    Status,
    Value,
    ZclFrame,
    change_width,
    decode_value,
)

RESPONSE_MAX = 70  # One unfragmented frame; later attributes are left out, as the standard allows.
NEVER = 0xFFFF


@dataclass(frozen=True, slots=True)
class Reporting:
    """How often an attribute is reported: seconds, 0xFFFF as maximum means never."""

    min_s: int
    max_s: int
    change: str = ""


class Attributes:
    """The server attributes of all endpoints of a device."""

    def __init__(self, values: dict[AttributeKey, Attribute]) -> None:
        self.values = values
        self.reporting: dict[AttributeKey, Reporting] = {}

    def number(self, key: AttributeKey, default: int = 0) -> int:
        attribute = self.values.get(key)
        return attribute.value if attribute and isinstance(attribute.value, int) else default

    def set(self, key: AttributeKey, value: Value) -> None:
        if key in self.values:
            self.values[key] = replace(self.values[key], value=value)

    def answer(self, endpoint: int, cluster: int, frame: ZclFrame) -> tuple[int, bytes] | None:
        """Return the response to a global command, or None where there is none to give.

        Errors: ShortFrameError when the command ends too early.
        """
        reader = Reader(frame.payload)
        match frame.command:
            case Global.READ:
                return Global.READ_RESPONSE, self._read(endpoint, cluster, reader)
            case Global.WRITE | Global.WRITE_UNDIVIDED:
                return Global.WRITE_RESPONSE, self._write(endpoint, cluster, reader)
            case Global.WRITE_NO_RESPONSE:
                self._write(endpoint, cluster, reader)
                return None
            case Global.CONFIGURE_REPORTING:
                body = self._configure(endpoint, cluster, reader)
                return Global.CONFIGURE_REPORTING_RESPONSE, body
            case Global.READ_REPORTING:
                return Global.READ_REPORTING_RESPONSE, self._reporting(endpoint, cluster, reader)
            case Global.DISCOVER:
                return Global.DISCOVER_RESPONSE, self._discover(endpoint, cluster, reader)
            case _:
                return default_response(frame.command, Status.UNSUPPORTED_COMMAND)

    def _read(self, endpoint: int, cluster: int, reader: Reader) -> bytes:
        out = b""
        while reader.left >= 2 and len(out) < RESPONSE_MAX:
            number = reader.u16()
            attribute = self.values.get((endpoint, cluster, number))
            if attribute is None:
                out += u16(number) + u8(Status.UNSUPPORTED_ATTRIBUTE)
            else:
                out += u16(number) + u8(Status.SUCCESS) + attribute.encode()
        return out

    def _write(self, endpoint: int, cluster: int, reader: Reader) -> bytes:
        refused = b""
        while reader.left:
            number, kind = reader.u16(), reader.u8()
            key = (endpoint, cluster, number)
            attribute = self.values.get(key)
            if kind not in set(Kind) or (attribute is not None and kind != attribute.kind):
                # The width of this value is not ours to guess: nothing after it can be read.
                return refused + u8(Status.INVALID_TYPE) + u16(number)
            value = decode_value(Kind(kind), reader)
            if attribute is None:
                refused += u8(Status.UNSUPPORTED_ATTRIBUTE) + u16(number)
            elif not attribute.writable:
                refused += u8(Status.READ_ONLY) + u16(number)
            else:
                self.set(key, value)
        return refused or u8(Status.SUCCESS)

    def _configure(self, endpoint: int, cluster: int, reader: Reader) -> bytes:
        refused = b""
        while reader.left:
            direction, number = reader.u8(), reader.u16()
            if direction == 0x01:
                reader.u16()  # The timeout of reports we would receive: we receive none.
                continue
            kind, min_s, max_s = reader.u8(), reader.u16(), reader.u16()
            attribute = self.values.get((endpoint, cluster, number))
            if kind not in set(Kind) or (attribute is not None and kind != attribute.kind):
                return refused + u8(Status.INVALID_TYPE) + u8(direction) + u16(number)
            change = reader.take(change_width(Kind(kind)))
            if attribute is None:
                refused += u8(Status.UNSUPPORTED_ATTRIBUTE) + u8(direction) + u16(number)
                continue
            self.reporting[endpoint, cluster, number] = Reporting(min_s, max_s, change.hex())
        return refused or u8(Status.SUCCESS)

    def _reporting(self, endpoint: int, cluster: int, reader: Reader) -> bytes:
        out = b""
        while reader.left:
            direction, number = reader.u8(), reader.u16()
            key = (endpoint, cluster, number)
            attribute, reporting = self.values.get(key), self.reporting.get(key)
            if attribute is None or reporting is None:
                status = Status.NOT_FOUND if attribute else Status.UNSUPPORTED_ATTRIBUTE
                out += u8(status) + u8(direction) + u16(number)
                continue
            out += u8(Status.SUCCESS) + u8(direction) + u16(number) + u8(attribute.kind)
            out += u16(reporting.min_s) + u16(reporting.max_s) + bytes.fromhex(reporting.change)
        return out

    def _discover(self, endpoint: int, cluster: int, reader: Reader) -> bytes:
        start, count = reader.u16(), reader.u8()
        numbers = sorted(
            number
            for e, c, number in self.values
            if (e, c) == (endpoint, cluster) and number >= start
        )
        part = numbers[:count]
        out = u8(len(part) == len(numbers))
        for number in part:
            out += u16(number) + u8(self.values[endpoint, cluster, number].kind)
        return out


def default_response(command: int, status: int) -> tuple[int, bytes]:
    """Return the response that says what became of a command and nothing more."""
    return Global.DEFAULT_RESPONSE, u8(command) + u8(status)
