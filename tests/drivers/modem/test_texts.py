"""Text messages out and in, over the real serial library and an emulated module."""

from __future__ import annotations

import asyncio

import pytest

from agent.core.errors import ConfigError, FrameError, TransportError
from drivers.serial.modem import connection
from drivers.serial.modem.decode.pdu import TextFate
from tests.drivers.modem.bench import DAUGHTER, Bench

ALARM = "【安居守护】张奶奶家中厨房发生燃气报警，请立即联系。回复1表示已处理。"


async def test_a_chinese_text_is_sent_and_its_delivery_is_told(bench: Bench) -> None:
    async with bench.running() as driver:
        delivery = await driver.send_sms("138 0013 8000", ALARM)
        assert (delivery.fate, delivery.parts) == (TextFate.SENT, 1)
        await bench.until(lambda: bench.ears.went, "the report")
        assert bench.ears.went[0].id == delivery.id
        assert bench.ears.went[0].fate is TextFate.DELIVERED
    sent = (await bench.do("state"))["sent"]
    assert isinstance(sent, list)
    assert (sent[0]["number"], sent[0]["text"]) == ("13800138000", ALARM)
    assert (sent[0]["coding"], sent[0]["wants_report"]) == (8, True)


async def test_a_long_text_goes_in_parts_and_is_delivered_when_all_of_them_are(
    bench: Bench,
) -> None:
    await bench.do("set", report_s=0.0)  # The first report comes while the next part is sent.
    text = ALARM * 5
    async with bench.running() as driver:
        delivery = await driver.send_sms(DAUGHTER, text)
        assert (delivery.fate, delivery.parts) == (TextFate.SENT, 3)
        await bench.until(lambda: bench.ears.went, "the report")
        assert [went.fate for went in bench.ears.went] == [TextFate.DELIVERED]
    sent = (await bench.do("state"))["sent"]
    assert isinstance(sent, list)
    assert "".join(one["text"] for one in sent) == text
    assert [one["part"][1:] for one in sent] == [[3, 1], [3, 2], [3, 3]]
    assert len({one["part"][0] for one in sent}) == 1


async def test_what_the_network_refuses_or_gives_up_is_said(bench: Bench) -> None:
    async with bench.running() as driver:
        await bench.do("fail_texts", code=38)
        failed = await driver.send_sms(DAUGHTER, "help")
        assert failed.fate is TextFate.FAILED
        assert "+CMS ERROR: 38" in failed.detail
        await bench.do("set", report=0x41)
        assert (await driver.send_sms(DAUGHTER, "help")).fate is TextFate.SENT
        await bench.until(lambda: bench.ears.went, "the report")
        assert bench.ears.went[0].fate is TextFate.FAILED
        assert driver.health().ok


async def test_the_first_text_leaves_although_every_answer_stands_in_a_storm(bench: Bench) -> None:
    await bench.do("set", storm=20)
    async with bench.running() as driver:
        assert (await driver.send_sms(DAUGHTER, ALARM)).fate is TextFate.SENT
        await bench.do("text", sender=DAUGHTER, text="1")
        await bench.until(lambda: bench.ears.texts, "the answer")


async def test_a_contact_takes_an_alarm_on_by_answering_with_1(bench: Bench) -> None:
    async with bench.running():
        for text in ("1", " １ \n", "我马上来", "10"):
            await bench.do("text", sender=DAUGHTER, text=text)
        await bench.until(lambda: len(bench.ears.texts) == 4, "four texts")
        # In the order in which they lie on the SIM, which need not be that of their sending.
        acks = {text.text: text.acks for text in bench.ears.texts}
        assert acks == {"1": True, " １ \n": True, "我马上来": False, "10": False}
        assert bench.ears.texts[0].sent_at_s == 1_795_417_463.0
        await bench.state("stored", 0)


