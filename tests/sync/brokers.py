"""The brokers that districts run, and which of them a test run uses. `python -m tests.sync.brokers`
runs the uplink's tests on each.

`ANJU_TEST_BROKER` names it: "mosquitto" (as the hub finds it), "mosquitto-5", "mosquitto-3.1.1" or
"rabbitmq". RabbitMQ runs by hand with a node name, folders and loopback ports of its own, beside
whatever the machine may run as a service, and ends by its process ids.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
SUITE = ("tests/sync/test_uplink.py", "tests/sync/test_wire.py", "tests/sync/test_example.py")
VARIABLE = "ANJU_TEST_BROKER"
BOOT_S = 60.0
STOP_S = 15.0


class Broker(Protocol):
    """What a test needs of a broker."""

    port: int
    address: str

    def start(self) -> None:
        """Start it and wait until it takes connections."""

    def stop(self) -> None:
        """End it and wait until it is gone."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way a district may run: what the hub's `[uplink]` says more, and whether the broker tells
    a publisher that nobody listens."""

    name: str
    extra: str = ""
    says_unheard: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("mosquitto", says_unheard=True),
        Kind("mosquitto-5", extra='protocol = "5"', says_unheard=True),
        Kind("mosquitto-3.1.1", extra='protocol = "3.1.1"'),
        Kind("rabbitmq"),
    )
}


def chosen() -> Kind:
    """Return the kind of broker that this run is about."""
    return KINDS[os.environ.get(VARIABLE, "mosquitto")]


class RabbitMq:
    """RabbitMQ with its MQTT plugin. Errors: RuntimeError from `start`, with its last words."""

    def __init__(self, folder: Path) -> None:
        self.port, self._amqp, self._dist, self._names = free_ports(4)
        self.address = f"127.0.0.1:{self.port}"
        self._folder = folder / f"rabbitmq-{self.port}"
        self._said = self._folder / "said.log"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        for name in ("mnesia", "log", "home", "generated"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "plugins").write_text("[rabbitmq_mqtt].\n")
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self._amqp}\n"
            f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "mqtt.allow_anonymous = true\nlog.console = false\n"
        )

    def start(self) -> None:
        """Start it and wait until it takes MQTT connections."""
        environment = self._environment()
        with self._said.open("ab") as said:
            # Erlang would start this one as a daemon that outlives us: it is started by hand.
            self._epmd = subprocess.Popen(["epmd"], env=environment, stdout=said, stderr=said)
            self._node = subprocess.Popen([RABBITMQ], env=environment, stdout=said, stderr=said)
        deadline = time.monotonic() + BOOT_S
        while not listens(self.port):
            ended = self._node.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                words = self._said.read_text(errors="replace").strip()[-600:]
                raise RuntimeError(f"RabbitMQ {'ended' if ended else 'does not listen'}: {words}")
            signal.sigtimedwait([], 0.1)

    def stop(self) -> None:
        """End node and name server, each by its id."""
        for process in (self._node, self._epmd):
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)
        self._node = self._epmd = None

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names),
            "RABBITMQ_NODENAME": f"anju{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
            ),
            # The script then becomes the node instead of its parent: one id to end.
            "RUNNING_UNDER_SYSTEMD": "1",
        }


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody has now, all different."""
    with ExitStack() as probes:
        found: list[int] = []
        for _ in range(count):
            probe = probes.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found.append(int(probe.getsockname()[1]))
        return found


def listens(port: int) -> bool:
    """Return whether somebody takes connections on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def main() -> int:
    """Run the uplink's tests on each broker; 0 when none failed. One that cannot be started here is
    left out, with the reason in one line."""
    failed: list[str] = []
    for name in ("mosquitto-5", "mosquitto-3.1.1", "rabbitmq"):
        why = _why_not_rabbitmq() if name == "rabbitmq" else ""
        if why:
            sys.stdout.write(f"test-brokers: {name} is left out: {why}\n")
            continue
        sys.stdout.write(f"test-brokers: {name}\n")
        sys.stdout.flush()
        words = [sys.executable, "-m", "pytest", "-q", *SUITE]
        if subprocess.run(words, env={**os.environ, VARIABLE: name}, check=False).returncode:
            failed.append(name)
    sys.stdout.write(f"test-brokers: {'failed on ' + ', '.join(failed) if failed else 'passed'}\n")
    return 1 if failed else 0


def _why_not_rabbitmq() -> str:
    """Start RabbitMQ once; return why that cannot be, "" when it can."""
    with TemporaryDirectory(prefix="anju-rabbitmq-") as folder:
        broker = RabbitMq(Path(folder))
        try:
            broker.start()
        except (OSError, RuntimeError) as error:
            return " ".join(str(error).split())[:300]
        broker.stop()
    return ""


if __name__ == "__main__":
    sys.exit(main())
