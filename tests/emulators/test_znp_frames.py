"""The bytes themselves: MT frames, ZCL frames, the NIB."""

from random import Random

import pytest

from znp.frames import Decoder, MtFrame
from znp.memory import Memory
from znp.network import NIB_SIZE, Network, blank_nib, network_of, nib_with
from znp.wire import Reader, ShortFrameError, format_ieee, parse_ieee
from znp.zcl import Kind, ZclFrame, decode_frame, decode_value, encode_value

PING = MtFrame(0x21, 0x01)
RESET = MtFrame(0x41, 0x80, bytes((2, 2, 1, 2, 7, 1)))


def test_a_frame_survives_the_wire_whole_or_byte_by_byte() -> None:
    data = PING.encode() + RESET.encode()
    assert list(Decoder().feed(data)) == [PING, RESET]
    decoder = Decoder()
    assert [f for byte in data for f in decoder.feed(bytes((byte,)))] == [PING, RESET]


def test_the_checksum_is_the_xor_of_length_command_and_data() -> None:
    assert RESET.encode().hex() == "fe064180020201020701c2"


@pytest.mark.parametrize("noise", ["00ff1234", "fe", "fefe", "fe03", "feff", "fe0021", "aa" * 300])
def test_a_good_frame_after_noise_is_heard(noise: str) -> None:
    decoder = Decoder()
    heard = list(decoder.feed(bytes.fromhex(noise) + 8 * PING.encode()))
    assert len(heard) >= 6
    assert set(heard) == {PING}


def test_a_frame_with_a_flipped_checksum_is_lost_alone() -> None:
    broken = bytearray(RESET.encode())
    broken[-1] ^= 0x01
    assert list(Decoder().feed(bytes(broken) + PING.encode())) == [PING]


def test_any_noise_at_all_never_breaks_the_decoder() -> None:
    rng = Random(7)
    decoder = Decoder()
    for _ in range(200):
        list(decoder.feed(rng.randbytes(rng.randrange(64))))
    list(decoder.feed(bytes(300)))
    assert list(decoder.feed(PING.encode())) == [PING]


def test_a_frame_longer_than_the_protocol_allows_is_refused() -> None:
    with pytest.raises(ValueError, match="got 251 bytes, wanted at most 250"):
        MtFrame(0x44, 0x81, bytes(251)).encode()


def test_the_nib_of_a_blank_stick_names_no_network() -> None:
    assert len(blank_nib()) == NIB_SIZE
    assert network_of(blank_nib(), bytes(16)) is None


def test_a_network_survives_the_nib() -> None:
    network = Network(0x1A62, 0x0102030405060708, bytes(range(16)), 15, 3)
    nib = nib_with(blank_nib(), network, ieee=0x00124B0001020304, channels=1 << 15)
    assert network_of(nib, network.key) == network
    assert nib[57:65].hex() == "0807060504030201"


def test_deleting_the_address_brings_the_factory_address_back() -> None:
    memory = Memory(0x00124B0001020304, Random(1))
    memory.put(0x0001, bytes(range(8)))
    assert memory.ieee != 0x00124B0001020304
    memory.delete(0x0001)
    memory.boot()
    assert memory.ieee == 0x00124B0001020304


def test_the_direction_bit_is_bit_three() -> None:
    frame = ZclFrame(0x2A, 0x00, b"\x01\x00", cluster_specific=True, to_client=True)
    assert frame.encode().hex() == "092a000100"
    assert decode_frame(frame.encode()) == frame


def test_manufacturer_frames_carry_their_code() -> None:
    frame = ZclFrame(1, 2, b"\x03", manufacturer=0x1015, no_default_response=True)
    assert decode_frame(frame.encode()) == frame


@pytest.mark.parametrize(
    ("kind", "value"), [(Kind.I16, -4000), (Kind.STRING, "SOS-EM"), (Kind.IEEE, 2**64 - 1)]
)
def test_attribute_values_survive(kind: Kind, value: int | str) -> None:
    assert decode_value(kind, Reader(encode_value(kind, value))) == value


def test_a_short_payload_is_refused_with_its_lengths() -> None:
    with pytest.raises(ShortFrameError, match="got 1 bytes, wanted at least 2"):
        Reader(b"\x01").u16()


def test_addresses_are_written_most_significant_first() -> None:
    text = "00:12:4b:00:01:02:03:04"
    assert format_ieee(parse_ieee(text)) == text
    with pytest.raises(ValueError, match="got 2 bytes, wanted 8"):
        parse_ieee("00:12")
