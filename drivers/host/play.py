"""The programs that make a sound and speak: `aplay` and `espeak-ng` as children of the hub.

Owns their arguments and their end: none lives longer than its sound and a margin. Words go in by
the pipe, never as an argument: every user of the machine may read those.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, replace

from agent.core.errors import FrameError
from agent.core.signal import Pcm
from drivers.host import faults, wav
from drivers.host.faults import Ill

log = logging.getLogger(__name__)

PLAY_MARGIN_S = 3.0  # A card that was asleep takes a second; one that takes three hangs.
SPEAK_LIMIT_S = 10.0  # Speaking 500 letters to a file takes a Pi about one.
END_LIMIT_S = 1.0  # A killed child that is still there then waits in the kernel: left to it.
VERSION_LIMIT_S = 5.0
WORDS_A_MINUTE = "140"  # Slower than the default 175: ears that are old need longer.
VOICES = {"zh": "cmn", "en": "en"}
READS_CHINESE = (1, 52)
"""Older ones read the Chinese text out as the names of Latin letters (espeak-ng 1236)."""
_SAYS_BYTES = 120


class Silent(Exception):
    """Nothing was heard, or nothing was spoken. `ill` says why."""

    def __init__(self, ill: Ill) -> None:
        super().__init__(ill.says.en)
        self.ill = ill


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are; "" when they are not. `voice` is the version of espeak-ng."""

    aplay: str = ""
    espeak: str = ""
    voice: tuple[int, ...] = ()


def find() -> Programs:
    """Look for the programs along PATH."""
    return Programs(shutil.which("aplay") or "", shutil.which("espeak-ng") or "")


async def with_version(programs: Programs) -> Programs:
    """Ask the voice how new it is; one that does not say is taken as it is."""
    if not programs.espeak:
        return programs
    late = faults.mute_voice("no version")
    try:
        said = await _run([programs.espeak, "--version"], b"", VERSION_LIMIT_S, late)
    except (Silent, _Failed):
        return programs
    found = re.search(rb"(\d+)\.(\d+)", said)
    return replace(programs, voice=tuple(int(part) for part in found.groups()) if found else ())


def ill_voice(programs: Programs, language: str) -> Ill | None:
    """Return why nothing can be spoken in a language, None when it can."""
    if not programs.espeak:
        return faults.no_voice()
    if language == "zh" and programs.voice and programs.voice < READS_CHINESE:
        return faults.old_voice(".".join(map(str, programs.voice)))
    return None


async def play(programs: Programs, device: str, pcm: Pcm) -> None:
    """Play to the end. Errors: Silent when the card does not, or does not end."""
    if not programs.aplay:
        raise Silent(faults.no_player())
    words = [programs.aplay, "-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-c", "1"]
    limit_s = pcm.length_s + PLAY_MARGIN_S
    late = faults.hangs(device, limit_s)
    try:
        await _run([*words, "-r", str(pcm.rate_hz), "-"], pcm.data, limit_s, late)
    except _Failed as failed:
        raise Silent(faults.no_card(device, failed.says)) from failed


async def speak(programs: Programs, text: str, language: str) -> Pcm:
    """Return the words as sound. Errors: Silent when there is no voice for them."""
    ill = ill_voice(programs, language)
    if ill is not None:
        raise Silent(ill)
    voice = VOICES.get(language, VOICES["en"])
    words = [programs.espeak, "-v", voice, "-s", WORDS_A_MINUTE, "--stdin", "--stdout"]
    late = faults.mute_voice(f"no end after {SPEAK_LIMIT_S:.0f} s")
    try:
        pcm = wav.read(await _run(words, text.encode(), SPEAK_LIMIT_S, late))
    except (_Failed, FrameError) as error:
        raise Silent(faults.mute_voice(str(error))) from error
    if not pcm.data:
        raise Silent(faults.mute_voice("no samples"))
    return pcm


class _Failed(Exception):
    """A child ended with an error, or could not be started."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


async def _run(words: list[str], given: bytes, limit_s: float, late: Ill) -> bytes:
    """Return what the child writes. Errors: Silent `late` past the limit, _Failed otherwise."""
    try:
        child = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        raise _Failed(error.strerror or str(error)) from error
    try:
        async with asyncio.timeout(limit_s):
            said, complaint = await child.communicate(given)
    except TimeoutError as error:
        raise Silent(late) from error
    finally:
        await _end(child)
    if child.returncode:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise _Failed(f"{last[0][:_SAYS_BYTES]}, code {child.returncode}")
    return said


async def _end(child: Process) -> None:
    """Make sure that the child is gone, also when the hub no longer wants its sound."""
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(END_LIMIT_S):
            await child.wait()
        return
    log.error("sound.child_stays pid=%d", child.pid)
