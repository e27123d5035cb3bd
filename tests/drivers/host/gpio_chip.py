"""A GPIO chip for tests: the preloaded stand-in for the kernel's, and its lines from outside."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("gpio_chip.c")
BUTTON, LAMP = 17, 27
EVENT = struct.Struct("=QIIII24x")
RISING, FALLING = 1, 2


def build(folder: Path) -> Path | None:
    """Return the library to preload, None where there is no C compiler or no linux/gpio.h."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    built = folder / "gpio_chip.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(built), str(SOURCE), "-ldl"]
    return built if subprocess.run(command, timeout=60, check=False).returncode == 0 else None


@dataclass(frozen=True)
class Chip:
    """One chip in a folder."""

    folder: Path
    shim: Path

    @property
    def device(self) -> Path:
        """Return what the hub opens."""
        return self.folder / "chip"

    def environment(self) -> dict[str, str]:
        """Return what makes a process see the chip."""
        return {"LD_PRELOAD": str(self.shim), "FAKE_GPIO": str(self.folder)}

    def write(self, data: bytes, line: int = BUTTON) -> None:
        """Let bytes come out of a line."""
        fd = os.open(self.folder / f"line-{line}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)

    def edge(self, kind: int) -> None:
        """Let the button begin or end to be pressed."""
        self.write(EVENT.pack(0, kind, BUTTON, 1, 1))

    def is_taken(self, line: int) -> bool:
        """Return whether the hub has the line."""
        return (self.folder / f"line-{line}.flags").exists()

    def flags(self, line: int) -> int:
        """Return how the hub wanted the line."""
        return int((self.folder / f"line-{line}.flags").read_text().split()[0])

    def lit(self) -> list[bool]:
        """Return what the lamp was told, oldest first."""
        told = self.folder / f"line-{LAMP}.set"
        return [word == "1" for word in told.read_text().split()] if told.exists() else []


def chip_in(folder: Path, shim: Path) -> Chip:
    """Make a chip."""
    folder.mkdir()
    (folder / "chip").touch()
    return Chip(folder, shim)
