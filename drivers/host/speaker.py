"""The speaker of the hub: tones at once, then words; never in the way of anything.

Owns what sounds now and what breaks into it. What is to be heard is decided elsewhere. Nothing that
calls it ever waits: a missing card, or one that hangs, costs a sound and raises a trouble.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from agent.core.actuation import Actuation, ActuationKind, Speech
from agent.core.clock import Clock
from agent.core.device import DeviceId
from agent.core.errors import DeviceError, FrameError
from agent.core.signal import Pcm, Sound, Standing, Urgency
from agent.core.text import Sentence
from drivers.base import Health, Inbox
from drivers.host import faults, wav
from drivers.host.part import Part
from drivers.host.play import Programs, Silent, find, ill_voice, play, speak, with_version
from drivers.host.turns import Turn, Turns

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 300.0  # While something is wrong: a card may be plugged in, a package installed.
LOOK_WELL_S = 86_400.0
SPOKEN_KEPT = 64  # Phrases that need not be spoken to a file again.
RECORDING_BYTES = 4_000_000  # 90 s; what is longer is no phrase.

_WELL = Sentence("主机喇叭正常。", "The speaker works.")
_STARTING = Sentence("主机喇叭正在启动。", "The speaker is starting.")


class SpeakerDriver:
    """The speaker `hub:speaker`, as `drivers.base.Driver`.

    `device`     the ALSA name of the card ("default").
    `language`   what the hub itself will speak: a voice that cannot is a trouble before it has to.
    `recordings` a folder of `<key>.wav` for words that were recorded; None when there is none.
    `probe`      a moment of silence, played to learn whether the card is there.
    """

    def __init__(
        self,
        *,
        device: str,
        language: str,
        recordings: Path | None,
        probe: Pcm,
        clock: Clock,
        inbox: Inbox,
    ) -> None:
        self._card = device
        self._language = language
        self._recordings = recordings
        self._probe = probe
        self._part = Part("speaker", clock, inbox)
        self._programs = Programs()
        self._turns = Turns()
        self._wake = asyncio.Event()
        self._standing: Standing | None = None
        self._stands_since_s = self._stood_s = 0.0
        self._looked_s: float | None = None
        self._now: Turn | None = None
        self._work: asyncio.Task[None] | None = None
        self._waiters: dict[Turn, asyncio.Future[None]] = {}
        self._spoken: dict[Speech, Pcm] = {}
        self._bad: set[Path] = set()  # Recordings that could not be used.
        self._restarts = -1
        self.played = 0

    # --- what is to be heard ----------------------------------------------------------------------

    def say(self, sound: Sound) -> None:
        """Let it be heard in its turn; what is more urgent breaks in. Returns at once."""
        self._put(Turn(sound))

    def stand(self, standing: Standing | None) -> None:
        """Let a tone sound again and again, the first time after its own pause; None ends it."""
        if standing == self._standing:
            return
        now_s = asyncio.get_running_loop().time()
        self._standing = standing
        self._stands_since_s = self._stood_s = now_s
        if self._work is not None and _is_standing(self._now):
            self._work.cancel()
        self._wake.set()

    # --- drivers.base.Driver ----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Return "speaker"."""
        return self._part.name

    def owns(self, device: DeviceId) -> bool:
        """Return whether the id is the hub's own speaker."""
        return device == self._part.device

    def health(self) -> Health:
        """Return whether the speaker can be heard, in words."""
        otherwise = _STARTING if self._looked_s is None else _WELL
        return Health(
            driver=self.name,
            ok=self._part.ok and self._looked_s is not None,
            says=self._part.says(otherwise),
            port=self._card,
            restarts=max(0, self._restarts),
            hears_devices=False,
        )

    async def actuate(self, device: DeviceId, actuation: Actuation) -> None:
        """Say it; return when it has been heard.

        Errors: DeviceError when it was not, or when it is nothing that a speaker does.
        """
        if actuation.kind is not ActuationKind.SPEAK or actuation.speech is None:
            raise DeviceError(f"{device} only speaks; got {actuation.kind} without words")
        turn = Turn(Sound(Urgency.MESSAGE, speech=actuation.speech, keeps=True))
        heard = self._waiters[turn] = asyncio.get_running_loop().create_future()
        self._put(turn)
        try:
            await heard
        finally:
            self._waiters.pop(turn, None)
            self._turns.drop(turn)

    async def run(self) -> None:
        """Play what comes until cancelled."""
        self._restarts += 1
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._wake.clear()
                    turn = self._turns.take() or self._due()
                    if turn is None:
                        await self._rest()
                    else:
                        await self._sound(turn, group)
        finally:
            for turn in tuple(self._waiters):
                self._told(turn, DeviceError("the speaker was stopped"))

    # --- inside -----------------------------------------------------------------------------------

    def _put(self, turn: Turn) -> None:
        for stale in self._turns.put(turn):
            self._told(stale, DeviceError("something more urgent came before it was heard"))
        if self._work is not None and _breaks_into(turn, self._now):
            self._work.cancel()
        self._wake.set()

    async def _sound(self, turn: Turn, group: asyncio.TaskGroup) -> None:
        """Let one turn be heard, or broken into."""
        work = group.create_task(self._perform(turn), name="speaker.sound")
        self._now, self._work = turn, work
        await asyncio.wait({work})
        self._now = self._work = None
        self._looked_s = asyncio.get_running_loop().time()
        if work.cancelled() and not self._turns.back(turn):
            self._told(turn, DeviceError("something more urgent broke into it"))

    def _due(self) -> Turn | None:
        """Return the look at the card or the standing tone when it is time for one."""
        now_s = asyncio.get_running_loop().time()
        standing = self._standing
        if standing is not None and now_s >= self._next_tone_s(standing):
            self._stood_s = now_s
            return Turn(Sound(standing.urgency, standing.tone), standing=True)
        if now_s >= self._next_look_s():
            return Turn(Sound(Urgency.NOTICE, self._probe))
        return None

    async def _rest(self) -> None:
        """Wait for a sound to come, or for the time of one."""
        due_s = self._next_look_s()
        if self._standing is not None:
            due_s = min(due_s, self._next_tone_s(self._standing))
        try:
            async with asyncio.timeout_at(due_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _next_tone_s(self, standing: Standing) -> float:
        calm = self._stood_s - self._stands_since_s >= standing.calm_after_s
        return self._stood_s + (standing.calm_every_s if calm else standing.every_s)

    def _next_look_s(self) -> float:
        if self._looked_s is None:
            return 0.0
        return self._looked_s + (LOOK_WELL_S if self._part.ok else LOOK_AGAIN_S)

    async def _perform(self, turn: Turn) -> None:
        """Play one sound; whether it was heard is told to who waits for it."""
        sound = turn.sound
        if sound.tone is self._probe or not self._programs.aplay:
            self._programs = find()
        try:
            if sound.tone is not None:
                await self._play(sound.tone)
            if sound.tone is self._probe:
                await self._judge_voice()
            if sound.speech is not None:
                words = await self._words(sound.speech, sound.key)
                for _ in range(sound.speech.repeat):
                    await self._play(words)
        except Silent as silent:
            self._part.ill(silent.ill)
            self._told(turn, DeviceError(str(silent)))
        else:
            self._told(turn, None)

    async def _play(self, pcm: Pcm) -> None:
        await play(self._programs, self._card, pcm)
        self.played += 1
        self._part.well("card")

    async def _judge_voice(self) -> None:
        self._programs = await with_version(self._programs)
        ill = ill_voice(self._programs, self._language)
        if ill is None:
            self._part.well("voice")
        elif self._recordings is None:
            self._part.ill(ill)

    async def _words(self, speech: Speech, key: str) -> Pcm:
        """Return the recorded words, else spoken ones. Errors: Silent when there are neither."""
        known = self._spoken.get(speech)
        if known is not None:
            return known
        pcm = await self._recorded(key, speech.language)
        if pcm is None:
            pcm = await speak(self._programs, speech.text, speech.language)
        if len(self._spoken) >= SPOKEN_KEPT:
            self._spoken.pop(next(iter(self._spoken)))
        self._spoken[speech] = pcm
        return pcm

    async def _recorded(self, key: str, language: str) -> Pcm | None:
        if self._recordings is None or not key:
            return None
        for file in _places(self._recordings, key, language):
            try:
                found = wav.read(await asyncio.to_thread(_read, file))
            except FileNotFoundError:
                continue
            except (OSError, FrameError) as error:
                self._bad.add(file)
                self._part.ill(faults.bad_recording(file.name, str(error)))
                continue
            self._bad.discard(file)
            if not self._bad:
                self._part.well("recording")
            return found
        return None

    def _told(self, turn: Turn, error: DeviceError | None) -> None:
        heard = self._waiters.get(turn)
        if heard is None or heard.done():
            return
        if error is None:
            heard.set_result(None)
        else:
            heard.set_exception(error)


def _is_standing(turn: Turn | None) -> bool:
    return turn is not None and turn.standing


def _breaks_into(turn: Turn, now: Turn | None) -> bool:
    """Return whether a new sound cannot wait for the present one: any that is as urgent comes
    before the next round of a standing tone, which says nothing new."""
    if now is None:
        return False
    least = now.sound.urgency if now.standing else now.sound.urgency + 1
    return turn.sound.urgency >= least


def _places(folder: Path, key: str, language: str) -> Sequence[Path]:
    """Return where the words may be: a folder by language for a home of two, else the pack."""
    return (folder / language / f"{key}.wav", folder / f"{key}.wav")


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(RECORDING_BYTES)
