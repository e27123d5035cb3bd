"""The module: characters in, lines out, and everything that can go wrong with it.

Owns the line discipline of V.250: echo, one command at a time, prompt and payload. What a command
does is in `commands`.
"""

import random
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from functools import partial

from znp.port import PtyPort

from . import commands
from .air import ACTIVE, HOME, Habit, VoiceCall
from .card import Card
from .sms import make_delivers, make_report
from .vendor import Vendor

Event = dict[str, object]

BOOT_S = 0.3
STORM = ("+CGREG: 1", '+CIEV: "signal",3', "^HCSQ: 41", "+QIND: act,LTE", "+CREG: 1")
LINE_MAX = 4096


class Unit:
    """One module on one port. Public attributes are what the verbs may bend."""

    def __init__(self, loop: AbstractEventLoop, vendor: Vendor, card: Card, *, seed: int) -> None:
        self.loop = loop
        self.vendor = vendor
        self.card = card
        self.rng = random.Random(seed)
        self.port: PtyPort
        self.registration = HOME
        self.silent = False
        self.slow_s = 0.0
        self.storm = 0
        self.network_s = 0.02
        self.report_s = 0.05
        self.report_status: int | None = 0
        self.failing: list[int] = []
        self.refusing: dict[str, str] = {}
        self.habits: dict[str, Habit] = {}
        self.call: VoiceCall | None = None
        self.ringing_from = ""
        self.waiting_texts: list[str] = []
        self.sent: list[Event] = []
        self.dialled: list[str] = []
        self.spoken: list[str] = []
        self.pins_tried = 0
        self.resets = 0
        self._references = 0
        self._listeners: list[Callable[[Event], None]] = []
        self._forget_settings()

    def _forget_settings(self) -> None:
        self.echo = True
        self.errors = 0
        self.pdu_mode = True
        self.keys_on = False
        self.news_of_texts = False
        self.booting = False
        self._buffer = b""
        self._busy = False
        self.payload_of: int | None = None
        self.read_ns = 0

    # --- who listens ------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    def listen(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def forget(self, listener: Callable[[Event], None]) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    # --- the line ---------------------------------------------------------------------------------

    def attach(self, port: PtyPort) -> None:
        self.port = port
        port.plug()

    def receive(self, data: bytes, read_ns: int) -> None:
        """Take characters from the host."""
        if self.silent or self.booting:
            return
        self.read_ns = read_ns
        if self.echo:
            self.port.send(data)
        self._buffer = (self._buffer + data)[-LINE_MAX:]
        self._next()

    def _next(self) -> None:
        """Take one command or payload, when the last one has been answered."""
        while not self._busy and self._buffer:
            if self.payload_of is not None:
                ends = [at for at in map(self._buffer.find, (b"\x1a", b"\x1b")) if at >= 0]
                if not ends:
                    return
                at = min(ends)
                payload, end = self._buffer[:at], self._buffer[at : at + 1]
                self._buffer = self._buffer[at + 1 :]
                length, self.payload_of = self.payload_of, None
                if end == b"\x1b":
                    self.say("OK")
                else:
                    self._begin(partial(commands.send_text, self, payload, length))
                continue
            line, found, rest = self._buffer.partition(b"\r")
            if not found:
                return
            self._buffer = rest
            command = line.decode("ascii", "replace").strip("\n\x1b\x1a\0 ")
            if command:
                self._begin(partial(commands.carry_out, self, command))

    def _begin(self, work: Callable[[], None]) -> None:
        if not self.slow_s:
            work()
            return
        self._busy = True

        def later() -> None:
            self._busy = False
            if not self.silent:
                work()
            self._next()

        self.loop.call_later(self.slow_s, later)

    def say(self, *lines: str) -> None:
        """Write lines, with a storm of others before each when there is one."""
        if self.silent or self.booting:
            return
        for line in lines:
            for _ in range(self.storm):
                self.port.send(f"\r\n{self.rng.choice(STORM)}\r\n".encode())
            self.port.send(f"\r\n{line}\r\n".encode())

    def say_stored(self, heads: Sequence[tuple[str, str]]) -> None:
        """Write statements that have a second line, then OK."""
        for head, pdu in heads:
            for _ in range(self.storm):
                self.port.send(f"\r\n{self.rng.choice(STORM)}\r\n".encode())
            self.port.send(f"\r\n{head}\r\n".encode())
            if self.storm:
                self.port.send(b"\r\n+CREG: 1\r\n")
            self.port.send(f"{pdu}\r\n".encode())
        self.say("OK")

    def prompt(self, length: int) -> None:
        self.payload_of = length
        self.port.send(b"\r\n> ")

    def restart(self) -> None:
        """Begin anew: every setting is forgotten, the SIM is closed."""
        self.resets += 1
        self.emit({"event": "reset"})
        if self.call is not None:
            self.call.stop()
            self.call = None
        self._forget_settings()
        self.card.opened = False
        self.booting = True
        self.loop.call_later(BOOT_S, self._booted)

    def _booted(self) -> None:
        self.booting = False
        self.say(*(line.format(self.card.says()) for line in self.vendor.ready))

    # --- texts ------------------------------------------------------------------------------------

    def reference(self) -> int:
        self._references = (self._references + 1) % 256
        return self._references

    def text_arrives(self, sender: str, text: str) -> None:
        """Have a text come in: into the SIM, or it waits in the network while that is full."""
        self.waiting_texts += make_delivers(sender, text, self.rng.randrange(256))
        self.deliver_waiting()

    def deliver_waiting(self) -> None:
        while self.waiting_texts and self.card.error() is None:
            place = self.card.keep(self.waiting_texts[0])
            if place is None:
                return
            self.waiting_texts.pop(0)
            if self.news_of_texts:
                self.say(f'+CMTI: "SM",{place}')

    def report(self, reference: int, number: str, status: int) -> None:
        """Say what became of a text."""
        pdu = make_report(reference, number, status)
        if self.news_of_texts and not self.silent:
            self.port.send(f"\r\n+CDS: {len(pdu) // 2 - 1}\r\n{pdu}\r\n".encode())

    # --- calls ------------------------------------------------------------------------------------

    def dial(self, number: str) -> None:
        habit = self.habits.get(number, self.habits.get("", Habit()))
        self.dialled.append(number)
        self.emit(
            {
                "event": "dialled",
                "number": number,
                "read_ns": self.read_ns,
                "at_ns": time.monotonic_ns(),
            }
        )
        if habit.does == "refuse":
            commands.refuse(self, 3)
            return
        self.call = VoiceCall(self.loop, number, habit, self._call_went_on)
        self.say("OK")

    def _call_went_on(self, what: str, detail: str) -> None:
        if self.call is None:
            return
        if what == "active" and self.vendor.begun:
            self.say(self.vendor.begun)
        elif what == "key" and self.keys_on:
            self.say(self.vendor.key.format(self.vendor.key_codes.get(detail, detail)))
        elif what == "ended":
            self.hang_up(detail or "NO CARRIER")
        self.emit({"event": what, "detail": detail})

    def hang_up(self, last_words: str = "") -> None:
        """End the call; `last_words` are the far end's."""
        call, self.call = self.call, None
        self.ringing_from = ""
        if call is None:
            return
        call.stop()
        if call.state == ACTIVE and self.vendor.ended:
            self.say(self.vendor.ended.format(int(call.lasted_s)))
        if last_words:
            self.say(last_words)
        self.emit({"event": "hung_up", "by": "far end" if last_words else "host"})
