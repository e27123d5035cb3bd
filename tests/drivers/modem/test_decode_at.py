"""The AT line, dialects, numbers and the course of a call, without a line."""

from __future__ import annotations

import doctest
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import ConfigError
from drivers.serial.modem import driver
from drivers.serial.modem.decode import at, dialect, gsm7, number, pdu, state
from drivers.serial.modem.decode import call as calls
from drivers.serial.modem.decode.at import ANY_BARE, Ear, Question, Said, Sort, hear, sort
from drivers.serial.modem.decode.call import Call, CallEnd, CallPlan
from drivers.serial.modem.decode.dialect import DIALECTS, EC20, SIM7600, key, of_model
from drivers.serial.modem.decode.state import CallState, Sim, sim_of, sim_of_refusal

CAPTURES = Path(__file__).resolve().parents[3] / "hw-fixtures" / "captures" / "modem"


@pytest.mark.parametrize(
    "module", [at, dialect, driver, gsm7, number, pdu, state], ids=lambda one: one.__name__
)
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    tried = doctest.testmod(module)
    assert tried.failed == 0
    assert tried.attempted > 0


def said(data: bytes) -> list[Said]:
    return list(hear(Ear(), data)[1])


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.lines")), ids=lambda path: path.stem)
def test_a_capture_is_heard_the_same_however_it_is_cut(capture: Path) -> None:
    """A capture has `<` and what the module said, as a Python literal; `=` and a statement."""
    lines = capture.read_text(encoding="utf-8").splitlines()
    data = b"".join(
        line[2:].encode().decode("unicode_escape").encode("latin-1")
        for line in lines
        if line.startswith("< ")
    )
    wanted = [line[2:] for line in lines if line.startswith("= ")]
    assert [_shown(one) for one in said(data)] == wanted
    for cut in range(len(data)):
        ear, first = hear(Ear(), data[:cut])
        _, rest = hear(ear, data[cut:])
        assert [_shown(one) for one in (*first, *rest)] == wanted


def _shown(one: Said) -> str:
    return f"{one.text} | {one.pdu}" if one.pdu else one.text.strip()


@given(st.lists(st.binary(max_size=300), max_size=12))
def test_noise_is_heard_without_harm_and_without_growth(chunks: list[bytes]) -> None:
    ear = Ear()
    for chunk in chunks:
        ear, _ = hear(ear, chunk)
        assert len(ear.buffer) <= 2_048
        assert len(ear.heads) <= 8


def test_a_line_without_end_is_dropped_and_the_next_one_heard() -> None:
    ear = Ear()
    for _ in range(20):
        ear, found = hear(ear, b"x" * 500)
        assert found == ()
    assert hear(ear, b"\r\nOK\r\n")[1] == (Said("OK"),)


def test_news_in_the_middle_of_an_answer_are_news() -> None:
    question = Question("AT+CREG?", "+CREG:")
    heard = said(b'AT+CREG?\r\r\n+CMTI: "SM",3\r\n\r\n+CREG: 1,5\r\n\r\nRING\r\n\r\nOK\r\n')
    assert [sort(question, one) for one in heard] == [
        Sort.ECHO,
        Sort.NEWS,
        Sort.ANSWER,
        Sort.NEWS,
        Sort.DONE,
    ]
    model = Question("AT+CGMM", ANY_BARE)
    assert sort(model, Said("EC20F")) is Sort.ANSWER
    assert sort(model, Said("RING")) is Sort.NEWS
    assert sort(model, Said("+CREG: 1")) is Sort.NEWS


def test_a_prompt_is_heard_though_news_come_right_behind_it() -> None:
    news = Said("+CREG: 1")
    assert said(b"\r\n> \r\n+CREG: 1\r\n") == [Said(at.PROMPT), news]
    ear, first = hear(Ear(), b"\r\n> ")
    assert (first, hear(ear, b"\r\n+CREG: 1\r\n")[1]) == ((Said(at.PROMPT),), (news,))


def test_busy_is_a_result_of_dialling_and_news_for_every_other_question() -> None:
    assert sort(Question("ATD10086;"), Said("BUSY")) is Sort.REFUSED
    assert sort(Question("AT+CSQ", "+CSQ:"), Said("BUSY")) is Sort.NEWS
    assert sort(None, Said("OK")) is Sort.NEWS


def test_a_lost_second_line_does_not_take_a_later_one() -> None:
    heard = said(b"\r\n+CMGL: 1,1,,23\r\n\r\nOK\r\n\r\n+CDS: 5\r\n0011223344\r\n")
    assert heard == [Said("+CMGL: 1,1,,23"), Said("OK"), Said("+CDS: 5", "0011223344")]


def test_a_report_between_a_head_and_its_message_keeps_both() -> None:
    heard = said(b"\r\n+CMGL: 1,1,,3\r\n\r\n+CDS: 2\r\nAABB\r\n001122\r\n\r\nOK\r\n")
    assert heard == [Said("+CDS: 2", "AABB"), Said("+CMGL: 1,1,,3", "001122"), Said("OK")]


@pytest.mark.parametrize(
    ("text", "sim"),
    [
        *(("READY", Sim.READY), ("SIM PIN", Sim.WANTS_PIN), ("SIM PUK", Sim.WANTS_PUK)),
        *(("PH-SIM PIN", Sim.BROKEN), ("SIM REMOVED", Sim.ABSENT)),
    ],
)
def test_the_words_of_cpin(text: str, sim: Sim) -> None:
    assert sim_of(f"+CPIN: {text}") is sim


