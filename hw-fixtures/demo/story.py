"""What happens in the home, scene by scene, on a clock that a person can follow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from agent.cli import text as cli_text
from agent.core.text import Sentence
from demo import text
from demo.children import LOOK_EVERY_S, Failed, kill, until
from demo.house import KINDS, House
from demo.result import Outcome, Seen

SIREN_WITHIN_S = 5.0
ONLINE_WITHIN_S = 10.0
BACK_WITHIN_S = 30.0
PAIR_WINDOW_S = 60
SPEAKS = {"door": "trip", "sos": "press", "smoke": "trip", "pendant": "press"}


class Story:
    """One showing. `tell` prints a line, `pace_s` is the pause in which a person reads it."""

    def __init__(self, house: House, tell: Callable[[str], None], pace_s: float) -> None:
        self._house = house
        self._tell = tell
        self._pace_s = pace_s
        self._began_s = time.monotonic()
        self.outcome = Outcome()

    async def play(self) -> Outcome:
        """Show everything. Errors: Failed where it stopped."""
        await self._set_up()
        self._house.begin(await self._house.last_seq())
        self._began_s = time.monotonic()
        self._say(text.PLAY)
        for scene in (
            self._door,
            self._sos,
            self._broadband_fails,
            self._smoke,
            self._pendant,
            self._guard_dies,
            self._link_dies,
            self._broadband_returns,
        ):
            await scene()
            await asyncio.sleep(self._pace_s)
        await self._count()
        return self.outcome

    # --- before the clock starts ------------------------------------------------------------------

    async def _set_up(self) -> None:
        self._tell(self._in(text.SETTING_UP))
        began_s = time.monotonic()
        await self._house.start()
        self._tell(self._in(text.HUB_READY, ms=_ms(time.monotonic() - began_s)))
        for device in KINDS:
            await self._pair(device)

    async def _first_word(self, device: str) -> None:
        """Have the device speak once, as the installer is asked to make it; a siren need not."""
        if device == "siren":
            return
        await self._house.do(SPEAKS[device], device)
        if device != "pendant":  # Which has no state that could last.
            await self._house.do("restore", device)

    async def _pair(self, device: str) -> None:
        """Bring a device in with the real command line, as an installer would."""
        name, room = (self._in(sentence) for sentence in text.NAMES[device])
        self._tell("")
        self._tell(self._in(text.PAIRING, name=name, room=room))
        process = await self._house.anju(
            *("pair", "--name", name, "--room", room, "--window", str(PAIR_WINDOW_S))
        )
        assert process.stdout is not None
        opened = self._in(cli_text.PAIR_STAGES["open"])
        speak = {self._in(said) for said in cli_text.PAIR_SPEAK.values()}
        while line := (await process.stdout.readline()).decode().rstrip():
            self._tell(f"  {line}")
            if line == opened:
                await self._house.do("join", device)
            elif line in speak:
                await self._first_word(device)
        if await process.wait() != 0:
            raise Failed(f"anju pair {device} ended with {process.returncode}")

    # --- scenes -----------------------------------------------------------------------------------

    async def _door(self) -> None:
        address = await self._house.address("door")
        sent_ns = _ns(await self._house.do("trip", "door"))
        self._say(text.DOOR)
        arrived = await until(
            lambda: self._opened(address), ONLINE_WITHIN_S, "the open door at the platform"
        )
        self._say(text.AT_PLATFORM, ms=_ms((arrived[0] - sent_ns) / 1e9))

    def _opened(self, address: str) -> list[int]:
        return [
            event["arrived_mono_ns"]
            for event in self._house.events("reading", address)
            if event["data"]["quantity"] == "contact_open" and event["data"]["value"] is True
        ]

    async def _sos(self) -> None:
        seen = await self._alarm("sos", text.SOS, online=True)
        await self._reaches_platform(seen)
        self._say(text.AT_PLATFORM, ms=_ms_of(seen, seen.platform_ns))
        await self._is_acked(seen)
        self._say(text.ACKED, ms=_ms_of(seen, seen.acked_ns))

    async def _broadband_fails(self) -> None:
        await self._house.stop_broker()
        await self._house.status_where(
            lambda s: not s.uplink.connected, ONLINE_WITHIN_S, "the hub noticing"
        )
        self._say(text.BROKER_STOPPED)

    async def _smoke(self) -> None:
        await self._alarm("smoke", text.SMOKE, online=False)

    async def _pendant(self) -> None:
        await self._alarm("pendant", text.PENDANT, online=False)

    async def _guard_dies(self) -> None:
        before = {alarm.id for alarm in await self._house.open_alarms()}
        pid = self._house.pid_of("guard")
        self._say(text.GUARD_KILLED)
        began_s = time.monotonic()
        kill(pid)
        await until(lambda: self._house.pid_of("guard") != pid, BACK_WITHIN_S, "guard's return")
        await self._house.status_where(lambda s: s.sos_ready, BACK_WITHIN_S, "guard being ready")
        took_s = time.monotonic() - began_s
        after = {alarm.id for alarm in await self._house.open_alarms()}
        if after != before or not before:
            raise Failed(f"open alarms after the restart: got {after}, wanted {before}")
        self._say(text.GUARD_BACK, ms=_ms(took_s), count=len(after))

    async def _link_dies(self) -> None:
        pid = self._house.pid_of("link")
        kill(pid)
        await until(lambda: self._house.pid_of("link") != pid, BACK_WITHIN_S, "link's return")
        self._say(text.LINK_KILLED)

    async def _broadband_returns(self) -> None:
        waiting = await self._missing()
        began_s = time.monotonic()
        await self._house.start_broker()
        self._say(text.BROKER_BACK, waiting=waiting)
        offline = [seen for seen in self.outcome.alarms if not seen.online]
        for seen in offline:
            await self._reaches_platform(seen)
        self._say(text.BACKLOG, ms=_ms(time.monotonic() - began_s))
        for seen in offline:
            await self._is_acked(seen)
        self._say(text.ALL_ACKED)

    # --- what scenes share ------------------------------------------------------------------------

    async def _alarm(self, device: str, sentence: Sentence, *, online: bool) -> Seen:
        """Have a device raise an alarm and wait for the siren."""
        address = await self._house.address(device)
        at_s = time.monotonic() - self._began_s
        self._say(sentence)
        sent_ns = _ns(await self._house.do(SPEAKS[device], device))
        name = self._in(text.NAMES[device][0])
        seen = Seen(name, address, online, at_s, sent_ns)
        self.outcome.alarms.append(seen)
        seen.siren_ns = await self._house.siren_after(sent_ns, SIREN_WITHIN_S)
        if seen.siren_ns is None:
            raise Failed(f"{name}: the siren did not sound within {SIREN_WITHIN_S:.0f} s")
        self._say(text.SIREN, ms=_ms_of(seen, seen.siren_ns))
        return seen

    async def _reaches_platform(self, seen: Seen) -> None:
        event = (
            await until(
                lambda: self._house.alarms(seen.device),
                BACK_WITHIN_S,
                f"{seen.name} at the platform",
            )
        )[0]
        seen.alarm = event["data"]["id"]
        seen.platform_ns = event["arrived_mono_ns"]
        seen.historical = bool(event["historical"])

    async def _is_acked(self, seen: Seen) -> None:
        def acked() -> list[int]:
            return [
                event["arrived_mono_ns"]
                for event in self._house.events("alarm.acked", seen.device)
                if event["data"]["id"] == seen.alarm
            ]

        found = await until(acked, BACK_WITHIN_S, f"{seen.name}: the acknowledgement")
        seen.acked_ns = found[0]

    async def _missing(self) -> int:
        sent = await self._house.sent()
        received, _ = self._house.received()
        return len(sent - set(received))

    async def _count(self) -> None:
        """Wait until nothing is on its way any more and count what arrived. What is counted is one
        look between whose beginning and end the hub wrote nothing."""
        outcome, deadline_s = self.outcome, time.monotonic() + BACK_WITHIN_S
        while True:
            before = await self._house.sent()
            outcome.received, outcome.copies = self._house.received()
            outcome.sent = await self._house.sent()
            is_still = before == outcome.sent and not outcome.lost
            if is_still or time.monotonic() >= deadline_s:
                break  # What is still missing then is lost: the table will say so.
            await asyncio.sleep(LOOK_EVERY_S)
        outcome.raised = [event["data"]["id"] for event in self._house.alarms()]

    def _in(self, sentence: Sentence, **values: object) -> str:
        return sentence.in_language(self._house.language).format(**values)

    def _say(self, sentence: Sentence, **values: object) -> None:
        at_s = time.monotonic() - self._began_s
        self._tell(f"[{at_s:5.1f} s] {self._in(sentence, **values)}")


def _ns(reply: dict[str, object]) -> int:
    written_ns = reply.get("written_ns")
    if not isinstance(written_ns, int):
        raise Failed(f"the device sent nothing: {reply}")
    return written_ns


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _ms_of(seen: Seen, ns: int | None) -> str:
    return f"{seen.after_ms(ns) or 0:.0f}"
