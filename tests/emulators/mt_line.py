"""A plain MT host on TCP: sends one command, reads what comes. It interprets nothing."""

import socket
import time
from collections import deque
from types import TracebackType

from znp.frames import SRSP, Decoder, MtFrame
from znp.wire import u8, u16, u64

TIMEOUT_S = 5.0


class MtLine:
    def __init__(self, port: str) -> None:
        host, _, number = port.removeprefix("socket://").rpartition(":")
        self._socket = socket.create_connection((host, int(number)), TIMEOUT_S)
        self._decoder = Decoder()
        self._frames: deque[MtFrame] = deque()

    def __enter__(self) -> "MtLine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, code: int, data: bytes = b"") -> None:
        self._socket.sendall(MtFrame(code >> 8, code & 0xFF, data).encode())

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(self, code: int, data: bytes = b"") -> bytes:
        """Send a request and return its synchronous answer; it must come before anything else."""
        self.send(code, data)
        frame = self.next()
        assert frame.kind == SRSP, f"{code:04x}: {frame} came before the answer"
        assert frame.code == (code & 0x1FFF | 0x6000), f"{code:04x}: {frame}"
        return frame.data

    def next(self, timeout_s: float = TIMEOUT_S) -> MtFrame:
        deadline = time.monotonic() + timeout_s
        while not self._frames:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            chunk = self._socket.recv(65536)
            assert chunk, "the stick hung up"
            self._frames.extend(self._decoder.feed(chunk))
        return self._frames.popleft()

    def areq(self, code: int, timeout_s: float = TIMEOUT_S) -> bytes:
        """Return the payload of the next frame with this code; others before it are dropped."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            frame = self.next(left_s)
            if frame.code == code:
                return frame.data
        raise AssertionError(f"{code:04x} did not come within {timeout_s} s")

    def silent(self, for_s: float) -> bool:
        try:
            self.next(for_s)
        except TimeoutError:
            return True
        return False

    def form(self) -> None:
        """Bring a blank stick up as a host does, with endpoint 1 and all ZDO callbacks."""
        self.ask(0x2F08, u8(1) + (1 << 15).to_bytes(4, "little"))
        assert self.ask(0x2F05, u8(4)) == b"\x00"
        assert self.areq(0x4F80) == bytes((0, 2, 0))
        endpoint = u8(1) + u16(0x0104) + u16(0x0400) + u8(0) + u8(0)
        assert self.ask(0x2400, endpoint + u8(0) + u8(0)) == b"\x00"
        assert self.ask(0x253E, u16(0xFFFF)) == b"\x00"

    def permit(self, seconds: int = 60) -> None:
        assert self.ask(0x2536, u8(15) + u16(0xFFFC) + u8(seconds) + u8(0)) == b"\x00"
        assert self.areq(0x45B6) == b"\x00\x00\x00"

    def unicast(self, nwk: int, endpoint: int, cluster: int, tsn: int, data: bytes) -> bytes:
        """Send ZCL bytes to a device with AF_DATA_REQUEST_EXT."""
        address = u8(2) + u64(nwk) + u8(endpoint) + u16(0)
        head = u8(1) + u16(cluster) + u8(tsn) + u8(0x10) + u8(30)
        return self.ask(0x2402, address + head + u16(len(data)) + data)