def test_the_numbers_of_cpin() -> None:
    found = [sim_of_refusal(code) for code in (10, 11, 12, 13, 14, 5, 100, None)]
    assert found == [
        *(Sim.ABSENT, Sim.WANTS_PIN, Sim.WANTS_PUK, Sim.BROKEN),
        *(Sim.BUSY, Sim.BROKEN, Sim.BROKEN, Sim.BUSY),
    ]


def test_both_dialects_are_known_by_their_models_and_hear_every_key() -> None:
    assert of_model("SIMCOM_SIM7600CE-L") is SIM7600
    assert of_model("EC20F") is EC20
    assert of_model("M35") is None
    for one in "0123456789*#ABCD":
        assert key(SIM7600, f"+RXDTMF: {one}") == one
        assert key(EC20, f"+QTONEDET: {ord(one)}") == one
        assert key(EC20, f"+DTMF: {one}") == one
    for vendor in DIALECTS:
        for text in ("+RXDTMF: ", "+QTONEDET: 999999", "+QTONEDET: 7", "+DTMF: x", "BUSY"):
            assert key(vendor, text) is None


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("(0571) 8765 4321", "057187654321"),
        ("010-65551234", "01065551234"),
        ("１３８００１３８０００", "13800138000"),
        ("12345", "12345"),
        ("+1 202 555 0123", "+12025550123"),
    ],
)
def test_numbers_are_dialled_without_what_people_put_between(given_: str, wanted: str) -> None:
    assert number.check(given_) == wanted


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "+", "1", "1380013800", "138001380001", "+861380013800", "1234567890123456"),
        *("120", "110", "ATD", "138;+CFUN=0", "138\r\nAT", "１１９", "²²²²²²", "+1380"),
    ],
)
def test_what_is_no_telephone_is_refused_with_what_was_wanted(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"got .*wanted"):
        number.check(wrong)


@given(st.text(max_size=20))
def test_only_digits_ever_reach_the_line(text: str) -> None:
    try:
        checked = number.check(text)
    except ConfigError:
        return
    assert checked.removeprefix("+").isdecimal()
    assert checked.isascii()


def test_the_same_telephone_is_known_however_it_is_written() -> None:
    same = ["13800138000", "+8613800138000", "8613800138000", "008613800138000"]
    assert all(number.same(one, other) for one in same for other in same)
    assert number.same("057187654321", "+8657187654321")
    for other in ("13800138001", "3800138000", "CMCC", "", "+4413800138000"):
        assert not number.same("13800138000", other)
    assert number.same("CMCC", "CMCC")
    assert not number.same("12345", "12345")  # Too short to prove who somebody is.


PLAN = CallPlan(ring_s=30.0, talk_s=60.0, keys="1")


def test_a_call_goes_from_ringing_to_a_key() -> None:
    call = calls.listed(Call(0.0), [CallState.ALERTING], 1.0)
    call = calls.heard(call, "VOICE CALL: BEGIN", SIM7600, PLAN, 5.0)
    call = calls.heard(call, "+RXDTMF: 3", SIM7600, PLAN, 6.0)
    assert call.end is None
    call = calls.heard(call, "+RXDTMF: 1", SIM7600, PLAN, 7.0)
    told = calls.outcome(call, "13800138000", 7.0)
    assert (told.end, told.digits, told.rang_s, told.talked_s) == (CallEnd.KEY, "31", 5.0, 2.0)


def test_a_call_that_connects_at_time_zero_is_connected() -> None:
    call = calls.listed(Call(0.0), [CallState.ACTIVE], 0.0)
    assert calls.heard(call, "NO CARRIER", EC20, PLAN, 1.0).end is CallEnd.ANSWERED


def test_lost_statements_are_made_up_for_by_the_list_and_the_clock() -> None:
    ringing = calls.listed(Call(0.0), [CallState.DIALLING], 1.0)
    assert calls.listed(ringing, [], 2.0).end is CallEnd.NO_CARRIER
    assert calls.listed(Call(0.0), [], 1.0).end is None
    assert calls.listed(Call(0.0), [], calls.UNSEEN_S).end is CallEnd.NO_CARRIER
    assert calls.timed(ringing, PLAN, 29.9).end is None
    assert calls.timed(ringing, PLAN, 30.0).end is CallEnd.NO_ANSWER
    connected = calls.listed(ringing, [CallState.ACTIVE], 10.0)
    assert calls.timed(connected, PLAN, 69.9).end is None
    assert calls.timed(connected, PLAN, 70.0).end is CallEnd.ANSWERED


_HEARD = st.sampled_from(
    [
        *("BUSY", "NO ANSWER", "NO CARRIER", "VOICE CALL: BEGIN", "VOICE CALL: END: 000001"),
        *("+RXDTMF: 1", "+RXDTMF: 2", "+QTONEDET: 49", "OK", "RING", ""),
    ]
)


@given(st.lists(st.one_of(_HEARD, st.lists(st.sampled_from(list(CallState)), max_size=2))))
def test_a_call_ends_once_and_stays_ended_whatever_is_heard(course: list[object]) -> None:
    for vendor in DIALECTS:
        call, now_s = Call(0.0), 0.0
        for step in course:
            now_s += 1.0
            before = call
            if isinstance(step, str):
                call = calls.heard(call, step, vendor, PLAN, now_s)
            else:
                call = calls.listed(call, step, now_s)  # type: ignore[arg-type] # A list of states.
            call = calls.timed(call, PLAN, now_s)
            if before.end is not None:
                assert call == before
        assert calls.timed(call, PLAN, now_s + 100.0).end is not None
