"""Lets the person at home hear and see what becomes of an alarm.

Owns what was announced last. What belongs to which state is the annunciation's decision; how it
sounds is the speaker's, how it flashes the panel's. Every call returns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agent.core.actuation import Actuation, ActuationKind, Speech
from agent.core.alarm import Alarm
from agent.core.device import Device, DeviceKind
from agent.core.signal import Lamp, Pcm, Sound, Standing, Urgency
from agent.core.text import Sentence
from agent.response import phrases
from agent.response.annunciation import STANDING, Shown, prompts, shown
from agent.response.lifecycle import AlarmBook
from agent.response.tones import SHAPES, Tone, synthesise


class Voice(Protocol):
    """What makes the sounds."""

    def say(self, sound: Sound) -> None:
        """Let it be heard in its turn."""
        ...

    def stand(self, standing: Standing | None) -> None:
        """Let a tone sound again and again; None ends it."""
        ...


Order = Callable[[Alarm, Actuation, Sequence[Device]], None]
"""Has devices do something for an alarm, through the gate and the journal."""


class Annunciator:
    """Goes from one alarm book to the next.

    `voice` and `lamp` are None in a hub that has none. `shows` returns the lights and vibrating
    plugs of a person who cannot hear.
    """

    def __init__(
        self,
        *,
        language: str,
        volume_pct: float,
        voice: Voice | None,
        lamp: Callable[[Lamp], None] | None,
        shows: Callable[[], Sequence[Device]],
        order: Order,
    ) -> None:
        self._language = language
        self._voice = voice
        self._lamp = lamp
        self._shows = shows
        self._order = order
        self._book = AlarmBook()
        self._shown = Shown()
        self._tones: dict[Tone, Pcm] = {}
        if voice is not None:  # Made before the first press: it takes a board some 50 ms.
            self._tones = {tone: synthesise(SHAPES[tone], volume_pct) for tone in Tone}

    def resume(self, book: AlarmBook) -> None:
        """Go on after a restart: what sounded sounds again, and nothing is said twice."""
        self._book = book
        now = shown(book)
        if self._voice is not None and now.tone is not None:
            self._voice.say(Sound(now.urgency, self._tones[now.tone]))
        self._show(now)

    def heard(self, book: AlarmBook) -> None:
        """Take how the alarms stand now."""
        said = prompts(self._book, book)
        self._book = book
        for prompt in said:
            words = phrases.SAYS[prompt.phrase]
            self._say(prompt.urgency, prompt.tone, prompt.phrase, words, about=prompt.alarm)
        self._show(shown(book))

    def told(self, relation: str) -> None:
        """Say that a contact has been told, by what they are to the person ("daughter")."""
        key, words = phrases.told(relation)
        self._say(Urgency.MESSAGE, Tone.NOTE, key, words)

    def _say(
        self, urgency: Urgency, tone: Tone | None, key: str, words: Sentence, *, about: str = ""
    ) -> None:
        if self._voice is None:
            return
        speech = Speech(words.in_language(self._language), self._language)
        pcm = None if tone is None else self._tones[tone]
        # What an alarm says stays true while a graver one is heard.
        keeps = urgency >= Urgency.LOW
        self._voice.say(Sound(urgency, pcm, speech, key, about, keeps))

    def _show(self, now: Shown) -> None:
        before, self._shown = self._shown, now
        if self._voice is not None:
            self._voice.stand(self._standing(now))
        if self._lamp is not None:
            self._lamp(now.lamp)
        begins, ends = now.tone is not None, before.tone is not None
        if begins and not ends:
            self._switch(now.alarm, ActuationKind.SWITCH_ON, self._shows())
        elif ends and not begins:
            # The light stays: who was woken by it needs it.
            plugs = [device for device in self._shows() if device.kind is DeviceKind.PLUG]
            self._switch(before.alarm, ActuationKind.SWITCH_OFF, plugs)

    def _switch(self, alarm: Alarm | None, kind: ActuationKind, devices: Sequence[Device]) -> None:
        if alarm is not None and devices:
            self._order(alarm, Actuation(kind), devices)

    def _standing(self, now: Shown) -> Standing | None:
        if now.tone is None:
            return None
        every_s, calm_after_s, calm_every_s = STANDING[now.urgency]
        return Standing(now.urgency, self._tones[now.tone], every_s, calm_after_s, calm_every_s)
