"""Telephone calls, over the real serial library and an emulated module."""

from __future__ import annotations

import asyncio

import pytest

from agent.core.errors import CommandRefused, TransportError
from drivers.serial.modem.decode.call import CallEnd, CallPlan
from tests.drivers.modem.bench import DAUGHTER, Bench

SAYS = "安居守护：张奶奶按了求助按钮。请按 1 确认。"


async def test_who_takes_up_hears_the_sentence_and_the_key_1_ends_the_call(bench: Bench) -> None:
    await bench.do("person", number=DAUGHTER, does="answer", keys="1", keys_after_s=1.0)
    async with bench.running() as driver:
        outcome = await driver.call(DAUGHTER, says=SAYS, plan=CallPlan(keys="1"))
        assert (outcome.number, outcome.end, outcome.digits) == (DAUGHTER, CallEnd.KEY, "1")
        assert 0.1 <= outcome.rang_s <= 1.0
        await bench.state("in_call", False)
    assert (await bench.do("state"))["spoken"] == [SAYS]


async def test_other_keys_are_kept_and_do_not_end_the_call(bench: Bench) -> None:
    await bench.do("person", number=DAUGHTER, keys="23#*0", hangs_up_after_s=1.5)
    async with bench.running() as driver:
        outcome = await driver.call(DAUGHTER, plan=CallPlan(keys="1"))
        assert (outcome.end, outcome.digits) == (CallEnd.ANSWERED, "23#*0")
        assert 1.0 <= outcome.talked_s <= 3.0


@pytest.mark.parametrize(
    ("does", "end"),
    [
        ("busy", CallEnd.BUSY),
        ("no_answer", CallEnd.NO_ANSWER),
        ("no_carrier", CallEnd.NO_CARRIER),
        ("refuse", CallEnd.REFUSED),
    ],
)
async def test_a_call_that_fails_says_how(bench: Bench, does: str, end: CallEnd) -> None:
    await bench.do("person", number=DAUGHTER, does=does)
    async with bench.running() as driver:
        outcome = await driver.call(DAUGHTER)
        assert (outcome.end, outcome.digits, outcome.talked_s) == (end, "", 0.0)
        # The line is free for the next contact at once.
        await bench.do("person", number=DAUGHTER, does="answer", keys="1")
        assert (await driver.call(DAUGHTER, plan=CallPlan(keys="1"))).end is CallEnd.KEY


async def test_ringing_and_talking_have_an_end(bench: Bench) -> None:
    await bench.do("person", number=DAUGHTER, does="no_answer", after_s=60.0)
    async with bench.running() as driver:
        outcome = await driver.call(DAUGHTER, plan=CallPlan(ring_s=1.0))
        assert outcome.end is CallEnd.NO_ANSWER
        await bench.state("in_call", False)
        await bench.do("person", number=DAUGHTER, does="answer")
        outcome = await driver.call(DAUGHTER, plan=CallPlan(talk_s=1.0))
        assert outcome.end is CallEnd.ANSWERED
        await bench.state("in_call", False)


async def test_a_call_that_nobody_needs_any_more_is_hung_up(bench: Bench) -> None:
    await bench.do("person", number=DAUGHTER, does="no_answer", after_s=60.0)
    async with bench.running() as driver:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await driver.call(DAUGHTER)
        await bench.state("in_call", False)


async def test_there_is_one_line_and_texts_go_beside_a_call(bench: Bench) -> None:
    await bench.do("person", number=DAUGHTER, does="answer", hangs_up_after_s=2.0)
    async with bench.running() as driver, asyncio.TaskGroup() as group:
        calling = group.create_task(driver.call(DAUGHTER))
        await bench.state("in_call", True)
        with pytest.raises(CommandRefused, match="under way"):
            await driver.call("13900139000")
        assert (await driver.send_sms("13900139000", "help")).fate == "sent"
        assert not calling.done()
        assert (await calling).end is CallEnd.ANSWERED


async def test_a_call_in_a_storm_of_news_still_sees_its_key(bench: Bench) -> None:
    await bench.do("set", storm=30)
    await bench.do("person", number=DAUGHTER, keys="1", keys_after_s=0.5)
    async with bench.running() as driver:
        assert (await driver.call(DAUGHTER, plan=CallPlan(keys="1"))).end is CallEnd.KEY


async def test_a_call_during_which_the_module_vanishes_ends_as_an_error(bench: Bench) -> None:
    async with bench.running() as driver, asyncio.TaskGroup() as group:
        calling = group.create_task(_outcome_of(driver.call(DAUGHTER)))
        await bench.state("in_call", True)
        await bench.do("unplug")
        assert isinstance(await calling, TransportError)


async def _outcome_of(call: object) -> object:
    try:
        return await call  # type: ignore[misc] # A coroutine of the driver.
    except TransportError as error:
        return error


async def test_who_calls_the_home_does_not_hold_its_line(bench: Bench) -> None:
    async with bench.running():
        await bench.do("ring", number="10086")
        await bench.state("ringing", False)
