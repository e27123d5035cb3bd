"""Programs that stand where `aplay` and `espeak-ng` would: they keep what they were given.

Real processes on PATH, with the exit codes, streams and faults of the real ones.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

APLAY = """#!/bin/sh
# $FAKE_SOUND/hangs: take the samples and never end. .../no-card: what aplay says without a card.
echo "aplay $*" >> "$FAKE_SOUND/log"
if [ -e "$FAKE_SOUND/no-card" ]; then
    echo "ALSA lib pcm_dmix.c:1032:(snd_pcm_dmix_open) unable to open slave" >&2
    echo "aplay: main:831: audio open error: No such file or directory" >&2
    exit 1
fi
if [ -e "$FAKE_SOUND/hangs" ]; then
    echo $$ > "$FAKE_SOUND/hanging"
    exec sleep 600
fi
cat > "$FAKE_SOUND/$$.part"
if [ -e "$FAKE_SOUND/slow" ]; then
    echo $$ > "$FAKE_SOUND/playing"
    exec sleep "$(cat "$FAKE_SOUND/slow")"
fi
mv "$FAKE_SOUND/$$.part" "$FAKE_SOUND/$(date +%s%N).pcm"
"""

ESPEAK = """#!/bin/sh
# Answers with the WAV header that the real one writes into a pipe, and the text as samples.
if [ "$1" = --version ]; then
    echo "eSpeak NG text-to-speech: $(cat "$FAKE_SOUND/version")  Data at: /usr/lib"
    exit 0
fi
echo "espeak-ng $*" >> "$FAKE_SOUND/log"
if [ -e "$FAKE_SOUND/no-speech" ]; then
    echo "Error processing file '/usr/share/espeak-ng-data/phontab'" >&2
    exit 1
fi
cat "$FAKE_SOUND/header"
cat
"""

RATE_HZ = 22_050
PIPED_HEADER = (
    b"RIFF\x24\xf0\xff\x7fWAVEfmt \x10\0\0\0"
    + struct.pack("<HHIIHH", 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    + b"data\x00\xf0\xff\x7f"
)
"""What espeak-ng 1.51 writes before it knows the length."""


@dataclass(frozen=True)
class Programs:
    """Two programs in a folder, and the folder in which they keep what they were given."""

    path: Path
    given: Path

    def log(self) -> list[str]:
        """Return each call with its arguments."""
        log = self.given / "log"
        return log.read_text().splitlines() if log.exists() else []

    def heard(self) -> list[bytes]:
        """Return what was played to the end, oldest first."""
        files = sorted(self.given.glob("*.pcm"), key=lambda file: int(file.stem))
        return [file.read_bytes() for file in files]

    def words(self) -> list[str]:
        """Return what was said, tones left out."""
        found = []
        for data in self.heard():
            text = data.rstrip(b"\0")
            if text and b"\0" not in text:
                found.append(text.decode(errors="replace"))
        return found

    def has(self, name: str, content: str = "") -> None:
        """Let the programs find a file of theirs."""
        (self.given / name).write_text(content)

    def forget(self, name: str) -> None:
        """Take it away."""
        (self.given / name).unlink()


def install(folder: Path, *, aplay: bool = True, espeak: bool = True) -> Programs:
    """Put the programs into `folder`/bin."""
    made = Programs(folder / "bin", folder / "sound")
    made.path.mkdir()
    made.given.mkdir()
    made.has("version", "1.52.0")
    (made.given / "header").write_bytes(PIPED_HEADER)
    for name, text, wanted in (("aplay", APLAY, aplay), ("espeak-ng", ESPEAK, espeak)):
        if wanted:
            program = made.path / name
            program.write_text(text)
            program.chmod(0o755)
    return made


def environment(programs: Programs) -> dict[str, str]:
    """Return what a hub's environment needs so that it finds these programs and no others."""
    return {"PATH": f"{programs.path}:{os.defpath}", "FAKE_SOUND": str(programs.given)}
