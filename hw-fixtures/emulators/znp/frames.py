"""The MT serial frame: pure bytes in, frames out.

Shape:  FE LEN CMD0 CMD1 DATA[LEN] FCS; FCS is the XOR of everything between FE and FCS.
Source: TI "Z-Stack Monitor and Test API", section 2.1 (UART transport, general frame).
"""

from collections.abc import Iterator
from dataclasses import dataclass

SOF = 0xFE
DATA_MAX = 250  # The API's limit for one MT frame; a longer length byte is noise.
OVERHEAD = 5

SREQ = 0x20
SRSP = 0x60
TYPE_MASK = 0xE0
SUBSYSTEM_MASK = 0x1F


@dataclass(frozen=True, slots=True)
class MtFrame:
    """One MT command with its payload."""

    cmd0: int
    cmd1: int
    data: bytes = b""

    @property
    def kind(self) -> int:
        return self.cmd0 & TYPE_MASK

    @property
    def code(self) -> int:
        """Both command bytes as they are written in tables: 0x2101 is SYS_PING."""
        return self.cmd0 << 8 | self.cmd1

    def encode(self) -> bytes:
        """Return the frame as it stands on the wire.

        >>> MtFrame(0x21, 0x01).encode().hex(" ")
        'fe 00 21 01 20'
        """
        if len(self.data) > DATA_MAX:
            raise ValueError(
                f"MT frame {self.code:04x}: got {len(self.data)} bytes, wanted at most {DATA_MAX}"
            )
        body = bytes((len(self.data), self.cmd0, self.cmd1)) + self.data
        return bytes((SOF,)) + body + bytes((checksum(body),))


def checksum(body: bytes | bytearray) -> int:
    """Return the XOR of all bytes."""
    value = 0
    for byte in body:
        value ^= byte
    return value


class Decoder:
    """Cuts a byte stream into MT frames and resynchronises after noise."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.bad_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[MtFrame]:
        """Yield every frame completed by this chunk."""
        self._buffer += chunk
        while (frame := self._next()) is not None:
            yield frame

    def clear(self) -> None:
        """Forget a frame that was begun: the line was closed."""
        self._buffer.clear()

    def _next(self) -> MtFrame | None:
        buffer = self._buffer
        while buffer:
            if buffer[0] != SOF or (len(buffer) > 1 and buffer[1] > DATA_MAX):
                self._skip()
                continue
            if len(buffer) < 2 or len(buffer) < buffer[1] + OVERHEAD:
                return None
            end = buffer[1] + OVERHEAD
            if checksum(buffer[1 : end - 1]) != buffer[end - 1]:
                self._skip()
                continue
            frame = MtFrame(buffer[2], buffer[3], bytes(buffer[4 : end - 1]))
            del buffer[:end]
            return frame
        return None

    def _skip(self) -> None:
        # The bytes of a broken frame may hide the start of a good one: go to the next SOF only.
        start = self._buffer.find(SOF, 1)
        cut = len(self._buffer) if start < 0 else start
        self.bad_bytes += cut
        del self._buffer[:cut]
