"""Text messages as bytes: vectors of the specifications and of the field, and round trips."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import FrameError
from drivers.serial.modem.decode import gsm7, parts, pdu
from drivers.serial.modem.decode.parts import Kept
from drivers.serial.modem.decode.pdu import Deliver, Part, StatusReport, TextFate
from modem import sms

GSM_SIGNS = "".join(sign for sign in map(chr, range(0x2000)) if gsm7.encode(sign))
GSM_SIGNS += "€Ω"
numbers = st.from_regex(r"\+?[1-9][0-9]{4,14}", fullmatch=True)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("hellohello", "e8329bfd4697d9ec37"),  # The example that every description of SMS has.
        ("12345678", "31d98c56b3dd70"),  # Eight septets fill seven octets.
        ("€", "9b32"),  # Escape, then 0x65.
        ("", ""),
    ],
)
def test_septets_are_packed_as_the_specification_packs_them(text: str, packed: str) -> None:
    septets = [code for sign in text for code in (gsm7.encode(sign) or ())]
    assert gsm7.pack(septets).hex() == packed
    assert gsm7.decode(gsm7.unpack(gsm7.pack(septets), len(septets))) == text


def test_the_alphabet_has_128_places_and_ten_more_behind_escape() -> None:
    one = [sign for sign in GSM_SIGNS if len(gsm7.encode(sign) or ()) == 1]
    two = [sign for sign in GSM_SIGNS if len(gsm7.encode(sign) or ()) == 2]
    assert (len(set(one)), len(set(two))) == (127, 10)
    assert gsm7.decode([0x1B, 0x1B]) == " "
    assert gsm7.decode([0x1B, 0x41]) == "A"
    assert gsm7.encode("中") is None


@given(st.text(GSM_SIGNS, max_size=200), st.integers(0, 6))
def test_what_is_packed_is_unpacked(text: str, fill_bits: int) -> None:
    septets = [code for sign in text for code in (gsm7.encode(sign) or ())]
    packed = gsm7.pack(septets, fill_bits)
    assert gsm7.decode(gsm7.unpack(packed, len(septets), fill_bits)) == text


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("0b916407281553f8", "+46708251358"),
        ("05810180f6", "10086"),
        ("0d91683108108300f0", "+8613800138000"),
    ],
)
def test_addresses_are_those_of_the_field(address: str, number: str) -> None:
    assert pdu.encode_address(number).hex() == address


def test_a_captured_message_is_read() -> None:
    captured = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07"
    found = pdu.decode(captured)
    # 2002-08-26 19:37:41; the octet of the zone is 08: minus nothing.
    assert found == Deliver("+31641600986", "How are you?", 1_030_390_661.0)


def test_a_sender_with_a_name_and_one_without_a_country_are_read() -> None:
    named = pdu.decode(sms.make_delivers("CMCC", "您好", 1)[0])
    assert isinstance(named, Deliver)
    assert (named.sender, named.text) == ("CMCC", "您好")
    local = pdu.decode(sms.make_delivers("10086", "ok", 1)[0])
    assert isinstance(local, Deliver)
    assert local.sender == "10086"


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0x00, TextFate.DELIVERED),
        (0x02, TextFate.DELIVERED),
        (0x20, TextFate.SENT),
        (0x30, TextFate.SENT),
        (0x40, TextFate.FAILED),
        (0x63, TextFate.FAILED),
    ],
)
def test_a_report_says_what_became_of_a_text(status: int, fate: TextFate) -> None:
    found = pdu.decode(sms.make_report(7, "+8613800138000", status))
    assert found == StatusReport(7, "+8613800138000", fate, status)


@given(numbers, any_text, st.integers(0, 255), st.booleans())
def test_the_network_reads_what_we_send(
    number: str, text: str, reference: int, wants_report: bool
) -> None:
    submits = pdu.submit(number, text, reference=reference, wants_report=wants_report)
    read = [sms.read_submit(one.pdu, one.length) for one in submits]
    assert "".join(one.text for one in read) == text
    assert {one.number for one in read} == {number}
    assert {one.wants_report for one in read} == {wants_report}
    total = len(submits)
    places = [(reference, total, place) for place in range(1, total + 1)]
    assert [one.part for one in read] == (places if total > 1 else [None])
    assert all(one.length <= 164 for one in submits)


@given(st.text(GSM_SIGNS, min_size=1, max_size=400))
def test_plain_text_takes_seven_bits_and_never_cuts_an_escape_in_two(text: str) -> None:
    submits = pdu.submit("10086", text, reference=1, wants_report=False)
    read = [sms.read_submit(one.pdu, one.length) for one in submits]
    assert {one.coding for one in read} == {0}
    assert "".join(one.text for one in read) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1)),
        *(("€" * 81, 2), ("安" * 70, 1), ("安" * 71, 2), ("安" * 134, 2), ("安" * 135, 3)),
        *(("", 1), ("😀" * 35, 1), ("😀" * 67, 3)),  # 33 pairs a part: the 34th would be cut.
    ],
)
def test_a_text_is_cut_where_the_specification_cuts_it(text: str, count: int) -> None:
    assert len(pdu.submit("10086", text, reference=1, wants_report=False)) == count


def test_more_than_eight_parts_are_refused() -> None:
    assert len(pdu.submit("10086", "安" * 536, reference=1, wants_report=False)) == 8
    with pytest.raises(FrameError, match="got 9 parts, wanted 1 to 8"):
        pdu.submit("10086", "安" * 537, reference=1, wants_report=False)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_message_or_a_frame_error(data: bytes) -> None:
    try:
        found = pdu.decode(data.hex())
    except FrameError:
        return
    assert isinstance(found, Deliver | StatusReport)


@given(st.integers(0, 60), st.integers(0, 255), st.integers(0, 255))
def test_a_message_with_one_damaged_byte_or_cut_short_never_harms(
    at: int, value: int, cut: int
) -> None:
    whole = bytearray.fromhex(sms.make_delivers("+8613800138000", "求助" * 40, 9)[0])
    whole[at % len(whole)] = value
    for data in (bytes(whole), bytes(whole[: cut % len(whole)])):
        try:
            pdu.decode(data.hex())
        except FrameError:
            continue


@given(st.text(min_size=68, max_size=400, alphabet="安居守护a"), st.randoms(use_true_random=False))
def test_parts_in_any_order_and_doubled_make_one_text(text: str, rng: random.Random) -> None:
    delivers = [pdu.decode(one) for one in sms.make_delivers("+8613800138000", text, 3)]
    shuffled = [*delivers, *delivers[:-1]]
    rng.shuffle(shuffled)
    kept = Kept()
    found: list[parts.Whole] = []
    for one in shuffled:
        assert isinstance(one, Deliver)
        kept, whole = parts.join(kept, one, 0.0)
        found += whole
    assert text in [one.text for one in found]


def test_a_text_whose_parts_do_not_come_is_given_up_and_shown_as_it_is() -> None:
    part = Deliver("+861", "middle", None, Part(1, 3, 2))
    kept, found = parts.join(Kept(), part, 0.0)
    assert found == ()
    assert parts.expire(kept, parts.WAIT_S - 1) == (kept, ())
    kept, found = parts.expire(kept, parts.WAIT_S)
    assert (kept, found[0].text, found[0].complete) == (Kept(), "…middle…", False)


def test_there_is_a_bound_to_texts_that_wait_for_parts() -> None:
    kept = Kept()
    given_up: list[parts.Whole] = []
    for reference in range(parts.TEXTS + 3):
        kept, found = parts.join(kept, Deliver("+861", "x", None, Part(reference, 2, 1)), 0.0)
        given_up += found
    assert (len(kept.waiting), [one.text for one in given_up]) == (parts.TEXTS, ["x…"] * 3)
