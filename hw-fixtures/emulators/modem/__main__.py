"""Runs the emulated module: `python hw-fixtures/emulators/modem --pty LINK --control SOCK`."""

import argparse
import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

# Run by path, so that no installation is needed: the folder above holds the packages.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from modem.card import Card
from modem.unit import Unit
from modem.vendor import VENDORS
from modem.verbs import carry_out
from znp.control import remove_socket, serve_control
from znp.port import PtyPort


def main() -> int:
    """Parse the command line and run until SIGTERM or SIGINT."""
    options = _parser().parse_args()
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"modem: {error}\n")
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    card = Card(pin=options.pin, size=options.storage)
    unit = Unit(loop, VENDORS[options.vendor], card, seed=options.seed)
    port = PtyPort(loop, options.pty, unit.receive)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await serve_control(options.control, partial(carry_out, unit), unit)
    try:
        unit.attach(port)
        sys.stdout.write(f"ready pty {port.address} control {options.control}\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        server.close()
        port.unplug()
        remove_socket(options.control)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modem", description="An emulated 4G module.")
    parser.add_argument("--pty", type=Path, required=True, metavar="LINK", help="symlink to make")
    parser.add_argument("--control", type=Path, required=True, metavar="SOCK")
    parser.add_argument("--vendor", choices=sorted(VENDORS), default="sim7600")
    parser.add_argument("--pin", default="", help="the SIM asks for this PIN; without it for none")
    parser.add_argument("--storage", type=int, default=20, help="texts that the SIM holds")
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
