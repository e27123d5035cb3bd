"""Pairing as a person sees it: every stage in words, a countdown, an end, a way out."""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.control import schema
from agent.control.schema import PairProgress, PairResult, Shape
from agent.control.server import Peer
from agent.core.errors import CommandRefused, TransportError
from tests.cli.hub import (
    ANJU,
    Answer,
    as_json,
    device,
    ended,
    hub,
    interrupt,
    nothing,
    surroundings,
    vanishing_hub,
)

STAGES = ("open", "joined", "interviewed", "enrolled", "ready", "first_report")


def pairing(
    outcome: str, stages: Sequence[str] = STAGES, kind: str = "", detail: str = ""
) -> Callable[[Shape, Peer], Awaitable[Shape]]:
    """Return a hub's pairing that goes through the stages and ends."""

    async def answer(params: Shape, peer: Peer) -> Shape:
        for number, stage in enumerate(stages):
            one = None if stage in ("open", "closed") else device().id
            step = PairProgress(
                stage=stage, device=one, left_s=100.0 - number, kind=kind, detail=detail
            )
            peer.notify("pair.progress", step)
            peer.notify("pair.progress", step)
        known = device() if outcome == "done" or "ready" in stages else None
        return PairResult.model_validate({"outcome": outcome, "device": known})

    return answer


def endless(stopped: asyncio.Event, begun: asyncio.Event) -> dict[str, Answer]:
    """Return a pairing into which no device comes, until it is stopped."""

    async def start(params: Shape, peer: Peer) -> Shape:
        step = PairProgress(stage="open", device=None, left_s=3.0)
        peer.notify("pair.progress", step)
        begun.set()
        await stopped.wait()
        return PairResult(outcome="stopped", device=None)

    async def stop(params: Shape, peer: Peer) -> Shape:
        stopped.set()
        return nothing()

    return {"pair_start": start, "pair_stop": stop}


async def test_a_person_is_led_through_every_stage(tmp_path: Path) -> None:
    async with hub(tmp_path, pair_start=pairing("done")) as home:
        arguments = ("pair", "--window", "60", "--name", "大门", "--room", "玄关")
        en, zh = await home.anju(*arguments), await home.anju(*arguments, "--lang", "zh")
    assert home.asked[0][1] == schema.PairParams(window_s=60, name="大门", room="玄关")
    assert (en.code, en.err) == (0, "")
    assert en.out.splitlines() == [
        "The network is open. Put the new device into pairing mode now (usually: hold its button "
        "for 5 s, or insert its battery).",
        "A device has joined; asking what it is…",
        "The device has said what it is; setting it up…",
        "It knows where to send its alarms.",
        "Set up. Now make the device speak: press its button, open and close the door, or press "
        "its test key.",
        "The device's own first report has arrived.",
        "Paired: door contact, made by HEIMAN, named 大门, room 玄关.",
    ]
    assert zh.out.splitlines()[-1] == "配对成功：门磁，厂家 HEIMAN，名称 大门，房间 玄关。"
    assert "长按设备上的按键" in zh.out.splitlines()[0]


async def test_for_programs_the_result_is_json_and_the_progress_goes_to_stderr(
    tmp_path: Path,
) -> None:
    async with hub(tmp_path, pair_start=pairing("done")) as home:
        end = await home.anju("pair", "--json")
    result: Any = as_json(end.out)
    assert result["outcome"] == "done"
    assert result["device"]["kind"] == "contact"
    assert len(end.err.splitlines()) == len(STAGES)


@pytest.mark.parametrize(
    ("outcome", "code", "said"),
    [
        ("timeout", 1, "Time is up"),
        ("stopped", 130, "stopped"),
    ],
)
async def test_an_end_without_a_device_is_not_success(
    tmp_path: Path, outcome: str, code: int, said: str
) -> None:
    script = pairing(outcome, ("open", "failed"), detail="no key")
    async with hub(tmp_path, pair_start=script) as home:
        end = await home.anju("pair")
    assert end.code == code
    assert said in end.out
    assert "This device could not be set up. (no key)" in end.out


async def test_each_kind_of_device_is_made_to_speak_in_its_own_way(tmp_path: Path) -> None:
    async with hub(tmp_path, pair_start=pairing("done", ("ready",), "leak")) as home:
        end = await home.anju("pair")
    assert end.out.splitlines()[0] == "Set up. Now wet its probe."


async def test_a_device_that_joined_and_never_spoke_is_not_taken_in(tmp_path: Path) -> None:
    async with hub(tmp_path, pair_start=pairing("timeout", ("ready",))) as home:
        end = await home.anju("pair")
    assert end.code == 1
    assert "has joined but never reported by itself" in end.out


async def test_ctrl_c_closes_the_network_before_leaving(tmp_path: Path) -> None:
    stopped, begun = asyncio.Event(), asyncio.Event()
    async with hub(tmp_path, **endless(stopped, begun)) as home:
        process = await home.start("pair")
        async with asyncio.timeout(20):
            await begun.wait()
        interrupt(process)
        end = await ended(process)
    assert [method for method, _ in home.asked] == ["pair.start", "pair.stop"]
    assert end.code == 130
    assert end.out.splitlines()[-2:] == [
        "Closing the network…",
        "Pairing was stopped and the network is closed.",
    ]
    assert end.err == ""


async def test_a_terminal_shows_the_seconds_that_are_left(tmp_path: Path) -> None:
    stopped, begun = asyncio.Event(), asyncio.Event()
    async with hub(tmp_path, **endless(stopped, begun)) as home:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            str(ANJU), "pair", env=surroundings(ANJU_CONFIG=str(home.config)), stdout=theirs
        )
        os.close(theirs)
        seen = b""
        async with asyncio.timeout(20):
            while b"1 s left" not in seen:
                seen += await asyncio.to_thread(os.read, ours, 4096)
            interrupt(process)
            await process.wait()
        os.close(ours)
    assert b"\r\x1b[K2 s left" in seen


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            CommandRefused("busy", "a pairing is under way"),
            "The hub is busy: a pairing is under way",
        ),
        (TransportError("the stick does not answer"), "The hub refused: the stick does not answer"),
    ],
)
async def test_a_hub_that_cannot_pair_says_why(tmp_path: Path, error: Exception, said: str) -> None:
    async def answer(params: Shape, peer: Peer) -> Shape:
        raise error

    async with hub(tmp_path, pair_start=answer) as home:
        end = await home.anju("pair")
    assert end.code == 1
    assert end.err.startswith(said)
    assert end.err.count("\n") == 1


async def test_a_hub_that_goes_away_meanwhile_is_a_failure(tmp_path: Path) -> None:
    async with vanishing_hub(tmp_path) as home:
        end = await home.anju("pair")
    assert end.code == 1
    assert "closed the control socket" in end.err
    assert end.err.count("\n") == 1
