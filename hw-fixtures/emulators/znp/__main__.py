"""Runs the emulated stick: `python hw-fixtures/emulators/znp --pty LINK --control SOCK`."""

import argparse
import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

# Run by path, so that no installation is needed: the folder above holds the package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from znp.control import remove_socket, serve_control
from znp.home import HomeError, load_home
from znp.port import Port, PtyPort, TcpPort
from znp.verbs import carry_out
from znp.world import World


def main() -> int:
    """Parse the command line and run until SIGTERM or SIGINT."""
    options = _parser().parse_args()
    try:
        asyncio.run(_run(options))
    except (HomeError, OSError, ValueError) as error:
        sys.stderr.write(f"znp: {error}\n")
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    world = World(loop=loop, specs=load_home(options.home), seed=options.seed, nv=options.nv)
    port: Port
    if options.pty is not None:
        port, kind = PtyPort(loop, options.pty, world.stick.receive), "pty"
    else:
        host, _, number = str(options.tcp).rpartition(":")
        port, kind = TcpPort(loop, host or "127.0.0.1", int(number), world.stick.receive), "tcp"
    ended = asyncio.Event()
    for number_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number_, ended.set)
    server = await serve_control(options.control, partial(carry_out, world), world)
    try:
        world.attach(port)
        sys.stdout.write(f"ready {kind} {port.address} control {options.control}\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        server.close()
        world.close()
        remove_socket(options.control)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="znp", description="An emulated CC2652 Zigbee stick.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", type=Path, metavar="LINK", help="symlink to make to the pty")
    where.add_argument("--tcp", metavar="HOST:PORT", help="listen on TCP; port 0 takes any")
    parser.add_argument("--control", type=Path, required=True, metavar="SOCK")
    parser.add_argument("--home", type=Path, metavar="FILE.toml", help="devices; default: each")
    parser.add_argument("--nv", type=Path, metavar="FILE", help="keep flash and devices here")
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
