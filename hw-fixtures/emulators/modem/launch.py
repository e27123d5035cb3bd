"""Starts the emulated module as a process of its own."""

from pathlib import Path

from znp.launch import StickProcess


def modem_process(
    folder: Path, *, vendor: str = "sim7600", pin: str = "", storage: int = 20
) -> StickProcess:
    """Return the process, to be used as a context manager; its `port` is the pty's link."""
    return StickProcess(
        folder,
        program=Path(__file__).parent,
        options=["--vendor", vendor, "--pin", pin, "--storage", str(storage)],
    )