async def test_a_stranger_is_not_heard_and_leaves_nothing_behind(bench: Bench) -> None:
    async with bench.running() as driver:
        await bench.do("text", sender="10086", text="1")
        await bench.do("text", sender="CMCC", text="1")
        await bench.do("text", sender=DAUGHTER, text="1")
        await bench.until(lambda: bench.ears.texts, "the contact's text")
        await bench.state("stored", 0)
        assert [text.sender for text in bench.ears.texts] == [DAUGHTER]
        assert driver.health().frames_refused == 2


async def test_a_long_text_comes_in_whole(bench: Bench) -> None:
    async with bench.running():
        await bench.do("text", sender=DAUGHTER, text=ALARM * 4)
        await bench.until(lambda: bench.ears.texts, "the text")
        assert [text.text for text in bench.ears.texts] == [ALARM * 4]
        assert bench.ears.texts[0].complete


async def test_what_came_while_the_hub_was_off_is_read_from_a_full_sim(bench: Bench) -> None:
    await bench.do("fill")
    await bench.do("text", sender=DAUGHTER, text="1")
    assert (await bench.do("state"))["waiting"] == 1
    async with bench.running() as driver:
        await bench.until(lambda: bench.ears.texts, "the text that waited in the network")
        await bench.state("stored", 0)
        assert driver.health().frames_refused == 20


async def test_a_damaged_message_is_counted_and_struck_out(bench: Bench) -> None:
    async with bench.running() as driver:
        for pdu in ("00", "0004", "FF" * 20, "0001000B91", "0024" + "00" * 9):
            await bench.do("store", pdu=pdu)
        await bench.do("text", sender=DAUGHTER, text="1")
        await bench.until(lambda: bench.ears.texts, "the text behind them")
        await bench.state("stored", 0)
        assert driver.health().frames_refused == 5


async def test_a_text_is_struck_out_only_once_it_is_on_record(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.serial.modem.texts.RECORD_S", 0.2)
    monkeypatch.setattr(connection, "PING_EVERY_S", 0.2)
    monkeypatch.setattr(connection, "LOOK_EVERY_S", 0.2)
    bench.ears.forgets = 2
    async with bench.running():
        await bench.do("text", sender=DAUGHTER, text="1")
        await bench.until(lambda: bench.ears.texts, "the text is read again")
        await bench.state("stored", 0)
        assert (bench.ears.forgets, [text.text for text in bench.ears.texts]) == (0, ["1"])


async def test_a_wrong_number_or_an_endless_text_never_reaches_the_line(bench: Bench) -> None:
    async with bench.running() as driver:
        for number in ("", "my daughter", "1380013800", "119", "13800138000;+CFUN=0"):
            with pytest.raises(ConfigError, match="wanted"):
                await driver.send_sms(number, "help")
            with pytest.raises(ConfigError, match="wanted"):
                await driver.call(number)
        with pytest.raises(FrameError, match="wanted 1 to 8"):
            await driver.send_sms(DAUGHTER, "长" * 600)
    assert (await bench.do("state"))["sent"] == []


async def test_without_a_modem_the_caller_hears_it_at_once(bench: Bench) -> None:
    async with bench.running(port="/dev/anju-nothing", up=False) as driver:
        await bench.says("no such port /dev/anju-nothing")
        with pytest.raises(TransportError, match="no such port"):
            await driver.send_sms(DAUGHTER, "help")
        with pytest.raises(TransportError, match="no such port"):
            await driver.call(DAUGHTER)


async def test_a_text_that_the_module_swallows_fails_in_bounded_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.serial.modem.texts.PART_S", 0.5)
    monkeypatch.setattr(connection, "PING_EVERY_S", 60.0)
    await bench.do("set", network_s=2.0)
    async with bench.running() as driver:
        async with asyncio.timeout(3):
            assert (await driver.send_sms(DAUGHTER, "help")).fate is TextFate.FAILED
        await bench.do("set", network_s=0.02)
        # The late +CMGS and OK of the first must not pass for an answer to the second.
        assert (await driver.send_sms(DAUGHTER, "help again")).fate is TextFate.SENT
        assert driver.health().ok
