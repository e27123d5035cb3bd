"""Little-endian fields: a reader that refuses to read past the end, and the few writers we need."""


class ShortFrameError(ValueError):
    """The frame ended before a field that its layout demands."""


class Reader:
    """Takes fields off the front of a payload."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise ShortFrameError(
                f"payload {self._data.hex()}: got {len(self._data)} bytes, wanted at least {end}"
            )
        part = self._data[self._at : end]
        self._at = end
        return part

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    @property
    def left(self) -> int:
        return len(self._data) - self._at


def u8(value: int) -> bytes:
    return value.to_bytes(1, "little")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "little")


def u16_list(values: tuple[int, ...]) -> bytes:
    """Return a count byte and the values, as ZDO and AF write cluster lists."""
    return u8(len(values)) + b"".join(u16(value) for value in values)


def format_ieee(ieee: int) -> str:
    """Return the address as people write it, most significant byte first.

    >>> format_ieee(0x00124B0001020304)
    '00:12:4b:00:01:02:03:04'
    """
    return ieee.to_bytes(8, "big").hex(":")


def parse_ieee(text: str) -> int:
    """Return the number behind a written address.

    >>> hex(parse_ieee("00:12:4b:00:01:02:03:04"))
    '0x124b0001020304'
    """
    raw = bytes.fromhex(text.replace(":", "").replace("-", ""))
    if len(raw) != 8:
        raise ValueError(f"ieee {text!r}: got {len(raw)} bytes, wanted 8")
    return int.from_bytes(raw, "big")
