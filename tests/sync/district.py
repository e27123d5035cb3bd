"""A whole hub without a radio, its broker and its platform, and the operator who asks things.

Guard and link are processes, the broker is Mosquitto, and the platform holds every answer against
the contract.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.enums import CallbackAPIVersion

from agent.registry import Registry, encode_device
from sync.codec import unpack
from sync.messages import Topics
from tests.agent.home import DEVICES
from tests.faults.line import Line
from tests.hub import DISTRICT, HUB, Hub, wait_a_little, wait_for
from tests.platform.client import PlatformProcess
from tests.platform.signing import Signer, document
from tests.sync.house import Mosquitto

SIGNER = Signer("ops", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
TOPICS = Topics(DISTRICT, HUB)
NUMBERS = count(1)
Answer = dict[str, Any]


class District:
    """All of it, and what an operator does."""

    def __init__(self, folder: Path, uplink: str, broker: Mosquitto, plain: int) -> None:
        self.folder = folder
        keys = f'[uplink.command_keys]\nops = "{SIGNER.public}"'
        self.hub = Hub(folder, extra=f"[uplink]\n{uplink}\nreconnect_max_s = 1.0\n{keys}")
        self.broker = broker
        self.platform = PlatformProcess(folder / "platform.db", f"127.0.0.1:{plain}", DISTRICT)
        self.heard: list[bytes] = []
        self._plain = plain
        self._desk: paho.Client | None = None
        known = {str(device.id): encode_device(device) for device in DEVICES}
        self.hub.data.mkdir()
        Registry(known, self.hub.data / "devices.json").write_copy()

    def start(self, *names: str) -> None:
        """Start processes of the hub."""
        for name in names:
            self.hub.start(name)

    def online(self) -> None:
        """Wait until the platform has heard the hub."""
        wait_for(lambda: self.platform.hub(HUB).get("state") == "online", 20.0, "online")

    def ask_guard(self, method: str, **params: object) -> Any:
        """Return what guard answers, None while it is down."""
        try:
            with closing(Line(self.hub.run_dir / "control.sock")) as line:
                return line.ask(method, **params)
        except OSError:
            return None

    def site(self) -> dict[str, Any]:
        """Return the versions that hold."""
        status = wait_for(lambda: self.ask_guard("status"), 20.0, "guard answers")
        found: dict[str, Any] = status["site"]
        return found

    def take_seat(self) -> None:
        """Sit down at the operator's desk: every answer is heard from here on."""
        seated = threading.Event()
        desk = paho.Client(CallbackAPIVersion.VERSION2)
        desk.on_message = lambda _, __, message: self.heard.append(bytes(message.payload))
        desk.on_subscribe = lambda *_: seated.set()
        desk.connect("127.0.0.1", self._plain)
        desk.subscribe(TOPICS.response, 1)
        desk.loop_start()
        assert seated.wait(5)
        self._desk = desk

    def leave(self) -> None:
        """Leave the desk."""
        if self._desk is not None:
            self._desk.disconnect()
            self._desk.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish as the platform, on its own listener."""
        assert self._desk is not None
        self._desk.publish(topic, payload, qos=1).wait_for_publish(5)

    def payload(self, params: Mapping[str, Any], request_id: str, **said: Any) -> bytes:
        """Return a request that was issued now."""
        now = datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - the platform's own clock.
        head = {
            "request_id": request_id,
            "issued_at": now.isoformat(),
            "expires_at": (now + timedelta(seconds=60)).isoformat(),
        }
        return json.dumps({**head, "params": params, **said}).encode()

    def answers(self, name: str, payload: bytes, within_s: float = 20.0) -> list[Answer]:
        """Send a request and return the pages of its answer."""
        request_id = json.loads(payload)["request_id"]
        before = len(self.heard)
        self.publish(TOPICS.request(name), payload)

        def pages() -> list[Answer]:
            said = [json.loads(unpack(one, limit=1 << 20)) for one in self.heard[before:]]
            found = [one for one in said if one.get("request_id") == request_id]
            return found if found and not found[-1]["more"] else []

        found: list[Answer] = wait_for(pages, within_s, f"an answer to {name}")
        return found

    def insist(self, name: str, payload: bytes) -> Answer:
        """Ask the same until a hub that is coming back answers it, as a platform does."""
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            try:
                (answer,) = self.answers(name, payload, within_s=2.0)
            except TimeoutError:
                continue
            if answer["code"] != "unavailable":
                return answer
            wait_a_little(0.2)
        raise TimeoutError(f"no answer to {name}")

    def ask(self, name: str, params: Mapping[str, Any], **said: Any) -> Answer:
        """Ask and return the one answer."""
        (answer,) = self.answers(name, self.payload(params, f"q-{next(NUMBERS)}", **said))
        return answer

    def signed(self, name: str, version: int, content: object, **said: Any) -> bytes:
        """Return a signed request; `said` goes into its document."""
        request_id = f"s-{next(NUMBERS)}"
        at_s = time.time()  # noqa: TID251 - the platform's own clock.
        whole = {"version": version, "content": content, **said}
        text = document(name, request_id, HUB, DISTRICT, at_s, whole)
        return self.payload(SIGNER.params(text), request_id)

    def change(self, name: str, version: int, content: object, **said: Any) -> Answer:
        """Have a signed change begun."""
        return self.insist(name, self.signed(name, version, content, **said))

    def stages(self, part: str) -> list[tuple[int, str]]:
        """Return (version, stage) of the changes that the platform has heard of, in order."""
        found = [json.loads(e["data"]) for e in self.platform.events(kind="site.changed")]
        return [(one["version"], one["stage"]) for one in found if one["part"] == part]


@contextmanager
def district(
    folder: Path, *, lines: Sequence[str] = (), uplink: str = "tls = false", plain: int = 0
) -> Iterator[District]:
    """Give a district whose hub is online. `lines` configure the hub's own listener, and then the
    platform comes in without TLS over the port `plain`."""
    with ExitStack() as stack:
        folder.mkdir(exist_ok=True)
        broker = Mosquitto(folder, lines or ("allow_anonymous true",))
        broker.start()
        stack.callback(broker.stop)
        where = f'host = "127.0.0.1"\nport = {broker.port}\n{uplink}'
        made = District(folder, where, broker, plain or broker.port)
        stack.callback(made.platform.stop)
        stack.callback(made.hub.close)
        made.platform.start()
        wait_for(made.platform.db.exists, 20.0, "platform")
        made.take_seat()
        stack.callback(made.leave)
        made.start("guard", "link")
        made.online()
        yield made
