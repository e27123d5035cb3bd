"""`python -m tests.platform`: runs the reference platform, shows what it has, or asks a hub."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.platform.consumer import Consumer, Options
from tests.platform.signing import Signer
from tests.platform.store import PlatformStore, read_tables


def main() -> int:
    """Do what the command line says; 0 when it was done, 1 when a request got no answer."""
    args = _parser().parse_args()
    if args.dump:
        tables = read_tables(args.db, with_events=not args.counts)
        json.dump(tables, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return 0
    if args.broker is None:
        sys.stderr.write("--broker HOST:PORT is missing\n")
        return 2
    store = PlatformStore(args.db)
    consumer = Consumer(_options(args), store)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(consumer, "stopping", True))
    try:
        if args.ask is not None:
            return _ask(consumer, args)
        consumer.run()
    finally:
        store.close()
    return 0


def _ask(consumer: Consumer, args: argparse.Namespace) -> int:
    """Send one request and print the pages of its answer as JSON lines."""
    name, text = args.ask
    found: list[dict[str, object]] = []
    asked: list[str] = []
    deadline = time.monotonic() + args.wait_s

    def ask() -> None:
        if args.sign is None:
            asked.append(consumer.ask(args.hub, name, json.loads(text)))
        else:
            signer = Signer.load(args.kid, args.sign)
            asked.append(consumer.ask_signed(args.hub, name, json.loads(text), signer))
        look()

    def look() -> None:
        rows = read_tables(args.db, with_events=False).get("response", [])
        found[:] = [row for row in rows if row["request_id"] == asked[0]]
        if any(not row["more"] for row in found) or time.monotonic() > deadline:
            consumer.stopping = True
        else:
            consumer.after(0.05, look)

    consumer.after(0.5, ask)  # The subscription must stand before the hub answers.
    consumer.run()
    for row in found:
        sys.stdout.write(f"{row['body']}\n")
    return 0 if found else 1


def _options(args: argparse.Namespace) -> Options:
    host, _, port = args.broker.rpartition(":")
    return Options(
        host=host,
        port=int(port),
        district=args.district,
        hub=args.hub,
        protocol=args.mqtt,
        ca=args.ca,
        cert=args.cert,
        key=args.key,
        mute=args.mute or args.ask is not None,  # Who only asks leaves the events to the platform.
        ack_delay_ms=args.ack_delay_ms,
        operator_ms=args.operator_acks,
        operator=args.operator,
        busy=args.busy,
        reject=args.reject,
        silent_s=args.silent_s,
        judge=_judge() if args.judge else None,
    )


def _judge() -> Callable[[str, bytes], str]:
    from tests.platform.contract import Contract  # The demo runs without jsonschema.

    return Contract().breach


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.platform", description=__doc__)
    add = parser.add_argument
    add("--db", type=Path, required=True, help="SQLite file of the platform")
    add("--broker", metavar="HOST:PORT")
    add("--district", default="district")
    add("--hub", default="+", help="one hub only; wanted with --ask")
    add("--mqtt", choices=("3.1.1", "5"), default="3.1.1")
    add("--ca", type=Path, help="with it the connection is TLS")
    add("--cert", type=Path)
    add("--key", type=Path)
    add("--mute", action="store_true", help="store everything, acknowledge nothing")
    add("--ack-delay-ms", type=int, default=0)
    add("--busy", type=int, default=0, metavar="N", help='say "busy" to the first N copies')
    add("--reject", default="", metavar="KIND", help='say "rejected" to this kind')
    add(
        "--operator-acks",
        type=int,
        nargs="?",
        const=500,
        metavar="MS",
        help="acknowledge every raised alarm as an operator, after MS (500)",
    )
    add("--operator", default="operator", help="the operator's name")
    add("--silent-s", type=float, default=180.0, help="a hub not heard for so long is silent")
    add("--judge", action="store_true", help="note every breach of the published contract")
    add("--dump", action="store_true", help="print the database as JSON and end")
    add("--counts", action="store_true", help="with --dump: without the events")
    add("--ask", nargs=2, metavar=("NAME", "PARAMS"), help="send one request, print the answer")
    add("--sign", type=Path, metavar="KEY", help="with --ask: PARAMS is a document, sign it")
    add("--kid", default="ops", help="with --sign: the key's name in the hub's configuration")
    add("--wait-s", type=float, default=10.0, help="with --ask: wait so long for the answer")
    return parser


if __name__ == "__main__":
    sys.exit(main())
